import { deepEqual } from "node:assert/strict";
import { decideRestart } from "../../../src/supervise/policy.ts";
import { RESTART_CASES } from "../../support/restart_cases.ts";

for (const [name, { policy, outcome, follows }] of Object.entries(RESTART_CASES)) {
  Deno.test(`restart policy: ${name}`, () => {
    deepEqual(decideRestart(policy, outcome), follows);
  });
}
