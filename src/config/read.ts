/** From the tree of a config file to its settings and sessions, with everything that is wrong. Pure. */
import { SessionConfigError } from "../errors.ts";
import { closest } from "../suggest.ts";
import { validateCommand } from "../validate/command.ts";
import { validateEnv } from "../validate/env.ts";
import { validateSessionName } from "../validate/name.ts";
import {
  absolutePath,
  type Config,
  type InvalidEntry,
  type Path,
  pathText,
  type Position,
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
  type Keys,
  mistakeOf,
  mistakesOf,
  OPS_KEYS,
  parseKey,
  SESSION_KEYS,
  type Values,
} from "./schema.ts";
import type { Entry, Fault, MapNode, Node, Tree } from "./yaml.ts";

/** What there is to know for reading a file. */
export interface Context {
  /** Absolute path. */
  readonly file: string;
  readonly directory: string;
  readonly lookup: Lookup;
  readonly defaults: Settings;
  /** Whether top-level keys other than `ops` belong to someone else. */
  readonly foreignKeys: boolean;
}

/** Reads the tree of a config file. Never throws. */
export function readConfig(
  tree: Tree,
  context: Context,
): Pick<Config, "settings" | "sessions" | "problems"> {
  const found = readTop(tree, context);
  const faults = [...tree.faults, ...found.faults].filter(({ path }) =>
    !context.foreignKeys || path.length === 0 || path[0] === "ops"
  );
  const ofSessions = new Map<string, Fault[]>();
  const ofFile: Fault[] = [];
  for (const fault of faults) {
    const [ops, sessions, name] = fault.path;
    const isSession = ops === "ops" && sessions === "sessions" && found.sessions.has(String(name));
    if (!isSession) ofFile.push(fault);
    else ofSessions.set(String(name), [...ofSessions.get(String(name)) ?? [], fault]);
  }
  const toProblem = (fault: Fault) => problemOf(fault, { tree, file: context.file });
  const entries = [...found.sessions].map(([name, session]): [string, SessionEntry] => {
    const problems = ofSessions.get(name)?.map(toProblem) ?? [];
    if (problems.length === 0) return [name, usableEntry(name, { session, tree, context })];
    return [name, invalidEntry(name, { session, problems, settings: found.settings })];
  });
  return { settings: found.settings, sessions: new Map(entries), problems: ofFile.map(toProblem) };
}

interface Top {
  readonly settings: Settings;
  readonly sessions: ReadonlyMap<string, ReadSession>;
  readonly faults: readonly Fault[];
}

function readTop(tree: Tree, context: Context): Top {
  const { root } = tree;
  const nothing = { settings: context.defaults, sessions: new Map<string, ReadSession>() };
  if (root === null || root.kind === "null") return { ...nothing, faults: [] };
  if (root.kind !== "map") {
    const message = "the file must be a mapping with the key ops";
    return { ...nothing, faults: [{ at: root.at, path: [], message, hint: null }] };
  }
  const faults: Fault[] = [];
  for (const [key, { at }] of context.foreignKeys ? [] : root.entries) {
    if (key === "ops") continue;
    faults.push({ at, path: [key], ...unknownTopKey(key) });
  }
  const ops = mapAt(root.entries.get("ops"), { path: ["ops"], faults });
  if (ops === null) return { ...nothing, faults };

  const sessionsEntry = ops.entries.get("sessions");
  const read = readKeys(ops, { keys: OPS_KEYS, others: ["sessions"], path: ["ops"], context });
  faults.push(...read.faults, ...read.unset);
  const sessions = new Map<string, ReadSession>();
  const path = ["ops", "sessions"];
  for (const [name, entry] of mapAt(sessionsEntry, { path, faults })?.entries ?? []) {
    const session = readSession(name, { entry, context });
    faults.push(...session.faults);
    sessions.set(name, session);
  }
  return { settings: settingsOf(read.values, context), sessions, faults };
}

