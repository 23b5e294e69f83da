import { deepEqual } from "node:assert/strict";
import { decideRestart, restartPolicy } from "../../../src/supervise/policy.ts";
import { tmuxDefinition } from "../../support/definitions.ts";
import { RESTART_CASES } from "../../support/restart_cases.ts";

for (const [name, { policy, outcome, follows }] of Object.entries(RESTART_CASES)) {
  Deno.test(`restart policy: ${name}`, () => {
    deepEqual(decideRestart(policy, outcome), follows);
  });
}

Deno.test("a policy has its times in whole milliseconds, as shells count", () => {
  const definition = tmuxDefinition({
    ...{ restart: "on-failure:3", restartDelaySeconds: 1.1, restartMaxDelaySeconds: 2.3 },
    restartResetSeconds: 0.007,
  });
  deepEqual(restartPolicy(definition), {
    ...{ kind: "on-failure", mostRestarts: 3, delayMs: 1100, maxDelayMs: 2300, resetMs: 7 },
  });
});
