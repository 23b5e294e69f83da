/** Stops sessions of a config in the order in which they need each other: who needs comes first. */
import type { Needs } from "../config/dependencies.ts";
import { beginEach, type Outcomes } from "./each.ts";
import { needsOf } from "./plan.ts";
import { type Stopped, type StopRequest, stopsOf } from "./stop.ts";
import type { ChangeTools } from "./tools.ts";
import { walk, type Walked } from "./walk.ts";

/** Stops sessions. One that cannot be stopped holds up no other for ever: what it needs is stopped, too. */
export async function stopInOrder(
  tools: ChangeTools,
  names: readonly string[],
  request: StopRequest,
): Promise<Outcomes<Stopped>> {
  const parentId = names.length > 1 ? tools.world.randomUuid() : null;
  const each = { ...await stopsOf(tools, request), parentId };
  const outcomes = await walk<Walked, PromiseSettledResult<Outcome>>(
    reversed(names, needsOf(await tools.config())),
    {
      begin: (steps) => {
        const begun = beginEach(tools, steps.map(({ name }) => name), each);
        return Promise.resolve(begun.map(async (done) => (await Promise.allSettled([done]))[0]));
      },
      meets: () => Promise.resolve(),
      blocked: (_step, _needed, error) => error,
    },
  );
  return outcomes.map((outcome) => outcome.status === "fulfilled" ? outcome.value : outcome);
}

type Outcome = Extract<Outcomes<Stopped>[number], { readonly status: "fulfilled" }>["value"];

/** The steps of a stop: each session waits for those that need it. */
function reversed(names: readonly string[], needs: Needs): readonly Walked[] {
  const waits = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const name of names) {
    for (const needed of needs.get(name) ?? []) waits.get(needed.name)?.push(name);
  }
  return names.map((name) => ({
    name,
    needs: (waits.get(name) ?? []).map((other) => ({ name: other, condition: "started" })),
  }));
}
