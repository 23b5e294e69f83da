/** Groups jobs that are requested at the same time, to do them together. */
import type { World } from "../world/world.ts";

/** One job of a group. */
export interface Asked<Item, Answer> {
  readonly item: Item;
  /** Settled by the code that does the job. */
  readonly done: PromiseWithResolvers<Answer>;
}

/** How to do a group of jobs together. */
interface Way<Item, Answer> {
  /** Equal for all jobs that can be done together. */
  readonly key: string;
  /** The most jobs of a group. */
  readonly most: number;
  /** Whether jobs that come meanwhile begin at once; otherwise they wait until these are done. */
  readonly overlaps?: boolean;
  /** Settles all jobs. If it fails, the remaining ones fail with it. */
  readonly work: (batch: readonly Asked<Item, Answer>[]) => Promise<void>;
}

/** Does one job, together with all that are requested before the work on it begins. */
export type Together<Item, Answer> = (
  world: World,
  item: Item,
  way: Way<Item, Answer>,
) => Promise<Answer>;

/** Groups the jobs of one kind, separately in each world. */
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
    // Jobs that are requested at the same moment join.
    await world.sleep(0);
    const batch = queue.splice(0, most);
    const over = work(batch).catch((error) => {
      for (const { done } of batch) done.reject(error);
    });
    if (!overlaps) await over;
  }
  // In the same turn as the last look into it: no job can have come in between.
  close();
}
