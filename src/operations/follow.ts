/** Follows the news of operations, in any process. */
import type { World } from "../world/world.ts";
import type { Ledger, OperationEvent } from "./ledger.ts";

/** How often a subscriber looks for changes of other processes. A look costs microseconds. */
const LOOK_MS = 100;
/** The most events that a subscriber takes at once. */
const BATCH = 500;

/** Which events a subscriber gets. */
export interface SubscribeOptions {
  /** Only events of this operation. */
  readonly operation?: string | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** The source of the news. */
interface NewsSource extends Pick<World, "every"> {
  readonly read: <T>(work: (ledger: Ledger) => T) => T;
  /** The callbacks to wake when this process has changed something. */
  readonly subscribers: Set<() => void>;
}

/** Every event after a sequence number, in order, as they come, until the caller stops. */
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
      // The version is read before the events: changes in between are seen next time.
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
