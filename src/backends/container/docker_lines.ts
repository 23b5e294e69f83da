/** Restores the lines that a program printed from docker's form of them. Pure. */
import { joined } from "../../logs/lines.ts";
import type { OutputName } from "../../world/world.ts";

/** The longest line for docker: a longer one comes in parts (daemon/logger/copier.go). */
export const DOCKER_LINE_BYTES = 16_384;

const NEWLINE = 0x0a;
/** `2026-01-02T03:04:05.123456789Z ` */
const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;
const STAMPS = new RegExp(STAMP, "g");
const STAMP_BYTES = 31;
const BYTES = new TextDecoder("latin1");
const END_OF_LINE = Uint8Array.of(NEWLINE);

/** Joins lines as they come. */
interface DockerLines {
  readonly write: (chunk: Uint8Array) => Uint8Array;
  /** Text that was held back because it could have been a part of something. */
  readonly end: () => Uint8Array;
}

/**
 * Joins the parts of long lines. This needs the times with which docker begins each part: those of
 * one line are equal. With its driver `local`, docker 20.10 loses the newline after the last part;
 * the next line, which has a later time, begins directly behind it. A time that a program itself
 * prints is not later than its line.
 *
 * @param keepTimes whether to leave the time of each line in place
 */
export function dockerLines({ keepTimes }: { readonly keepTimes: boolean }): DockerLines {
  let rest: Uint8Array = new Uint8Array();
  /** The time of the line; empty: it began without one. */
  let time = "";
  /** The position within the line. */
  let at: "start" | "part" | "last" | "other" = "start";
  /** The bytes of the part so far. */
  let length = 0;
  return {
    write: (chunk) => {
      const bytes = joined([rest, chunk]);
      const out: Uint8Array[] = [];
      let from = 0;
      const take = (end: number): void => {
        out.push(bytes.subarray(from, end));
        from = end;
      };
      const begin = (stamp: string): void => {
        time = stamp;
        if (keepTimes) take(from + STAMP_BYTES);
        else from += STAMP_BYTES;
        at = "part";
        length = 0;
      };
      while (from < bytes.length) {
        const newline = bytes.indexOf(NEWLINE, from);
        if (at === "start" || length === DOCKER_LINE_BYTES) {
          const isNew = at === "start";
          const end = newline === -1 ? bytes.length : newline + 1;
          if (end - from < STAMP_BYTES && newline === -1) break;
          const stamp = stampAt(bytes, from);
          if (isNew && stamp !== null) begin(stamp);
          else if (isNew) at = "other";
          else if (stamp === time) {
            from += STAMP_BYTES;
            at = "last";
            length = 0;
          } else {
            at = "other";
            length = 0;
          }
          continue;
        }
        const most = at === "other" ? bytes.length : from + DOCKER_LINE_BYTES - length;
        const end = Math.min(bytes.length, newline === -1 ? most : Math.min(most, newline + 1));
        if (at === "last") {
          const next = nextStamp(bytes.subarray(from, end + STAMP_BYTES), time);
          if (next !== null && from + next.index < end) {
            take(from + next.index);
            out.push(END_OF_LINE);
            begin(next.stamp);
            continue;
          }
          // Perhaps only the beginning of a time has arrived.
          if (newline === -1 && bytes.length - from < STAMP_BYTES) break;
          const sure = newline === -1 ? Math.min(end, bytes.length - STAMP_BYTES + 1) : end;
          length += sure - from;
          take(sure);
        } else {
          length += end - from;
          take(end);
        }
        if (bytes[from - 1] === NEWLINE) {
          at = "start";
          length = 0;
        }
      }
      rest = bytes.slice(from);
      return joined(out);
    },
    end: () => {
      const last = rest;
      rest = new Uint8Array();
      return last;
    },
  };
}

/** The output of each stream: at most its last bytes. */
type Streams = Readonly<Record<OutputName, Uint8Array>>;

/** How to read output that may have long lines. */
interface LongReading {
  /** Reads at most so many bytes from the end of each stream, with the times of its lines. */
  readonly read: (keepBytes: number) => Promise<Streams>;
  readonly keepBytes: number;
  /** Whether to leave the times in place. */
  readonly keepTimes: boolean;
}

/** Output with its long lines joined, from its first whole line on. */
export async function withLongLines({ read, keepBytes, keepTimes }: LongReading): Promise<Streams> {
  // The times, and the line that lost its beginning, do not count as wanted output.
  for (let most = keepBytes * 2;; most *= 4) {
    const streams = await read(most);
    const whole = (bytes: Uint8Array): Uint8Array => {
      const lines = dockerLines({ keepTimes });
      const from = bytes.length < most ? 0 : bytes.indexOf(NEWLINE) + 1;
      return joined([lines.write(bytes.subarray(from)), lines.end()]);
    };
    const [stdout, stderr] = [whole(streams.stdout), whole(streams.stderr)];
    const isEnough = (all: Uint8Array, put: Uint8Array): boolean =>
      all.length < most || put.length >= keepBytes;
    if (isEnough(streams.stdout, stdout) && isEnough(streams.stderr, stderr)) {
      const last = (bytes: Uint8Array) => bytes.subarray(Math.max(0, bytes.length - keepBytes));
      return { stdout: last(stdout), stderr: last(stderr) };
    }
  }
}

/** Whether a line is so long that docker splits it. */
export function hasLongLine(bytes: Uint8Array): boolean {
  for (let start = 0; start + DOCKER_LINE_BYTES <= bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    if ((newline === -1 ? bytes.length : newline) - start >= DOCKER_LINE_BYTES) return true;
    start = newline + 1;
  }
  return false;
}

function stampAt(bytes: Uint8Array, from: number): string | null {
  const found = STAMP.exec(BYTES.decode(bytes.subarray(from, from + STAMP_BYTES)));
  return found?.index === 0 ? found[0] : null;
}

/** The first time in a text that is later than a given one. */
function nextStamp(
  bytes: Uint8Array,
  time: string,
): { readonly index: number; readonly stamp: string } | null {
  for (const { index, 0: stamp } of BYTES.decode(bytes).matchAll(STAMPS)) {
    if (stamp > time) return { index, stamp };
  }
  return null;
}
