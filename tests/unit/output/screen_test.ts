import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { SESSION_STATES, type SessionStatus, statusOf } from "../../../src/model.ts";
import {
  type Colour,
  commandLine,
  durationText,
  exitText,
  moment,
  paint,
  type Screen,
  stateColour,
} from "../../../src/output/screen.ts";
import { endWords } from "../../../src/actions/words.ts";
import { NOW } from "../../support/statuses.ts";
import { property } from "../../support/property.ts";

const PIPE: Screen = { terminal: false, columns: 80, colour: false, unicode: true, now: NOW };
const TERMINAL: Screen = { terminal: true, columns: 80, colour: true, unicode: true, now: NOW };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const MOMENTS: readonly (readonly [number, string])[] = [
  [-10 * DAY, "0 s ago"],
  [0, "0 s ago"],
  [499, "0 s ago"],
  [500, "1 s ago"],
  [59.4 * SECOND, "59 s ago"],
  [60 * SECOND, "1 min ago"],
  [59 * MINUTE + 59 * SECOND, "59 min ago"],
  [HOUR, "1 h ago"],
  [47 * HOUR + 59 * MINUTE, "47 h ago"],
  [2 * DAY, "2 d ago"],
  [400 * DAY, "400 d ago"],
];

for (const [ago, expected] of MOMENTS) {
  Deno.test(`moment() says ${expected} on a terminal for ${ago / 1000} s`, () => {
    equal(moment(new Date(NOW.getTime() - ago), TERMINAL), expected);
  });
}

Deno.test("moment() says the whole time in a pipe", () => {
  equal(moment(new Date(Date.UTC(2026, 0, 2, 3, 4, 5)), PIPE), "2026-01-02T03:04:05Z");
  equal(moment(new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 60)), PIPE), "2026-01-02T03:04:05.060Z");
});

Deno.test("moment() has a dash for what is unknown", () => {
  equal(moment(null, TERMINAL), "-");
  equal(moment(null, PIPE), "-");
});

const LINES: Record<string, readonly [readonly string[] | null, string]> = {
  "an unknown command": [null, "-"],
  "no words": [[], "-"],
  "plain words": [
    ["python3", "-m", "http.server", "--bind=127.0.0.1:80", "a@b", "50%", "x,y+z"],
    "python3 -m http.server --bind=127.0.0.1:80 a@b 50% x,y+z",
  ],
  "blanks and nothing": [["echo", "a b", "", "\u00a0"], "echo 'a b' '' '\u00a0'"],
  "quotes": [["echo", "it's", '"x"'], `echo 'it'\\''s' '"x"'`],
  "what a shell would expand": [["echo", "$HOME", "*", "~", "a;b"], "echo '$HOME' '*' '~' 'a;b'"],
  "the one text of a foreign session": [["tail -f 'my log'"], "tail -f 'my log'"],
  "control characters": [["printf", "\x1b[31m", "a\nb"], "printf '\\x1b[31m' 'a\\nb'"],
  "control characters in the one text": [["a\n\x1b]0;x\x07"], "a\\n\\x1b]0;x\\x07"],
  "letters of other scripts": [["echo", "é"], "echo 'é'"],
};

for (const [what, [argv, expected]] of Object.entries(LINES)) {
  Deno.test(`commandLine() writes ${what} as a shell would read it`, () => {
    equal(commandLine(argv), expected);
  });
}

Deno.test("stateColour() has a colour for every state", () => {
  const colours = SESSION_STATES.map((state) => [state, stateColour(status({ state }))]);
  deepEqual(Object.fromEntries(colours), {
    running: "green",
    stopped: "yellow",
    exited: "red",
    defined: "dim",
    unknown: "yellow",
  });
});

const EXITS: Record<string, readonly [Partial<SessionStatus>, Colour | null]> = {
  "code 0": [{ exitCode: 0 }, null],
  "another code": [{ exitCode: 1 }, "red"],
  "a signal": [{ exitCode: 137, signal: "SIGKILL" }, "red"],
  "nothing that is known": [{}, "red"],
};

