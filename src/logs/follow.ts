/** Following what a session prints, across files and runs. */
import type { World } from "../world.ts";
import { withoutReturns } from "./lines.ts";
import type { Part } from "./read.ts";

/** How often it is looked whether there is more. */
const POLL_MS = 50;
/** How much is read at once. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * What is added to the output of a session from some parts on, without the carriage returns that a
 * terminal adds.
 *
 * @param list gives all files of all runs, in their order
 * @param from what was read already: the files up to then, each as far as it was read
 */
export async function* follow(
  { files, sleep }: World,
  { list, from, abort }: {
    readonly list: () => Promise<readonly string[]>;
    readonly from: readonly Part[];
    readonly abort: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  const strip = withoutReturns();
  let current = from.at(-1) ?? null;
  while (!abort.aborted) {
    // Before looking at the file: once there is a next one, nothing is added to this any more.
    const next = (await list()).find((path) => current === null || path > current.path);
    if (current !== null) {
      const { bytes } = await files.facts(current.path) ?? current;
      while (current.bytes < bytes) {
        const chunk = await files.readFrom(current.path, current.bytes, CHUNK_BYTES);
        if (chunk.length === 0) break;
        current = { path: current.path, bytes: current.bytes + chunk.length };
        yield strip(chunk);
      }
    }
    if (next === undefined) await sleep(POLL_MS);
    else current = { path: next, bytes: 0 };
  }
}
