/** Waiting until sessions are in a state, or have printed something. Changes nothing. */
import type { Session } from "../backends/backend.ts";
import { SessionNotFoundError, SessionWaitError, WaitTimeoutError } from "../errors.ts";
import { logStore } from "../logs/store.ts";
import { type SessionStatus, statusOf } from "../model.ts";
import type { PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Match } from "../sessions/sessions.ts";
import { shellWord } from "../shell.ts";
import { type Condition, judge, notMetText, type Verdict } from "./awaited.ts";
import { hasLine, outputQuestion, type Question, questionOf } from "./ready.ts";
import type { Tools } from "./tools.ts";

/** How long it takes from one look to the next: at first, and at most. */
const FIRST_MS = 100;
const MOST_MS = 1000;
/** How long one question may take, at most. */
const QUESTION_MS = 10_000;

/** What to wait for. */
export interface WaitRequest extends PlaceFlags {
  readonly condition: Condition;
  /** Null: without a limit. */
  readonly timeoutSeconds: number | null;
  /** Of `exited`: whether one end is enough, also where the program is executed again. */
  readonly any?: true | undefined;
  /** Whether the sessions were selected, and not named: only those of this config are meant. */
  readonly all?: true | undefined;
  /** Ends the wait, with its reason. */
  readonly abort?: AbortSignal | undefined;
}

/** A session that is waited for. */
interface Awaited {
  readonly name: string;
  before: SessionStatus | null;
  /** What is asked of one execution of its program. */
  asking: { readonly execution: string; readonly question: Question } | null;
  why: string;
  outcome: PromiseSettledResult<SessionStatus> | null;
}

type WaitTools = Pick<Tools, "world" | "sessions" | "warn" | "during">;

/**
 * Waits until all sessions are in a state, or cannot come to it. One look finds all of them.
 *
 * @returns the status of each then, in the order of their names; or why it did not come to that:
 *   `wait_timeout`, `wait_failed`, or what a look for it threw
 */
export async function waitForEach(
  tools: WaitTools,
  names: readonly string[],
  request: WaitRequest,
): Promise<readonly PromiseSettledResult<SessionStatus>[]> {
  const all = names.map((name): Awaited => ({
    ...{ name, before: null, asking: null, why: "", outcome: null },
  }));
  const waiting = () => waitForAll(tools, all, request);
  try {
    await tools.during("waiting", waiting);
  } finally {
    for (const { asking } of all) asking?.question.end();
  }
  return all.flatMap(({ outcome }) => outcome ?? []);
}

async function waitForAll(
  tools: WaitTools,
  all: readonly Awaited[],
  request: WaitRequest,
): Promise<void> {
  const { world } = tools;
  const { timeoutSeconds, abort } = request;
  const selection = selectionOf(request);
  const now = () => world.now().getTime();
  const end = timeoutSeconds === null ? Infinity : now() + timeoutSeconds * 1000;
  for (let pause = FIRST_MS;; pause = Math.min(pause * 1.5, MOST_MS)) {
    const open = all.filter(({ outcome }) => outcome === null);
    const names = open.map(({ name }) => name);
    const found = await orAborted(tools.sessions().findEach("wait for", names, selection), abort);
    const step = async (one: Awaited): Promise<void> => {
      const left = Math.min(QUESTION_MS, Math.max(1, end - now()));
      try {
        const value = await look(tools, one, { request, found: found.get(one.name), left });
        if (value !== null) one.outcome = { status: "fulfilled", value };
      } catch (reason) {
        one.outcome = { status: "rejected", reason };
      }
    };
    await orAborted(Promise.all(open.map(step)), abort);
    const still = open.filter(({ outcome }) => outcome === null);
    if (still.length === 0) return;
    if (now() >= end) {
      for (const one of still) one.outcome = { status: "rejected", reason: late(one, request) };
      return;
    }
    await orAborted(world.sleep(Math.min(pause, end - now())), abort);
  }
}

