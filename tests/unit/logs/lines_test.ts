import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { countLines, lastLines, withoutReturns } from "../../../src/logs/lines.ts";
import { property } from "../../support/property.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
/** Text whose characters are bytes, and back. */
const fromLatin = (content: string): Uint8Array =>
  Uint8Array.from(content, (character) => character.charCodeAt(0));
const toLatin = (data: Uint8Array): string => String.fromCharCode(...data);
const CONTENT = fc.string({ unit: fc.constantFrom("\n", "\r", "a", "\xff", "\0"), maxLength: 60 });

const LINES: Record<string, { of: string; lines: number; is: string }> = {
  "of nothing": { of: "", lines: 5, is: "" },
  "when none is wanted": { of: "a\n", lines: 0, is: "" },
  "when all are wanted": { of: "a\nb\n", lines: Infinity, is: "a\nb\n" },
  "when more are wanted than there are": { of: "a\nb\n", lines: 9, is: "a\nb\n" },
  "when one is wanted": { of: "a\nb\n", lines: 1, is: "b\n" },
  "without a final newline": { of: "a\nb", lines: 1, is: "b\n" },
  "that are empty": { of: "a\n\n\n", lines: 2, is: "\n\n" },
  "that a terminal ended": { of: "a\r\nb\r\n", lines: 2, is: "a\nb\n" },
  "that a program ended with a carriage return": { of: "a\r\r\n", lines: 1, is: "a\r\n" },
  "with carriage returns inside": { of: "10%\r20%\rdone\r\n", lines: 1, is: "10%\r20%\rdone\n" },
  "that end in a carriage return": { of: "a\nb\r", lines: 1, is: "b\r\n" },
  "of a lone newline": { of: "\n", lines: 1, is: "\n" },
};
for (const [what, { of, lines, is }] of Object.entries(LINES)) {
  Deno.test(`lastLines() gives the last lines ${what}`, () => {
    equal(text(lastLines(bytes(of), lines)), is);
  });
}

Deno.test("lastLines() keeps bytes that are no text", () => {
  deepEqual(
    [...lastLines(new Uint8Array([0xff, 0x0a, 0x00, 0xc3, 0x0d, 0x0a]), 1)],
    [0x00, 0xc3, 0x0a],
  );
});

/** What may go on, each with its last lines. */
const OPEN: Record<string, { of: string; lines: number; is: string }> = {
  "a line without an end": { of: "a\r\nb", lines: 2, is: "a\nb" },
  "one such line alone": { of: "a\nb", lines: 1, is: "b" },
  "a line with its end": { of: "a\nb\r\n", lines: 1, is: "b\n" },
  "nothing": { of: "", lines: 1, is: "" },
  "what nobody wants": { of: "a", lines: 0, is: "" },
};
for (const [what, { of, lines, is }] of Object.entries(OPEN)) {
  Deno.test(`lastLines() adds no newline to ${what}, where it may go on`, () => {
    equal(text(lastLines(bytes(of), lines, { isOpen: true })), is);
  });
}

Deno.test("lastLines() leaves alone what it is given", () => {
  const given = bytes("a\r\nb\r\nc");
  lastLines(given, 2);
  equal(text(given), "a\r\nb\r\nc");
});

Deno.test("countLines() counts the newlines", () => {
  equal(countLines(bytes("")), 0);
  equal(countLines(bytes("a")), 0);
  equal(countLines(bytes("\n\na\r\nb")), 3);
});

property("withoutReturns() takes away the same, wherever the chunks are cut", {
  input: fc.tuple(CONTENT, fc.array(fc.nat(60), { maxLength: 8 })),
  holds: ([content, cuts]) => {
    const strip = withoutReturns();
    const inside = cuts.map((cut) => cut % (content.length + 1));
    const edges = [0, ...inside.toSorted((one, other) => one - other), content.length];
    const chunks = edges.slice(1).map((end, index) => content.slice(edges[index], end));
    const got = chunks.map((chunk) => toLatin(strip(fromLatin(chunk)))).join("");
    // One at the very end is held back: a newline may come.
    equal(got, content.replaceAll("\r\n", "\n").replace(/\r$/, ""));
  },
  cases: 3000,
});

Deno.test("withoutReturns() gives the one that it held back, once no newline came", () => {
  const strip = withoutReturns();
  const got = ["10%\r", "", "20%\r", "\n", "\r", "\r", "\n"].map((chunk) =>
    text(strip(bytes(chunk)))
  );
  deepEqual(got, ["10%", "", "\r20%", "\n", "", "\r", "\n"]);
});
