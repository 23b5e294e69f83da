/**
 * The first question to a tmux server. The code that parses its answer is separate, and loads
 * meanwhile.
 */
import type { LogStore } from "../../logs/store.ts";
import type { ExecOptions, ExecResult, World } from "../../world/world.ts";
import { patiently } from "../patience.ts";
import { listPanes, RUN_ID_VARIABLE } from "./args.ts";

/** The settings of the tmux backend. */
export interface TmuxSettings {
  /** Name or path of the tmux program. */
  readonly binary: string;
  readonly logs: LogStore;
  /** How long a server may take to answer a question, if that is less than usual. */
  readonly engineTimeoutMs?: number;
  /** Tells the user that a server does not answer yet; missing: no user reads this. */
  readonly say?: ((text: string) => void) | undefined;
}

/** The tmux backend at work. */
export interface Context extends TmuxSettings {
  readonly world: World;
}

/**
 * How long a server may take to answer a question. Usually it takes milliseconds; on a machine busy
 * with other things, slow servers took over 3 s.
 */
export const ANSWER_TIMEOUT_MS = 10_000;

/** The same for changes: a server should finish what it has begun. */
export const WORK_TIMEOUT_MS = 60_000;

/**
 * Hides from a tmux client the session that kstops itself may run in, and the unit of systemd: a server
 * gives its variables to all sessions.
 */
export const OUTSIDE_OF_SESSIONS = {
  TMUX: undefined,
  TMUX_PANE: undefined,
  [RUN_ID_VARIABLE]: undefined,
  INVOCATION_ID: undefined,
  JOURNAL_STREAM: undefined,
  MANAGERPID: undefined,
  NOTIFY_SOCKET: undefined,
  SYSTEMD_EXEC_PID: undefined,
};

/** One call of tmux. */
export function call(
  { world }: Context,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  return world.exec(argv, { ...options, env: OUTSIDE_OF_SESSIONS });
}

/** How a server is asked for all of its panes. */
export type Question = typeof listPanes;

/** A question that was put to the server of a socket. */
export interface Asked {
  readonly socketName: string;
  /** Tells its answer apart from names of sessions. */
  readonly nonce: string;
  readonly answer: Promise<ExecResult>;
}

/** The running question to the server of a socket, and the next one. */
interface Queue {
  running: Asked;
  next: Asked | null;
}
const QUEUES = new WeakMap<World, Map<string, Queue>>();

/**
 * Asks for every pane; the caller who awaits the answer handles its failures. A caller who comes
 * while the same question is running shares the next one, so that nothing is missed that existed at
 * the time of the call: however many sessions are started or stopped at once, one client at a time
 * asks a server.
 */
export function list(
  context: Context,
  socketName: string,
  question: Question = listPanes,
  timeoutMs: number = Math.min(ANSWER_TIMEOUT_MS, context.engineTimeoutMs ?? ANSWER_TIMEOUT_MS),
): Asked {
  const { world, binary, say } = context;
  const queues = QUEUES.get(world) ?? new Map<string, Queue>();
  QUEUES.set(world, queues);
  const nonce = world.randomId();
  const argv = question({ binary, socketName }, nonce);
  const key = JSON.stringify([question({ binary, socketName }, ""), timeoutMs]);
  const queue = queues.get(key);
  if (queue?.next) return queue.next;
  const patience = {
    engine: socketName === "default" ? "tmux" : `tmux on socket "${socketName}"`,
    limitMs: () => Promise.resolve(timeoutMs),
    say,
  };
  const put = () =>
    patiently(world, patience, (abort) => call(context, argv, { timeoutMs, abort }));
  const begin = (answer: Promise<ExecResult>): Asked => {
    const asked = { socketName, nonce, answer };
    const goOn = () => {
      const now = queues.get(key);
      if (now?.running !== asked) return;
      if (now.next === null) queues.delete(key);
      else queues.set(key, { running: now.next, next: null });
    };
    // It may fail before anybody awaits it.
    answer.then(goOn, goOn);
    return asked;
  };
  if (queue === undefined) {
    const running = begin(put());
    queues.set(key, { running, next: null });
    return running;
  }
  // The running question makes room first: its callback was registered before.
  queue.next = begin(queue.running.answer.then(put, put));
  return queue.next;
}
