/** The lock on a session: who may work on it, and what becomes of whoever was there. In a transaction. */
import { OperationRunningError } from "../errors.ts";
import type { Ledger } from "./ledger.ts";
import { type End, IllegalMoveError, type Operation } from "./machine.ts";
import { existing, move } from "./moves.ts";

/** What the lock is taken with. */
interface Claim {
  /** Where the session is. */
  readonly place: string;
  readonly at: Date;
  /** How an open operation ends now, if it is abandoned. */
  readonly endOf: (operation: Operation) => End | null;
}

/**
 * Takes the lock on the session of an operation. One that only waits for an answer is aborted for it
 * (`superseded`), an abandoned one has failed.
 *
 * @throws {IllegalMoveError} it is not planning
 * @throws {OperationRunningError} `operation_running`: another one is working on it
 */
export function claimSession(ledger: Ledger, id: string, { place, at, endOf }: Claim): Operation {
  const operation = existing(ledger, id);
  if (operation.state !== "planning") throw new IllegalMoveError(operation.state, "applying");
  const { session } = operation;
  const rivals = session === null
    ? []
    : ledger.open(session).filter((other) => other.id !== id && other.place === place);
  const ends = rivals.map((rival) => {
    const end = endOf(rival) ?? endOfSuperseded(rival, id);
    if (end === null) throw running(operation, rival);
    return { rival, end };
  });
  for (const { rival, end } of ends) move(ledger, rival, { ...end, at });
  const claimed = { ...operation, place };
  ledger.update(claimed);
  return claimed;
}

/** The end of an operation that only waits when another one comes for its session. */
function endOfSuperseded({ state }: Operation, by: string): End | null {
  if (state !== "input_required") return null;
  const outcome = { code: "superseded", reason: "another operation on the session", by };
  return { state: "aborted", outcome };
}

function running({ kind, session }: Operation, rival: Operation): OperationRunningError {
  const { pid, host } = rival.owner;
  return new OperationRunningError(kind, session ?? "", {
    reason: `another kstops is working on it (${rival.kind}, pid ${pid})`,
    hint: `see what it does: kstops operations watch ${rival.id}`,
    details: { operation_id: rival.id, kind: rival.kind, state: rival.state, pid, host },
  });
}
