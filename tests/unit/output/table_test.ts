import { deepEqual, doesNotMatch, equal, ok } from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import type { Screen } from "../../../src/output/screen.ts";
import { type Cell, type Head, layOut } from "../../../src/output/table.ts";
import { NOW } from "../../support/statuses.ts";
import { property } from "../../support/property.ts";

const PIPE: Screen = { terminal: false, columns: 80, colour: false, unicode: true, now: NOW };

function terminal(columns: number, colour = false): Screen {
  return { terminal: true, columns, colour, unicode: true, now: NOW };
}

function cells(...texts: readonly string[]): Cell[] {
  return texts.map((text) => ({ text }));
}

const HEAD: readonly Head[] = [
  { text: "NAME", atLeast: 6 },
  { text: "STATE", leaves: 1 },
  { text: "COMMAND", atLeast: 7 },
];

function linesOf(rows: readonly (readonly Cell[])[], screen: Screen): string[] {
  const text = layOut({ head: HEAD, rows }, screen);
  equal(text.at(-1), "\n");
  return text.slice(0, -1).split("\n");
}

/** Columns that a terminal takes for what these tests write. */
function columnsOf(line: string): number {
  return [...stripVTControlCharacters(line)]
    .reduce((sum, character) => sum + (/[語🐍]/u.test(character) ? 2 : 1), 0);
}

Deno.test("a table on a terminal is aligned, has a head and no borders", () => {
  deepEqual(linesOf([cells("astro", "running", "run"), cells("b", "-", "x")], terminal(80)), [
    "NAME   STATE    COMMAND",
    "astro  running  run",
    "b      -        x",
  ]);
});

Deno.test("a table in a pipe has no head, no colour and no padding", () => {
  const rows = [cells("astro", "running", "run it"), [{ text: "b", colour: "red" as const }]];
  equal(layOut({ head: HEAD, rows }, PIPE), "astro\trunning\trun it\nb\n");
});

Deno.test("a table in a pipe has colour only if somebody demands it", () => {
  const rows = [[{ text: "b", colour: "red" as const }, { text: "c" }]];
  const text = layOut({ head: HEAD, rows }, { ...PIPE, colour: true });
  equal(text, "\x1b[31mb\x1b[0m\tc\n");
});

Deno.test("a table without rows is its head on a terminal, and nothing in a pipe", () => {
  equal(layOut({ head: HEAD, rows: [] }, terminal(80)), "NAME  STATE  COMMAND\n");
  equal(layOut({ head: HEAD, rows: [] }, PIPE), "");
});

Deno.test("a table in a pipe cuts nothing", () => {
  const long = "x".repeat(5000);
  equal(
    layOut({ head: HEAD, rows: [cells("a", long, long)] }, PIPE),
    `a\t${long}\t${long}\n`,
  );
});

Deno.test("wide letters are aligned as a terminal shows them", () => {
  deepEqual(linesOf([cells("日本", "up", "x"), cells("🐍", "up", "x")], terminal(80)), [
    "NAME  STATE  COMMAND",
    "日本  up     x",
    "🐍    up     x",
  ]);
});

Deno.test("on a narrow terminal the last column gives way, and the others stay whole", () => {
  const rows = [cells("a-name-of-some-length", "running", "x".repeat(100))];
  deepEqual(linesOf(rows, terminal(42)), [
    "NAME                   STATE    COMMAND",
    "a-name-of-some-length  running  xxxxxxxxx…",
  ]);
});

Deno.test("a long name is cut where the last column is as narrow as it gets", () => {
  const rows = [cells("n".repeat(64), "running", "x".repeat(100))];
  deepEqual(linesOf(rows, terminal(40)), [
    "NAME                    STATE    COMMAND",
    "nnnnnnnnnnnnnnnnnnnnn…  running  xxxxxx…",
  ]);
});

