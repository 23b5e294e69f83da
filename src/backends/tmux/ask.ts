/** Asking a tmux server, and what its answers mean. */
import { BackendUnavailableError, quote } from "../../errors.ts";
import type { LogStore } from "../../logs/store.ts";
import type { SessionStatus } from "../../model.ts";
import { type ExecOptions, type ExecResult, ExecTimeoutError, type World } from "../../world.ts";
import { listPanes, listPanesCollected, RUN_ID_VARIABLE, type Server } from "./args.ts";
import {
  type Failure,
  GarbledAnswerError,
  OLDEST_TMUX,
  parseFailure,
  parsePanes,
  type TmuxSession,
} from "./parse.ts";

/** What the tmux backend works with. */
export interface TmuxSettings {
  /** Name or path of the tmux program. */
  readonly binary: string;
  readonly logs: LogStore;
}

/** The tmux backend at work. */
export interface Context extends TmuxSettings {
  readonly world: World;
}

/** How long a server may take to answer a question. */
export const ANSWER_TIMEOUT_MS = 3000;
/** How often something is looked at again. */
export const POLL_MS = 20;

/** What a tmux client is not to learn from the session that kstops itself may run in. */
const OUTSIDE_OF_SESSIONS = { TMUX: undefined, TMUX_PANE: undefined, [RUN_ID_VARIABLE]: undefined };

/** One call of tmux. */
export function call(
  { world }: Context,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  return world.exec(argv, { ...options, env: OUTSIDE_OF_SESSIONS });
}

/**
 * The sessions of one server; none when no server runs there.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 * @throws {ProgramMissingError} tmux is not installed
 */
export async function ask(context: Context, socketName: string): Promise<TmuxSession[]> {
  const sessions = await askWith(listPanes, context, socketName);
  const isLost = sessions.some(({ panes }) =>
    panes.some(({ dead, exit }) => dead && exit === null)
  );
  return isLost ? await askWith(listPanesCollected, context, socketName) : sessions;
}

async function askWith(
  question: typeof listPanes,
  context: Context,
  socketName: string,
): Promise<TmuxSession[]> {
  const server: Server = { binary: context.binary, socketName };
  for (let attempt = 1;; attempt++) {
    const nonce = context.world.randomId();
    const answer = await answerOf(context, socketName, question(server, nonce), ANSWER_TIMEOUT_MS);
    if (answer.code === 0) return readPanes(socketName, answer.stdout, nonce);
    const failure = parseFailure(answer.stderr);
    if (failure.kind === "no_server" || failure.kind === "not_found") return [];
    if (failure.kind !== "ending" || attempt === 3) throw unavailable(socketName, failure);
    await context.world.sleep(POLL_MS);
  }
}

/**
 * A call of tmux that answers in time.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export async function answerOf(
  context: Context,
  socketName: string,
  argv: readonly string[],
  timeoutMs: number,
  stdin?: string,
): Promise<ExecResult> {
  try {
    return await call(context, argv, { timeoutMs, ...(stdin === undefined ? {} : { stdin }) });
  } catch (error) {
    if (!(error instanceof ExecTimeoutError)) throw error;
    const reason = `it did not answer within ${error.timeoutMs / 1000} s`;
    throw unavailable(socketName, { kind: "other", reason });
  }
}

/** The sessions in an answer. */
export function readPanes(socketName: string, stdout: string, nonce: string): TmuxSession[] {
  return understood(socketName, () => parsePanes(stdout, nonce));
}

/** What `parse` makes of an answer; one that it cannot read is the engine in trouble. */
export function understood<T>(socketName: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof GarbledAnswerError)) throw error;
    throw unavailable(socketName, { kind: "other", reason: error.message });
  }
}

/** A server that cannot be asked, and what it said. */
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

/** What the server says now of a session that it had before; null: it is gone. */
export async function again(
  context: Context,
  socketName: string,
  { id, serverPid }: TmuxSession,
): Promise<TmuxSession | null> {
  const sessions = await ask(context, socketName);
  return sessions.find((each) => each.id === id && each.serverPid === serverPid) ?? null;
}

/** How a program ended: `with exit code 3`, `by SIGKILL`. */
export function howWords({ exitCode, signal }: Pick<SessionStatus, "exitCode" | "signal">): string {
  if (signal !== null) return `by ${signal}`;
  return exitCode === null ? "in an unknown way" : `with exit code ${exitCode}`;
}
