/** What a config says of its sessions before any of them is started. Pure. */
import type { BackendType, Runtime } from "../model.ts";
import {
  absolutePath,
  type Config,
  problemText,
  type SessionEntry,
  sortedProblems,
} from "./config.ts";
import { hasVariables, type Mistake } from "./interpolate.ts";

/** Where a session of the config is to be found. */
export interface DefinedPlace {
  /** Null when the config is wrong about it. */
  readonly backend: BackendType | null;
  /** Null when the config names none, or it is no tmux session. */
  readonly socketName: string | null;
  /** Null when the config names none, or it is no container. */
  readonly runtime: Runtime | null;
}

/** What a config says of the place of a session. */
export function placeOf(entry: SessionEntry, config: Config): DefinedPlace {
  const { defaultBackend, containerRuntime } = config.settings;
  const said = entry.kind === "usable" ? entry.settings : entry;
  const backend = entry.kind === "usable" ? said.backend ?? defaultBackend : said.backend;
  return {
    backend,
    socketName: backend === "tmux" ? said.socketName : null,
    runtime: backend === "container" ? said.runtime ?? containerRuntime : null,
  };
}

/** A session as the config defines it, as far as it matters before a start. */
export interface DefinedSession {
  readonly name: string;
  readonly backend: BackendType;
  /** The place that the definition names; what it does not name is null. */
  readonly named: DefinedPlace;
  /** As written: variables are not filled in. */
  readonly command: readonly string[] | null;
  readonly image: string | null;
  readonly workingDir: string | null;
  /** Whether stopping it needs a yes. */
  readonly protected: boolean;
  /** What is wrong with the definition; null when nothing is. */
  readonly problem: string | null;
}

/** All sessions of a config, those with mistakes included. */
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
      named: { backend: entry.backend, socketName: entry.socketName, runtime: place.runtime },
      command: null,
      image: null,
      workingDir: null,
      protected: entry.protected,
      problem: sortedProblems(entry.problems).map(problemText).join("; "),
    };
  }
  const { settings } = entry;
  const lacking = lackOf(entry, config);
  return {
    name,
    backend,
    named: { backend: settings.backend, socketName: place.socketName, runtime: place.runtime },
    command: typeof settings.command === "string" ? [settings.command] : settings.command,
    image: backend === "container" ? settings.image : null,
    workingDir: directoryOf(name, { backend, path: settings.workingDir, config }),
    protected: settings.protected,
    problem: lacking === null
      ? null
      : problemText(config.written.problem(["ops", "sessions", name], lacking)),
  };
}

/** What a session lacks to be started as the config says; null: nothing. */
export function lackOf(entry: SessionEntry, config: Config): Mistake | null {
  if (entry.kind === "invalid") return null;
  const { command, image } = entry.settings;
  if (placeOf(entry, config).backend === "container") {
    return image === null
      ? { message: "it has no image", hint: "give the session an image" }
      : null;
  }
  if (command !== null) return null;
  const hint = image === null
    ? "give the session a command"
    : "give the session a command, or backend: container to run its image";
  return { message: "it has no command", hint };
}

function directoryOf(
  name: string,
  { backend, path, config }: { backend: BackendType; path: string | null; config: Config },
): string | null {
  if (backend !== "tmux" || (path !== null && hasVariables(path))) return path;
  if (path?.startsWith("/")) return absolutePath("/", path);
  return absolutePath(
    config.written.directory(["ops", "sessions", name, "working_dir"]),
    path ?? ".",
  );
}
