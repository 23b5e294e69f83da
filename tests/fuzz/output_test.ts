/** What is shown, recorded and kept secret. */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { interpolate } from "../../src/config/interpolate.ts";
import type { Node } from "../../src/config/tree.ts";
import { parseYaml } from "../../src/config/yaml.ts";
import { escapeControls, type Json, quote } from "../../src/errors.ts";
import { masked, maskedJson, needles } from "../../src/mask.ts";
import { maskedArgv } from "../../src/operations/argv.ts";
import { yamlLines } from "../../src/output/definition.ts";
import { payloadText } from "../../src/output/operation.ts";
import { propertyLines } from "../../src/output/properties.ts";
import { commandLine, type Screen } from "../../src/output/screen.ts";
import { cut, folded, widthOf, wrapped } from "../../src/output/text.ts";
import { scan } from "../../src/cli/scan.ts";
import { PROGRAM } from "../../src/cli/table.ts";
import { HARMFUL, isSafe } from "./checks.ts";
import { PLAIN, TEXT } from "./inputs.ts";
import { property } from "../support/property.ts";

const SCREEN: Screen = {
  terminal: true,
  columns: 80,
  colour: false,
  unicode: true,
  now: new Date("2026-01-02T03:04:05Z"),
};

/** Nothing of the mask itself: what it leaves could be read as a part of such a secret. */
const SECRET = fc.oneof(
  fc.stringMatching(/^[a-c]{1,12}$/),
  TEXT.map((text) => text.replaceAll("*", "+")),
);

/** What a config can have: no halves of characters. */
const WELL_FORMED = TEXT.map((text) => text.toWellFormed());

/** Words as they are laid out, with what is drawn over other letters. */
const WORD = fc.oneof(
  PLAIN,
  fc.string({
    unit: fc.constantFrom("a", "/", '"', "\\", "kstops ", "🐍", "語", "é", "\u0301", "\u200d", ","),
  }),
);

/** A value below an object of JSON that has nothing but texts. */
const TEXTS: fc.Arbitrary<Json> = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    TEXT,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("tree"), { maxKeys: 2 }),
  ),
})).tree;

const KEY = fc.constantFrom("KEY", "MY-KEY", "1KEY", "", "a b", "K.E");
const FLAG_WORDS = fc.constantFrom(
  ...[
    "-e",
    "--env",
    "-qe",
    "-fe",
    "-L",
    "-we",
    "--image",
    "-i",
    "-t",
    "--",
    "astro",
    "--json",
    "-v",
  ],
  ...["--workdir", "-c", "--unsafe-env"],
);
const GLUE = fc.constantFrom("-e", "-qe", "--env=", "-e=", "-hqe");

/** A command line of `start` in which each variable has a secret for its value. */
const START = fc.array(
  fc.oneof(
    FLAG_WORDS,
    fc.tuple(KEY, fc.nat({ max: 999 })).map(([key, value]) => `${key}=s3cret${value}`),
    fc.tuple(GLUE, KEY, fc.nat({ max: 999 }))
      .map(([glue, key, value]) => `${glue}${key}=s3cret${value}`),
  ),
  { maxLength: 7 },
);

/** The texts in a tree of YAML, by their paths. */
function textsIn(node: Node | null): unknown {
  if (node === null || node.kind === "null") return null;
  if (node.kind === "text") return node.text;
  if (node.kind === "list") return node.items.map(textsIn);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, textsIn(value)]));
}

property("output: what is escaped is safe, and what was safe stays as it is", {
  input: fc.oneof(
    TEXT,
    fc.string({ unit: "binary" }),
    // Where most characters that do harm are.
    fc.array(fc.integer({ min: 0, max: 0x2100 })).map((codes) => String.fromCodePoint(...codes)),
  ),
  holds: (text) => {
    const escaped = escapeControls(text);
    for (const each of [escaped, quote(text), commandLine([text, text])]) isSafe(each);
    equal(escapeControls(escaped), escaped);
    equal(escaped === text, !HARMFUL.test(text));
  },
  cases: 1000,
});
property("output: what is cut fits", {
  input: fc.tuple(PLAIN, fc.integer({ min: 1, max: 30 })),
  holds: ([text, columns]) => {
    const kept = cut(text, columns, "~");
    ok(widthOf(kept) <= columns, `${widthOf(kept)} columns`);
    ok(kept === text || kept.endsWith("~"));
    ok(kept === text || text.startsWith(kept.slice(0, -1)));
  },
  cases: 200,
});
property("output: what is folded fits, and nothing but blanks is lost", {
  input: fc.tuple(fc.array(WORD, { maxLength: 6 }), fc.integer({ min: 2, max: 30 })),
  holds: ([words, columns]) => {
    const text = words.join(" ");
    const lines = folded(text, columns);
    for (const line of lines) ok(widthOf(line) <= columns, JSON.stringify(line));
    equal(lines.join("").replaceAll(/\s/g, ""), text.replaceAll(/\s/g, ""));
  },
  cases: 200,
  once: [[["kstops", "\u0301"], 6]],
});
property("output: of what is wrapped nothing but blanks is lost", {
  input: fc.tuple(fc.array(WORD, { maxLength: 8 }), fc.integer({ min: 1, max: 40 })),
  holds: ([words, columns]) => {
    const text = words.join(" ");
    const lines = wrapped(text, { columns, taken: 3, indent: "  " });
    equal(lines.replaceAll(/\s/g, ""), text.replaceAll(/\s/g, ""));
  },
});

