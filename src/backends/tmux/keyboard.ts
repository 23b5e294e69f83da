/** Types into the terminals of sessions. Loaded when something is typed. */
import { quote, SessionNotRunningError, UsageError } from "../../errors.ts";
import type { ExecResult } from "../../world/world.ts";
import type { Typed } from "../backend.ts";
import type { Server } from "./args.ts";
import { answerOf, unavailable } from "./ask.ts";
import { parseFailure } from "./failure.ts";
import { type Context, WORK_TIMEOUT_MS } from "./list.ts";
import type { TmuxSession } from "./parse.ts";
import { mainPane } from "./status.ts";
import {
  dropPasted,
  pasteText,
  pressKeys,
  showTerminal,
  type Target,
  typedMark,
} from "./typing.ts";

/** A session, and what to type into it. */
interface Typing {
  readonly session: TmuxSession;
  readonly typed: Typed;
}

/** A terminal in line mode drops the rest of a line (Linux n_tty.c: 4096 bytes with its end). */
const LINE_BYTES = 4095;

/** See `Keyboard.check`. Only a long line costs a question. */
export async function check(
  context: Context,
  socketName: string,
  { session, typed }: Typing,
): Promise<void> {
  if (typed.kind === "keys") return;
  const encoder = new TextEncoder();
  const longest = typed.text.split(/[\r\n]/).reduce(
    (most, line) => line.length * 4 <= most ? most : Math.max(most, encoder.encode(line).length),
    0,
  );
  if (longest <= LINE_BYTES) return;
  const { pane } = targetOf(session);
  const server: Server = { binary: context.binary, socketName };
  const limit = { timeoutMs: WORK_TIMEOUT_MS };
  const { stdout } = await answerOf(context, socketName, showTerminal(server, pane), limit);
  const { operatingSystem, exec } = context.world;
  const device = operatingSystem === "linux" ? "-F" : "-f";
  const modes = await exec(["stty", device, stdout.trim(), "-a"], limit);
  if (!/(?:^|\s)icanon\b/.test(modes.stdout)) return;
  throw new UsageError(
    `Cannot send to ${quote(session.name)}: a line has ${longest} bytes, and its terminal is in ` +
      `line mode, which takes ${LINE_BYTES}`,
    { hint: "send shorter lines, or put the text into a file that the program reads" },
  );
}

function targetOf(session: TmuxSession): Target {
  const pane = mainPane(session);
  if (pane === null || pane.dead) throw ended(session);
  return { pane: pane.id, serverPid: session.serverPid };
}

function ended({ name }: TmuxSession): SessionNotRunningError {
  return new SessionNotRunningError("send to", name, {
    reason: "it has ended meanwhile",
    backend: "tmux",
    hint: `kstops why ${name} tells how`,
  });
}

/** One session that waits for its client. */
interface Waiting extends Typing {
  readonly target: Target;
  readonly done: PromiseWithResolvers<void>;
}

/** What waits for one client: sessions of one server that all get the same. */
const WAITING = new WeakMap<Context, Map<string, Waiting[]>>();

/** More arguments could be too long: tmux takes 16 KB (3.3a client.c). */
const MOST_AT_ONCE = 40;

/** See `Keyboard.type`. */
export async function type(
  context: Context,
  socketName: string,
  { session, typed }: Typing,
): Promise<void> {
  const waiting: Waiting = {
    session,
    typed,
    target: targetOf(session),
    done: Promise.withResolvers<void>(),
  };
  const queues = WAITING.get(context) ?? new Map<string, Waiting[]>();
  WAITING.set(context, queues);
  const key = JSON.stringify([socketName, typed]);
  const queue = queues.get(key);
  if (queue !== undefined) {
    queue.push(waiting);
  } else {
    const begun = [waiting];
    queues.set(key, begun);
    // Those that come in the same turn go along.
    void context.world.sleep(0).then(async () => {
      queues.delete(key);
      while (begun.length > 0) {
        await typeTogether(context, socketName, begun.splice(0, MOST_AT_ONCE));
      }
    });
  }
  await waiting.done.promise;
}

/** Types the same into several panes. Nothing is typed twice, whatever fails. */
async function typeTogether(
  context: Context,
  socketName: string,
  batch: readonly Waiting[],
): Promise<void> {
  const [first] = batch;
  if (first === undefined) return;
  const server: Server = { binary: context.binary, socketName };
  const nonce = context.world.randomId();
  let answer: ExecResult;
  try {
    answer = await call(context, server, { batch, typed: first.typed, nonce });
  } catch (error) {
    for (const { done } of batch) done.reject(error);
    return;
  }
  const left: Waiting[] = [];
  for (const each of batch) {
    if (answer.stdout.includes(typedMark(nonce, each.target.pane))) each.done.resolve();
    else left.push(each);
  }
  if (answer.code === 0) {
    for (const { done, session } of left) done.reject(ended(session));
    return;
  }
  // A pane that is gone ends the call: the first without a mark.
  const [failed, ...others] = left;
  if (first.typed.kind === "text") {
    await answerOf(context, socketName, dropPasted(server, nonce), { timeoutMs: WORK_TIMEOUT_MS })
      .catch(() => null);
  }
  const failure = parseFailure(answer.stderr);
  failed?.done.reject(
    failure.kind === "other" ? unavailable(socketName, failure) : ended(failed.session),
  );
  await typeTogether(context, socketName, others);
}

async function call(
  context: Context,
  server: Server,
  { batch, typed, nonce }: {
    readonly batch: readonly Waiting[];
    readonly typed: Typed;
    readonly nonce: string;
  },
): Promise<ExecResult> {
  const panes = batch.map(({ target }) => target);
  const timeoutMs = WORK_TIMEOUT_MS;
  if (typed.kind === "keys") {
    const argv = pressKeys(server, panes, { nonce, keys: typed.keys });
    return await answerOf(context, server.socketName, argv, { timeoutMs });
  }
  const argv = pasteText(server, panes, { nonce, isPaste: typed.isPaste });
  return await answerOf(context, server.socketName, argv, { timeoutMs, stdin: typed.text });
}
