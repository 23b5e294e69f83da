/**
 * Reaches the programs of sessions that run. No operation: nothing is started or ended by kstops,
 * so there is nothing to go on with, and what is typed may be secret.
 */
import { InputRequiredError, OpsError, SessionNotRunningError } from "../errors.ts";
import type { Session } from "../backends/backend.ts";
import type { SessionStatus } from "../model.ts";
import type { PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Match } from "../sessions/sessions.ts";
import { aboutSession } from "./about_session.ts";
import { questionFor, wordsOf } from "./confirm.ts";
import { surveyOnce } from "./survey.ts";
import type { ChangeTools } from "./tools.ts";

/** Whose programs to reach. */
export interface ReachRequest extends PlaceFlags {
  /** Whether only sessions of this config are meant, since a group or a pattern selects them. */
  readonly all?: true | undefined;
  /** Whether a yes has been said. */
  readonly yes?: true | undefined;
}

/** How to reach them. */
interface Reach {
  readonly verb: "send" | "signal" | "exec";
  readonly request: ReachRequest;
  /** Throws what makes it impossible. Nothing is done to any session before all have passed. */
  readonly check: (session: Session) => Promise<void>;
  readonly work: (session: Session) => Promise<void>;
}

/** What became of each session, in the order of their names. */
export type Reached = readonly PromiseSettledResult<SessionStatus>[];

/** Reaches the programs of several sessions, with one survey of the engines. */
export async function reachEach(
  tools: ChangeTools,
  names: readonly string[],
  { verb, request, check, work }: Reach,
): Promise<Reached> {
  const words = wordsOf(verb);
  const lookFor = surveyOnce(tools, names, { verb: words, selection: selectionOf(request) });
  const found = await Promise.allSettled(names.map(async (name) => {
    const { session } = running(await lookFor(name)(), words);
    await check(session);
    return session;
  }));
  const asked: PromiseSettledResult<Session>[] = [];
  // One question after the other.
  for (const [index, each] of found.entries()) {
    asked.push(
      each.status === "rejected"
        ? each
        : await settled(() => allowed(tools, { verb, request, session: each.value })),
    );
    const name = names[index] ?? "";
    const last = asked.at(-1);
    if (names.length > 1 && last?.status === "rejected" && last.reason instanceof OpsError) {
      last.reason = aboutSession(last.reason, { verb: words, name });
    }
  }
  return await Promise.allSettled(asked.map(async (each) => {
    if (each.status === "rejected") throw each.reason;
    await work(each.value);
    return each.value.status;
  }));
}

async function settled<T>(work: () => Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([work()]);
  return result;
}

/** @throws {SessionNotRunningError} `session_not_running` */
export function running(match: Match, verb: string): Extract<Match, { readonly kind: "session" }> {
  if (match.kind === "defined" && match.trouble !== null) throw match.trouble;
  if (match.kind === "session" && match.status.state === "running") return match;
  const { name, backend, state, engineState } = match.status;
  throw new SessionNotRunningError(verb, name ?? "", {
    reason: state === "defined"
      ? "it is not running"
      : state === "exited"
      ? "it has ended"
      : `it is ${engineState ?? state}`,
    backend,
    hint: `kstops start ${name} starts it`,
  });
}

/** @throws {InputRequiredError} `input_required` */
export async function allowed(
  tools: ChangeTools,
  { verb, request, session }: Pick<Reach, "verb" | "request"> & { readonly session: Session },
): Promise<Session> {
  const { status } = session;
  const match = { kind: "session", session, status } as const;
  const question = await questionFor(tools, { verb, match, flags: request });
  if (question === null) return session;
  const answer = await tools.caller.ask?.(question.text) ?? null;
  if (/^y(?:es)?$/i.test(answer ?? "")) return session;
  throw new InputRequiredError(wordsOf(verb), status.name ?? "", {
    reason: question.reason,
    hint: `say yes: ${question.command}`,
    backend: status.backend,
  });
}
