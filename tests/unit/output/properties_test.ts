import { equal } from "node:assert/strict";
import { momentAndTime, type Property, propertyLines } from "../../../src/output/properties.ts";
import type { Colour, Screen } from "../../../src/output/screen.ts";
import { NOW } from "../../support/statuses.ts";

const TERMINAL: Screen = { terminal: true, columns: 24, colour: false, unicode: true, now: NOW };
const PIPE: Screen = { ...TERMINAL, terminal: false };

/** Properties, with the lines of them on a terminal of 24 columns. */
const SHOWN: Record<string, { of: readonly Property[]; is: string }> = {
  "aligned": { of: [["a", "one"], ["longer", "two"]], is: "a       one\nlonger  two\n" },
  "none at all": { of: [], is: "" },
  "without those that are not known": { of: [["a", null], ["b", "two"]], is: "b  two\n" },
  "aligned with those that are not known": {
    of: [["longer", null], ["b", "two"]],
    is: "b       two\n",
  },
  "without any value": { of: [["a", ""]], is: "a  \n" },
  "folded under their beginning": {
    of: [["label", "one two three four five"], ["b", "six"]],
    is: "label  one two three\n       four five\nb      six\n",
  },
  "as wide as the screen": {
    of: [["label", "x".repeat(17)]],
    is: `label  ${"x".repeat(17)}\n`,
  },
  "broken where one word is wider": {
    of: [["label", "x".repeat(18)]],
    is: `label  ${"x".repeat(17)}\n       x\n`,
  },
  "folded to 8 columns where there are fewer": {
    of: [["a label of many words", "one two three"]],
    is: `a label of many words  one two\n${" ".repeat(23)}three\n`,
  },
  "with their controls escaped": { of: [["a", "x\x1b[2J\ny"]], is: "a  x\\x1b[2J\\ny\n" },
};
for (const [how, { of, is }] of Object.entries(SHOWN)) {
  Deno.test(`properties are shown ${how}`, () => {
    equal(propertyLines(of, { screen: TERMINAL }), is);
  });
}

Deno.test("properties are not folded in a pipe", () => {
  const value = "word ".repeat(100) + "end";
  equal(propertyLines([["a", value]], { screen: PIPE }), `a  ${value}\n`);
});

Deno.test("labels are dim, and values have their colours on each line", () => {
  const screen = { ...TERMINAL, colour: true };
  const colours = new Map<string, Colour | null>([["state", "red"], ["b", null]]);
  equal(
    propertyLines([["state", "one two three four"], ["b", "x"]], { screen, colours }),
    "\x1b[2mstate\x1b[0m  \x1b[31mone two three\x1b[0m\n       \x1b[31mfour\x1b[0m\n" +
      "\x1b[2mb\x1b[0m      x\n",
  );
});

Deno.test("a moment has its time beside it on a terminal, and is a time alone in a pipe", () => {
  const date = new Date(NOW.getTime() - 5 * 60_000);
  equal(momentAndTime(date, TERMINAL), "5 min ago (2026-03-04T11:55:00Z)");
  equal(momentAndTime(date, PIPE), "2026-03-04T11:55:00Z");
  equal(momentAndTime(null, TERMINAL), null);
  equal(momentAndTime(null, PIPE), null);
});