for (const [how, [facts, colour]] of Object.entries(EXITS)) {
  Deno.test(`stateColour() paints an exit with ${how} ${colour ?? "in no colour"}`, () => {
    equal(stateColour(status({ state: "exited", ...facts })), colour);
  });
}

const ENDS: Record<string, readonly [Partial<SessionStatus>, string, string | null]> = {
  "nothing that is known": [{}, "-", null],
  "code 0": [{ exitCode: 0 }, "0", "exit code 0"],
  "code 3": [{ exitCode: 3 }, "3", "exit code 3"],
  "a signal": [{ exitCode: 137, signal: "SIGKILL" }, "SIGKILL", "ended by SIGKILL"],
};

for (const [how, [facts, text, words]] of Object.entries(ENDS)) {
  Deno.test(`exitText() and endWords() say how a session ended: ${how}`, () => {
    const ended = status({ state: "exited", ...facts });
    deepEqual([exitText(ended), endWords(ended)], [text, words]);
  });
}

const COLOURS: readonly Colour[] = ["bold", "dim", "red", "green", "yellow"];

Deno.test("paint() begins and ends every colour", () => {
  deepEqual(COLOURS.map((colour) => paint("x", colour, TERMINAL)), [
    "\x1b[1mx\x1b[0m",
    "\x1b[2mx\x1b[0m",
    "\x1b[31mx\x1b[0m",
    "\x1b[32mx\x1b[0m",
    "\x1b[33mx\x1b[0m",
  ]);
});

Deno.test("paint() adds nothing without a colour, or where there is none", () => {
  equal(paint("x", null, TERMINAL), "x");
  for (const colour of COLOURS) equal(paint("x", colour, { ...TERMINAL, colour: false }), "x");
});

function status(facts: Partial<SessionStatus>): SessionStatus {
  return statusOf({ name: "astro", backend: "tmux", state: "running", ...facts });
}

// --- how long ------------------------------------------------------------------------------------

const A_MINUTE = 60;
const A_DAY = 86_400;

const DURATIONS: readonly (readonly [seconds: number | null, text: string | null])[] = [
  [null, null],
  [0, "less than a second"],
  [0.999, "less than a second"],
  [-1, "less than a second"],
  [1, "1 s"],
  [59.9, "59 s"],
  [A_MINUTE, "1 min"],
  [A_MINUTE + 1, "1 min 1 s"],
  [60 * A_MINUTE - 1, "59 min 59 s"],
  [60 * A_MINUTE, "1 h"],
  [60 * A_MINUTE + 59, "1 h"],
  [125 * A_MINUTE, "2 h 5 min"],
  [A_DAY - 1, "23 h 59 min"],
  [A_DAY, "1 d"],
  [A_DAY + 59 * A_MINUTE, "1 d"],
  [A_DAY + 60 * A_MINUTE, "1 d 1 h"],
  [400 * A_DAY + 23.9 * 60 * A_MINUTE, "400 d 23 h"],
];
for (const [seconds, text] of DURATIONS) {
  Deno.test(`durationText() says ${text} for ${seconds} s`, () =>
    equal(durationText(seconds), text));
}

property(
  "durationText() leaves out less than its smaller unit, and says no more than there is",
  () => {
    const sizes: Record<string, number> = { d: A_DAY, h: 3600, min: A_MINUTE, s: 1 };
    return {
      input: fc.integer({ min: 1, max: 1000 * A_DAY }),
      holds: (seconds) => {
        const said = [...(durationText(seconds) ?? "").matchAll(/(\d+) (\w+)/g)];
        const sum = said.reduce(
          (sum, [, count, unit]) => sum + Number(count) * (sizes[`${unit}`] ?? NaN),
          0,
        );
        const first = sizes[`${said[0]?.[2]}`] ?? NaN;
        const left = seconds - sum;
        const next: Record<number, number> = { [A_DAY]: 3600, 3600: A_MINUTE, [A_MINUTE]: 1, 1: 1 };
        equal(
          left >= 0 && left < (next[first] ?? NaN),
          true,
          `${seconds}: ${durationText(seconds)}`,
        );
      },
    };
  },
);
