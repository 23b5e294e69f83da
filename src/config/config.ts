/** What a config file says, and what is wrong with it. */
import { escapeControls } from "../errors.ts";
import type { BackendType, Runtime, StopSignal } from "../model.ts";

/** A place in a file, both counted from 1; columns are UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One mistake in a config. No part of it ever has the value of a variable. */
export interface Problem {
  /** Absolute path. */
  readonly file: string;
  /** Null: the file as a whole. */
  readonly line: number | null;
  readonly column: number | null;
  /** Such as `ops.sessions.astro.volumes[0]`; empty: the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Keys and indexes from the top of a file. */
export type Path = readonly (string | number)[];

/** What a config says besides its sessions, over `defaults.yml`. */
export interface Settings {
  readonly defaultBackend: BackendType;
  /** Name or absolute path. */
  readonly tmuxBinary: string;
  /** Null: podman where it is installed, else docker. */
  readonly containerRuntime: Runtime | null;
  /** How long `start` watches whether the program stays alive, in milliseconds. */
  readonly startWaitMs: number;
  readonly stopTimeoutSeconds: number;
  /** Null: what the backend or the image says. */
  readonly stopSignal: StopSignal | null;
}

/**
 * What a config says of one session; null and empty lists are what it does not say. Texts that are
 * only needed for a start (`command workingDir env image volumes logVolume ports network user
 * runArgs`) still have their `${...}`.
 */
export interface SessionSettings {
  readonly backend: BackendType | null;
  readonly command: string | readonly string[] | null;
  readonly shell: boolean;
  readonly workingDir: string | null;
  /** A null value is taken from the environment of whoever starts the session. */
  readonly env: ReadonlyMap<string, string | null>;
  readonly envFiles: readonly string[];
  readonly socketName: string | null;
  readonly image: string | null;
  readonly volumes: readonly string[];
  readonly logVolume: string | null;
  readonly ports: readonly string[];
  readonly runtime: Runtime | null;
  readonly stopSignal: StopSignal | null;
  readonly stopTimeoutSeconds: number | null;
  readonly network: string | null;
  readonly user: string | null;
  readonly restart: string | null;
  readonly runArgs: readonly string[];
  readonly protected: boolean;
  readonly unsafeEnv: readonly string[];
}

/** A session that a config defines. */
export type SessionEntry = UsableEntry | InvalidEntry;

/** A session that a config defines as it should. */
export interface UsableEntry {
  readonly kind: "usable";
  readonly name: string;
  readonly settings: SessionSettings;
  /** Variables without a value in keys that are read at once: it cannot be started, but looked up. */
  readonly unset: readonly Problem[];
  /** What came from the environment into keys that are read at once. */
  readonly secrets: readonly string[];
  /** Where its values are, by path below the session, such as `volumes[0]`. */
  readonly positions: ReadonlyMap<string, Position>;
}

/** A session that a config defines with mistakes. */
export interface InvalidEntry {
  readonly kind: "invalid";
  readonly name: string;
  /** Null where that is among the mistakes. */
  readonly backend: BackendType | null;
  /** Null where it is not said, or among the mistakes. */
  readonly socketName: string | null;
  /** Null where it is not said, or among the mistakes. */
  readonly runtime: Runtime | null;
  /** True also where the mistake is about this: a yes too many does less harm. */
  readonly protected: boolean;
  readonly problems: readonly Problem[];
}

/** A config, read. */
export interface Config {
  /** Absolute path of the file; null when there is none. */
  readonly path: string | null;
  /** What relative paths in it are relative to: its directory, or the current one. */
  readonly directory: string;
  readonly settings: Settings;
  /** In the order of the file. */
  readonly sessions: ReadonlyMap<string, SessionEntry>;
  /** What is wrong with the file as a whole; mistakes of one session are in its entry. */
  readonly problems: readonly Problem[];
}

/** Every mistake in a config, in the order of the file. */
export function allProblems(config: Config): readonly Problem[] {
  const entries = [...config.sessions.values()];
  return sortedProblems([
    ...config.problems,
    ...entries.flatMap((entry) => entry.kind === "invalid" ? entry.problems : []),
  ]);
}

/** Mistakes in the order of the file. */
export function sortedProblems(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) =>
    (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
  );
}

/** `FILE:LINE:COLUMN: PATH: what is wrong`, safe for a terminal. */
export function problemText(problem: Problem): string {
  const { file, line, column, path, message } = problem;
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return escapeControls([place, path, message].filter((part) => part !== "").join(": "));
}

/**
 * A path as {@link Problem} has it: `ops.sessions.astro.volumes[0]`. Whoever writes `TOKEN=abc` as a
 * key has put a value there, which is left out.
 */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const key = step.replace(/=.*$/s, "=");
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** The directory part of an absolute path. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** A path made absolute, without `.`, `..` and double slashes. */
export function absolutePath(directory: string, path: string): string {
  const segments: string[] = [];
  for (const segment of (path.startsWith("/") ? path : `${directory}/${path}`).split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}
