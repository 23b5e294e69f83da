/** Parses the arguments of the program into what it is to do. */
import type { Context, Reply } from "./command.ts";
import {
  type Command,
  type Flags,
  type GivenFlags,
  isGroup,
  longOf,
  type Program,
  propertyOf,
  type Value,
} from "./grammar.ts";
import { usageError, type Wrong } from "./mistakes.ts";
import { type GivenFlag, scan } from "./scan.ts";
import { type GlobalFlags, PROGRAM } from "./table.ts";

/** A parsed command line: a command to run, or a text that was asked for. */
export type Parsed<Globals> =
  | {
    readonly kind: "run";
    readonly globals: Globals;
    /** Checks the values that a config may contain, too, and loads the command. */
    readonly load: () => Promise<(context: Context) => Reply | Promise<Reply>>;
  }
  | {
    readonly kind: "help";
    /** The text, broken into lines of at most so many columns. */
    readonly text: (columns: number) => Promise<string>;
  }
  | {
    readonly kind: "version";
    /** The names of the flags that were also given. */
    readonly flags: readonly string[];
  };

/**
 * Reads the arguments of kstops.
 *
 * @throws {UsageError} `usage`
 */
export function parse(args: readonly string[]): Parsed<GlobalFlags> {
  return parseWith(PROGRAM, args);
}

/**
 * Reads the arguments of any program. A user who asks for help gets it, whatever else is wrong,
 * except help for an unknown command.
 *
 * @throws {UsageError} `usage`
 */
export function parseWith<G extends Flags>(
  program: Program<G>,
  args: readonly string[],
): Parsed<GivenFlags<G>> {
  const { place, operands, flags, argv, asked, mistake } = scan(args, program);
  const refuse = (wrong: Wrong): never => {
    throw usageError(wrong, { place, program });
  };
  if (asked === "version") return { kind: "version", flags: flags.map(({ key }) => key) };
  if (mistake !== null && (asked === null || mistake.kind === "unknown command")) refuse(mistake);
  const { entry } = place;
  if (asked === "help" || isGroup(entry)) {
    return {
      kind: "help",
      text: async (columns) => {
        const { helpText } = await import("./help.ts");
        return helpText(place, program, { columns });
      },
    };
  }
  const checks: Check[] = [];
  const reading: Reading = { refuse, checkLater: (check) => checks.push(check) };
  const globals = valuesOf(program.flags, flags, reading);
  const given = {
    ...valuesOf(entry.flags, flags, reading),
    ...argumentsOf(entry, operands, reading),
    ...(entry.argv ? { argv } : {}),
  };
  return {
    kind: "run",
    // The values were made from the same flags as the type.
    globals: globals as GivenFlags<G>,
    load: async () => {
      for (const check of checks) await check();
      const run = await entry.load();
      return (context) => run(context, given);
    },
  };
}

type Values = Readonly<Record<string, unknown>>;

type Check = () => Promise<unknown>;

interface Reading {
  readonly refuse: (wrong: Wrong) => never;
  readonly checkLater: (check: Check) => void;
}

/** The values of a table's flags. Flags that were not given and have no default are absent. */
function valuesOf(table: Flags, given: readonly GivenFlag[], reading: Reading): Values {
  const values: Record<string, unknown> = {};
  for (const [key, flag] of Object.entries(table)) {
    const all = given.filter((each) => each.key === key && each.flag === flag)
      .map(({ value }) => flagValue(value, flag.value, { ...reading, what: longOf(key, flag) }));
    const value = flag.repeats && all.length > 0 ? all : all.at(-1) ?? flag.default;
    if (flag.negated) values[propertyOf(key)] = all.length === 0;
    else if (value !== undefined) values[propertyOf(key)] = value;
  }
  return values;
}

interface ReadingOne extends Reading {
  /** The owner of the value: `--lines`, `shell`. */
  readonly what: string;
}

function flagValue(text: string | null, value: Value | undefined, reading: ReadingOne): unknown {
  return value === undefined || text === null ? true : valueOf(text, value, reading);
}

function valueOf(
  text: string,
  { choices, read, rule = "", check }: Value,
  { what, refuse, checkLater }: ReadingOne,
): unknown {
  if (choices !== undefined && !choices.includes(text)) {
    refuse({ kind: "unknown choice", text, what, choices });
  }
  if (check !== undefined) checkLater(async () => (await check())(text));
  const value = read === undefined ? text : read(text);
  return value === null ? refuse({ kind: "refused value", text, what, rule }) : value;
}

function argumentsOf(
  { arguments: table }: Command,
  operands: readonly string[],
  reading: Reading,
): Values {
  const { refuse } = reading;
  const values: Record<string, unknown> = {};
  let left = operands;
  for (const [key, argument] of Object.entries(table)) {
    const { name, required, variadic } = argument;
    const taken = variadic ? left : left.slice(0, 1);
    left = left.slice(taken.length);
    if (taken.length === 0 && required) refuse({ kind: "missing argument", argument });
    const all = taken.map((text) => valueOf(text, argument, { ...reading, what: name }));
    if (variadic) values[key] = all;
    else if (all.length > 0) values[key] = all[0];
  }
  if (left.length > 0) refuse({ kind: "excess argument" });
  return values;
}
