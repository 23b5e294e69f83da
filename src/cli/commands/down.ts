/** `kstops down`: stop the sessions of the config, those first that need others. */
import { planDown, stopInOrder } from "../../actions/down.ts";
import { leftOvers, needsOf } from "../../actions/plan.ts";
import { withNeeds } from "../../config/dependencies.ts";
import { changeTools } from "../caller.ts";
import { replyOf } from "../changed.ts";
import type { Context, Reply } from "../command.ts";
import { sessionsMeant } from "../names.ts";
import { warnOfProblems } from "../warnings.ts";
import { shownSteps } from "./plan.ts";

/** Flags of `down`. */
export interface DownFlags {
  readonly names: readonly string[];
  readonly except?: readonly string[] | undefined;
  readonly timeout?: number | undefined;
  readonly force?: true | undefined;
  readonly prune?: true | undefined;
  readonly boot?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly yes?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Stops them. */
export async function down(context: Context, flags: DownFlags): Promise<Reply> {
  if (flags.boot) return await (await import("./boot/run.ts")).downAtShutdown(context, flags);
  const { names, leftOut } = await sessionsMeant(context, "down", flags);
  const chosen = names.filter((name) => !leftOut.includes(name));
  await warnOfProblems(context, { ...flags, names: chosen });
  const tools = await changeTools(context, flags);
  const config = await tools.config();
  const others = flags.prune ? await leftOvers(tools, config) : [];
  // In the order of work.
  const ordered = withNeeds(chosen, needsOf(config)).filter((name) => chosen.includes(name));
  const all = [...others.flatMap(({ name }) => name ?? []), ...ordered.toReversed()];
  if (flags.dryRun) return shownSteps(await planDown(tools, all));
  const { timeout, force, yes } = flags;
  const outcomes = await stopInOrder(tools, all, { all: true, timeout, force, yes });
  return replyOf(outcomes, { quiet: flags.quiet, isList: true });
}
