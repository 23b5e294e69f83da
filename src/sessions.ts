/** The facade over all backends: list, find and start sessions, wherever they live. */
import type {
  EngineCall,
  Runner,
  Session,
  StartOptions,
  StopOptions,
  Survey,
  Where,
} from "./backends/backend.ts";
import { REGISTRY } from "./backends/registry.ts";
import type { Config } from "./config/config.ts";
import type { DefinedSession } from "./config/defined.ts";
import { besides, existsElsewhere, isOver, managedIn, together, without } from "./elsewhere.ts";
import type { LivingRun, Recorded, Shown } from "./recorded.ts";
import {
  BackendNotFoundError,
  BackendUnavailableError,
  ContainerRuntimeNotFoundError,
  type OpsError,
  quote,
  SessionAmbiguousError,
  SessionExistsError,
  SessionNotFoundError,
  TmuxNotFoundError,
} from "./errors.ts";
import type { LogStore } from "./logs/store.ts";
import {
  type BackendType,
  type Definition,
  type Engine,
  type Place,
  type Runtime,
  RUNTIMES,
  type SessionStatus,
  statusOf,
} from "./model.ts";
import { closest } from "./suggest.ts";
import type { World } from "./world/world.ts";

/** Flags that choose a place. */
export interface Selection {
  readonly backend?: BackendType | undefined;
  readonly socketName?: string | undefined;
  readonly runtime?: Runtime | undefined;
}

/** Everything there is, and what could not be seen. */
export interface Listing {
  readonly statuses: readonly SessionStatus[];
  /** The engines that could not be asked. */
  readonly troubles: readonly ReportedTrouble[];
}

/** An engine that could not be asked. */
export interface ReportedTrouble {
  readonly engine: Engine;
  readonly socketName: string | null;
  /** Whether that engine was asked for by a flag or by a configured session. */
  readonly wanted: boolean;
  readonly error: OpsError;
}

/** What a name stands for: a session that an engine has, or only a definition. */
export type Match =
  | { readonly kind: "session"; readonly session: Session; readonly status: SessionStatus }
  | {
    readonly kind: "defined";
    readonly status: SessionStatus;
    /** Why its engine cannot be asked, so that it may run all the same; null when it does not. */
    readonly trouble: OpsError | null;
  };

/** All sessions of this machine. */
export interface Sessions {
  list(selection: Selection): Promise<Listing>;
  /**
   * The one session of exactly that name.
   *
   * @throws {SessionNotFoundError} `session_not_found`
   * @throws {SessionAmbiguousError} `session_ambiguous`
   * @throws {BackendUnavailableError} `backend_unavailable`: it may be where nobody answers
   * @throws {BackendNotFoundError} `backend_not_found`: the place that was asked for is not installed
   */
  find(verb: string, name: string, selection: Selection): Promise<Match>;
  /**
   * Looks for what would make a start fail: see {@link Runner.check}.
   *
   * @param replaced the session that is stopped before: no other of its name may be anywhere
   * @throws {SessionExistsError} `session_exists`: there is another one
   */
  check(definition: Definition, replaced?: Session): Promise<void>;
  /** Where a start would put a session: see {@link Runner.place}. */
  place(definition: Definition): Promise<Place>;
  /** The call with which a start begins: see {@link Runner.plan}. */
  plan(definition: Definition): Promise<EngineCall>;
  /** What lives of the newest run of that name, unless that was stopped. */
  living(name: string): Promise<LivingRun | null>;
  /**
   * Starts a session: see {@link Runner.start}. What the program of an ended run left behind is ended
   * first, and `options.say` is told of it. An ended one in another place is removed.
   *
   * @throws {SessionExistsError} `session_exists`: its program lives, whatever became of its tmux, or
   * it runs in another place, or under another name that its engine has for it
   * @throws {SessionStopError} `stop_failed`: what was left behind cannot be ended
   */
  start(definition: Definition, options: StartOptions): Promise<SessionStatus>;
}

/** What {@link sessionsOf} works with. */
export interface SessionsSettings {
  /** Is asked for what it is needed for: containers are looked for while it is read. */
  readonly config: () => Promise<Config>;
  readonly logs: LogStore;
}

