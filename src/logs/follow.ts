/** Following what a session prints, across files and runs. */
import type { World } from "../world/world.ts";
import { marksFilter } from "./executions.ts";
import { CUT_MARK, joined, linesBehindFirst, marked, withoutReturns } from "./lines.ts";
import { isFirst, isNext } from "./parts.ts";
import { endsMidLine, type Part, readIn, withTimes } from "./read.ts";

/** How often it is looked whether there is more. */
const POLL_MS = 50;
const NEWLINE = new TextEncoder().encode("\n");
/** How much is read at once. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * What is added to the output of a session from some parts on, without the carriage returns that a
 * terminal adds.
 *
 * @param list gives all files of all runs, in their order
 * @param from what was read already: the files up to then, each as far as it was read
 * @param head what was shown of that: its last line may go on
 * @param timestamps whether each line begins with the time at which it came
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
    // Before looking at the file: once there is a next one, nothing is added to this any more.
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
    // The next run does not go on with the line that the last one did not end.
    if (isFirst(next) && isMidLine) yield shown(NEWLINE);
    current = { path: next, bytes: 0 };
  }
}

/**
 * What comes behind output that was removed before it was read: a mark, and then whole lines where
 * there is more than the rest of one.
 */
function behindGap(chunk: Uint8Array, isMidLine: boolean): Uint8Array {
  const lines = linesBehindFirst(chunk);
  const text = `${isMidLine ? "\n" : ""}${lines === null ? "" : `${CUT_MARK}\n`}`;
  return joined([new TextEncoder().encode(text), lines ?? marked(chunk)]);
}
