/** `kstops restart NAME`: stop, then start with the fresh definition. */
import { restartEach, type RestartRequest } from "../../actions/restart.ts";
import { changeTools } from "../caller.ts";
import { replyOf } from "../changed.ts";
import type { Context, Reply } from "../command.ts";
import { namesFrom } from "../names.ts";

/** Flags of `restart`. */
export interface RestartFlags extends RestartRequest {
  readonly names: readonly string[];
}

/** Restarts sessions, side by side. */
export async function restart(context: Context, flags: RestartFlags): Promise<Reply> {
  const names = await namesFrom(context, "restart", flags);
  const outcomes = await restartEach(await changeTools(context), names, flags);
  return replyOf(outcomes, { quiet: flags.quiet, isList: flags.all === true });
}
