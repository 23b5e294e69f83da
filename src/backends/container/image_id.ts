/** The ids of images. Many that are asked for at the same time cost one client. */
import { idsOfImages } from "./args.ts";
import { answerOf, type Context } from "./ask.ts";
import type { Client } from "./clients.ts";
import { gathering } from "../gather.ts";
import { withoutPrefix } from "./parse.ts";

const IMAGES = gathering<string, string | null>();
const MOST_AT_ONCE = 100;

/** The id of the image that a name stands for here; null: for none. */
export async function imageIdOf(
  context: Context,
  client: Client,
  name: string,
): Promise<string | null> {
  return await IMAGES(context.world, name, {
    key: client.program,
    most: MOST_AT_ONCE,
    work: async (batch) => {
      const names = [...new Set(batch.map(({ item }) => item))];
      const ids = await idsOf(context, client, names);
      // Where one of several is not here, the answers do not tell which.
      const each = ids ?? (names.length === 1 ? [null] : await Promise.all(
        names.map(async (only) => (await idsOf(context, client, [only]))?.[0] ?? null),
      ));
      for (const { item, done } of batch) done.resolve(each[names.indexOf(item)] ?? null);
    },
  });
}

/** The ids in the order of the names; null: one of them is not here. */
async function idsOf(
  context: Context,
  client: Client,
  names: readonly string[],
): Promise<readonly string[] | null> {
  const { code, stdout } = await answerOf(context, client, idsOfImages(client, names));
  const ids = stdout.split("\n").flatMap((line) => withoutPrefix(line.trim()) || []);
  return code === 0 && ids.length === names.length ? ids : null;
}
