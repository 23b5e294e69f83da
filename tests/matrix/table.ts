/** The table of what the matrix has seen, as it stands in `docs/engines.md`. */
import type { Outcome } from "../support/run_tests.ts";
import { about, ENGINES_OF, type Seen, SUITES } from "./suites.ts";

/** A line of the table: an engine of one release. */
export interface TableRow {
  readonly engine: string;
  readonly version: string;
  /** Where the engine comes from: `Debian 13`. */
  readonly from: string;
  readonly cells: readonly string[];
  /** The day, `YYYY-MM-DD`. */
  readonly day: string;
}

const HEAD = [
  "engine",
  "version",
  "from",
  "contract suite",
  "transcripts, source",
  "transcripts, executable",
  "seen on",
];

const [BEGIN, END] = ["<!-- begin matrix -->", "<!-- end matrix -->"];

/** The lines that a row of the matrix gives. */
export function tableRows(
  { subject, versions, outcomes }: Seen,
  { from, day }: { readonly from: string; readonly day: string },
): readonly TableRow[] {
  return ENGINES_OF[subject].map((engine) => ({
    engine,
    version: versions[engine] ?? "",
    from,
    cells: SUITES.map((suite) => {
      const outcome = outcomes[suite];
      return outcome === undefined ? "not run" : counts(about(engine, outcome));
    }),
    day,
  }));
}

function counts({ passed, failed, ignored }: Outcome): string {
  const parts = [`${passed.length} passed`];
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  if (ignored.length > 0) parts.push(`${ignored.length} ignored`);
  return parts.join(", ");
}

/** The table as Markdown. */
export function formatTable(rows: readonly TableRow[]): string {
  const lines = rows.map(({ engine, version, from, cells, day }) => [
    engine,
    version,
    from,
    ...cells,
    day,
  ]);
  return [HEAD, HEAD.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/**
 * A page with these rows in its table: in the place of older ones of the same engine from the same
 * release, else behind the others.
 *
 * @throws when the page has no place for the table
 */
export function withRows(page: string, rows: readonly TableRow[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from === -1 || to < from) throw new Error("The page has no place for the table");
  const kept = parseTable(page.slice(from + BEGIN.length, to));
  const isSame = (one: TableRow, other: TableRow): boolean =>
    one.engine === other.engine && one.from === other.from;
  const known = kept.map((row) => rows.find((newer) => isSame(row, newer)) ?? row);
  const added = rows.filter((row) => !kept.some((older) => isSame(row, older)));
  const table = formatTable([...known, ...added]);
  return `${page.slice(0, from + BEGIN.length)}\n\n${table}\n\n${page.slice(to)}`;
}

function parseTable(text: string): readonly TableRow[] {
  const lines = text.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return lines.map((line) => {
    const [engine = "", version = "", from = "", ...rest] = line.split("|").slice(1, -1)
      .map((cell) => cell.trim());
    return { engine, version, from, cells: rest.slice(0, -1), day: rest.at(-1) ?? "" };
  });
}
