/** Where operations and their events are kept: what a keeper can do, and one that keeps in memory. */
import type { Json } from "../errors.ts";
import type { OperationState } from "../model.ts";
import { isTerminal, type Operation } from "./machine.ts";

/** Something that happened to an operation. */
export interface OperationEvent {
  /** Rises with every event of the store; there may be gaps. */
  readonly seq: number;
  readonly operationId: string;
  readonly kind: string;
  readonly session: string | null;
  readonly at: Date;
  /** `moved`: it is in a new state. `outcome`: the outcome was stamped after it was over. */
  readonly type: "moved" | "outcome";
  readonly state: OperationState;
  /** What it asks, where it waits; its outcome, where it is over; else null. */
  readonly payload: Json;
}

/** An event that has not got its place yet. */
type NewEvent = Omit<OperationEvent, "seq" | "kind" | "session">;

/** Which operations to list. */
export interface OperationFilter {
  readonly session?: string | undefined;
  readonly state?: OperationState | undefined;
  /** Those that began then, or later. */
  readonly since?: Date | undefined;
  /** Those whose id begins so. */
  readonly idPrefix?: string | undefined;
  readonly limit?: number | undefined;
}

/** How long operations are kept that are over. What either of the two keeps stays. */
export interface Retention {
  /** So many of the newest. */
  readonly operations: number;
  readonly days: number;
}

/** What keeps operations and events. Methods that change something belong into a transaction. */
export interface Ledger {
  /** Does the work wholly or, where it throws, not at all; others see nothing in between. */
  readonly transaction: <T>(work: () => T) => T;
  readonly insert: (operation: Operation) => void;
  readonly update: (operation: Operation) => void;
  readonly get: (id: string) => Operation | null;
  /** All that are not over, oldest first. */
  readonly open: () => readonly Operation[];
  /** Newest first. */
  readonly list: (filter: OperationFilter) => readonly Operation[];
  readonly append: (event: NewEvent) => void;
  /** At most so many events behind a number, of all operations or of one, in their order. */
  readonly events: (after: number, operationId: string | null, limit: number) => OperationEvent[];
  readonly lastSeq: () => number;
  /** Another number whenever another process has changed something. */
  readonly version: () => number;
  /** How many operations are older than both limits allow. */
  readonly countExpired: (newest: number, before: Date) => number;
  /** Removes them with their events, and says how many they were. */
  readonly removeExpired: (newest: number, before: Date) => number;
  readonly close: () => void;
}

/** A ledger in the memory of this process. Its events go on behind a number. */
export function memoryLedger(lastSeq = 0): Ledger {
  const operations = new Map<string, Operation>();
  let events: OperationEvent[] = [];
  let last = lastSeq;

  function expired(newest: number, before: Date): Operation[] {
    const old = [...operations.values()].slice(0, Math.max(0, operations.size - newest));
    return old.filter(({ state, createdAt }) => isTerminal(state) && createdAt < before);
  }

  return {
    // What is done in a transaction checks first and then writes: nothing has to be taken back.
    transaction: (work) => work(),
    insert: (operation) => {
      operations.set(operation.id, operation);
    },
    update: (operation) => {
      operations.set(operation.id, operation);
    },
    get: (id) => operations.get(id) ?? null,
    open: () => [...operations.values()].filter(({ state }) => !isTerminal(state)),
    list: ({ session, state, since, idPrefix, limit = Infinity }) =>
      [...operations.values()].reverse().filter((operation) =>
        (session === undefined || operation.session === session) &&
        (state === undefined || operation.state === state) &&
        (since === undefined || operation.createdAt >= since) &&
        (idPrefix === undefined || operation.id.startsWith(idPrefix))
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
