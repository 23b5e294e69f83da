/** Rows of text: an aligned table on a terminal, tab-separated values in a pipe. */
import { escapeControls } from "../errors.ts";
import { type Colour, paint, type Screen } from "./screen.ts";

/** One cell: text, and its colour on a terminal. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour | null;
}

/** Rows under a head. The last column is the first to give way on a narrow terminal. */
export interface Rows {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Lays the rows out. In a pipe there is no head, nothing is cut, and colour only if demanded. */
export async function layOut(table: Rows, screen: Screen): Promise<string> {
  const rows = table.rows.map((row) =>
    row.map((cell) => ({ ...cell, text: escapeControls(cell.text) }))
  );
  if (!screen.terminal) {
    return rows.map((row) =>
      `${row.map(({ text, colour = null }) => paint(text, colour, screen)).join("\t")}\n`
    ).join("");
  }
  const { default: Table } = await import("cli-table3");
  const all: readonly (readonly Cell[])[] = [
    table.head.map((text) => ({ text, colour: "bold" as const })),
    ...rows,
  ];
  const widths = columnWidths(all, screen.columns);
  const grid = new Table({
    chars: BORDERLESS,
    style: { "padding-left": 0, "padding-right": GAP, head: [], border: [], compact: true },
    colWidths: widths,
  });
  // Cut here, since cli-table3 cuts surrogate pairs in two and loses the end of a colour (0.6.5).
  grid.push(
    ...all.map((row) =>
      row.map(({ text, colour }, column) =>
        paint(fitted(text, (widths[column] ?? 0) - GAP), colour ?? null, screen)
      )
    ),
  );
  return `${grid.toString().split("\n").map((line) => line.trimEnd()).join("\n")}\n`;
}

const GAP = 2;
/** The last column gives way down to this, before any other one does. */
const LAST_COLUMN = 9;
/** No column gets narrower: one character is left of it. */
const NARROWEST = GAP + 1;

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
  // Nothing stands behind the last gap.
  let excess = widths.reduce((sum, width) => sum + width, -GAP) - columns;
  const last = widths.at(-1) ?? 0;
  const given = Math.min(Math.max(0, excess), Math.max(0, last - LAST_COLUMN));
  widths[count - 1] = last - given;
  for (excess -= given; excess > 0; excess--) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}

/** The text, cut where it takes more columns than there are. */
function fitted(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let left = columns - 1;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Columns that a text takes, rather one too many: everything from Hangul on counts as wide. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return width;
}
