/** What kstops keeps, and may find cut off, mixed up, or written by somebody else. */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { countLines, fromWholeLine, joined, lastLines, shortened } from "../../src/logs/lines.ts";
import { lastShown, shown } from "../../src/logs/shown.ts";
import { partName, timesName } from "../../src/logs/parts.ts";
import {
  endOf,
  formatEvent,
  hasFailed,
  parseRuns,
  type Run,
  type RunEvent,
} from "../../src/logs/runs.ts";
import { offsetSince, parseTimes, timeAt } from "../../src/logs/times.ts";
import { escapeControls } from "../../src/errors.ts";
import { BACKENDS, NOBODY, OPERATION_STATES } from "../../src/model.ts";
import { eventOf, operationOf } from "../../src/operations/rows.ts";
import { eventToWire, operationText, operationToWire } from "../../src/output/operation.ts";
import type { Screen } from "../../src/output/screen.ts";
import { statusOfRun } from "../../src/sessions/recorded.ts";
import { DatabaseError, type SqlValue } from "../../src/world/world.ts";
import { problemWith, published } from "../support/json_schema.ts";
import { isSafe, isStatus, orThrown, plain } from "./checks.ts";
import { broken, brokenJson, BYTES, NUMBER, PLAIN, TEXT } from "./inputs.ts";
import { property } from "../support/property.ts";

const TIME = fc.date({
  noInvalidDate: true,
  min: new Date(0),
  max: new Date("2100-01-01"),
});
const TEXT_OR_NULL = fc.option(TEXT, { nil: null });

/** A run that began, and maybe ended. */
const RUN = (id: string): fc.Arbitrary<readonly RunEvent[]> =>
  fc.tuple(
    fc.record({
      event: fc.constant("begun" as const),
      run: fc.constant(id),
      at: TIME,
      backend: fc.constantFrom(...BACKENDS),
      engine: fc.constantFrom("tmux", "podman", "docker"),
      where: TEXT,
      socketName: TEXT_OR_NULL,
      image: TEXT_OR_NULL,
      workingDir: TEXT_OR_NULL,
      definition: fc.stringMatching(/^[0-9a-f]{16}$/),
      owner: fc.constant(NOBODY),
      ending: fc.constant(null),
    }),
    fc.record({
      event: fc.constant("ended" as const),
      run: fc.constant(id),
      at: TIME,
      exitCode: fc.option(fc.nat({ max: 255 }), { nil: null }),
      reason: TEXT_OR_NULL,
    }),
  );

const EVENTS = fc.tuple(RUN("000000000001"), RUN("000000000002"), RUN("000000000003"))
  .map((runs) => runs.flat());
const STORY = EVENTS.map((events) => events.map(formatEvent).join(""));

function areRuns(runs: readonly Run[]): void {
  for (const run of runs) {
    equal(typeof run.id, "string");
    const { exitCode, finishedAt } = endOf(run);
    ok(exitCode === null || (Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255));
    ok(finishedAt === null || /^\d{4}-/.test(finishedAt.toISOString()));
    equal(typeof hasFailed(run), "boolean");
    const status = statusOfRun("astro", run);
    if (status !== null) isStatus(status);
  }
}

const ID = "1b4e28ba-2fa1-4c2d-883f-0016d3cca427";
/** A row as it should be: of the operation and of its last event. */
const ROW_NOW: Record<string, SqlValue> = {
  ...{ id: ID, kind: "stop", session: "astro", place: "tmux:default", request: "{}" },
  actor: '{"user":"ada","uid":7,"sudoUser":null,"sshClient":null,"tty":null,"version":"1"}',
  owner: '{"pid":7,"host":"here","instance":"x"}',
  ...{ state: "done", created_at: 1, last_heartbeat: 2, pending_input: null, error: null },
  ...{ result: "{}", seq: 3, operation_id: ID, at: 3, type: "moved", payload: null },
};
/** What SQLite itself watches over, or never changes, is left as it is. */
const ROW = fc.constantFrom(...OPERATION_STATES).map((state): typeof ROW_NOW => ({
  ...ROW_NOW,
  state,
}));
/** The types are those of the columns; texts are what somebody else may have written. */
const CELL: fc.Arbitrary<SqlValue> = fc.oneof(
  NUMBER.filter(Number.isSafeInteger),
  fc.constantFrom(null, "done", "null", "[]", "{}", '"x"', "{", ID),
  brokenJson(fc.constantFrom(JSON.parse(String(ROW_NOW["actor"])), { pid: 7, host: "h" })),
);
const SCREEN: Screen = {
  ...{ terminal: true, columns: 80, colour: false, unicode: true, now: new Date(0) },
};

