/** `kstops up --boot` and `down --boot`: what a unit runs when the machine boots and goes down. */
import { startAtBoot, stopAtShutdown } from "../../../actions/boot.ts";
import { UsageError } from "../../../errors.ts";
import { changeTools } from "../../caller.ts";
import { replyOf } from "../../changed.ts";
import type { Context, Reply } from "../../command.ts";
import { requireConfig } from "../config/path.ts";

/** Flags of both. */
interface BootFlags {
  readonly names: readonly string[];
  readonly quiet?: true | undefined;
}

/** Starts what is to run after a boot. With names only these, whatever their policies say. */
export async function upAtBoot(context: Context, { names, quiet }: BootFlags): Promise<Reply> {
  await requireConfig(context, "start sessions");
  const { outcomes } = await startAtBoot(await changeTools(context, { quiet }), names);
  return replyOf(outcomes, { quiet, isList: true });
}

/**
 * Asks all sessions to end, if the machine goes down.
 *
 * @throws {UsageError} `usage`: there are names
 */
export async function downAtShutdown(
  context: Context,
  { names, quiet }: BootFlags,
): Promise<Reply> {
  if (names.length > 0) {
    throw new UsageError("Cannot use --boot with names: the machine goes down for all of them", {
      hint: "leave out the names, or --boot",
    });
  }
  await requireConfig(context, "stop sessions");
  const outcomes = await stopAtShutdown(await changeTools(context, { quiet }));
  if (outcomes !== null) return replyOf(outcomes, { quiet, isList: true });
  const text = () => quiet ? "" : "The machine does not go down: the sessions go on\n";
  return { data: [], text };
}
