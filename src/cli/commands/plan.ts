/** `kstops plan`: what `up` would do. Changes nothing. */
import { withNeeds } from "../../config/dependencies.ts";
import { needsOf, planOf, type PlanRequest, requireWhole } from "../../actions/plan.ts";
import { isChange, type Step } from "../../actions/up_steps.ts";
import { escapeControls, type Json } from "../../errors.ts";
import { INSTEAD } from "../../keys/instead.ts";
import type { BackendType, Runtime } from "../../model.ts";
import type { Context, Reply } from "../command.ts";
import { sessionsMeant } from "../names.ts";

/** Flags of `plan`. */
export interface PlanFlags {
  readonly names: readonly string[];
  readonly except?: readonly string[] | undefined;
  readonly prune?: true | undefined;
  readonly restart: boolean;
  readonly backend?: BackendType | undefined;
  readonly runtime?: Runtime | undefined;
  readonly exitCode?: true | undefined;
}

/** The exit status of `plan --exit-code` when something would change. */
const WOULD_CHANGE = 10;

/** Shows the plan. */
export async function plan(context: Context, flags: PlanFlags): Promise<Reply> {
  const names = await sessionsInPlan(context, "plan", flags);
  const { steps } = await planOf(context, names, { ...flags, place: placeIn(flags) });
  return {
    ...shownSteps(steps),
    ...(flags.exitCode && steps.some(isChange) ? { exitStatus: WOULD_CHANGE } : {}),
  };
}

/** The answer with the steps of a plan. */
export function shownSteps(steps: readonly Step[]): Reply {
  return {
    data: steps.map(stepToWire),
    text: () =>
      steps.flatMap((step) => [stepText(step), ...leftOutLines(step)]).map((line) => `${line}\n`)
        .join(""),
    failures: steps.flatMap(({ trouble }) => trouble === null ? [] : [trouble]),
  };
}

/** Where the sessions are to run, as flags say. */
export function placeIn(
  { backend, runtime }: Pick<PlanFlags, "backend" | "runtime">,
): NonNullable<PlanRequest["place"]> {
  return {
    ...(backend === undefined ? {} : { backend }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

/** What of a definition does not apply where it is to run, and what to do instead; a line each. */
export function leftOutLines({ leftOut, action }: Step): readonly string[] {
  return action === "keep" ? [] : leftOut.map((key) => {
    const instead: unknown = Reflect.get(INSTEAD, key);
    return `        leaves out ${key}` + (typeof instead === "string" ? `: ${instead}` : "");
  });
}

/** The sessions that are meant, and all that they need except what is left out. */
export async function sessionsInPlan(
  context: Context,
  verb: "plan" | "up",
  flags: Pick<PlanFlags, "names" | "except">,
): Promise<readonly string[]> {
  const config = await context.config();
  requireWhole(config, verb === "plan" ? "make a plan" : "bring it up");
  const { names, leftOut } = await sessionsMeant(context, verb, flags);
  return withNeeds(names, needsOf(config)).filter((name) => !leftOut.includes(name));
}

/** The JSON of a step. */
export function stepToWire(
  { name, backend, action, cause, changes, needs, status, leftOut }: Step,
): { [key: string]: Json } {
  return {
    name,
    backend,
    action,
    cause,
    changes: changes.map(({ key, from, to }) => ({ key, from, to })),
    left_out: leftOut,
    depends_on: needs.map(({ name, condition }) => ({ name, condition })),
    state: status?.state ?? "defined",
  };
}

/** A step in words: `restart web: changed: image web:1 -> web:2`. */
function stepText({ name, action, cause }: Step): string {
  return escapeControls(`${action.padEnd(8)}${name}: ${cause}`);
}
