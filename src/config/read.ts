/** From the tree of a config to its settings and sessions, with everything that is wrong. Pure. */
import { SessionConfigError } from "../errors.ts";
import { closest } from "../suggest.ts";
import { validateCommand } from "../validate/command.ts";
import { validateEnv } from "../validate/env.ts";
import { validateSessionName } from "../validate/name.ts";
import {
  absolutePath,
  type Config,
  directoryOf,
  type InvalidEntry,
  type Path,
  type Problem,
  type SessionEntry,
  type SessionSettings,
  type Settings,
  type UsableEntry,
} from "./config.ts";
import {
  hasVariables,
  interpolate,
  type Lookup,
  maskVariables,
  type Mistake,
  spellingMistakes,
} from "./interpolate.ts";
import {
  FILLED_AT_START,
  type Key,
  type Keys,
  mistakeOf,
  mistakesOf,
  OPS_KEYS,
  SESSION_KEYS,
  TOP_KEYS,
  type Values,
} from "./keys.ts";
import { nodeAt, type Sources } from "./sources.ts";
import {
  type Entry,
  type Fault,
  type MapNode,
  MAX_FAULTS,
  type Node,
  TOO_MANY_FAULTS,
  type Tree,
} from "./yaml.ts";

/** Sessions of one config. */
export const MAX_SESSIONS = 10_000;

/** What one file says by itself. */
export interface FileContents {
  /** With the key `ops`, or none; null: the file says nothing, or cannot be read. */
  readonly root: MapNode | null;
  readonly includes: readonly Include[];
  readonly faults: readonly Fault[];
}

/** Another file that one includes. */
export interface Include {
  readonly at: number;
  /** Of the key in the file, for messages. */
  readonly path: Path;
  /** As written, with its variables filled in. */
  readonly file: string;
}

/** What there is to know for reading. */
export interface Context {
  readonly lookup: Lookup;
  readonly defaults: Settings;
  readonly sources: Sources;
}

/**
 * Reads the top of one file.
 *
 * @param foreignKeys whether top-level keys other than ours belong to someone else
 */
export function readFile(
  tree: Tree,
  { lookup, foreignKeys }: { lookup: Lookup; foreignKeys: boolean },
): FileContents {
  const { root } = tree;
  const isOurs = (path: Path): boolean =>
    !foreignKeys || path.length === 0 || path[0] === "ops" || path[0] === "include";
  const faults = tree.faults.filter(({ path }) => isOurs(path));
  if (root === null || root.kind === "null") return { root: null, includes: [], faults };
  if (root.kind !== "map") {
    const message = "the file must be a mapping with the key ops";
    return {
      root: null,
      includes: [],
      faults: [...faults, { at: root.at, path: [], message, hint: null }],
    };
  }
  for (const [key, { at }] of root.entries) {
    if (key === "ops" || key === "include" || foreignKeys) continue;
    if (faults.length >= MAX_FAULTS) {
      faults.push({ at, path: [], ...TOO_MANY_FAULTS });
      break;
    }
    faults.push({ at, path: [key], ...unknownTopKey(key) });
  }
  const entries = new Map([...root.entries].filter(([key]) => key === "ops"));
  return { root: { ...root, entries }, ...includesOf(root, { lookup, faults }) };
}

function includesOf(
  root: MapNode,
  { lookup, faults }: { lookup: Lookup; faults: readonly Fault[] },
): Pick<FileContents, "includes" | "faults"> {
  const node = root.entries.get("include")?.value;
  if (node === undefined || node.kind === "null") return { includes: [], faults };
  const read = readKey(node, { key: TOP_KEYS.include, name: "include", path: ["include"], lookup });
  const files = read.value ?? [];
  const includes = files.map((file, index) => {
    const path = ["include", ...(node.kind === "list" ? [index] : [])];
    return { at: (nodeAt(root, path) ?? node).at, path, file };
  });
  return { includes, faults: [...faults, ...read.faults, ...read.unset] };
}

function unknownTopKey(key: string): Mistake {
  if (key === "sessions" || Object.hasOwn(OPS_KEYS, key)) {
    return { message: "unknown key", hint: `put ${key} below ops` };
  }
  return unknownKey(key, ["ops", ...Object.keys(TOP_KEYS)]);
}

function unknownKey(key: string, known: Iterable<string>): Mistake {
  const near = closest(key, known);
  return { message: "unknown key", hint: near === null ? null : `did you mean "${near}"?` };
}

