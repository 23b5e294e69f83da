/** `kstops up`: make the sessions of the config run as it defines them. */
import { type MadePlan, planOf } from "../../actions/plan.ts";
import { type StepDone, type StepOutcomes, up as doPlan } from "../../actions/up.ts";
import { isChange } from "../../actions/up_steps.ts";
import { escapeControls, type Json, quote, SessionConfigError, toEnvelope } from "../../errors.ts";
import { shellWord } from "../../shell.ts";
import { statusToWire } from "../../wire.ts";
import { changeTools } from "../caller.ts";
import { changedText } from "../changed.ts";
import type { Context, Reply } from "../command.ts";
import {
  leftOutLines,
  placeIn,
  plan as showPlan,
  type PlanFlags,
  sessionsInPlan,
  stepToWire,
} from "./plan.ts";

/** Flags of `up`. */
export interface UpFlags extends Omit<PlanFlags, "exitCode"> {
  readonly dryRun?: true | undefined;
  readonly boot?: true | undefined;
  readonly timeout?: number | undefined;
  readonly yes?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Does the plan. */
export async function up(context: Context, flags: UpFlags): Promise<Reply> {
  if (flags.boot) return await (await import("./boot/run.ts")).upAtBoot(context, flags);
  if (flags.dryRun) return await showPlan(context, flags);
  const names = await sessionsInPlan(context, "up", flags);
  const tools = await changeTools(context, flags);
  const place = placeIn(flags);
  const plan = await planOf(tools, names, { ...flags, place });
  if (place.backend ?? place.runtime) requireMovable(context, plan.steps);
  const outcomes = await doPlan(tools, plan, { ...flags, place });
  const done = outcomes.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  return {
    data: outcomes.map((outcome, index) => outcomeToWire(outcome, plan.steps[index])),
    text: () => flags.quiet ? "" : done.map(doneText).join(""),
    failures: failuresIn(outcomes),
    ...(flags.quiet ? {} : { summary: summaryOf(outcomes) }),
  };
}

/**
 * Says what does not apply to the place that flags chose, before anything begins.
 *
 * @throws {SessionConfigError} `config_invalid`: one of them cannot be started there
 */
function requireMovable({ warn }: Context, steps: MadePlan["steps"]): void {
  for (const step of steps) {
    for (const line of leftOutLines(step)) warn(`${step.name} ${line.trim()}`);
  }
  const stuck = steps.filter(({ trouble }) => trouble instanceof SessionConfigError);
  if (stuck.length === 0) return;
  for (const { name, cause } of stuck) warn(`${name}: ${cause}`);
  const names = stuck.map(({ name }) => name);
  throw new SessionConfigError(
    `Cannot bring up ${names.map(quote).join(", ")} there: nothing was begun`,
    {
      code: "config_invalid",
      hint: `mend the config, or leave out what stays as it is: ${
        names.map((name) => `--except ${shellWord(name)}`).join(" ")
      }`,
    },
  );
}

function doneText({ change }: StepDone): string {
  return change === null ? "" : `${changedText(change.result)}\n`;
}

/** What cannot start for another one's sake decides about the exit status: the fleet is not up. */
function failuresIn(outcomes: StepOutcomes): readonly unknown[] {
  const all = outcomes.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  const isStart = (error: unknown) => toEnvelope(error).error.code === "start_failed";
  return [...all.filter(isStart), ...all.filter((error) => !isStart(error))];
}

function outcomeToWire(
  outcome: StepOutcomes[number],
  step: StepDone["step"] | undefined,
): Json {
  if (step === undefined) return null;
  const isDone = outcome.status === "fulfilled";
  const status = isDone ? outcome.value.status : null;
  return {
    ...stepToWire(step),
    result: !isDone ? "failed" : isChange(step) ? "done" : "kept",
    operation_id: isDone ? outcome.value.change?.operationId ?? null : null,
    session: status === null ? null : statusToWire(status),
    error: isDone ? null : toEnvelope(outcome.reason).error.message,
  };
}

/** What came of all: `3 started, 1 restarted, 12 kept, 1 failed`. */
function summaryOf(outcomes: StepOutcomes): string {
  const words = outcomes.map((outcome) =>
    outcome.status === "rejected" ? "failed" : outcome.value.change?.result.kind ?? "kept"
  );
  return ["started", "restarted", "stopped", "kept", "failed"].flatMap((word) => {
    const count = words.filter((each) => each === word).length;
    return count === 0 ? [] : [`${count} ${word}`];
  }).map(escapeControls).join(", ");
}