/** The status of a session that is as it is wanted; null: not yet. */
async function look(
  tools: WaitTools,
  one: Awaited,
  { request: { condition, any }, found, left }: {
    readonly request: WaitRequest;
    readonly found: PromiseSettledResult<Match> | undefined;
    /** How long it may take. */
    readonly left: number;
  },
): Promise<SessionStatus | null> {
  const { name, before } = one;
  if (found?.status === "rejected" && !(found.reason instanceof SessionNotFoundError)) {
    // An engine that fell silent meanwhile may answer again.
    if (before === null) throw found.reason;
    one.why = found.reason instanceof Error ? found.reason.message : String(found.reason);
    return null;
  }
  const match = found?.status === "fulfilled" ? found.value : null;
  if (match?.kind === "defined" && match.trouble !== null && before === null) throw match.trouble;
  const status = match?.status ?? null;
  // It may be gone for long; a name that nobody knows is a mistake.
  const last = before ?? (status === null ? await lastOf(tools, name) : null);
  if (status === null && last === null && found?.status === "rejected") throw found.reason;
  const verdict = judge(condition, { status, before, any: any ?? false });
  const session = match?.kind === "session" ? match.session : null;
  const final = verdict.kind === "ask" && session !== null && status !== null
    ? await asked(tools, one, { condition, session, status, left })
    : verdict;
  if (session !== null && before === null) one.before = status;
  if (final.kind === "met") return status ?? gone(last, name);
  if (final.kind === "ask") return null;
  one.why = final.why;
  if (final.kind === "not_yet") return null;
  throw new SessionWaitError(name, final.why, {
    backend: (status ?? last)?.backend ?? null,
    hint: `kstops why ${shellWord(name)} tells how it came to that`,
  });
}

/** What the session itself says. */
async function asked(
  tools: WaitTools,
  one: Awaited,
  { condition, session, status, left }: {
    readonly condition: Condition;
    readonly session: Session;
    readonly status: SessionStatus;
    readonly left: number;
  },
): Promise<Verdict> {
  const execution = JSON.stringify([session.run, status.id, status.pid, status.restarts]);
  const isOver = status.state === "exited" && status.nextRestartAt === null;
  if (isOver && condition.kind === "log") {
    // Nothing more comes: it is read as a whole, since a follower would wait for a further run.
    const isSaid = hasLine(await session.logs({ lines: Infinity }), condition.pattern);
    const why = `it has ended, and nothing that it printed fits ${condition.pattern}`;
    return isSaid ? { kind: "met" } : { kind: "never", why };
  }
  if (one.asking?.execution !== execution) {
    one.asking?.question.end();
    const question = condition.kind === "log"
      ? outputQuestion(session, condition.pattern)
      : await readyQuestion(tools, session);
    // A session that says nothing of it is ready while it runs.
    if (question === null) return { kind: "met" };
    one.asking = { execution, question };
  }
  const { question } = one.asking;
  const why = await question.ask(left);
  return why === null ? { kind: "met" } : { kind: "not_yet", why };
}

async function readyQuestion(tools: WaitTools, session: Session): Promise<Question | null> {
  const definition = await session.definition({ asItRan: true });
  const ready = definition?.ready ?? null;
  if (definition === null || ready === null) return null;
  const began = session.executions?.startedAt ?? session.status.createdAt ?? tools.world.now();
  return questionOf(tools, { definition, ready, session }, began.getTime());
}

/** What is remembered of a session that no engine has; null: nothing. */
async function lastOf({ world, warn }: WaitTools, name: string): Promise<SessionStatus | null> {
  const begun = (await logStore(world, warn).runs(name)).at(-1)?.begun ?? null;
  return begun === null ? null : statusOf({ name, backend: begun.backend, state: "stopped" });
}

/** The status of a session that is gone. */
function gone(last: SessionStatus | null, name: string): SessionStatus {
  const { backend = "tmux", engine = null, socketName = null, managed = false } = last ?? {};
  return statusOf({ name, backend, engine, socketName, managed, state: "stopped" });
}

function late({ name, before, why }: Awaited, request: WaitRequest): WaitTimeoutError {
  const { condition, timeoutSeconds } = request;
  return new WaitTimeoutError(name, {
    reason: `${notMetText(condition)} within ${timeoutSeconds} s: ${why}`,
    hint: `nothing was ended: kstops status ${shellWord(name)} shows how it is`,
    backend: before?.backend ?? null,
    details: { timeout: timeoutSeconds },
  });
}

/** The work; or, as soon as it is aborted, the reason. */
async function orAborted<T>(work: Promise<T>, abort: AbortSignal | undefined): Promise<T> {
  if (abort === undefined) return await work;
  abort.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(abort.reason);
  abort.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    abort.removeEventListener("abort", onAbort);
    work.catch(() => {});
  }
}
