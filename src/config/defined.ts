/** What a config says about its sessions before any of them is started. Pure. */
import { appliesTo, SESSION_KEYS, type SessionKey } from "../keys/session_keys.ts";
import type { BackendType } from "../model.ts";
import { isOpen, type PlaceSelector } from "../model/place.ts";
import {
  absolutePath,
  type Config,
  problemText,
  type SessionEntry,
  sortedProblems,
} from "./config.ts";
import { hasVariables, type Mistake } from "./interpolate.ts";

/** The place that a config gives a session. */
export function placeOf(entry: SessionEntry, config: Config): PlaceSelector {
  const { defaultBackend, containerRuntime } = config.settings;
  const said = entry.kind === "usable" ? entry.settings : entry;
  const backend = entry.kind === "usable" ? said.backend ?? defaultBackend : said.backend;
  return {
    backend,
    scope: means(backend, "socket_name") ? said.socketName : null,
    engine: means(backend, "runtime") ? said.runtime ?? containerRuntime : null,
  };
}

/** Whether a key applies to a backend. False without a backend. */
function means(backend: BackendType | null | undefined, name: keyof typeof SESSION_KEYS): boolean {
  const key: SessionKey = SESSION_KEYS[name];
  return !isOpen(backend) && appliesTo(key, backend);
}

/** Whether a definition for a backend must have a key. */
function needs(backend: BackendType | null | undefined, name: keyof typeof SESSION_KEYS): boolean {
  const { part }: SessionKey = SESSION_KEYS[name];
  return !isOpen(backend) && part?.needed?.includes(backend) === true;
}

/** A session as the config defines it, with what matters before a start. */
export interface DefinedSession {
  readonly name: string;
  readonly backend: BackendType;
  /** The place that the definition names, null where it names nothing. */
  readonly named: PlaceSelector;
  /** As written: variables are not filled in. */
  readonly command: readonly string[] | null;
  readonly image: string | null;
  readonly workingDir: string | null;
  /** Whether stopping it needs a yes. */
  readonly protected: boolean;
  readonly groups: readonly string[];
  /** What is wrong with the definition, or null. */
  readonly problem: string | null;
}

/** All sessions of a config, including those with mistakes. */
export function definedSessions(config: Config): DefinedSession[] {
  return [...config.sessions.values()].map((entry) => definedSession(entry, config));
}

function definedSession(entry: SessionEntry, config: Config): DefinedSession {
  const { name } = entry;
  const place = placeOf(entry, config);
  const backend = place.backend ?? config.settings.defaultBackend;
  if (entry.kind === "invalid") {
    return {
      name,
      backend,
      named: { backend: entry.backend, scope: entry.socketName, engine: place.engine },
      command: null,
      image: null,
      workingDir: null,
      protected: entry.protected,
      groups: entry.groups,
      problem: sortedProblems(entry.problems).map(problemText).join("; "),
    };
  }
  const { settings } = entry;
  const lacking = lackOf(entry, config);
  return {
    name,
    backend,
    named: { ...place, backend: settings.backend },
    command: typeof settings.command === "string" ? [settings.command] : settings.command,
    image: means(backend, "image") ? settings.image : null,
    workingDir: directoryOf(name, { backend, path: settings.workingDir, config }),
    protected: settings.protected,
    groups: settings.groups,
    problem: lacking === null
      ? null
      : problemText(config.written.problem(["ops", "sessions", name], lacking)),
  };
}

/** What a session lacks before it can be started as the config says, or null. */
export function lackOf(entry: SessionEntry, config: Config): Mistake | null {
  if (entry.kind === "invalid") return null;
  const { command, image } = entry.settings;
  const { backend } = placeOf(entry, config);
  if (image === null && needs(backend, "image")) {
    return { message: "it has no image", hint: "give the session an image" };
  }
  if (command !== null || !needs(backend, "command")) return null;
  const hint = image === null
    ? "give the session a command"
    : "give the session a command, or backend: container to run its image";
  return { message: "it has no command", hint };
}

function directoryOf(
  name: string,
  { backend, path, config }: { backend: BackendType; path: string | null; config: Config },
): string | null {
  // A session without a directory runs in the directory of its config.
  if (!needs(backend, "working_dir") || (path !== null && hasVariables(path))) return path;
  if (path?.startsWith("/")) return absolutePath("/", path);
  return absolutePath(
    config.written.directory(["ops", "sessions", name, "working_dir"]),
    path ?? ".",
  );
}
