/**
 * What every backend can do. A backend is one folder that makes a {@link Runner}; everything above
 * works with any of them.
 */
import type { Wanted } from "../logs/read.ts";
import type { BackendType, Definition, SessionStatus } from "../model.ts";
import type { Place, PlaceSelector } from "../model/place.ts";

/** How places are asked. */
export interface SurveyOptions {
  /** Also ask what takes an extra question of the sessions with these names. */
  readonly names?: readonly string[] | undefined;
  /** Called when all of them are at work: to start a program takes milliseconds. */
  readonly asked?: () => void;
}

/** Why a place could not be asked. */
export interface Trouble {
  /**
   * `not_running`: the engine is not there, so it holds nothing. `unreachable`: it may hold
   * sessions, but does not say.
   */
  readonly kind: "not_running" | "unreachable";
  readonly reason: string;
  /** Whether the program to ask with is not installed at all. */
  readonly missing: boolean;
  /** Whether it did not answer in time. */
  readonly isSilent?: boolean;
  /** What the user can do about it. */
  readonly hint?: string;
}

/** What one place answered. */
export interface Survey {
  readonly place: Place;
  readonly sessions: readonly Session[];
  readonly trouble: Trouble | null;
}

/** How to stop a session. */
export interface StopOptions {
  /** How long to wait for the program before it is ended by force; null: what its definition says. */
  readonly timeoutSeconds: number | null;
  /** End it by force at once. */
  readonly force: boolean;
  /** Only end the program: a container stays. A tmux session cannot. */
  readonly keep?: boolean;
}

/** How to attach to a session. */
export interface AttachOptions {
  /** Keys do not reach the session. */
  readonly readOnly: boolean;
  /** Tells the user something before the screen is the session's. */
  readonly say: (text: string) => void;
}

/** How it ended that a session was attached. */
export type AttachEnd =
  | { readonly kind: "detached" }
  /** The client around this process shows the session now. */
  | { readonly kind: "switched" }
  /** The program ended; null: nobody knows how. */
  | { readonly kind: "ended"; readonly status: SessionStatus | null };

/** How to read what a session printed. */
export type LogOptions = Wanted;

/** How often an engine has executed the program of one run, and when it did so last. */
export interface Executions {
  /** Null: never, or it does not say. */
  readonly startedAt: Date | null;
  /** How often its restart policy has started it again. */
  readonly restarts: number;
  /** Whether the policy does so after a failure only. */
  readonly areFailures: boolean;
}

/** How to tell what a session was started from. */
export interface DefinitionOptions {
  /**
   * With all that its start took from elsewhere then: the image that a name stood for, the variables of
   * the caller. Missing: a start takes them anew.
   */
  readonly asItRan?: boolean;
}

/** How a program looks at a session. */
export interface ProbeOptions<D extends Definition = Definition> {
  /** What the session was started from. */
  readonly definition: D;
  /** How long it may take before it is killed, with what it has started. */
  readonly timeoutMs: number;
}

