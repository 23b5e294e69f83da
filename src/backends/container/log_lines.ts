/** Merges two streams of a container. Pure. */

const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * Merges two streams by the time at the beginning of each line (RFC 3339 and a blank), and removes
 * the times unless told to keep them. A line without a time follows the one before it.
 */
export function mergeByTime(
  stdout: Uint8Array,
  stderr: Uint8Array,
  { keepTimes }: { readonly keepTimes: boolean } = { keepTimes: false },
): Uint8Array {
  const lines = [...stampedLines(stdout, keepTimes), ...stampedLines(stderr, keepTimes)];
  // Compared as text: the times of one runtime all have the same form. Sorting keeps equal ones in
  // order.
  lines.sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0);
  const merged = new Uint8Array(lines.reduce((sum, { rest }) => sum + rest.length, 0));
  let offset = 0;
  for (const { rest } of lines) {
    merged.set(rest, offset);
    offset += rest.length;
  }
  return merged;
}

interface StampedLine {
  readonly time: string;
  /** The line with its newline. */
  readonly rest: Uint8Array;
}

function stampedLines(bytes: Uint8Array, keepTimes: boolean): StampedLine[] {
  const decoder = new TextDecoder();
  const lines: StampedLine[] = [];
  let time = "";
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    const space = bytes.subarray(start, Math.min(end, start + 40)).indexOf(SPACE);
    const word = decoder.decode(bytes.subarray(start, start + Math.max(0, space)));
    const isStamped = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(word);
    if (isStamped) time = comparable(word);
    lines.push({
      time,
      rest: bytes.subarray(isStamped && !keepTimes ? start + space + 1 : start, end),
    });
    start = end;
  }
  return lines;
}

/** Both runtimes drop the trailing zeros of a fraction: `…05.1Z` is later than `…05.09Z`. */
function comparable(time: string): string {
  const [, seconds = "", fraction = ""] = /^([\d:T-]{19})(?:\.(\d+))?/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(9, "0")}`;
}
