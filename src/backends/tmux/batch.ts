/**
 * Scripts for one server, run by as few clients as can be: what is asked for while a client works is
 * done by the next one, for all together. Loaded when something is changed.
 */
import type { ExecResult, World } from "../../world/world.ts";
import { answerOf } from "./ask.ts";
import { type Context, WORK_TIMEOUT_MS } from "./list.ts";

/** What one change says to a server. */
interface Script {
  /** The call of a client that runs a script from standard input. */
  readonly argv: readonly string[];
  readonly socketName: string;
  /** Lines of commands, which do not depend on those of others. */
  readonly text: string;
  /** Whether an answer to several scripts tells what became of this one. */
  readonly isToldIn: (stdout: string) => boolean;
}

/** A script that waits for its client. */
interface Waiting extends Script {
  readonly done: PromiseWithResolvers<ExecResult>;
}

/** What one client works on, and what the next one will. */
interface Queue {
  waiting: Waiting[];
}
const QUEUES = new WeakMap<World, Map<string, Queue>>();

/** More would keep the server from whoever else asks it: it does one thing at a time. */
const MOST_AT_ONCE = 100;

/**
 * Runs a script. In the company of others its exit code and what went to standard error are those of
 * all, so that one of which nothing is told is run again alone: a script must bear that.
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

/** Runs what waits until nothing does. */
async function work(
  context: Context,
  { queue, close }: { readonly queue: Queue; readonly close: () => void },
): Promise<void> {
  while (queue.waiting.length > 0) {
    const batch = queue.waiting.splice(0, MOST_AT_ONCE);
    await run(context, batch);
  }
  // In the same turn as the last look into it: whoever came in between would wait for ever.
  close();
}

async function run(context: Context, batch: readonly Waiting[]): Promise<void> {
  const [first] = batch;
  if (first === undefined) return;
  const text = batch.map((each) => each.text).join("");
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