function unknownTopKey(key: string): Mistake {
  if (key === "include") {
    return {
      message: "include is not supported by this version",
      hint: "put everything into one file",
    };
  }
  if (key === "sessions" || Object.hasOwn(OPS_KEYS, key)) {
    return { message: "unknown key", hint: `put ${key} below ops` };
  }
  return unknownKey(key, ["ops"]);
}

function unknownKey(key: string, known: Iterable<string>): Mistake {
  const near = closest(key, known);
  return { message: "unknown key", hint: near === null ? null : `did you mean "${near}"?` };
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

function settingsOf(values: Values<typeof OPS_KEYS>, context: Context): Settings {
  const { defaults, directory } = context;
  const binary = values.tmux_binary ?? defaults.tmuxBinary;
  return {
    defaultBackend: values.default_backend ?? defaults.defaultBackend,
    tmuxBinary: binary.includes("/") ? absolutePath(directory, binary) : binary,
    containerRuntime: values.container_runtime ?? defaults.containerRuntime,
    startWaitMs: values.start_wait ?? defaults.startWaitMs,
    stopTimeoutSeconds: values.stop_timeout ?? defaults.stopTimeoutSeconds,
    stopSignal: values.stop_signal ?? defaults.stopSignal,
  };
}

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
  { keys, others = [], path, context }: {
    keys: K;
    others?: readonly string[];
    path: Path;
    context: Context;
  },
): ReadKeys<K> {
  const values: Record<string, unknown> = {};
  const faults: Fault[] = [];
  const unset: Fault[] = [];
  const secrets: string[] = [];
  for (const [key, { at, value }] of map.entries) {
    const here = [...path, key];
    if (others.includes(key)) continue;
    const type = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (type === undefined) {
      faults.push({ at, path: here, ...unknownKey(key, [...Object.keys(keys), ...others]) });
      continue;
    }
    if (value.kind === "null") continue;
    const filled = FILLED_AT_START.has(key)
      ? { node: value, faults: [], unset: [], secrets: [] }
      : fillIn(value, here, context.lookup);
    faults.push(...filled.faults);
    unset.push(...filled.unset);
    secrets.push(...filled.secrets);
    if (filled.faults.length > 0 || filled.unset.length > 0) continue;
    const parsed = parseKey(type, plain(filled.node));
    if (parsed.mistakes.length === 0) values[key] = parsed.value;
    for (const { path: below, message, hint } of parsed.mistakes) {
      const { at } = nodeAt(value, below) ?? value;
      faults.push({ at, path: [...here, ...below], message, hint });
    }
  }
  return { values: values as Values<K>, faults, unset, secrets };
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
    return { node, faults: [], unset: [], secrets: [] };
  }
  const { at } = node;
  const misspelled = spellingMistakes(node.text);
  const faults = misspelled.map((mistake) => ({ at, path, ...mistake }));
  if (faults.length > 0) return { node, faults, unset: [], secrets: [] };
  const { text, mistakes, secrets } = interpolate(node.text, lookup);
  const unset = mistakes.map((mistake) => ({ at, path, ...mistake }));
  return { node: { ...node, text }, faults, unset, secrets };
}

