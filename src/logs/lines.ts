/** Lines in raw output. Pure. */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

const CANCEL = 0x18;

/** Stands for a part of a line that is left out. */
export const CUT_MARK = "[...]";

/** The number of complete lines. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  // The runtime does the searching, as below.
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/**
 * The last lines of what a terminal got, each ended by one newline. The carriage returns that a
 * terminal adds before newlines are removed; all other bytes stay.
 *
 * @param isOpen whether the last line may go on: an unfinished one gets no newline
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
 * Where the last lines begin; 0 also when there are fewer lines. Here and below the runtime
 * searches: a loop over bytes would run long enough to be compiled, and the compilers alone take 4
 * MiB.
 */
function startOfLast(bytes: Uint8Array, lines: number): number {
  if (!Number.isFinite(lines)) return 0;
  let newline = bytes.length - (bytes.at(-1) === NEWLINE ? 1 : 0);
  for (let left = lines; left > 0; left--) {
    // Given -1, the search would begin at the end.
    newline = newline === 0 ? -1 : bytes.lastIndexOf(NEWLINE, newline - 1);
    if (newline === -1) return 0;
  }
  return newline + 1;
}

/**
 * Removes every carriage return before a newline from the first bytes, in place.
 *
 * @returns how many bytes are left
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

/** Removes the carriage returns before newlines from output that comes in chunks. */
export function withoutReturns(): (chunk: Uint8Array) => Uint8Array {
  let isHeld = false;
  return (chunk) => {
    const kept = new Uint8Array(chunk.length + 1);
    let length = 0;
    // The last chunk ended with a carriage return: only now it shows whether a newline follows.
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

/**
 * Output that lost its beginning, from its first whole line on. With only one line: the rest of
 * that line, behind a mark.
 */
export function fromWholeLine(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? bytes : linesBehindFirst(bytes) ?? marked(bytes);
}

/** All lines but the first; null when there are no others. */
export function linesBehindFirst(bytes: Uint8Array): Uint8Array | null {
  const newline = bytes.indexOf(NEWLINE);
  return newline === -1 || newline === bytes.length - 1 ? null : bytes.subarray(newline + 1);
}

/** The rest of a line that lost its beginning, behind a mark. */
export function marked(bytes: Uint8Array): Uint8Array {
  // Skips the end of a character.
  let from = 0;
  while (from < 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  const mark = new TextEncoder().encode(`${CUT_MARK} `);
  const line = new Uint8Array(mark.length + bytes.length - from);
  line.set(mark);
  line.set(bytes.subarray(from), mark.length);
  return line;
}

/** Shortens the lines of output that comes in chunks. */
interface Shortened {
  readonly write: (chunk: Uint8Array) => Uint8Array[];
  readonly end: () => Uint8Array[];
}

/**
 * Leaves out the middle of every line with more bytes, and puts the control character there that
 * ends an unfinished sequence (CAN). Uses as much memory as one line may have.
 */
export function shortened(mostLineBytes: number): Shortened {
  const half = Math.ceil(mostLineBytes / 2);
  let headBytes = 0;
  let tail: Uint8Array[] = [];
  let tailBytes = 0;
  let isCut = false;
  const take = (bytes: Uint8Array): Uint8Array[] => {
    const head = bytes.subarray(0, half - headBytes);
    headBytes += head.length;
    // A copy, so that the whole chunk is not kept in memory.
    const rest = bytes.slice(Math.max(head.length, bytes.length - half));
    isCut ||= head.length + rest.length < bytes.length;
    // An empty one would count as left out.
    if (rest.length > 0) tail.push(rest);
    tailBytes += rest.length;
    while (tailBytes - (tail[0]?.length ?? 0) >= half) {
      tailBytes -= tail.shift()?.length ?? 0;
      isCut = true;
    }
    return [head];
  };
  const end = (): Uint8Array[] => {
    let over = tailBytes - half;
    isCut ||= over > 0;
    const last = tail.map((bytes) => {
      const kept = bytes.subarray(Math.max(0, over));
      over -= bytes.length;
      return kept;
    });
    const whole = isCut ? [Uint8Array.of(CANCEL), ...last] : last;
    [headBytes, tail, tailBytes, isCut] = [0, [], 0, false];
    return whole;
  };
  return {
    write: (chunk) => {
      const pieces: Uint8Array[] = [];
      for (let from = 0; from < chunk.length;) {
        const newline = chunk.indexOf(NEWLINE, from);
        const to = newline === -1 ? chunk.length : newline;
        pieces.push(...take(chunk.subarray(from, to)));
        if (newline !== -1) pieces.push(...end(), Uint8Array.of(NEWLINE));
        from = to + 1;
      }
      return pieces;
    },
    end,
  };
}

/** Joins chunks. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
