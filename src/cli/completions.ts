/**
 * Answers a shell that asks what may come next (`kstops __complete`, which only the scripts in
 * `completions/` call). Between a key and its answer every millisecond shows, so neither commander
 * nor, without a session to look for, any engine has a part in it.
 */
import { escapeControls } from "../errors.ts";
import { BACKENDS, RUNTIMES, type SessionState, type SessionStatus } from "../model.ts";
import type { Listing } from "../sessions.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import type { World } from "../world.ts";
import table from "./completions/table.json" with { type: "json" };
import type { Entry, Flag, Value } from "./completions/table.ts";
import { readLine, typed, unquoted } from "./completions/words.ts";

/** How long engines are waited for. */
const PATIENCE_MS = 1000;

/** The states in which a session is one for a command; for those that are not here, it always is. */
const STATES: Readonly<Record<string, readonly SessionState[]>> = {
  start: ["defined", "exited", "stopped"],
  attach: ["running"],
};

/**
 * The answer to a shell, which is data to it and never code. Nothing, when there is nothing to say,
 * whatever the reason. Else the first line has three fields with tabs between them: `words`, `files`
 * or `directories`; the beginning of the current word that belongs to no candidate, such as
 * `--backend=`; and what the words are. Every further line is a word:
 *
 * - for bash what is to be typed in place of what bash holds for the word;
 * - for zsh `word:about`, with a backslash before `:` and `\` of the word, without the beginning;
 * - for fish the word, a tab, `about`.
 *
 * @param args `bash LINE WORD` (all up to the cursor), `zsh WORD...`, `fish WORD...`
 */
export async function answer(args: readonly string[], world: World): Promise<string> {
  const question = questionOf(args);
  if (question === null) return "";
  try {
    const found = question.isFile ? paths("files") : await possibilities(question, world);
    const head = [found.kind, found.prefix, found.title].join("\t");
    if (found.kind !== "words") return `${head}\n`;
    const lines = linesOf(question, found);
    return lines.length === 0 ? "" : [head, ...lines, ""].join("\n");
  } catch {
    // A key that was pressed in vain says enough: an error message would tear the prompt apart.
    return "";
  }
}

