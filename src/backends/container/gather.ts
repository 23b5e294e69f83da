/** What is asked for at the same time is done together. */
import type { World } from "../../world/world.ts";

/** One of those that are done together. */
export interface Asked<Item, Answer> {
  readonly item: Item;
  /** Settled by whoever does it. */
  readonly done: PromiseWithResolvers<Answer>;
}

/** How some are done together. */
interface Way<Item, Answer> {
  /** The same for all that can be. */
  readonly key: string;
  /** How many of them, at most. */
  readonly most: number;
  /** Whether those that come meanwhile begin at once; else they wait until these are done. */
  readonly overlaps?: boolean;
  /** Settles all of them; where it fails, those that are left fail with it. */
  readonly work: (batch: readonly Asked<Item, Answer>[]) => Promise<void>;
}

/** Does one of a kind, in the company of all that are asked for before the work on it begins. */
export type Together<Item, Answer> = (
  world: World,
  item: Item,
  way: Way<Item, Answer>,
) => Promise<Answer>;

/** What is done together of one kind, in each world for itself. */
export function gathering<Item, Answer>(): Together<Item, Answer> {
  const worlds = new WeakMap<World, Map<string, Asked<Item, Answer>[]>>();
  return async (world, item, way) => {
    const queues = worlds.get(world) ?? new Map<string, Asked<Item, Answer>[]>();
    worlds.set(world, queues);
    const asked = { item, done: Promise.withResolvers<Answer>() };
    const queue = queues.get(way.key);
    if (queue === undefined) {
      const begun = [asked];
      queues.set(way.key, begun);
      void serve(world, begun, { ...way, close: () => queues.delete(way.key) });
    } else {
      queue.push(asked);
    }
    return await asked.done.promise;
  };
}

async function serve<Item, Answer>(
  world: World,
  queue: Asked<Item, Answer>[],
  { most, overlaps = false, work, close }: Way<Item, Answer> & { readonly close: () => void },
): Promise<void> {
  while (queue.length > 0) {
    // What is asked for at the same moment comes along.
    await world.sleep(0);
    const batch = queue.splice(0, most);
    const over = work(batch).catch((error) => {
      for (const { done } of batch) done.reject(error);
    });
    if (!overlaps) await over;
  }
  // In the same turn as the last look into it: nobody can have come in between.
  close();
}
