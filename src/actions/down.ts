/** Stops sessions of a config in the order in which they need each other: who needs comes first. */
import { definedSessions } from "../config/defined.ts";
import type { Needs } from "../config/dependencies.ts";
import { OpsError, SessionNotFoundError } from "../errors.ts";
import { foundIn } from "../sessions/find.ts";
import { beginEach, type Outcomes } from "./each.ts";
import { needsOf } from "./plan.ts";
import { goesOn } from "./rollback.ts";
import { type Stopped, type StopRequest, stopsOf } from "./stop.ts";
import type { ChangeTools } from "./tools.ts";
import type { Step } from "./up_steps.ts";
import { walk, type Walked } from "./walk.ts";
import { endedText } from "./words.ts";

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

/** What a stop of sessions of the config would do, in their order. Changes nothing. */
export async function planDown(
  tools: Pick<ChangeTools, "config" | "sessions">,
  names: readonly string[],
): Promise<readonly Step[]> {
  const config = await tools.config();
  const found = await tools.sessions().findEach("show", names, { ownOnly: true });
  const defined = new Map(definedSessions(config).map((each) => [each.name, each]));
  return names.map((name): Step => {
    const backend = defined.get(name)?.backend ?? config.settings.defaultBackend;
    const step = (action: Step["action"], cause: string, more: Partial<Step> = {}): Step => ({
      ...{ name, backend, action, cause, changes: [], needs: [], leftOut: [] },
      ...{ status: null, trouble: null, ...more },
    });
    try {
      const match = foundIn(found, "show", name);
      const { status } = match;
      if (match.kind === "session") {
        const how = goesOn(status) ? "it runs" : endedText(status);
        return step("stop", how, { status, backend: status.backend });
      }
      if (match.trouble === null) return step("keep", "it does not run");
      return step("blocked", "its engine cannot be asked", { trouble: match.trouble });
    } catch (error) {
      if (error instanceof SessionNotFoundError) return step("keep", "it does not run");
      if (!(error instanceof OpsError)) throw error;
      return step("blocked", error.message, { trouble: error });
    }
  });
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
