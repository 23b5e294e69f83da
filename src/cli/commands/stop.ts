/** `kstops stop NAME`: end a session with all its processes, and prove it. */
import { stopEach, type StopRequest } from "../../actions/stop.ts";
import { changeTools } from "../caller.ts";
import { replyOf } from "../changed.ts";
import type { Context, Reply } from "../command.ts";
import { namesFrom } from "../names.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `stop`. */
export interface StopFlags extends StopRequest {
  readonly names: readonly string[];
  readonly quiet?: true | undefined;
}

/** Stops sessions; all are tried, each is reported. */
export async function stop(context: Context, flags: StopFlags): Promise<Reply> {
  const names = await namesFrom(context, "stop", flags);
  await warnOfProblems(context, { ...flags, names });
  const outcomes = await stopEach(await changeTools(context), names, flags);
  return replyOf(outcomes, { quiet: flags.quiet, isList: flags.all === true });
}
