/** Merges `ops.defaults` under every session. Pure. The nodes of the tree keep their places. */
import { foreignKeys, SESSION_KEYS } from "../keys/session_keys.ts";
import { BACKENDS, type BackendType } from "../model.ts";
import type { Path, Settings } from "./config.ts";
import { interpolate, type Lookup } from "./interpolate.ts";
import { mergeMaps } from "./merge.ts";
import { commandFaults, envFaults } from "./session_faults.ts";
import { below, readKeys } from "./values.ts";
import type { Entry, Fault, MapNode, Node } from "./tree.ts";

/** The most variables and keys that defaults may add to all sessions together. */
const MAX_INHERITED = 1_000_000;

/** What the merge needs to know. */
interface Context {
  readonly lookup: Lookup;
  /** The settings that apply when the config gives none. */
  readonly defaults: Settings;
}

/**
 * The tree with the defaults merged into each session: the session wins over the defaults of its
 * backend, and these win over the general ones. A wrong default is one fault, and is left out of
 * all sessions.
 */
export function withDefaults(
  root: MapNode | null,
  context: Context,
): { readonly root: MapNode | null; readonly faults: readonly Fault[] } {
  const ops = mapOf(root?.entries.get("ops")?.value);
  const node = ops?.entries.get("defaults")?.value;
  if (root === null || ops === null || node === undefined || node.kind === "null") {
    return { root, faults: [] };
  }
  const path = ["ops", "defaults"];
  if (node.kind !== "map") return { root, faults: [noMapping(node.at, path)] };
  const faults: Fault[] = [];
  const common = usable(node, { path, others: BACKENDS, lookup: context.lookup, faults });
  const layers = new Map<BackendType, MapNode>();
  for (const backend of BACKENDS) {
    const entry = node.entries.get(backend);
    if (entry === undefined || entry.value.kind === "null") continue;
    const here = [...path, backend];
    const own = mapOf(entry.value);
    if (own === null) faults.push(noMapping(entry.value.at, here));
    else {
      const fitting = applicable(own, { backend, path: here, faults });
      const { lookup } = context;
      layers.set(backend, mergeMaps(common, usable(fitting, { path: here, lookup, faults })));
    }
  }
  const sessions = mapOf(ops.entries.get("sessions")?.value);
  if (sessions === null) return { root, faults };
  const all = [common, ...layers.values()];
  if (Math.max(...all.map(sizeOf)) * sessions.entries.size > MAX_INHERITED) {
    const message = "they add too many values to the sessions";
    return { root, faults: [...faults, { at: node.at, path, message, hint: null }] };
  }
  const named = new Map<string, Entry>();
  for (const [name, entry] of sessions.entries) {
    named.set(name, { ...entry, value: laid(entry, { ops, common, layers, context }) });
  }
  const inner = withEntry(ops, "sessions", { ...sessions, entries: named });
  return { root: withEntry(root, "ops", inner), faults };
}

function laid(
  { at, value }: Entry,
  { ops, common, layers, context }: {
    readonly ops: MapNode;
    readonly common: MapNode;
    readonly layers: ReadonlyMap<BackendType, MapNode>;
    readonly context: Context;
  },
): Node {
  if (value.kind !== "map" && value.kind !== "null") return value;
  const own: MapNode = value.kind === "map" ? value : { kind: "map", at, entries: new Map() };
  const merged = mergeMaps(common, own);
  const backend = backendOf(merged.entries.get("backend")?.value, context.lookup) ??
    backendOf(ops.entries.get("default_backend")?.value, context.lookup) ??
    context.defaults.defaultBackend;
  const layer = backend === "wrong" ? undefined : layers.get(backend);
  return layer === undefined ? merged : mergeMaps(layer, own);
}

/** Null when the key is missing. */
function backendOf(node: Node | undefined, lookup: Lookup): BackendType | "wrong" | null {
  if (node === undefined || node.kind === "null") return null;
  const text = node.kind === "text" ? interpolate(node.text, lookup).text : "";
  return BACKENDS.find((backend) => backend === text) ?? "wrong";
}

/** The keys without mistakes. */
function usable(
  map: MapNode,
  { path, others = [], lookup, faults }: {
    readonly path: Path;
    readonly others?: readonly string[];
    readonly lookup: Lookup;
    readonly faults: Fault[];
  },
): MapNode {
  const { values, ...read } = readKeys(map, { keys: SESSION_KEYS, others, lookup });
  const found = [...read.faults, ...commandFaults(map, values), ...envFaults(map, values)];
  faults.push(...below(path, found));
  const wrong = new Set(found.map((fault) => fault.path[0]));
  return without(map, (key) => others.includes(key) || wrong.has(key));
}

/** The keys that a backend has. Others are mistakes, as no other backend gets them. */
function applicable(
  map: MapNode,
  { backend, path, faults }: {
    readonly backend: BackendType;
    readonly path: Path;
    readonly faults: Fault[];
  },
): MapNode {
  const foreign = foreignKeys(backend);
  const isStray = (key: string) => key === "backend" || foreign.has(key);
  for (const [key, { at }] of map.entries) {
    if (!isStray(key)) continue;
    const message = `it does not apply here: these are the defaults of ${backend} alone`;
    const other = BACKENDS.find((each) => each !== backend);
    const hint = key === "backend" ? "put it into defaults itself" : `put it below ${other}`;
    faults.push({ at, path: [...path, key], message, hint });
  }
  return without(map, isStray);
}

function without(map: MapNode, isLeftOut: (key: string) => boolean): MapNode {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => !isLeftOut(key))) };
}

function withEntry(map: MapNode, key: string, value: Node): MapNode {
  const entry = map.entries.get(key);
  return { ...map, entries: new Map(map.entries).set(key, { at: entry?.at ?? value.at, value }) };
}

function sizeOf({ entries }: MapNode): number {
  let size = entries.size;
  for (const { value } of entries.values()) size += value.kind === "map" ? value.entries.size : 0;
  return size;
}

function mapOf(node: Node | undefined): MapNode | null {
  return node?.kind === "map" ? node : null;
}

function noMapping(at: number, path: Path): Fault {
  return { at, path, message: "must be a mapping", hint: null };
}