Deno.test("columns leave a terminal that is too narrow for what must stay", () => {
  const rows = [cells("n".repeat(64), "running", "x".repeat(100))];
  deepEqual(linesOf(rows, terminal(23)), [
    "NAME            COMMAND",
    "nnnnnnnnnnnnn…  xxxxxx…",
  ]);
  const head = [
    { text: "A", leaves: 2 },
    { text: "B" },
    { text: "C", leaves: 1 },
  ];
  const textAt = (columns: number) =>
    layOut({ head, rows: [cells("aaaa", "bbbb", "cccc")] }, terminal(columns));
  equal(textAt(16), "A     B     C\naaaa  bbbb  cccc\n");
  equal(textAt(15), "A     B\naaaa  bbbb\n");
  equal(textAt(9), "B\nbbbb\n");
});

Deno.test("where the locale has only ASCII, so has the sign of a cut", () => {
  const rows = [cells("a", "b", "x".repeat(20))];
  const [, line] = linesOf(rows, { ...terminal(23), unicode: false });
  equal(line, "a     b      xxxxxxxxx~");
});

Deno.test("a wide letter is never cut in two", () => {
  for (const letter of ["🐍", "語"]) {
    for (const first of ["", "a"]) {
      const [, line = ""] = linesOf(
        [cells("a", "b", first + letter.repeat(9))],
        terminal(23),
      );
      equal(line, `a     b      ${first}${letter.repeat(4)}…`);
    }
  }
});

Deno.test("a cut text ends its colour", () => {
  const rows = [[...cells("name", "s"), { text: "x".repeat(20), colour: "dim" as const }]];
  const [head, line] = linesOf(rows, terminal(20, true));
  equal(head, "\x1b[1mNAME\x1b[0m  \x1b[1mSTATE\x1b[0m  \x1b[1mCOMMAND\x1b[0m");
  equal(line, "name  s      \x1b[2mxxxxxx…\x1b[0m");
});

Deno.test("text from outside moves no cursor", () => {
  const rows = [cells("a\x1b[2J\nb\tc\r", "\x9b31m", "\u202egpj")];
  deepEqual((linesOf(rows, terminal(80))).slice(1), [
    "a\\x1b[2J\\nb\\tc\\r  \\x9b31m  \\u202egpj",
  ]);
  equal(
    layOut({ head: HEAD, rows }, PIPE),
    "a\\x1b[2J\\nb\\tc\\r\t\\x9b31m\t\\u202egpj\n",
  );
});

const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
const someText = fc.string({
  unit: fc.constantFrom("\t", "\n", "\r", "\x1b[31m", "\x9b", "a", "語", "🐍", "é"),
});

function rowsOf(text: fc.Arbitrary<string>) {
  const colour = fc.constantFrom("red" as const, "dim" as const, null);
  const cell = fc.record({ text, colour });
  return fc.array(fc.tuple(cell, cell, cell), { maxLength: 4 });
}

property("a row in a pipe is one line with one cell between two tabs", {
  input: rowsOf(fc.oneof(anyText, someText)),
  holds: (rows) => {
    const text = layOut({ head: HEAD, rows }, PIPE);
    const lines = text.split("\n");
    equal(lines.pop(), "");
    equal(lines.length, rows.length);
    for (const line of lines) equal(line.split("\t").length, HEAD.length);
    doesNotMatch(text.replaceAll(/[\t\n]/g, ""), /\p{Cc}/u);
  },
});

property("a row on a terminal is one line, with whole letters and colours that end", {
  input: fc.tuple(rowsOf(anyText), fc.nat({ max: 100 })),
  holds: ([rows, columns]) => {
    const lines = linesOf(rows, terminal(columns, true));
    equal(lines.length, rows.length + 1);
    for (const line of lines) {
      // deno-lint-ignore no-control-regex
      const begun = line.match(/\x1b\[[1-9][0-9]*m/g)?.length;
      // deno-lint-ignore no-control-regex
      equal(begun, line.match(/\x1b\[0m/g)?.length);
      doesNotMatch(stripVTControlCharacters(line), /\p{Cc}|\p{Cs}/u);
    }
  },
});

property("no line is wider than the terminal", () => {
  const columns = fc.integer({ min: 10, max: 100 });
  return {
    input: fc.tuple(rowsOf(someText), columns, fc.boolean()),
    holds: ([rows, columns, colour]) => {
      for (const line of linesOf(rows, terminal(columns, colour))) {
        ok(columnsOf(line) <= columns, `${columnsOf(line)} columns of ${columns}: ${line}`);
      }
    },
  };
});
