/** `kstops stop NAME`: end a session with all its processes, and prove it. */
import { lastingWords } from "../../config/owners.ts";
import { escapeControls, type Json, quote, UsageError } from "../../errors.ts";
import type { SessionStatus } from "../../model.ts";
import { placeName, type Plan, type Task } from "../../operations/operate.ts";
import { isNobodys, ownerWords } from "../../owner.ts";
import { endWords } from "../../output/screen.ts";
import type { Match } from "../../sessions/sessions.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { questionFor } from "../confirm.ts";
import { type Changed, changeEach, outcomeOf, replyOf } from "../many.ts";
import { namesFrom } from "../names.ts";
import { requestOf } from "../recording.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `stop`. */
export interface StopFlags extends StopTaskFlags {
  readonly names: readonly string[];
  readonly quiet?: true | undefined;
}

/** How one session is stopped. */
export interface StopTaskFlags extends PlaceFlags {
  readonly all?: true | undefined;
  readonly force?: true | undefined;
  /** Seconds. */
  readonly timeout?: number | undefined;
  readonly keep?: true | undefined;
  readonly yes?: true | undefined;
}

/** Stops sessions; all are tried, each is reported. */
export async function stop(context: Context, flags: StopFlags): Promise<Reply> {
  const names = await namesFrom(context, "stop", flags);
  await warnOfProblems(context, { ...flags, names });
  if (flags.keep) await refuseToKeep(context, names, flags);
  const selection = selectionOf(flags);
  const request = await requestOf(context, replannedWith(withLastingProject(context, flags)));
  const outcomes = await changeEach(context, names, {
    task: (name, guarded) => stopTask(guarded, name, { flags, request }),
    selection,
  });
  return replyOf(outcomes, { quiet: flags.quiet, isList: flags.all === true });
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
  const sessions = context.sessions();
  await Promise.all(names.map(async (name) => {
    // What cannot be found is reported by the stop itself.
    const match = await sessions.find("stop", name, selection).catch(() => null);
    if (match?.status.backend !== "tmux") return;
    throw new UsageError(`Cannot keep ${quote(name)}: --keep is only for containers`, {
      hint: "leave out --keep: the output of a tmux session is kept all the same",
    });
  }));
}

/** The flags with which a stop that waits for an answer is planned again. They hold no secrets. */
function replannedWith(flags: StopFlags): Json {
  const { backend, socket, runtime, project, all, force, timeout, keep } = flags;
  return withoutMissing({ backend, socket, runtime, project, all, force, timeout, keep });
}

/** Whoever resumes it may be in another directory, where a path means another config. */
export function withLastingProject<Flags extends PlaceFlags>(
  { world }: Pick<Context, "world">,
  flags: Flags,
): Flags {
  const { project } = flags;
  return project === undefined ? flags : { ...flags, project: lastingWords(world, project) };
}

/** What was not given is not recorded. */
export function withoutMissing(flags: Readonly<Record<string, Json | undefined>>): Json {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([key, value]) => value === undefined ? [] : [[key, value]]),
  );
}

/** What a stop came to. */
interface Stopped {
  readonly status: SessionStatus;
  /** What it was before. */
  readonly was: "running" | "ended" | "stopped" | "absent";
  /** Why it is still in its engine, or what took it away besides kstops; null: kstops did. */
  readonly kept: string | null;
}

/** The stop of one session. */
export function stopTask(
  context: Context,
  name: string,
  { flags, request }: { readonly flags: StopTaskFlags; readonly request: Json },
): Task<Changed> {
  return {
    kind: "stop",
    session: name,
    request,
    plan: () => planOf(context, name, flags),
    outcome: outcomeOf,
  };
}

async function planOf(
  context: Context,
  name: string,
  flags: StopTaskFlags,
): Promise<Plan<Changed>> {
  const sessions = context.sessions();
  const match = await sessions.find("stop", name, selectionOf(flags));
  const place = placeName(match.status);
  const changed = (stopped: Stopped, besides = ""): Changed => ({
    status: stopped.status,
    text: stoppedText(stopped) + besides,
  });
  if (match.kind === "defined") {
    if (match.trouble !== null) throw match.trouble;
    const { anothers } = match;
    const besides = anothers === undefined ? "" : ` (${leftAlone(anothers)})`;
    const nothing = changed({ status: match.status, was: "absent", kept: null }, besides);
    return { place, question: null, apply: () => Promise.resolve(nothing) };
  }
  return {
    place,
    question: await questionFor(context, { verb: "stop", match, flags }),
    apply: async () => changed(await end(context, match, flags)),
  };
}

/** Says of a session of that name that it is not this config's. */
function leftAlone(status: SessionStatus): string {
  return isNobodys(status)
    ? "one that no config started is left alone"
    : `that of ${escapeControls(ownerWords(status))} is left alone`;
}

async function end(
  context: Context,
  { session, status: before }: Extract<Match, { readonly kind: "session" }>,
  flags: StopTaskFlags,
): Promise<Stopped> {
  const kept = session.recorded ? null : reasonToKeep(before, flags);
  const ended = await context.during(`stopping ${before.name}`, () =>
    session.stop({
      timeoutSeconds: flags.timeout ?? null,
      force: flags.force === true,
      keep: kept !== null,
    }));
  const was = wasOf(before);
  const { defined, engine } = before;
  // Gone from its engine: only the definition is left.
  const gone = defined ? "defined" : "stopped";
  // What others start may be made to remove itself when it ends (--rm).
  if (kept !== null && session.isThere !== undefined && !await session.isThere()) {
    const removed = `removed by ${engine ?? "its engine"}`;
    return { status: { ...ended, defined, state: gone }, was, kept: removed };
  }
  const state = kept === null ? gone : was === "running" ? "stopped" : before.state;
  return { status: { ...ended, defined, state }, was, kept };
}

/** What is paused goes on for its end. */
function wasOf({ state, engineState }: SessionStatus): Stopped["was"] {
  if (state === "running" || engineState === "paused") return "running";
  return state === "exited" ? "ended" : "stopped";
}

/** What others made is not ours to remove; of a tmux session nothing can stay. */
function reasonToKeep({ backend, managed }: SessionStatus, { keep }: StopTaskFlags): string | null {
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
  const facts = [engine ?? backend, how, kept].filter((fact) => fact !== null).join(", ");
  if (was === "running") return `Stopped ${name} (${facts})`;
  return kept === null ? `Removed ${name} (${facts})` : `${name} is not running (${facts})`;
}
