/** When parts of an output were printed: see `capture.ts`. Pure. */
import { momentOf } from "../model.ts";

/** All before that offset was printed by then. */
export interface Mark {
  readonly at: Date;
  readonly offset: number;
}

/** The marks in a file of times; what cannot be read is left out. */
export function parseTimes(text: string): Mark[] {
  return text.split("\n").flatMap((line) => {
    const [, seconds, offset] = /^(\d{1,12}) (\d{1,15})$/.exec(line) ?? [];
    const at = seconds === undefined ? null : momentOf(Number(seconds) * 1000);
    return at === null ? [] : [{ at, offset: Number(offset) }];
  });
}

/**
 * Where to begin to read for everything that was printed since then, to the second: a little more
 * may come, and nothing is missing.
 */
export function offsetSince(marks: readonly Mark[], since: Date): number {
  return marks.findLast(({ at }) => at.getTime() < floorToSecond(since))?.offset ?? 0;
}

function floorToSecond(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000;
}

/** When what stands at that offset was printed; null: not known yet. */
export function timeAt(marks: readonly Mark[], offset: number): Date | null {
  return marks.find((mark) => mark.offset > offset)?.at ?? null;
}
