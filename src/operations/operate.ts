/**
 * Does work as a recorded operation: its phases, the lock on its session, its question if it has
 * one, heartbeats while it goes on, and its outcome.
 */
import {
  InputRequiredError,
  InterruptedError,
  type Json,
  OperationAbandonedError,
  OperationNotFoundError,
  toEnvelope,
} from "../errors.ts";
import type { BackendType, OperationState } from "../model.ts";
import type { World } from "../world/world.ts";
import { crowd, type Recording, write } from "./crowd.ts";
import { type Actor, IllegalMoveError, type Operation } from "./machine.ts";
import type { OperationStore } from "./store.ts";

/**
 * How often a working operation says that it is alive. After 30 s of silence it counts as
 * abandoned.
 */
const HEARTBEAT_MS = 5000;

/** A question that needs a yes. */
export interface Question {
  /** As a terminal shows it: `Stop "astro"? it is protected [y/N] `. */
  readonly text: string;
  /** Why a yes is needed: `it is protected`. */
  readonly reason: string;
  /** The command line that says yes at once: `kstops stop astro --yes`. */
  readonly command: string;
  readonly backend: BackendType | null;
}

/** What to do, now that the situation is known. */
export interface Plan<Result> {
  /**
   * The place of the session now or later: see `formatPlace`. Two operations never change it at
   * once.
   */
  readonly place: string;
  /** Null: no question is needed. */
  readonly question: Question | null;
  /** Changes the session, and makes sure that this worked. */
  readonly apply: () => Promise<Result>;
}

/** A kind of change, and its session. */
interface Change {
  /** `start`, `stop`, `restart`. */
  readonly kind: string;
  /** Name of the session. */
  readonly session: string;
}

/** A change of one session. */
export interface Task<Result> extends Change {
  /** The request, with everything needed to plan it again. */
  readonly request: Json;
  /** The id of the command for several sessions that it is a part of; missing: it is for one. */
  readonly parentId?: string | null;
  /** Why it cannot be planned again from its request; missing: it can. */
  readonly notResumable?: string;
  /** Checks the request; missing: there is nothing to check. */
  readonly validate?: () => Promise<void>;
  /** Looks at the situation. Changes nothing, and may be called again after an answer. */
  readonly plan: () => Promise<Plan<Result>>;
  /** Checks what became of the session; missing: `apply` did. */
  readonly verify?: (result: Result) => Promise<Result>;
  /** The outcome as it is recorded. */
  readonly outcome: (result: Result) => Json;
  /** Adds to an error before it is recorded and thrown; missing: it stays as it is. */
  readonly explain?: (error: unknown) => Promise<unknown>;
}

/** Asks the user a question. Null: no answer came. */
export type Ask = (question: string) => Promise<string | null>;

/** The result of a task. */
interface Operated<Result> {
  readonly operationId: string;
  readonly result: Result;
}

/** The tools of operations. */
interface OperatorParts {
  readonly world: World;
  /** Opens the store when the first operation begins. */
  readonly store: () => Promise<OperationStore>;
  readonly actor: Actor;
  /** Masks the secrets in what will be recorded. */
  readonly mask: (value: Json) => Json;
  readonly warn: (text: string) => void;
}

/** Does tasks as operations. */
export interface Operator {
  /**
   * Does a task. `ask` gets its question; if `ask` is null, or no answer comes, the operation is
   * left waiting for one.
   *
   * @throws {InputRequiredError} `input_required`: nobody said yes
   * @throws {OperationRunningError} `operation_running`: another operation works on that session
   * @throws {OperationAbandonedError} `operation_abandoned`: it was taken away before it began
   * @throws what the task throws
   */
  run<Result>(task: Task<Result>, ask: Ask | null): Promise<Operated<Result>>;
  /**
   * Continues a waiting operation after a yes: plans it again, and asks again if that leads to
   * another question.
   *
   * @throws as `run` does
   * @throws {OperationNotFoundError} `operation_not_found`: it does not wait
   */
  resume<Result>(id: string, task: Task<Result>, ask: Ask | null): Promise<Operated<Result>>;
}

