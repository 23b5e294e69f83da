/** How many clients of a runtime work at the same time. */
import type { World } from "../../world/world.ts";

/**
 * More at once only wait for each other, and everybody who asks meanwhile waits for them: podman holds
 * the lock of a container while it starts it, and its list needs all of them (seen with podman 4.3: the
 * list took 7.5 s during 13 starts at once on two busy cores).
 */
const AT_ONCE = 4;

/** Turns of what is to be done in one world. */
interface Queue {
  free: number;
  readonly waiting: (() => void)[];
}

const QUEUES = new WeakMap<World, Queue>();

/** Whether somebody has a turn at this moment. */
export function isSomebodysTurn(world: World): boolean {
  const queue = QUEUES.get(world);
  return queue !== undefined && queue.free < AT_ONCE;
}

/**
 * Does `work` when it is its turn. What waits for the program of somebody else needs none: after
 * `mostMs` it is the turn of the next, whether the work is done or not.
 */
export async function inTurn<T>(
  world: World,
  work: () => Promise<T>,
  { mostMs }: { readonly mostMs?: number } = {},
): Promise<T> {
  const queue = QUEUES.get(world) ?? { free: AT_ONCE, waiting: [] };
  QUEUES.set(world, queue);
  if (queue.free > 0) queue.free--;
  else await new Promise<void>((resolve) => queue.waiting.push(resolve));
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    const next = queue.waiting.shift();
    if (next === undefined) queue.free++;
    else next();
  };
  const stopWaiting = mostMs === undefined ? null : world.every(mostMs, end);
  try {
    return await work();
  } finally {
    stopWaiting?.();
    end();
  }
}
