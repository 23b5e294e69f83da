/** Turns offsets in a text into lines and columns. Pure. */
import type { Position } from "./config.ts";

/** Finds the position of an offset (in UTF-16 code units). The first call looks for the lines. */
export function positionsIn(source: string): (offset: number) => Position {
  let starts: readonly number[] | null = null;
  return (offset) => {
    starts ??= lineStarts(source);
    const line = lineAt(starts, offset);
    return { line: line + 1, column: Math.max(1, offset - (starts[line] ?? 0) + 1) };
  };
}

/** The offset where each line begins. */
export function lineStarts(source: string): readonly number[] {
  return [0, ...source.matchAll(/\r\n|\n|\r/g).map((end) => end.index + end[0].length)];
}

/** The index of the last of some ascending numbers that is not above `offset`. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
