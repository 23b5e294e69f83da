/**
 * The store of operations: every change that kstops makes, its result, and the news of both for any
 * number of subscribers in any process.
 */
import { type Json, OperationNotFoundError } from "../errors.ts";
import type { OperationState } from "../model.ts";
import { DatabaseError, FileError, type World } from "../world/world.ts";
import { claimSession } from "./claim.ts";
import { followEvents, type SubscribeOptions } from "./follow.ts";
import { type Gatherer, gathering } from "./gather.ts";
import {
  type Ledger,
  memoryLedger,
  type OperationEvent,
  type OperationFilter,
  type Retention,
} from "./ledger.ts";
import {
  type Actor,
  assertTransition,
  type End,
  endOfAbandoned,
  IllegalMoveError,
  isAbandoned,
  isTerminal,
  type Operation,
  type Owner,
} from "./machine.ts";
import { begin, existing, move, stamp } from "./moves.ts";
import { type LastingLedger, lastingLedger, openOrReplace } from "./recovery.ts";
import { sqliteLedger } from "./sqlite.ts";

/** The default retention. */
const RETENTION: Retention = { operations: 1000, days: 90 };
const DAY_MS = 86_400_000;
/** How long changes are gathered that are written at once. */
const GATHER_MS = 5;

/** How a store is opened. */
export interface StoreOptions {
  /** The directory of `operations.db`; null: operations are kept in memory. */
  readonly directory: string | null;
  /**
   * Called once with the reason why operations are not kept, or with the new place of a damaged
   * database.
   */
  readonly warn: (text: string) => void;
  /** Default: 1,000 operations or 90 days, whichever keeps more. */
  readonly retention?: Retention | undefined;
}

/** What else is known of a new operation. */
export interface OpenOptions {
  /** Name of the session; null or missing: none. */
  readonly session?: string | null;
  readonly actor?: Actor | null;
  readonly parentId?: string | null;
}

/** What a clean-up did. */
export interface Collected {
  /** The operations that were ended. */
  readonly abandoned: readonly string[];
  /** How many operations were too old to keep. */
  readonly removed: number;
}

/**
 * The store of operations. Every change of an operation and its event are one transaction. If the
 * database fails at any moment, memory replaces it, and one warning says so: recording never keeps
 * anybody from the work.
 *
 * @example
 * ```ts
 * const store = await OperationStore.inDirectory(world, { directory, warn });
 * const { id } = store.open("stop", { force: true }, { session: "astro" });
 * store.transition(id, "validating");
 * for await (const event of store.subscribe(0, { operation: id })) show(event);
 * ```
 */
export class OperationStore {
  readonly #world: World;
  readonly #options: StoreOptions;
  readonly #owner: Owner;
  readonly #ledger: LastingLedger;
  readonly #subscribers = new Set<() => void>();
  readonly #gatherer: Gatherer;
  /** The ledger in the transaction that gathered changes are made in, just now. */
  #inside: Ledger | null = null;
  /** Those who look at the same moment look once. */
  #lookingForGone: Promise<ReadonlySet<string>> | null = null;

