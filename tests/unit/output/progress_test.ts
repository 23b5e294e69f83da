import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  type Doing,
  progressLines,
  type ProgressScreen,
  redrawn,
} from "../../../src/output/progress.ts";
import { widthOf } from "../../../src/output/text.ts";
import { property } from "../../support/property.ts";
import { NOW } from "../../support/statuses.ts";

const SCREEN: ProgressScreen = { columns: 80, rows: 24, unicode: true, now: NOW };

function doing(session: string | null, label: string, seconds: number): Doing {
  return { session, label, since: new Date(NOW.getTime() - seconds * 1000) };
}

const LINES: Record<
  string,
  readonly [readonly Doing[], Partial<ProgressScreen>, readonly string[]]
> = {
  "nothing is no line": [[], {}, []],
  "a session has a line with what it waits for, and for how long": [
    [doing("worker", "stopping", 4.9)],
    {},
    ["worker  stopping, 4 s"],
  ],
  "what has just begun has no time": [[doing("a", "stopping", 0.9)], {}, ["a  stopping"]],
  "sessions stand in a column, in the order in which they began": [
    [doing("web-server", "starting", 65), doing("db", "planning", 3)],
    {},
    ["web-server  starting, 1 min 5 s", "db          planning, 3 s"],
  ],
  "of one session what was begun last is told": [
    [doing("a", "planning", 9), doing("b", "planning", 9), doing("a", "stopping", 7)],
    {},
    ["a  stopping, 7 s", "b  planning, 9 s"],
  ],
  "what is no session's is told as it is": [
    [doing(null, "examining", 2), doing(null, "examining", 3)],
    {},
    ["examining, 2 s", "examining, 3 s"],
  ],
  "a lower terminal has what fits, and counts the rest": [
    ["a", "b", "c", "d", "e"].map((name) => doing(name, "stopping", 4)),
    { rows: 4 },
    ["a  stopping, 4 s", "b  stopping, 4 s", "and 3 more"],
  ],
  "what just fits is not counted": [
    ["a", "b", "c"].map((name) => doing(name, "stopping", 4)),
    { rows: 4 },
    ["a  stopping, 4 s", "b  stopping, 4 s", "c  stopping, 4 s"],
  ],
  "with room for nothing else they are counted": [
    ["a", "b"].map((name) => doing(name, "stopping", 4)),
    { rows: 1 },
    ["2 sessions"],
  ],
  "a long name leaves the others their words": [
    [doing("x".repeat(30), "stopping", 4), doing("b", "stopping", 4)],
    { columns: 31 },
    ["xxxxxxxxxxxxxx…  stopping, 4 s", "b                stopping, 4 s"],
  ],
  "a locale of ASCII gets no other signs": [
    [doing("x".repeat(30), "stopping", 4)],
    { columns: 31, unicode: false },
    ["xxxxxxxxxxxxxx~  stopping, 4 s"],
  ],
  "what harms a terminal is escaped": [
    [doing("a\x1b[2J", "stopping", 4)],
    {},
    ["a\\x1b[2J  stopping, 4 s"],
  ],
};

for (const [what, [doings, screen, lines]] of Object.entries(LINES)) {
  Deno.test(`progress: ${what}`, () => {
    deepEqual(progressLines(doings, { ...SCREEN, ...screen }), lines);
  });
}

property("progress stays within its terminal, and tells of all sessions", () => ({
  input: fc.record({
    names: fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 60 }),
    columns: fc.integer({ min: 1, max: 120 }),
    rows: fc.integer({ min: 1, max: 50 }),
  }),
  holds: ({ names, columns, rows }) => {
    const doings = names.map((name) => doing(name, "stopping", 4));
    const lines = progressLines(doings, { ...SCREEN, columns, rows });
    ok(lines.length <= Math.max(1, rows - 1));
    for (const line of lines) ok(widthOf(line) <= Math.max(1, columns - 1), line);
    const count = new Set(names).size;
    ok(lines.length === count || columns < 20 || lines.at(-1)?.match(/\d+/) !== null);
  },
}));

/** What a terminal shows after it got a text, with the cursor at first behind its last row. */
function shownAfter(screen: readonly string[], text: string): readonly string[] {
  const rows = [...screen];
  let row = Math.max(0, rows.length - 1);
  let column = (rows[row] ?? "").length;
  // deno-lint-ignore no-control-regex
  for (const [piece] of text.matchAll(/\r|\n|\x1b\[(\d*)[AKJ]|[^\r\n\x1b]+/g)) {
    const now = rows[row] ?? "";
    if (piece === "\r") column = 0;
    else if (piece === "\n") row++;
    else if (piece.endsWith("A") && piece.startsWith("\x1b")) row -= Number(piece.slice(2, -1));
    else if (piece.startsWith("\x1b")) {
      rows[row] = now.slice(0, column);
      if (piece.endsWith("J")) rows.length = row + 1;
    } else {
      rows[row] = now.padEnd(column).slice(0, column) + piece + now.slice(column + piece.length);
      column += piece.length;
    }
  }
  return rows;
}

property(
  "progress that is drawn over another one leaves nothing of it, and nothing else goes",
  () => {
    const lines = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 8 });
    return {
      input: fc.record({ before: lines, after: lines }),
      holds: ({ before, after }) => {
        const drawn = shownAfter(["$ kstops", ""], redrawn(before, { over: [], columns: 80 }));
        deepEqual(drawn, ["$ kstops", ...before]);
        const again = shownAfter(drawn, redrawn(after, { over: before, columns: 80 }));
        deepEqual(again, ["$ kstops", ...after]);
        const erased = shownAfter(again, redrawn([], { over: after, columns: 80 }));
        deepEqual(erased, ["$ kstops", ""]);
      },
    };
  },
);

Deno.test("progress on a terminal that has become narrower goes up over all rows of the old one", () => {
  const over = ["x".repeat(30), "x".repeat(10)];
  equal(redrawn([], { over, columns: 10 }), "\r\x1b[3A\x1b[J");
  equal(redrawn([], { over, columns: 40 }), "\r\x1b[1A\x1b[J");
});
