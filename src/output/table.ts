/** Rows of text: an aligned table on a terminal, tab-separated values in a pipe. */
import { escapeControls } from "../errors.ts";
import { type Colour, paint, type Screen } from "./screen.ts";

/** One cell: text, and its colour on a terminal. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour | null;
}

/** Rows under a head. The last column is the one that gives way on a narrow terminal. */
export interface Rows {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Lays the rows out. In a pipe there is no head, and nothing is cut. */
export async function layOut(table: Rows, screen: Screen): Promise<string> {
  const rows = table.rows.map((row) =>
    row.map((cell) => ({ ...cell, text: escapeControls(cell.text) }))
  );
  if (!screen.terminal) {
    return rows.map((row) => `${row.map(({ text }) => text).join("\t")}\n`).join("");
  }
  const { default: Table } = await import("cli-table3");
  const widths = columnWidths([table.head.map((text) => ({ text })), ...rows], screen.columns);
  const grid = new Table({
    chars: BORDERLESS,
    style: { "padding-left": 0, "padding-right": GAP, head: [], border: [], compact: true },
    colWidths: widths,
    truncate: "…",
  });
  grid.push(
    table.head.map((text) => paint(text, "bold", screen)),
    ...rows.map((row) => row.map(({ text, colour }) => paint(text, colour ?? null, screen))),
  );
  return `${grid.toString().split("\n").map((line) => line.trimEnd()).join("\n")}\n`;
}

const GAP = 2;
/** No column but the last gets narrower than this. */
const NARROWEST = 8;

const BORDERLESS = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right"],
    ...["bottom", "bottom-mid", "bottom-left", "bottom-right"],
    ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((part) => [part, ""]),
);

function columnWidths(rows: readonly (readonly Cell[])[], columns: number): number[] {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, column) => Math.max(...rows.map((row) => widthOf(row[column]?.text ?? ""))) + GAP,
  );
  let excess = widths.reduce((sum, width) => sum + width, 0) - columns;
  for (let column = count - 1; column >= 0 && excess > 0; column--) {
    const width = widths[column] ?? 0;
    const kept = Math.max(Math.min(width, NARROWEST), width - excess);
    excess -= width - kept;
    widths[column] = kept;
  }
  return widths;
}

/** Columns that a text takes, rather one too many: everything from Hangul on counts as wide. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return width;
}
