/** Cases of what follows when a program has ended: for the rules, and for the arithmetic of shells. */
import type { Decision, Outcome, RestartPolicy } from "../../src/supervise/policy.ts";

/** A case with the expected decision. */
export interface RestartCase {
  readonly policy: RestartPolicy;
  readonly outcome: Outcome;
  readonly follows: Decision;
}

const POLICY: RestartPolicy = {
  kind: "on-failure",
  mostRestarts: null,
  delayMs: 1000,
  maxDelayMs: 60_000,
  resetMs: 60_000,
};
const OUTCOME: Outcome = { exitCode: 1, successCodes: [0], ranMs: 40, failures: 0 };

function of(
  policy: Partial<RestartPolicy>,
  outcome: Partial<Outcome>,
  follows: Decision,
): RestartCase {
  return { policy: { ...POLICY, ...policy }, outcome: { ...OUTCOME, ...outcome }, follows };
}

function again(delayMs: number, failures: number): Decision {
  return { kind: "restart", delayMs, failures };
}

const OVER: Decision = { kind: "over" };

export const RESTART_CASES: Readonly<Record<string, RestartCase>> = {
  "without a policy it is over": of({ kind: "no" }, {}, OVER),
  "a success is no failure": of({}, { exitCode: 0 }, OVER),
  "a code may be called a success": of({}, { exitCode: 3, successCodes: [0, 3] }, OVER),
  "a part of a code is none": of({}, { exitCode: 3, successCodes: [0, 30, 13] }, again(1000, 1)),
  "a signal is a failure": of({}, { exitCode: 137 }, again(1000, 1)),
  "always also after a success": of({ kind: "always" }, { exitCode: 0 }, again(1000, 0)),
  "a success ends the failures in a row": of(
    { kind: "always" },
    { exitCode: 0, failures: 7 },
    again(1000, 0),
  ),
  "unless-stopped is as always": of({ kind: "unless-stopped" }, { exitCode: 0 }, again(1000, 0)),
  "the second failure waits twice as long": of({}, { failures: 1 }, again(2000, 2)),
  "the fourth one eight times": of({}, { failures: 3 }, again(8000, 4)),
  "the sixth one 32 times": of({}, { failures: 5 }, again(32_000, 6)),
  "none waits longer than the limit": of({}, { failures: 6 }, again(60_000, 7)),
  "the thousandth neither": of({}, { failures: 999 }, again(60_000, 1000)),
  "the first delay may be above the limit": of({ delayMs: 90_000 }, {}, again(60_000, 1)),
  "there may be no delay": of({ delayMs: 0 }, { failures: 9 }, again(0, 10)),
  "one that was up long has no failures behind it": of(
    {},
    { failures: 8, ranMs: 60_000 },
    again(1000, 1),
  ),
  "one that was up nearly so long has": of(
    {},
    { failures: 1, ranMs: 59_990 },
    again(2000, 2),
  ),
  "the last restart that is allowed": of({ mostRestarts: 5 }, { failures: 4 }, again(16_000, 5)),
  "there are no more than that": of(
    { mostRestarts: 5 },
    { failures: 5 },
    { kind: "gave_up", failures: 6 },
  ),
  "failures long ago do not count": of(
    { mostRestarts: 1 },
    { failures: 1, ranMs: 70_000 },
    again(1000, 1),
  ),
  "a success needs no restart that is allowed": of(
    { mostRestarts: 0 },
    { exitCode: 0 },
    OVER,
  ),
  "none may be allowed": of({ mostRestarts: 0 }, {}, { kind: "gave_up", failures: 1 }),
};