/** One session as an engine reported it, with what can be done to exactly that one. */
export interface Session {
  readonly status: SessionStatus;
  /** Whether the session itself says that stopping it needs a yes. */
  readonly protected: boolean;
  /**
   * Ends the session and proves that nothing of it is left.
   *
   * @returns how it ended: state `stopped`, with the exit code where the engine knows it
   * @throws {SessionStopError} `stop_failed`, with the pids of what is still alive
   */
  stop(options: StopOptions): Promise<SessionStatus>;
  /**
   * Hands this terminal to the session, until the user detaches or the program ends.
   *
   * @throws {SessionAttachError} `attach_failed`: it does not run, or the terminal cannot show it
   */
  attach(options: AttachOptions): Promise<AttachEnd>;
  /** The id of its run; null for a foreign session. */
  readonly run: string | null;
  /** What its engine counts of its executions; missing: it counts none, or was not asked. */
  readonly executions?: Executions;
  /** Whether its engine no longer shows it, so that only its record and its processes tell of it. */
  readonly recorded: boolean;
  /** Whether its engine fell silent while it was told to start it, so that it may not have begun. */
  readonly isUncertain?: boolean;
  /** Whether its engine calls it otherwise by now. */
  readonly renamed?: boolean;
  /** Whether its program may live although its engine does not show it: its processes tell. */
  readonly hidesProgram: boolean;
  /**
   * Pids of the processes that its program left behind; null: it has not ended, or its backend keeps
   * none. To look for them takes a look at every process of the machine.
   */
  leftovers(): Promise<readonly number[] | null>;
  /**
   * The bytes that it printed, at most so many lines, each ended by a newline.
   *
   * @throws {SessionNotFoundError} `session_not_found`: it has gone meanwhile
   * @throws {BackendUnavailableError} `backend_unavailable`: its engine does not give them back
   */
  logs(options: LogOptions): Promise<Uint8Array>;
  /**
   * The same, and then what it goes on to print, as it comes: until it has ended, or longer where its
   * later runs belong to it, or until it is aborted.
   */
  follow(options: LogOptions, abort: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Runs a program as the session's own is run, but as no part of it; what it prints is thrown away.
   * Missing: it has no engine that could.
   *
   * @returns why it does not say yes; null: it ended with 0
   */
  readonly probe?: (argv: readonly string[], options: ProbeOptions) => Promise<string | null>;
  /** What it was started from, so that it can be started again; null for a foreign session. */
  definition(options?: DefinitionOptions): Promise<Definition | null>;
  /** Whether its engine still has it after a stop that leaves it there; missing: no stop does. */
  readonly isThere?: () => Promise<boolean>;
  /**
   * Has its engine start it again as it is; missing: its engine cannot.
   *
   * @returns the session that runs then
   * @throws {SessionStartError} `start_failed`: it did not start, or ended at once with a failure
   */
  readonly restart?: (options: RestartOptions) => Promise<SessionStatus>;
}

/** How a session is started again as it is. */
export interface RestartOptions extends StopOptions {
  /** How long the program must live before the start counts as one; 0 returns at once. */
  readonly waitMs: number;
}

/** How to start a session. */
export interface StartOptions {
  /** How long the program must live before the start counts as one; 0 returns at once. */
  readonly waitMs: number;
  /** Tells the user what takes long, such as an image that is pulled first; a line each. */
  readonly say?: (text: string) => void;
  /** Whether it is started although its last run may go on in an engine that cannot be asked. */
  readonly anyway?: boolean;
  /** Whether it replaces only what its own config started, since its name was not said (`--all`). */
  readonly ownOnly?: boolean;
}

/** How to try out whether a session could start. */
export interface RehearsalOptions {
  /** The session that is stopped before: what it holds is free then. */
  readonly replaced: Session | null;
  /** As of {@link StartOptions}. */
  readonly ownOnly?: boolean;
  /** Tells the user what takes long, such as an image that is pulled first; a line each. */
  readonly say: (text: string) => void;
}

/** A call of an engine, as it would be made. */
export interface EngineCall {
  readonly argv: readonly string[];
  /** What it gets on its standard input; null: nothing. */
  readonly stdin: string | null;
  /** Names of the variables that are in its environment besides those of kstops itself. */
  readonly env: readonly string[];
}

/** A backend at work. It is given definitions of its own only. */
export interface Runner<D extends Definition = Definition> {
  readonly backend: BackendType;
  /** Asks the places of this backend that are within the selector, at the same time. */
  survey(selector: PlaceSelector, options?: SurveyOptions): Promise<readonly Survey[]>;
  /**
   * Looks for what would make a start fail, without making anything.
   *
   * @param replaced the session that is stopped before: what it holds is free then
   * @throws {SessionConfigError} `value_invalid`: its directory cannot be used
   * @throws {SessionStartError} `start_failed`: its program cannot be executed
   * @throws {SessionExistsError} `session_exists`: something else has its name there
   */
  check(definition: D, replaced?: Session | null): Promise<void>;
  /**
   * Looks for what else would make a start fail, in a trial that leaves nothing behind but an image
   * that was missing; a backend without it has nothing to try.
   *
   * @throws {SessionStartError} `start_failed`
   */
  rehearse?(definition: D, options: RehearsalOptions): Promise<void>;
  /**
   * Where a start would put a session: of containers, the runtime that a definition without one means.
   *
   * @throws {BackendNotFoundError} `backend_not_found`
   */
  place(definition: D): Promise<Place>;
  /**
   * The call of the engine with which a start begins. Nothing is run and nothing is made; what only a
   * start makes up, such as the id of the run, is a word in capitals. Values of the definition are
   * put in as they are: it should be one that may be shown.
   */
  plan(definition: D): Promise<EngineCall>;
  /**
   * Starts a session. An ended one of that name that kstops created is replaced.
   *
   * @throws {SessionExistsError} `session_exists`
   * @throws {SessionStartError} `start_failed`
   * @throws {SessionConfigError} `value_invalid`, see {@link Runner.check}
   * @throws {BackendNotFoundError} `backend_not_found`
   * @throws {BackendUnavailableError} `backend_unavailable`
   */
  start(definition: D, options: StartOptions): Promise<SessionStatus>;
}
