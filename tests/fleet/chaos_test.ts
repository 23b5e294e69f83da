/** A short chaos, with each event once at the worst moment: `deno task chaos` is the long one. */
import { deepEqual, equal } from "node:assert/strict";
import { ignoreWithoutTmux } from "../support/tmux.ts";
import { proveChaos } from "./chaos.ts";
import { EVENTS, planSteps, type Step } from "./chaos_plan.ts";

const step = (
  action: Step["action"],
  session: Step["session"],
  event: Step["event"] = null,
  more: Partial<Step> = {},
): Step => ({ action, session, event, eventAfterMs: null, isElsewhere: false, ...more });

const PLAN: readonly Step[] = [
  // Killed in between, then asked for again.
  step("start", "plain", "kill kstops", { eventAfterMs: 300 }),
  step("restart", "plain", "move window"),
  step("start", "plain"),
  step("stop", "plain"),
  // It outlives its terminal: with its server, its keeper, its pane, its name, and out of sight.
  step("start", "stubborn", "kill server"),
  step("start", "stubborn"),
  step("stop", "stubborn"),
  step("start", "stubborn", "respawn pane"),
  step("stop", "stubborn"),
  step("start", "wrapper", "remove socket"),
  step("restart", "wrapper", "kill keeper"),
  step("stop", "wrapper", null, { isElsewhere: true }),
  // It ends, and what it started does not.
  step("start", "family", "kill program"),
  step("start", "family", "rename session"),
  step("start", "family", null, { isElsewhere: true }),
  step("stop", "family"),
  step("start", "daemon", "kill server"),
  step("stop", "daemon"),
];

Deno.test({
  name: "no answer is false when kstops, programs and tmux are killed at any moment",
  ignore: Deno.build.os !== "linux" || ignoreWithoutTmux(),
  fn: async () => {
    const { faults, summary, story } = await proveChaos({
      plan: PLAN,
      title: "the test",
      minutes: 10,
      say: () => {},
    });
    equal(String(faults), "", `${story.join("\n")}\n${summary}`);
  },
});

Deno.test("the short chaos has every event", () => {
  deepEqual(new Set(PLAN.flatMap(({ event }) => event ?? [])), new Set(EVENTS));
});

Deno.test("a seed is a list of steps, always the same one", () => {
  deepEqual(planSteps(7, 50), planSteps(7, 50));
  deepEqual(planSteps(7, 50).slice(0, 20), planSteps(7, 20));
  equal(JSON.stringify(planSteps(7, 50)) === JSON.stringify(planSteps(8, 50)), false);
  deepEqual(new Set(planSteps(1, 300).flatMap(({ event }) => event ?? [])), new Set(EVENTS));
});
