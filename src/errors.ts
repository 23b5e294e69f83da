/**
 * Every error that kstops reports, in one table: its code, exit status, HTTP status and class.
 *
 * Messages read `Cannot VERB "VALUE": REASON` with no final period; what to do goes in `hint`.
 */
import { quote } from "./escape.ts";
import type { BackendType } from "./model.ts";

export { escapeControls, quote } from "./escape.ts";

/** What one error code stands for. */
export interface ErrorKind {
  /** Exit status of the process. */
  readonly exit: number;
  /** The HTTP status a server would answer with. */
  readonly http: number;
  /** The public class, or null when none is exported for it. */
  readonly class: string | null;
  readonly meaning: string;
}

/** The one table of errors. */
export const ERRORS = {
  internal: { exit: 1, http: 500, class: null, meaning: "a bug in kstops" },
  usage: { exit: 2, http: 400, class: "UsageError", meaning: "unknown command, flag or argument" },
  value_invalid: {
    exit: 3,
    http: 422,
    class: "SessionConfigError",
    meaning: "a name, command, path or other value is not allowed",
  },
  config_invalid: {
    exit: 3,
    http: 422,
    class: "SessionConfigError",
    meaning: "the config file cannot be used",
  },
  backend_not_found: {
    exit: 4,
    http: 501,
    class: "BackendNotFoundError",
    meaning: "tmux, podman or docker is not installed",
  },
  backend_unavailable: {
    exit: 4,
    http: 503,
    class: "BackendUnavailableError",
    meaning: "installed, but it cannot be asked",
  },
  session_not_found: {
    exit: 5,
    http: 404,
    class: "SessionNotFoundError",
    meaning: "no session has that name",
  },
  operation_not_found: {
    exit: 5,
    http: 404,
    class: "OperationNotFoundError",
    meaning: "no operation has that ID, or it does not wait for an answer",
  },
  session_exists: {
    exit: 6,
    http: 409,
    class: "SessionExistsError",
    meaning: "a session with that name already exists",
  },
  session_ambiguous: {
    exit: 6,
    http: 409,
    class: "SessionAmbiguousError",
    meaning: "the name is found in more than one place",
  },
  operation_running: {
    exit: 6,
    http: 409,
    class: "OperationRunningError",
    meaning: "another kstops is working on that session",
  },
  start_failed: {
    exit: 7,
    http: 500,
    class: "SessionStartError",
    meaning: "the session did not start, or ended at once with a failure",
  },
  stop_failed: {
    exit: 7,
    http: 500,
    class: "SessionStopError",
    meaning: "a part of the session is still alive",
  },
  attach_failed: {
    exit: 7,
    http: 500,
    class: "SessionAttachError",
    meaning: "the terminal cannot be handed to the session",
  },
  session_not_running: {
    exit: 7,
    http: 409,
    class: "SessionNotRunningError",
    meaning: "the session does not run, so that nothing can reach its program",
  },
  wait_failed: {
    exit: 7,
    http: 409,
    class: "SessionWaitError",
    meaning: "what was waited for can no longer happen",
  },
  operation_abandoned: {
    exit: 7,
    http: 500,
    class: "OperationAbandonedError",
    meaning:
      "the kstops working on it ended or fell silent before it was over, or lost it to another",
  },
  input_required: {
    exit: 8,
    http: 428,
    class: "InputRequiredError",
    meaning: "it needs a yes, and nothing was touched",
  },
  wait_timeout: {
    exit: 9,
    http: 504,
    class: "WaitTimeoutError",
    meaning: "what was waited for did not come in time; nothing was ended for that",
  },
  interrupted: {
    exit: 130,
    http: 499,
    class: null,
    meaning:
      "ended by SIGINT (SIGTERM: 143, SIGHUP: 129); the message says what state things are in",
  },
} as const satisfies Record<string, ErrorKind>;

/** The codes of all errors. */
export type ErrorCode = keyof typeof ERRORS;

/** Values that JSON can carry. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** What every error may carry besides its message. */
export interface ErrorExtras {
  /** What the user can do about it. */
  readonly hint?: string | null;
  /** Facts for scripts. */
  readonly details?: { readonly [key: string]: Json };
  readonly cause?: unknown;
}

