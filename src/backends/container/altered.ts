/** What somebody has changed of a container, or behind its image, since kstops started it. */
import type { Change } from "../../model/change.ts";
import { formatSize, parseSize } from "../../validate/size.ts";
import type { DefinitionRecord } from "./args.ts";
import { askOne, type Context } from "./ask.ts";
import type { Client } from "./clients.ts";
import { imageIdOf } from "./image_id.ts";
import { recordOf } from "./labels.ts";
import type { Container, Details } from "./parse.ts";

/** How much of an id tells images apart. */
const SHORT_ID = 12;

/** The keys that its runtime now shows in another way than kstops asked for. */
export async function alteredIn(
  context: Context,
  client: Client,
  container: Container,
): Promise<readonly Change[]> {
  const record = recordOf(container);
  if (record === null) return [];
  const details = container.details ?? (await askOne(context, client, container.id))?.details;
  const image = await imageChange(context, client, { container, name: record.image });
  if (details == null) return image;
  return [...image, ...policyChange(record, details), ...memoryChange(record, details)];
}

/** Whether the name of its image now means another one; not where no image has that name here. */
async function imageChange(
  context: Context,
  client: Client,
  { container: { imageId }, name }: { readonly container: Container; readonly name: string },
): Promise<readonly Change[]> {
  if (imageId === null) return [];
  const now = await imageIdOf(context, client, name);
  if (now === null || now === imageId) return [];
  const text = (id: string) => `${name} (${id.slice(0, SHORT_ID)})`;
  return [{ key: "image", from: text(imageId), to: text(now) }];
}

function policyChange(
  { restart, runArgs }: Pick<DefinitionRecord, "restart" | "runArgs">,
  { restartPolicy, mostRestarts }: Details,
): readonly Change[] {
  // Its own arguments are none of the key's business.
  if (restartPolicy === null || runArgs.some((word) => /^--restart(=|$)/.test(word))) return [];
  const now = mostRestarts > 0 ? `${restartPolicy}:${mostRestarts}` : restartPolicy;
  const meant = restart ?? "no";
  return now === meant ? [] : [{ key: "restart", from: now, to: meant }];
}

function memoryChange(
  { runArgs }: Pick<DefinitionRecord, "runArgs">,
  { memoryBytes }: Details,
): readonly Change[] {
  const meant = memoryIn(runArgs);
  if (meant === null || memoryBytes === null || memoryBytes === meant) return [];
  const text = (bytes: number) => `--memory ${formatSize(bytes)}`;
  return [{ key: "run_args", from: text(memoryBytes), to: text(meant) }];
}

/** The limit of memory that arguments ask for in bytes, 0 for none; null: it is in no known form. */
function memoryIn(runArgs: readonly string[]): number | null {
  let bytes: number | null = 0;
  runArgs.forEach((word, index) => {
    const [, joined] = /^(?:--memory=|-m=?)(.+)$/.exec(word) ?? [];
    const text = word === "--memory" || word === "-m" ? runArgs[index + 1] : joined;
    if (text === undefined) return;
    try {
      bytes = parseSize(text, { least: 0, most: Number.MAX_SAFE_INTEGER });
    } catch {
      bytes = null;
    }
  });
  return bytes;
}
