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

/** The flags besides that mean nothing at boot, by their fields; `--no-restart` is `restart: false`. */
const MEANINGLESS: Readonly<Record<string, string>> = {
  dryRun: "--dry-run",
  prune: "--prune",
  except: "--except",
  restart: "--no-restart",
  backend: "--backend",
  runtime: "--runtime",
  timeout: "--timeout",
  force: "--force",
};

/**
 * A flag that is passed over could be meant to keep kstops from acting.
 *
 * @throws {UsageError} `usage`
 */
function refuseOthers(flags: BootFlags): void {
  for (const [field, flag] of Object.entries(MEANINGLESS)) {
    const value: unknown = Reflect.get(flags, field);
    if (value === undefined || field === "restart" && value === true) continue;
    throw new UsageError(`Cannot use --boot with ${flag}`, { hint: "use one of them" });
  }
}

/**
 * Starts what is to run after a boot. With names only these, whatever their policies say.
 *
 * @throws {UsageError} `usage`: there are other flags
 */
export async function upAtBoot(context: Context, flags: BootFlags): Promise<Reply> {
  refuseOthers(flags);
  const { names, quiet } = flags;
  await requireConfig(context, "start sessions");
  const { outcomes } = await startAtBoot(await changeTools(context, { quiet }), names);
  return replyOf(outcomes, { quiet, isList: true });
}

/**
 * Asks all sessions to end, if the machine goes down.
 *
 * @throws {UsageError} `usage`: there are names or other flags
 */
export async function downAtShutdown(context: Context, flags: BootFlags): Promise<Reply> {
  refuseOthers(flags);
  const { names, quiet } = flags;
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
