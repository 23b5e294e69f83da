/**
 * Answers a shell that asks what may come next (`kstops __complete`, which only the scripts in
 * `completions/` call). Users notice every millisecond between a key and its answer, so engines are
 * only asked for sessions.
 */
import type { World } from "../world/world.ts";
import { type Candidate, known } from "./completions/known.ts";
import { readLine, typed, unquoted } from "./completions/words.ts";
import { isGroup, longOf, type Program, type Value } from "./grammar.ts";
import { flagsAt, flagsIn, type Line, type NamedFlag, scan } from "./scan.ts";
import { PROGRAM } from "./table.ts";

/**
 * The answer to a shell, which is data and never code. It is empty when there is nothing to offer,
 * for whatever reason. Otherwise its first line has three fields with tabs between them: `words`,
 * `files` or `directories`; the beginning of the current word that is in no candidate, such as
 * `--backend=`; and what the words are. Every further line is a word:
 *
 * - for bash the text that replaces what bash holds for the word;
 * - for zsh `word:about`, with a backslash before `:` and `\` of the word, without the beginning;
 * - for fish the word, a tab, `about`.
 *
 * @param args `bash LINE WORD` (all up to the cursor), `zsh WORD...`, `fish WORD...`
 */
export async function answer(
  args: readonly string[],
  world: World,
  program: Program = PROGRAM,
): Promise<string> {
  const question = questionOf(args);
  if (question === null) return "";
  try {
    const found = question.isFile
      ? paths("files")
      : await possibilities(question, scan(question.words, program), world);
    const head = [found.kind, found.prefix, found.title].join("\t");
    if (found.kind !== "words") return `${head}\n`;
    const lines = linesOf(question, found);
    return lines.length === 0 ? "" : [head, ...lines, ""].join("\n");
  } catch {
    // A key without effect says enough: an error message would break the prompt.
    return "";
  }
}

interface Question {
  readonly shell: "bash" | "zsh" | "fish";
  /** The words between the program and the cursor. */
  readonly words: readonly string[];
  /** The part of the current word before the cursor. */
  readonly current: string;
  /** That part as typed, with its quotes, and what bash holds for its end. */
  readonly typed: { readonly all: string; readonly end: string };
  /** Whether a file name is wanted, whatever the command. */
  readonly isFile: boolean;
}

function questionOf([shell, ...rest]: readonly string[]): Question | null {
  switch (shell) {
    case "bash": {
      const [text = "", end = ""] = rest;
      const { words: [, ...words], current: all, redirection } = readLine(text);
      const current = unquoted(all).value;
      return { shell, words, current, typed: { all, end }, isFile: redirection };
    }
    case "zsh":
    case "fish": {
      // fish has unquoted all words but the last one.
      const words = rest.map((word, index) =>
        shell === "fish" && index < rest.length - 1 ? word : unquoted(word).value
      );
      const current = words.pop() ?? "";
      return { shell, words, current, typed: { all: current, end: "" }, isFile: false };
    }
    default:
      return null;
  }
}

// --- what may come -------------------------------------------------------------------------------

/** What may come next: words of ours, or paths, which the shell completes better. */
interface Candidates {
  readonly kind: "words" | "files" | "directories";
  /** What they are. */
  readonly title: string;
  /** The beginning of the current word that is in no candidate, such as `--backend=`. */
  readonly prefix: string;
  readonly all: readonly Candidate[];
}

function words(title: string, all: readonly Candidate[], prefix = ""): Candidates {
  return { kind: "words", title, prefix, all };
}

function paths(kind: "files" | "directories", prefix = ""): Candidates {
  return { kind, title: "", prefix, all: [] };
}

