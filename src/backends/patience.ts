/** Waiting for an engine: as long as it shows that it works. */
import { ExecTimeoutError, type World } from "../world/world.ts";

/** How long an engine may be silent where no config says so. */
export const ENGINE_TIMEOUT_MS = 10_000;

/** How an engine is waited for. */
interface Patience {
  /** As people call it: `docker`, `tmux on socket "bots"`. */
  readonly engine: string;
  /** How long it may be silent. */
  readonly limitMs: () => Promise<number>;
  /** Tells the user once that it does not answer yet; missing: nobody is there to read it. */
  readonly say?: ((text: string) => void) | undefined;
  /**
   * Asks what an engine answers at once whatever else it does; false: it refused. Missing: what is
   * waited for is such a question itself.
   */
  readonly ping?: (abort: AbortSignal) => Promise<boolean>;
}

const TICK_MS = 250;
/** How long an engine has been silent when it is asked whether it is there. */
const PING_AFTER_MS = 2000;
/** How long it has been silent when the user is told. */
const SAY_AFTER_MS = 3000;

/**
 * Does some work of an engine, and aborts it when the engine was silent for too long: it neither did
 * the work nor answered a question besides. Time is counted in ticks: while kstops is held up itself,
 * nobody is impatient.
 *
 * @throws {ExecTimeoutError} by the signal that `work` is given
 */
export async function patiently<T>(
  { every }: Pick<World, "every">,
  { engine, limitMs, say, ping }: Patience,
  work: (abort: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  let limit = Infinity;
  // A config that cannot be read is told by whoever needs it.
  limitMs().then((ms) => limit = ms, () => {});
  let silentMs = 0;
  let nextPingMs = 0;
  let isAsking = false;
  const ask = async (question: NonNullable<Patience["ping"]>): Promise<void> => {
    isAsking = true;
    nextPingMs = silentMs + PING_AFTER_MS;
    // Where it cannot be asked, as after Ctrl-C, nothing speaks against it.
    const isHeard = await question(done.signal).catch(() => true);
    isAsking = false;
    if (isHeard) silentMs = nextPingMs = 0;
  };
  const stop = every(TICK_MS, () => {
    silentMs += TICK_MS;
    if (silentMs >= limit) return over.abort(new ExecTimeoutError(engine, limit));
    if (silentMs >= SAY_AFTER_MS && Number.isFinite(limit)) {
      say?.(`${engine} does not answer yet: kstops waits up to ${limit / 1000} s for it`);
    }
    const pingMs = Math.max(nextPingMs, Math.min(PING_AFTER_MS, limit / 4));
    if (ping !== undefined && !isAsking && silentMs >= pingMs) void ask(ping);
  });
  try {
    return await work(over.signal);
  } finally {
    stop();
    done.abort();
  }
}
