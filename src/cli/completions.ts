/**
 * Answers a shell that asks what may come next (`kstops __complete`, which only the scripts in
 * `completions/` call). Between a key and its answer every millisecond shows, so without a session to
 * look for no engine has a part in it.
 */
import type { Config } from "../config/config.ts";
import { escapeControls } from "../errors.ts";
import {
  BACKENDS,
  type OperationState,
  RUNTIMES,
  type SessionState,
  type SessionStatus,
} from "../model.ts";
import type { Listing } from "../sessions/sessions.ts";
import type { World } from "../world/world.ts";
import { readLine, typed, unquoted } from "./completions/words.ts";
import { isGroup, longOf, type Program, type Value } from "./grammar.ts";
import { flagsAt, flagsIn, type Line, type NamedFlag, scan } from "./scan.ts";
import { PROGRAM } from "./table.ts";

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
  // Nothing is known of what another command takes.
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

/** Each flag in its short and its long form; one that counts only once, while it is not there. */
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
  /** What is there of the value. */
  readonly current: string;
}

async function valuesOf(
  value: Value | undefined,
  { line, world, prefix, current }: Wanted,
): Promise<Candidates> {
  if (current.startsWith("@") && (value?.kind === "session" || value?.kind === "defined session")) {
    return words("group", await groups(line, world), prefix);
  }
  if (value?.choices !== undefined) {
    return words("value", value.choices.map((word) => ({ value: word, about: "" })), prefix);
  }
  switch (value?.kind) {
    case "file":
      return paths("files", prefix);
    case "directory":
      return paths("directories", prefix);
    case "socket":
      return words("socket", await sockets(line, world), prefix);
    case "owner":
      return words("project", await owners(line, world), prefix);
    case "session":
      return words("session", await sessions(line, world), prefix);
    case "defined session":
      return words("session", await definedSessions(line, world), prefix);
    case "image":
      return words("image", await images(line, world), prefix);
    case "operation":
      return words("operation", await operations(world), prefix);
    case "waiting operation":
      return words("operation", await operations(world, "input_required"), prefix);
    case undefined:
      return words("value", []);
  }
}

/** The value that is being typed into the same word as its flag. */
function gluedValue(
  current: string,
  known: readonly NamedFlag[],
): { readonly value: Value; readonly prefix: string } | null {
  const last = flagsIn(current, known).given.at(-1);
  if (last?.flag.value === undefined || last.value === null) return null;
  const prefix = current.slice(0, current.length - last.value.length);
  return { value: last.flag.value, prefix };
}

// --- what the config knows -----------------------------------------------------------------------

/** The sessions of the config; no engine is asked. */
async function definedSessions(line: Line, world: World): Promise<Candidate[]> {
  const { sessions } = await configFor(line, world);
  return [...sessions.keys()]
    .filter((name) => isSayable(name) && (line.hasDashes || !name.startsWith("-")))
    .map((value) => ({ value, about: "" }));
}

/** The groups of the config, each with the sessions that are in it. */
async function groups(line: Line, world: World): Promise<Candidate[]> {
  const { sessions } = await configFor(line, world);
  const all = [...sessions.values()].flatMap((entry) => {
    const { groups } = entry.kind === "usable" ? entry.settings : entry;
    return groups.map((group) => ({ group, name: entry.name }));
  });
  return [...Map.groupBy(all, ({ group }) => group)]
    .map(([group, members]) => ({
      value: `@${group}`,
      about: members.map(({ name }) => name).join(", "),
    }));
}

/** The images of the config, each with the sessions that it is for. */
async function images(line: Line, world: World): Promise<Candidate[]> {
  const [{ sessions }, { hasVariables }] = await Promise.all([
    configFor(line, world),
    import("../config/interpolate.ts"),
  ]);
  const usable = [...sessions.values()].flatMap((entry) => {
    const image = entry.kind === "usable" ? entry.settings.image : null;
    // What a variable stands for may be secret, and a flag would not be filled in.
    return image === null || hasVariables(image) ? [] : [{ name: entry.name, image }];
  });
  return [...Map.groupBy(usable, ({ image }) => image)]
    .map(([value, all]) => ({ value, about: all.map(({ name }) => name).join(", ") }));
}

