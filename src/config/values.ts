/** Reads the values of keys in any mapping. Pure. */
import type { FieldOf, Key, Keys, ValueOf } from "../keys/form.ts";
import { ALL_SESSION_KEYS, type SessionKey } from "../keys/session_keys.ts";
import type { Path, SessionSettings } from "./config.ts";
import type { Lookup } from "./interpolate.ts";
import { isFreeKey, type Reading, readValue, unknownKey } from "./read_value.ts";
import type { Fault, MapNode, Node } from "./tree.ts";
import { MAX_FAULTS, TOO_MANY_FAULTS } from "./yaml.ts";

/** The usual result. */
export const NONE: readonly never[] = [];

/**
 * Prefixes the paths of mistakes. Every reader reports paths from its own node: the whole path is
 * only built when there is a mistake.
 */
export function below(path: Path, faults: readonly Fault[]): readonly Fault[] {
  if (faults.length === 0) return NONE;
  return faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}

/** What reading a value found besides the value. */
interface Findings {
  readonly faults: readonly Fault[];
  /** Unset variables. */
  readonly unset: readonly Fault[];
  readonly secrets: readonly string[];
}

export const NO_FINDINGS: Findings = { faults: NONE, unset: NONE, secrets: NONE };

/** A key with everything that reading it needs. */
type ReadableKey = Key & Pick<SessionKey, "filled">;

/** The values of keys; keys that a mapping does not have are missing. */
export type Said<K extends Keys> = {
  readonly [N in keyof K as FieldOf<K[N]>]?: ValueOf<K[N]["form"]>;
};

/** The values of a mapping's keys, and the findings. */
export interface ReadKeys<K extends Keys> extends Findings {
  readonly values: Said<K>;
}

/** Reads every key of a mapping by itself, so that all mistakes are found. */
export function readKeys<K extends Readonly<Record<string, ReadableKey>>>(
  map: MapNode,
  { keys, others = NONE, lookup }: { keys: K; others?: readonly string[]; lookup: Lookup },
): ReadKeys<K> {
  const values: Record<string, unknown> = {};
  const faults: Fault[] = [];
  const unset: Fault[] = [];
  const secrets: string[] = [];
  for (const [name, { at, value }] of map.entries) {
    if (others.includes(name) || isFreeKey(name)) continue;
    if (faults.length >= MAX_FAULTS) {
      faults.push({ at, path: [], ...TOO_MANY_FAULTS });
      break;
    }
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      const known = [...Object.keys(keys), ...others];
      faults.push({ at, path: [name], ...unknownKey(name, known) });
      continue;
    }
    if (value.kind === "null") continue;
    const read = readKey(value, { key, lookup });
    faults.push(...below([name], read.faults));
    unset.push(...below([name], read.unset));
    secrets.push(...read.secrets);
    if (read.value !== undefined) values[key.field] = read.value;
  }
  // Each field has the type that the form of its key gives.
  return { values: values as Said<K>, faults, unset, secrets };
}

/** The value of one key, or its mistake. */
function readKey(
  node: Node,
  { key, lookup }: { key: ReadableKey; lookup: Lookup },
): Findings & { readonly value: unknown } {
  const faults: Fault[] = [];
  const unset: Fault[] = [];
  const secrets: string[] = [];
  const into = (list: Fault[]): Reading["note"] => ({ at }, path, mistake) => {
    if (list.length <= MAX_FAULTS) list.push({ at, path, ...mistake });
  };
  const value = readValue(key.form, node, NONE, {
    note: into(faults),
    unset: into(unset),
    isTemplate: key.filled === "start",
    lookup,
    secrets,
  });
  return { value, faults, unset, secrets };
}

/** The settings of a session without any key. */
export const NO_SETTINGS: SessionSettings = Object.fromEntries(
  ALL_SESSION_KEYS.map(([, key]) => [key.field, unsaid(key)]),
  // Every key has its field, with the type of `SessionSettings`.
) as SessionSettings;

function unsaid({ form, default: value }: SessionKey): unknown {
  if (form.kind === "variables") return new Map();
  if (form.kind === "list") return [];
  return value === false ? false : null;
}
