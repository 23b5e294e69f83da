/** The options of the library that define a session, checked. */
import { type Config, emptyConfig, type UsableEntry } from "../config/config.ts";
import { defaultSettings } from "../keys/file_keys.ts";
import { checkList, CHECKS } from "../config/rules.ts";
import type { StartFlags } from "../config/flags.ts";
import { quote, SessionConfigError } from "../errors.ts";
import type { SessionOptions } from "../keys/fields.ts";
import { appliesTo, SESSION_KEYS, type SessionKey } from "../keys/session_keys.ts";
import { BACKENDS, type BackendType, RUNTIMES } from "../model.ts";
import { validateCommand } from "../validate/command.ts";
import { validateEnv } from "../validate/env.ts";
import { validateSessionName } from "../validate/name.ts";
import { refusal, shown } from "../validate/refusal.ts";
import type { World } from "../world/world.ts";

export type { SessionOptions };

/** The configuration of one session. */
export interface SessionConfig extends SessionOptions {
  /** A letter, then letters, digits, `_` and `-`, at most 64 in all. */
  readonly name: string;
}

/** The keys that have an option. */
const OPTIONS: readonly SessionKey[] = Object.values<SessionKey>(SESSION_KEYS)
  .filter(({ option }) => option !== undefined);

function valueOf(options: SessionOptions, { field }: SessionKey): unknown {
  return Reflect.get(options, field);
}

/** The backend that other options imply; null: either. */
export function impliedBackend(options: SessionOptions): BackendType | null {
  const said = (backend: BackendType) =>
    OPTIONS.some((key) => key.only === backend && valueOf(options, key) !== undefined);
  return options.backend ?? BACKENDS.toReversed().find(said) ?? null;
}

/**
 * The options unchanged, with every value checked.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function checkOptions<Options extends SessionOptions>(
  options: Options,
  { name, backend }: { readonly name: string; readonly backend: BackendType },
): Options {
  validateSessionName(name);
  oneOf(BACKENDS, { value: backend, kind: "a backend" });
  const { command, shell = false, env, unsafeEnv = [] } = options;
  const stray = OPTIONS.find((key) =>
    !appliesTo(key, backend) && valueOf(options, key) !== undefined
  );
  if (stray !== undefined) {
    const other = quote(String(stray.only));
    throw new SessionConfigError(
      `Cannot use ${stray.field} for ${quote(name)}: it is only for backend ${other}`,
      { hint: `leave it out, or say backend: ${other}` },
    );
  }
  if (shell && typeof command === "object") {
    throw new SessionConfigError(
      `Cannot use shell for ${quote(name)}: a shell takes one string, its command is a list`,
    );
  }
  if (command !== undefined) validateCommand(command, { shell });
  if (env !== undefined) validateEnv(env, { unsafeKeys: unsafeEnv });
  for (const key of OPTIONS) checkOption(key, valueOf(options, key));
  return options;
}

function checkOption({ field, form }: SessionKey, value: unknown): void {
  if (value === undefined) return;
  if (form.kind === "text") CHECKS[form.check](value as string);
  if (form.kind === "choice") {
    const kind = field === "runtime" ? "a container runtime" : `a ${field}`;
    oneOf(form.words, { value: value as string, kind });
  }
  if (form.kind === "list" && form.item.kind === "text" && form.item.check !== "text") {
    checkList(form.item.check, value as readonly string[]);
  }
}

/**
 * Checks the name of a container runtime.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function checkRuntime(value: string): void {
  oneOf(RUNTIMES, { value, kind: "a container runtime" });
}

/** For callers without types. */
function oneOf(
  words: readonly string[],
  { value, kind }: { readonly value: string; readonly kind: string },
): void {
  if (words.includes(value)) return;
  throw refusal(`${shown(value)} as ${kind}`, {
    reason: `it must be one of ${words.join(", ")}`,
    hint: `use ${words.join(" or ")}`,
  });
}

/**
 * Makes sure that the options say what to run when no config does.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function checkComplete({ image, command }: SessionOptions, { name, backend }: {
  readonly name: string;
  readonly backend: BackendType;
}): void {
  const given: Readonly<Record<string, unknown>> = { image, command };
  const lacking = Object.keys(given).find((name) =>
    given[name] === undefined &&
    OPTIONS.some(({ field, part }) => field === name && part?.needed?.includes(backend))
  );
  if (lacking === undefined) return;
  throw new SessionConfigError(`Cannot start ${quote(name)}: it has no ${lacking}`, {
    hint: `give it the option ${lacking}`,
  });
}

/** The options as the equivalent flags of `start`. */
export function flagsOf(options: SessionOptions, backend: BackendType | null): StartFlags {
  const { command, env } = options;
  return {
    ...Object.fromEntries(OPTIONS.map((key) => [key.field, valueOf(options, key)])),
    backend: backend ?? undefined,
    ...(typeof command === "string" ? { command } : { command: undefined, argv: command }),
    env: Object.entries(env ?? {}).map(([key, value]) => `${key}=${value}`),
  };
}

/**
 * The part of a session's config that options can express, without keys of the other backend.
 * Variables are not filled in.
 */
export function writtenIn({ settings }: UsableEntry, backend: BackendType): SessionOptions {
  const said = OPTIONS.filter((key) => appliesTo(key, backend)).map(({ field }) => {
    const value: unknown = Reflect.get(settings, field);
    return [
      field,
      value instanceof Map
        ? Object.fromEntries([...value].filter(([, each]) => each !== null))
        : value,
    ] as const;
  }).filter(([, value]) => value !== null && value !== false && !isEmpty(value));
  // The same table gives the types of both.
  return { ...Object.fromEntries(said), backend } as SessionOptions;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The config to use without a config file. */
export function noConfig(world: World, settings: Partial<Config["settings"]> = {}): Config {
  return emptyConfig(null, {
    settings: { ...defaultSettings(), ...settings },
    directory: world.workingDirectory(),
  });
}
