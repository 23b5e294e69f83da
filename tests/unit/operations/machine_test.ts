import { OPERATION_STATES, type OperationState } from "../../../src/model.ts";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  assertTransition,
  endOfAbandoned,
  IllegalMoveError,
  isAbandoned,
  isTerminal,
  nextAction,
  type Operation,
  stateToPhase,
} from "../../../src/operations/machine.ts";

/** Written down a second time, since it is a promise. */
const LEGAL: readonly (readonly [OperationState, OperationState])[] = [
  ["pending", "validating"],
  ["validating", "planning"],
  ["planning", "input_required"],
  ["input_required", "planning"],
  ["planning", "applying"],
  ["applying", "verifying"],
  ["verifying", "done"],
];
const ENDS: readonly OperationState[] = ["done", "failed", "aborted"];

for (const from of OPERATION_STATES) {
  Deno.test(`an operation that is ${from} goes where the promise says, and nowhere else`, () => {
    for (const to of OPERATION_STATES) {
      const isLegal = LEGAL.some(([one, other]) => one === from && other === to) ||
        (!ENDS.includes(from) && (to === "failed" || to === "aborted"));
      if (isLegal) assertTransition(from, to);
      else throws(() => assertTransition(from, to), new IllegalMoveError(from, to));
    }
  });
}

Deno.test("each state has its phase, and three are the end", () => {
  deepEqual(Object.fromEntries(OPERATION_STATES.map((state) => [state, stateToPhase(state)])), {
    pending: null,
    validating: "validating_inputs",
    planning: "planning",
    input_required: "input_required",
    applying: "applying_changes",
    verifying: "verifying_state",
    done: "done",
    failed: null,
    aborted: null,
  });
  deepEqual(OPERATION_STATES.filter(isTerminal), ENDS);
  for (const state of OPERATION_STATES) {
    equal(nextAction(state), state === "input_required" ? "awaiting_input" : "none");
  }
});

const HEARTBEAT = new Date("2026-01-02T03:04:05.000Z");
const after = (ms: number): Date => new Date(HEARTBEAT.getTime() + ms);
const inState = (state: OperationState) => ({ state, lastHeartbeat: HEARTBEAT });

Deno.test("a waiting operation is abandoned after more than an hour of silence, whoever is gone", () => {
  const waiting = inState("input_required");
  equal(isAbandoned(waiting, after(3_600_000), true), false);
  equal(isAbandoned(waiting, after(3_600_001)), true);
});

for (const state of ["pending", "validating", "planning", "applying", "verifying"] as const) {
  Deno.test(`an operation that is ${state} is abandoned with its process, or after 30 s`, () => {
    equal(isAbandoned(inState(state), after(30_000)), false);
    equal(isAbandoned(inState(state), after(30_001)), true);
    equal(isAbandoned(inState(state), after(0), true), true);
  });
}

Deno.test("what is over is never abandoned", () => {
  for (const state of ENDS) ok(!isAbandoned(inState(state), after(1e12), true));
});

Deno.test("a clock that was set back abandons nobody", () => {
  ok(!isAbandoned(inState("applying"), after(-1e9)));
});

const OPERATION: Operation = {
  id: "7f3a",
  kind: "stop",
  session: "astro",
  parentId: null,
  place: "tmux:default",
  request: null,
  actor: null,
  owner: { pid: 4711, host: "host", instance: "a" },
  ...inState("applying"),
  currentPhase: "applying_changes",
  nextAction: "none",
  createdAt: HEARTBEAT,
  pendingInput: null,
  error: null,
  result: null,
};

Deno.test("an abandoned operation ends as its state demands", () => {
  deepEqual(endOfAbandoned({ ...OPERATION, state: "input_required" }), {
    state: "aborted",
    outcome: { code: "session_abandoned", reason: "no client heartbeat for >1h" },
  });
  deepEqual(endOfAbandoned(OPERATION), {
    state: "failed",
    outcome: {
      code: "operation_abandoned",
      message: `Cannot stop "astro": kstops ended, or fell silent, while applying`,
      hint: "kstops status astro says what became of it",
      details: { pid: 4711, state: "applying" },
    },
  });
});