/** Reads a config from all its files, merged, and what is wrong with each. Never throws. */
export function readConfig(
  { root, faults: ofFiles }: Pick<FileContents, "root" | "faults">,
  context: Context,
): Pick<Config, "settings" | "sessions" | "problems" | "secrets"> {
  const found = readTop(root, context);
  const ofSessions = new Map<string, Fault[]>();
  const ofFile: Fault[] = [];
  for (const fault of [...ofFiles, ...found.faults]) {
    const [ops, sessions, name] = fault.path;
    const isSession = ops === "ops" && sessions === "sessions" && found.sessions.has(String(name));
    if (!isSession) {
      ofFile.push(fault);
      continue;
    }
    const others = ofSessions.get(String(name));
    if (others === undefined) ofSessions.set(String(name), [fault]);
    else others.push(fault);
  }
  const toProblem = ({ at, path, ...mistake }: Fault) => context.sources.problem(at, path, mistake);
  const entries = [...found.sessions].map(([name, session]): [string, SessionEntry] => {
    const problems = ofSessions.get(name)?.map(toProblem) ?? [];
    if (problems.length === 0) {
      return [name, usableEntry(name, { session, unset: session.unset.map(toProblem) })];
    }
    return [name, invalidEntry(name, { session, problems, settings: found.settings })];
  });
  const { settings, secrets } = found;
  return { settings, sessions: new Map(entries), problems: ofFile.map(toProblem), secrets };
}

interface Top {
  readonly settings: Settings;
  readonly sessions: ReadonlyMap<string, ReadSession>;
  readonly faults: readonly Fault[];
  readonly secrets: readonly string[];
}

function readTop(root: MapNode | null, context: Context): Top {
  const faults: Fault[] = [];
  const sessions = new Map<string, ReadSession>();
  const ops = mapAt(root?.entries.get("ops"), { path: ["ops"], faults });
  if (ops === null) return { settings: context.defaults, sessions, faults, secrets: [] };

  const { lookup } = context;
  const read = readKeys(ops, { keys: OPS_KEYS, others: ["sessions"], path: ["ops"], lookup });
  for (const fault of [...read.faults, ...read.unset]) faults.push(fault);
  const path = ["ops", "sessions"];
  const all = mapAt(ops.entries.get("sessions"), { path, faults });
  if (all !== null && all.entries.size > MAX_SESSIONS) {
    const message = `there are ${all.entries.size} of them, at most ${MAX_SESSIONS} are allowed`;
    faults.push({ at: all.at, path, message, hint: "is it a config file?" });
    return { settings: context.defaults, sessions, faults, secrets: [] };
  }
  for (const [name, entry] of all?.entries ?? []) {
    const session = readSession(name, { entry, lookup });
    for (const fault of session.faults) faults.push(fault);
    sessions.set(name, session);
  }
  const settings = settingsOf(read.values, { ops, context });
  return { settings, sessions, faults, secrets: read.secrets };
}

/** The mapping of an entry; null when there is none, which is a mistake unless it is empty. */
function mapAt(
  entry: Entry | undefined,
  { path, faults }: { path: Path; faults: Fault[] },
): MapNode | null {
  if (entry === undefined || entry.value.kind === "null") return null;
  if (entry.value.kind === "map") return entry.value;
  faults.push({ at: entry.value.at, path, message: "must be a mapping", hint: null });
  return null;
}

function settingsOf(
  values: Values<typeof OPS_KEYS>,
  { ops, context }: { ops: MapNode; context: Context },
): Settings {
  const { defaults, sources } = context;
  const binary = values.tmux_binary ?? defaults.tmuxBinary;
  const directory = () => {
    const { value } = ops.entries.get("tmux_binary") ?? { value: ops };
    return directoryOf(sources.placeOf(value.at).file);
  };
  return {
    defaultBackend: values.default_backend ?? defaults.defaultBackend,
    tmuxBinary: binary.includes("/") ? absolutePath(directory(), binary) : binary,
    containerRuntime: values.container_runtime ?? defaults.containerRuntime,
    startWaitMs: values.start_wait ?? defaults.startWaitMs,
    stopTimeoutSeconds: values.stop_timeout ?? defaults.stopTimeoutSeconds,
    stopSignal: values.stop_signal ?? defaults.stopSignal,
    log: {
      capture: values.log_capture ?? defaults.log.capture,
      maxBytes: values.log_max_size ?? defaults.log.maxBytes,
      keep: values.log_keep ?? defaults.log.keep,
    },
  };
}

/** Nothing, mostly. */
const NONE: readonly never[] = [];
const NO_VARIABLES: ReadonlyMap<string, string | null> = new Map();

