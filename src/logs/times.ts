/** When the parts of an output were printed: see `capture.ts`. Pure. */
import { momentOf } from "../model.ts";

/** Everything before that offset was printed by then. */
export interface Mark {
  readonly at: Date;
  readonly offset: number;
}

/** The marks in a file of times. Unreadable lines are left out. */
export function parseTimes(text: string): Mark[] {
  return text.split("\n").flatMap((line) => {
    const [, seconds, offset] = /^(\d{1,12}) (\d{1,15})$/.exec(line) ?? [];
    const at = seconds === undefined ? null : momentOf(Number(seconds) * 1000);
    return at === null ? [] : [{ at, offset: Number(offset) }];
  });
}

/**
 * Where to begin reading for everything printed since then, to the second. A little more may come,
 * but nothing is missing.
 */
export function offsetSince(marks: readonly Mark[], since: Date): number {
  return marks.findLast(({ at }) => at.getTime() < floorToSecond(since))?.offset ?? 0;
}

function floorToSecond(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000;
}

/** When the output at that offset was printed; null: not known yet. */
export function timeAt(marks: readonly Mark[], offset: number): Date | null {
  return marks.find((mark) => mark.offset > offset)?.at ?? null;
}
