/** `kstops restart NAME`: stop, then start with the fresh definition. */
import { configInvalid } from "../../config/resolve.ts";
import { InputRequiredError, quote, SessionNotFoundError } from "../../errors.ts";
import type { Definition, SessionStatus } from "../../model.ts";
import { changeToWire } from "../../output/wire.ts";
import type { Match } from "../../sessions.ts";
import { type Context, type Reply, selectionOf } from "../command.ts";
import { argumentsFor, requireYes } from "../confirm.ts";
import { definitionFor, isDefined } from "../definitions.ts";
import { namesFrom } from "../names.ts";
import { forEach } from "../many.ts";
import { startedText } from "./start.ts";
import type { StopFlags } from "./stop.ts";

/** Flags of `restart`. */
export interface RestartFlags extends StopFlags {
  readonly wait: boolean;
}

/** Restarts sessions, side by side. */
export async function restart(context: Context, flags: RestartFlags): Promise<Reply> {
  const names = await namesFrom(context, "restart", flags);
  return await forEach(context, names, {
    work: (name, guarded) => restartOne(guarded, name, flags),
    toJson: changeToWire,
    toText: flags.quiet ? null : (status) => startedText(status).replace(/^Started/, "Restarted"),
    isList: flags.all === true,
    selection: selectionOf(flags),
  });
}

async function restartOne(
  context: Context,
  name: string,
  flags: RestartFlags,
): Promise<SessionStatus> {
  const { problems } = await context.config();
  // Nobody can tell whether it defines that session, and how.
  if (problems.length > 0) throw configInvalid(`restart ${quote(name)}`, problems);
  const sessions = await context.sessions();
  const match = await sessions.find("restart", name, selectionOf(flags));
  if (match.kind === "defined" && match.trouble !== null) throw match.trouble;
  const { definition, startWaitMs } = await freshDefinition(context, match, flags);
  // Before anything is stopped: a definition that cannot start must not cost a running session.
  await sessions.check(definition);
  if (match.kind === "session") {
    await requireYes(context, "restart", match, flags);
    await context.during(`stopping ${name}`, () =>
      match.session.stop({
        timeoutSeconds: flags.timeout ?? null,
        force: flags.force === true,
      }));
  }
  return await sessions.start(definition, { waitMs: flags.wait ? startWaitMs : 0 });
}

async function freshDefinition(
  context: Context,
  match: Match,
  flags: RestartFlags,
): Promise<{ readonly definition: Definition; readonly startWaitMs: number }> {
  const name = match.status.name ?? "";
  if (await isDefined(context, name)) return await definitionFor(context, name, flags);
  const known = match.kind === "session" ? await match.session.definition() : null;
  if (known === null) throw notStartable(name, flags);
  const { settings } = await context.config();
  return { definition: known, startWaitMs: settings.startWaitMs };
}

/** A foreign session that no config defines: a yes alone does not help. */
function notStartable(
  name: string,
  flags: RestartFlags,
): InputRequiredError | SessionNotFoundError {
  const reason = "kstops did not start it and no config defines it, so its command is not known";
  const hint = "define it in a config file";
  return flags.yes
    ? new SessionNotFoundError("restart", name, { reason, hint })
    : new InputRequiredError("restart", name, {
      reason,
      hint: `${hint}, then say it: kstops restart ${argumentsFor(name, flags)}`,
      backend: "tmux",
    });
}
