/**
 * Runs scripts for one server with as few clients as possible: scripts that come while a client
 * works are run by the next client, all together. Loaded when something is changed.
 */
import type { ExecResult, World } from "../../world/world.ts";
import { answerOf } from "./ask.ts";
import { type Context, WORK_TIMEOUT_MS } from "./list.ts";

/** The commands of one change for a server. */
interface Script {
  /** The call of a client that runs a script from standard input. */
  readonly argv: readonly string[];
  readonly socketName: string;
  /** Lines that have to run first, but only once for all scripts that run together. */
  readonly preparation?: string;
  /** Lines of commands that do not depend on those of other scripts. */
  readonly text: string;
  /** Whether the answer to several scripts tells the result of this one. */
  readonly isToldIn: (stdout: string) => boolean;
}

/** A script that waits for its client. */
interface Waiting extends Script {
  readonly done: PromiseWithResolvers<ExecResult>;
}

/** The scripts of the running client, and those for the next one. */
interface Queue {
  waiting: Waiting[];
}
const QUEUES = new WeakMap<World, Map<string, Queue>>();

/** More would keep the server from other callers: it does one thing at a time. */
const MOST_AT_ONCE = 100;

/**
 * Runs a script. Exit code and standard error are shared with the scripts that run together with
 * it. So a script whose result is not told is run again alone, and must allow that.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export async function runTogether(context: Context, script: Script): Promise<ExecResult> {
  const queues = QUEUES.get(context.world) ?? new Map<string, Queue>();
  QUEUES.set(context.world, queues);
  const key = JSON.stringify(script.argv);
  const waiting = { ...script, done: Promise.withResolvers<ExecResult>() };
  const queue = queues.get(key);
  if (queue === undefined) {
    const begun = { waiting: [waiting] };
    queues.set(key, begun);
    void work(context, { queue: begun, close: () => queues.delete(key) });
  } else {
    queue.waiting.push(waiting);
  }
  return await waiting.done.promise;
}

/** Runs waiting scripts until there are none. */
async function work(
  context: Context,
  { queue, close }: { readonly queue: Queue; readonly close: () => void },
): Promise<void> {
  while (queue.waiting.length > 0) {
    const batch = queue.waiting.splice(0, MOST_AT_ONCE);
    await run(context, batch);
  }
  // In the same turn as the last look into it: a script that came in between would wait for ever.
  close();
}

async function run(context: Context, batch: readonly Waiting[]): Promise<void> {
  const [first] = batch;
  if (first === undefined) return;
  const preparations = new Set(batch.map(({ preparation = "" }) => preparation));
  const text = [...preparations, ...batch.map((each) => each.text)].join("");
  let answer: ExecResult;
  try {
    answer = await answerOf(context, first.socketName, first.argv, {
      timeoutMs: WORK_TIMEOUT_MS,
      stdin: text,
    });
  } catch (error) {
    for (const { done } of batch) done.reject(error);
    return;
  }
  if (batch.length === 1) return first.done.resolve(answer);
  for (const each of batch) {
    if (each.isToldIn(answer.stdout)) each.done.resolve({ ...answer, code: 0, stderr: "" });
    else await run(context, [each]);
  }
}