interface ReadKeys<K extends Keys> {
  readonly values: Values<K>;
  readonly faults: readonly Fault[];
  /** Variables that are not set. */
  readonly unset: readonly Fault[];
  readonly secrets: readonly string[];
}

/** Reads every key of a mapping on its own, so that all mistakes are found. */
function readKeys<K extends Keys>(
  map: MapNode,
  { keys, others = [], path, lookup }: {
    keys: K;
    others?: readonly string[];
    path: Path;
    lookup: Lookup;
  },
): ReadKeys<K> {
  const values: Record<string, unknown> = {};
  const faults: Fault[] = [];
  const unset: Fault[] = [];
  const secrets: string[] = [];
  for (const [name, { at, value }] of map.entries) {
    if (others.includes(name)) continue;
    if (faults.length >= MAX_FAULTS) {
      faults.push({ at, path, ...TOO_MANY_FAULTS });
      break;
    }
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      const known = [...Object.keys(keys), ...others];
      faults.push({ at, path: [...path, name], ...unknownKey(name, known) });
      continue;
    }
    if (value.kind === "null") continue;
    const read = readKey(value, { key, name, path: [...path, name], lookup });
    faults.push(...read.faults);
    unset.push(...read.unset);
    secrets.push(...read.secrets);
    if (read.value !== undefined) values[name] = read.value;
  }
  return { values: values as Values<K>, faults, unset, secrets };
}

/** The value of one key, or what is wrong with it. */
function readKey<T>(
  node: Node,
  { key, name, path, lookup }: { key: Key<T>; name: string; path: Path; lookup: Lookup },
): Omit<ReadKeys<Keys>, "values"> & { readonly value: T | undefined } {
  const filled = FILLED_AT_START.has(name)
    ? { node, faults: NONE, unset: NONE, secrets: NONE }
    : fillIn(node, path, lookup);
  const { unset, secrets } = filled;
  const faults = [...filled.faults];
  if (faults.length > 0 || unset.length > 0) return { value: undefined, faults, unset, secrets };
  const value = key.read(filled.node, ({ at }, below, mistake) => {
    faults.push({ at, path: [...path, ...below], ...mistake });
  }, []);
  return { value, faults, unset, secrets };
}

/** A node with its variables filled in. */
function fillIn(
  node: Node,
  path: Path,
  lookup: Lookup,
): { node: Node; faults: readonly Fault[]; unset: readonly Fault[]; secrets: readonly string[] } {
  if (node.kind === "list") {
    const items = node.items.map((item, index) => fillIn(item, [...path, index], lookup));
    return {
      node: { ...node, items: items.map((item) => item.node) },
      faults: items.flatMap((item) => item.faults),
      unset: items.flatMap((item) => item.unset),
      secrets: items.flatMap((item) => item.secrets),
    };
  }
  if (node.kind !== "text" || !hasVariables(node.text)) {
    return { node, faults: NONE, unset: NONE, secrets: NONE };
  }
  const { at } = node;
  const misspelled = spellingMistakes(node.text);
  const faults = misspelled.map((mistake) => ({ at, path, ...mistake }));
  if (faults.length > 0) return { node, faults, unset: [], secrets: [] };
  const { text, mistakes, secrets } = interpolate(node.text, lookup);
  const unset = mistakes.map((mistake) => ({ at, path, ...mistake }));
  return { node: { ...node, text }, faults, unset, secrets };
}

interface ReadSession extends ReadKeys<typeof SESSION_KEYS> {
  /** Its mapping, or what stands in its place. */
  readonly node: Node;
}

function readSession(
  name: string,
  { entry, lookup }: { entry: Entry; lookup: Lookup },
): ReadSession {
  const path = ["ops", "sessions", name];
  const faults: Fault[] = mistakesOf(validateSessionName, name).map((mistake) => ({
    at: entry.at,
    path,
    ...mistake,
  }));
  const map = mapAt(entry, { path, faults });
  if (map === null) return { values: {}, unset: [], secrets: [], node: entry.value, faults };
  const read = readKeys(map, { keys: SESSION_KEYS, path, lookup });
  faults.push(
    ...read.faults,
    ...commandFaults(map, { values: read.values, path }),
    ...envFaults(map, { values: read.values, path }),
  );
  return { ...read, node: map, faults };
}

type SessionValues = Values<typeof SESSION_KEYS>;

