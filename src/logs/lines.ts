/** Lines in raw output. Pure. */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** How many lines are complete. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEWLINE) count++;
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
  const complete = bytes.at(-1) === NEWLINE;
  let start = bytes.length - (complete ? 1 : 0);
  for (let left = lines; start > 0; start--) {
    if (bytes[start - 1] === NEWLINE && --left === 0) break;
  }
  const kept = new Uint8Array(bytes.length - start + 1);
  let length = 0;
  for (let index = start; index < bytes.length; index++) {
    if (bytes[index] === RETURN && bytes[index + 1] === NEWLINE) continue;
    kept[length++] = bytes[index] ?? 0;
  }
  if (!complete && !isOpen) kept[length++] = NEWLINE;
  return kept.subarray(0, length);
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