/** Makes an operator. */
export function operatorOf(parts: OperatorParts): Operator {
  const { isCrowded, counted } = crowd();
  const run: Operator["run"] = async (task, ask) => {
    const store = await parts.store();
    const recording: Recording = { store, isCrowded };
    const { kind, session, request, parentId = null } = task;
    const masked = parts.mask(request);
    const { id } = await write(
      recording,
      () => store.open(kind, masked, { session, actor: parts.actor, parentId }),
    );
    return await record(parts, { ...recording, id, task }, async (course) => {
      await course.move("validating");
      await task.validate?.();
      await course.move("planning");
      return await carryOn(task, course, { ask, agreed: null });
    });
  };
  const resume: Operator["resume"] = async (id, task, ask) => {
    const store = await parts.store();
    const agreed = agreedTo(resumable(store, id));
    resumeWaiting(store, id);
    return await record(
      parts,
      { store, isCrowded, id, task },
      (course) => carryOn(task, course, { ask, agreed }),
    );
  };
  return {
    run: (task, ask) => counted(() => run(task, ask)),
    resume: (id, task, ask) => counted(() => resume(id, task, ask)),
  };
}
/**
 * Aborts an operation that waits for an answer.
 *
 * @throws {OperationNotFoundError} `operation_not_found`: it does not wait
 */
export function cancelWaiting(
  store: OperationStore,
  id: string,
  outcome: { readonly code: "declined" | "cancelled"; readonly reason: string },
): Operation {
  const verb = outcome.code === "declined" ? "decline" : "cancel";
  waiting(store, verb, id);
  try {
    return store.transition(id, "aborted", outcome);
  } catch (error) {
    throw error instanceof IllegalMoveError ? notWaiting(verb, id, error.from) : error;
  }
}

/** An operation in progress. */
interface Course extends Recording {
  readonly id: string;
  /** Moves to a state. @throws {OperationAbandonedError} another process has ended the operation */
  readonly move: (state: OperationState) => Promise<void>;
  /** The same after the change was made: the change cannot be undone, so the error says so. */
  readonly moveAfterChange: (state: OperationState, outcome?: Json) => Promise<void>;
}

/** Does the work of an operation, with heartbeats, and ends the operation if it throws. */
async function record<Result>(
  { world, mask, warn }: OperatorParts,
  { store, isCrowded, id, task }: Recording & {
    readonly id: string;
    readonly task: Task<Result>;
  },
  work: (course: Course) => Promise<Result>,
): Promise<Operated<Result>> {
  const recording: Recording = { store, isCrowded };
  const course: Course = {
    ...recording,
    id,
    move: async (state) => {
      try {
        await write(recording, () => store.transition(id, state));
      } catch (error) {
        throw error instanceof IllegalMoveError ? lost(store, id, task) : error;
      }
    },
    moveAfterChange: async (state, outcome = null) => {
      const masked = mask(outcome);
      try {
        await write(recording, () => store.transition(id, state, masked));
      } catch (error) {
        const isLost = error instanceof IllegalMoveError || error instanceof OperationNotFoundError;
        if (!isLost) throw error;
        if (state === "done") warn(`Another kstops has ended the record of it: operation ${id}`);
      }
    },
  };
  const beat = (): void => void write(recording, () => store.heartbeat(id));
  const stopBeating = world.every(HEARTBEAT_MS, beat);
  try {
    const result = await work(course);
    await course.moveAfterChange("done", task.outcome(result));
    return { operationId: id, result };
  } catch (thrown) {
    const error = task.explain === undefined ? thrown : await task.explain(thrown);
    await endWith(error, course, mask);
    throw error;
  } finally {
    stopBeating();
  }
}

/** Does everything from planning to the last check. */
async function carryOn<Result>(
  task: Task<Result>,
  course: Course,
  given: { readonly ask: Ask | null; readonly agreed: string | null },
): Promise<Result> {
  const { store, id } = course;
  let { agreed } = given;
  for (;;) {
    const { place, question, apply } = await task.plan();
    await claim(course, task, place);
    if (question === null || agreement(place, question) === agreed) {
      await course.move("applying");
      const result = await apply();
      await course.moveAfterChange("verifying");
      return await task.verify?.(result) ?? result;
    }
    const { text, reason } = question;
    const not_resumable = task.notResumable ?? null;
    store.requestInput(id, { question: text.trim(), reason, place, not_resumable });
    const answer = await given.ask?.(text) ?? null;
    const isYes = answer !== null && /^y(es)?$/i.test(answer);
    if (answer === null) throw nobodySaidYes(course, task, question);
    try {
      if (isYes) resumeWaiting(store, id);
      else cancelWaiting(store, id, { code: "declined", reason: "the answer was no" });
    } catch (error) {
      throw error instanceof OperationNotFoundError ? lost(store, id, task) : error;
    }
    if (!isYes) throw nobodySaidYes(course, task, question);
    agreed = agreement(place, question);
  }
}

