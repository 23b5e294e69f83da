/** Some edits of a config, with each kind of edit once: `deno task edits` makes many. */
import { deepEqual, equal } from "node:assert/strict";
import { ignoreWithoutTmux } from "../support/tmux.ts";
import { proveEdits } from "./edits.ts";
import { FIRST, planSteps } from "./edits_plan.ts";

Deno.test({
  name: "what up does is what plan said, whatever was edited",
  ignore: Deno.build.os !== "linux" || ignoreWithoutTmux(),
  fn: async () => {
    const plan = planSteps(1, 24);
    const { faults, summary, story } = await proveEdits({
      ...{ plan, title: "seed 1", minutes: 20 },
      say: () => {},
    });
    equal(String(faults), "", `${story.join("\n")}\n${summary}`);
  },
});

Deno.test("a seed of the edits is a list of steps, always the same one", () => {
  deepEqual(planSteps(7, 50), planSteps(7, 50));
  deepEqual(planSteps(7, 50).slice(0, 20), planSteps(7, 20));
  const kinds = planSteps(1, 300).map((step) =>
    step.kind === "edit" ? step.words.replace(/:.*/, "") : step.kind
  );
  equal(new Set(kinds).size, 15);
});

Deno.test("no edit leads to a cycle or to a name that is not there", () => {
  for (const step of planSteps(3, 300)) {
    const entries = step.kind === "edit" ? step.entries : FIRST;
    const needed = [...entries.values()].flatMap(({ depends_on }) => Object.keys(depends_on ?? {}));
    deepEqual(needed.filter((name) => !entries.has(name)), []);
  }
});
