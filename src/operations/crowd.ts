/** Records several operations at once: changes at about the same time are written together. */
import type { OperationStore } from "./store.ts";

/** Where operations are recorded, and whether several are in progress just now. */
export interface Recording {
  readonly store: OperationStore;
  readonly isCrowded: () => boolean;
}

/**
 * Changes an operation, and waits until the store has the change. Several operations wait some
 * milliseconds for each other; a single one waits for nobody.
 */
export async function write<T>({ store, isCrowded }: Recording, work: () => T): Promise<T> {
  return isCrowded() ? await store.gathered(work) : work();
}

/** Counts the operations that are in progress. */
interface Crowd extends Pick<Recording, "isCrowded"> {
  /** Does one of the jobs. */
  readonly counted: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A counter that begins with 0. */
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
