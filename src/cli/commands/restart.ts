/** `kstops restart NAME`: stop, then start with the fresh definition. */
import { restartEach, type RestartRequest } from "../../actions/restart.ts";
import { changeTools } from "../caller.ts";
import { replyOf } from "../changed.ts";
import type { Context, Reply } from "../command.ts";
import { changeMeant, sessionsToChange } from "../names.ts";

/** Flags of `restart`. */
export interface RestartFlags extends RestartRequest {
  readonly names: readonly string[];
  readonly except?: readonly string[] | undefined;
}

/** Restarts sessions, side by side. */
export async function restart(context: Context, flags: RestartFlags): Promise<Reply> {
  const meant = await sessionsToChange(context, "restart", flags);
  const tools = await changeTools(context, flags);
  const outcomes = await changeMeant(
    meant,
    (names, all) => restartEach(tools, names, { ...flags, all }),
  );
  return replyOf(outcomes, { quiet: flags.quiet, isList: meant.isList });
}
