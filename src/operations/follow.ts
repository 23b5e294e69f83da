/** Following the news of operations, in any process. */
import type { World } from "../world/world.ts";
import type { Ledger, OperationEvent } from "./ledger.ts";

/** How often a subscriber looks whether another process has changed something. It costs microseconds. */
const LOOK_MS = 100;
/** How many events a subscriber takes at once. */
const BATCH = 500;

/** Which events a subscriber gets. */
export interface SubscribeOptions {
  /** Of that operation only. */
  readonly operation?: string | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** Where the news come from. */
interface NewsSource extends Pick<World, "every"> {
  readonly read: <T>(work: (ledger: Ledger) => T) => T;
  /** Who is to be woken when this process has changed something. */
  readonly subscribers: Set<() => void>;
}

/** Every event behind a sequence number, in order, as they come; it ends where the caller ends it. */
export async function* followEvents(
  from: number,
  { operation, signal }: SubscribeOptions,
  { every, read, subscribers }: NewsSource,
): AsyncGenerator<OperationEvent> {
  let after = from;
  let seenVersion: number | null = null;
  let wake = (): void => {};
  let isStale = true;
  const news = (): void => {
    isStale = true;
    wake();
  };
  subscribers.add(news);
  signal?.addEventListener("abort", news);
  const stopLooking = every(LOOK_MS, () => wake());
  try {
    while (!signal?.aborted) {
      // The version before the events: what comes in between is seen the next time.
      const version = read((ledger) => ledger.version());
      if (!isStale && version === seenVersion) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      seenVersion = version;
      const events = read((ledger) => ledger.events(after, operation ?? null, BATCH));
      isStale = events.length === BATCH;
      for (const event of events) {
        after = event.seq;
        yield event;
      }
    }
  } finally {
    stopLooking();
    signal?.removeEventListener("abort", news);
    subscribers.delete(news);
  }
}
