/** The changes of an operation, each with its event. They run inside a transaction. */
import { type Json, OperationNotFoundError } from "../errors.ts";
import type { OperationState } from "../model.ts";
import type { Ledger } from "./ledger.ts";
import { isTerminal, nextAction, type Operation, stateToPhase } from "./machine.ts";

/**
 * The operation of an id.
 *
 * @throws {OperationNotFoundError} `operation_not_found`
 */
export function existing(ledger: Ledger, id: string): Operation {
  const operation = ledger.get(id);
  if (operation === null) throw new OperationNotFoundError("change", id);
  return operation;
}

/** What is known of an operation before it begins. */
type NewOperation = Pick<
  Operation,
  "id" | "kind" | "session" | "parentId" | "request" | "actor" | "owner"
>;

/** Records a new operation, in the state `pending`. */
export function begin(ledger: Ledger, given: NewOperation, at: Date): Operation {
  const state: OperationState = "pending";
  const operation: Operation = {
    ...given,
    place: null,
    state,
    currentPhase: stateToPhase(state),
    nextAction: nextAction(state),
    createdAt: at,
    lastHeartbeat: at,
    pendingInput: null,
    error: null,
    result: null,
  };
  ledger.insert(operation);
  ledger.append({ operationId: given.id, at, type: "moved", state, payload: null });
  return operation;
}

/** The next state of an operation, and the time. */
interface Move {
  readonly at: Date;
  readonly state: OperationState;
  /** The outcome of an operation that is over. */
  readonly outcome?: Json;
  /** The question of a waiting operation. */
  readonly pendingInput?: Json;
}

/** Moves an operation to another state, and its phase with it. */
export function move(
  ledger: Ledger,
  operation: Operation,
  { at, state, outcome = null, pendingInput = null }: Move,
): Operation {
  const inState: Operation = {
    ...operation,
    state,
    currentPhase: stateToPhase(state),
    nextAction: nextAction(state),
    pendingInput,
  };
  const moved = isTerminal(state) ? withOutcome(inState, outcome) : inState;
  ledger.update(moved);
  const payload = isTerminal(state) ? outcome : pendingInput;
  ledger.append({ operationId: operation.id, at, type: "moved", state, payload });
  return moved;
}

/** Records the outcome of an operation that is over. */
export function stamp(
  ledger: Ledger,
  operation: Operation,
  { at, outcome }: { readonly at: Date; readonly outcome: Json },
): void {
  const { id: operationId, state } = operation;
  ledger.update(withOutcome(operation, outcome));
  ledger.append({ operationId, at, type: "outcome", state, payload: outcome });
}

function withOutcome(operation: Operation, outcome: Json): Operation {
  return operation.state === "failed"
    ? { ...operation, error: outcome }
    : { ...operation, result: outcome };
}
