import { deepEqual, equal, match } from "node:assert/strict";
import { inOrder, meaningOf } from "../../../src/actions/meaning.ts";
import { OUT_OF_MEMORY, type SessionStatus, signalName, statusOf } from "../../../src/model.ts";
import { NOW } from "../../support/statuses.ts";

const HOUR = 3600_000;
const ago = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR);

function ended(exitCode: number | null, more: Partial<SessionStatus> = {}): SessionStatus {
  return statusOf({ name: "astro", backend: "tmux", state: "exited", exitCode, ...more });
}

const MEANINGS: Record<string, { of: SessionStatus; is: string | null }> = {
  "success": { of: ended(0), is: "it did what it had to do" },
  "an error": {
    of: ended(1),
    is: "an error that the program itself reports; its output may say more",
  },
  "the highest exit code": {
    of: ended(255),
    is: "an error that the program itself reports; its output may say more",
  },
  "128, which is no signal": {
    of: ended(128),
    is: "an error that the program itself reports; its output may say more",
  },
  "126": { of: ended(126), is: "the command that it was to run cannot be executed" },
  "127": { of: ended(127), is: "the command that it was to run was not found" },
  "a kill": {
    of: ended(137, { signal: "SIGKILL" }),
    is: "it was killed: by somebody, or by the kernel when memory ran out (dmesg tells)",
  },
  "a kill that only the exit code tells of": {
    of: ended(137),
    is: "it was killed: by somebody, or by the kernel when memory ran out (dmesg tells)",
  },
  "a kill of a container": {
    of: ended(137, { backend: "container", signal: "SIGKILL" }),
    is: "it was killed; its runtime does not say that memory ran out",
  },
  "a kill for want of memory": {
    of: ended(137, { backend: "container", signal: "SIGKILL", reason: OUT_OF_MEMORY }),
    is: "it took more memory than it may",
  },
  "a kill for want of memory that was recorded": {
    of: ended(137, {
      backend: "container",
      reason: `${OUT_OF_MEMORY}; docker no longer has this session`,
    }),
    is: "it took more memory than it may",
  },
  "a crash": {
    of: ended(139, { signal: "SIGSEGV" }),
    is: "it crashed: it touched memory that it may not",
  },
  "an end that was asked for": { of: ended(143, { signal: "SIGTERM" }), is: "it was asked to end" },
  "a signal over the exit code": { of: ended(1, { signal: "SIGTERM" }), is: "it was asked to end" },
  "a signal that needs no words": { of: ended(138, { signal: "SIGUSR1" }), is: null },
  "what was stopped": { of: ended(143, { state: "stopped" }), is: "it was asked to end" },
  "what nobody saw": { of: ended(null), is: null },
  "what runs": { of: ended(0, { state: "running" }), is: null },
  "what cannot be asked": { of: ended(1, { state: "unknown" }), is: null },
  "what is only defined": { of: ended(null, { state: "defined" }), is: null },
};
for (const [what, { of, is }] of Object.entries(MEANINGS)) {
  Deno.test(`meaningOf() ${is === null ? "says nothing of" : "explains"} ${what}`, () => {
    equal(meaningOf(of), is);
  });
}

Deno.test("meaningOf() says that a stop had to kill", () => {
  const killed = ended(137, { state: "stopped", signal: "SIGKILL" });
  match(meaningOf(killed, { isForced: true }) ?? "", /^kstops killed it: /);
  match(meaningOf(killed, { isForced: false }) ?? "", /^it was killed: by somebody/);
  // Nobody saw how, but kstops did it.
  match(
    meaningOf({ ...killed, exitCode: null, signal: null }, { isForced: true }) ?? "",
    /^kstops/,
  );
  // It runs again, or has ended by itself since then.
  equal(meaningOf({ ...killed, state: "running" }, { isForced: true }), null);
  match(meaningOf({ ...killed, state: "exited" }, { isForced: true }) ?? "", /by somebody/);
});

Deno.test("nothing begins after it has ended", () => {
  const times = { createdAt: ago(1), finishedAt: ago(2) };
  deepEqual(inOrder(ended(0, times)), ended(0, { ...times, createdAt: ago(2) }));
  for (
    const right of [{ createdAt: ago(2), finishedAt: ago(1) }, { createdAt: ago(1) }, {
      createdAt: null,
      finishedAt: ago(1),
    }]
  ) {
    deepEqual(inOrder(ended(0, right)), ended(0, right));
  }
});

/** The signals by which a program ends that did not ask for them, but for KILL. */
const EXPLAINED = [1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 14, 15, 24, 25, 31];

Deno.test("each signal that ends a program has words of its own, and no other one has any", () => {
  const meanings = Array.from({ length: 31 }, (_, index) => meaningOf(ended(128 + index + 1)));
  const explained = meanings.flatMap((meaning, index) => meaning === null ? [] : [index + 1]);
  deepEqual(explained, [...EXPLAINED, 9].sort((one, other) => one - other));
  equal(new Set(meanings).size, explained.length + 1);
  for (const number of explained) {
    const signal = signalName(number);
    equal(meaningOf(ended(128 + number, { signal })), meanings[number - 1], `${signal}`);
    match(meanings[number - 1] ?? "", /^(its?|a timer) .*[^.]$/);
  }
});