/** A line of a story that somebody else wrote, or of which a part is missing. */
const JUNK = fc.oneof(
  TEXT.map((text) => text.replaceAll("\n", " ")),
  fc.constantFrom("null", "[]", "1", '{"run":', '{"run":1}', '{"run":"__proto__","event":"ended"}'),
);

const MARKS = fc.array(fc.tuple(fc.nat({ max: 2e9 }), fc.nat({ max: 1e9 })), { maxLength: 6 });

/** What {@link lastLines} is, written down the simple way. */
function lastLinesSimply(bytes: Uint8Array, count: number): string {
  const text = [...bytes].map((byte) => String.fromCharCode(byte)).join("");
  const lines = text.replace(/\n$/, "").split("\n");
  if (text === "" || count === 0) return "";
  const kept = lines.slice(Math.max(0, lines.length - count));
  return kept.map((line, index) => {
    const isOpen = index === kept.length - 1 && !text.endsWith("\n");
    return `${isOpen ? line : line.replace(/\r$/, "")}\n`;
  }).join("");
}

const textOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => String.fromCharCode(byte)).join("");

/** What programs draw with, whole and in pieces. */
const DRAWN = fc.array(
  fc.oneof(
    BYTES,
    fc.constantFrom(
      ...["\r", "\n", "\b", "\t", "\x1b[K", "\x1b[2K", "\x1b[1K", "\x1b[J", "\x1b[2J", "\x1b[H"],
      ...[
        "\x1b[3A",
        "\x1b[B",
        "\x1b[9C",
        "\x1b[D",
        "\x1b[2P",
        "\x1b[3@",
        "\x1b[4X",
        "\x1b7",
        "\x1b8",
      ],
      ...[
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b]0;",
        "\x07",
        "\x1b\\",
        "\x1b[",
        "\x1b",
        "x".repeat(600),
      ],
      ...["日本", "e\u0301", "\u0301".repeat(20), "\x1bM", "\x1b[999999999999;9H", "\x18"],
    ).map((text) => new TextEncoder().encode(text)),
  ),
  { maxLength: 20 },
).map((pieces) => joined(pieces));

property("runs: a story, broken", {
  input: broken(STORY),
  holds: (story) => areRuns(parseRuns(story)),
  cases: 200,
});
property("runs: a line that says anything", {
  input: brokenJson(
    EVENTS.chain((events) =>
      fc.constantFrom(...events.map((each) => JSON.parse(formatEvent(each))))
    ),
  ),
  holds: (line) => areRuns(parseRuns(line)),
  once: [
    '{"run":"a","event":"ended","at":"2026-01-02T03:04:05Z","exit_code":1.5,"reason":null}',
    '{"run":"a","event":"ended","at":"2026-01-02T03:04:05Z","exit_code":-1,"reason":null}',
    '{"run":"a","event":"ended","at":"+012345-01-02T03:04:05Z","exit_code":1,"reason":null}',
  ],
});
property("runs: whatever stands between them, no run is lost", {
  input: fc.tuple(EVENTS, fc.array(JUNK, { minLength: 6, maxLength: 6 })),
  holds: ([events, junk]) => {
    const story = events.map((event, index) => `${junk[index]}\n${formatEvent(event)}`).join("");
    const clean = parseRuns(events.map(formatEvent).join(""));
    const ids = clean.map(({ id }) => id);
    deepEqual(parseRuns(story).filter(({ id }) => ids.includes(id)), clean);
  },
});
property("times: whatever stands between them, no mark is lost", {
  input: fc.tuple(MARKS, TEXT),
  holds: ([marks, junk]) => {
    const lines = marks.map(([seconds, offset]) => `${seconds} ${offset}`);
    const line = junk.split("\n").map((each) => `x${each}`).join("\n");
    const found = parseTimes([...lines, ""].join(`\n${line}\n`));
    deepEqual(found.map(({ at, offset }) => [at.getTime() / 1000, offset]), marks);
  },
});
property("times: anything", {
  input: fc.tuple(
    broken(MARKS.map((marks) => marks.map((mark) => `${mark.join(" ")}\n`).join(""))),
    TIME,
  ),
  holds: ([text, since]) => {
    const marks = parseTimes(text);
    for (const { at, offset } of marks) {
      ok(Number.isFinite(at.getTime()));
      ok(Number.isSafeInteger(offset) && offset >= 0);
    }
    const offset = offsetSince(marks, since);
    ok(offset === 0 || marks.some((mark) => mark.offset === offset));
    const at = timeAt(marks, offset);
    ok(at === null || marks.some((mark) => mark.at === at));
  },
});
property("operations: a row of the database that says anything", {
  input: fc.tuple(
    ROW,
    fc.array(
      fc.tuple(
        fc.constantFrom(...Object.keys(ROW_NOW).filter((column) => !/^seq$|id$/.test(column))),
        CELL,
      ),
      { maxLength: 2 },
    ),
  ),
  holds: ([row, changes]) => {
    const changed = { ...row, ...Object.fromEntries(changes) };
    const operation = orThrown(() => operationOf(changed), DatabaseError);
    if (operation !== null) {
      // What was asked, and what came of it, may be anything that a program has recorded.
      const { request: _1, pending_input: _2, result: _3, error: _4, ...wire } = operationToWire(
        operation,
      );
      const anything = { request: null, pending_input: null, result: null, error: null };
      const known = { ...wire, ...anything };
      equal(problemWith(published("operation.schema.json"), plain(known)), null);
      isSafe(escapeControls(operationText(operation, SCREEN)));
    }
    const event = orThrown(() => eventOf(changed), DatabaseError);
    if (event !== null) {
      const known = { ...eventToWire(event), payload: null };
      equal(problemWith(published("event.schema.json"), plain(known)), null);
    }
  },
  cases: 200,
  once: [
    [ROW_NOW, [["owner", null]]],
    [ROW_NOW, [["owner", "[]"]]],
    [ROW_NOW, [["actor", '"x"']]],
    [ROW_NOW, [["created_at", 9e15]]],
  ],
});
property("lines: the last ones, as if counted by hand", {
  input: fc.tuple(BYTES, fc.oneof(fc.nat({ max: 6 }), fc.constant(Infinity))),
  holds: ([bytes, count]) => {
    equal(textOf(lastLines(bytes, count)), lastLinesSimply(bytes, count));
    equal(countLines(bytes), bytes.filter((byte) => byte === 0x0a).length);
  },
  cases: 200,
});

