/** `kstops stop NAME`: end a session with all its processes, and prove it. */
import { escapeControls, quote, UsageError } from "../../errors.ts";
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
  readonly keep?: true | undefined;
  readonly yes?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Stops sessions; all are tried, each is reported. */
export async function stop(context: Context, flags: StopFlags): Promise<Reply> {
  const names = await namesFrom(context, "stop", flags);
  await warnOfProblems(context);
  if (flags.keep) await refuseToKeep(context, names, flags);
  return await forEach(context, names, {
    work: (name, guarded) => stopOne(guarded, name, flags),
    toJson: ({ status }) => changeToWire(status),
    toText: flags.quiet ? null : stoppedText,
    isList: flags.all === true,
    selection: selectionOf(flags),
  });
}

/**
 * Makes sure that only containers are to be kept, before anything is touched.
 *
 * @throws {UsageError} `usage`: a session of tmux is among them
 */
async function refuseToKeep(
  context: Context,
  names: readonly string[],
  flags: StopFlags,
): Promise<void> {
  const selection = selectionOf(flags);
  const sessions = await context.sessions();
  await Promise.all(names.map(async (name) => {
    // What cannot be found is reported by the stop itself.
    const match = await sessions.find("stop", name, selection).catch(() => null);
    if (match?.status.backend !== "tmux") return;
    throw new UsageError(`Cannot keep ${quote(name)}: --keep is only for containers`, {
      hint: "leave out --keep: the output of a tmux session is kept all the same",
    });
  }));
}

/** What a stop came to. */
export interface Stopped {
  readonly status: SessionStatus;
  /** What it was before. */
  readonly was: "running" | "ended" | "stopped" | "absent";
  /** Why it is still in its engine; null when it is gone. */
  readonly kept: string | null;
}

async function stopOne(context: Context, name: string, flags: StopFlags): Promise<Stopped> {
  const sessions = await context.sessions();
  const match = await sessions.find("stop", name, selectionOf(flags));
  if (match.kind === "defined") {
    if (match.trouble !== null) throw match.trouble;
    return { status: match.status, was: "absent", kept: null };
  }
  const kept = match.session.recorded ? null : reasonToKeep(match.status, flags);
  await requireYes(context, "stop", match, flags);
  const ended = await context.during(`stopping ${name}`, () =>
    match.session.stop({
      timeoutSeconds: flags.timeout ?? null,
      force: flags.force === true,
      keep: kept !== null,
    }));
  const { defined, state: before } = match.status;
  const was = wasOf(match.status);
  // Gone from its engine: only the definition is left.
  const gone = defined ? "defined" : "stopped";
  const state = kept === null ? gone : was === "running" ? "stopped" : before;
  return { status: { ...ended, defined, state }, was, kept };
}

/** What is paused goes on for its end. */
function wasOf({ state, engineState }: SessionStatus): Stopped["was"] {
  if (state === "running" || engineState === "paused") return "running";
  return state === "exited" ? "ended" : "stopped";
}

/** What others made is not ours to remove; of a tmux session nothing can stay. */
function reasonToKeep({ backend, managed }: SessionStatus, { keep }: StopFlags): string | null {
  if (backend === "tmux") return null;
  return keep ? "kept" : managed ? null : "kept, since kstops did not make it";
}

function stoppedText({ status, was, kept }: Stopped): string {
  const { engine, backend } = status;
  const name = escapeControls(status.name ?? "");
  if (was === "absent") return `${name} is not running`;
  const end = endWords(status);
  const how = was === "stopped"
    ? "it did not run"
    : was === "running" || end === null
    ? end
    : `it had ended, ${end}`;
  const facts = [engine ?? backend, how, kept].filter((fact) => fact !== null);
  return `Stopped ${name} (${facts.join(", ")})`;
}
