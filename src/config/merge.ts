/** Merges one config over another. Pure. The nodes of the trees keep their places. */
import type { Entry, MapNode, Node } from "./tree.ts";

/**
 * Merges a tree over another. Mappings are merged key by key. Everything else replaces what is
 * under it, and a null takes a value away. Only over a mapping a null changes nothing: a user who
 * comments out all lines below `sessions:` does not mean to remove the included ones.
 *
 * Keys keep the order of `under`, and new keys come last. Neither tree is changed.
 *
 * ```ts
 * merge({ a: { x: 1 }, l: [1] }, { a: { y: 2 }, l: [2] }); // { a: { x: 1, y: 2 }, l: [2] }
 * ```
 */
export function merge(under: Node, over: Node): Node {
  if (under.kind !== "map") return over;
  if (over.kind === "null") return under;
  return over.kind === "map" ? mergeMaps(under, over) : over;
}

/** Merges two mappings. It recurses into nested ones; the reader limits their depth. */
export function mergeMaps(under: MapNode, over: MapNode): MapNode {
  const entries = new Map<string, Entry>(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    const value = below === undefined ? entry.value : merge(below.value, entry.value);
    // The key's place is that of its value; a merged mapping has the place in the winning file.
    entries.set(key, value === below?.value ? below : { at: entry.at, value });
  }
  return { kind: "map", at: over.at, entries };
}
