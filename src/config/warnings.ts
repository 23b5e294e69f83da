/** Warnings about a definition that can still be started. Pure. */
import { escapeControls } from "../errors.ts";
import { ALL_SESSION_KEYS, appliesTo } from "../keys/session_keys.ts";
import type { BackendType } from "../model.ts";
import type { Config, Path, Place, Problem, SessionSettings } from "./config.ts";
import type { Mistake } from "./interpolate.ts";

/** A warning about a definition. It never contains the value of a variable. */
export interface Warning extends Mistake {
  /** Its key, seen from the session: `["restart"]`. Empty: the whole session. */
  readonly path: Path;
  /** Where the cause is written when it is in no config file, such as in an env file; else null. */
  readonly place: Place | null;
}

/** A warning about a key of a session. */
export function warningAt(path: Path, message: string, hint: string | null = null): Warning {
  return { path, message, hint, place: null };
}

/** The warning as one line, for the user who starts the session. */
export function warningText({ place, message }: Warning): string {
  if (place === null) return message;
  const { file, line, column } = place;
  return escapeControls(`${file}:${line}:${column}: ${message}`);
}

/** The warning for a report about the config, with its place there. */
export function warningProblem(
  { written }: Config,
  name: string,
  { path, place, message, hint }: Warning,
): Problem {
  if (place !== null) return { ...place, path: "", message, hint, excerpt: null };
  return written.problem(["ops", "sessions", name, ...path], { message, hint });
}

/** Whether a session has a key only from `ops.defaults`, which apply to sessions of every backend. */
export function isInherited({ written }: Config, name: string, key: string): boolean {
  const [own, common] = [["ops", "sessions", name, key], ["ops", "defaults", key]]
    .map((path) => written.place(path));
  return own != null && common != null && own.file === common.file && own.line === common.line &&
    own.column === common.column;
}

/** The keys in the settings that do not apply to a backend. */
export function inapplicableKeys(
  settings: SessionSettings,
  backend: BackendType,
): readonly string[] {
  return ALL_SESSION_KEYS.filter(([, key]) => {
    const value: unknown = Reflect.get(settings, key.field);
    return !appliesTo(key, backend) && value !== null &&
      !(Array.isArray(value) && value.length === 0);
  }).map(([name]) => name);
}

/** The warnings about keys that do not apply to the backend of the session's own choice. */
export function inapplicableWarnings(
  keys: readonly string[],
  { backend, isNamed }: {
    backend: BackendType;
    /** Whether the session or a flag names the backend. If not, an image is likely a slip. */
    isNamed: boolean;
  },
): readonly Warning[] {
  return keys.map((key) =>
    key === "image" && !isNamed
      ? warningAt(
        [key],
        "image is left out: without backend: container this is a session in tmux",
      )
      : warningAt([key], `${key} is left out: it does not apply to ${backend}`)
  );
}
