/**
 * Turns `env` as a list, `[A=1, "B=two words", C]`, into the mapping with the same meaning, so that
 * it can be merged key by key. Pure.
 */
import { BACKENDS } from "../model.ts";
import type { Path } from "./config.ts";
import { NONE } from "./values.ts";
import type { Entry, Fault, ListNode, MapNode, Node } from "./tree.ts";

/** The tree with mappings in place of the lists below `env`, and the mistakes in those lists. */
export function withEnvMaps(
  root: MapNode,
): { readonly root: MapNode; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const env = at("env", (node, path) => node.kind === "list" ? mapOf(node, path, faults) : node);
  const defaults = inTurn([env, ...BACKENDS.map((backend) => at(backend, env))]);
  const ops = inTurn([at("defaults", defaults), at("sessions", each(env))]);
  const changed = at("ops", ops)(root, NONE);
  return { root: changed.kind === "map" ? changed : root, faults };
}

/** Returns the same node when nothing has to change. */
type Change = (node: Node, path: Path) => Node;

function at(key: string, change: Change): Change {
  return (node, path) => {
    const entry = node.kind === "map" ? node.entries.get(key) : undefined;
    if (node.kind !== "map" || entry === undefined) return node;
    const value = change(entry.value, [...path, key]);
    if (value === entry.value) return node;
    return { ...node, entries: new Map(node.entries).set(key, { ...entry, value }) };
  };
}

function each(change: Change): Change {
  return (node, path) => {
    if (node.kind !== "map") return node;
    const entries = new Map<string, Entry>();
    let isChanged = false;
    for (const [name, entry] of node.entries) {
      const value = change(entry.value, [...path, name]);
      isChanged ||= value !== entry.value;
      entries.set(name, value === entry.value ? entry : { ...entry, value });
    }
    return isChanged ? { ...node, entries } : node;
  };
}

function inTurn(changes: readonly Change[]): Change {
  return (node, path) => changes.reduce((changed, change) => change(changed, path), node);
}

const NO_VARIABLE = {
  message: "must be a variable: NAME=value, or NAME to take it from the environment",
  hint: null,
};

/** The rule for names of variables. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function mapOf({ at, items }: ListNode, path: Path, faults: Fault[]): MapNode {
  const entries = new Map<string, Entry>();
  for (const [index, item] of items.entries()) {
    const fault = (what: Pick<Fault, "message" | "hint">) =>
      faults.push({ at: item.at, path: [...path, index], ...what });
    if (item.kind !== "text") {
      const isMap = item.kind === "map";
      fault({ ...NO_VARIABLE, hint: isMap ? "write =, not a colon, or leave out the dash" : null });
      continue;
    }
    const equals = item.text.indexOf("=");
    const name = equals === -1 ? item.text : item.text.slice(0, equals);
    if (equals === -1 && !NAME.test(name)) {
      // The text is not shown: it may be a value.
      fault(NO_VARIABLE);
      continue;
    }
    const value: Node = equals === -1
      ? { kind: "null", at: item.at }
      : { kind: "text", at: item.at, text: item.text.slice(equals + 1) };
    if (entries.has(name)) {
      fault({ message: "the variable is there twice", hint: "remove one of them" });
    } else entries.set(name, { at: item.at, value });
  }
  return { kind: "map", at, entries };
}
