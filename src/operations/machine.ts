/**
 * The life of an operation as a table of moves: its states, which one may follow which, and when an
 * operation counts as abandoned. Pure.
 */
import { type Json, quote } from "../errors.ts";
import type { OperationState } from "../model.ts";

/** What an operation is doing, in the words of its subscribers. */
type Phase =
  | "validating_inputs"
  | "planning"
  | "input_required"
  | "applying_changes"
  | "verifying_state"
  | "done";

/** What an operation waits for. */
type NextAction = "awaiting_input" | "none";

const ENDS = ["failed", "aborted"] as const;

/** The table of moves: what may follow each state. */
const MOVES: Readonly<Record<OperationState, readonly OperationState[]>> = {
  pending: ["validating", ...ENDS],
  validating: ["planning", ...ENDS],
  planning: ["input_required", "applying", ...ENDS],
  input_required: ["planning", ...ENDS],
  applying: ["verifying", ...ENDS],
  verifying: ["done", ...ENDS],
  done: [],
  failed: [],
  aborted: [],
};

/** A move that is not in the table. */
export class IllegalMoveError extends Error {
  constructor(readonly from: OperationState, readonly to: OperationState) {
    super(`An operation cannot go from ${from} to ${to}`);
    this.name = "IllegalMoveError";
  }
}

/**
 * Makes sure that a move is in the table.
 *
 * @throws {IllegalMoveError} it is not
 */
export function assertTransition(from: OperationState, to: OperationState): void {
  if (!MOVES[from].includes(to)) throw new IllegalMoveError(from, to);
}

const PHASES: Readonly<Record<OperationState, Phase | null>> = {
  pending: null,
  validating: "validating_inputs",
  planning: "planning",
  input_required: "input_required",
  applying: "applying_changes",
  verifying: "verifying_state",
  done: "done",
  failed: null,
  aborted: null,
};

/** The phase of a state, or null. */
export function stateToPhase(state: OperationState): Phase | null {
  return PHASES[state];
}

/** Whether an operation in that state is over. */
export function isTerminal(state: OperationState): boolean {
  return MOVES[state].length === 0;
}

/** What an operation in that state waits for. */
export function nextAction(state: OperationState): NextAction {
  return state === "input_required" ? "awaiting_input" : "none";
}

/** Who asked for an operation. Null: unknown. */
export interface Actor {
  /** Name of the user that kstops runs as. */
  readonly user: string | null;
  readonly uid: number | null;
  /** Name of the user who became this one with sudo. */
  readonly sudoUser: string | null;
  /** Source address of the user's SSH connection. */
  readonly sshClient: string | null;
  /** The terminal, such as `/dev/pts/3`. */
  readonly tty: string | null;
  /** Version of kstops. */
  readonly version: string;
}

/**
 * The process that works on an operation. Its pid is valid on the machine, or in the container,
 * with this host name; elsewhere only the silence of the operation tells whether it lives.
 */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** A random id, since a pid may be reused by another process. */
  readonly instance: string;
}

/** One change that kstops makes, as it is recorded. */
export interface Operation {
  /** UUID, version 4. */
  readonly id: string;
  /** The kind of change: `start`, `stop`, `restart`. */
  readonly kind: string;
  /** Name of the session; null without one. */
  readonly session: string | null;
  /** Shared by the operations of one command for several sessions; null: it was for one. */
  readonly parentId: string | null;
  /** The place of the session, such as `tmux:default`; null before it is known. */
  readonly place: string | null;
  /** The request. */
  readonly request: Json;
  readonly actor: Actor | null;
  /** The process that works on it, or did last. */
  readonly owner: Owner;
  readonly state: OperationState;
  /** Follows from the state: {@link stateToPhase}. */
  readonly currentPhase: Phase | null;
  /** Follows from the state: {@link nextAction}. */
  readonly nextAction: NextAction;
  readonly createdAt: Date;
  readonly lastHeartbeat: Date;
  /** The question of a waiting operation. */
  readonly pendingInput: Json;
  /** The outcome of a failed operation. */
  readonly error: Json;
  /** The outcome of an operation that was done or aborted. */
  readonly result: Json;
}

/** How long a waiting operation may be silent, in milliseconds; longer is abandoned. */
const WAITING_SILENCE_MS = 3_600_000;
/** How long any other open operation may be silent, in milliseconds; longer is abandoned. */
const WORKING_SILENCE_MS = 30_000;

/**
 * Whether an open operation is abandoned: a waiting one has been silent for more than an hour; the
 * process of any other is gone, or has been silent for more than 30 seconds.
 */
export function isAbandoned(
  { state, lastHeartbeat }: Pick<Operation, "state" | "lastHeartbeat">,
  now: Date,
  isGone = false,
): boolean {
  if (isTerminal(state)) return false;
  const silenceMs = now.getTime() - lastHeartbeat.getTime();
  if (state === "input_required") return silenceMs > WAITING_SILENCE_MS;
  return isGone || silenceMs > WORKING_SILENCE_MS;
}

/** The end of an operation. */
export interface End {
  readonly state: "done" | "failed" | "aborted";
  readonly outcome: Json;
}

/** The end of an abandoned operation. */
export function endOfAbandoned({ kind, session, state, owner }: Operation): End {
  if (state === "input_required") {
    const outcome = { code: "session_abandoned", reason: "no client heartbeat for >1h" };
    return { state: "aborted", outcome };
  }
  const what = session === null ? kind : `${kind} ${quote(session)}`;
  const phase = state === "pending" ? "before it began" : `while ${state}`;
  return {
    state: "failed",
    outcome: {
      code: "operation_abandoned",
      message: `Cannot ${what}: kstops ended, or fell silent, ${phase}`,
      hint: session === null ? null : `kstops status ${session} says what became of it`,
      details: { pid: owner.pid, state },
    },
  };
}
