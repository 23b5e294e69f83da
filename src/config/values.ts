/** Reading the values of keys, whichever mapping they are in. Pure. */
import type { Path } from "./config.ts";
import { hasVariables, interpolate, type Lookup, spellingMistakes } from "./interpolate.ts";
import {
  FILLED_AT_START,
  isFreeKey,
  type Key,
  type Keys,
  unknownKey,
  type Values,
} from "./keys.ts";
import { type Fault, type MapNode, MAX_FAULTS, type Node, TOO_MANY_FAULTS } from "./yaml.ts";

/** Nothing, mostly. */
export const NONE: readonly never[] = [];

/**
 * Mistakes by their paths from further up. Whatever is read says where it is wrong from there on: the
 * whole path is only made where something is.
 */
export function below(path: Path, faults: readonly Fault[]): readonly Fault[] {
  if (faults.length === 0) return NONE;
  return faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}

/** What was found out about a value besides itself. */
export interface Findings {
  readonly faults: readonly Fault[];
  /** Variables that are not set. */
  readonly unset: readonly Fault[];
  readonly secrets: readonly string[];
}

export const NO_FINDINGS: Findings = { faults: NONE, unset: NONE, secrets: NONE };

/** What the keys of a mapping say. */
export interface ReadKeys<K extends Keys> extends Findings {
  readonly values: Values<K>;
}

/** Reads every key of a mapping on its own, so that all mistakes are found. */
export function readKeys<K extends Keys>(
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
    const read = readKey(value, { key, name, lookup });
    faults.push(...below([name], read.faults));
    unset.push(...below([name], read.unset));
    secrets.push(...read.secrets);
    if (read.value !== undefined) values[name] = read.value;
  }
  return { values: values as Values<K>, faults, unset, secrets };
}

/** The value of one key, or what is wrong with it. */
export function readKey<T>(
  node: Node,
  { key, name, lookup }: { key: Key<T>; name: string; lookup: Lookup },
): Findings & { readonly value: T | undefined } {
  const filled = FILLED_AT_START.has(name) ? { node, ...NO_FINDINGS } : fillIn(node, lookup);
  const { unset, secrets } = filled;
  if (filled.faults.length > 0 || unset.length > 0) return { ...filled, value: undefined };
  const faults: Fault[] = [];
  const value = key.read(filled.node, ({ at }, path, mistake) => {
    faults.push({ at, path, ...mistake });
  }, NONE);
  return { value, faults, unset, secrets };
}

/** A node with its variables filled in. */
function fillIn(node: Node, lookup: Lookup): Findings & { readonly node: Node } {
  if (node.kind === "list") {
    const items = node.items.map((item) => fillIn(item, lookup));
    return {
      node: { ...node, items: items.map((item) => item.node) },
      faults: items.flatMap((item, index) => below([index], item.faults)),
      unset: items.flatMap((item, index) => below([index], item.unset)),
      secrets: items.flatMap((item) => item.secrets),
    };
  }
  if (node.kind === "map") {
    const filled = [...node.entries].map(([name, { at, value }]) => ({
      name,
      at,
      ...fillIn(value, lookup),
    }));
    return {
      node: {
        ...node,
        entries: new Map(filled.map(({ name, at, node: value }) => [name, { at, value }])),
      },
      faults: filled.flatMap(({ name, faults }) => below([name], faults)),
      unset: filled.flatMap(({ name, unset }) => below([name], unset)),
      secrets: filled.flatMap(({ secrets }) => secrets),
    };
  }
  if (node.kind !== "text" || !hasVariables(node.text)) return { node, ...NO_FINDINGS };
  const { at } = node;
  const misspelled = spellingMistakes(node.text);
  const faults = misspelled.map((mistake) => ({ at, path: NONE, ...mistake }));
  if (faults.length > 0) return { node, ...NO_FINDINGS, faults };
  const { text, mistakes, secrets } = interpolate(node.text, lookup);
  const unset = mistakes.map((mistake) => ({ at, path: NONE, ...mistake }));
  return { node: { ...node, text }, faults, unset, secrets };
}