async function possibilities(
  { current }: Question,
  line: Line,
  world: World,
): Promise<Candidates> {
  const { program, place, operands, open, hasDashes, mistake } = line;
  const { entry } = place;
  if (hasDashes && !isGroup(entry) && entry.argv) return paths("files");
  if (open !== null && !hasDashes) {
    return await valuesOf(open.flag.value, { line, world, prefix: "", current });
  }
  if (current.startsWith("-") && !hasDashes) {
    const glued = gluedValue(current, flagsAt(place, program));
    if (glued === null) return words("flag", unusedFlags(line));
    const typed = current.slice(glued.prefix.length);
    return await valuesOf(glued.value, { line, world, prefix: glued.prefix, current: typed });
  }
  // The arguments of an unknown command are unknown.
  if (mistake?.kind === "unknown command") return words("value", []);
  if (isGroup(entry)) return words("command", commandsOf(line));
  const all = Object.values(entry.arguments);
  const last = all.at(-1);
  const argument = all[operands.length] ?? (last?.variadic ? last : undefined);
  return await valuesOf(argument, { line, world, prefix: "", current });
}

function commandsOf({ program, place: { entry }, asked }: Line): Candidate[] {
  if (!isGroup(entry)) return [];
  const all = Object.entries(entry.commands);
  const hasHelp = entry === program && asked === null;
  return [...all, ...hasHelp ? [["help", program.help] as const] : []]
    .map(([value, { about }]) => ({ value, about }));
}

/**
 * Each flag in its short and its long form. A flag that counts only once is left out when it is
 * already there.
 */
function unusedFlags({ program, place, flags }: Line): Candidate[] {
  return flagsAt(place, program)
    .filter(({ key, flag }) => flag.repeats || !flags.some((given) => given.key === key))
    .flatMap(({ key, flag }) => {
      const { short, about } = flag;
      const names = [...short === undefined ? [] : [`-${short}`], longOf(key, flag)];
      return names.map((value) => ({ value, about }));
    });
}

interface Wanted {
  readonly line: Line;
  readonly world: World;
  readonly prefix: string;
  /** The typed part of the value. */
  readonly current: string;
}

async function valuesOf(
  value: Value | undefined,
  { line, world, prefix, current }: Wanted,
): Promise<Candidates> {
  if (current.startsWith("@") && (value?.kind === "session" || value?.kind === "defined session")) {
    const { title, all } = await known("group", line, world);
    return words(title, all, prefix);
  }
  if (value?.choices !== undefined) {
    return words("value", value.choices.map((word) => ({ value: word, about: "" })), prefix);
  }
  const kind = value?.kind;
  if (kind === undefined) return words("value", []);
  if (kind === "file") return paths("files", prefix);
  if (kind === "directory") return paths("directories", prefix);
  const { title, all } = await known(kind, line, world);
  return words(title, all, prefix);
}

/** The value that is typed into the same word as its flag. */
function gluedValue(
  current: string,
  known: readonly NamedFlag[],
): { readonly value: Value; readonly prefix: string } | null {
  const last = flagsIn(current, known).given.at(-1);
  if (last?.flag.value === undefined || last.value === null) return null;
  const prefix = current.slice(0, current.length - last.value.length);
  return { value: last.flag.value, prefix };
}

// --- the answer ----------------------------------------------------------------------------------

function linesOf(question: Question, { prefix, all }: Candidates): string[] {
  const { shell, current } = question;
  switch (shell) {
    case "bash":
      return all.map(({ value }) => prefix + value)
        .filter((word) => word.startsWith(current))
        .flatMap((word) => remainder(word, question));
    case "zsh":
      return all.map(({ value, about }) =>
        [value.replaceAll(/[\\:]/g, "\\$&"), ...(about === "" ? [] : [about])].join(":")
      );
    case "fish":
      // fish does not quote a tilde at the beginning (3.6), and would insert a home directory.
      return all.map(({ value, about }) => `${prefix}${value}\t${about}`)
        .filter((line) => !line.startsWith("~"));
  }
}

/**
 * The text that replaces the part of the word that bash's line editor holds. This part begins
 * behind an open quote, or behind the last of certain marks (`COMP_WORDBREAKS`).
 */
function remainder(word: string, { typed: { all, end } }: Question): string[] {
  const kept = unquoted(all.endsWith(end) ? all.slice(0, all.length - end.length) : "");
  return word.startsWith(kept.value) ? [typed(word.slice(kept.value.length), kept.open)] : [];
}
