/** A ledger that survives the loss of its database: what cannot be stored goes on in memory. */
import { quote } from "../errors.ts";
import { DatabaseError, FileError, type World } from "../world/world.ts";
import { type Ledger, memoryLedger } from "./ledger.ts";
import type { Operation } from "./machine.ts";
import { sqliteLedger } from "./sqlite.ts";

/** A ledger in a database, or in memory once the database cannot be used any more. */
export interface LastingLedger {
  /** Whether it is in a database, where other processes see it. */
  readonly isKept: () => boolean;
  readonly read: <T>(work: (ledger: Ledger) => T) => T;
  /** Does the work as one transaction. */
  readonly write: <T>(work: (ledger: Ledger) => T) => T;
  /** Closes the database. */
  readonly dispose: () => Promise<void>;
}

/** Makes a ledger last: no operation of this instance is lost with its database. */
export function lastingLedger(
  world: World,
  { ledger: first, path: firstPath, instance, warn }: {
    readonly ledger: Ledger;
    /** Path of the database; null: it is in none, or must not be replaced. */
    readonly path: string | null;
    readonly instance: string;
    /** Called once with the reason why operations are not kept. */
    readonly warn: (text: string) => void;
  },
): LastingLedger {
  /** The operations of this process: a ledger in memory continues with them. */
  const own = new Map<string, Operation>();
  let [ledger, path] = [first, firstPath];
  let settling: Promise<void> = Promise.resolve();
  let isDisposed = false;

  /**
   * Continues in memory.
   *
   * @throws the error, if it does not come from the database
   */
  const fallBack = (error: unknown): void => {
    if (!(error instanceof DatabaseError) || path === null) throw error;
    const [broken, lost] = [ledger, path];
    path = null;
    ledger = memoryLedger(lastSeqOf(broken));
    for (const operation of own.values()) ledger.insert(operation);
    try {
      broken.close();
    } catch (closing) {
      if (!(closing instanceof DatabaseError)) throw closing;
    }
    const notRecorded = `Operations are not recorded: ${lost}: ${error.reason}`;
    if (error.why !== "corrupt") return warn(notRecorded);
    settling = setAside(lost, world).then(
      (target) => warn(`${notRecorded}; it is kept as ${target}`),
      () => warn(notRecorded),
    );
  };
  const orInMemory = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      fallBack(error);
      return work();
    }
  };
  return {
    isKept: () => path !== null,
    read: (work) => orInMemory(() => work(ledger)),
    write: (work) => {
      const [result, changed] = orInMemory(() => {
        const changes = new Map<string, Operation>();
        return [ledger.transaction(() => work(noting(ledger, changes))), changes];
      });
      for (const operation of changed.values()) {
        if (operation.owner.instance === instance) own.set(operation.id, operation);
        else own.delete(operation.id);
      }
      return result;
    },
    dispose: async () => {
      await settling;
      if (!isDisposed) ledger.close();
      isDisposed = true;
    },
  };
}

/** The ledger, noting every operation that it gets. */
function noting(ledger: Ledger, changes: Map<string, Operation>): Ledger {
  const note = (keep: (operation: Operation) => void) => (operation: Operation): void => {
    keep(operation);
    changes.set(operation.id, operation);
  };
  return { ...ledger, insert: note(ledger.insert), update: note(ledger.update) };
}

/** The number of a broken ledger's last event, if it still answers. */
function lastSeqOf(ledger: Ledger): number {
  try {
    return ledger.lastSeq();
  } catch {
    return 0;
  }
}

/** Opens a database. Sets a damaged one aside, and begins a new one. */
export async function openOrReplace(
  path: string,
  world: World,
  warn: (text: string) => void,
): Promise<Ledger> {
  try {
    return await sqliteLedger(path, world);
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  try {
    // Another process may have replaced it in the meantime.
    return await sqliteLedger(path, world);
  } catch (error) {
    if (!isDamage(error)) throw error;
    const target = await setAside(path, world);
    warn(`${quote(path)} is damaged: it is kept as ${target}, and a new one begins`);
    return await sqliteLedger(path, world);
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof DatabaseError && error.why === "corrupt";
}

/** Renames a damaged database and the files that belong to it. */
async function setAside(path: string, world: World): Promise<string> {
  const stamp = world.now().toISOString().replaceAll(/[-:.]/g, "");
  const target = `${path}.corrupt-${stamp}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      await world.files.rename(path + suffix, target + suffix);
    } catch (error) {
      // Another process was faster, or there is no such file.
      if (!(error instanceof FileError) || error.why !== "missing") throw error;
    }
  }
  return target;
}
