/** How several operations at once are recorded: what they change at about the same time, together. */
import type { OperationStore } from "./store.ts";

/** Where operations are recorded, and whether several are in progress just now. */
export interface Recording {
  readonly store: OperationStore;
  readonly isCrowded: () => boolean;
}

/**
 * Changes an operation, and waits until that is in the store. Several operations wait some milliseconds
 * for each other; one alone waits for nobody.
 */
export async function write<T>({ store, isCrowded }: Recording, work: () => T): Promise<T> {
  return isCrowded() ? await store.gathered(work) : work();
}

/** Counts the operations that are in progress. */
interface Crowd extends Pick<Recording, "isCrowded"> {
  /** Does the work of one. */
  readonly counted: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Makes a count that begins with none. */
export function crowd(): Crowd {
  let inProgress = 0;
  return {
    isCrowded: () => inProgress > 1,
    counted: async (work) => {
      inProgress++;
      try {
        return await work();
      } finally {
        inProgress--;
      }
    },
  };
}
