/** Waits for an engine as long as it shows that it works. */
import { ExecTimeoutError, type World } from "../world/world.ts";

/** How long an engine may be silent when no config says so. */
export const ENGINE_TIMEOUT_MS = 10_000;

/** How to wait for an engine. */
interface Patience {
  /** Its name for people: `docker`, `tmux on socket "bots"`. */
  readonly engine: string;
  /** How long it may be silent. */
  readonly limitMs: () => Promise<number>;
  /** Tells the user once that it does not answer yet; missing: no user reads this. */
  readonly say?: ((text: string) => void) | undefined;
  /**
   * Asks a question that an engine answers at once whatever else it does; false: it refused.
   * Missing: the work itself is such a question.
   */
  readonly ping?: (abort: AbortSignal) => Promise<boolean>;
}

const TICK_MS = 250;
/** After how much silence an engine is asked whether it is there. */
const PING_AFTER_MS = 2000;
/** After how much silence the user is told. */
const SAY_AFTER_MS = 3000;

/**
 * Does some work of an engine, and aborts it after too long a silence, in which the engine neither
 * did the work nor answered another question. Time is counted in ticks: while kstops itself is held
 * up, no time passes.
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
  // A config that cannot be read is reported by the code that needs it.
  limitMs().then((ms) => limit = ms, () => {});
  let silentMs = 0;
  let nextPingMs = 0;
  let isAsking = false;
  const ask = async (question: NonNullable<Patience["ping"]>): Promise<void> => {
    isAsking = true;
    nextPingMs = silentMs + PING_AFTER_MS;
    // When the question cannot be asked, as after Ctrl-C, the engine counts as working.
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
