import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { changesBetween } from "../../../src/actions/drift.ts";
import { planSteps, type Wanted } from "../../../src/actions/up_steps.ts";
import { OpsError } from "../../../src/errors.ts";
import { SESSION_STATES, type SessionStatus, statusOf } from "../../../src/model.ts";
import { changesText } from "../../../src/model/change.ts";
import { containerDefinition, tmuxDefinition } from "../../support/definitions.ts";
import { property } from "../../support/property.ts";

function wanted(more: Partial<Wanted> = {}): Wanted {
  return {
    name: "web",
    backend: "tmux",
    needs: [],
    isTask: false,
    successCodes: [0],
    status: null,
    changes: [],
    trouble: null,
    leftOut: [],
    ...more,
  };
}

function status(more: Partial<SessionStatus>): SessionStatus {
  return statusOf({ name: "web", backend: "tmux", state: "running", managed: true, ...more });
}

const CHANGED = [{ key: "image", from: "web:1", to: "web:2" }];
const RUNNING = status({});
const DONE = status({ state: "exited", exitCode: 0 });
const FAILED = status({ state: "exited", exitCode: 3 });

const STEPS: Record<string, [Partial<Wanted>, string]> = {
  "nothing is there": [{}, "start: it does not run"],
  "it is only defined": [{ status: status({ state: "defined" }) }, "start: it does not run"],
  "it was stopped, and kept": [
    { status: status({ state: "stopped" }) },
    "start: it does not run",
  ],
  "it runs": [{ status: RUNNING }, "keep: it runs as it is defined"],
  "it runs with another definition": [
    { status: RUNNING, changes: CHANGED },
    "restart: changed: image web:1 -> web:2",
  ],
  "it ended with success": [{ status: DONE }, "start: it has ended, exit code 0"],
  "it ended with success, and is a task": [{ status: DONE, isTask: true }, "keep: it is done"],
  "a task with a success of its own": [
    { status: FAILED, isTask: true, successCodes: [0, 3] },
    "keep: it is done",
  ],
  "a task that failed": [{ status: FAILED, isTask: true }, "start: it has ended, exit code 3"],
  "a task that changed": [
    { status: DONE, isTask: true, changes: CHANGED },
    "start: it has ended, exit code 0; changed: image web:1 -> web:2",
  ],
  "a task that was killed": [
    { status: status({ state: "exited", exitCode: 0, signal: "SIGKILL" }), isTask: true },
    "start: it has ended, ended by SIGKILL",
  ],
  "its policy starts it again": [
    { status: status({ state: "exited", exitCode: 3, engineState: "backoff" }) },
    "keep: it runs as it is defined",
  ],
  "its policy gave up": [
    { status: status({ state: "exited", exitCode: 3, engineState: "gave_up" }) },
    "start: it has ended, exit code 3",
  ],
  "it cannot be started so": [
    { trouble: new OpsError("usage", 'Cannot start "web": it has no image') },
    "blocked: it cannot be started so: it has no image",
  ],
  "its engine does not tell": [
    { trouble: new OpsError("backend_unavailable", "no") },
    "blocked: its engine cannot be asked",
  ],
};

for (const [name, [seen, says]] of Object.entries(STEPS)) {
  Deno.test(`a plan, where ${name}`, () => {
    const [step] = planSteps([wanted(seen)], [], { restart: true });
    equal(`${step?.action}: ${step?.cause}`, says);
  });
}

Deno.test("without restarts, what differs is kept, and that is said", () => {
  const plan = (more: Partial<Wanted>) =>
    planSteps([wanted({ changes: CHANGED, ...more })], [], { restart: false })
      .map(({ action, cause }) => `${action}: ${cause}`);
  deepEqual(plan({ status: RUNNING }), [
    "keep: it runs with another definition: image web:1 -> web:2",
  ]);
  deepEqual(plan({ status: DONE, isTask: true }), [
    "keep: it is done, as it was: image web:1 -> web:2",
  ]);
});

