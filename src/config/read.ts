/** Turns the tree of a config into settings and sessions, and collects all mistakes. Pure. */
import { OPS_KEYS, OTHER_OPS_KEYS, settingsWith, TOP_KEYS } from "../keys/file_keys.ts";
import { SESSION_KEYS } from "../keys/session_keys.ts";
import { validateSessionName } from "../validate/name.ts";
import {
  absolutePath,
  type Config,
  directoryOf,
  type InvalidEntry,
  type Path,
  type Problem,
  type SessionEntry,
  type Settings,
  type UsableEntry,
} from "./config.ts";
import { mistakesOf } from "./rules.ts";
import { dependencyFaults } from "./dependencies.ts";
import { withEnvMaps } from "./env_list.ts";
import type { Lookup, Mistake } from "./interpolate.ts";
import { isFreeKey, unknownKey } from "./read_value.ts";
import { commandFaults, envFaults } from "./session_faults.ts";
import { nodeAt, type Sources } from "./sources.ts";
import { below, NO_FINDINGS, NO_SETTINGS, type ReadKeys, readKeys, type Said } from "./values.ts";
import type { Entry, Fault, MapNode, Node, Tree } from "./tree.ts";
import { MAX_FAULTS, TOO_MANY_FAULTS } from "./yaml.ts";

/** The most sessions of one config. */
const MAX_SESSIONS = 10_000;

/** The content of one file by itself. */
export interface FileContents {
  /** Has the key `ops` or no key; null: the file is empty or cannot be read. */
  readonly root: MapNode | null;
  readonly includes: readonly Include[];
  readonly faults: readonly Fault[];
}

/** One include of a file. */
export interface Include {
  readonly at: number;
  /** The path of the key in the file, for messages. */
  readonly path: Path;
  /** As written, with its variables filled in. */
  readonly file: string;
}

/** What the reader needs to know. */
interface Context {
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
    if (key === "ops" || key === "include" || foreignKeys || isFreeKey(key)) continue;
    if (faults.length >= MAX_FAULTS) {
      faults.push({ at, path: [], ...TOO_MANY_FAULTS });
      break;
    }
    faults.push({ at, path: [key], ...unknownTopKey(key) });
  }
  const entries = new Map([...root.entries].filter(([key]) => key === "ops"));
  const ours = withEnvMaps({ ...root, entries });
  faults.push(...ours.faults);
  return { root: ours.root, ...includesOf(root, { lookup, faults }) };
}

function includesOf(
  root: MapNode,
  { lookup, faults }: { lookup: Lookup; faults: readonly Fault[] },
): Pick<FileContents, "includes" | "faults"> {
  const entry = root.entries.get("include");
  if (entry === undefined || entry.value.kind === "null") return { includes: [], faults };
  const node = entry.value;
  const read = readKeys({ ...root, entries: new Map([["include", entry]]) }, {
    keys: TOP_KEYS,
    lookup,
  });
  const files = read.values.include ?? [];
  const includes = files.map((file, index) => {
    const path = ["include", ...(node.kind === "list" ? [index] : [])];
    return { at: (nodeAt(root, path) ?? node).at, path, file };
  });
  return { includes, faults: [...faults, ...read.faults, ...read.unset] };
}

function unknownTopKey(key: string): Mistake {
  if (OTHER_OPS_KEYS.includes(key) || Object.hasOwn(OPS_KEYS, key)) {
    return { message: "unknown key", hint: `put ${key} below ops` };
  }
  return unknownKey(key, ["ops", ...Object.keys(TOP_KEYS)]);
}

