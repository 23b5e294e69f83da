/** Rows of text: an aligned table on a terminal, tab-separated values in a pipe. */
import { escapeControls } from "../errors.ts";
import { type Colour, cutSign, paint, type Screen } from "./screen.ts";
import { cut, padding, widthOf } from "./text.ts";

/** One cell: text, and its colour on a terminal. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour | null;
}

/** The head of a column, and how the column shrinks on a narrow terminal. */
export interface Head {
  readonly text: string;
  /** Its cells may be cut to this many columns of the terminal; without it they stay whole. */
  readonly atLeast?: number;
  /** When cutting is not enough, columns are left out, lowest number first. */
  readonly leaves?: number;
}

/** Rows under a head. */
interface Rows {
  readonly head: readonly Head[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Lays the rows out. In a pipe there is no head, no cut, and colour only on demand. */
export function layOut(table: Rows, screen: Screen): string {
  if (!screen.terminal) return table.rows.map((row) => separated(row, screen)).join("");
  const rows = table.rows.map((row) =>
    row.map((cell) => ({ ...cell, text: escapeControls(cell.text) }))
  );
  const all = table.head.map((head, column): Column => ({
    head,
    cells: [
      { text: head.text, colour: "bold" },
      ...rows.map((row) => row[column] ?? { text: "" }),
    ],
  }));
  const { columns, widths } = fitting(all, screen.columns);
  const line = (row: number): string =>
    columns.map(({ cells }, column) => {
      const { text, colour = null } = cells[row] ?? { text: "" };
      const width = widths[column] ?? 0;
      const shown = cut(text, width, cutSign(screen));
      return `${paint(shown, colour, screen)}${padding(shown, width + GAP)}`;
    }).join("").trimEnd();
  return [table.head, ...rows].map((_, row) => `${line(row)}\n`).join("");
}

/** A row with tabs between its cells. */
function separated(row: readonly Cell[], screen: Screen): string {
  const cells = row.map(({ text, colour = null }) => paint(escapeControls(text), colour, screen));
  return `${cells.join("\t")}\n`;
}

const GAP = 2;

interface Column {
  readonly head: Head;
  readonly cells: readonly Cell[];
}

/** The columns that fit, and their widths without gaps. */
function fitting(
  all: readonly Column[],
  available: number,
): { readonly columns: readonly Column[]; readonly widths: readonly number[] } {
  const wanted = new Map(all.map((column) => [column, widestOf(column)]));
  const wantedBy = (column: Column): number => wanted.get(column) ?? 0;
  const least = (column: Column): number =>
    Math.min(wantedBy(column), column.head.atLeast ?? Infinity);
  const leaving = all.filter(({ head }) => head.leaves !== undefined)
    .toSorted((a, b) => (a.head.leaves ?? 0) - (b.head.leaves ?? 0));
  let columns = all;
  for (const leaver of leaving) {
    if (total(columns.map(least)) <= available) break;
    columns = columns.filter((column) => column !== leaver);
  }
  const widths = columns.map(wantedBy);
  // The last columns are cut first: the first ones identify the row.
  let excess = total(widths) - available;
  for (const [index, column] of [...columns.entries()].toReversed()) {
    const given = Math.min(Math.max(0, excess), wantedBy(column) - least(column));
    widths[index] = wantedBy(column) - given;
    excess -= given;
  }
  // When the terminal is too narrow, one letter of each column is left.
  for (; excess > 0; excess--) {
    const widest = Math.max(...widths);
    if (widest <= 1) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return { columns, widths };
}

function widestOf({ cells }: Column): number {
  return cells.reduce((widest, { text }) => Math.max(widest, widthOf(text)), 0);
}

/** The width of a row: there is no gap behind the last column. */
function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}
