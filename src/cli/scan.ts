/**
 * Sorts the words of a command line into commands, arguments, flags and their values. It never
 * fails, since a shell that asks what may come next has unfinished lines.
 *
 * Words are read as getopt_long(3) reads them: `--flag value`, `--flag=value`, `-n 5`, `-n5`,
 * `-qf`, flags and arguments in any order, a value that begins with a dash. Two things differ: long
 * flags cannot be abbreviated, and the first `--` ends the flags even if one still waits for its
 * value.
 */
import {
  type Command,
  type Flag,
  type Flags,
  type Group,
  isGroup,
  longOf,
  type Program,
  type Question,
} from "./grammar.ts";

/** A place in the table. */
export interface Place {
  /** The words of the command in the table; empty: the program. */
  readonly names: readonly string[];
  readonly entry: Command | Group;
}

/** A flag with its long name. */
export interface NamedFlag {
  readonly key: string;
  readonly flag: Flag;
}

/** A flag in a line. */
export interface GivenFlag extends NamedFlag {
  /** Null: it takes none, or it is missing. */
  readonly value: string | null;
}

/** A mistake in the words, whatever they mean. */
export type Mistake =
  | { readonly kind: "unknown command"; readonly word: string; readonly at: Place }
  | { readonly kind: "unknown flag"; readonly name: string }
  | { readonly kind: "unwanted value"; readonly word: string; readonly long: string }
  | { readonly kind: "missing value"; readonly long: string };

/** A command line, sorted. */
export interface Line {
  readonly program: Program;
  readonly place: Place;
  readonly operands: readonly string[];
  /** In their order. */
  readonly flags: readonly GivenFlag[];
  /** The command line behind `--`, for a command that takes one. */
  readonly argv: readonly string[] | null;
  /** The text that is asked for, instead of running the command. */
  readonly asked: Question | null;
  /** The first mistake. */
  readonly mistake: Mistake | null;
  /** The flag at the end that still waits for its value. */
  readonly open: NamedFlag | null;
  readonly hasDashes: boolean;
}

/** Reads the words after the program's name. */
export function scan(words: readonly string[], program: Program): Line {
  let cut = words.length;
  let place: Place = { names: [], entry: program };
  let asked: Question | null = null;
  let mistake: Mistake | null = null;
  let open: NamedFlag | null = null;
  const operands: string[] = [];
  const flags: GivenFlag[] = [];

  const readOperand = (word: string): void => {
    const { names, entry } = place;
    if (!isGroup(entry)) {
      operands.push(word);
    } else if (word === "help" && entry === program) {
      asked ??= "help";
    } else {
      const found = commandIn(entry, word);
      if (found !== null) place = { names: [...names, found.name], entry: found.entry };
      else mistake ??= { kind: "unknown command", word, at: place };
    }
  };
  /** Returns the flag whose value is the next word. */
  const readFlags = (word: string): NamedFlag | null => {
    const { given, wrong } = flagsIn(word, flagsAt(place, program));
    if (wrong !== null) mistake ??= wrong;
    for (const each of given) {
      if (each.flag.asks !== undefined) asked ??= each.flag.asks;
      else if (each.flag.value !== undefined && each.value === null) return each;
      else flags.push(each);
    }
    return null;
  };

  for (const [index, word] of words.entries()) {
    if (open === null && isRest(place, operands.length)) {
      operands.push(word);
    } else if (word === "--") {
      cut = index;
      break;
    } else if (open !== null) {
      flags.push({ ...open, value: word });
      open = null;
    } else if (isFlag(word)) {
      open = readFlags(word);
    } else {
      readOperand(word);
    }
  }
  if (open !== null) {
    mistake ??= { kind: "missing value", long: longOf(open.key, open.flag) };
  }
  const hasDashes = cut < words.length;
  const tail = words.slice(cut + 1);
  const isTailOwn = !isGroup(place.entry) && place.entry.argv === true;
  if (!isTailOwn) tail.forEach(readOperand);
  const argv = isTailOwn && hasDashes ? tail : null;
  return { program, place, operands, flags, argv, asked, mistake, open, hasDashes };
}

/** Whether all further words are arguments, whatever they look like. */
function isRest({ entry }: Place, operands: number): boolean {
  return !isGroup(entry) && entry.rest !== undefined && operands >= entry.rest;
}

/** A single `-` is by custom an argument: standard input. */
function isFlag(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

function commandIn(
  { commands }: Group,
  word: string,
): { readonly name: string; readonly entry: Command | Group } | null {
  for (const [name, entry] of Object.entries(commands)) {
    if (name === word || entry.aliases?.includes(word)) return { name, entry };
  }
  return null;
}

/** The flags that are allowed at a place: the command's own, then those of every command. */
export function flagsAt({ entry }: Place, program: Program): readonly NamedFlag[] {
  return [...isGroup(entry) ? [] : namedFlags(entry.flags), ...namedFlags(program.flags)];
}

/** A table of flags as a list. */
export function namedFlags(flags: Flags): NamedFlag[] {
  return Object.entries(flags).map(([key, flag]) => ({ key, flag }));
}

/**
 * The flags in a word: `--backend`, `--backend=tmux`, `-b`, `-btmux`, `-qb`. Nothing behind a
 * mistake is read.
 */
export function flagsIn(
  word: string,
  known: readonly NamedFlag[],
): { readonly given: readonly GivenFlag[]; readonly wrong: Mistake | null } {
  return word.startsWith("--") ? longFlagIn(word, known) : shortFlagsIn(word, known);
}

function longFlagIn(word: string, known: readonly NamedFlag[]): ReturnType<typeof flagsIn> {
  const equals = word.indexOf("=");
  const long = equals === -1 ? word : word.slice(0, equals);
  const value = equals === -1 ? null : word.slice(equals + 1);
  const found = known.find(({ key, flag }) => longOf(key, flag) === long);
  if (found === undefined) return { given: [], wrong: { kind: "unknown flag", name: long } };
  if (value !== null && found.flag.value === undefined) {
    return { given: [], wrong: { kind: "unwanted value", word, long } };
  }
  return { given: [{ ...found, value }], wrong: null };
}

function shortFlagsIn(word: string, known: readonly NamedFlag[]): ReturnType<typeof flagsIn> {
  const given: GivenFlag[] = [];
  let rest = word.slice(1);
  while (rest !== "") {
    // A letter may be two code units long.
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    rest = rest.slice(letter.length);
    const found = known.find(({ flag }) => flag.short === letter);
    if (found === undefined) return { given, wrong: { kind: "unknown flag", name: `-${letter}` } };
    const takesRest = found.flag.value !== undefined && rest !== "";
    given.push({ ...found, value: takesRest ? rest : null });
    if (takesRest) break;
  }
  return { given, wrong: null };
}
