/**
 * "Did you mean": the nearest of some words.
 *
 * A word is near when it takes at most two edits (a letter added, dropped, replaced, or swapped with
 * its neighbour) and at most one for every three letters, or when one is the beginning of the other.
 *
 * @example
 * ```ts
 * closest("comand", ["command", "env"]); // "command"
 * ```
 */
export function closest(word: string, candidates: Iterable<string>): string | null {
  const wanted = fold(word);
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = distanceWithin(wanted, fold(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Worse than any edit distance that counts. */
const PREFIX = 10;
/** Longer words are not typed by hand, and the table of distances grows with the square. */
const MAX_LENGTH = 100;

/** Case and the kind of dash are not spelling mistakes. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}

function distanceWithin(wanted: string, candidate: string): number {
  if (wanted === "" || candidate === "") return Infinity;
  if (wanted.length > MAX_LENGTH || candidate.length > MAX_LENGTH) return Infinity;
  const allowed = Math.min(2, Math.floor(Math.max(wanted.length, candidate.length) / 3));
  if (Math.abs(wanted.length - candidate.length) <= allowed) {
    const distance = editDistance(wanted, candidate);
    if (distance <= allowed) return distance;
  }
  const shorter = Math.min(wanted.length, candidate.length);
  const isPrefix = shorter >= 2 && (candidate.startsWith(wanted) || wanted.startsWith(candidate));
  return isPrefix ? PREFIX + Math.abs(wanted.length - candidate.length) : Infinity;
}

/** Damerau-Levenshtein, the variant that edits no substring twice (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforePrevious, column - 2) + 1);
      }
      current.push(cost);
    }
    [beforePrevious, previous] = [previous, current];
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
