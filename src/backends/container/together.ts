/**
 * What is done to several containers at the same time, by as few clients as can be: a client costs more
 * than what it does, and one works on several containers side by side. Loaded when something is changed.
 */
import type { ExecResult } from "../../world/world.ts";
import { type Ids, stopContainers } from "./args.ts";
import { answerOf, askAbout, type Context, WORK_TIMEOUT_MS } from "./ask.ts";
import { type Client, isRemote } from "./clients.ts";
import { type Asked, gathering } from "./gather.ts";
import type { Container } from "./parse.ts";
import { inTurn } from "./turns.ts";

/** One container that something is to be done to, and whose answer is awaited. */
type Waiting = Asked<string, ExecResult>;

/** A call of a client, for however many containers. */
interface Deed {
  readonly argvFor: (ids: Ids) => readonly string[];
  /** For one container. */
  readonly timeoutMs: number;
  /** How long the client may work before the next one begins. */
  readonly turnMs?: number;
}

const ACTS = gathering<string, ExecResult>();
const STOPS = gathering<string, ExecResult>();

const MOST_AT_ONCE = 20;

/**
 * Does something to a container that is done at once, with all others that it is to be done to. The
 * answer is that for this one.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export async function actTogether(
  context: Context,
  client: Client,
  { id, argvFor }: { readonly id: string; readonly argvFor: (ids: Ids) => readonly string[] },
): Promise<ExecResult> {
  const deed = { argvFor, timeoutMs: WORK_TIMEOUT_MS };
  return await ACTS(context.world, id, {
    key: JSON.stringify(argvFor([])),
    most: MOST_AT_ONCE,
    work: (batch) => perform(context, client, { deed, batch }),
  });
}

/**
 * How many containers one client stops side by side: docker 50 (20.10 and 28), podman three for each
 * core and one more (4.3); the podman that is led to another one does it one by one.
 */
async function mostStops(context: Context, client: Client): Promise<number> {
  if (client.dialect === "docker") return 50;
  return await isRemote(context.world, client) ? 1 : 7;
}

/** From when on a client is taken to wait for programs, so that others may begin. */
const WAITING_MS = 1000;
/** How often it is looked which ones have ended while the client goes on waiting for others. */
const LOOK_MS = 2000;

/**
 * Has the runtime end a container, with all others that are to end at the same time. One that takes its
 * time keeps nobody waiting: the others are told of as soon as they have ended.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export async function stopTogether(
  context: Context,
  client: Client,
  { id, seconds }: { readonly id: string; readonly seconds: number },
): Promise<ExecResult> {
  const deed = {
    argvFor: (ids: Ids) => stopContainers(client, ids, seconds),
    timeoutMs: seconds * 1000 + WORK_TIMEOUT_MS,
    turnMs: WAITING_MS,
  };
  return await STOPS(context.world, id, {
    key: JSON.stringify(deed.argvFor([])),
    most: await mostStops(context, client),
    overlaps: true,
    work: async (batch) => {
      if (batch.length === 1) return await perform(context, client, { deed, batch });
      const left = new Set(batch);
      const stopLooking = lookNowAndThen(context, client, left);
      try {
        await perform(context, client, { deed, batch: left });
      } finally {
        stopLooking();
      }
    },
  });
}

/** Tells of those that have ended while the client still works on others; ends when it is called. */
function lookNowAndThen(context: Context, client: Client, left: Set<Waiting>): () => void {
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking || left.size === 0) return;
    isLooking = true;
    try {
      const found = await askAbout(context, client, [...left].map(({ item }) => item));
      for (const waiting of [...left]) {
        const now = found.find(({ id }) => id === waiting.item);
        if (now !== undefined && (hasProgram(now) || now.pid !== null)) continue;
        left.delete(waiting);
        waiting.done.resolve(doneTo(waiting.item));
      }
    } catch {
      // The client that works on them will tell.
    } finally {
      isLooking = false;
    }
  };
  return context.world.every(LOOK_MS, () => void look());
}

/** Whether a container has a program that could end. */
export function hasProgram({ state }: Container): boolean {
  return !["exited", "created", "configured", "dead"].includes(state);
}

/**
 * Has one client do it to all of them. It says which ones it was done to, and of others why not; those
 * of which it says nothing are each told to a client of their own: podman does nothing to any where
 * there is no longer one of them.
 *
 * @param batch those of which something is still to be told
 */
async function perform(
  context: Context,
  client: Client,
  { deed, batch }: { readonly deed: Deed; readonly batch: Iterable<Waiting> },
): Promise<void> {
  const all = [...batch];
  const ids = [...new Set(all.map(({ item }) => item))];
  const { argvFor, turnMs } = deed;
  // podman may have to do it in two rounds, on a single core.
  const timeoutMs = deed.timeoutMs * Math.min(2, ids.length);
  const answer = await inTurn(
    context.world,
    () => answerOf(context, client, argvFor(ids), timeoutMs),
    turnMs === undefined ? {} : { mostMs: turnMs },
  );
  const unclear: Waiting[] = [];
  for (const waiting of batch) {
    const own = ids.length === 1 ? answer : answerAbout(answer, waiting.item);
    if (own === null) unclear.push(waiting);
    else waiting.done.resolve(own);
  }
  await Promise.all(unclear.map(async (waiting) => {
    await perform(context, client, { deed, batch: [waiting] }).catch(waiting.done.reject);
  }));
}

/** What an answer about several containers says of one; null: nothing. */
function answerAbout({ code, stdout, stderr }: ExecResult, id: string): ExecResult | null {
  if (stdout.split("\n").some((line) => line.trim() === id)) return doneTo(id);
  const errors = stderr.split("\n").filter((line) => /^Error\b/.test(line) && line.includes(id));
  return errors.length === 0 || code === 0 ? null : { code, stdout: "", stderr: errors.join("\n") };
}

function doneTo(id: string): ExecResult {
  return { code: 0, stdout: `${id}\n`, stderr: "" };
}
