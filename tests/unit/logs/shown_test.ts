import { deepEqual, equal, ok } from "node:assert/strict";
import { excerptOf, lastShown, shown } from "../../../src/logs/shown.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is printed, and the lines that a terminal shows in the end. */
const SHOWN: Readonly<Record<string, readonly [printed: string, lines: readonly string[]]>> = {
  "nothing": ["", []],
  "lines": ["one\ntwo\n", ["one", "two"]],
  "a line that is not ended": ["one\ntwo", ["one", "two"]],
  "empty lines": ["\none\n\n", ["", "one", ""]],
  "the carriage returns of a terminal": ["one\r\ntwo\r\n", ["one", "two"]],
  "a progress bar": ["  5%\r 50%\r100%\nError: no\n", ["100%", "Error: no"]],
  "a longer line under a shorter one": ["abcdef\rxy\n", ["xycdef"]],
  "a line that was erased to its end": ["abcdef\rxy\x1b[K\n", ["xy"]],
  "a line that was erased as a whole": ["abcdef\x1b[2K\rxy\n", ["xy"]],
  "a line that was erased from its beginning": ["abcdef\x1b[3D\x1b[1Kx\n", ["   xef"]],
  "blanks that hide what was there": ["100%\r      \rdone\n", ["done"]],
  "blanks at the end of a line": ["done  \n", ["done  "]],
  "backspaces": ["abc\b\bX\b\b\b\b\bY\n", ["YXc"]],
  "a tab": ["a\tb\n", ["a\tb"]],
  "a tab over what is there": ["abcdefghij\r\tX\n", ["abcdefghXj"]],
  "colours": ["\x1b[1;31mred\x1b[0m\n", ["red"]],
  "a title": ["\x1b]0;title\x07one\x1b]2;title\x1b\\\n", ["one"]],
  "a title that has no end": ["\x1b]0;title\none\n", ["", "one"]],
  "a sequence that has no end": ["a\x1b[12\none\x1b", ["a", "one"]],
  "character sets": ["\x1b(Bone\x1b=\n", ["one"]],
  "control characters": ["a\0b\x07c\x7f\u0085d\n", ["abcd"]],
  "bars over several lines": [
    "a 1\nb 1\n\x1b[2Aa 2\nb 2\n\x1b[2A\x1b[Ka 3\n\x1b[Kb 3\nend\n",
    ["a 3", "b 3", "end"],
  ],
  "cursor movements": ["abc\x1b[2DX\x1b[1CY\x1b[1GZ\n", ["ZXcY"]],
  "what is below the cursor, erased": ["one\ntwo\nthree\n\x1b[2A\x1b[J", ["one"]],
  "a screen that was cleared": ["one\ntwo\n\x1b[2J\x1b[Hthree\n", ["one", "two", "three"]],
  "a screen that was cleared from its beginning": [
    "one\ntwo\n\x1b[H\x1b[Jthree\n\x1b[Hdrei!",
    ["one", "two", "drei!"],
  ],
  "characters taken out and put in": ["abcd\r\x1b[2P\x1b[1@X\n", ["Xcd"]],
  "characters that were blanked": ["abcd\r\x1b[2X\n", ["  cd"]],
  "a place that was kept": ["a\x1b7bc\x1b8X\n", ["aXc"]],
  "a full-screen program": ["one\n\x1b[?1049h\x1b[2;2Hmenu\n\x1b[?1049ltwo\n", [
    "one",
    " menu",
    "two",
  ]],
  "wide letters under narrow ones": ["日本\ra\n", ["a 本"]],
  "accents": ["e\u0301a\rx\n", ["xa"]],
};
for (const [what, [printed, lines]] of Object.entries(SHOWN)) {
  Deno.test(`a terminal shows of ${what} what is left in the end`, () => {
    deepEqual(lastShown(bytes(printed), 100), lines);
  });
}

Deno.test("a line is cut at 500 characters, with a mark", () => {
  deepEqual(lastShown(bytes("x".repeat(500)), 1), ["x".repeat(500)]);
  deepEqual(lastShown(bytes("x".repeat(501)), 1), [`${"x".repeat(500)}[...]`]);
  const accents = "e\u0301".repeat(400);
  deepEqual(lastShown(bytes(accents), 1), [`${accents.slice(0, 500)}[...]`]);
  // What was too long is so no more.
  deepEqual(lastShown(bytes(`${"x".repeat(900)}\r\x1b[Kok\n`), 1), ["ok"]);
});

Deno.test("a bar of many states leaves room for the reason", () => {
  const states = Array.from({ length: 5000 }, (_, n) => `\r[${"#".repeat(n / 50)}] ${n}`).join("");
  deepEqual(lastShown(bytes(`begin\n${states}\nError: no\n`), 10), [
    "begin",
    `[${"#".repeat(99)}] 4999`,
    "Error: no",
  ]);
});

Deno.test("a character whose bytes come apart is one", () => {
  const screen = shown();
  const lines = [...bytes("ä日\n")].flatMap((byte) => screen.write(Uint8Array.of(byte)));
  deepEqual([...lines, ...screen.end()], ["ä日"]);
});

Deno.test("lines are given away once nothing can be drawn over them", () => {
  const screen = shown({ rows: 2 });
  deepEqual(screen.write(bytes("one\ntwo\nthree\n")), ["one", "two"]);
  deepEqual(screen.write(bytes("\x1b[5Adrei!\n")), []);
  deepEqual(screen.end(), ["drei!"]);
});

Deno.test("numbers without end, and lines without end, take neither time nor memory", () => {
  const far = "\x1b[999999999C\x1b[99999@\x1b[99999X\x1b[99999B\x1b[99999;99999Hx".repeat(2000);
  const [line = ""] = lastShown(bytes(far), 1);
  ok(line.length <= 505, `${line.length}`);
  equal(lastShown(bytes("\x1b]0;".padEnd(3_000_000, "x")), 1).join(), "");
});

Deno.test("an excerpt is made of more lines than it has", () => {
  ok(excerptOf(10).lines > 10);
});
