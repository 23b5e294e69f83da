/** Current work as lines that are redrawn at the end of a terminal. Pure. */
import { escapeControls } from "../errors.ts";
import { cutSign, durationText, type Screen } from "./screen.ts";
import { cut, padding, widthOf } from "./text.ts";

/** A piece of current work. */
export interface Doing {
  /** Its session, or null. */
  readonly session: string | null;
  /** The kind of work: `stopping`. */
  readonly label: string;
  readonly since: Date;
}

/** Where progress is drawn. */
export interface ProgressScreen extends Pick<Screen, "columns" | "unicode" | "now"> {
  /** Height of the terminal in lines. */
  readonly rows: number;
}

/** The largest part of a line for names, so that one long name leaves room for other words. */
const MOST_OF_NAMES = 0.5;
const GAP = 2;

/**
 * A line for each session, in order: `worker  stopping, 4 s`. For a session only its latest work is
 * shown. Lines without room are counted in the last one. No line uses the last column, where some
 * terminals already wrap, and one row stays free.
 */
export function progressLines(
  doings: readonly Doing[],
  { columns, rows, unicode, now }: ProgressScreen,
): readonly string[] {
  const told = latestOfEach(doings);
  const most = Math.max(1, rows - 1);
  const shown = told.length <= most ? told : told.slice(0, most - 1);
  const left = told.length - shown.length;
  const sign = cutSign({ unicode });
  const room = Math.max(1, columns - 1);
  const names = told.map(({ session }) => escapeControls(session ?? ""));
  const widest = Math.max(0, ...names.map(widthOf));
  const width = Math.min(widest, Math.floor(room * MOST_OF_NAMES));
  const lines = shown.map(({ session, label, since }, index) => {
    const seconds = Math.floor((now.getTime() - since.getTime()) / 1000);
    const words = escapeControls(seconds < 1 ? label : `${label}, ${durationText(seconds)}`);
    if (session === null) return cut(words, room, sign);
    const name = cut(names[index] ?? "", width, sign);
    return cut(`${name}${padding(name, width + GAP)}${words}`, room, sign);
  });
  if (left === 0) return lines;
  return [...lines, cut(shown.length === 0 ? `${left} sessions` : `and ${left} more`, room, sign)];
}

/** The current work of each session, in the order in which it began. */
function latestOfEach(doings: readonly Doing[]): readonly Doing[] {
  const latest = new Map<string | Doing, Doing>();
  for (const doing of doings) latest.set(doing.session ?? doing, doing);
  return [...latest.values()];
}

/**
 * The text that draws lines in place of earlier ones, in one piece, so that nothing flickers. The
 * cursor stays behind the last line; without lines, where the first one began. If the terminal has
 * become narrower, the old lines take more rows than before.
 */
export function redrawn(
  lines: readonly string[],
  { over, columns }: { readonly over: readonly string[]; readonly columns: number },
): string {
  const rows = over.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / Math.max(1, columns))),
    0,
  );
  const up = rows > 1 ? `\x1b[${rows - 1}A` : "";
  return `\r${up}${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`;
}