async function claim(
  { store, isCrowded, id }: Course,
  change: Change,
  place: string,
): Promise<void> {
  try {
    await store.claim(id, place, { isGathered: isCrowded() });
  } catch (error) {
    throw error instanceof IllegalMoveError ? lost(store, id, change) : error;
  }
}

/** What a yes covers: the same reason in another place needs another yes. */
function agreement(place: string, { reason }: Pick<Question, "reason">): string {
  return `${place}: ${reason}`;
}

function agreedTo({ pendingInput }: Operation): string | null {
  const { place, reason } = (pendingInput ?? {}) as { place?: string; reason?: string };
  return place === undefined || reason === undefined ? null : agreement(place, { reason });
}

/**
 * The waiting operation with this id.
 *
 * @throws {OperationNotFoundError} `operation_not_found`: it does not wait
 */
function waiting(store: OperationStore, verb: string, id: string): Operation {
  const operation = store.get(id);
  if (operation === null) throw new OperationNotFoundError(verb, id);
  if (operation.state !== "input_required") throw notWaiting(verb, id, operation.state);
  return operation;
}

/**
 * The same, if it can also be planned again.
 *
 * @throws {OperationNotFoundError} `operation_not_found`: it does not wait, or cannot be resumed
 */
export function resumable(store: OperationStore, id: string): Operation {
  const operation = waiting(store, "resume", id);
  const { not_resumable: why = null } = (operation.pendingInput ?? {}) as {
    not_resumable?: string | null;
  };
  if (why === null) return operation;
  throw new OperationNotFoundError("resume", id, {
    reason: why,
    hint: `give the command again, with --yes; this ends it: kstops operations cancel ${id}`,
    details: { operation_id: id },
  });
}

function resumeWaiting(store: OperationStore, id: string): void {
  try {
    store.resume(id);
  } catch (error) {
    throw error instanceof IllegalMoveError ? notWaiting("resume", id, error.from) : error;
  }
}

function notWaiting(verb: string, id: string, state: OperationState): OperationNotFoundError {
  return new OperationNotFoundError(verb, id, {
    reason: `it does not wait for an answer, it is ${state}`,
    hint: `kstops operations show ${id} says more`,
    details: { operation_id: id, state },
  });
}

/** Another process has ended the operation before it could begin. */
function lost(
  store: OperationStore,
  id: string,
  { kind, session }: Change,
): OperationAbandonedError {
  const { state = "removed", result = null, error = null } = store.get(id) ?? {};
  const { code } = (result ?? error ?? {}) as { code?: string };
  const why = code === undefined ? state : `${state}, ${code}`;
  return new OperationAbandonedError(kind, session, {
    reason: `another kstops has ended the operation (${why}), and nothing was touched`,
    hint: `kstops operations show ${id} says more`,
    details: { operation_id: id },
  });
}

function nobodySaidYes(
  { store, id }: Course,
  change: Pick<Task<unknown>, "kind" | "session" | "notResumable">,
  { reason, backend, command }: Question,
): InputRequiredError {
  const isWaiting = store.isKept && store.get(id)?.state === "input_required";
  const later = isWaiting && change.notResumable === undefined
    ? `, or within the hour: kstops operations resume ${id} --yes`
    : "";
  return new InputRequiredError(change.kind, change.session, {
    reason: `${reason}, and nobody said yes`,
    hint: `say yes: ${command}${later}`,
    backend,
    details: { operation_id: id },
  });
}

/** Ends the operation as the error demands, unless it is over or must go on waiting. */
async function endWith(
  thrown: unknown,
  course: Course,
  mask: (value: Json) => Json,
): Promise<void> {
  const { store, id } = course;
  const operation = store.get(id);
  const isInterrupted = thrown instanceof InterruptedError;
  // A terminal that is gone has answered neither yes nor no.
  const isUnanswered = thrown instanceof InputRequiredError ||
    (isInterrupted && thrown.signal === "SIGHUP");
  if (operation === null || (isUnanswered && operation.state === "input_required")) return;
  try {
    const outcome = mask({ ...toEnvelope(thrown).error });
    await write(course, () => store.transition(id, isInterrupted ? "aborted" : "failed", outcome));
  } catch (error) {
    // The operation is already over: the thrown error says how.
    if (!(error instanceof IllegalMoveError)) throw error;
  }
}
