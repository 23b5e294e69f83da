import { deepEqual, equal, ok } from "node:assert/strict";
import { positionsIn } from "../../../src/config/positions.ts";
import type { Node } from "../../../src/config/tree.ts";
import { parseYaml, withoutMark } from "../../../src/config/yaml.ts";

function plain(node: Node | null): unknown {
  if (node === null || node.kind === "null") return null;
  if (node.kind === "text") return node.text;
  if (node.kind === "list") return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

/** `LINE:COLUMN: PATH: MESSAGE` of everything that is wrong. */
function faults(text: string): string[] {
  const position = positionsIn(withoutMark(text));
  return parseYaml(text).faults.map(({ at, path, message }) => {
    const { line, column } = position(at);
    return `${line}:${column}: ${[...path.map(String), message].join(": ")}`;
  });
}

const READ: Record<string, [string, unknown]> = {
  "numbers, truth values and dates as the text that is written": [
    "[-1001234567890123456, 1.10, 0123, 22:22, yes, on, true, 2024-01-01, 0x1F, 1_000, .inf]",
    "-1001234567890123456 1.10 0123 22:22 yes on true 2024-01-01 0x1F 1_000 .inf".split(" "),
  ],
  "nothing, ~ and null as null": [
    "{a: , b: ~, c: null, d: Null, e: NULL}",
    { a: null, b: null, c: null, d: null, e: null },
  ],
  "quoted and tagged nulls as text": ["['', 'null', \"~\", !!str , !!str null]", [
    "",
    "null",
    "~",
    "",
    "null",
  ]],
  "tags of the core schema as the text that is written": [
    "[!!int 0123, !!float 1.10, !!bool yes]",
    ["0123", "1.10", "yes"],
  ],
  "a block without its one final newline": ["a: |\n  x\n  y\nb: >\n  c\n  d\n", {
    a: "x\ny",
    b: "c d",
  }],
  "a block that keeps its newlines without one of them": ["a: |+\n  x\n\n\n", { a: "x\n\n" }],
  "merged mappings, where what is written wins, and of several the first": [
    "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}\nw:\n  a: 4\n  <<: *x\n",
    {
      x: { a: "1", b: "1" },
      y: { b: "2", c: "2" },
      z: { c: "3", a: "1", b: "1" },
      w: { a: "4", b: "1" },
    },
  ],
  "a quoted << as a key like any other": ['"<<": 1', { "<<": "1" }],
  "a byte order mark": ["\ufeffa: 1", { a: "1" }],
  "Windows line ends": ["a:\r\n  - b\r\n", { a: ["b"] }],
  "JSON with tabs": ['{\n\t"a": "\\ud83d\\ude00\\/",\n\t"b": [1, null]\n}', {
    a: "😀/",
    b: ["1", null],
  }],
  "an empty file": ["", null],
  "a file of comments": ["# nothing\n", null],
  "keys that objects have anyway": ["constructor: 1", { constructor: "1" }],
};

for (const [what, [text, expected]] of Object.entries(READ)) {
  Deno.test(`parseYaml() reads ${what}`, () => {
    deepEqual(faults(text), []);
    deepEqual(plain(parseYaml(text).root), expected);
  });
}

const WRONG: Record<string, [string, string[]]> = {
  "a key that is there twice": ["a: 1\nb: 2\na: 3\n", [
    "3:1: a: the key is already there, on line 1",
  ]],
  "every key that is there twice": ["a: {b: 1, b: 2}\nc: 1\nc: 1\n", [
    "1:11: a: b: the key is already there, on line 1",
    "3:1: c: the key is already there, on line 2",
  ]],
  "a tag": ["a: !!python/object:os.system [x]\nb: !secret x", [
    "1:4: a: tags are not supported",
    "2:4: b: tags are not supported",
  ]],
  "a tag that cannot be read": ["a: !secret,x y", ["1:13: tags are not supported"]],
  "an alias without an anchor": ["a: *secret", ["1:4: a: this alias has no anchor"]],
  "an alias of itself": ["a: &x [*x]", [
    "1:8: a: 0: this alias stands for a value that contains it",
  ]],
  "a merge of something else": ["a: {<<: [1]}", [
    "1:5: a: <<: << needs a mapping or a list of mappings",
  ]],
  "a key that is no text": ["? [a]\n: b\n~: c", [
    "1:3: (list): this cannot be a key",
    "3:1: (null): this cannot be a key",
  ]],
  "the key __proto__": ["__proto__: 1", ["1:1: __proto__: this cannot be a key"]],
  "a second document": ["a: 1\n---\nb: 1\n", ["3:1: the file has more than one document"]],
  "a tab for indentation": ["a:\n\tb: 1", [
    "2:1: a tab is used for indentation, where YAML wants spaces",
  ]],
  "a NUL": ["a: b\0c", ["1:5: it has a NUL byte, so it is no text"]],
  "a quote that is not closed": ["a: 'secret", [
    "1:4: the quote that begins here is not closed",
  ]],
  "a quote that ends a line too late": ['a: 1\nb: "x\nc: "y"\n', [
    "2:4: the quote that begins here is not closed",
  ]],
  "a quote in a list": ['a: [1, "x, 2]\nb: 3\n', ["1:8: the quote that begins here is not closed"]],
  "a quote below others": ["a: 'it''s'\nb: \"a \\\" b\"\nc: it's # '\nd:\n  - 'x\n  - y\n", [
    "5:5: the quote that begins here is not closed",
  ]],
  "a quote below a block": ["a: |\n  \"x\n  'y\nb: 'z\nc: 1\n", [
    "4:4: the quote that begins here is not closed",
  ]],
  "no quote, although there are some": ["a: \"x\"\nb: 'y' z\n", [
    "2:8: it is not YAML: bad indentation of a mapping entry",
  ]],
  "20,000 levels of lists": ["[".repeat(20_000), ["1:50: it is nested more than 50 levels deep"]],
  "20,000 levels of mappings": ["{a: ".repeat(20_000), [
    "1:194: it is nested more than 50 levels deep",
  ]],
  "a billion laughs": [
    "a: &a [x,x,x,x,x,x,x,x,x]\n" +
    [..."bcdefghi"].map((name, index) =>
      `${name}: &${name} [${Array(9).fill("*" + "abcdefgh"[index]).join()}]`
    ).join("\n"),
    [
      "6:8: f: 0: the aliases are too many (100 are allowed) or stand for too many values (100000)",
    ],
  ],
  "101 aliases": [`a: &a x\nb: [${Array(101).fill("*a").join()}]`, [
    "2:305: b: 100: the aliases are too many (100 are allowed) or stand for too many values (100000)",
  ]],
};

for (const [what, [text, expected]] of Object.entries(WRONG)) {
  Deno.test(`parseYaml() reports ${what}`, () => deepEqual(faults(text), expected));
}

Deno.test("parseYaml() stops counting mistakes at some point", () => {
  const found = faults("a: 1\n".repeat(100_000));
  equal(found.length, 1);
  ok(found[0]?.endsWith("there are more than 100 mistakes up to here"), found[0]);
});

Deno.test("parseYaml() knows where everything is", () => {
  const text = 'a:\r\n  - "b"\r\n  - c: d\r\n    e:\r\n';
  const position = positionsIn(text);
  const places: Record<string, string> = {};
  function visit(node: Node, path: string): void {
    const { line, column } = position(node.at);
    places[path] = `${line}:${column}`;
    if (node.kind === "list") node.items.forEach((item, index) => visit(item, `${path}${index}`));
    if (node.kind === "map") node.entries.forEach(({ value }, key) => visit(value, path + key));
  }
  const { root } = parseYaml(text);
  if (root !== null) visit(root, "/");
  deepEqual(places, {
    "/": "1:1",
    "/a": "2:3",
    "/a0": "2:5",
    "/a1": "3:5",
    "/a1c": "3:8",
    "/a1e": "4:5",
  });
});
