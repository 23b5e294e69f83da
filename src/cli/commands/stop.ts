/** `kstops stop NAME`: end a session with all its processes, and prove it. */
import type { SessionStatus } from "../../model.ts";
import { endWords } from "../../output/screen.ts";
import { changeToWire } from "../../output/wire.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { requireYes } from "../confirm.ts";
import { namesFrom } from "../names.ts";
import { warnOfProblems } from "../warnings.ts";
import { forEach } from "../many.ts";

/** Flags of `stop`. */
export interface StopFlags extends PlaceFlags {
  readonly names: readonly string[];
  readonly all?: true | undefined;
  readonly force?: true | undefined;
  /** Seconds. */
  readonly timeout?: number | undefined;
  readonly yes?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Stops sessions; all are tried, each is reported. */
export async function stop(context: Context, flags: StopFlags): Promise<Reply> {
  await warnOfProblems(context);
  const names = await namesFrom(context, "stop", flags);
  return await forEach(context, names, {
    work: (name, guarded) => stopOne(guarded, name, flags),
    toJson: ({ status }) => changeToWire(status),
    toText: flags.quiet ? null : stoppedText,
    isList: flags.all === true,
    selection: selectionOf(flags),
  });
}

/** What a stop came to. */
export interface Stopped {
  readonly status: SessionStatus;
  /** Whether it was running before. */
  readonly ran: boolean;
}

async function stopOne(context: Context, name: string, flags: StopFlags): Promise<Stopped> {
  const sessions = await context.sessions();
  const match = await sessions.find("stop", name, selectionOf(flags));
  if (match.kind === "defined") {
    if (match.trouble !== null) throw match.trouble;
    return { status: match.status, ran: false };
  }
  await requireYes(context, "stop", match, flags.yes === true);
  const ended = await context.during(`stopping ${name}`, () =>
    match.session.stop({
      timeoutSeconds: flags.timeout ?? null,
      force: flags.force === true,
    }));
  const ran = match.status.state === "running";
  const { defined } = match.status;
  // It is gone from its engine: only the definition is left.
  return { status: { ...ended, defined, state: defined ? "defined" : "stopped" }, ran };
}

function stoppedText({ status, ran }: Stopped): string {
  const { name, engine, backend } = status;
  const end = endWords(status);
  if (!ran && end === null) return `${name} is not running`;
  const facts = [engine ?? backend, ...(end === null ? [] : [ran ? end : `it had ended, ${end}`])];
  return `Stopped ${name} (${facts.join(", ")})`;
}
