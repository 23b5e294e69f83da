/**
 * Shows a line of a config file with a caret below it, for messages. Pure.
 *
 * It never shows a secret. In a file that can be read, it shows the keys, and the values of known
 * keys that hold no secrets. All other text is `***`: values of `env`, values of unknown keys (a
 * misspelt `env` has secrets below it), comments, anchors. In a key, or in an item of `run_args`,
 * it also hides everything from a `=` on. In a file that cannot be read, the structure is unknown:
 * it shows the first key of a line, and the value only when the indentation of the lines above,
 * each a key alone, proves that the key is a harmless one.
 */
import { escapeControls } from "../errors.ts";
import { OPS_KEYS } from "../keys/file_keys.ts";
import { SESSION_KEYS } from "../keys/session_keys.ts";
import { BACKENDS } from "../model.ts";
import type { Path } from "./config.ts";
import { lineAt, lineStarts } from "./positions.ts";
import { type Mark, marksIn } from "./yaml.ts";

/** The most columns of a line that are shown. With the text before them they fit a terminal of 80. */
const WIDTH = 70;
/** How far to look on both sides, in UTF-16 code units: JSON may be one line of a megabyte. */
const REACH = 120;
const HIDDEN = "***";

/** Shows the line at an offset (in UTF-16 code units) of a text, and a caret below that place. */
export function excerptsOf(source: string): (offset: number) => string {
  const starts = lineStarts(source);
  const marks = marksIn(source);
  const begins = marks?.map((mark) => mark.from) ?? [];
  return (wanted) => {
    // A mistake at the end of a file is shown behind the last text.
    const isAtEnd = source.slice(wanted, wanted + REACH).trim() === "";
    const offset = isAtEnd ? source.slice(0, wanted).trimEnd().length : wanted;
    const line = lineAt(starts, offset);
    const lineFrom = starts[line] ?? 0;
    const end = starts[line + 1] ?? source.length;
    const lineTo = lineFrom + source.slice(lineFrom, end).replace(/[\r\n]+$/, "").length;
    const place = Math.min(offset, lineTo);
    const from = Math.max(lineFrom, place - REACH);
    const to = Math.min(lineTo, place + REACH);
    const pieces = marks === null
      ? piecesOfUnreadable(source, { from: lineFrom, to: lineTo })
      : piecesOf(source, { from, to, marks, first: lineAt(begins, from) });
    const cells = cellsOf(pieces).filter(({ at }) => at >= from && at <= to);
    const first = from === lineFrom ? cells.findIndex(({ text }) => text !== " ") : 0;
    return drawn(cells.slice(Math.max(0, first)), place, {
      left: from > lineFrom,
      right: to < lineTo,
    });
  };
}

/** A part of a line, shown or hidden. */
interface Piece {
  /** Offset of its first character. */
  readonly at: number;
  readonly text: string;
  readonly hidden: boolean;
}

function piecesOf(
  source: string,
  { from, to, marks, first }: {
    from: number;
    to: number;
    marks: readonly Mark[];
    /** Index of the first mark that may reach into this part. */
    first: number;
  },
): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = from;
  for (let index = first;; index++) {
    const mark = marks[index];
    if (mark === undefined || mark.from >= to) break;
    if (mark.to <= at) continue;
    const begin = Math.max(mark.from, at);
    pieces.push(...structure(source.slice(at, begin), at));
    at = Math.min(mark.to, to);
    pieces.push(...scalar(source.slice(begin, at), begin, mark));
  }
  return [...pieces, ...structure(source.slice(at, to), at)];
}

/** The text between scalars: signs, and comments, anchors and tags, which are hidden. */
function structure(text: string, at: number): readonly Piece[] {
  return cut(
    text,
    at,
    /(?<=#).+|\*[^\s,[\]{}]+|(?<=[&!])[^\s,[\]{}]+|[^\s{}[\],:?|>&!'"#+\-0-9]+/g,
  );
}

function scalar(text: string, at: number, { path, isKey }: Mark): readonly Piece[] {
  if (isKey || keyOf(path) === "run_args" && isClear(path)) return cut(text, at, /(?<==).+/g);
  return isClear(path) ? [{ at, text, hidden: false }] : cut(text, at, /\S.*/g);
}

/** A text with all matches hidden. */
function cut(text: string, at: number, secret: RegExp): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const { index, 0: match } of text.matchAll(secret)) {
    pieces.push({ at: at + end, text: text.slice(end, index), hidden: false });
    pieces.push({ at: at + index, text: match, hidden: true });
    end = index + match.length;
  }
  return [...pieces, { at: at + end, text: text.slice(end), hidden: false }];
}

/** Whether the value of a key may be shown. */
function isClear(path: Path): boolean {
  const [first, second] = path;
  if (first === "include") return true;
  if (first !== "ops") return false;
  if (second !== "sessions" && second !== "defaults") {
    return Object.hasOwn(OPS_KEYS, String(second));
  }
  const key = keyOf(path);
  return key !== null && key !== "env" && Object.hasOwn(SESSION_KEYS, key);
}

/** The session key that a path leads to, in a session or in the defaults. */
function keyOf([, second, third, fourth]: Path): string | null {
  const isOfBackend = BACKENDS.some((backend) => backend === third);
  const key = second === "defaults" && !isOfBackend ? third : fourth;
  return key === undefined ? null : String(key);
}

