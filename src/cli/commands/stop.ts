/** `kstops stop NAME`: end a session with all its processes, and prove it. */
import { stopEach, type StopRequest } from "../../actions/stop.ts";
import { changeTools } from "../caller.ts";
import { replyOf } from "../changed.ts";
import type { Context, Reply } from "../command.ts";
import { changeMeant, needOthers, sessionsToChange } from "../names.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `stop`. */
export interface StopFlags extends StopRequest {
  readonly names: readonly string[];
  readonly except?: readonly string[] | undefined;
  readonly quiet?: true | undefined;
}

/** Stops sessions. Tries all of them, and reports each. */
export async function stop(context: Context, flags: StopFlags): Promise<Reply> {
  const meant = await sessionsToChange(context, "stop", flags);
  await warnOfProblems(context, { ...flags, names: meant.names });
  const tools = await changeTools(context, flags);
  const outcomes = await changeMeant(meant, async (names, all) => {
    const request = { ...flags, all };
    const isOrdered = names.length > 1 && needOthers(await context.config(), names);
    if (!isOrdered) return await stopEach(tools, names, request);
    const { stopInOrder } = await import("../../actions/down.ts");
    return await stopInOrder(tools, names, request);
  });
  return replyOf(outcomes, { quiet: flags.quiet, isList: meant.isList });
}
