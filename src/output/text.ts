/** Fits text into columns of a terminal. Pure. */

/** Letters no wider than Latin ones, from Hangul on: Georgian to mathematics, then frames. */
const NARROW = /[\u1160-\u22ff\u2400-\u25fc]/;
/** Accents that are separate from their letter. */
const ACCENT = /[\u0300-\u036f]/;
/** Some terminals show old signs such as U+2194 as wide emoji, with or without U+FE0F behind them. */
const EMOJI = /\p{Emoji}/u;

/**
 * The columns that a text takes, or more: a character counts as wide unless it is known to be
 * narrow, and so does every part of a joined emoji, so that text cut by this width fits on every
 * terminal. Exact tables cost more start-up time than they are worth.
 */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

function widthOfCharacter(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (ACCENT.test(character)) return 0;
  if (EMOJI.test(character)) return 2;
  return code < 0x1100 || character === "\ufe0f" || NARROW.test(character) ? 1 : 2;
}

/** Letters of one column each: nearly all texts have no others. */
const PLAIN = /^[\x20-\x7e]*$/;
/**
 * Characters that nearly every terminal shows in two columns, by East Asian Width (Unicode 16) and
 * as emoji.
 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1aff0}-\u{1b2fb}\u{1f200}-\u{1f251}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/**
 * The blanks that fill the columns behind a text. Most terminals show an old sign such as U+2194 in
 * one column and a joined emoji in two; here they count as they look, unlike in {@link widthOf}.
 */
export function padding(text: string, columns: number): string {
  if (PLAIN.test(text)) return " ".repeat(Math.max(0, columns - text.length));
  let width = 0;
  for (const character of text.replaceAll(/\p{RGI_Emoji}/gv, "\u3000")) {
    width += ACCENT.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  }
  return " ".repeat(Math.max(0, columns - width));
}

/** The text, cut if it takes too many columns; `sign`, one column wide, stands for the rest. */
export function cut(text: string, columns: number, sign: string): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let left = columns - 1;
  for (const character of text) {
    left -= widthOfCharacter(character);
    if (left < 0) break;
    kept += character;
  }
  // A joiner (U+200D) would swallow the sign.
  return `${kept.replace(/\u200d+$/, "")}${sign}`;
}

/** Pieces that must not be broken, so that they can be copied: quoted values and commands of ours. */
const PIECES = /"(?:[^"\\]|\\.)*"\S*|\bkstops [^,;()]*[,;]?|\S+/g;

/** How to lay prose out. */
export interface Wrapping {
  readonly columns: number;
  /** Columns already taken in the first line. */
  readonly taken: number;
  /** The beginning of all other lines. */
  readonly indent: string;
}

/** Prose on as many lines as it needs, broken at blanks. */
export function wrapped(text: string, { columns, taken, indent }: Wrapping): string {
  if (taken + widthOf(text) <= columns) return text;
  const pieces = (text.match(PIECES) ?? []).map((piece) => `${piece.trimEnd()} `);
  const room = (line: number): number => columns - (line === 0 ? taken : indent.length);
  return filled(pieces, room).join(`\n${indent}`);
}

/** A path or a command on as many lines as it needs, none wider than the columns. */
export function folded(text: string, columns: number): readonly string[] {
  if (widthOf(text) <= columns) return [text];
  // A path of one word is broken behind a slash; a piece without a slash, wherever it must be.
  const pieces = (text.match(/[^ /]*(?:[ /]+|$)/g) ?? []).flatMap((piece) =>
    chopped(piece, columns)
  );
  return filled(pieces, () => columns);
}

/** Fills lines with as many pieces as fit. Blanks at the ends of lines need no room. */
function filled(pieces: readonly string[], room: (line: number) => number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  // Sums, since a line can be endless: characters drawn over others take no column.
  let [columns, columnsWithoutBlanks] = [0, 0];
  for (const piece of pieces) {
    const text = piece.trimEnd();
    const solid = widthOf(text);
    const wanted = text === "" ? columnsWithoutBlanks : columns + solid;
    if (line !== "" && wanted > room(lines.length)) {
      lines.push(line);
      [line, columns, columnsWithoutBlanks] = [piece, widthOf(piece), solid];
    } else {
      [line, columns, columnsWithoutBlanks] = [line + piece, columns + widthOf(piece), wanted];
    }
  }
  return [...lines, line].map((each) => each.trimEnd());
}

function chopped(piece: string, columns: number): string[] {
  const parts: string[] = [];
  let part = "";
  let taken = 0;
  for (const character of piece) {
    const own = widthOfCharacter(character);
    if (character !== " " && taken + own > columns && part !== "") {
      parts.push(part);
      [part, taken] = ["", 0];
    }
    part += character;
    taken += own;
  }
  return [...parts, part];
}
