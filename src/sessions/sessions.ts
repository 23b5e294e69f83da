/** The sessions of this machine, wherever they live: what can be asked of them. */
import type {
  EngineCall,
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

/** The place that flags choose, and whose session is meant. */
export interface Selection extends PlaceSelector {
  /** The project, or the path of the config, whose session is meant. */
  readonly project?: string | undefined;
  /** Whether only a session of this config is meant, since its name was not said (`--all`). */
  readonly ownOnly?: boolean | undefined;
}

/** Everything there is, and what could not be seen. */
export interface Listing {
  readonly statuses: readonly SessionStatus[];
  /** The engines that could not be asked. */
  readonly troubles: readonly ReportedTrouble[];
}

/** An engine that could not be asked. */
export interface ReportedTrouble {
  readonly place: Place;
  /** Whether that place was asked for by a flag or by a configured session. */
  readonly wanted: boolean;
  readonly error: OpsError;
}

/** What a name stands for: a session that an engine has, or only a definition. */
export type Match =
  | { readonly kind: "session"; readonly session: Session; readonly status: SessionStatus }
  | {
    /** Or only what is recorded of it, where its engine cannot be asked. */
    readonly kind: "defined";
    readonly status: SessionStatus;
    /** Why its engine cannot be asked, so that it may run all the same; null when it does not. */
    readonly trouble: OpsError | null;
    /** One of that name that is another config's, and that is left alone. */
    readonly anothers?: SessionStatus;
  };

/** What each of several names stands for, or why it stands for none. */
export type Found = ReadonlyMap<string, PromiseSettledResult<Match>>;

/** All sessions of this machine. */
export interface Sessions {
  list(selection: Selection): Promise<Listing>;
  /**
   * The one session of exactly that name.
   *
   * @throws {SessionNotFoundError} `session_not_found`; also where it runs in another place than flags say
   * @throws {SessionAmbiguousError} `session_ambiguous`
   * @throws {BackendUnavailableError} `backend_unavailable`: it may be where nobody answers
   * @throws {BackendNotFoundError} `backend_not_found`: the place that was asked for is not installed
   */
  find(verb: string, name: string, selection: Selection): Promise<Match>;
  /**
   * The same for several names, all of them found in one survey of the engines.
   *
   * @returns what each name comes to, or why it stands for no session: `foundIn`
   */
  findEach(verb: string, names: readonly string[], selection: Selection): Promise<Found>;
  /**
   * Tells of an owner whether a session of theirs can be meant: as `--project` says, else one that is
   * not another config's.
   */
  meant(selection: Selection): Promise<(owner: Owner) => boolean>;
  /**
   * Looks for what would make a start fail: see {@link Runner.check}.
   *
   * @param replaced the session that is stopped before: no other of its name may be anywhere
   * @param ownOnly as of {@link StartOptions}
   * @throws {SessionExistsError} `session_exists`: there is another one
   */
  check(definition: Definition, replaced?: Session, ownOnly?: boolean): Promise<void>;
  /**
   * Tries out whether a session could start: see {@link Runner.rehearse}. What is checked is looked at
   * once more, too.
   */
  rehearse(definition: Definition, options: RehearsalOptions): Promise<void>;
  /** Where a start would put a session: see {@link Runner.place}. */
  place(definition: Definition): Promise<Place>;
  /** The call with which a start begins: see {@link Runner.plan}. */
  plan(definition: Definition): Promise<EngineCall>;
  /** What lives of the newest run of that name, unless that was stopped. */
  living(name: string): Promise<readonly LivingRun[]>;
  /**
   * Starts a session: see {@link Runner.start}. What the program of an ended run left behind is ended
   * first, and `options.say` is told of it. An ended one in another place is removed.
   *
   * @throws {SessionExistsError} `session_exists`: its program lives, whatever became of its tmux, or
   * it runs in another place, or under another name that its engine has for it, or one of that name
   * is there that is another config's
   * @throws {BackendUnavailableError} `backend_unavailable`: its last run may go on in an engine that
   * cannot be asked, unless `options.anyway`
   * @throws {SessionStopError} `stop_failed`: what was left behind cannot be ended
   */
  start(definition: Definition, options: StartOptions): Promise<SessionStatus>;
}

/** A question for one name, with what was heard. */
export interface Search {
  readonly verb: string;
  readonly name: string;
  readonly definition: DefinedSession | undefined;
  readonly selection: Selection;
  readonly surveys: readonly Survey[];
  readonly defined: readonly DefinedSession[];
  /** What is recorded of it, where its engine cannot be asked. */
  readonly unheard: readonly Unheard[];
  readonly self: Self;
  /** Whose session is meant; null: no flag says. */
  readonly owner: Owner | null;
}

/**
 * The backend that holds the one session of exactly that name; null when there is none. An engine
 * that is not installed holds none.
 *
 * @throws {SessionAmbiguousError} `session_ambiguous`: there is one in more than one place
 * @throws {BackendUnavailableError} `backend_unavailable`: it may be where nobody answers
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

/** Whether it is more than a record of what ended. */
export function isThere(
  { session, status }: Extract<Match, { readonly kind: "session" }>,
): boolean {
  return !session.recorded || status.state === "running";
}
