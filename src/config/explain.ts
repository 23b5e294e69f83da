/**
 * Explains a start: what exactly it would start, and where each value comes from, without secrets.
 * Pure.
 */
import { valueAt } from "../keys/paths.ts";
import { ALL_SESSION_KEYS, appliesTo, type SessionKey } from "../keys/session_keys.ts";
import { BACKENDS, type Definition } from "../model.ts";
import type { Config, Origin, Path } from "./config.ts";
import { resolve, type Resolved } from "./resolve.ts";
import { flagged, flagsOnlyOf, given, type StartFlags } from "./flags.ts";
import type { Surroundings } from "./starting.ts";
import { originAt } from "./variables.ts";

/** An explained start. */
export interface Explained extends Resolved {
  /** The definition with `***` in place of the values of variables and of everything filled in. */
  readonly shown: Definition;
  /**
   * The origin of every part of the definition, by its key in a config file: `command`,
   * `env.TOKEN`, `volumes[0]`.
   */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Does the same as {@link resolve}, and adds origins and a definition that may be shown. */
export function explain(
  name: string,
  flags: StartFlags,
  config: Config,
  surroundings: Surroundings,
): Explained {
  const resolved = resolve(name, flags, config, surroundings);
  const { definition } = resolve(name, flags, config, {
    ...surroundings,
    env: (key) => masked(surroundings.env(key)),
    masked: true,
  });
  const entry = config.sessions.get(name);
  const secrets = entry?.kind === "usable" && flags.socketName === undefined ? entry.secrets : [];
  const shown = withoutSecrets(definition, secrets);
  return { ...resolved, shown, origins: originsOf(name, resolved, { flags, config }) };
}

const MASK = "***";

/** Hides a value, but keeps whether it is absolute or relative. */
function masked(value: string | undefined): string | undefined {
  if (value === undefined || value === "") return value;
  return (/^(?:\/|\.\/)/.exec(value)?.[0] ?? "") + MASK;
}

/** @param secrets values from the environment in keys that are read at once */
function withoutSecrets(definition: Definition, secrets: readonly string[]): Definition {
  const keys = Object.keys(definition.env);
  const env = Object.fromEntries(keys.map((key) => [key, MASK]));
  if (!("socketName" in definition)) return { ...definition, env };
  const { socketName: name } = definition;
  const socketName = secrets.reduce((text, secret) => text.replaceAll(secret, MASK), name);
  return { ...definition, env, socketName };
}

function originsOf(
  name: string,
  { definition, envOrigins }: Resolved,
  { flags, config }: { flags: StartFlags; config: Config },
): ReadonlyMap<string, Origin> {
  const entry = config.sessions.get(name);
  const path = ["ops", "sessions", name];
  const settings = entry?.kind === "usable" ? entry.settings : null;
  /** The flag if it was given, else the session if it has the key, else `ops`. */
  const originOf = (key: string, about: SessionKey, ...below: Path): Origin => {
    const flag = flagsFor(key, about, flags)[0];
    if (flag !== undefined) return { kind: "flag", flag };
    const isInSession = settings !== null && isSaid(Reflect.get(settings, about.field), about);
    if (isInSession) return originAt(config, [...path, key, ...below]);
    return about.ops === undefined ? { kind: "default" } : originAt(config, ["ops", about.ops]);
  };

  const origins = new Map<string, Origin>();
  for (const [key, about] of ALL_SESSION_KEYS) {
    const { part, field } = about;
    if (part === undefined || !appliesTo(about, definition.backend)) continue;
    const value = valueAt(definition, part.at ?? field);
    if (about.form.kind === "variables") {
      for (const variable of Object.keys(definition.env)) {
        // A variable that a shell needs comes from its command.
        const command = originAt(config, [...path, "command"]);
        origins.set(`${key}.${variable}`, envOrigins.get(variable) ?? command);
      }
    } else if (part.origins === "each" && Array.isArray(value)) {
      for (const index of value.keys()) {
        origins.set(`${key}[${index}]`, originOf(key, about, index));
      }
    } else origins.set(key, originOf(key, about));
  }
  return origins;
}

/** The given flags that decide the value of a key. */
function flagsFor(
  key: string,
  { flag, field }: SessionKey,
  flags: StartFlags,
): readonly string[] {
  const own = flag !== undefined && flagged(flags, field) !== null ? [`--${flag}`] : [];
  // Words after `--` decide the command, and flags of one backend alone decide the backend.
  if (key === "command") return given(flags.argv) === null ? own : ["--"];
  if (key !== "backend") return own;
  return [...own, ...BACKENDS.toReversed().flatMap((backend) => flagsOnlyOf(backend, flags))];
}

function isSaid(value: unknown, { default: unsaid }: SessionKey): boolean {
  if (value === null || value === false && unsaid === false) return false;
  return !(Array.isArray(value) && value.length === 0);
}
