import { deepEqual } from "node:assert/strict";
import type { ErrorEnvelope } from "../../../src/errors.ts";
import { failuresText } from "../../../src/output/failures.ts";
import type { Screen } from "../../../src/output/screen.ts";
import { NOW } from "../../support/statuses.ts";

const PIPE: Screen = { terminal: false, columns: 80, colour: false, unicode: true, now: NOW };

/** A failed start of a session, one of several. */
function failed(session: string, hint: string | null, reason = "exit code 3"): ErrorEnvelope {
  const message = `Cannot start "${session}": ${reason}`;
  return { error: { code: "start_failed", message, hint, details: { session } } };
}

const TEXTS: Record<string, readonly [readonly ErrorEnvelope[], readonly string[]]> = {
  "a hint that three sessions have stands once behind them, names apart": [
    ["a", "b", "c-a"].map((name) => failed(name, `the whole output: kstops logs ${name}`)),
    [
      'kstops: Cannot start "a": exit code 3',
      'kstops: Cannot start "b": exit code 3',
      'kstops: Cannot start "c-a": exit code 3',
      "hint (for 3 sessions): the whole output: kstops logs NAME",
    ],
  ],
  "a hint that two sessions have can be copied as it is": [
    ["a", "b"].map((name) => failed(name, `kstops logs ${name}`)),
    [
      'kstops: Cannot start "a": exit code 3',
      "hint: kstops logs a",
      'kstops: Cannot start "b": exit code 3',
      "hint: kstops logs b",
    ],
  ],
  "what fails with another hint, or none, is told as it was": [
    [
      failed("a", "kstops logs a"),
      failed("x", "install tmux"),
      failed("b", "kstops logs b", "exit code 4"),
      failed("y", null),
      failed("c", "kstops logs c"),
    ],
    [
      'kstops: Cannot start "a": exit code 3',
      'kstops: Cannot start "b": exit code 4',
      'kstops: Cannot start "c": exit code 3',
      "hint (for 3 sessions): kstops logs NAME",
      'kstops: Cannot start "x": exit code 3',
      "hint: install tmux",
      'kstops: Cannot start "y": exit code 3',
    ],
  ],
  "a name is a name, whatever characters it has": [
    ["a.b", "a+b", "axb"].map((name) => failed(name, `look at ${name}, not at aab`)),
    [
      'kstops: Cannot start "a.b": exit code 3',
      'kstops: Cannot start "a+b": exit code 3',
      'kstops: Cannot start "axb": exit code 3',
      "hint (for 3 sessions): look at NAME, not at aab",
    ],
  ],
  "sessions that are interrupted together have one hint": [
    ["a", "b", "c"].map((name) => ({
      error: {
        code: "interrupted",
        message: `Interrupted by SIGINT: "${name}" is running`,
        hint: `kstops status ${name} shows more`,
        details: { signal: "SIGINT" },
      },
    })),
    [
      'kstops: Interrupted by SIGINT: "a" is running',
      'kstops: Interrupted by SIGINT: "b" is running',
      'kstops: Interrupted by SIGINT: "c" is running',
      "hint (for 3 sessions): kstops status NAME shows more",
    ],
  ],
  "what is about no session keeps its own hint": [
    ["a", "a", "a"].map(() => ({
      error: {
        code: "backend_unavailable",
        message: "Cannot ask podman",
        hint: "start it",
        details: {},
      },
    })),
    Array.from({ length: 3 }).flatMap(() => ["kstops: Cannot ask podman", "hint: start it"]),
  ],
};

for (const [what, [envelopes, lines]] of Object.entries(TEXTS)) {
  Deno.test(`failures: ${what}`, () => {
    deepEqual(failuresText(envelopes, PIPE).join(""), lines.map((line) => `${line}\n`).join(""));
  });
}
