/** `kstops boot start` and `stop`: what a unit runs when the machine boots and goes down. */
import { startAtBoot, stopAtShutdown } from "../../../actions/boot.ts";
import { changeTools } from "../../caller.ts";
import { replyOf } from "../../changed.ts";
import type { Context, Reply } from "../../command.ts";
import { requireConfig } from "../config/path.ts";

/** Flags of `boot start`. */
interface BootStartFlags {
  readonly names: readonly string[];
}

/** Starts what is to run after a boot. */
export async function bootStart(context: Context, { names }: BootStartFlags): Promise<Reply> {
  await requireConfig(context, "start sessions");
  const { outcomes } = await startAtBoot(await changeTools(context), names);
  return replyOf(outcomes, { isList: true });
}

/** Asks the sessions to end, if the machine goes down. */
export async function bootStop(context: Context): Promise<Reply> {
  await requireConfig(context, "stop sessions");
  const outcomes = await stopAtShutdown(await changeTools(context));
  if (outcomes !== null) return replyOf(outcomes, { isList: true });
  return { data: [], text: () => "The machine does not go down: the sessions go on\n" };
}
