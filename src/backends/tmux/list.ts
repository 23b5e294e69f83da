/** The first question to a tmux server: apart from all that reads its answer, which is loaded meanwhile. */
import type { LogStore } from "../../logs/store.ts";
import type { ExecOptions, ExecResult, World } from "../../world/world.ts";
import { patiently } from "../patience.ts";
import { listPanes, RUN_ID_VARIABLE } from "./args.ts";

/** What the tmux backend works with. */
export interface TmuxSettings {
  /** Name or path of the tmux program. */
  readonly binary: string;
  readonly logs: LogStore;
  /** How long a server may take to answer a question, where that is less than usual. */
  readonly engineTimeoutMs?: number;
  /** Tells the user that a server does not answer yet; missing: nobody is there to read it. */
  readonly say?: ((text: string) => void) | undefined;
}

/** The tmux backend at work. */
export interface Context extends TmuxSettings {
  readonly world: World;
}

/**
 * How long a server may take to answer a question. It is a matter of milliseconds; on a machine that is
 * busy with other things, servers that were only slow took over 3 s.
 */
export const ANSWER_TIMEOUT_MS = 10_000;

/** The same while something is changed: what a server has begun, it is to finish. */
export const WORK_TIMEOUT_MS = 60_000;

/** What a tmux client is not to learn from the session that kstops itself may run in. */
export const OUTSIDE_OF_SESSIONS = {
  TMUX: undefined,
  TMUX_PANE: undefined,
  [RUN_ID_VARIABLE]: undefined,
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
  /** By what its answer is told apart from what sessions are called. */
  readonly nonce: string;
  readonly answer: Promise<ExecResult>;
}

/** What is asked of the server of a socket now, and what is asked next. */
interface Queue {
  running: Asked;
  next: Asked | null;
}
const QUEUES = new WeakMap<World, Map<string, Queue>>();

/**
 * Asks for every pane; what becomes of it is up to whoever awaits the answer. Who asks while the same is
 * asked already shares the question after that one, so that nothing is missed that was there when it
 * was put: however many are started or stopped at once, a server is asked by one client at a time.
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
  // First the one that runs makes room: it was told to before.
  queue.next = begin(queue.running.answer.then(put, put));
  return queue.next;
}
