/** Variables of a session's environment. No message here shows a value: it may be a secret. */
import {
  characterName,
  findNul,
  lengthProblem,
  type Problem,
  refusal,
  requireTextList,
  shorten,
  shown,
} from "./refusal.ts";
import { quote } from "../errors.ts";

/** The most variables of one session. */
export const MAX_ENV_VARIABLES = 100;
/** Longest name of a variable, in code points. */
export const MAX_ENV_KEY_LENGTH = 128;
/** Longest value of a variable, in code points. */
export const MAX_ENV_VALUE_LENGTH = 32768;

/** Variables that make a program load other people's code: refused unless the user lists them. */
export const BLOCKED_ENV_KEYS: readonly string[] = [
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "LD_AUDIT",
  "DYLD_INSERT_LIBRARIES",
  "DYLD_LIBRARY_PATH",
  "PYTHONPATH",
  "PYTHONSTARTUP",
  "NODE_OPTIONS",
  "PERL5OPT",
  "RUBYOPT",
  "BASH_ENV",
];

const KEY_HINT = "use letters, digits and _, and do not start with a digit";

/** What the user takes responsibility for. */
interface EnvOptions {
  /** Keys of {@link BLOCKED_ENV_KEYS} that are allowed (`unsafe_env`, `--unsafe-env KEY`). */
  readonly unsafeKeys?: readonly string[];
}

/**
 * Variables, at most 100: keys `^[A-Za-z_][A-Za-z0-9_]*$` of at most 128 characters, values any text
 * without NUL of at most 32768. {@link BLOCKED_ENV_KEYS} are refused unless listed in `unsafeKeys`.
 *
 * ```ts
 * validateEnv({ LD_PRELOAD: "libjemalloc.so.2" }, { unsafeKeys: ["LD_PRELOAD"] });
 * ```
 *
 * @returns the record, unchanged
 * @throws {SessionConfigError} `value_invalid`; `details.key` tells which of them, and no part of
 * the error has any value
 */
export function validateEnv<T extends Readonly<Record<string, string>>>(
  env: T,
  options: EnvOptions = {},
): T {
  const { unsafeKeys = [] } = options;
  requireTextList(unsafeKeys, { one: "an unsafe_env key", many: "unsafe_env", limit: Infinity });
  // Not every object is accepted: a Map has no keys of its own, and would count as empty.
  if (Object.prototype.toString.call(env) !== "[object Object]") {
    throw refusal(`${typeof env === "string" ? "text" : shown(env)} as an environment`, {
      reason: "it must be an object of text values",
      hint: "write one KEY: value for each variable",
    });
  }
  const entries: readonly (readonly [string, unknown])[] = Object.entries(env);
  if (entries.length > MAX_ENV_VARIABLES) {
    throw refusal(`${entries.length} environment variables`, {
      reason: `at most ${MAX_ENV_VARIABLES} are allowed`,
      hint: `remove ${entries.length - MAX_ENV_VARIABLES} of them, or put them into a file`,
    });
  }
  for (const [key, value] of entries) {
    const problem = variableProblem(key, value, unsafeKeys);
    if (problem === null) continue;
    const details = { key: shorten(visibleKey(key)) };
    throw refusal(`${quote(details.key)} as an environment variable`, { ...problem, details });
  }
  return env;
}

/** The problem that {@link validateEnv} finds with one variable, or null. */
export function variableProblem(
  key: string,
  value: unknown,
  unsafeKeys: readonly string[] = [],
): Problem | null {
  return keyProblem(key, unsafeKeys) ?? valueProblem(value);
}

/** A key up to its `=`: a key such as `KEY=value` contains a value, maybe a secret. */
function visibleKey(key: string): string {
  const equals = key.indexOf("=");
  return equals === -1 ? key : key.slice(0, equals + 1);
}

function keyProblem(key: string, unsafeKeys: readonly string[]): Problem | null {
  if (key === "") return { reason: "its name is empty", hint: KEY_HINT };
  const tooLong = lengthProblem(key, { limit: MAX_ENV_KEY_LENGTH, subject: "its name" });
  if (tooLong !== null) return { reason: tooLong, hint: "use a shorter name" };
  const [refused] = /[^A-Za-z0-9_]/u.exec(key) ?? [];
  if (refused === "=") {
    return { reason: 'its name has "="', hint: "write the name and the value apart" };
  }
  if (refused !== undefined) {
    return { reason: `its name has ${characterName(refused)}`, hint: KEY_HINT };
  }
  if (/^[0-9]/.test(key)) return { reason: "its name starts with a digit", hint: KEY_HINT };
  if (BLOCKED_ENV_KEYS.includes(key) && !unsafeKeys.includes(key)) {
    return {
      reason: "it can make the program load other code",
      hint: `list ${key} in unsafe_env, or give --unsafe-env ${key}, if you mean it`,
    };
  }
  return null;
}

function valueProblem(value: unknown): Problem | null {
  if (typeof value !== "string") {
    return { reason: "its value must be text", hint: "write the value between quotes" };
  }
  const tooLong = lengthProblem(value, { limit: MAX_ENV_VALUE_LENGTH, subject: "its value" });
  if (tooLong !== null) {
    return { reason: tooLong, hint: "put the text into a file" };
  }
  const refused = findNul(value);
  if (refused === undefined) return null;
  return { reason: `its value has ${characterName(refused)}`, hint: "remove that character" };
}