/** What errors about a session carry besides. */
export interface SessionErrorExtras extends ErrorExtras {
  readonly backend?: BackendType | null;
  readonly backends?: readonly BackendType[];
}

/** An error that kstops means to report. Anything else that is thrown is a bug. */
abstract class ReportedError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly details: { readonly [key: string]: Json };

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = extras.hint ?? null;
    this.details = extras.details ?? {};
  }
}

/** The command line makes no sense. Code `usage`. */
export class UsageError extends ReportedError {
  constructor(message: string, extras: ErrorExtras = {}) {
    super("usage", message, extras);
  }
}

/** The base of all errors of session management. */
export class OpsError extends ReportedError {}

/** A value (`value_invalid`) or the config file (`config_invalid`) cannot be used. */
export class SessionConfigError extends OpsError {
  constructor(
    message: string,
    extras: ErrorExtras & { readonly code?: "value_invalid" | "config_invalid" } = {},
  ) {
    super(extras.code ?? "value_invalid", message, extras);
  }
}

/** An engine is not installed. Code `backend_not_found`. */
export class BackendNotFoundError extends OpsError {
  constructor(message: string, extras: ErrorExtras = {}) {
    super("backend_not_found", message, extras);
  }
}

/** tmux is not installed. Code `backend_not_found`. */
export class TmuxNotFoundError extends BackendNotFoundError {}

/** Neither podman nor docker is installed. Code `backend_not_found`. */
export class ContainerRuntimeNotFoundError extends BackendNotFoundError {}

/** An engine is installed but cannot be asked. Code `backend_unavailable`. */
export class BackendUnavailableError extends OpsError {
  readonly reason: string;
  constructor(message: string, extras: ErrorExtras & { readonly reason: string }) {
    super("backend_unavailable", message, extras);
    this.reason = extras.reason;
  }
}

type Reasoned = SessionErrorExtras & { readonly reason: string };

/**
 * The base of errors about one session. As in the first kstlib, `name` is the session's name (not
 * the class's: use `instanceof` or `code`).
 */
export class SessionError extends OpsError {
  override readonly name: string;
  readonly backend: BackendType | null;
  readonly backends: readonly BackendType[];
  readonly reason: string;

  constructor(
    code: ErrorCode,
    problem: { readonly verb: string; readonly name: string; readonly reason: string },
    extras: SessionErrorExtras = {},
  ) {
    super(code, `Cannot ${problem.verb} ${quote(problem.name)}: ${problem.reason}`, extras);
    this.name = problem.name;
    this.backend = extras.backend ?? null;
    this.backends = extras.backends ?? (extras.backend ? [extras.backend] : []);
    this.reason = problem.reason;
  }
}

/** No session has that name. Code `session_not_found`. */
export class SessionNotFoundError extends SessionError {
  constructor(
    verb: string,
    name: string,
    extras: SessionErrorExtras & { readonly reason?: string } = {},
  ) {
    super("session_not_found", { verb, name, reason: extras.reason ?? "no such session" }, extras);
  }
}

/** A session with that name already exists. Code `session_exists`. */
export class SessionExistsError extends SessionError {
  constructor(name: string, reason: string, extras: SessionErrorExtras = {}) {
    super("session_exists", { verb: "start", name, reason }, extras);
  }
}

/** The name is found in more than one place. Code `session_ambiguous`. */
export class SessionAmbiguousError extends SessionError {
  constructor(verb: string, name: string, extras: Reasoned) {
    super("session_ambiguous", { verb, name, reason: extras.reason }, extras);
  }
}

/** The session did not start, or ended at once with a failure. Code `start_failed`. */
export class SessionStartError extends SessionError {
  constructor(name: string, reason: string, extras: SessionErrorExtras = {}) {
    super("start_failed", { verb: "start", name, reason }, extras);
  }
}

