/** Makes the sessions of a config run as it defines them: does the steps of a plan. */
import { InputRequiredError, OpsError, quote } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import { aboutSession } from "./about_session.ts";
import { conditionsFor, notBegun } from "./conditions.ts";
import { beginEach, type Done } from "./each.ts";
import type { MadePlan, PlanRequest } from "./plan.ts";
import { type Restarted, restartsOf } from "./restart.ts";
import type { AnyChange } from "./resume.ts";
import { type Started, startsOf } from "./start.ts";
import { type Stopped, stopsOf } from "./stop.ts";
import type { ChangeTools } from "./tools.ts";
import type { Step } from "./up_steps.ts";
import { walk } from "./walk.ts";

/** How to do a plan. */
export interface UpRequest {
  /** For how many seconds conditions are waited for; missing: as long as it takes. */
  readonly timeout?: number | undefined;
  /** Where they are to run, as the plan was made for. */
  readonly place?: PlanRequest["place"];
  /** Whether a yes has been said. */
  readonly yes?: true | undefined;
  /** Whether to say nothing about slow work. */
  readonly quiet?: true | undefined;
}

/** What a step came to. */
export interface StepDone {
  readonly step: Step;
  /** Null: nothing was to be done. */
  readonly change: Done<AnyChange> | null;
  /** What is there now. */
  readonly status: SessionStatus | null;
}

/** The result for each step, in their order. */
export type StepOutcomes = readonly PromiseSettledResult<StepDone>[];

/**
 * Does the steps of a plan. A session whose needs fail is left as it is; the others go on.
 *
 * @throws {InputRequiredError} `input_required`: a step needs a yes; nothing was begun
 */
export async function up(
  tools: ChangeTools,
  plan: MadePlan,
  request: UpRequest,
): Promise<StepOutcomes> {
  await confirmAll(tools, plan, request);
  const deadline = request.timeout === undefined
    ? Infinity
    : tools.world.now().getTime() + request.timeout * 1000;
  const conditions = conditionsFor(tools, plan.definitions, deadline);
  const { quiet, place = {} } = request;
  const parentId = tools.world.randomUuid();
  const started = await startsOf(tools, {
    ...{ wanted: place, all: true, wait: true, quiet, yes: true },
  });
  const restarted = await restartsOf(tools, {
    ...{ toBackend: place.backend, toRuntime: place.runtime },
    ...{ all: true, wait: true, quiet, yes: true },
  });
  const stopped = await stopsOf(tools, { all: true, yes: true });
  const outcomes = await walk<Step, StepDone>(plan.steps, {
    begin: (steps) => {
      const of = (action: Step["action"]) =>
        steps.filter((step) => step.action === action).map(({ name }) => name);
      const begun = new Map<string, Promise<Done<AnyChange>>>();
      const begin = (names: readonly string[], promises: readonly Promise<Done<AnyChange>>[]) =>
        names.forEach((name, index) =>
          begun.set(name, promises[index] as Promise<Done<AnyChange>>)
        );
      const [starts, restarts, stops] = [of("start"), of("restart"), of("stop")];
      begin(starts, beginEach<Started>(tools, starts, { ...started, parentId }));
      begin(restarts, beginEach<Restarted>(tools, restarts, { ...restarted, parentId }));
      begin(stops, beginEach<Stopped>(tools, stops, { ...stopped, parentId }));
      return Promise.resolve(steps.map((step) => doneOf(step, begun.get(step.name))));
    },
    meets: ({ name }, { status }, condition) => conditions(name, status, condition),
    blocked: (step, needed, error) => notBegun(step, needed, error),
  });
  // A session counts as up once it is ready, whoever needs that.
  return await Promise.allSettled(outcomes.map(async (outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    const { step, status } = outcome.value;
    if (step.action === "start" || step.action === "restart") {
      await conditions(step.name, status, "ready", { isOptional: true });
    }
    return outcome.value;
  }));
}

async function doneOf(
  step: Step,
  begun: Promise<Done<AnyChange>> | undefined,
): Promise<StepDone> {
  if (step.trouble !== null) throw about(step, step.trouble);
  if (begun === undefined) return { step, change: null, status: step.status };
  try {
    const change = await begun;
    return { step, change, status: change.result.status };
  } catch (error) {
    throw about(step, error);
  }
}

function about({ name, action }: Step, error: unknown): unknown {
  const verb = action === "keep" || action === "blocked" ? "start" : action;
  return error instanceof OpsError ? aboutSession(error, { verb, name }) : error;
}

/** Asks for all that needs a yes, before anything is begun. */
async function confirmAll(
  tools: ChangeTools,
  { steps, matches }: MadePlan,
  { yes }: UpRequest,
): Promise<void> {
  if (yes) return;
  const config = await tools.config();
  const guarded = steps.filter(({ name, action }) => {
    if (action !== "restart" && action !== "stop") return false;
    const match = matches.get(name);
    const entry = config.sessions.get(name);
    const isSaid = entry?.kind === "usable" ? entry.settings.protected : entry?.protected;
    return isSaid || (match?.kind === "session" && match.session.protected);
  });
  const [first] = guarded;
  if (first === undefined) return;
  const names = guarded.map(({ name, action }) => `${action} ${name}`).join(", ");
  const text = `${quote(first.name)} is protected: ${names}? [y/N] `;
  if (tools.caller.ask !== null && /^y(es)?$/i.test(await tools.caller.ask(text) ?? "")) return;
  throw new InputRequiredError(first.action, first.name, {
    reason: guarded.length === 1
      ? "it is protected; nothing was begun"
      : `${guarded.map(({ name }) => name).join(", ")} are protected; nothing was begun`,
    hint: "kstops up --yes",
    backend: first.backend,
  });
}