/** The sessions of this machine, with those that a config defines. */
export function sessionsOf(world: World, { config, logs }: SessionsSettings): Sessions {
  const tmuxBinary = async () => (await config()).settings.tmuxBinary;
  const backends = REGISTRY.map(({ backend, open }) => ({
    backend,
    open: () => open(world, { tmuxBinary, logs }),
  }));
  return sessionsOver(backends, async () => {
    const loaded = await config();
    // Loaded here, since most of the time there is no config: 1 % of what a command takes.
    return loaded.sessions.size === 0
      ? []
      : (await import("./config/defined.ts")).definedSessions(loaded);
  }, recordedLater(world, logs));
}

/** What is recorded; loaded when something is. */
function recordedLater(world: World, logs: LogStore): Recorded {
  const load = async () => (await import("./recorded.ts")).recordedIn(logs, world);
  return {
    named: async (name, shown) => await (await load()).named(name, shown),
    others: async (shown) => {
      const isMissing = (await logs.names()).some((name) => !shown.managed.has(name));
      return isMissing ? await (await load()).others(shown) : [];
    },
    living: async (name) => await (await load()).living(name),
  };
}

/** Nothing is recorded. */
const NO_RECORDS: Recorded = {
  named: () => Promise.resolve(null),
  others: () => Promise.resolve([]),
  living: () => Promise.resolve(null),
};

/** A backend of this machine. */
export interface LocalBackend {
  readonly backend: BackendType;
  readonly open: () => Promise<Runner>;
}

/** The sessions that some backends have, with those that a config defines and those that are recorded. */
export function sessionsOver(
  backends: readonly LocalBackend[],
  readDefined: () => Promise<readonly DefinedSession[]>,
  recorded: Recorded = NO_RECORDS,
): Sessions {
  const runnerFor = async (backend: BackendType): Promise<Runner> => {
    const chosen = backends.find((each) => each.backend === backend);
    if (chosen === undefined) throw new TypeError(`there is no runner for ${backend}`);
    return await chosen.open();
  };
  const survey = async (selection: Selection, name?: string): Promise<Survey[]> => {
    const chosen = backendsFor(selection);
    const surveys: Promise<readonly Survey[]>[] = [];
    // Containers first, since their runtimes take longest: they are asked before the rest is loaded.
    for (const { backend, open } of backends.toReversed()) {
      if (!chosen.includes(backend)) continue;
      const runner = await open();
      const asked = Promise.withResolvers<void>();
      const found = runner.survey(where(selection, name), asked.resolve);
      surveys.push(found);
      // There may be nobody to ask, and it may fail before the others are asked.
      await Promise.race([asked.promise, found.catch(() => {})]);
    }
    return (await Promise.all(surveys)).toReversed().flat();
  };
  /** The runtimes that definitions name and that did not turn up, where they are not installed. */
  const missingRuntimes = async (
    surveys: readonly Survey[],
    definitions: readonly DefinedSession[],
  ): Promise<Survey[]> => {
    const named = new Set(definitions.flatMap(({ named: { runtime } }) => runtime ?? []));
    for (const { place } of surveys) if (place.engine !== "tmux") named.delete(place.engine);
    if (named.size === 0) return [];
    const containers = await runnerFor("container");
    const asked = [...named].map((runtime) => containers.survey({ runtime }));
    return (await Promise.all(asked)).flat().filter(({ trouble }) => trouble?.missing);
  };
  /** Every place, for starts: those of many sessions ask once. */
  const everywhere = together(() => survey({}));
  return {
    list: async (selection) => {
      const [surveys, defined] = await Promise.all([survey(selection), readDefined()]);
      const inScope = defined.filter((definition) => isSelected(definition, selection));
      const missing = await missingRuntimes(surveys, inScope);
      const gone = await recorded.others(shownIn(surveys));
      const all = withRecorded([...surveys, ...missing], gone, { selection, defined });
      return listing(all, inScope, selection);
    },
    find: async (verb, name, selection) => {
      const defined = await readDefined();
      const definition = defined.find((session) => session.name === name);
      const asked = await survey(selection, name);
      const missing = definition === undefined ? [] : await missingRuntimes(asked, [definition]);
      const lost = await recorded.named(name, shownIn(asked));
      const there = [...asked, ...missing];
      const surveys = lost === null ? there : withRecorded(there, [lost], { selection, defined });
      return match({ verb, name, definition, selection, surveys, defined });
    },
    check: async (definition, replaced) => {
      await (await runnerFor(definition.backend)).check(definition);
      if (replaced === undefined) return;
      const [other] = without(managedIn(await everywhere(), definition.name), replaced)
        .filter((session) => !isOver(session));
      if (other !== undefined) throw existsElsewhere(other);
    },
    place: async (definition) => await (await runnerFor(definition.backend)).place(definition),
    plan: async (definition) => await (await runnerFor(definition.backend)).plan(definition),
    living: recorded.living,
    start: async (definition, options) => {
      const runner = await runnerFor(definition.backend);
      const [living, surveys, place] = await Promise.all([
        recorded.living(definition.name),
        everywhere(),
        runner.place(definition),
      ]);
      const others = besides(managedIn(surveys, definition.name), place);
      const other = others.find((session) => !isOver(session));
      if (other !== undefined) throw existsElsewhere(other);
      await clearLastRun(definition, living, options);
      if (others.length > 0) {
        // Before anything is removed: what cannot be started must not cost what is there.
        await runner.check(definition);
        await Promise.all(others.map((session) => session.stop(AS_DEFINED)));
      }
      return mark(await runner.start(definition, options), await readDefined());
    },
  };
}

