import { equal } from "node:assert/strict";
import { marksFilter, withoutMarks } from "../../../src/logs/executions.ts";

const MARK = "\x18\x1b]5379;kstops;0123456789ab;1;3\x07\x1b[?1049l\x1b[m\x1b]5379;end\x07";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (some: Uint8Array): string => new TextDecoder().decode(some);

const CASES: Readonly<Record<string, readonly [printed: string, shown: string]>> = {
  "no mark": ["one\ntwo", "one\ntwo"],
  "a mark between two lines": [`one\n${MARK}two\n`, "one\ntwo\n"],
  "a mark within a line, which ends there": [`one${MARK}two\n`, "one\ntwo\n"],
  "a mark before all": [`${MARK}two\n`, "two\n"],
  "a mark behind all": [`one\n${MARK}`, "one\n"],
  "two marks without anything between": [`one${MARK}${MARK}two`, "one\ntwo"],
  "what only begins like a mark": ["a\x18\x1b]5379;kst\nb", "a\x18\x1b]5379;kst\nb"],
  "a mark that does not end": [
    `a\x18\x1b]5379;kstops;${"x".repeat(600)}`,
    `a\x18\x1b]5379;kstops;${"x".repeat(600)}`,
  ],
  "a mark that is cut off": ["a\x18\x1b]5379;kstops;01", "a\x18\x1b]5379;kstops;01"],
};

for (const [name, [printed, shown]] of Object.entries(CASES)) {
  Deno.test(`output without marks: ${name}`, () => {
    equal(text(withoutMarks(bytes(printed))), shown);
  });

  Deno.test(`output without marks, byte by byte: ${name}`, () => {
    const filter = marksFilter();
    const pieces = Array.from(bytes(printed), (byte) => text(filter.write(Uint8Array.of(byte))));
    equal(pieces.join("") + text(filter.end()), shown);
  });
}