property("output: properties and command lines are safe", {
  input: fc.tuple(TEXT, fc.array(TEXT, { maxLength: 4 })),
  holds: ([text, words]) => {
    isSafe(commandLine(words));
    const lines = propertyLines([["name", text], ["state", null]], {
      screen: SCREEN,
      colours: new Map(),
    });
    for (const line of lines.split("\n")) isSafe(line);
  },
});
property("output: a config that is shown is read back as it was", {
  input: fc.record({
    text: WELL_FORMED,
    list: fc.array(WELL_FORMED, { maxLength: 3 }),
    map: fc.dictionary(fc.stringMatching(/^[A-Za-z_]{1,4}$/), WELL_FORMED, { maxKeys: 3 }),
  }),
  holds: ({ text, list, map }) => {
    const values = { text, list, map };
    const shape = { withOrigins: false, screen: SCREEN };
    const lines = yamlLines({ values, origins: new Map() }, shape);
    for (const line of lines) isSafe(line, "a line");
    const { root, faults } = parseYaml(lines.join("\n"));
    deepEqual(faults, []);
    const isEmpty = (value: unknown) => Object.keys(value as object).length === 0;
    const shown = Object.entries(values).filter(([, value]) =>
      typeof value === "string" || !isEmpty(value)
    );
    // A literal `${` is written as `$${`.
    const filled = JSON.parse(
      JSON.stringify(textsIn(root)),
      (_, value) => typeof value === "string" ? interpolate(value, () => undefined).text : value,
    );
    deepEqual(filled, Object.fromEntries(shown));
  },
  cases: 200,
});
property("secrets: none is left in what is masked", {
  input: fc.tuple(fc.array(SECRET, { maxLength: 3 }), fc.array(SECRET, { maxLength: 4 }), TEXTS),
  holds: ([secrets, parts, tree]) => {
    const hidden = needles(secrets);
    const text = [...parts, ...secrets].join("/");
    const result = masked(text, hidden);
    for (const secret of secrets) {
      if (secret.length >= 8) ok(!result.includes(secret), result);
    }
    const shape = (value: Json): unknown =>
      typeof value === "object" && value !== null
        ? Object.entries(value).map(([key, each]) => [key, shape(each)])
        : typeof value;
    deepEqual(shape(maskedJson(tree, hidden)), shape(tree));
  },
  cases: 200,
});
property("secrets: no value of a variable is recorded with a command line", {
  input: START,
  holds: (words) => {
    const line = scan(["start", ...words], PROGRAM);
    // A line with a mistake is never recorded.
    if (line.mistake !== null || line.asked !== null) return;
    const recorded = maskedArgv(["start", ...words]).join(" ");
    const { flags, operands, argv } = line;
    // What the user puts into the command, or calls a session, is no value of a variable.
    const others = [
      ...operands,
      ...argv ?? [],
      ...flags.flatMap(({ key, value }) => key === "env" ? [] : value ?? []),
    ].join(" ");
    for (const { key, value } of flags) {
      const secret = /s3cret\d+$/.exec(key === "env" ? value ?? "" : "")?.[0];
      if (secret === undefined || others.includes(secret)) continue;
      ok(!recorded.split(/[ =]/).includes(secret), `${secret} in ${recorded}`);
    }
    equal(maskedArgv(["start", ...words]).length, words.length + 1);
  },
  cases: 200,
  once: [["--env=MY-KEY=s3cret1"], ["-e1KEY=s3cret1"], ["-qe=K.E=s3cret1"]],
});
property("output: an outcome of an operation that is anything", {
  input: TEXTS,
  holds: (outcome) => equal(typeof payloadText(outcome), "string"),
  cases: 50,
});