/** Reads a config from all its files, merged, with the mistakes of each. Never throws. */
export function readConfig(
  { root, faults: ofFiles }: Pick<FileContents, "root" | "faults">,
  context: Context,
): Pick<Config, "settings" | "sessions" | "problems" | "strays" | "secrets"> {
  const found = readTop(root, context);
  const ofSessions = new Map<string, Fault[]>();
  const ofFile: Fault[] = [];
  const strays: Fault[] = [];
  for (const fault of [...ofFiles, ...found.faults]) {
    const [ops, sessions, name] = fault.path;
    const isBelow = ops === "ops" && sessions === "sessions" && name !== undefined;
    // A session whose name is not allowed is a session with a mistake.
    const isSession = isBelow && (fault.isStray === true || found.sessions.has(String(name)));
    if (!isSession) {
      (fault.isStray === true ? strays : ofFile).push(fault);
      continue;
    }
    const others = ofSessions.get(String(name));
    if (others === undefined) ofSessions.set(String(name), [fault]);
    else others.push(fault);
  }
  const toProblem = ({ at, path, ...mistake }: Fault) => context.sources.problem(at, path, mistake);
  const { settings, secrets } = found;
  const sessions = new Map<string, SessionEntry>();
  for (const [name, session] of found.sessions) {
    const problems = ofSessions.get(name)?.map(toProblem);
    const entry = problems === undefined
      ? usableEntry(name, { session, unset: session.unset.map(toProblem) })
      : invalidEntry(name, { session, problems, settings });
    sessions.set(name, entry);
  }
  for (const [name, faults] of ofSessions) {
    if (found.sessions.has(name)) continue;
    const problems = faults.map(toProblem);
    sessions.set(name, invalidEntry(name, { session: NOTHING_READ, problems, settings }));
  }
  return {
    settings,
    sessions,
    problems: ofFile.map(toProblem),
    strays: strays.map(toProblem),
    secrets,
  };
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
  const read = readKeys(ops, { keys: OPS_KEYS, others: OTHER_OPS_KEYS, lookup });
  for (const fault of below(["ops"], [...read.faults, ...read.unset])) faults.push(fault);
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
  if (sessions.size > 0) faults.push(...dependencyFaults(needsIn(sessions)));
  const settings = settingsOf(read.values, { ops, context });
  return { settings, sessions, faults, secrets: read.secrets };
}

/** The mapping of an entry, or null. A missing mapping is a mistake unless the entry is empty. */
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
  said: Said<typeof OPS_KEYS>,
  { ops, context }: { ops: MapNode; context: Context },
): Settings {
  const { defaults, sources } = context;
  const settings = settingsWith(said, defaults);
  const { tmuxBinary } = settings;
  if (said.tmuxBinary === undefined || !tmuxBinary.includes("/")) return settings;
  const { value } = ops.entries.get("tmux_binary") ?? { value: ops };
  const directory = directoryOf(sources.placeOf(value.at).file);
  return { ...settings, tmuxBinary: absolutePath(directory, tmuxBinary) };
}

interface ReadSession extends ReadKeys<typeof SESSION_KEYS> {
  /** The mapping, or the node in its place. */
  readonly node: Node;
}

const NOTHING_READ: ReadSession = { values: {}, ...NO_FINDINGS, node: { kind: "null", at: 0 } };

function readSession(
  name: string,
  { entry, lookup }: { entry: Entry; lookup: Lookup },
): ReadSession {
  const path = ["ops", "sessions", name];
  const { at, value: node } = entry;
  const faults: Fault[] = mistakesOf(validateSessionName, name)
    .map((mistake) => ({ at, path, ...mistake }));
  const map = mapAt(entry, { path, faults });
  if (map === null) return { values: {}, ...NO_FINDINGS, node, faults };
  const { values, secrets, ...read } = readKeys(map, { keys: SESSION_KEYS, lookup });
  const all = [...read.faults, ...commandFaults(map, values), ...envFaults(map, values)];
  faults.push(...below(path, all));
  return { values, faults, unset: below(path, read.unset), secrets, node };
}

/** Where sessions are written, and what they need. */
function needsIn(
  sessions: ReadonlyMap<string, ReadSession>,
): Parameters<typeof dependencyFaults>[0] {
  return new Map(
    Array.from(sessions, ([name, { node, values: { dependsOn = null } }]) => [
      name,
      { node, dependsOn },
    ]),
  );
}

function usableEntry(
  name: string,
  { session, unset }: { session: ReadSession; unset: readonly Problem[] },
): UsableEntry {
  const { values, secrets } = session;
  return { kind: "usable", name, settings: { ...NO_SETTINGS, ...values }, unset, secrets };
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
    socketName: values.socketName ?? null,
    runtime: values.runtime ?? null,
    protected: values.protected ?? says("protected"),
    groups: values.groups ?? [],
    problems,
  };
}