Deno.test("what is not defined any more ends first, then each comes behind its needs", () => {
  const steps = planSteps(
    [
      wanted({ name: "web", needs: [{ name: "db", condition: "ready" }] }),
      wanted({ name: "db", needs: [{ name: "elsewhere", condition: "started" }] }),
    ],
    [status({ name: "old" })],
    { restart: true },
  );
  deepEqual(steps.map(({ name, action }) => `${action} ${name}`), [
    "stop old",
    "start db",
    "start web",
  ]);
  deepEqual(steps.map(({ needs }) => needs.map(({ name }) => name)), [[], [], ["db"]]);
});

Deno.test("what differs is named by its keys, without what may be secret", () => {
  const old = tmuxDefinition({ env: { A: "1", B: "2" }, argv: ["old"] });
  const fresh = tmuxDefinition({
    env: { A: "1", B: "3", C: "4" },
    argv: ["new"],
    stopTimeoutSeconds: 20,
    restart: "always",
  });
  equal(
    changesText(changesBetween(old, fresh)),
    "command, env.B, env.C, restart none -> always, stop_timeout 10 -> 20",
  );
  deepEqual(changesBetween(old, old), []);
});

Deno.test("an image is named, and another backend is all that is said", () => {
  const old = containerDefinition({ image: "web:1" });
  equal(
    changesText(changesBetween(old, containerDefinition({ image: "web:2", ports: ["80"] }))),
    "image web:1 -> web:2, ports",
  );
  equal(changesText(changesBetween(old, tmuxDefinition())), "backend container -> tmux");
});

Deno.test("where it runs, and who owns it, is no change", () => {
  const old = tmuxDefinition({ socketName: "one" });
  const fresh = tmuxDefinition({
    socketName: "two",
    owner: { project: "p", configFile: "/x" },
    inherited: { PATH: "/bin" },
  });
  deepEqual(changesBetween(old, fresh), []);
});

// --- all plans -----------------------------------------------------------------------------------

const NAMES = ["a", "b", "c", "d", "e"];
const ANY_STATUS: fc.Arbitrary<SessionStatus | null> = fc.oneof(
  fc.constant(null),
  fc.record({
    state: fc.constantFrom(...SESSION_STATES.filter((state) => state !== "unknown")),
    exitCode: fc.constantFrom(null, 0, 3),
    engineState: fc.constantFrom(null, "backoff", "gave_up"),
  }).map(status),
);
/** Sessions of a config in which each may need the earlier ones, whatever became of them. */
const ANY_WANTED: fc.Arbitrary<readonly Wanted[]> = fc.tuple(
  ...NAMES.map((name, index) =>
    fc.record({
      status: ANY_STATUS,
      changes: fc.constantFrom([], CHANGED),
      isTask: fc.boolean(),
      trouble: fc.constantFrom(null, null, null, new OpsError("backend_unavailable", "no")),
      needs: fc.subarray(NAMES.slice(0, index)),
    }).map(({ needs, ...rest }) =>
      wanted({
        ...{ ...rest, name },
        needs: needs.map((other) => ({ name: other, condition: "started" as const })),
      })
    )
  ),
);

property("once a plan is done, nothing is left to do; and each step stands behind what it needs", {
  input: ANY_WANTED,
  holds: (all) => {
    const steps = planSteps(all, [], { restart: true });
    deepEqual(steps.map(({ name }) => name).toSorted(), NAMES);
    for (const [index, { needs }] of steps.entries()) {
      for (const { name } of needs) {
        equal(steps.findIndex((each) => each.name === name) < index, true);
      }
    }
    const done = all.map((each) => {
      const action = steps.find(({ name }) => name === each.name)?.action;
      if (action !== "start" && action !== "restart") return each;
      return { ...each, changes: [], status: each.isTask ? DONE : RUNNING };
    });
    const left = planSteps(done, [], { restart: true })
      .filter(({ action }) => action !== "keep" && action !== "blocked");
    deepEqual(left, []);
    const careful = planSteps(all, [], { restart: false });
    equal(careful.some(({ action }) => action === "restart"), false);
  },
});
