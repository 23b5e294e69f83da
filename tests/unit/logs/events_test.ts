import { deepEqual } from "node:assert/strict";
import { type SessionEvent, storyteller } from "../../../src/logs/events.ts";
import type { RunEvent } from "../../../src/logs/runs.ts";
import { NOBODY } from "../../../src/model.ts";

const second = (count: number): Date => new Date(count * 1000);

const BEGUN: RunEvent = {
  event: "begun",
  run: "a",
  at: second(1),
  backend: "tmux",
  engine: "tmux",
  where: "host 1000",
  socketName: "default",
  image: null,
  workingDir: "/",
  definition: "f",
  owner: NOBODY,
  ending: null,
};
const EXECUTED: RunEvent = { event: "executed", run: "a", pid: 4711, began: "1", boot: "b" };
const IN_DOCKER: RunEvent = { ...BEGUN, backend: "container", engine: "docker", socketName: null };

const ended = (at: number, exitCode: number, more: object = {}): RunEvent => ({
  event: "ended",
  run: "a",
  at: second(at),
  exitCode,
  reason: null,
  ...more,
});
const stopped = (at: number, more: object = {}): RunEvent => ({
  event: "stopped",
  run: "a",
  at: second(at),
  hadEnded: false,
  ...more,
});

/** What the lines of a story tell of, in short. */
function told(...lines: readonly RunEvent[]): readonly string[] {
  const { tell, rest } = storyteller("astro");
  return [...lines.flatMap((line) => tell(line)), ...rest()].map(inShort);
}

function inShort({ event, execution, at, exitCode, signal, reason, late }: SessionEvent): string {
  const end = signal ?? exitCode;
  return [
    `${at.getTime() / 1000} ${event} ${execution}`,
    ...(end === null ? [] : [end]),
    ...(reason === null ? [] : [reason]),
    ...(late ? ["late"] : []),
  ].join("; ");
}

Deno.test("a run is started, and stopped", () => {
  deepEqual(told(EXECUTED, BEGUN, ended(5, 130), stopped(6)), [
    "1 started 1",
    "5 exited 1; SIGINT",
    "6 stopped 1",
  ]);
});

Deno.test("each execution of a policy is told, until it gives up", () => {
  const policy = (failures: number, restartInMs: number | null) => ({
    policy: { failures, restartInMs },
  });
  deepEqual(
    told(
      BEGUN,
      EXECUTED,
      ended(2, 3, policy(1, 1000)),
      EXECUTED,
      ended(4, 3, policy(2, 2100)),
      {
        ...EXECUTED,
      },
      ended(7, 3, policy(3, null)),
      stopped(9, { hadEnded: true }),
    ),
    [
      "1 started 1",
      "2 exited 1; 3; starts again in 1 s",
      "3 restarted 2",
      "4 exited 2; 3; starts again in 2.1 s (2nd failure in a row)",
      "6.1 restarted 3",
      "7 exited 3; 3",
      "7 gave_up 3; gave up after 2 restarts",
      "9 stopped 3; it had ended before",
    ],
  );
});

Deno.test("what an engine did by itself is told as late, and one end once", () => {
  const again = { again: { restarts: 4, startedAt: second(8), areFailures: true } };
  deepEqual(
    told(IN_DOCKER, ended(9, 137, again), ended(9, 137, again), stopped(9, { forced: true })),
    [
      "1 started 1",
      "8 restarted 5; late",
      "9 exited 5; SIGKILL",
      "9 stopped 5; it had to be killed",
    ],
  );
});

Deno.test("a start of which nobody knows whether it began is none", () => {
  deepEqual(told({ ...BEGUN, isUncertain: true }), []);
});

Deno.test("what a shell has written before kstops could say that the run began comes behind it", () => {
  deepEqual(told(EXECUTED, ended(2, 3), BEGUN, stopped(4, { hadEnded: true })), [
    "1 started 1",
    "2 exited 1; 3",
    "4 stopped 1; it had ended before",
  ]);
});

Deno.test("of a run whose beginning is forgotten the rest is told", () => {
  const { tell, rest } = storyteller("astro");
  deepEqual(tell(ended(5, 1)), []);
  const [event] = rest();
  deepEqual([event?.event, event?.backend, event?.engine], ["exited", null, null]);
  deepEqual(tell(stopped(6)).map(({ event }) => event), ["stopped"]);
  deepEqual(rest(), []);
});