property("shown: excerpts are short lines of plain text, however they come", {
  input: fc.tuple(DRAWN, fc.array(fc.nat({ max: 300 }), { maxLength: 4 }), fc.nat({ max: 30 })),
  holds: ([bytes, cuts, rows]) => {
    const whole = lastShown(bytes, Infinity);
    for (const line of whole) {
      ok([...line].length <= 505, `${line.length} characters`);
      // deno-lint-ignore no-control-regex
      ok(!/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(line), JSON.stringify(line));
    }
    ok(whole.length <= bytes.length + 1, `${whole.length} lines`);
    const screen = shown();
    const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b)];
    const pieces = places.flatMap((from, index) =>
      screen.write(bytes.subarray(from, places[index + 1] ?? bytes.length))
    );
    deepEqual([...pieces, ...screen.end()], whole);
    const small = shown({ rows: rows + 1 });
    for (const byte of bytes) small.write(Uint8Array.of(byte));
    ok(small.end().length <= rows + 1);
  },
  cases: 200,
});
property("shown: text without any control is as it was", {
  input: fc.array(PLAIN, { maxLength: 6 }),
  holds: (lines) => {
    const plain = lines.map((line) => line.normalize("NFC").replaceAll(/[^ -~äöü日本]/gu, ""));
    deepEqual(
      lastShown(new TextEncoder().encode(plain.map((line) => `${line}\n`).join("")), 9),
      plain,
    );
  },
});
property("lines: what is left out of long ones stands between their ends", {
  input: fc.tuple(
    BYTES,
    fc.array(fc.nat({ max: 60 }), { maxLength: 4 }),
    fc.integer({ min: 1, max: 9 }),
  ),
  holds: ([bytes, cuts, half]) => {
    const short = shortened(2 * half);
    const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b)];
    const pieces = places.flatMap((from, index) =>
      short.write(bytes.subarray(from, places[index + 1] ?? bytes.length))
    );
    const got = [...pieces, ...short.end()].map(textOf).join("");
    const expected = textOf(bytes).split("\n").map((line) =>
      line.length <= 2 * half ? line : `${line.slice(0, half)}\x18${line.slice(-half)}`
    ).join("\n");
    equal(got, expected);
  },
  once: [[new Uint8Array(8), [1], 4]],
});
property("lines: what begins within a line goes on with a whole one", {
  input: BYTES,
  holds: (bytes) => {
    const got = textOf(fromWholeLine(bytes));
    const behind = textOf(bytes).split("\n").slice(1).join("\n");
    if (behind !== "") equal(got, behind);
    else if (bytes.length > 0) ok(got.startsWith("[...] "));
  },
});
property("parts: names in their order are parts in theirs", {
  input: fc.tuple(fc.stringMatching(/^[0-9a-f]{12}$/), fc.nat({ max: 999_998 })),
  holds: ([run, part]) => {
    ok(partName(run, part) < partName(run, part + 1));
    ok(timesName(partName(run, part)).endsWith(".times"));
  },
  cases: 20,
});
