import { deepEqual, equal } from "node:assert/strict";
import * as fc from "fast-check";
import { merge } from "../../../src/config/merge.ts";
import type { Node } from "../../../src/config/tree.ts";
import { parseYaml } from "../../../src/config/yaml.ts";
import { property } from "../../support/property.ts";

function nodeOf(value: unknown, base = 0): Node {
  const { root, faults } = parseYaml(JSON.stringify(value), base);
  deepEqual(faults, []);
  return root ?? { kind: "null", at: base };
}

function plain(node: Node): unknown {
  if (node.kind === "null") return null;
  if (node.kind === "text") return node.text;
  if (node.kind === "list") return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

const MERGED: Record<string, [under: unknown, over: unknown, merged: unknown]> = {
  "adds keys, the lower ones first": [{ b: "1" }, { a: "2" }, { b: "1", a: "2" }],
  "merges mappings in mappings": [{ a: { x: "1", y: "1" } }, { a: { y: "2" } }, {
    a: { x: "1", y: "2" },
  }],
  "replaces lists": [{ a: ["1", "2"] }, { a: ["3"] }, { a: ["3"] }],
  "replaces single values": [{ a: "1" }, { a: "2" }, { a: "2" }],
  "replaces a list by a single value, and a mapping by a list": [{ a: ["1"], b: { x: "1" } }, {
    a: "2",
    b: ["2"],
  }, { a: "2", b: ["2"] }],
  "takes a single value or a list away by an empty one": [{ a: "1", b: ["1"] }, {
    a: null,
    b: null,
  }, { a: null, b: null }],
  "keeps a mapping under an empty value": [{ sessions: { a: {} } }, { sessions: null }, {
    sessions: { a: {} },
  }],
};

for (const [what, [under, over, merged]] of Object.entries(MERGED)) {
  Deno.test(`merge() ${what}`, () => {
    const result = plain(merge(nodeOf(under), nodeOf(over)));
    deepEqual(result, merged);
    equal(JSON.stringify(result), JSON.stringify(merged));
  });
}

/** Mappings in mappings, where a key always holds the same kind of value. */
const mapping = fc.letrec((tie) => ({
  mapping: fc.record({
    text: fc.constantFrom("1", "2", null),
    list: fc.constantFrom(["1"], [], null),
    below: fc.oneof({ depthSize: "small" }, fc.constant(null), tie("mapping")),
    other: fc.oneof({ depthSize: "small" }, fc.constant({}), tie("mapping")),
  }, { requiredKeys: [] }),
})).mapping;

property("merge() is associative over mappings, and changes neither of them", {
  input: fc.tuple(mapping, mapping, mapping),
  holds: ([...values]) => {
    const nodes = values.map((value) => nodeOf(value));
    const [a, b, c] = nodes as [Node, Node, Node];
    const before = JSON.stringify(nodes.map(plain));
    deepEqual(plain(merge(merge(a, b), c)), plain(merge(a, merge(b, c))));
    equal(JSON.stringify(nodes.map(plain)), before);
  },
});

property("merge() with itself, over nothing and under nothing is the same", {
  input: mapping,
  holds: (value) => {
    const node = nodeOf(value);
    deepEqual(plain(merge(node, node)), plain(node));
    deepEqual(plain(merge(nodeOf({}), node)), plain(node));
    deepEqual(plain(merge(node, nodeOf({}))), plain(node));
  },
});

Deno.test("merge() keeps the place of everything", () => {
  const under = nodeOf({ a: { x: "1" }, b: "1", c: "1" });
  const over = nodeOf({ a: { y: "2" }, b: "2" }, 1000);
  const merged = merge(under, over);
  const places: Record<string, readonly number[]> = {};
  const visit = (node: Node, path: string): void => {
    if (node.kind !== "map") return;
    for (const [key, { at, value }] of node.entries) {
      places[path + key] = [at, value.at];
      visit(value, `${path}${key}.`);
    }
  };
  visit(merged, "");
  deepEqual(places, {
    "a": [1001, 1005],
    "a.x": [6, 10],
    "a.y": [1006, 1010],
    "b": [1015, 1019],
    "c": [23, 27],
  });
});
