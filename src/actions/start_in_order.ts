/** Starts sessions behind what they need, which is started as well where it does not run. */
import { withNeeds } from "../config/dependencies.ts";
import type { Definition, SessionStatus } from "../model.ts";
import { conditionsFor, notBegun } from "./conditions.ts";
import { beginEach, type Done, type Outcomes } from "./each.ts";
import { needsOf, planOf } from "./plan.ts";
import { type Started, type StartRequest, startsOf } from "./start.ts";
import type { ChangeTools } from "./tools.ts";
import { walk, type Walked } from "./walk.ts";

/** What became of sessions that were named, and of those that they need. */
export interface StartedInOrder {
  readonly named: Outcomes<Started>;
  /** Those that were started besides. */
  readonly besides: Outcomes<Started>;
}

interface Step extends Walked {
  readonly backend: Definition["backend"];
  /** Null: it runs, or is done. */
  readonly start: "named" | "needed" | null;
  readonly status: SessionStatus | null;
}

/**
 * Starts them. What they need is never restarted; at boot it is not started either, unless it is
 * among them.
 */
export async function startInOrder(
  tools: ChangeTools,
  names: readonly string[],
  request: StartRequest,
): Promise<StartedInOrder> {
  const needs = needsOf(await tools.config());
  const all = withNeeds(names, needs).filter((name) =>
    needs.has(name) && (!request.boot || names.includes(name))
  );
  const plan = await planOf(tools, all, { restart: false });
  const { settings: { defaultBackend } } = await tools.config();
  // Names that the config does not define say so by their own start.
  const unknown = names.filter((name) => !needs.has(name));
  const steps = [
    ...plan.steps.map(({ name, needs, backend, action, status }): Step => ({
      ...{ name, needs, backend, status },
      start: names.includes(name) ? "named" : action === "keep" ? null : "needed",
    })),
    ...unknown.map((name): Step => ({
      ...{ name, needs: [], backend: defaultBackend, status: null, start: "named" },
    })),
  ];
  const { wait, quiet, all: isAll } = request;
  const parent = steps.length > 1 ? { parentId: tools.world.randomUuid() } : {};
  const each = {
    named: { ...await startsOf(tools, request), ...parent },
    needed: { ...await startsOf(tools, { wanted: {}, wait, quiet, all: isAll }), ...parent },
  };
  const conditions = conditionsFor(tools, plan.definitions, Infinity);
  const outcomes = await walk<Step, Done<Started> | null>(steps, {
    begin: (begun) => {
      const promises = new Map<string, Promise<Done<Started>>>();
      for (const kind of ["needed", "named"] as const) {
        const these = begun.filter(({ start }) => start === kind).map(({ name }) => name);
        beginEach(tools, these, each[kind])
          .forEach((done, index) => promises.set(these[index] ?? "", done));
      }
      return Promise.resolve(begun.map(({ name }) => promises.get(name) ?? Promise.resolve(null)));
    },
    meets: ({ name, status }, done, condition) =>
      conditions(name, done?.result.status ?? status, condition),
    blocked: notBegun,
  });
  const results = new Map(steps.map(({ name }, index) => [name, outcomes[index]]));
  const of = (name: string): Outcomes<Started> => {
    const outcome = results.get(name);
    if (outcome === undefined || outcome.status === "rejected") return outcome ? [outcome] : [];
    return outcome.value === null ? [] : [{ status: "fulfilled", value: outcome.value }];
  };
  return {
    named: names.flatMap(of),
    besides: steps.flatMap(({ name, start }) => start === "needed" ? of(name) : []),
  };
}