  private constructor(world: World, options: StoreOptions, ledger: Ledger, path: string | null) {
    this.#world = world;
    this.#options = options;
    const instance = world.randomUuid();
    this.#owner = { pid: world.processes.self, host: world.hostname(), instance };
    this.#ledger = lastingLedger(world, { ledger, path, instance, warn: options.warn });
    this.#gatherer = gathering({
      together: (work) =>
        this.#write((inside) => {
          this.#inside = inside;
          try {
            return work();
          } finally {
            this.#inside = null;
          }
        }),
      wait: () => world.sleep(GATHER_MS),
      isCommon: (error) => error instanceof DatabaseError,
    });
  }

  /** A store in the memory of this process. */
  static inMemory(world: World, retention?: Retention): OperationStore {
    const options = { directory: null, warn: () => {}, retention };
    return new OperationStore(world, options, memoryLedger(), null);
  }

  /**
   * Opens the store of a directory, creates a missing one, and cleans up what is abandoned or old.
   * If that fails, the store is in memory, and `warn` says why.
   */
  static async inDirectory(world: World, options: StoreOptions): Promise<OperationStore> {
    const { directory, warn } = options;
    const inMemory = (reason: string): OperationStore => {
      warn(`Operations are not recorded: ${reason}`);
      return new OperationStore(world, options, memoryLedger(), null);
    };
    if (directory === null) return inMemory("neither KSTOPS_STATE_DIR nor HOME is set");
    const path = `${directory}/operations.db`;
    try {
      await world.files.claimDirectory(directory);
      const ledger = await openOrReplace(path, world, warn);
      const store = new OperationStore(world, options, ledger, path);
      await store.collectGarbage();
      return store;
    } catch (error) {
      if (error instanceof FileError) return inMemory(error.message);
      if (error instanceof DatabaseError) return inMemory(`${path}: ${error.reason}`);
      throw error;
    }
  }

  /**
   * The store of a directory, only for looking: cleans up, creates and sets aside nothing. Null:
   * there is none, or it cannot be used. Methods throw {@link DatabaseError}.
   */
  static async toLookAt(world: World, directory: string | null): Promise<OperationStore | null> {
    const path = `${directory}/operations.db`;
    if (directory === null || await world.files.facts(path) === null) return null;
    try {
      const options = { directory, warn: () => {} };
      return new OperationStore(world, options, await sqliteLedger(path, world), null);
    } catch (error) {
      if (error instanceof FileError || error instanceof DatabaseError) return null;
      throw error;
    }
  }

  /** Whether other processes, including later ones, can see its operations. */
  get isKept(): boolean {
    return this.#ledger.isKept();
  }

  /** Records a new operation, in the state `pending`. */
  open(kind: string, request: Json, options: OpenOptions = {}): Operation {
    const { session = null, actor = null, parentId = null } = options;
    const given = { kind, session, parentId, request, actor, owner: this.#owner };
    const now = this.#world.now();
    return this.#write((ledger) => begin(ledger, { id: this.#world.randomUuid(), ...given }, now));
  }

  /** The operation of an id, or null. */
  get(id: string): Operation | null {
    return this.#ledger.read((ledger) => ledger.get(id));
  }

  /** Operations, newest first. */
  list(filter: OperationFilter = {}): readonly Operation[] {
    return this.#ledger.read((ledger) => ledger.list(filter));
  }

  /**
   * The operation with this id or beginning of an id.
   *
   * @throws {OperationNotFoundError} `operation_not_found`: none, or more than one
   */
  find(verb: string, idPrefix: string): Operation {
    const prefix = idPrefix.toLowerCase();
    const [found, another] = prefix === "" ? [] : this.list({ idPrefix: prefix, limit: 2 });
    if (found !== undefined && (another === undefined || found.id === prefix)) return found;
    throw new OperationNotFoundError(verb, idPrefix, {
      ...(another === undefined ? {} : { reason: "several operations begin with it" }),
      hint: another === undefined ? "kstops operations list shows them" : "give more of the ID",
    });
  }

  /** All events of an operation so far, in order. */
  history(id: string): readonly OperationEvent[] {
    return this.#ledger.read((ledger) => ledger.events(0, id, Number.MAX_SAFE_INTEGER));
  }

  /**
   * Moves an operation to another state, and its phase with it. A move is no heartbeat. An outcome
   * is recorded at the same moment: see {@link OperationStore.close}.
   *
   * @throws {OperationNotFoundError} `operation_not_found`
   * @throws {IllegalMoveError} the table of moves does not have it; nothing has changed
   */
  transition(id: string, state: OperationState, outcome: Json = null): Operation {
    return this.#write((ledger) => {
      const operation = existing(ledger, id);
      assertTransition(operation.state, state);
      return move(ledger, operation, { at: this.#world.now(), state, outcome });
    });
  }

  /** Says that an operation is still being worked on or waited for. Ignores an unknown one. */
  heartbeat(id: string): void {
    this.#write((ledger) => {
      const operation = ledger.get(id);
      if (operation === null) return;
      ledger.update({ ...operation, lastHeartbeat: this.#world.now() });
    });
  }

  /**
   * Records the outcome of an operation that is over: in `error` if it failed, else in `result`.
   * The first outcome stays. Ignores an unknown operation.
   *
   * @throws {IllegalMoveError} it is not over
   */
  close(id: string, outcome: Json): void {
    this.#write((ledger) => {
      const operation = ledger.get(id);
      if (operation === null || operation.error !== null || operation.result !== null) return;
      if (!isTerminal(operation.state)) throw new IllegalMoveError(operation.state, "done");
      stamp(ledger, operation, { at: this.#world.now(), outcome });
    });
  }

  /**
   * Makes an operation wait for an answer. It then holds no lock.
   *
   * @throws {IllegalMoveError} it is not planning
   */
  requestInput(id: string, pendingInput: Json): Operation {
    return this.#write((ledger) => {
      const operation = existing(ledger, id);
      assertTransition(operation.state, "input_required");
      const at = this.#world.now();
      return move(ledger, operation, { at, state: "input_required", pendingInput });
    });
  }

  /**
   * Continues an operation that waited for an answer, in this process: it plans again. Counts as a
   * heartbeat.
   *
   * @throws {IllegalMoveError} it does not wait
   */
  resume(id: string): Operation {
    return this.#write((ledger) => {
      const operation = existing(ledger, id);
      if (operation.state !== "input_required") {
        throw new IllegalMoveError(operation.state, "planning");
      }
      const at = this.#world.now();
      const taken = { ...operation, owner: this.#owner, lastHeartbeat: at };
      return move(ledger, taken, { at, state: "planning" });
    });
  }

  /**
   * Takes the lock on the session of an operation, now that its place is known. Aborts an operation
   * there that only waits for an answer (`superseded`); an abandoned one has failed.
   *
   * @throws {IllegalMoveError} it is not planning
   * @throws {OperationRunningError} `operation_running`: another one is working on it
   */
  async claim(
    id: string,
    place: string,
    { isGathered = false }: { readonly isGathered?: boolean } = {},
  ): Promise<Operation> {
    const gone = await (this.#lookingForGone ??= this.#goneOwners().finally(() => {
      this.#lookingForGone = null;
    }));
    const claim = () =>
      this.#write((ledger) =>
        claimSession(ledger, id, {
          place,
          at: this.#world.now(),
          endOf: (operation) => this.#endOf(operation, gone),
        })
      );
    return isGathered ? await this.gathered(claim) : claim();
  }

  /**
   * Changes something with the methods of this store, in one transaction with what others change within
   * some milliseconds: it is written when this has come. Only methods that change one operation may be
   * called in it.
   *
   * @throws what the work throws; what others gave is written all the same
   */
  gathered<T>(work: () => T): Promise<T> {
    return this.#gatherer.soon(work);
  }

  /** The ids of operations that wait for an answer and have been silent for longer than that. */
  abandonedOlderThan(ageSeconds: number): readonly string[] {
    const threshold = this.#world.now().getTime() - ageSeconds * 1000;
    return this.#ledger.read((ledger) => ledger.open()).filter(({ state, lastHeartbeat }) =>
      state === "input_required" && lastHeartbeat.getTime() < threshold
    ).map(({ id }) => id);
  }

  /** The open operations that no process works on any more, and that no change has ended yet. */
  async abandoned(): Promise<readonly Operation[]> {
    const gone = await this.#goneOwners();
    return this.#ledger.read((ledger) => ledger.open()).filter((operation) =>
      this.#endOf(operation, gone) !== null
    );
  }

  /** Ends abandoned operations, and removes those older than the retention allows. */
  async collectGarbage(): Promise<Collected> {
    const gone = await this.#goneOwners();
    const abandonedIn = (ledger: Ledger): readonly (Operation & { readonly end: End })[] =>
      ledger.open().flatMap((operation) => {
        const end = this.#endOf(operation, gone);
        return end === null ? [] : [{ ...operation, end }];
      });
    const { operations, days } = this.#options.retention ?? RETENTION;
    const before = new Date(this.#world.now().getTime() - days * DAY_MS);
    // Looks first: usually there is nothing, and then nobody has to wait for a writer.
    const abandoned = this.#ledger.read(abandonedIn).length === 0
      ? []
      : this.#write((ledger) =>
        abandonedIn(ledger).map(({ end, ...operation }) => {
          move(ledger, operation, { ...end, at: this.#world.now() });
          return operation.id;
        })
      );
    const removed = this.#ledger.read((ledger) => ledger.countExpired(operations, before)) === 0
      ? 0
      : this.#write((ledger) => ledger.removeExpired(operations, before));
    return { abandoned, removed };
  }

  /**
   * Every event after a sequence number, in order, as they come, from any process. Without a number
   * only future events; 0 gives all that are kept. It ends only when the caller ends it.
   */
  subscribe(after?: number, options: SubscribeOptions = {}): AsyncIterable<OperationEvent> {
    const { read } = this.#ledger;
    const from = after ?? read((ledger) => ledger.lastSeq());
    const { every } = this.#world;
    return followEvents(from, options, { every, read, subscribers: this.#subscribers });
  }

  /** Closes the database. The store must not be used any more. */
  async dispose(): Promise<void> {
    await this.#gatherer.settled();
    await this.#ledger.dispose();
  }

  /** Changes something, and wakes the subscribers in this process. */
  #write<T>(work: (ledger: Ledger) => T): T {
    if (this.#inside !== null) return work(this.#inside);
    const result = this.#ledger.write(work);
    for (const news of this.#subscribers) news();
    return result;
  }

  /** The end of an open operation that is now abandoned, or null. */
  #endOf(operation: Operation, gone: ReadonlySet<string>): End | null {
    return isAbandoned(operation, this.#world.now(), gone.has(operation.owner.instance))
      ? endOfAbandoned(operation)
      : null;
  }

  /** The owners of open operations, by instance, whose process no longer exists. */
  async #goneOwners(): Promise<ReadonlySet<string>> {
    const owners = this.#ledger.read((ledger) => ledger.open()).map(({ owner }) => owner);
    const gone = new Set<string>();
    for (const { instance, host, pid } of owners) {
      if (instance === this.#owner.instance || host !== this.#owner.host) continue;
      const isGone = pid === this.#owner.pid || !(await this.#world.processes.alive(pid));
      if (isGone) gone.add(instance);
    }
    return gone;
  }
}