// --- what engines know ---------------------------------------------------------------------------

async function sessions(line: Line, world: World): Promise<Candidate[]> {
  const { place, operands, hasDashes, flags, open } = line;
  const isException = open?.key === "except";
  if (flags.some(({ key }) => key === "all") && !isException) return [];
  const states = STATES[place.names.join(" ")];
  const { statuses } = await listing(line, world);
  const about = new Map<string, string>();
  for (const status of statuses) {
    const { name, state } = status;
    if (name === null || !isSayable(name) || operands.includes(name)) continue;
    // Before `--` it would be read as a flag.
    if (name.startsWith("-") && !hasDashes) continue;
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

/** How many operations are offered: nobody looks for an older one by its ID. */
const OFFERED_OPERATIONS = 50;

/** The IDs of the newest operations. Where nothing is recorded, nothing is made for it. */
async function operations(world: World, state?: OperationState): Promise<Candidate[]> {
  const [{ stateDirectory }, { OperationStore }] = await Promise.all([
    import("../logs/store.ts"),
    import("../operations/store.ts"),
  ]);
  const store = await OperationStore.toLookAt(world, stateDirectory(world));
  const found = store?.list({ state, limit: OFFERED_OPERATIONS }) ?? [];
  return found.map(({ id, kind, session, state }) => ({
    value: id,
    about: escapeControls([kind, ...(session === null ? [] : [session]), state].join(" ")),
  }));
}

/** The sockets of sessions that are there or defined, and those that do not answer. */
async function sockets(line: Line, world: World): Promise<Candidate[]> {
  // The flag whose value is sought must not narrow the search.
  const flags = line.flags.filter(({ key }) => key === "config");
  const { statuses } = await listing({ ...line, flags }, world);
  const names = statuses.flatMap(({ socketName }) => socketName ?? []).filter(isSayable);
  return [...new Set(names)].sort().map((value) => ({ value, about: "" }));
}

/** The projects of sessions that are there, or their configs where these name none. */
async function owners(line: Line, world: World): Promise<Candidate[]> {
  const [{ statuses }, { ownerName }] = await Promise.all([
    listing(line, world),
    import("../owner.ts"),
  ]);
  const named = statuses.filter(({ name, state }) =>
    state !== "defined" && (line.operands.length === 0 || line.operands.includes(name ?? ""))
  );
  const names = named.map(ownerName).filter(isSayable);
  return [...new Set(names)].sort().map((value) => ({ value, about: "" }));
}

/** Whether it can be shown and typed as it is. */
function isSayable(name: string): boolean {
  return name !== "" && escapeControls(name) === name;
}

async function listing(line: Line, world: World): Promise<Listing> {
  const [{ sessionsOf }, { logStore }] = await Promise.all([
    import("../sessions/machine.ts"),
    import("../logs/store.ts"),
  ]);
  const hurried = withPatience(world);
  let config: Promise<Config> | null = null;
  const settings = {
    config: () => config ??= configFor(line, hurried),
    logs: logStore(hurried, () => {}),
  };
  const backend = flagValue(line, "backend");
  const socket = flagValue(line, "socket");
  const runtime = flagValue(line, "runtime");
  return await sessionsOf(hurried, settings).list({
    backend: BACKENDS.find((each) => each === backend),
    socketName: socket === undefined
      ? undefined
      : (await import("../validate/socket_name.ts")).validateSocketName(socket),
    runtime: RUNTIMES.find((each) => each === runtime),
  });
}

/** The config that the line names, or that is found. */
async function configFor(line: Line, world: World): Promise<Config> {
  const [{ directoryOf }, { loadConfig }] = await Promise.all([
    import("../config/config.ts"),
    import("../config/load.ts"),
  ]);
  const named = flagValue(line, "config");
  const config = await loadConfig(world, named === undefined ? null : fromHome(named, world));
  // Somebody who only looks around in a directory must not run a program that a file there names.
  const isHere = config.path !== null && directoryOf(config.path) === world.workingDirectory();
  return isHere ? { ...config, settings: { ...config.settings, tmuxBinary: "tmux" } } : config;
}

function flagValue({ flags }: Line, wanted: string): string | undefined {
  return flags.findLast(({ key }) => key === wanted)?.value ?? undefined;
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
