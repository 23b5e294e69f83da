/** Stores operations and their events: the interface, and a store in memory. */
import type { Json } from "../errors.ts";
import type { OperationState } from "../model.ts";
import { isTerminal, type Operation } from "./machine.ts";

/** An event of an operation. */
export interface OperationEvent {
  /** Rises with every event of the store; there may be gaps. */
  readonly seq: number;
  readonly operationId: string;
  readonly kind: string;
  readonly session: string | null;
  readonly at: Date;
  /** `moved`: it changed its state. `outcome`: the outcome was recorded after it was over. */
  readonly type: "moved" | "outcome";
  readonly state: OperationState;
  /** The question of a waiting operation, the outcome of one that is over, else null. */
  readonly payload: Json;
}

/** An event before it is stored. */
type NewEvent = Omit<OperationEvent, "seq" | "kind" | "session">;

/** Which operations to list. */
export interface OperationFilter {
  readonly session?: string | undefined;
  readonly state?: OperationState | undefined;
  /** Operations that began then or later. */
  readonly since?: Date | undefined;
  /** Operations whose id begins like this. */
  readonly idPrefix?: string | undefined;
  /** Operations of a command whose id begins like this. */
  readonly parentPrefix?: string | undefined;
  readonly limit?: number | undefined;
}

/** How long finished operations are kept. An operation stays if either limit keeps it. */
export interface Retention {
  /** This many of the newest. */
  readonly operations: number;
  readonly days: number;
}

/** Stores operations and events. Methods that change something belong into a transaction. */
export interface Ledger {
  /** Does the work completely, or not at all if it throws. Others see nothing in between. */
  readonly transaction: <T>(work: () => T) => T;
  readonly insert: (operation: Operation) => void;
  readonly update: (operation: Operation) => void;
  readonly get: (id: string) => Operation | null;
  /** All open operations, or those of one session, oldest first. */
  readonly open: (session?: string) => readonly Operation[];
  /** Newest first. */
  readonly list: (filter: OperationFilter) => readonly Operation[];
  readonly append: (event: NewEvent) => void;
  /** The next events after a number, of all operations or of one, in order. */
  readonly events: (after: number, operationId: string | null, limit: number) => OperationEvent[];
  readonly lastSeq: () => number;
  /** A number that changes whenever another process has changed something. */
  readonly version: () => number;
  /** How many operations are older than both limits allow. */
  readonly countExpired: (newest: number, before: Date) => number;
  /** Removes these operations with their events, and returns how many they were. */
  readonly removeExpired: (newest: number, before: Date) => number;
  readonly close: () => void;
}

/** A ledger in the memory of this process. Its events are numbered from `lastSeq` on. */
export function memoryLedger(lastSeq = 0): Ledger {
  const operations = new Map<string, Operation>();
  let events: OperationEvent[] = [];
  let last = lastSeq;

  function expired(newest: number, before: Date): Operation[] {
    const old = [...operations.values()].slice(0, Math.max(0, operations.size - newest));
    return old.filter(({ state, createdAt }) => isTerminal(state) && createdAt < before);
  }

  return {
    // Work in a transaction checks before it writes: nothing has to be undone.
    transaction: (work) => work(),
    insert: (operation) => {
      operations.set(operation.id, operation);
    },
    update: (operation) => {
      operations.set(operation.id, operation);
    },
    get: (id) => operations.get(id) ?? null,
    open: (wanted) =>
      [...operations.values()].filter(({ state, session }) =>
        !isTerminal(state) && (wanted === undefined || session === wanted)
      ),
    list: ({ session, state, since, idPrefix, parentPrefix, limit = Infinity }) =>
      [...operations.values()].reverse().filter((operation) =>
        (session === undefined || operation.session === session) &&
        (state === undefined || operation.state === state) &&
        (since === undefined || operation.createdAt >= since) &&
        (idPrefix === undefined || operation.id.startsWith(idPrefix)) &&
        (parentPrefix === undefined || operation.parentId?.startsWith(parentPrefix) === true)
      ).slice(0, limit),
    append: (event) => {
      const { kind = "", session = null } = operations.get(event.operationId) ?? {};
      events.push({ seq: ++last, kind, session, ...event });
    },
    events: (after, operationId, limit) =>
      events.filter((event) =>
        event.seq > after && (operationId === null || event.operationId === operationId)
      ).slice(0, limit),
    lastSeq: () => last,
    version: () => 0,
    countExpired: (newest, before) => expired(newest, before).length,
    removeExpired: (newest, before) => {
      const ids = new Set(expired(newest, before).map(({ id }) => id));
      for (const id of ids) operations.delete(id);
      events = events.filter(({ operationId }) => !ids.has(operationId));
      return ids.size;
    },
    close: () => {},
  };
}
