/** Reads kept output: its end, or what came since a time, with the times of its lines. */
import { FileError, type World } from "../world/world.ts";
import { isFirst, timesName } from "./parts.ts";
import { findMark, marksFilter, withoutMarks } from "./executions.ts";
import { countLines, fromWholeLine, joined, lastLines, shortened } from "./lines.ts";
import { type Mark, offsetSince, parseTimes, timeAt } from "./times.ts";

const NEWLINE = 0x0a;

/** Which part of an output is wanted, and how. */
export interface Wanted {
  /** How many lines from the end; `Infinity` for all. */
  readonly lines: number;
  /** Only output printed since then, to the second. */
  readonly since?: Date | null;
  /** Whether each line begins with the time when it was printed, if that is known. */
  readonly timestamps?: boolean;
  /** Longer lines lose their middle: see `shortened()`. */
  readonly mostLineBytes?: number;
}

/** Further ways to read. */
interface Reading {
  /** Whether the last line may go on: an unfinished one gets no newline. */
  readonly isOpen: boolean;
}

/** One file of an output up to a length; later output is read by followers. */
export interface Part {
  readonly path: string;
  readonly bytes: number;
}

/**
 * The wanted lines of some files, each ended by one newline. Only whole lines: when the beginning
 * of the first one is no longer kept, reading starts with the next.
 */
export async function readParts(
  world: World,
  parts: readonly Part[],
  wanted: Wanted,
  reading: Reading = { isOpen: false },
): Promise<Uint8Array> {
  const { since = null, timestamps = false, lines, mostLineBytes } = wanted;
  const last = (bytes: Uint8Array): Uint8Array => lastLines(withoutMarks(bytes), lines, reading);
  if (since !== null || timestamps) return last(await timed(world, parts, wanted));
  if (mostLineBytes !== undefined) {
    return last(await shortTail(world, parts, { lines, mostLineBytes }));
  }
  return last(await tailOf(world, parts, lines));
}

/**
 * The wanted lines of the execution before the last one; null when the kept output has no end of
 * one.
 */
export async function readPrevious(
  world: World,
  parts: readonly Part[],
  { lines }: Pick<Wanted, "lines">,
): Promise<Uint8Array | null> {
  const bytes = joined(
    await Promise.all(
      parts.map(({ path, bytes: end }) => readIn(world, path, { start: 0, end })),
    ),
  );
  let [from, to] = [0, 0];
  for (let mark = findMark(bytes); mark !== null; mark = findMark(bytes, mark.to)) {
    [from, to] = [to, mark.to];
  }
  if (to === 0) return null;
  const isWhole = from > 0 || isFirst(parts[0]?.path ?? "");
  const own = withoutMarks(bytes.subarray(from, to));
  return lastLines(isWhole ? own : fromWholeLine(own), lines);
}

/** The output since a time, with the times of its lines if wanted. */
async function timed(
  world: World,
  parts: readonly Part[],
  { since = null, timestamps = false }: Wanted,
): Promise<Uint8Array> {
  const marks = await Promise.all(parts.map((part) => marksOf(world, part.path)));
  const starts = await Promise.all(
    parts.map((part, index) =>
      since === null ? 0 : startIn(world, part, { marks: marks[index] ?? [], since })
    ),
  );
  const first = parts.findIndex(({ bytes }, index) => (starts[index] ?? 0) < bytes);
  const from = await lineStart(world, parts, { part: first, offset: starts[first] ?? 0 });
  const chunks: Uint8Array[] = [];
  let isWhole = from.isWhole;
  for (const [index, part] of parts.entries()) {
    if (index < from.part) continue;
    const start = index === from.part ? from.offset : index <= first ? 0 : starts[index] ?? 0;
    if (start >= part.bytes) continue;
    const bytes = await readIn(world, part.path, { start, end: part.bytes });
    // The file was just removed as the oldest: the next one may begin within a line.
    if (bytes.length === 0 && chunks.length === 0) isWhole = false;
    // Output saved from a runtime has no times: it came all at once.
    const own = marks[index] ?? [];
    const last = own.length === 0 ? null : (await world.files.facts(part.path))?.modifiedAt ?? null;
    const isMidLine = chunks.length > 0 && chunks.at(-1)?.at(-1) !== NEWLINE;
    chunks.push(timestamps ? stamped(bytes, { marks: own, start, last, isMidLine }) : bytes);
  }
  const bytes = joined(chunks);
  return isWhole ? bytes : fromWholeLine(bytes);
}

/** A place in an output. */
interface Position {
  /** The index of the file. */
  readonly part: number;
  readonly offset: number;
}

