/** `kstops stop NAME`: end a session with all its processes, and prove it. */
import { escapeControls } from "../../errors.ts";
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
  const names = await namesFrom(context, "stop", flags);
  await warnOfProblems(context);
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
  /** What it was before. */
  readonly was: "running" | "ended" | "absent";
}

async function stopOne(context: Context, name: string, flags: StopFlags): Promise<Stopped> {
  const sessions = await context.sessions();
  const match = await sessions.find("stop", name, selectionOf(flags));
  if (match.kind === "defined") {
    if (match.trouble !== null) throw match.trouble;
    return { status: match.status, was: "absent" };
  }
  await requireYes(context, "stop", match, flags);
  const ended = await context.during(`stopping ${name}`, () =>
    match.session.stop({
      timeoutSeconds: flags.timeout ?? null,
      force: flags.force === true,
    }));
  const was = match.status.state === "running" ? "running" : "ended";
  const { defined } = match.status;
  // It is gone from its engine: only the definition is left.
  return { status: { ...ended, defined, state: defined ? "defined" : "stopped" }, was };
}

function stoppedText({ status, was }: Stopped): string {
  const { engine, backend } = status;
  const name = escapeControls(status.name ?? "");
  if (was === "absent") return `${name} is not running`;
  const end = endWords(status);
  const how = was === "running" || end === null ? end : `it had ended, ${end}`;
  const facts = [engine ?? backend, ...(how === null ? [] : [how])];
  return `Stopped ${name} (${facts.join(", ")})`;
}
