/**
 * Finds where one execution of a program ends in the output of its run and the next one begins. The
 * program's keeper prints a mark there, which terminals do not show: see `keeper.sh`. Pure.
 */
import { joined } from "./lines.ts";

const BEGIN = new TextEncoder().encode("\x18\x1b]5379;kstops;");
const END = new TextEncoder().encode("\x1b]5379;end\x07");
/** The longest mark; anything longer is not one. */
const MARK_BYTES = 512;
const NEWLINE = 0x0a;
const CANCEL = 0x18;

/** Where a mark begins in some bytes, and where it ends. */
interface MarkBounds {
  readonly from: number;
  readonly to: number;
}

/** The first whole mark from an offset on, or null. */
export function findMark(bytes: Uint8Array, offset = 0): MarkBounds | null {
  for (
    let from = indexOf(bytes, BEGIN, offset);
    from !== -1;
    from = indexOf(bytes, BEGIN, from + 1)
  ) {
    const end = indexOf(bytes, END, from);
    if (end !== -1 && end - from <= MARK_BYTES) return { from, to: end + END.length };
  }
  return null;
}

/** Output without marks. A mark within a line ends that line. */
export function withoutMarks(bytes: Uint8Array): Uint8Array {
  if (findMark(bytes) === null) return bytes;
  const filter = marksFilter();
  return joined([filter.write(bytes), filter.end()]);
}

/** Does the same for output that comes in chunks. */
export function marksFilter(): {
  readonly write: (chunk: Uint8Array) => Uint8Array;
  /** The bytes that were held back because they might have become a mark. */
  readonly end: () => Uint8Array;
} {
  let held: Uint8Array = new Uint8Array();
  let isMidLine = false;
  const shown = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length > 0) isMidLine = bytes.at(-1) !== NEWLINE;
    return bytes;
  };
  return {
    write: (chunk) => {
      const bytes = held.length === 0 ? chunk : joined([held, chunk]);
      const pieces: Uint8Array[] = [];
      let from = 0;
      for (let mark = findMark(bytes); mark !== null; mark = findMark(bytes, from)) {
        pieces.push(shown(bytes.subarray(from, mark.from)));
        if (isMidLine) pieces.push(shown(Uint8Array.of(NEWLINE)));
        from = mark.to;
      }
      const open = openMark(bytes, from);
      pieces.push(shown(bytes.subarray(from, open)));
      held = bytes.slice(open);
      return joined(pieces);
    },
    end: () => {
      const rest = held;
      held = new Uint8Array();
      return shown(rest);
    },
  };
}

/** Where an unfinished mark may have begun, or the end of the bytes. */
function openMark(bytes: Uint8Array, from: number): number {
  const first = Math.max(from, bytes.length - MARK_BYTES);
  for (let at = bytes.indexOf(CANCEL, first); at !== -1; at = bytes.indexOf(CANCEL, at + 1)) {
    const part = bytes.subarray(at, at + BEGIN.length);
    if (part.every((byte, index) => byte === BEGIN[index])) return at;
  }
  return bytes.length;
}

function indexOf(bytes: Uint8Array, part: Uint8Array, offset: number): number {
  const [first = 0] = part;
  for (let at = bytes.indexOf(first, offset); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
