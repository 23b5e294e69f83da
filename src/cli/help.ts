/** Builds help texts from the table of commands. */
import {
  type Argument,
  type Command,
  type Flag,
  type Group,
  isGroup,
  longOf,
  type Program,
} from "./grammar.ts";
import { type NamedFlag, namedFlags, type Place } from "./scan.ts";

/** Two columns below a heading. */
interface Section {
  readonly heading: string;
  readonly rows: readonly Row[];
}

type Row = readonly [term: string, about: string];

/** Space before each row, and between its columns. */
const INDENT = 2;
/** With less room for the second column, it goes below the first one. */
const NARROWEST = 24;

/** The help for a place in the table, broken into lines of at most so many columns. */
export function helpText(
  { names, entry }: Place,
  program: Program,
  { columns }: { readonly columns: number },
): string {
  const sections = sectionsOf(entry, program);
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(([term]) => term.length)));
  const examples = Object.entries(entry.examples ?? {});
  const exampleWidth = Math.max(...examples.map(([line]) => line.length));
  const parts = [
    `Usage: ${[program.name, ...names].join(" ")}${aliasesOf(entry)} ${argumentsOf(entry)}`,
    wrap(entry.about, columns).join("\n"),
    ...sections.map((section) => layOut(section, { width, columns })),
    ...examples.length === 0
      ? []
      : [layOut({ heading: "Examples:", rows: examples }, { width: exampleWidth, columns })],
  ];
  return `${parts.join("\n\n")}\n`;
}

function aliasesOf({ aliases = [] }: Command | Group): string {
  return aliases.map((alias) => `|${alias}`).join("");
}

/** The text after the name of a command: `[options] <name>`. */
function argumentsOf(entry: Command | Group): string {
  if (isGroup(entry)) return "[options] [command]";
  return ["[options]", usageOf(entry)].join(" ").trimEnd();
}

/** The arguments of a command as users write them: `<name>`, `[name...]`. */
export function usageOf({ usage, arguments: all }: Command): string {
  return usage ?? Object.values(all).map(argumentTerm).join(" ");
}

function argumentTerm({ name, required, variadic }: Argument): string {
  const text = variadic ? `${name}...` : name;
  return required ? `<${text}>` : `[${text}]`;
}

/** A flag as users write it: `-e, --env <key[=value]>`. */
export function flagTerm({ key, flag }: NamedFlag): string {
  const { short, value } = flag;
  return [
    ...short === undefined ? [] : [`-${short},`],
    longOf(key, flag),
    ...value === undefined ? [] : [`<${value.name}>`],
  ].join(" ");
}

function sectionsOf(entry: Command | Group, program: Program): Section[] {
  const everywhere = namedFlags(program.flags);
  return [
    ...isGroup(entry)
      ? commandSections(entry, entry === program ? program.help : undefined)
      : [...argumentSections(entry), ...flagSections(namedFlags(entry.flags))],
    // Readers of a help look for these last.
    ...everywhere.length === 0
      ? []
      : [{ heading: "Options of every command:", rows: everywhere.map(flagRow) }],
  ];
}

function argumentSections({ arguments: all }: Command): Section[] {
  const rows = Object.values(all).map((each): Row => [
    each.name,
    withFacts(each.about, each),
  ]);
  return rows.length === 0 ? [] : [{ heading: "Arguments:", rows }];
}

function flagSections(flags: readonly NamedFlag[]): Section[] {
  return grouped(flags, { headingOf: ({ flag }) => flag.group ?? "Options:", rowOf: flagRow });
}

function flagRow(named: NamedFlag): Row {
  // Flags without a short form are aligned with the long forms of the others.
  const margin = named.flag.short === undefined ? "    " : "";
  return [margin + flagTerm(named), aboutFlag(named)];
}

/** What a flag does, with its choices and its default. */
export function aboutFlag({ flag }: NamedFlag): string {
  const { about, value, default: standard }: Flag = flag;
  return withFacts(about, { choices: value?.choices, standard });
}

interface Facts {
  readonly choices?: readonly string[] | undefined;
  /** Its default. */
  readonly standard?: string | number | undefined;
}

function withFacts(about: string, { choices, standard }: Facts): string {
  const said = choices === undefined ? about : `${about}: ${inWords(choices)}`;
  return standard === undefined ? said : `${said} (default: ${standard})`;
}

/** `tmux or container`, `auto, always or never`. */
function inWords(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter(Boolean).join(" or ");
}

function commandSections({ commands }: Group, help?: Program["help"]): Section[] {
  const all = Object.entries(commands).map(([name, entry]) => ({
    term: commandTerm(name, entry),
    about: entry.about,
    group: entry.group,
  }));
  if (help !== undefined) all.push({ ...help, term: "help [command]", group: help.group });
  return grouped(all, {
    headingOf: ({ group }) => group ?? "Commands:",
    rowOf: ({ term, about }) => [term, about],
  });
}

/** Every command takes options: repeating that would only take space. */
function commandTerm(name: string, entry: Command | Group): string {
  const words = isGroup(entry) ? ["<command>"] : Object.values(entry.arguments).map(argumentTerm);
  return [`${name}${aliasesOf(entry)}`, ...words].join(" ");
}

/** A section for each heading, in the order of their first rows. */
function grouped<T>(
  all: readonly T[],
  { headingOf, rowOf }: {
    readonly headingOf: (each: T) => string;
    readonly rowOf: (each: T) => Row;
  },
): Section[] {
  const rows = Map.groupBy(all, headingOf);
  return [...rows].map(([heading, group]) => ({ heading, rows: group.map(rowOf) }));
}

interface Layout {
  /** Columns of the first column. */
  readonly width: number;
  /** Columns of both. */
  readonly columns: number;
}

function layOut({ heading, rows }: Section, { width, columns }: Layout): string {
  const begin = " ".repeat(INDENT);
  const left = columns - INDENT - width - INDENT;
  const lines = rows.flatMap(([term, about]) => {
    if (left < NARROWEST) {
      const deep = " ".repeat(3 * INDENT);
      return [begin + term, ...wrap(about, columns - deep.length).map((line) => deep + line)];
    }
    const [first = "", ...others] = wrap(about, left);
    const between = " ".repeat(INDENT + width + INDENT);
    return [
      `${begin}${term.padEnd(width)}${begin}${first}`,
      ...others.map((line) => between + line),
    ];
  });
  return [heading, ...lines].join("\n");
}

/** Lines of at most so many columns; a longer word gets its own line. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
