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
 */
export function lastLines(bytes: Uint8Array, lines: number): Uint8Array {
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
  if (!complete) kept[length++] = NEWLINE;
  return kept.subarray(0, length);
}
