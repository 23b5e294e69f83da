/** Stops sessions: ends each with all its processes, and proves it. */
import { descriptorOf } from "../backends/registry.ts";
import { type Json, quote, SessionNotFoundError, UsageError } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import type { Plan } from "../operations/operate.ts";
import { lockName, type PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Match } from "../sessions/sessions.ts";
import { questionFor } from "./confirm.ts";
import { type Changed, changeEach, type ChangeTask, type Each, type Outcomes } from "./each.ts";
import {
  type Codec,
  formatOptions,
  formatRequest,
  PLACE_CODEC,
  readGiven,
  readSeconds,
} from "./request.ts";
import type { Look } from "./survey.ts";
import type { ChangeTools, Tools } from "./tools.ts";

/** How to stop sessions. */
export interface StopRequest extends PlaceFlags {
  /** Whether no names were given, so that only sessions of this config are meant. */
  readonly all?: true | undefined;
  /** Whether to kill at once. */
  readonly force?: true | undefined;
  /** How many seconds a program may take to end; missing: those of its definition. */
  readonly timeout?: number | undefined;
  /** Whether to keep the containers. */
  readonly keep?: true | undefined;
  /** Whether a yes has been said. */
  readonly yes?: true | undefined;
  /** Whether the machine goes down. */
  readonly boot?: true | undefined;
  /** Whether a session that does not run is a failure; otherwise there is nothing to do then. */
  readonly mustBeThere?: true | undefined;
}

/** The result of stopping one session. */
export interface Stopped extends Changed {
  readonly kind: "stopped";
  /** Its state before. */
  readonly was: "running" | "ended" | "stopped" | "absent";
  /** Why it is still in its engine, or what removed it besides kstops; null: kstops did. */
  readonly kept: string | null;
  /** A session of that name that does not belong to this config and was left alone. */
  readonly leftAlone: SessionStatus | null;
}

/** Stops sessions. Tries all of them, unless a tmux session is among those to keep. */
export async function stopEach(
  tools: ChangeTools,
  names: readonly string[],
  request: StopRequest,
): Promise<Outcomes<Stopped>> {
  const selection = selectionOf(request);
  if (request.keep) {
    // A failure to find one is reported by the stop itself.
    const found = await tools.sessions().findEach("stop", names, selection).catch(() => null);
    for (const [name, answer] of found ?? []) {
      if (answer.status === "fulfilled") refuseToKeep(name, answer.value);
    }
  }
  return await changeEach(tools, names, await stopsOf(tools, request));
}

/** How to stop each of several sessions. */
export async function stopsOf(tools: ChangeTools, request: StopRequest): Promise<Each<Stopped>> {
  const recorded = await formatRequest(tools, formatOptions(tools, request, STOP_CODEC));
  return {
    verb: "stop",
    selection: selectionOf(request),
    task: (name, look) => stopTask(tools, name, { request, recorded, look }),
  };
}

function refuseToKeep(name: string, { status: { backend } }: Match): void {
  if (descriptorOf(backend).can.keep) return;
  throw new UsageError(`Cannot keep ${quote(name)}: --keep is only for containers`, {
    hint: "leave out --keep: the output of a tmux session is kept all the same",
  });
}

/** How to record the options of a stop. They contain no secrets. */
export const STOP_CODEC: Codec<Omit<StopRequest, "yes" | "mustBeThere">> = {
  ...PLACE_CODEC,
  all: readGiven,
  force: readGiven,
  timeout: readSeconds,
  keep: readGiven,
  boot: readGiven,
};

/** The stop of one session. */
export function stopTask(
  tools: ChangeTools,
  name: string,
  { request, recorded, look }: {
    readonly request: StopRequest;
    readonly recorded: Json;
    readonly look: Look;
  },
): ChangeTask<Stopped> {
  return {
    kind: "stop",
    session: name,
    request: recorded,
    plan: async () => await planOf(tools, await look(), request),
  };
}

async function planOf(
  tools: ChangeTools,
  match: Match,
  request: StopRequest,
): Promise<Plan<Stopped>> {
  const place = lockName(match.status);
  if (match.kind === "defined") {
    const { status, trouble, anothers: leftAlone = null } = match;
    if (trouble !== null) throw trouble;
    if (request.mustBeThere) {
      const { name, backend } = status;
      throw new SessionNotFoundError("stop", name ?? "", { reason: "it is not running", backend });
    }
    const nothing: Stopped = { kind: "stopped", status, was: "absent", kept: null, leftAlone };
    return { place, question: null, apply: () => Promise.resolve(nothing) };
  }
  return {
    place,
    question: await questionFor(tools, { verb: "stop", match, flags: request }),
    apply: () => end(tools, match, request),
  };
}

async function end(
  tools: Tools,
  { session, status: before }: Extract<Match, { readonly kind: "session" }>,
  request: StopRequest,
): Promise<Stopped> {
  const kept = session.recorded ? null : reasonToKeep(before, request);
  const ended = await tools.during("stopping", () =>
    session.stop({
      timeoutSeconds: request.timeout ?? null,
      force: request.force === true,
      keep: kept !== null,
      ...(request.boot ? { atShutdown: true } : {}),
    }), { session: before.name ?? "" });
  const was = wasOf(before, ended);
  const { defined, engine } = before;
  const stopped = { kind: "stopped", was, leftAlone: null } as const;
  // Its engine no longer has it: only the definition is left.
  const gone = defined ? "defined" : "stopped";
  // A container of others may remove itself when it ends (--rm).
  if (kept !== null && session.isThere !== undefined && !await session.isThere()) {
    const removed = `removed by ${engine ?? "its engine"}`;
    return { ...stopped, status: { ...ended, defined, state: gone }, kept: removed };
  }
  const state = kept === null ? gone : was === "running" ? "stopped" : before.state;
  return { ...stopped, status: { ...ended, defined, state }, kept };
}

/** The state that the stop found. A paused session continues for its end. */
function wasOf(before: SessionStatus, ended: SessionStatus): Stopped["was"] {
  const { state, engineState } = before;
  if (state === "running" || engineState === "paused") return "running";
  if (state !== "exited") return "stopped";
  // Its engine had started it again before the stop reached it.
  const isLater = before.restartPolicy !== null && before.finishedAt !== null &&
    ended.finishedAt !== null && ended.finishedAt > before.finishedAt;
  return isLater ? "running" : "ended";
}

/** A foreign session is not ours to remove; of a tmux session nothing can stay. */
function reasonToKeep({ backend, managed }: SessionStatus, { keep }: StopRequest): string | null {
  if (!descriptorOf(backend).can.keep) return null;
  return keep ? "kept" : managed ? null : "kept, since kstops did not make it";
}
