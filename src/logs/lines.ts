/** Lines in raw output. Pure. */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** How many lines are complete. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  // The runtime searches, as below.
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/**
 * The last lines of what a terminal got, each ended by one newline. The carriage return that a
 * terminal adds before a newline is taken away again; all other bytes stay.
 *
 * @param isOpen whether the last line may go on: it gets no newline where it has none
 */
export function lastLines(
  bytes: Uint8Array,
  lines: number,
  { isOpen }: { readonly isOpen: boolean } = { isOpen: false },
): Uint8Array {
  if (bytes.length === 0 || lines === 0) return new Uint8Array();
  const last = bytes.subarray(startOfLast(bytes, lines));
  const kept = new Uint8Array(last.length + 1);
  kept.set(last);
  const length = removeReturns(kept, last.length);
  if (isOpen || last.at(-1) === NEWLINE) return kept.subarray(0, length);
  kept[length] = NEWLINE;
  return kept.subarray(0, length + 1);
}

/**
 * Where the last lines begin; 0 also where there are no more than those. Here and below the runtime
 * searches: a loop over bytes runs long enough to be compiled, and the compilers alone take 4 MiB.
 */
function startOfLast(bytes: Uint8Array, lines: number): number {
  if (!Number.isFinite(lines)) return 0;
  let newline = bytes.length - (bytes.at(-1) === NEWLINE ? 1 : 0);
  for (let left = lines; left > 0; left--) {
    // From -1 it would search from the end.
    newline = newline === 0 ? -1 : bytes.lastIndexOf(NEWLINE, newline - 1);
    if (newline === -1) return 0;
  }
  return newline + 1;
}

/**
 * Takes every carriage return before a newline out of the first bytes.
 *
 * @returns how many of them are left
 */
function removeReturns(bytes: Uint8Array, length: number): number {
  let left = 0;
  let from = 0;
  for (let at = bytes.indexOf(RETURN); at !== -1; at = bytes.indexOf(RETURN, at + 1)) {
    if (bytes[at + 1] !== NEWLINE) continue;
    bytes.copyWithin(left, from, at);
    left += at - from;
    from = at + 1;
  }
  bytes.copyWithin(left, from, length);
  return left + length - from;
}

/** The same for output that comes in chunks: takes the carriage returns before newlines away. */
export function withoutReturns(): (chunk: Uint8Array) => Uint8Array {
  let isHeld = false;
  return (chunk) => {
    const kept = new Uint8Array(chunk.length + 1);
    let length = 0;
    // The last chunk ended with one: only now is it known whether a newline follows.
    if (isHeld && chunk.length > 0 && chunk[0] !== NEWLINE) kept[length++] = RETURN;
    if (chunk.length > 0) isHeld = false;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      if (byte === RETURN && index === chunk.length - 1) isHeld = true;
      else if (byte !== RETURN || chunk[index + 1] !== NEWLINE) kept[length++] = byte;
    }
    return kept.subarray(0, length);
  };
}