interface Question {
  readonly shell: "bash" | "zsh" | "fish";
  /** The words between the program and the cursor. */
  readonly words: readonly string[];
  /** The word at the cursor, up to it. */
  readonly current: string;
  /** That word with the quotes that were typed, and what bash holds for its end. */
  readonly typed: { readonly all: string; readonly end: string };
  /** Whether a file name is wanted whatever the command. */
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

/** One thing that may come next. */
interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** What may come next: words of ours, or paths, which the shell knows better. */
interface Candidates {
  readonly kind: "words" | "files" | "directories";
  /** What they are. */
  readonly title: string;
  /** The beginning of the current word that belongs to none of them, such as `--backend=`. */
  readonly prefix: string;
  readonly all: readonly Candidate[];
}

function words(title: string, all: readonly Candidate[], prefix = ""): Candidates {
  return { kind: "words", title, prefix, all };
}

function paths(kind: "files" | "directories", prefix = ""): Candidates {
  return { kind, title: "", prefix, all: [] };
}

async function possibilities(question: Question, world: World): Promise<Candidates> {
  const { current } = question;
  const place = placeOf(question.words);
  const { entry, pending, isBehindDashes } = place;
  if (isBehindDashes && entry.program) return paths("files");
  if (pending !== null) return await valuesOf(pending, { place, world, prefix: "" });
  if (current.startsWith("-") && !isBehindDashes) {
    const glued = gluedValue(current, flagsAt(place));
    if (glued === null) return words("flag", unusedFlags(place));
    return await valuesOf(glued.value, { place, world, prefix: glued.prefix });
  }
  if (entry.commands.length > 0) return words("command", commandsOf(entry));
  const last = entry.arguments.at(-1);
  const argument = entry.arguments[place.operands.length] ?? (last?.repeats ? last : undefined);
  return await valuesOf(argument?.value ?? "text", { place, world, prefix: "" });
}

function commandsOf({ commands }: Entry): Candidate[] {
  return commands.flatMap(({ names: [value], about }) =>
    value === undefined ? [] : { value, about }
  );
}

function unusedFlags(place: Place): Candidate[] {
  return flagsAt(place)
    .filter((flag) => flag.repeats || !place.flags.has(flag))
    .flatMap(({ names, about }) => names.map((value) => ({ value, about })));
}

async function valuesOf(
  value: Value,
  { place, world, prefix }: { place: Place; world: World; prefix: string },
): Promise<Candidates> {
  switch (value) {
    case "file":
      return paths("files", prefix);
    case "directory":
      return paths("directories", prefix);
    case "text":
      return words("value", []);
    case "command":
      return words("command", commandsOf(PROGRAM), prefix);
    case "socket":
      return words("socket", await sockets(place, world), prefix);
    case "session":
      return words("session", await sessions(place, world), prefix);
    default:
      return words("value", value.map((word) => ({ value: word, about: "" })), prefix);
  }
}

// --- where the cursor is -------------------------------------------------------------------------

/** What the words before the cursor come to. */
interface Place {
  /** The program, its command, the command's command. */
  readonly entries: readonly Entry[];
  /** The last of those. */
  readonly entry: Entry;
  readonly operands: readonly string[];
  /** The flags that were given, with their last value. */
  readonly flags: ReadonlyMap<Flag, string>;
  /** The value that the last flag still needs. */
  readonly pending: Value | null;
  readonly isBehindDashes: boolean;
}

const PROGRAM = table as Entry;
/** Not a command: nothing is known of its arguments. */
const UNKNOWN: Entry = { names: [], about: "", arguments: [], flags: [], commands: [] };

function placeOf(words: readonly string[]): Place {
  const cut = words.indexOf("--");
  const isBehindDashes = cut !== -1;
  const entries = [PROGRAM];
  let entry = PROGRAM;
  let operands: string[] = [];
  const flags = new Map<Flag, string>();
  let open: Flag | null = null;
  for (const word of isBehindDashes ? words.slice(0, cut) : words) {
    if (open !== null) {
      flags.set(open, word);
      open = null;
    } else if (word.startsWith("-") && word !== "-") {
      const known = entries.flatMap((each) => each.flags);
      for (const { flag, value } of givenFlags(word, known)) {
        flags.set(flag, value ?? "");
        if (flag.value !== undefined && value === null) open = flag;
      }
    } else if (entry.commands.length > 0) {
      entry = entry.commands.find(({ names }) => names.includes(word)) ?? UNKNOWN;
      entries.push(entry);
      operands = [];
    } else {
      operands.push(word);
    }
  }
  if (isBehindDashes) operands.push(...words.slice(cut + 1));
  const pending = isBehindDashes ? null : open?.value ?? null;
  return { entries, entry, operands, flags, pending, isBehindDashes };
}

function flagsAt({ entries }: Place): Flag[] {
  const seen = new Set<string>();
  // A command's own flags first; what it shares with the program (--help) once.
  return entries.toReversed().flatMap(({ flags }) => flags).filter(({ names }) => {
    const isNew = names.every((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    return isNew;
  });
}

interface GivenFlag {
  readonly flag: Flag;
  /** Null where it does not stand in the same word. */
  readonly value: string | null;
}

/** The flags in a word: `--backend`, `--backend=tmux`, `-b`, `-btmux`, `-qb`. */
function givenFlags(word: string, known: readonly Flag[]): GivenFlag[] {
  const named = (name: string): Flag | undefined => known.find(({ names }) => names.includes(name));
  if (word.startsWith("--")) {
    const equals = word.indexOf("=");
    const flag = named(equals === -1 ? word : word.slice(0, equals));
    return flag === undefined
      ? []
      : [{ flag, value: equals === -1 ? null : word.slice(equals + 1) }];
  }
  const given: GivenFlag[] = [];
  for (let at = 1; at < word.length; at++) {
    const flag = named(`-${word.charAt(at)}`);
    if (flag === undefined) return given;
    const rest = word.slice(at + 1);
    const takesRest = flag.value !== undefined && rest !== "";
    given.push({ flag, value: takesRest ? rest : null });
    if (takesRest) return given;
  }
  return given;
}

/** The value that is being typed into the same word as its flag. */
function gluedValue(
  current: string,
  known: readonly Flag[],
): { readonly value: Value; readonly prefix: string } | null {
  const last = givenFlags(current, known).at(-1);
  if (last?.flag.value === undefined || last.value === null) return null;
  const prefix = current.slice(0, current.length - last.value.length);
  return { value: last.flag.value, prefix };
}

// --- what engines know ---------------------------------------------------------------------------

async function sessions(place: Place, world: World): Promise<Candidate[]> {
  const { entry, operands, isBehindDashes, flags } = place;
  if ([...flags.keys()].some(({ names }) => names.includes("--all"))) return [];
  const states = STATES[entry.names[0] ?? ""];
  const { statuses } = await listing(place, world);
  const about = new Map<string, string>();
  for (const status of statuses) {
    const { name, state } = status;
    if (name === null || !isSayable(name) || operands.includes(name)) continue;
    // Before `--` it would be read as a flag.
    if (name.startsWith("-") && !isBehindDashes) continue;
    if (states !== undefined && !states.includes(state)) continue;
    const before = about.get(name);
    about.set(name, before === undefined ? aboutOf(status) : `${before}; ${aboutOf(status)}`);
  }
  return [...about].map(([value, text]) => ({ value, about: text }));
}

function aboutOf({ state, engine, socketName }: SessionStatus): string {
  const where = socketName === null || socketName === "default" ? "" : `, socket ${socketName}`;
  return `${state}${engine === null ? "" : `, ${engine}`}${where}`;
}

/** The sockets of sessions that are there or defined, and those that do not answer. */
async function sockets(place: Place, world: World): Promise<Candidate[]> {
  // The flag whose value is sought must not narrow the search.
  const flags = new Map([...place.flags].filter(([{ names }]) => names.includes("--config")));
  const { statuses } = await listing({ ...place, flags }, world);
  const names = statuses.flatMap(({ socketName }) => socketName ?? []).filter(isSayable);
  return [...new Set(names)].sort().map((value) => ({ value, about: "" }));
}

/** Whether it can be shown and typed as it is. */
function isSayable(name: string): boolean {
  return name !== "" && escapeControls(name) === name;
}

async function listing(place: Place, world: World): Promise<Listing> {
  const [{ loadConfig }, { definedSessions }, { sessionsOf }, { logStore }] = await Promise.all([
    import("../config/load.ts"),
    import("../config/defined.ts"),
    import("../sessions.ts"),
    import("../logs/store.ts"),
  ]);
  const hurried = withPatience(world);
  const named = flagValue(place, "--config");
  const config = await loadConfig(hurried, named === undefined ? null : fromHome(named, world));
  // Somebody who only looks around in a directory must not run a program that a file there names.
  const isHere = config.directory === world.workingDirectory();
  const logs = logStore(hurried, () => {});
  const tmuxBinary = isHere ? "tmux" : config.settings.tmuxBinary;
  const backend = flagValue(place, "--backend");
  const socket = flagValue(place, "--socket");
  const runtime = flagValue(place, "--runtime");
  return await sessionsOf(hurried, { tmuxBinary, logs }, definedSessions(config)).list({
    backend: BACKENDS.find((each) => each === backend),
    socketName: socket === undefined ? undefined : validateSocketName(socket),
    runtime: RUNTIMES.find((each) => each === runtime),
  });
}

function flagValue({ flags }: Place, long: string): string | undefined {
  return [...flags].find(([{ names }]) => names.includes(long))?.[1];
}

/** The world of somebody who waits for an answer: all calls together get no more than a moment. */
function withPatience(world: World): World {
  const deadline = world.now().getTime() + PATIENCE_MS;
  return {
    ...world,
    exec: (argv, options) => {
      const leftMs = Math.max(1, deadline - world.now().getTime());
      return world.exec(argv, { ...options, timeoutMs: Math.min(options.timeoutMs, leftMs) });
    },
  };
}

/** A path as a shell would have read it. */
function fromHome(path: string, world: World): string {
  const home = world.env("HOME");
  return home !== undefined && /^~(\/|$)/.test(path) ? home + path.slice(1) : path;
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
      // It does not quote a tilde at the beginning (fish 3.6), and would insert somebody's home.
      return all.map(({ value, about }) => `${prefix}${value}\t${about}`)
        .filter((line) => !line.startsWith("~"));
  }
}

/**
 * What stands instead of that part of the word that bash's line editor means to replace. It begins
 * behind an open quote, or behind the last of certain marks (`COMP_WORDBREAKS`).
 */
function remainder(word: string, { typed: { all, end } }: Question): string[] {
  const kept = unquoted(all.endsWith(end) ? all.slice(0, all.length - end.length) : "");
  return word.startsWith(kept.value) ? [typed(word.slice(kept.value.length), kept.open)] : [];
}