/** What is wrong with a command can only be said when `shell` is known. */
function commandFaults(
  map: MapNode,
  { values, path }: { values: SessionValues; path: Path },
): readonly Fault[] {
  const { command, shell = false } = values;
  const node = map.entries.get("command")?.value;
  if (command === undefined || node === undefined) return [];
  const words = typeof command === "string" ? [command] : command;
  const isFilled = words.some(hasVariables);
  const misspelled = isFilled ? spellingFaults(words, { node, path }) : [];
  if (misspelled.length > 0) return misspelled;
  const masked = !isFilled || shell ? words : words.map(maskVariables);
  try {
    validateCommand(typeof command === "string" ? masked[0] ?? "" : masked, { shell });
    return [];
  } catch (error) {
    const { message, hint } = mistakeOf(error);
    const index = error instanceof SessionConfigError ? error.details.index : undefined;
    const below = typeof index === "number" ? [index] : [];
    const { at } = nodeAt(node, below) ?? node;
    // Where the text has variables, positions in it are not those of what was checked.
    const shown = isFilled ? message.replace(/, at character \d+$/, "") : message;
    return [{ at, path: [...path, "command", ...below], message: shown, hint }];
  }
}

function spellingFaults(
  words: readonly string[],
  { node, path }: { node: Node; path: Path },
): readonly Fault[] {
  return words.flatMap((word, index) => {
    const below = node.kind === "list" ? [index] : [];
    const { at } = nodeAt(node, below) ?? node;
    return spellingMistakes(word).map((mistake) => ({
      at,
      path: [...path, "command", ...below],
      ...mistake,
    }));
  });
}

function envFaults(
  map: MapNode,
  { values, path }: { values: SessionValues; path: Path },
): readonly Fault[] {
  const node = map.entries.get("env")?.value;
  if (values.env === undefined || node?.kind !== "map") return [];
  const unsafeKeys = values.unsafe_env ?? [];
  const texts = [...values.env].map(([key, text]): [string, string] => [
    key,
    text === null || hasVariables(text) ? "" : text,
  ]);
  const hasNone = ![...values.env.values()].some((text) => text !== null && hasVariables(text));
  if (hasNone && isAllowed(texts, unsafeKeys)) return [];
  return [...node.entries].flatMap(([key, { at, value }], index) => {
    const here = [...path, "env", key];
    const pair = texts.slice(index, index + 1);
    const text = value.kind === "text" ? value.text : "";
    return [
      ...mistakesOf(() => validateEnv(Object.fromEntries(pair), { unsafeKeys }), text)
        .map((mistake) => ({ at, path: here, ...mistake })),
      ...spellingMistakes(text).map((mistake) => ({ at: value.at, path: here, ...mistake })),
    ];
  });
}

/** Whether nothing is wrong with all of some variables: mostly so, and asked at once. */
function isAllowed(
  texts: readonly (readonly [string, string])[],
  unsafeKeys: readonly string[],
): boolean {
  return mistakesOf(() => validateEnv(Object.fromEntries(texts), { unsafeKeys }), "").length === 0;
}

function usableEntry(
  name: string,
  { session, unset }: { session: ReadSession; unset: readonly Problem[] },
): UsableEntry {
  const { values, secrets } = session;
  return { kind: "usable", name, settings: sessionSettings(values), unset, secrets };
}

function invalidEntry(
  name: string,
  { session, problems, settings }: {
    session: ReadSession;
    problems: readonly Problem[];
    settings: Settings;
  },
): InvalidEntry {
  const { values, node } = session;
  const says = (key: string) => node.kind === "map" && node.entries.has(key);
  return {
    kind: "invalid",
    name,
    backend: values.backend ?? (says("backend") ? null : settings.defaultBackend),
    socketName: values.socket_name ?? null,
    runtime: values.runtime ?? null,
    protected: values.protected ?? says("protected"),
    problems,
  };
}

function sessionSettings(values: SessionValues): SessionSettings {
  return {
    backend: values.backend ?? null,
    command: values.command ?? null,
    shell: values.shell ?? false,
    workingDir: values.working_dir ?? null,
    env: values.env ?? NO_VARIABLES,
    envFiles: values.env_file ?? NONE,
    socketName: values.socket_name ?? null,
    image: values.image ?? null,
    volumes: values.volumes ?? NONE,
    logVolume: values.log_volume ?? null,
    ports: values.ports ?? NONE,
    runtime: values.runtime ?? null,
    stopSignal: values.stop_signal ?? null,
    stopTimeoutSeconds: values.stop_timeout ?? null,
    logCapture: values.log_capture ?? null,
    logMaxBytes: values.log_max_size ?? null,
    logKeep: values.log_keep ?? null,
    network: values.network ?? null,
    user: values.user ?? null,
    restart: values.restart ?? null,
    runArgs: values.run_args ?? NONE,
    protected: values.protected ?? false,
    unsafeEnv: values.unsafe_env ?? NONE,
  };
}
