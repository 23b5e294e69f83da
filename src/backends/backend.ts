/**
 * What every backend can do. A backend is one folder that makes a {@link Runner}; all code above
 * works with any of them.
 */
import type { Wanted } from "../logs/read.ts";
import type { BackendType, Definition, Engine, SessionStatus, StopScope } from "../model.ts";
import type { Change } from "../model/change.ts";
import type { Place, PlaceSelector } from "../model/place.ts";
import type { Signal } from "../world/world.ts";

/** How to ask places. */
export interface SurveyOptions {
  /** Also run the extra query for the sessions with these names. */
  readonly names?: readonly string[] | undefined;
  /** Called when all engines are at work: starting a program takes milliseconds. */
  readonly asked?: () => void;
}

/** Why a place could not be asked. */
export interface Trouble {
  /**
   * `not_running`: there is no engine, so it has no sessions. `unreachable`: it may have sessions,
   * but does not tell.
   */
  readonly kind: "not_running" | "unreachable";
  readonly reason: string;
  /** Whether the program for asking is not installed. */
  readonly missing: boolean;
  /** Whether it did not answer in time. */
  readonly isSilent?: boolean;
  /** What the user can do about it. */
  readonly hint?: string;
}

/** The answer of one place. */
export interface Survey {
  readonly place: Place;
  readonly sessions: readonly Session[];
  readonly trouble: Trouble | null;
}

/** How to stop a session. */
export interface StopOptions {
  /** How long to wait for the program before killing it; null: as its definition says. */
  readonly timeoutSeconds: number | null;
  /** Whether to kill it at once. */
  readonly force: boolean;
  /** Whether to end only the program: a container stays. Not possible for a tmux session. */
  readonly keep?: boolean;
  /** Whether the machine goes down, so that nobody wants it to stay stopped. */
  readonly atShutdown?: boolean;
}

/** How to attach to a session. */
export interface AttachOptions {
  /** Whether to keep keys from reaching the session. */
  readonly readOnly: boolean;
  /** Tells the user something before the session takes the screen. */
  readonly say: (text: string) => void;
}

/** What to type into a terminal. */
export type Typed =
  /** With `isPaste`, a program that asked for it is told that this is pasted. */
  | { readonly kind: "text"; readonly text: string; readonly isPaste: boolean }
  /** Keys by their names, such as `C-c`. */
  | { readonly kind: "keys"; readonly keys: readonly string[] };

/** The keyboard of a session. */
export interface Keyboard {
  /**
   * Makes sure that the terminal can take it.
   *
   * @throws {UsageError} `usage`: it would lose a part of it
   */
  readonly check: (typed: Typed) => Promise<void>;
  /**
   * Types. What is typed into many sessions at about the same time goes through one client.
   *
   * @throws {SessionNotRunningError} `session_not_running`
   */
  readonly type: (typed: Typed) => Promise<void>;
}

/** A signal for the program of a session. */
export interface SignalOptions {
  readonly signal: Signal;
  /** Who gets it; null: what its backend does. */
  readonly scope: StopScope | null;
}

/** How attaching to a session ended. */
export type AttachEnd =
  | { readonly kind: "detached" }
  /** The client around this process now shows the session. */
  | { readonly kind: "switched" }
  /** The program ended; null: unknown how. */
  | { readonly kind: "ended"; readonly status: SessionStatus | null };

/** How to read the output of a session. */
export type LogOptions = Wanted;

/** How often an engine has executed the program of one run, and when it last did. */
export interface Executions {
  /** Null: never, or unknown. */
  readonly startedAt: Date | null;
  /** How often its restart policy has started it again. */
  readonly restarts: number;
  /** Whether the policy acts only after a failure. */
  readonly areFailures: boolean;
}

/** How to report the definition of a session. */
export interface DefinitionOptions {
  /**
   * Whether to include what its start took from elsewhere: the image behind a name, the variables
   * of the caller. Missing: a new start takes them anew.
   */
  readonly asItRan?: boolean;
}

