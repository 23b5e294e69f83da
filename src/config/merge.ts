/** One config laid over another. Pure; what is written in a tree keeps its place. */
import type { Entry, MapNode, Node } from "./tree.ts";

/**
 * A tree over another. Mappings are merged, key by key; everything else replaces what is under it,
 * also a null, which takes a value away. Only over a mapping a null says nothing: whoever comments
 * out all lines below `sessions:` does not mean that an include defines none.
 *
 * Keys keep the order of `under`; new ones come behind. Neither tree is changed.
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

/** The same of two mappings. It calls itself for what is nested, which reading has limited. */
export function mergeMaps(under: MapNode, over: MapNode): MapNode {
  const entries = new Map<string, Entry>(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    const value = below === undefined ? entry.value : merge(below.value, entry.value);
    // The key is where its value is: that of a mapping in the file that wins.
    entries.set(key, value === below?.value ? below : { at: entry.at, value });
  }
  return { kind: "map", at: over.at, entries };
}
