/**
 * The life of an operation, as a table of moves: which states there are, which one may follow which,
 * and when an operation counts as abandoned. Pure.
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

/** An operation was to make a move that the table does not have. */
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

/** The phase that a state stands for; null: none. */
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

/** Who asked for an operation. Null: not known. */
export interface Actor {
  /** Name of the user that kstops runs as. */
  readonly user: string | null;
  readonly uid: number | null;
  /** Name of the user that became this one with sudo. */
  readonly sudoUser: string | null;
  /** Address that the user's SSH connection comes from. */
  readonly sshClient: string | null;
  /** The terminal, such as `/dev/pts/3`. */
  readonly tty: string | null;
  /** Version of kstops. */
  readonly version: string;
}

/**
 * The process that works on an operation. The pid is one of the machine, or container, of that host
 * name; elsewhere it says nothing, and only the silence of its operation does.
 */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** A random id: the same pid may be another process later. */
  readonly instance: string;
}

/** One change that kstops makes, as it is recorded. */
export interface Operation {
  /** UUID, version 4. */
  readonly id: string;
  /** What is done: `start`, `stop`, `restart`. */
  readonly kind: string;
  /** Name of the session; null where it is about none. */
  readonly session: string | null;
  /** Where that session is, such as `tmux:default`; null before that is known. */
  readonly place: string | null;
  /** What was asked for. */
  readonly request: Json;
  readonly actor: Actor | null;
  /** Who works on it, or did last. */
  readonly owner: Owner;
  readonly state: OperationState;
  /** Belongs to the state: {@link stateToPhase}. */
  readonly currentPhase: Phase | null;
  /** Belongs to the state: {@link nextAction}. */
  readonly nextAction: NextAction;
  readonly createdAt: Date;
  readonly lastHeartbeat: Date;
  /** What it asks, while it waits for an answer. */
  readonly pendingInput: Json;
  /** The outcome of one that failed. */
  readonly error: Json;
  /** The outcome of one that was done or aborted. */
  readonly result: Json;
}

/** How long a waiting operation may be silent, in milliseconds; longer is abandoned. */
const WAITING_SILENCE_MS = 3_600_000;
/** How long any other open operation may be silent, in milliseconds; longer is abandoned. */
const WORKING_SILENCE_MS = 30_000;

/**
 * Whether nobody cares for an open operation any more: a waiting one has been silent for more than
 * an hour, or the process of another one is gone, or has been silent for more than 30 seconds.
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

/** How an operation is over. */
export interface End {
  readonly state: "done" | "failed" | "aborted";
  readonly outcome: Json;
}

/** How an abandoned operation ends. */
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
