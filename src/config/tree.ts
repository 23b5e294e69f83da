/** The content of a config file, as a tree that knows where everything is written. */
import type { Path } from "./config.ts";
import type { Spot } from "./interpolate.ts";

/** A value in a file; `at` is where it begins, see `parseYaml`. */
export type Node = TextNode | NullNode | ListNode | MapNode;
/** A scalar. */
interface TextNode {
  readonly kind: "text";
  readonly at: number;
  readonly text: string;
}
/** No value; `at` is where the key is. */
interface NullNode {
  readonly kind: "null";
  readonly at: number;
}
/** A list. */
export interface ListNode {
  readonly kind: "list";
  readonly at: number;
  readonly items: readonly Node[];
}
/** A mapping. */
export interface MapNode {
  readonly kind: "map";
  readonly at: number;
  readonly entries: ReadonlyMap<string, Entry>;
}
/** A key and its value; `at` is where the key begins. */
export interface Entry {
  readonly at: number;
  readonly value: Node;
}

/** A mistake at one place of a file. */
export interface Fault {
  readonly at: number;
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
  readonly spot?: Spot;
  /** The fault is a key that cannot be one. Everything below it is left out; the rest stays usable. */
  readonly isStray?: true;
}

/** A file as a tree. */
export interface Tree {
  /** Null when the text has no value, or cannot be read. */
  readonly root: Node | null;
  readonly faults: readonly Fault[];
}
