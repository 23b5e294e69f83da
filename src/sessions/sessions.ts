/** The sessions of this machine, wherever they live, and what callers can ask about them. */
import type {
  EngineCall,
  EngineEvent,
  RehearsalOptions,
  Session,
  StartOptions,
  Survey,
} from "../backends/backend.ts";
import type { DefinedSession } from "../config/defined.ts";
import { BackendNotFoundError, type OpsError, SessionNotFoundError } from "../errors.ts";
import type { BackendType, Definition, Owner, SessionStatus } from "../model.ts";
import type { Place, PlaceSelector } from "../model/place.ts";
import type { Self } from "../owner.ts";
import type { LivingRun } from "./recorded.ts";
import type { Unheard } from "./unheard.ts";

/** The place that flags choose, and the owner of the session. */
export interface Selection extends PlaceSelector {
  /** The project, or the path of the config, that owns the session. */
  readonly project?: string | undefined;
  /** Whether only sessions of this config are meant, since no name was given (`--all`). */
  readonly ownOnly?: boolean | undefined;
}

/** All sessions, and the engines that could not be asked. */
export interface Listing {
  readonly statuses: readonly SessionStatus[];
  /** The session that a status is of; null: no engine has it. */
  readonly sessionOf: (status: SessionStatus) => Session | null;
  /** The engines that could not be asked. */
  readonly troubles: readonly ReportedTrouble[];
}

/** An engine that could not be asked. */
export interface ReportedTrouble {
  readonly place: Place;
  /** Whether a flag or a configured session asked for that place. */
  readonly wanted: boolean;
  readonly error: OpsError;
}

/** What a name stands for: a session in an engine, or only a definition. */
export type Match =
  | { readonly kind: "session"; readonly session: Session; readonly status: SessionStatus }
  | {
    /** Also a session that is only recorded, when its engine cannot be asked. */
    readonly kind: "defined";
    readonly status: SessionStatus;
    /** Why its engine cannot be asked, so that it may still run; null when it does not run. */
    readonly trouble: OpsError | null;
    /** Another config's session of that name, which is left alone. */
    readonly anothers?: SessionStatus;
  };

/** What each of several names stands for, or why it stands for nothing. */
export type Found = ReadonlyMap<string, PromiseSettledResult<Match>>;

/** All sessions of this machine. */
export interface Sessions {
  list(selection: Selection): Promise<Listing>;
  /**
   * The one session of exactly that name.
   *
   * @throws {SessionNotFoundError} `session_not_found`; also when it runs in another place than
   *   flags say
   * @throws {SessionAmbiguousError} `session_ambiguous`
   * @throws {BackendUnavailableError} `backend_unavailable`: it may be in an engine that does not
   *   answer
   * @throws {BackendNotFoundError} `backend_not_found`: the place that was asked for is not
   *   installed
   */
  find(verb: string, name: string, selection: Selection): Promise<Match>;
  /**
   * The same for several names, with one survey of the engines.
   *
   * @returns what each name stands for, or why it stands for nothing: see `foundIn`
   */
  findEach(verb: string, names: readonly string[], selection: Selection): Promise<Found>;
  /**
   * Makes a function that tells whether sessions of an owner can be meant: those that `--project`
   * names, else all that belong to no other config.
   */
  meant(selection: Selection): Promise<(owner: Owner) => boolean>;
  /**
   * Refuses what would make a start fail: see {@link Runner.check}.
   *
   * @param replaced the session that is stopped before: no other of its name may be anywhere
   * @param ownOnly see {@link StartOptions}
   * @throws {SessionExistsError} `session_exists`: there is another one
   */
  check(definition: Definition, replaced?: Session, ownOnly?: boolean): Promise<void>;
  /** Tries out whether a session could start: see {@link Runner.rehearse}. Also repeats `check`. */
  rehearse(definition: Definition, options: RehearsalOptions): Promise<void>;
  /** Where a start would put a session: see {@link Runner.place}. */
  place(definition: Definition): Promise<Place>;
  /** The first call of a start: see {@link Runner.plan}. */
  plan(definition: Definition): Promise<EngineCall>;
  /** What lives of the newest run of that name, unless it was stopped. */
  living(name: string): Promise<readonly LivingRun[]>;
  /**
   * Starts a session: see {@link Runner.start}. First ends what the program of an ended run left
   * behind, and tells `options.say` so. Removes an ended session in another place.
   *
   * @throws {SessionExistsError} `session_exists`: its program lives, whatever became of its tmux;
   *   or it runs in another place, or under another name that its engine has for it; or the name
   *   belongs to another config's session
   * @throws {BackendUnavailableError} `backend_unavailable`: its last run may go on in an engine
   *   that cannot be asked, unless `options.anyway`
   * @throws {SessionStopError} `stop_failed`: what was left behind cannot be ended
   */
  start(definition: Definition, options: StartOptions): Promise<SessionStatus>;
  /** Tells what engines start and end by themselves: see {@link Runner.watch}. */
  watch(tell: (event: EngineEvent) => void, abort: AbortSignal): Promise<void>;
}

/** A question for one name, with the answers of the engines. */
export interface Search {
  readonly verb: string;
  readonly name: string;
  readonly definition: DefinedSession | undefined;
  readonly selection: Selection;
  readonly surveys: readonly Survey[];
  readonly defined: readonly DefinedSession[];
  /** Recorded sessions whose engine cannot be asked. */
  readonly unheard: readonly Unheard[];
  readonly self: Self;
  /** The owner that is meant; null: no flag names one. */
  readonly owner: Owner | null;
}

/**
 * The backend of the one session of exactly that name; null when there is none. An engine that is
 * not installed has no sessions.
 *
 * @throws {SessionAmbiguousError} `session_ambiguous`: there is one in more than one place
 * @throws {BackendUnavailableError} `backend_unavailable`: it may be in an engine that does not
 *   answer
 */
export async function detectBackend(
  sessions: Sessions,
  name: string,
  selection: Selection,
): Promise<BackendType | null> {
  try {
    const found = await sessions.find("find", name, selection);
    if (found.kind === "session") return isThere(found) ? found.status.backend : null;
    if (found.trouble !== null) throw found.trouble;
    return null;
  } catch (error) {
    if (error instanceof SessionNotFoundError || error instanceof BackendNotFoundError) return null;
    throw error;
  }
}

/** Whether it is more than the record of an ended session. */
export function isThere(
  { session, status }: Extract<Match, { readonly kind: "session" }>,
): boolean {
  return !session.recorded || status.state === "running";
}
