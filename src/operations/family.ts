/** The operations of one command for several sessions, told as one. Pure. */
import { isTerminal, type Operation } from "./machine.ts";
import { OPERATION_STATES, type OperationState } from "../model.ts";

/** The operations of one command. */
export interface Family {
  readonly id: string;
  /** At least one; in the order in which they were given. */
  readonly operations: readonly Operation[];
}

/**
 * Operations by the commands that they belong to, each where its first one stands. One that is alone
 * is a family of its own, with its own id.
 */
export function familiesOf(operations: readonly Operation[]): readonly Family[] {
  const families = Map.groupBy(operations, ({ id, parentId }) => parentId ?? id);
  return Array.from(families, ([id, operations]): Family => {
    const [first, ...more] = operations;
    return { id: first !== undefined && more.length === 0 ? first.id : id, operations };
  });
}

/** What was done, each once: `start, restart`. */
export function kindsOf({ operations }: Family): string {
  return [...new Set(operations.map(({ kind }) => kind))].join(", ");
}

/** Its state as a whole: that of one that is not over, else the worst of its ends. */
export function stateOf({ operations }: Family): OperationState {
  const states = operations.map(({ state }) => state);
  const isIn = (state: OperationState) => states.includes(state);
  const open = isIn("input_required") ? "input_required" : states.find((each) => !isTerminal(each));
  return open ?? (isIn("failed") ? "failed" : isIn("aborted") ? "aborted" : "done");
}

/** What came of them: `48 done, 1 failed`. */
export function outcomesOf({ operations }: Family): string {
  return OPERATION_STATES.flatMap((state) => {
    const count = operations.filter((each) => each.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  }).join(", ");
}
