/** Asks a tmux server, and interprets its answers. */
import { BackendUnavailableError, quote } from "../../errors.ts";
import { howItEnded, type SessionStatus } from "../../model.ts";
import {
  ExecKilledError,
  type ExecOptions,
  type ExecResult,
  ProgramNotStartedError,
  type World,
} from "../../world/world.ts";
import { listPanes, listPanesCollected } from "./args.ts";
import { type Asked, call, type Context, list, type Question, WORK_TIMEOUT_MS } from "./list.ts";
import { type Failure, parseFailure } from "./failure.ts";
import { GarbledAnswerError, parsePanes, type TmuxSession } from "./parse.ts";
import { OLDEST_TMUX } from "./version.ts";
import { unexpectedText } from "./rows.ts";

/** How often to look again. */
export const POLL_MS = 20;

/**
 * The sessions of one server; none when no server runs there.
 *
 * @param asked the question, if it was put before; otherwise the call is part of some work, and has
 *   its time
 * @throws {BackendUnavailableError} `backend_unavailable`
 * @throws {ProgramMissingError} tmux is not installed
 */
export async function ask(
  context: Context,
  socketName: string,
  asked?: Asked,
): Promise<TmuxSession[]> {
  return await askServer(context, socketName, asked) ?? [];
}

/** The same, but null when no server runs there, as opposed to a server without sessions. */
export async function askServer(
  context: Context,
  socketName: string,
  asked?: Asked,
): Promise<TmuxSession[] | null> {
  const sessions = await askWith(listPanes, context, socketName, asked);
  if (!sessions?.some(isExitLost)) return sessions;
  const collected = await askWith(listPanesCollected, context, socketName);
  return collected && await Promise.all(collected.map((each) => withRecordedExit(context, each)));
}

function isExitLost({ panes }: TmuxSession): boolean {
  return panes.some(({ dead, exit }) => dead && exit === null);
}

/** A session whose exit status tmux has lost for good, with the one that its keeper recorded. */
async function withRecordedExit(
  { logs }: Context,
  session: TmuxSession,
): Promise<TmuxSession> {
  const { managedPane: pane, name, runId } = session;
  if (pane === null || !pane.dead || pane.exit !== null) return session;
  const ended = (await logs.runs(name)).find(({ id }) => id === runId)?.ended;
  if (ended == null || ended.exitCode === null) return session;
  const managedPane = { ...pane, exit: howItEnded(ended.exitCode) };
  const panes = session.panes.map((each) => each === pane ? managedPane : each);
  return { ...session, managedPane, panes };
}

async function askWith(
  question: Question,
  context: Context,
  socketName: string,
  asked = list(context, socketName, question, WORK_TIMEOUT_MS),
): Promise<TmuxSession[] | null> {
  for (let attempt = 1, { nonce, answer: coming } = asked;; attempt++) {
    const answer = await inTime(socketName, coming);
    if (answer.code === 0) {
      return readOnce(answer, () => readPanes(socketName, answer.stdout, nonce));
    }
    const failure = parseFailure(answer.stderr);
    if (failure.kind === "no_server") return null;
    if (failure.kind === "not_found") return [];
    if (failure.kind !== "ending" || attempt === 3) throw unavailable(socketName, failure);
    await context.world.sleep(POLL_MS);
    ({ nonce, answer: coming } = list(context, socketName, question, WORK_TIMEOUT_MS));
  }
}

/** The parsed answers to questions that several callers share. */
const READ = new WeakMap<ExecResult, TmuxSession[]>();

/** Parses an answer once for all its callers: with many sessions parsing takes time. */
function readOnce(answer: ExecResult, read: () => TmuxSession[]): TmuxSession[] {
  const sessions = READ.get(answer) ?? read();
  READ.set(answer, sessions);
  return sessions;
}

/**
 * A call of tmux that must answer in time.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export async function answerOf(
  context: Context,
  socketName: string,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  return await inTime(socketName, call(context, argv, options));
}

async function inTime(socketName: string, answer: Promise<ExecResult>): Promise<ExecResult> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProgramNotStartedError) {
      throw unavailable(socketName, { kind: "other", reason: error.message });
    }
    if (!(error instanceof ExecKilledError)) throw error;
    const { message, reason, hint, details } = unavailable(socketName, {
      kind: "other",
      reason: error.reason,
    });
    throw new SilentServerError(message, { reason, hint, details });
  }
}

/** A server that did not answer in time. */
export class SilentServerError extends BackendUnavailableError {}

/** The sessions in an answer. An answer without any row means trouble with the engine. */
export function readPanes(socketName: string, stdout: string, nonce: string): TmuxSession[] {
  try {
    return parsePanes(stdout, nonce);
  } catch (error) {
    if (!(error instanceof GarbledAnswerError)) throw error;
    throw unavailable(socketName, { kind: "other", reason: error.message });
  }
}

/** The failure of an answer that cannot be understood. */
export function unexpected(stdout: string): Failure {
  return { kind: "other", reason: unexpectedText(stdout) };
}

/** The error for a server that cannot be asked, with its message. */
export function unavailable(socketName: string, failure: Failure): BackendUnavailableError {
  const reason = failure.kind === "other" ? failure.reason : "its server ended while it was asked";
  return new BackendUnavailableError(
    `Cannot ask the tmux server on socket ${quote(socketName)}: ${reason}`,
    {
      reason,
      hint: `try it by hand: tmux -L ${socketName} list-sessions`,
      details: { engine: "tmux", socket_name: socketName, reason },
    },
  );
}

/** Why a version cannot be used. */
export function tooOld(version: string): string {
  return `tmux ${version.replace(/^tmux /, "").trim()} is too old, kstops needs ${OLDEST_TMUX}`;
}

/** How to get tmux, by operating system. */
export function installHint({ operatingSystem }: World): string {
  return operatingSystem === "darwin"
    ? "install it: brew install tmux"
    : "install it: apt install tmux (Debian, Ubuntu), dnf install tmux (Fedora), apk add tmux (Alpine)";
}

/** The session as the server reports it now; null: it is gone. */
export async function again(
  context: Context,
  socketName: string,
  { id, serverPid, runId }: TmuxSession,
): Promise<TmuxSession | null> {
  const sessions = await ask(context, socketName);
  return sessions.find((each) =>
    each.serverPid === serverPid && each.runId === runId && (runId !== null || each.id === id)
  ) ?? null;
}

/** How a program ended: `with exit code 3`, `by SIGKILL`. */
export function howWords({ exitCode, signal }: Pick<SessionStatus, "exitCode" | "signal">): string {
  if (signal !== null) return `by ${signal}`;
  return exitCode === null ? "in an unknown way" : `with exit code ${exitCode}`;
}
