/** What parsers are given: texts of all kinds, and what engines really said, broken. */
import fc from "fast-check";

/** What breaks programs: controls, halves of characters, numbers out of range, other people's syntax. */
export const HOSTILE: readonly string[] = [
  ...["", "\0", "\x07", "\x1b[31m", "\x1b]0;title\x07", "\x7f", "\x9b", "\t", "\n", "\r\n", "\r"],
  ...["\u2028", "\u202e", "\ufeff", "\ufffd", "\ud800", "\udc00", "e\u0301", "日本語", "👩‍👩‍👧"],
  ...["-1", "0", "1.5", "1e999", "9007199254740993", "9".repeat(400), "NaN", "0x10", "007"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "null",
    "true",
    "{}",
    "[]",
    "[null]",
  ],
  ...[
    "'",
    '"',
    "`",
    "\\",
    "$",
    "${",
    "${X}",
    "${X:-",
    "$${",
    "}",
    "#",
    "#{",
    "%",
    "&",
    "*",
    "!",
    "|",
  ],
  ...[":", ": ", "- ", "---", "? ", "<<", ",", "=", "--", "-", "/", "..", "../..", "~", " ", "   "],
];

/** Texts of all kinds: any code points, any UTF-16 units, and what breaks programs. */
export const TEXT: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 10 })
    .map((units) => String.fromCharCode(...units)),
  fc.array(fc.oneof(fc.constantFrom(...HOSTILE), fc.constantFrom("a", "bot", "x=y")), {
    maxLength: 8,
  }).map((parts) => parts.join("")),
);

/** Texts that a line of a terminal may have: no control characters, no halves of characters. */
export const PLAIN: fc.Arbitrary<string> = fc.string({ unit: "grapheme", maxLength: 20 })
  // deno-lint-ignore no-control-regex
  .map((text) => text.replaceAll(/[\0-\x1f\x7f-\x9f]/g, "").toWellFormed());

/** Bytes of all kinds, mostly those that mean something in a log. */
export const BYTES: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.array(fc.constantFrom(0x0a, 0x0d, 0x20, 0x41, 0xc3, 0xff, 0x1b, 0), { maxLength: 40 })
    .map((bytes) => Uint8Array.from(bytes)),
  TEXT.map((text) => new TextEncoder().encode(text)),
);

/** Numbers, with those that are none, or that no field has room for. */
export const NUMBER: fc.Arbitrary<number> = fc.oneof(
  fc.integer(),
  fc.nat({ max: 70_000 }),
  fc.double(),
  fc.constantFrom(-1, 0, 1.5, 255, 256, 2 ** 31, 2 ** 53, 1e20, -1e20, 1e300),
);

/** Values that JSON can carry, and that nobody expects. */
const ODD: fc.Arbitrary<unknown> = fc.oneof(
  { maxDepth: 2 },
  NUMBER.filter(Number.isFinite),
  TEXT,
  fc.constantFrom(null, true, false, [], {}, [null], [[]], { a: null }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** One thing done to a text. */
type Edit = readonly [
  kind: "flip" | "cut" | "double" | "swap" | "put" | "end",
  at: number,
  length: number,
  text: string,
];

const EDITS: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.tuple(
    fc.constantFrom("flip", "cut", "double", "swap", "put", "end" as const),
    fc.nat({ max: 1 << 20 }),
    fc.nat({ max: 40 }),
    fc.constantFrom(...HOSTILE),
  ),
  { maxLength: 5 },
);

/** Texts as they were really said, broken: bits flipped, parts cut, doubled and moved, things put in. */
export function broken(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(texts, EDITS).map(([text, edits]) => edits.reduce(edited, text));
}

function edited(text: string, [kind, where, length, put]: Edit): string {
  const at = text.length === 0 ? 0 : where % text.length;
  const [before, part, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at)];
  switch (kind) {
    case "flip":
      return before + String.fromCharCode(text.charCodeAt(at) ^ (1 << (length % 8))) +
        text.slice(at + 1);
    case "cut":
      return before + text.slice(at + length);
    case "double":
      return before + part + after;
    case "swap":
      return text.slice(at + length) + before + part;
    case "put":
      return before + put + after;
    case "end":
      return before;
  }
}

/** One thing done to a tree of JSON: the value at a place replaced, or taken away, or a key put in. */
type Cut = readonly [
  where: number,
  kind: "replace" | "remove" | "add",
  key: string,
  value: unknown,
];

const CUTS: fc.Arbitrary<readonly Cut[]> = fc.array(
  fc.tuple(
    fc.nat({ max: 1 << 20 }),
    fc.constantFrom("replace", "replace", "remove", "add" as const),
    fc.constantFrom("__proto__", "constructor", "", "x", "\x1b"),
    ODD,
  ),
  { minLength: 1, maxLength: 3 },
);

/** Values as they were really said, broken inside: the JSON can be read, and is not what it should be. */
export function brokenJson(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc.tuple(values, CUTS).map(([value, cuts]) =>
    cuts.reduce((text, cut) => cutAt(JSON.parse(text), cut), JSON.stringify(value))
  );
}

function cutAt(root: unknown, [where, kind, name, value]: Cut): string {
  const places: (readonly [Record<string, unknown>, string])[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  const [parent, key] = places[places.length === 0 ? 0 : where % places.length] ?? [null, ""];
  if (parent === null) return JSON.stringify(value);
  if (kind === "replace") parent[key] = value;
  else if (kind === "remove") delete parent[key];
  else Object.defineProperty(parent, name, { value, enumerable: true, configurable: true });
  return JSON.stringify(root);
}

/** The files of a directory of fixtures, by name. */
export function fixtures(directory: string): ReadonlyMap<string, string> {
  const url = new URL(`../fixtures/${directory}/`, import.meta.url);
  const names = Array.from(Deno.readDirSync(url), ({ name, isFile }) => isFile ? name : "")
    .filter((name) => name !== "").sort();
  return new Map(names.map((name) => [name, Deno.readTextFileSync(new URL(name, url))]));
}
