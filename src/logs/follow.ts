/** Follows what a session prints, across files and runs. */
import type { World } from "../world/world.ts";
import { marksFilter } from "./executions.ts";
import { CUT_MARK, joined, linesBehindFirst, marked, withoutReturns } from "./lines.ts";
import { isFirst, isNext } from "./parts.ts";
import { endsMidLine, type Part, readIn, withTimes } from "./read.ts";

/** How often to look for more output. */
const POLL_MS = 50;
const NEWLINE = new TextEncoder().encode("\n");
/** The most bytes of one read. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Yields what is added to the output of a session from some parts on, without the carriage returns
 * that a terminal adds.
 *
 * @param list gives all files of all runs, in order
 * @param from the files that were already read, each as far as it was read
 * @param head the part of them that was already shown: its last line may go on
 * @param timestamps whether each line begins with the time when it came
 */
export async function* follow(
  world: World,
  { list, from, head = new Uint8Array(), timestamps = false, abort }: {
    readonly list: () => Promise<readonly string[]>;
    readonly from: readonly Part[];
    readonly head?: Uint8Array;
    readonly timestamps?: boolean;
    readonly abort: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  const { files, sleep } = world;
  const marks = marksFilter();
  const strip = withoutReturns();
  let isMidLine = endsMidLine(head);
  const shown = (chunk: Uint8Array): Uint8Array => {
    const lines = timestamps ? withTimes(chunk, { isMidLine, timeOf: world.now }) : chunk;
    if (chunk.length > 0) isMidLine = endsMidLine(chunk);
    return lines;
  };
  let current = from.at(-1) ?? null;
  let isGap = false;
  while (!abort.aborted) {
    // Must come before the look at the file: once there is a next file, this one no longer grows.
    const next = (await list()).find((path) => current === null || path > current.path);
    let isGone = false;
    if (current !== null) {
      const facts = await files.facts(current.path);
      isGone = facts === null;
      const { bytes } = facts ?? current;
      while (current.bytes < bytes) {
        const { path, bytes: start } = current;
        const chunk = await readIn(world, path, { start, end: start + CHUNK_BYTES });
        if (chunk.length === 0) {
          isGone = true;
          break;
        }
        current = { path: current.path, bytes: current.bytes + chunk.length };
        yield shown(strip(marks.write(isGap ? behindGap(chunk, isMidLine) : chunk)));
        isGap = false;
      }
    }
    if (next === undefined) {
      await sleep(POLL_MS);
      continue;
    }
    isGap ||= current !== null && isNext(next, current.path) ? isGone : !isFirst(next);
    // The next run does not continue the unfinished line of the last one.
    if (isFirst(next) && isMidLine) yield shown(NEWLINE);
    current = { path: next, bytes: 0 };
  }
}

/**
 * The output after a part that was removed unread: a mark, then whole lines if there is more than
 * the rest of one.
 */
function behindGap(chunk: Uint8Array, isMidLine: boolean): Uint8Array {
  const lines = linesBehindFirst(chunk);
  const text = `${isMidLine ? "\n" : ""}${lines === null ? "" : `${CUT_MARK}\n`}`;
  return joined([new TextEncoder().encode(text), lines ?? marked(chunk)]);
}