/** What a session uses. */
export interface Usage {
  /** Of one processor, over about a second: 100 is one processor in full; null: nobody can tell. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  /**
   * What counts as its memory: what its processes have, shared parts by their share (`pss`) or whole
   * in each (`rss`), or what its group has without the cache of files (`cgroup`).
   */
  readonly memoryKind: "pss" | "rss" | "cgroup" | null;
  /** How many processes it has. */
  readonly processes: number;
}

/** Nobody can tell what it uses. */
export const UNKNOWN_USAGE: Usage = {
  ...{ cpuPercent: null, memoryBytes: null, memoryKind: null, processes: 0 },
};

/** How a program looks at a session. */
export interface ProbeOptions<D extends Definition = Definition> {
  /** The definition that the session was started from. */
  readonly definition: D;
  /** How long it may take before it is killed, with everything that it has started. */
  readonly timeoutMs: number;
}

/** One session as an engine reported it, with the actions on exactly this one. */
export interface Session {
  readonly status: SessionStatus;
  /** Whether the session itself says that stopping it needs a yes. */
  readonly protected: boolean;
  /**
   * Ends the session and proves that nothing of it is left.
   *
   * @returns how it ended: state `stopped`, with the exit code if the engine knows it
   * @throws {SessionStopError} `stop_failed`, with the pids of what is still alive
   */
  stop(options: StopOptions): Promise<SessionStatus>;
  /**
   * Hands this terminal to the session, until the user detaches or the program ends.
   *
   * @throws {SessionAttachError} `attach_failed`: it does not run, or the terminal cannot show it
   */
  attach(options: AttachOptions): Promise<AttachEnd>;
  /** Missing: it has none that could be reached without attaching. */
  readonly keyboard?: Keyboard;
  /**
   * Sends a signal to its program. Missing: nothing is left that could get one.
   *
   * @returns what the user should know about its consequences; null: nothing
   * @throws {SessionNotRunningError} `session_not_running`
   * @throws {UsageError} `usage`: its backend does not know that scope
   */
  readonly signal?: (options: SignalOptions) => Promise<string | null>;
  /**
   * Runs a program beside its own, on this terminal or on the streams of this process. What it leaves
   * running belongs to the session. Missing: nobody knows its surroundings.
   *
   * @returns its exit code; 128+n when signal n ended it
   */
  readonly exec?: (argv: readonly string[]) => Promise<number>;
  /**
   * What it uses now. Many that are asked at the same time are looked at together. Missing: nobody
   * can tell.
   */
  readonly usage?: () => Promise<Usage>;
  /** The id of its run; null for a foreign session. */
  readonly run: string | null;
  /** What its engine counts about its executions; missing: nothing, or it was not asked. */
  readonly executions?: Executions;
  /** True when the engine no longer shows the session and only its record and its processes remain. */
  readonly recorded: boolean;
  /** Whether its engine fell silent during the start, so that it may not have begun. */
  readonly isUncertain?: boolean;
  /** Whether its engine now has another name for it. */
  readonly renamed?: boolean;
  /** Whether its program may live although its engine does not show it: its processes tell. */
  readonly hidesProgram: boolean;
  /**
   * Pids of the processes that its program left behind; null: it has not ended, or its backend
   * leaves none. Finding them takes a look at every process of the machine.
   */
  leftovers(): Promise<readonly number[] | null>;
  /**
   * The bytes that it printed, at most so many lines, each ended by a newline.
   *
   * @throws {SessionNotFoundError} `session_not_found`: it has gone meanwhile
   * @throws {BackendUnavailableError} `backend_unavailable`: its engine does not return them
   */
  logs(options: LogOptions): Promise<Uint8Array>;
  /**
   * The same, then its further output, as it comes: until it has ended, or longer if its later runs
   * belong to it, or until it is aborted.
   */
  follow(options: LogOptions, abort: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Runs a program as the session's own runs, but not as a part of it, and drops its output.
   * Missing: it has no engine that could.
   *
   * @returns why the answer is not yes; null: the program ended with 0
   */
  readonly probe?: (argv: readonly string[], options: ProbeOptions) => Promise<string | null>;
  /** Its definition, for starting it again; null for a foreign session. */
  definition(options?: DefinitionOptions): Promise<Definition | null>;
  /**
   * The keys that its engine now shows in another way than kstops asked for when it started it.
   * Missing: its engine lets nobody change any.
   */
  readonly altered?: () => Promise<readonly Change[]>;
  /** Whether its engine still has it after a stop that leaves it there; missing: no stop does. */
  readonly isThere?: () => Promise<boolean>;
  /**
   * Makes its engine start it again as it is; missing: its engine cannot.
   *
   * @returns the session that then runs
   * @throws {SessionStartError} `start_failed`: it did not start, or ended at once with a failure
   */
  readonly restart?: (options: RestartOptions) => Promise<SessionStatus>;
}

/** How to start a session again as it is. */
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
  /** Whether to start it although its last run may go on in an engine that cannot be asked. */
  readonly anyway?: boolean;
  /** Whether to replace only what its own config started, since no name was given (`--all`). */
  readonly ownOnly?: boolean;
  /** Whether the machine has just booted. */
  readonly atBoot?: boolean;
}