/** Spaces, dashes of lists, a key, its colon, the rest. */
const BLOCK_LINE = /^([\s-]*)(?:([A-Za-z0-9_.-]+|"[A-Za-z0-9_.-]+")(\s*:(?=\s|$)))?(.*)$/s;

function piecesOfUnreadable(
  source: string,
  { from, to }: { from: number; to: number },
): readonly Piece[] {
  const text = source.slice(from, to);
  const [, indent = "", key = "", colon = "", rest = ""] = BLOCK_LINE.exec(text) ?? [];
  const at = from + indent.length + key.length + colon.length;
  const shown = { at: from, text: text.slice(0, at - from), hidden: false };
  const above = keysAbove(source, { from, indent: indent.length });
  if (above === null || !isClear([...above, key])) {
    return [shown, ...cut(rest, at, /[^\s{}[\],:].*/g)];
  }
  // When a newline is missing, other keys and their values follow on the same line.
  const sign = key === "run_args" ? "=" : "\\s#";
  return [shown, ...cut(rest, at, new RegExp(`(?<=${sign}|\\{|:\\s|["']:).+`, "g"))];
}

/** The keys around a line, outermost first; null when a line above is not a plain key. */
function keysAbove(
  source: string,
  { from, indent }: { from: number; indent: number },
): readonly string[] | null {
  const keys: string[] = [];
  let inner = indent;
  for (const line of source.slice(0, from).split(/\r\n|\n|\r/).reverse()) {
    const [, blank = "", rest = ""] = /^( *)(.*)$/s.exec(line) ?? [];
    if (rest === "" || rest.startsWith("#") || blank.length >= inner) continue;
    const [, key] = /^([A-Za-z0-9_-]+):\s*(?:#.*)?$/.exec(rest) ?? [];
    if (key === undefined) return null;
    keys.unshift(key);
    inner = blank.length;
  }
  return inner === 0 || indent === 0 ? keys : null;
}

/** The drawing of one character or of a hidden part. */
interface Cell {
  readonly at: number;
  readonly text: string;
  readonly width: number;
}

function cellsOf(pieces: readonly Piece[]): readonly Cell[] {
  return pieces.flatMap(({ at, text, hidden }) => {
    if (hidden) return [{ at, text: HIDDEN, width: HIDDEN.length }];
    let offset = at;
    return Array.from(text, (character): Cell => {
      const safe = escapeControls(character.toWellFormed());
      const cell = { at: offset, text: safe, width: widthOf(safe) };
      offset += character.length;
      return cell;
    });
  });
}

/** The cells around an offset, and the caret. `cut` tells whether cells were left out. */
function drawn(
  cells: readonly Cell[],
  offset: number,
  cut: { readonly left: boolean; readonly right: boolean },
): string {
  const found = cells.findLastIndex(({ at }) => at <= offset);
  const last = cells.at(-1);
  // The caret goes behind the end of the line when a quote is missing there.
  const isBehind = last !== undefined && found === cells.length - 1 && last.text !== HIDDEN &&
    offset > last.at;
  const caret = Math.max(0, found) + (isBehind ? 1 : 0);
  let [from, to] = [caret, caret];
  let width = 0;
  for (const next of around(caret, cells.length)) {
    width += cells[next]?.width ?? 0;
    if (width > WIDTH) break;
    [from, to] = [Math.min(from, next), Math.max(to, next + 1)];
  }
  const left = cut.left || from > 0 ? "…" : "";
  const right = cut.right || to < cells.length ? "…" : "";
  const shown = cells.slice(from, to).map(({ text }) => text).join("");
  const before = cells.slice(from, caret).reduce((sum, cell) => sum + cell.width, left.length);
  return `${left}${shown}${right}\n${" ".repeat(before)}^`;
}

/** Indexes around a place, nearest first: two thirds behind it, one third before it. */
function* around(place: number, length: number): Generator<number> {
  let [before, behind] = [place - 1, place];
  while (before >= 0 || behind < length) {
    if (behind < length) yield behind++;
    if (behind < length) yield behind++;
    if (before >= 0) yield before--;
  }
}

/** Columns of a terminal: none for what is drawn over another character, two for East Asian ones. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    width += isIn(NO_COLUMN, code) ? 0 : isIn(TWO_COLUMNS, code) ? 2 : 1;
  }
  return width;
}

type Ranges = readonly (readonly [number, number])[];

/** Combining marks, zero width characters and variation selectors. */
const NO_COLUMN: Ranges = [
  [0x300, 0x36f],
  [0x483, 0x489],
  [0x591, 0x5bd],
  [0x610, 0x61a],
  [0x64b, 0x65f],
  [0x200b, 0x200d],
  [0x20d0, 0x20ff],
  [0xfe00, 0xfe0f],
  [0xfe20, 0xfe2f],
  [0x1f3fb, 0x1f3ff],
  [0xe0100, 0xe01ef],
];
/** East_Asian_Width W and F, in the blocks that have them (Unicode 16, EastAsianWidth.txt). */
const TWO_COLUMNS: Ranges = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
];

function isIn(ranges: Ranges, code: number): boolean {
  return ranges.some(([first, last]) => first <= code && code <= last);
}