/** A part of the session is still alive after a stop. Code `stop_failed`. */
export class SessionStopError extends SessionError {
  constructor(name: string, reason: string, extras: SessionErrorExtras = {}) {
    super("stop_failed", { verb: "stop", name, reason }, extras);
  }
}

/** The terminal cannot be handed to the session. Code `attach_failed`. */
export class SessionAttachError extends SessionError {
  constructor(name: string, reason: string, extras: SessionErrorExtras = {}) {
    super("attach_failed", { verb: "attach to", name, reason }, extras);
  }
}

/** The session does not run, so that nothing can reach its program. Code `session_not_running`. */
export class SessionNotRunningError extends SessionError {
  constructor(verb: string, name: string, extras: Reasoned) {
    super("session_not_running", { verb, name, reason: extras.reason }, extras);
  }
}

/** The session is protected or foreign, and nobody said yes. Code `input_required`. */
export class InputRequiredError extends SessionError {
  constructor(verb: string, name: string, extras: Reasoned) {
    super("input_required", { verb, name, reason: extras.reason }, extras);
  }
}

/** What was waited for can no longer happen. Code `wait_failed`. */
export class SessionWaitError extends SessionError {
  constructor(name: string, reason: string, extras: SessionErrorExtras = {}) {
    super("wait_failed", { verb: "wait for", name, reason }, extras);
  }
}

/** What was waited for did not come in time; nothing was ended for that. Code `wait_timeout`. */
export class WaitTimeoutError extends SessionError {
  constructor(name: string, extras: Reasoned) {
    super("wait_timeout", { verb: "wait for", name, reason: extras.reason }, extras);
  }
}

/** No operation has that ID, or it does not wait for an answer. Code `operation_not_found`. */
export class OperationNotFoundError extends OpsError {
  constructor(verb: string, id: string, extras: ErrorExtras & { readonly reason?: string } = {}) {
    const reason = extras.reason ?? "no such operation";
    super("operation_not_found", `Cannot ${verb} ${quote(id)}: ${reason}`, extras);
  }
}

/** Another operation works on that session. Code `operation_running`. */
export class OperationRunningError extends OpsError {
  constructor(verb: string, name: string, extras: ErrorExtras & { readonly reason: string }) {
    super("operation_running", `Cannot ${verb} ${quote(name)}: ${extras.reason}`, extras);
  }
}

/**
 * The process of an operation ended or fell silent before it was over, or lost the operation to
 * another process. Code `operation_abandoned`.
 */
export class OperationAbandonedError extends OpsError {
  constructor(verb: string, name: string, extras: ErrorExtras & { readonly reason: string }) {
    super("operation_abandoned", `Cannot ${verb} ${quote(name)}: ${extras.reason}`, extras);
  }
}

/** Signals that interrupt, with the exit status that shells give them. */
const INTERRUPTED_EXIT = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal asked kstops itself to end before it was done. Code `interrupted`. */
export class InterruptedError extends ReportedError {
  constructor(readonly signal: keyof typeof INTERRUPTED_EXIT, state?: string, hint?: string) {
    super(
      "interrupted",
      `Interrupted by ${signal}${state === undefined ? "" : `: ${state}`}`,
      { hint: hint ?? null, details: { signal } },
    );
  }
}

/** The exit status of a process that ends with this error. */
export function exitStatus(thrown: unknown): number {
  if (thrown instanceof InterruptedError) return INTERRUPTED_EXIT[thrown.signal];
  return ERRORS[toEnvelope(thrown).error.code].exit;
}

/** The error as scripts get it: one line of JSON on stderr. */
export interface ErrorEnvelope {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint: string | null;
    readonly details: { readonly [key: string]: Json };
  };
}

/**
 * Code, message, hint and details of anything that was thrown. Errors that kstops does not report
 * itself are `internal`.
 */
export function toEnvelope(thrown: unknown): ErrorEnvelope {
  if (thrown instanceof ReportedError) {
    const { code, message, hint, details } = thrown;
    return { error: { code, message, hint, details } };
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    error: {
      code: "internal",
      message: `Unexpected failure: ${text}`,
      hint: "this is a bug in kstops; run the command again with --verbose and report what it says",
      details: {},
    },
  };
}
