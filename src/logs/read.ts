/** Reading what is kept of an output: its end, what came since then, with the times of its lines. */
import { FileError, type World } from "../world.ts";
import { timesName } from "./parts.ts";
import { countLines, lastLines } from "./lines.ts";
import { type Mark, offsetSince, parseTimes, timeAt } from "./times.ts";

const NEWLINE = 0x0a;

/** Which part of an output is wanted, and how. */
export interface Wanted {
  /** How many lines, counted from the end; `Infinity` for all. */
  readonly lines: number;
  /** Only what was printed since then, to the second. */
  readonly since?: Date | null;
  /** Whether each line begins with the time at which it was printed, as far as that is known. */
  readonly timestamps?: boolean;
}

/** How to read, besides. */
interface Reading {
  /** Whether the last line may go on: it gets no newline where it has none. */
  readonly isOpen: boolean;
}

/** One file of an output, up to a length: what comes later is for those who follow. */
export interface Part {
  readonly path: string;
  readonly bytes: number;
}

/** The wanted lines of some files, each ended by one newline. */
export async function readParts(
  world: World,
  parts: readonly Part[],
  wanted: Wanted,
  reading: Reading = { isOpen: false },
): Promise<Uint8Array> {
  const { since = null, timestamps = false, lines } = wanted;
  if (since === null && !timestamps) {
    return lastLines(await tailOf(world, parts, lines), lines, reading);
  }
  const chunks: Uint8Array[] = [];
  for (const part of parts) {
    const marks = await marksOf(world, part.path);
    const start = since === null ? 0 : await startIn(world, part, { marks, since });
    if (start >= part.bytes) continue;
    const bytes = await readIn(world, part.path, { start, end: part.bytes });
    // What a runtime has printed of a container has no times: it was saved all at once.
    const last = marks.length === 0
      ? null
      : (await world.files.facts(part.path))?.modifiedAt ?? null;
    const isMidLine = chunks.length > 0 && chunks.at(-1)?.at(-1) !== NEWLINE;
    chunks.push(timestamps ? stamped(bytes, { marks, start, last, isMidLine }) : bytes);
  }
  return lastLines(joined(chunks), lines, reading);
}

/** The end of the output in some files, with at least so many whole lines where there are as many. */
async function tailOf(
  world: World,
  parts: readonly Part[],
  lines: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let count = 0;
  for (const { path, bytes } of parts.toReversed()) {
    let end = bytes;
    for (
      let size = Number.isFinite(lines) ? 64 * 1024 : end;
      end > 0 && count <= lines;
      size *= 4
    ) {
      const start = Math.max(0, end - size);
      const chunk = await readIn(world, path, { start, end });
      chunks.unshift(chunk);
      count += countLines(chunk);
      end = start;
    }
    // One newline more than lines: only then is the first of them whole.
    if (count > lines) break;
  }
  return joined(chunks);
}

/** The bytes of a file; none of one that has just been removed, since it was the oldest. */
export async function readIn(
  { files }: World,
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Uint8Array> {
  try {
    return await files.readFrom(path, start, end - start);
  } catch (error) {
    if (error instanceof FileError && error.why === "missing") return new Uint8Array();
    throw error;
  }
}

async function marksOf({ files }: World, part: string): Promise<readonly Mark[]> {
  try {
    return parseTimes(await files.readText(timesName(part)));
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}

async function startIn(
  { files }: World,
  { path, bytes }: Part,
  { marks, since }: { readonly marks: readonly Mark[]; readonly since: Date },
): Promise<number> {
  const modified = (await files.facts(path))?.modifiedAt.getTime() ?? 0;
  return modified < Math.floor(since.getTime() / 1000) * 1000 ? bytes : offsetSince(marks, since);
}

/**
 * Each line with its time before it: `2026-01-02T03:04:05Z `, or as many blanks where nobody knows.
 *
 * @param last when the file was written to last: what no mark covers yet was printed then
 * @param isMidLine whether they go on with a line that has its time already
 */
function stamped(
  bytes: Uint8Array,
  { marks, start, last, isMidLine }: {
    readonly marks: readonly Mark[];
    readonly start: number;
    readonly last: Date | null;
    readonly isMidLine: boolean;
  },
): Uint8Array {
  return withTimes(bytes, { isMidLine, timeOf: (at) => timeAt(marks, start + at) ?? last });
}

/**
 * Lines with what {@link stamped} puts before each of them.
 *
 * @param isMidLine whether they go on with a line that has its time already
 * @param timeOf the time of a line that begins at that offset; null: nobody knows
 */
export function withTimes(
  bytes: Uint8Array,
  { isMidLine, timeOf }: {
    readonly isMidLine: boolean;
    readonly timeOf: (offset: number) => Date | null;
  },
): Uint8Array {
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline === -1 ? bytes.length : newline + 1;
    const at = timeOf(from);
    const stamp = at === null ? " ".repeat(20) : at.toISOString().replace(/\.\d+/, "");
    if (from > 0 || !isMidLine) chunks.push(encoder.encode(`${stamp} `));
    chunks.push(bytes.subarray(from, to));
    from = to;
  }
  return joined(chunks);
}

/** Whether bytes end in the middle of a line. */
export function endsMidLine(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.at(-1) !== NEWLINE;
}

/** Chunks as one. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