/** A node as plain values. */
function plain(node: Node): unknown {
  if (node.kind === "text") return node.text;
  if (node.kind === "null") return null;
  if (node.kind === "list") return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

function nodeAt(node: Node, path: Path): Node | undefined {
  return path.reduce<Node | undefined>((at, step) => {
    if (at?.kind === "list" && typeof step === "number") return at.items[step];
    return at?.kind === "map" ? at.entries.get(String(step))?.value : undefined;
  }, node);
}

interface ReadSession extends ReadKeys<typeof SESSION_KEYS> {
  readonly node: Node;
}

function readSession(
  name: string,
  { entry, context }: { entry: Entry; context: Context },
): ReadSession {
  const path = ["ops", "sessions", name];
  const faults: Fault[] = mistakesOf(validateSessionName, name).map((mistake) => ({
    at: entry.at,
    path,
    ...mistake,
  }));
  const map = mapAt(entry, { path, faults });
  if (map === null) return { values: {}, unset: [], secrets: [], node: entry.value, faults };
  const read = readKeys(map, { keys: SESSION_KEYS, path, context });
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
  const at = (below: Path) => ({
    at: (nodeAt(node, below) ?? node).at,
    path: [...path, "command", ...below],
  });
  const words = typeof command === "string" ? [command] : command;
  const misspelled = words.flatMap((word, index) =>
    spellingMistakes(word).map((mistake) => ({
      ...at(typeof command === "string" ? [] : [index]),
      ...mistake,
    }))
  );
  if (misspelled.length > 0) return misspelled;
  const masked = words.map((word) => shell ? word : maskVariables(word));
  try {
    validateCommand(typeof command === "string" ? masked.join() : masked, { shell });
    return [];
  } catch (error) {
    const { message, hint } = mistakeOf(error);
    const index = error instanceof SessionConfigError ? error.details.index : undefined;
    // Where the text has variables, positions in it are not those of what was checked.
    const shown = words.some(hasVariables) ? message.replace(/, at character \d+$/, "") : message;
    return [{ ...at(typeof index === "number" ? [index] : []), message: shown, hint }];
  }
}

function envFaults(
  map: MapNode,
  { values, path }: { values: SessionValues; path: Path },
): readonly Fault[] {
  const node = map.entries.get("env")?.value;
  if (values.env === undefined || node?.kind !== "map") return [];
  const unsafeKeys = values.unsafe_env ?? [];
  return [...node.entries].flatMap(([key, { at, value }]) => {
    const text = value.kind === "text" ? value.text : "";
    const misspelled = spellingMistakes(text);
    const check = (value: string) => {
      validateEnv(Object.fromEntries([[key, value]]), { unsafeKeys });
    };
    const here = [...path, "env", key];
    return [
      ...mistakesOf(check, hasVariables(text) ? "" : text).map((m) => ({ at, path: here, ...m })),
      ...misspelled.map((mistake) => ({ at: value.at, path: here, ...mistake })),
    ];
  });
}

function usableEntry(
  name: string,
  { session, tree, context }: { session: ReadSession; tree: Tree; context: Context },
): UsableEntry {
  const { values, node, secrets } = session;
  return {
    kind: "usable",
    name,
    settings: sessionSettings(values),
    unset: session.unset.map((fault) => problemOf(fault, { tree, file: context.file })),
    secrets,
    positions: new Map(positionsBelow(node, { path: [], tree })),
  };
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
  const env = Object.entries(values.env ?? {});
  return {
    backend: values.backend ?? null,
    command: values.command ?? null,
    shell: values.shell ?? false,
    workingDir: values.working_dir ?? null,
    env: new Map(env.map(([key, value]) => [key, value === null ? null : String(value)])),
    envFiles: values.env_file ?? [],
    socketName: values.socket_name ?? null,
    image: values.image ?? null,
    volumes: values.volumes ?? [],
    logVolume: values.log_volume ?? null,
    ports: values.ports ?? [],
    runtime: values.runtime ?? null,
    stopSignal: values.stop_signal ?? null,
    stopTimeoutSeconds: values.stop_timeout ?? null,
    network: values.network ?? null,
    user: values.user ?? null,
    restart: values.restart ?? null,
    runArgs: values.run_args ?? [],
    protected: values.protected ?? false,
    unsafeEnv: values.unsafe_env ?? [],
  };
}

function* positionsBelow(
  node: Node,
  { path, tree }: { path: Path; tree: Tree },
): Generator<[string, Position]> {
  yield [pathText(path), tree.position(node.at)];
  if (node.kind === "list") {
    for (const [index, item] of node.items.entries()) {
      yield* positionsBelow(item, { path: [...path, index], tree });
    }
  } else if (node.kind === "map") {
    for (const [key, { value }] of node.entries) {
      yield* positionsBelow(value, { path: [...path, key], tree });
    }
  }
}

function problemOf(fault: Fault, { tree, file }: { tree: Tree; file: string }): Problem {
  const { path, message, hint } = fault;
  return { file, ...tree.position(fault.at), path: pathText(path), message, hint };
}
