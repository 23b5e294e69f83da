/** What a config file says, and what is wrong with it. */
import { escapeControls, type Json } from "../errors.ts";
import type { Settings } from "../keys/file_keys.ts";
import type { ValueOf } from "../keys/form.ts";
import type { SESSION_KEYS, SessionKey } from "../keys/session_keys.ts";
import type { BackendType, Runtime } from "../model.ts";
import type { Mistake } from "./interpolate.ts";

/** A place in a file, both counted from 1; columns are UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A place in one of a config's files. */
export interface Place extends Position {
  /** Absolute path. */
  readonly file: string;
}

/** One mistake in a config. It never contains the value of a variable. */
export interface Problem {
  /** Absolute path. */
  readonly file: string;
  /** Null: the problem is about the whole file. */
  readonly line: number | null;
  readonly column: number | null;
  /** For example `ops.sessions.astro.volumes[0]`. Empty: the whole file. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
  /** The line and a caret below it, safe for a terminal and without secrets. */
  readonly excerpt: (() => string) | null;
}

/** Keys and indexes from the top of a file. */
export type Path = readonly (string | number)[];

export type { Settings };

/**
 * What a config says about one session, by the fields of {@link SESSION_KEYS}. Keys that it does
 * not give are null or an empty list. Texts that a start fills in still have their `${...}`.
 */
export type SessionSettings = {
  readonly [N in keyof SessionTable as SessionTable[N]["field"]]: SettingOf<SessionTable[N]>;
};

type SessionTable = typeof SESSION_KEYS;

type SettingOf<K extends SessionKey> =
  | ValueOf<K["form"]>
  | (K extends { readonly form: { readonly kind: "list" | "variables" } } ? never
    : K extends { readonly default: false } ? never
    : null);

/** An env file of a session. Without a `format` it is read as compose reads it. */
export type EnvFileSettings = SessionSettings["envFiles"][number];

/** A session in a config. */
export type SessionEntry = UsableEntry | InvalidEntry;

/** A session whose definition has no mistakes. */
export interface UsableEntry {
  readonly kind: "usable";
  readonly name: string;
  readonly settings: SessionSettings;
  /**
   * Variables without a value in keys that are read at once. Such a session can be looked up, but
   * not started.
   */
  readonly unset: readonly Problem[];
  /** Values from the environment in keys that are read at once. */
  readonly secrets: readonly string[];
}

/** A session whose definition has mistakes. */
export interface InvalidEntry {
  readonly kind: "invalid";
  readonly name: string;
  /** Null when this key is itself wrong. */
  readonly backend: BackendType | null;
  /** Null when the key is missing or wrong. */
  readonly socketName: string | null;
  /** Null when the key is missing or wrong. */
  readonly runtime: Runtime | null;
  /** Also true when this key is itself wrong: asking once too often does less harm. */
  readonly protected: boolean;
  readonly groups: readonly string[];
  readonly problems: readonly Problem[];
}

/** Where the values of a config are written. Paths start at the top. */
export interface Written {
  /** Null: nowhere. */
  readonly place: (path: Path) => Place | null;
  /** The directory for relative paths: where the file lies in which the value is written. */
  readonly directory: (path: Path) => string;
  /** A mistake in that value, or at the place where the value is missing. */
  readonly problem: (path: Path, mistake: Mistake) => Problem;
}

/** Where a value comes from. */
export type Origin =
  | { readonly kind: "flag"; readonly flag: string }
  | { readonly kind: "file"; readonly place: Place }
  | { readonly kind: "default" };

/** A config that was read. */
export interface Config {
  /** Absolute path of the file; null without a file. */
  readonly path: string | null;
  /** The same path without symbolic links. The config recognises its sessions by it. */
  readonly realPath: string | null;
  /** Absolute paths of all files that were read: the config file and what it includes. */
  readonly files: readonly string[];
  readonly settings: Settings;
  /** In the order of the files, included files first. */
  readonly sessions: ReadonlyMap<string, SessionEntry>;
  /**
   * Mistakes of the files as a whole: nothing can be started. Mistakes of one session are in its
   * entry.
   */
  readonly problems: readonly Problem[];
  /**
   * Keys outside of sessions that cannot be keys, such as `null:`. They are left out, and block
   * nothing.
   */
  readonly strays: readonly Problem[];
  /** Values from the environment in the settings. */
  readonly secrets: readonly string[];
  readonly written: Written;
}

/** A config without any content. */
export function emptyConfig(
  path: string | null,
  { settings, directory, problems = [] }: {
    settings: Settings;
    /** The directory for relative paths. */
    directory: string;
    problems?: readonly Problem[];
  },
): Config {
  const written: Written = {
    place: () => null,
    directory: () => directory,
    problem: () => {
      throw new Error("there is no config");
    },
  };
  const files = path === null ? [] : [path];
  const sessions = new Map();
  return {
    ...{ path, realPath: path, files, settings, sessions },
    ...{ problems, strays: [], secrets: [], written },
  };
}

/** Every mistake in a config, in the order of the files. */
export function allProblems(config: Config): readonly Problem[] {
  const entries = [...config.sessions.values()];
  return sortedProblems([
    ...config.problems,
    ...config.strays,
    ...entries.flatMap((entry) => entry.kind === "invalid" ? entry.problems : []),
  ]);
}

/** Mistakes sorted by file, and by place within each file. */
export function sortedProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return problems.toSorted((a, b) =>
    files.indexOf(a.file) - files.indexOf(b.file) || (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0)
  );
}

/** `FILE:LINE:COLUMN: PATH: what is wrong`, safe for a terminal. */
export function problemText(problem: Problem): string {
  const { file, line, column, path, message } = problem;
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return escapeControls([place, path, message].filter((part) => part !== "").join(": "));
}

/** The same text with the hint and the line, for a report. */
export function problemReport(problem: Problem): string {
  const { hint, excerpt } = problem;
  const text = problemText(problem) + (hint === null ? "" : ` (${escapeControls(hint)})`);
  return excerpt === null ? text : `${text}\n${indented(excerpt())}`;
}

/** An excerpt, indented to stand below a problem. */
export function indented(excerpt: string): string {
  return excerpt.split("\n").map((line) => `    ${line}`).join("\n");
}

/** A problem as JSON, for scripts. */
export function problemToWire(problem: Problem): { readonly [key: string]: Json } {
  const { file, line, column, path, message, hint } = problem;
  return { file, line, column, path, message, hint };
}

/**
 * A path as {@link Problem} shows it: `ops.sessions.astro.volumes[0]`. A key such as `TOKEN=abc`
 * contains a value, which is left out.
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
