/** Figures as a table in Markdown. */
import type { Comparison } from "./measure.ts";

/** One command with all its results. */
export interface Result {
  readonly command: string;
  /** Null: this kstops has no such command. */
  readonly figures: Figures | null;
}

/** The figures of one command. */
export interface Figures {
  readonly comparisons: readonly (Comparison & Target & { readonly against: string })[];
  /** Null where there is nothing to count. */
  readonly children: Target & { readonly value: number | null };
  /** In MiB; null where it cannot be measured. */
  readonly memory: Target & { readonly value: number | null };
}

/** The most that a figure may be; null: there is no target. */
export interface Target {
  readonly atMost: number | null;
}

const HEAD = [
  "command",
  "against",
  "ratio",
  "middle half",
  "ms",
  "against ms",
  "children",
  "peak MiB",
];

/** One line for each comparison; the command itself, its children and its memory only once. */
export function tableOf(results: readonly Result[]): string {
  const rows = [HEAD, ...results.flatMap(rowsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |\n`;
  return [lines[0], rule, ...lines.slice(1)].join("");
}

/** How many figures are over their target. */
export function countOver(results: readonly Result[]): number {
  return results.flatMap(({ figures }) =>
    figures === null ? [] : [
      ...figures.comparisons.map(({ ratio, atMost }) => isOver(ratio, atMost)),
      isOver(figures.children.value, figures.children.atMost),
      isOver(figures.memory.value, figures.memory.atMost),
    ]
  ).filter((over) => over).length;
}

function rowsOf({ command, figures }: Result): string[][] {
  if (figures === null) {
    return [[command, "skipped: there is no such command", "", "", "", "", "", ""]];
  }
  const { comparisons, children, memory } = figures;
  return comparisons.map((comparison, index) => {
    const { against, ratio, spread, measuredMs, againstMs, atMost } = comparison;
    const first = index === 0;
    return [
      first ? command : "",
      against,
      withTarget(ratio, { atMost, digits: 2 }),
      spread.map((part) => part.toFixed(2)).join(" to "),
      measuredMs.toFixed(1),
      againstMs.toFixed(1),
      first ? withTarget(children.value, { ...children, digits: 0 }) : "",
      first ? withTarget(memory.value, { ...memory, digits: 1 }) : "",
    ];
  });
}

/** `1.46 > 1.4 over`, `1.31 ≤ 1.4 ok`, or the figure alone. */
function withTarget(
  value: number | null,
  { atMost, digits }: Target & { readonly digits: number },
): string {
  if (value === null) return "n/a";
  const text = value.toFixed(digits);
  if (atMost === null) return text;
  return isOver(value, atMost) ? `${text} > ${atMost} over` : `${text} ≤ ${atMost} ok`;
}

function isOver(value: number | null, atMost: number | null): boolean {
  return value !== null && atMost !== null && value > atMost;
}