const AS_DEFINED: StopOptions = { timeoutSeconds: null, force: false };

/** Ends what the last run left behind, unless its program lives. */
async function clearLastRun(
  { name, backend }: Definition,
  living: LivingRun | null,
  { say = () => {} }: StartOptions,
): Promise<void> {
  if (living === null) return;
  const { program } = living.remains;
  if (program !== null) {
    throw new SessionExistsError(name, "it is already running", {
      backend,
      hint: `look at it with kstops status ${name}, or replace it with kstops restart ${name}`,
      details: { socket_name: living.run.begun?.socketName ?? null, pid: program.pid },
    });
  }
  await living.end();
  say(`${name}: ended what its last run left behind: ${living.names}`);
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
    return found.kind === "session" && isThere(found) ? found.status.backend : null;
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

function backendsFor({ backend, socketName, runtime }: Selection): BackendType[] {
  if (backend !== undefined) return [backend];
  // A socket is tmux's own, a runtime one of containers.
  if (socketName !== undefined) return ["tmux"];
  return runtime === undefined ? ["tmux", "container"] : ["container"];
}

function where({ socketName, runtime }: Selection, name: string | undefined): Where {
  return {
    ...(name === undefined ? {} : { name }),
    ...(socketName === undefined ? {} : { socketName }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

/** The place that a definition names, unless flags mean another one. */
function placeOf(definition: DefinedSession | undefined, selection: Selection): Selection {
  if (definition === undefined || !isSelected(definition, selection)) return {};
  const { backend, socketName, runtime } = definition.named;
  return {
    ...(backend === null ? {} : { backend }),
    ...(socketName === null ? {} : { socketName }),
    ...(runtime === null ? {} : { runtime }),
  };
}

function mark(status: SessionStatus, defined: readonly DefinedSession[]): SessionStatus {
  const definition = defined.find((each) => isOf(status, each));
  return definition === undefined ? status : asDefined(status, definition);
}

/** A session that is in the config, which may mean another place than that where it is. */
function asDefined(status: SessionStatus, definition: DefinedSession): SessionStatus {
  if (isPlaced(status, definition)) return { ...status, defined: true };
  const { backend, socketName, runtime } = definition.named;
  const meant = backend === "container"
    ? runtime === null ? "a container" : `a container of ${runtime}`
    : `tmux${socketName === null ? "" : ` on socket ${quote(socketName)}`}`;
  const moved = `the config means ${meant}`;
  const reason = status.reason === null ? moved : `${status.reason}; ${moved}`;
  return { ...status, defined: true, reason };
}

/**
 * Whether a session is the one that a definition means. A managed one of that name is it wherever it
 * runs; a foreign one only where the definition means.
 */
function isOf(status: SessionStatus, definition: DefinedSession): boolean {
  return status.name === definition.name && (status.managed || isPlaced(status, definition));
}

/** Whether a session is in the place that a definition names, as far as it names one. */
function isPlaced(status: SessionStatus, { named }: DefinedSession): boolean {
  return (named.backend === null || named.backend === status.backend) &&
    (named.socketName === null || named.socketName === status.socketName) &&
    (named.runtime === null || named.runtime === status.engine);
}

// --- what is recorded ----------------------------------------------------------------------------

/** What engines show: the names of sessions, and the runs of managed ones. */
function shownIn(surveys: readonly Survey[]): Shown {
  const sessions = surveys.flatMap((survey) => survey.sessions);
  const whole = sessions.filter(({ hidesProgram }) => !hidesProgram);
  return {
    names: new Set(sessions.map(({ status }) => status.name ?? "")),
    managed: new Set(
      whole.flatMap(({ status: { managed, state, name } }) =>
        managed && state === "running" ? name ?? [] : []
      ),
    ),
    runs: new Set(whole.flatMap(({ run }) => run ?? [])),
  };
}

/** The surveys, with the sessions that were where somebody answered, and are there no more. */
function withRecorded(
  surveys: readonly Survey[],
  recorded: readonly Session[],
  { selection, defined }: Pick<Search, "selection" | "defined">,
): readonly Survey[] {
  const gone = recorded.filter(({ status }) => {
    const definition = defined.find(({ name }) => name === status.name);
    // One that ended, and that is defined elsewhere meanwhile, has nothing to do with it.
    const isMeant = status.state === "running" || definition === undefined ||
      isPlaced(status, definition);
    return isMeant && isWhere(status, selection) && isGone(status, surveys);
  });
  const shown = surveys.flatMap(({ sessions }) => sessions);
  const hidden = new Set<Session>();
  const lost = gone.map((session) => {
    const rest = shown.find(({ run }) => run !== null && run === session.run);
    const replaced = shown.filter((other) => other !== rest && isReplaced(other, session));
    for (const other of rest === undefined ? replaced : [rest, ...replaced]) hidden.add(other);
    const whole = rest === undefined ? session : withRest(session, rest);
    return replaced.reduce(withReplaced, whole);
  });
  const others = surveys.map((survey) => ({
    ...survey,
    sessions: survey.sessions.filter((session) => !hidden.has(session)),
  }));
  return [
    ...others,
    ...lost.map((session) => ({
      place: {
        backend: session.status.backend,
        engine: session.status.engine ?? "tmux",
        socketName: session.status.socketName,
      },
      sessions: [session],
      trouble: null,
    })),
  ];
}

/** Whether it is an ended run of what runs elsewhere by now, under another TMUX_TMPDIR above all. */
function isReplaced({ status }: Session, { status: by }: Session): boolean {
  return status.managed && status.state === "exited" && by.state === "running" &&
    status.name === by.name && status.engine === by.engine;
}

/** A session whose stop takes away, too, what its engine has of an earlier run. */
function withReplaced(session: Session, replaced: Session): Session {
  return {
    ...session,
    stop: async (options) => {
      const ended = await session.stop(options);
      await replaced.stop({ ...options, force: true });
      return ended;
    },
  };
}

/** A session whose program its engine does not show, with what the engine has of it all the same. */
function withRest(session: Session, rest: Session): Session {
  const { id, windowCount, attached } = rest.status;
  const status = { ...session.status, id, windowCount, attached };
  return { ...withReplaced(session, rest), status };
}

function isWhere(status: SessionStatus, { backend, socketName, runtime }: Selection): boolean {
  return (backend === undefined || backend === status.backend) &&
    (socketName === undefined || socketName === status.socketName) &&
    (runtime === undefined || runtime === status.engine);
}

/** Whether a place that does not have a session can be believed. */
function isGone({ engine, socketName }: SessionStatus, surveys: readonly Survey[]): boolean {
  const home = surveys.find(({ place }) =>
    place.engine === engine && (place.socketName === null || place.socketName === socketName)
  );
  // A tmux server that does not run has nothing; a container is there even while its daemon is not.
  if (engine === "tmux") return home?.trouble?.kind !== "unreachable";
  return home !== undefined && home.trouble === null;
}

// --- list ----------------------------------------------------------------------------------------

function listing(
  surveys: readonly Survey[],
  defined: readonly DefinedSession[],
  selection: Selection,
): Listing {
  const running = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status));
  const troubles = surveys.flatMap((survey) => reportOf(survey, { surveys, defined, selection }));
  const rows = surveys.flatMap(troubleRow);
  return { statuses: [...withDefined(running, defined, surveys), ...rows], troubles };
}

function isSelected({ backend, named }: DefinedSession, selection: Selection): boolean {
  const { socketName, runtime } = selection;
  if (selection.backend !== undefined && selection.backend !== backend) return false;
  if (socketName !== undefined) {
    return backend === "tmux" && (named.socketName ?? "default") === socketName;
  }
  if (runtime === undefined) return true;
  // One that names no runtime may run on any.
  return backend === "container" && (named.runtime ?? runtime) === runtime;
}

/** The sessions that engines have, then those that are only defined, each group by name. */
export function withDefined(
  running: readonly SessionStatus[],
  defined: readonly DefinedSession[],
  surveys: readonly Survey[] = [],
): SessionStatus[] {
  const namesakes = Map.groupBy(defined, ({ name }) => name);
  const found = new Set<DefinedSession>();
  const marked = running.map((status) => {
    const all = namesakes.get(status.name ?? "") ?? [];
    const own = all.filter((definition) => isOf(status, definition));
    for (const definition of own) found.add(definition);
    const [definition] = own;
    return definition === undefined ? status : asDefined(status, definition);
  });
  const rest = defined.filter((definition) => !found.has(definition));
  return [
    ...marked.toSorted(byName),
    ...rest.map((definition) => definedStatus(definition, surveys)).toSorted(byName),
  ];
}

function byName(a: SessionStatus, b: SessionStatus): number {
  const left = a.name ?? "";
  const right = b.name ?? "";
  // By code unit: the same order on every machine.
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The status of a session that no engine has: `unknown` when its engine does not answer. */
function definedStatus(definition: DefinedSession, surveys: readonly Survey[]): SessionStatus {
  const { name, backend, named, command, image, workingDir, problem } = definition;
  const reason = problem ?? homeOf(definition, surveys)?.trouble?.reason ?? null;
  return statusOf({
    name,
    backend,
    state: reason === null ? "defined" : "unknown",
    defined: true,
    engine: backend === "tmux" ? "tmux" : named.runtime,
    socketName: backend === "tmux" ? named.socketName ?? "default" : null,
    command,
    image,
    workingDir,
    reason,
  });
}

/** What was heard of the place where a start would put a defined session. */
function homeOf(
  { backend, named }: DefinedSession,
  surveys: readonly Survey[],
): Survey | undefined {
  if (backend === "tmux") {
    const name = named.socketName ?? "default";
    return surveys.find(({ place }) =>
      place.backend === "tmux" && (place.socketName === null || place.socketName === name)
    );
  }
  const of = (runtime: Runtime) => surveys.find(({ place }) => place.engine === runtime);
  if (named.runtime !== null) return of(named.runtime);
  const homes = RUNTIMES.flatMap((runtime) => of(runtime) ?? []);
  return homes.find(({ trouble }) => !trouble?.missing) ?? homes[0];
}

function troubleRow({ place, trouble }: Survey): SessionStatus[] {
  if (trouble?.kind !== "unreachable") return [];
  const { backend, engine, socketName } = place;
  const { reason } = trouble;
  return [statusOf({ name: null, backend, state: "unknown", engine, socketName, reason })];
}

function reportOf(
  survey: Survey,
  { surveys, defined, selection }: Pick<Search, "surveys" | "defined" | "selection">,
): ReportedTrouble[] {
  const { place, trouble } = survey;
  if (trouble === null) return [];
  const wanted = isAsked(survey, selection) ||
    defined.some((definition) =>
      definition.problem === null && homeOf(definition, surveys) === survey
    );
  // Whoever does not use containers need neither install a runtime nor keep it running.
  if (trouble.kind === "not_running" && !wanted) return [];
  const { engine, socketName } = place;
  return [{ engine, socketName, wanted, error: troubleError(place, trouble) }];
}

/** Whether flags asked for that place: where they chose anything, only that was surveyed. */
function isAsked({ place }: Survey, { backend, socketName, runtime }: Selection): boolean {
  return backend === place.backend || socketName !== undefined || runtime !== undefined;
}

function troubleError(place: Survey["place"], trouble: NonNullable<Survey["trouble"]>): OpsError {
  const { engine, socketName } = place;
  const where = socketName === null ? engine : `tmux on socket ${quote(socketName)}`;
  const { hint = null, reason } = trouble;
  const details = { engine, socket_name: socketName, reason };
  if (!trouble.missing) {
    return new BackendUnavailableError(`Cannot ask ${where}: ${reason}`, { reason, hint, details });
  }
  return engine === "tmux"
    ? new TmuxNotFoundError(`Cannot ask ${where}: ${reason}`, { hint, details })
    : new ContainerRuntimeNotFoundError(`Cannot look for containers: ${reason}`, { hint, details });
}

// --- find ----------------------------------------------------------------------------------------

interface Search {
  readonly verb: string;
  readonly name: string;
  readonly definition: DefinedSession | undefined;
  readonly selection: Selection;
  readonly surveys: readonly Survey[];
  readonly defined: readonly DefinedSession[];
}

function match(search: Search): Match {
  const { verb, name, definition, selection, surveys, defined } = search;
  const namesakes = surveys.flatMap(({ sessions }) => sessions).filter(({ status }) =>
    status.name === name
  );
  // A managed one is the session, wherever it runs; of foreign ones the definition chooses.
  const managed = namesakes.filter(({ status }) => status.managed);
  const found = managed.length > 0
    ? withoutReplaced(managed)
    : namesakes.filter(({ status }) => isWhere(status, placeOf(definition, selection)));
  if (found.length > 1) throw ambiguous(verb, name, found);
  const [session] = found;
  if (session !== undefined) {
    return { kind: "session", session, status: mark(session.status, defined) };
  }
  if (definition !== undefined && isSelected(definition, selection)) {
    const home = homeOf(definition, surveys);
    const trouble = home?.trouble ? troubleError(home.place, home.trouble) : null;
    return { kind: "defined", status: definedStatus(definition, surveys), trouble };
  }
  const silent = surveys.filter(({ trouble }) => trouble !== null);
  const where = silent.find((survey) =>
    survey.trouble?.kind === "unreachable" || isAsked(survey, selection)
  );
  if (where?.trouble) throw troubleError(where.place, where.trouble);
  const known = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status.name ?? ""));
  throw new SessionNotFoundError(verb, name, {
    hint: [
      hintFor(name, [...known, ...defined.map((each) => each.name)]),
      // A stopped container is there even while its daemon is not.
      ...silent.flatMap(({ place, trouble }) =>
        trouble === null || trouble.missing
          ? []
          : `${place.engine} was not asked: ${trouble.reason}`
      ),
    ].join("; "),
  });
}

/** Without those that ended, where their own engine runs a later one. */
function withoutReplaced(sessions: readonly Session[]): readonly Session[] {
  const running = new Set(
    sessions.flatMap(({ status: { state, engine } }) => state === "running" ? [engine] : []),
  );
  return sessions.filter(({ status: { state, engine } }) =>
    state === "running" || !running.has(engine)
  );
}

function hintFor(name: string, known: readonly string[]): string {
  // The name itself is known where another place was asked than that of its definition.
  const near = closest(name, known.filter((each) => each !== name));
  return near === null
    ? "kstops list shows every session"
    : `did you mean ${quote(near)}? kstops list shows every session`;
}

function ambiguous(verb: string, name: string, found: readonly Session[]): SessionAmbiguousError {
  const statuses = found.map(({ status }) => status);
  const places = statuses.map((status) => ({
    backend: status.backend,
    engine: status.engine,
    socket_name: status.socketName,
    flags: flagsFor(status, statuses),
  }));
  return new SessionAmbiguousError(verb, name, {
    reason: `it is found in ${found.length} places`,
    hint: `choose one: ${places.map(({ flags }) => flags).join(", or ")}`,
    backends: [...new Set(statuses.map(({ backend }) => backend))],
    details: { places },
  });
}

/** The shortest flags that choose just that one among all that were found. */
function flagsFor(status: SessionStatus, found: readonly SessionStatus[]): string {
  if (status.backend === "container") return `--runtime ${status.engine ?? ""}`;
  const isOnly = found.filter(({ backend }) => backend === "tmux").length === 1;
  return isOnly ? "--backend tmux" : `--socket ${status.socketName ?? "default"}`;
}