/** How to try out whether a session could start. */
export interface RehearsalOptions {
  /** The session that is stopped before: its resources will be free. */
  readonly replaced: Session | null;
  /** See {@link StartOptions}. */
  readonly ownOnly?: boolean;
  /** Tells the user what takes long, such as an image that is pulled first; a line each. */
  readonly say: (text: string) => void;
}

/** A call of an engine, as it would be made. */
export interface EngineCall {
  readonly argv: readonly string[];
  /** The text on its standard input; null: none. */
  readonly stdin: string | null;
  /** Names of the variables in its environment besides those of kstops itself. */
  readonly env: readonly string[];
}

/** What an engine says by itself of one of our sessions. */
export interface EngineEvent {
  readonly event: "exited" | "restarted";
  readonly session: string;
  /** The id of its run. */
  readonly run: string;
  readonly engine: Engine;
  readonly at: Date;
  /** Of `exited`; null: it does not say. */
  readonly exitCode: number | null;
}

/** A backend at work. It only gets definitions of its own. */
export interface Runner<D extends Definition = Definition> {
  readonly backend: BackendType;
  /** Asks the places of this backend within the selector, at the same time. */
  survey(selector: PlaceSelector, options?: SurveyOptions): Promise<readonly Survey[]>;
  /**
   * Checks what would make a start fail, without creating anything.
   *
   * @param replaced the session that is stopped before: its resources will be free
   * @throws {SessionConfigError} `value_invalid`: its directory cannot be used
   * @throws {SessionStartError} `start_failed`: its program cannot be executed
   * @throws {SessionExistsError} `session_exists`: something else has its name there
   */
  check(definition: D, replaced?: Session | null): Promise<void>;
  /**
   * Checks what else would make a start fail, in a trial that leaves nothing behind except an image
   * that was missing. A backend without this method has nothing to try.
   *
   * @throws {SessionStartError} `start_failed`
   */
  rehearse?(definition: D, options: RehearsalOptions): Promise<void>;
  /**
   * Where a start would put a session; for containers, the runtime that a definition without one
   * means.
   *
   * @throws {BackendNotFoundError} `backend_not_found`
   */
  place(definition: D): Promise<Place>;
  /**
   * The first call of a start. Runs and creates nothing; values that only a start makes, such as
   * the id of the run, are words in capitals. Values of the definition are included as they are:
   * pass a definition that may be shown.
   */
  plan(definition: D): Promise<EngineCall>;
  /**
   * Starts a session, and replaces an ended managed one of that name.
   *
   * @throws {SessionExistsError} `session_exists`
   * @throws {SessionStartError} `start_failed`
   * @throws {SessionConfigError} `value_invalid`, see {@link Runner.check}
   * @throws {BackendNotFoundError} `backend_not_found`
   * @throws {BackendUnavailableError} `backend_unavailable`
   */
  start(definition: D, options: StartOptions): Promise<SessionStatus>;
  /**
   * Tells what its engines start and end by themselves, until it is aborted; a backend without it has
   * engines that do nothing by themselves.
   */
  watch?(tell: (event: EngineEvent) => void, abort: AbortSignal): Promise<void>;
}
