/**
 * Acts on several containers at the same time, with as few clients as possible: a client costs more
 * than its work, and one works on several containers side by side. Loaded when something is
 * changed.
 */
import type { ExecResult } from "../../world/world.ts";
import { type Ids, stopContainers } from "./args.ts";
import { answerOf, askAbout, type Context, WORK_TIMEOUT_MS } from "./ask.ts";
import { type Client, isRemote } from "./clients.ts";
import { type Asked, gathering } from "../gather.ts";
import type { Container } from "./parse.ts";
import { inTurn } from "./turns.ts";

/** A container to act on, whose answer is awaited. */
type Waiting = Asked<string, ExecResult>;

/** A call of a client, for any number of containers. */
interface Deed {
  readonly argvFor: (ids: Ids) => readonly string[];
  /** Time for one container. */
  readonly timeoutMs: number;
  /** How long the client may work before the next one begins. */
  readonly turnMs?: number;
}

const ACTS = gathering<string, ExecResult>();
const STOPS = gathering<string, ExecResult>();

const MOST_AT_ONCE = 20;

/**
 * Does something short to a container, together with all others that need the same. Returns the
 * answer for this one.
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
 * How many containers one client stops side by side: docker 50 (20.10 and 28), podman three for
 * each core and one more (4.3); a podman that is led to another one stops them one by one.
 */
async function mostStops(context: Context, client: Client): Promise<number> {
  if (client.dialect === "docker") return 50;
  return await isRemote(context.world, client) ? 1 : 7;
}

/** After this time a client is assumed to wait for programs, so that others may begin. */
const WAITING_MS = 1000;
/** How often to check which containers have ended while the client still waits for others. */
const LOOK_MS = 2000;

/**
 * Makes the runtime end a container, together with all others that should end at the same time. A
 * slow one delays nobody: the others are reported as soon as they have ended.
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

/**
 * Reports containers that have ended while the client still works on others. Returns what stops
 * this.
 */
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
      // The client that works on them will report it.
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
 * Makes one client do it to all of them. The client names those it was done to, and says why not
 * for others. Those it does not mention get a client of their own: podman does nothing at all when
 * one of them no longer exists.
 *
 * @param batch the containers without an answer so far
 */
async function perform(
  context: Context,
  client: Client,
  { deed, batch }: { readonly deed: Deed; readonly batch: Iterable<Waiting> },
): Promise<void> {
  const all = [...batch];
  const ids = [...new Set(all.map(({ item }) => item))];
  const { argvFor, turnMs } = deed;
  // podman may need two rounds on a single core.
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

/** The part about one container in an answer about several, or null. */
function answerAbout({ code, stdout, stderr }: ExecResult, id: string): ExecResult | null {
  if (stdout.split("\n").some((line) => line.trim() === id)) return doneTo(id);
  const errors = stderr.split("\n").filter((line) => /^Error\b/.test(line) && line.includes(id));
  return errors.length === 0 || code === 0 ? null : { code, stdout: "", stderr: errors.join("\n") };
}

function doneTo(id: string): ExecResult {
  return { code: 0, stdout: `${id}\n`, stderr: "" };
}
