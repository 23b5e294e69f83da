import { deepEqual } from "node:assert/strict";
import { type ProcessFacts, processFindings } from "../../../src/doctor/processes.ts";
import { told } from "../../support/told.ts";

const NOTHING: ProcessFacts = { orphans: [], leftovers: [], strangers: [] };

const FINDINGS: Record<string, readonly [facts: Partial<ProcessFacts>, is: readonly string[]]> = {
  "nothing that lives": [{}, ["ok processes.seen: no program outlives its session"]],
  "a program without a tmux": [
    { orphans: [{ name: "n7", pids: [101] }] },
    [
      "ok processes.seen: 1 session has processes that no tmux shows",
      "warning processes.orphaned: 1 session goes on while no tmux shows it: n7 (pid 101) -> " +
      "run: kstops status n7 (it says what became of its tmux)",
    ],
  ],
  "what was left behind": [
    { leftovers: [{ name: "a", pids: [7, 8] }, { name: "b", pids: [9] }] },
    [
      "ok processes.seen: 2 sessions have processes that no tmux shows",
      "warning processes.left: 2 sessions have ended, and left processes: a (pid 7, 8), b (pid 9)" +
      " -> run: kstops stop a",
    ],
  ],
  "what belongs to another kstops": [
    { strangers: [11, 12] },
    [
      "ok processes.seen: no program outlives its session; 2 processes of another kstops (another user, HOME or " +
      "KSTOPS_STATE_DIR), whose sessions this one does not see (pid 11, 12)",
    ],
  ],
};
for (const [what, [facts, is]] of Object.entries(FINDINGS)) {
  Deno.test(`doctor tells of ${what}`, () => {
    const value = { ...NOTHING, ...facts };
    deepEqual(told(processFindings({ kind: "answered", value, milliseconds: 1 })), is);
  });
}

Deno.test("doctor does not guess where it cannot look", () => {
  const failed = {
    kind: "failed",
    reason: "neither grep nor ps is there",
    milliseconds: 1,
  } as const;
  deepEqual(told(processFindings(failed)), [
    "skipped processes.seen: it is unknown whether a program outlives its session: neither grep nor ps is there",
  ]);
});