/** How far back to look for the beginning of a line. */
const MOST_BACK_BYTES = 1024 * 1024;
/** The size of one read when only newlines are looked for. */
const SEARCH_BYTES = 64 * 1024;

/** Where the line of a position begins; the position itself when that is not kept, or too far away. */
async function lineStart(
  world: World,
  parts: readonly Part[],
  position: Position,
): Promise<Position & { readonly isWhole: boolean }> {
  let back = 0;
  for (let { part, offset: end } = position; part >= 0; end = parts[--part]?.bytes ?? 0) {
    const path = parts[part]?.path ?? "";
    while (end > 0) {
      const start = Math.max(0, end - SEARCH_BYTES);
      const bytes = await readIn(world, path, { start, end });
      const newline = bytes.lastIndexOf(NEWLINE);
      if (newline !== -1) return { part, offset: start + newline + 1, isWhole: true };
      back += end - start;
      if (bytes.length === 0 || back > MOST_BACK_BYTES) return { ...position, isWhole: false };
      end = start;
    }
    if (part === 0) {
      return isFirst(path) ? { part, offset: 0, isWhole: true } : { ...position, isWhole: false };
    }
  }
  return { ...position, isWhole: true };
}

/**
 * The end of the output in some files, with at least the wanted number of whole lines if there are
 * enough.
 */
async function tailOf(
  world: World,
  parts: readonly Part[],
  lines: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let count = 0;
  let isWhole = isFirst(parts[0]?.path ?? "");
  for (const { path, bytes } of parts.toReversed()) {
    let end = bytes;
    for (
      let size = Number.isFinite(lines) ? 64 * 1024 : end;
      end > 0 && count <= lines;
      size *= 4
    ) {
      const start = Math.max(0, end - size);
      const chunk = await readIn(world, path, { start, end });
      if (chunk.length < end - start) isWhole = false;
      chunks.unshift(chunk);
      count += countLines(chunk);
      end = start;
    }
    // With one newline more than lines, the first line is whole.
    if (count > lines) break;
  }
  const tail = joined(chunks);
  return isWhole || count > lines ? tail : fromWholeLine(tail);
}

/** Does the same without the middle of long lines, in memory of the size of its result. */
async function shortTail(
  world: World,
  parts: readonly Part[],
  { lines, mostLineBytes }: { readonly lines: number; readonly mostLineBytes: number },
): Promise<Uint8Array> {
  const from = await tailStart(world, parts, lines);
  const short = shortened(mostLineBytes);
  const filter = marksFilter();
  const chunks: Uint8Array[] = [];
  let isWhole = from.isWhole;
  for (const [index, { path, bytes }] of parts.entries()) {
    if (index < from.part) continue;
    let start = index === from.part ? from.offset : 0;
    while (start < bytes) {
      const chunk = await readIn(world, path, {
        start,
        end: Math.min(bytes, start + SEARCH_BYTES),
      });
      if (chunk.length === 0) {
        if (chunks.length === 0) isWhole = false;
        break;
      }
      chunks.push(...short.write(filter.write(chunk)));
      start += chunk.length;
    }
  }
  const tail = joined([...chunks, ...short.write(filter.end()), ...short.end()]);
  return isWhole ? tail : fromWholeLine(tail);
}

/** Where the last lines begin; the beginning when there are fewer. */
async function tailStart(
  world: World,
  parts: readonly Part[],
  lines: number,
): Promise<Position & { readonly isWhole: boolean }> {
  let count = 0;
  for (let part = parts.length - 1; part >= 0; part--) {
    const { path, bytes: length } = parts[part] ?? { path: "", bytes: 0 };
    for (let end = length; end > 0;) {
      const start = Math.max(0, end - SEARCH_BYTES);
      const bytes = await readIn(world, path, { start, end });
      count += countLines(bytes);
      // With one newline more than lines, the first line is whole.
      if (count > lines) return { part, offset: start + bytes.indexOf(NEWLINE) + 1, isWhole: true };
      end = start;
    }
  }
  return { part: 0, offset: 0, isWhole: isFirst(parts[0]?.path ?? "") };
}

/** The bytes of a file; none of a file that was just removed as the oldest. */
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
 * Puts its time before each line: `2026-01-02T03:04:05Z `, or as many blanks when it is unknown.
 *
 * @param last when the file was last written: the time of what no mark covers yet
 * @param isMidLine whether the bytes continue a line that has its time already
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
 * @param isMidLine whether the bytes continue a line that has its time already
 * @param timeOf the time of a line that begins at that offset; null: unknown
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
