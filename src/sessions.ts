/** The facade over all backends: list, find and start sessions, wherever they live. */
import type {
  EngineCall,
  RehearsalOptions,
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
import {
  besides,
  existsAsAnothers,
  existsAsRun,
  existsElsewhere,
  isOver,
  managedIn,
  runsElsewhere,
  together,
  without,
} from "./elsewhere.ts";
import {
  isAnothers,
  isSameOwner,
  isStrange,
  mayBeSame,
  NO_CONFIG,
  ownerName,
  ownerWords,
  type Self,
  selfOf,
} from "./owner.ts";
import type { LivingRun, Recorded, Shown } from "./recorded.ts";
import {
  BackendNotFoundError,
  type OpsError,
  quote,
  SessionAmbiguousError,
  SessionExistsError,
  SessionNotFoundError,
} from "./errors.ts";
import type { LogStore } from "./logs/store.ts";
import {
  type BackendType,
  type Definition,
  type Engine,
  NOBODY,
  type Owner,
  type Place,
  type Runtime,
  RUNTIMES,
  type SessionStatus,
  statusOf,
} from "./model.ts";
import { shellWord } from "./shell.ts";
import { closest } from "./suggest.ts";
import { refuseUnheard, troubleError, type Unheard, unheardOf } from "./unheard.ts";
import type { World } from "./world/world.ts";

/** Flags that choose a place, or whose session it is. */
export interface Selection {
  readonly backend?: BackendType | undefined;
  readonly socketName?: string | undefined;
  readonly runtime?: Runtime | undefined;
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
    /** Or only what is recorded of it, where its engine cannot be asked. */
    readonly kind: "defined";
    readonly status: SessionStatus;
    /** Why its engine cannot be asked, so that it may run all the same; null when it does not. */
    readonly trouble: OpsError | null;
    /** One of that name that is another config's, and that is left alone. */
    readonly anothers?: SessionStatus;
  };

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
   * Tells of an owner whether a session of theirs can be meant: as `--project` says, else one that is
   * not another config's.
   */
  meant(selection: Selection): Promise<(owner: Owner) => boolean>;
  /**
   * Looks for what would make a start fail: see {@link Runner.check}.
   *
   * @param replaced the session that is stopped before: no other of its name may be anywhere
   * @throws {SessionExistsError} `session_exists`: there is another one
   */
  check(definition: Definition, replaced?: Session): Promise<void>;
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
  living(name: string): Promise<LivingRun | null>;
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

/** What {@link sessionsOf} works with. */
export interface SessionsSettings {
  /** Is asked for what it is needed for: containers are looked for while it is read. */
  readonly config: () => Promise<Config>;
  readonly logs: LogStore;
  /** Tells the user that an engine does not answer yet; missing: nobody is there to read it. */
  readonly impatient?: ((text: string) => void) | undefined;
}

/** The sessions of this machine, with those that a config defines. */
export function sessionsOf(world: World, { config, logs, impatient }: SessionsSettings): Sessions {
  const tmuxBinary = async () => (await config()).settings.tmuxBinary;
  const engineTimeoutMs = async () => (await config()).settings.engineTimeoutSeconds * 1000;
  const backends = REGISTRY.map(({ backend, open }) => ({
    backend,
    open: () => open(world, { tmuxBinary, logs, engineTimeoutMs, say: impatient }),
  }));
  return sessionsOver(backends, async () => {
    const loaded = await config();
    // Loaded here, since most of the time there is no config: 1 % of what a command takes.
    return loaded.sessions.size === 0
      ? []
      : (await import("./config/defined.ts")).definedSessions(loaded);
  }, {
    recorded: recordedLater(world, logs),
    self: async () => selfOf(await config()),
    named: async (project) => {
      const { ownerNamed } = await import("./config/owners.ts");
      return await ownerNamed(world, project);
    },
  });
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
    openIn: async (name) => await (await load()).openIn(name),
  };
}

/** Nothing is recorded. */
const NO_RECORDS: Recorded = {
  named: () => Promise.resolve(null),
  others: () => Promise.resolve([]),
  living: () => Promise.resolve(null),
  openIn: () => Promise.resolve(null),
};

/** A backend of this machine. */
export interface LocalBackend {
  readonly backend: BackendType;
  readonly open: () => Promise<Runner>;
}

/** What is known of sessions besides what engines and the config say. */
export interface Known {
  readonly recorded?: Recorded | undefined;
  /** The config as an owner. */
  readonly self?: () => Promise<Self>;
  /** Whom a project, or the path of a config, stands for. */
  readonly named?: (project: string) => Promise<Owner>;
}

/** The sessions that some backends have, with those that a config defines and those that are recorded. */
export function sessionsOver(
  backends: readonly LocalBackend[],
  readDefined: () => Promise<readonly DefinedSession[]>,
  {
    recorded = NO_RECORDS,
    self: readSelf = () => Promise.resolve(NO_CONFIG),
    named: ownerOf = (project) => Promise.resolve({ project, configFile: null }),
  }: Known = {},
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
  /** What would make a start fail, where one place is to follow another, or one run another. */
  const check = async (definition: Definition, replaced?: Session): Promise<void> => {
    const [surveys, self] = await Promise.all([everywhere(), readSelf()]);
    const managed = managedIn(surveys, definition.name);
    const others = replaced === undefined ? managed : without(managed, replaced);
    refuseStrange(others, { definition, self });
    await (await runnerFor(definition.backend)).check(definition, replaced ?? null);
    const other = others.find((session) => !isOver(session));
    if (replaced !== undefined && other !== undefined) throw existsElsewhere(other);
  };
  return withElsewhere({
    list: async (selection) => {
      const [surveys, defined, self] = await Promise.all([
        survey(selection),
        readDefined(),
        readSelf(),
      ]);
      const inScope = defined.filter((definition) => isSelected(definition, selection));
      const missing = await missingRuntimes(surveys, inScope);
      const gone = await recorded.others(shownIn(surveys));
      const there = [...surveys, ...missing];
      const all = withRecorded(there, gone, { selection, defined, self });
      const unheard = gone.flatMap((session) => unheardIn(there, session, selection) ?? []);
      return listing({ surveys: all, unheard }, inScope, { selection, self });
    },
    find: async (verb, name, selection) => {
      const [defined, self] = await Promise.all([readDefined(), readSelf()]);
      const definition = defined.find((session) => session.name === name);
      const asked = await survey(selection, name);
      const missing = definition === undefined ? [] : await missingRuntimes(asked, [definition]);
      const lost = await recorded.named(name, shownIn(asked));
      const there = [...asked, ...missing];
      const surveys = lost === null
        ? there
        : withRecorded(there, [lost], { selection, defined, self });
      const unheard = lost === null ? null : unheardIn(there, lost, selection);
      const owner = selection.project === undefined ? null : await ownerOf(selection.project);
      return match({ verb, name, definition, selection, surveys, defined, unheard, self, owner });
    },
    meant: async ({ project }) => {
      if (project === undefined) {
        const self = await readSelf();
        return (owner) => !isStrange(owner, self);
      }
      const named = await ownerOf(project);
      return (owner) => isSameOwner(owner, named);
    },
    check,
    rehearse: async (definition, options) => {
      await check(definition, options.replaced ?? undefined);
      await (await runnerFor(definition.backend)).rehearse?.(definition, options);
    },
    place: async (definition) => await (await runnerFor(definition.backend)).place(definition),
    plan: async (definition) => await (await runnerFor(definition.backend)).plan(definition),
    living: recorded.living,
    start: async (definition, options) => {
      const runner = await runnerFor(definition.backend);
      const [living, surveys, place, lastEngine, self] = await Promise.all([
        recorded.living(definition.name),
        everywhere(),
        runner.place(definition),
        recorded.openIn(definition.name),
        readSelf(),
      ]);
      refuseStrange(managedIn(surveys, definition.name), { definition, self });
      const owner = living?.run.begun?.owner ?? NOBODY;
      if (living !== null && isInTheWay(owner, { definition, self })) {
        throw existsAsRun(definition.name, living);
      }
      const others = besides(managedIn(surveys, definition.name), place);
      const other = others.find((session) => !isOver(session));
      if (other !== undefined) throw existsElsewhere(other);
      const { anyway = false } = options;
      refuseUnheard(definition.name, { place, surveys, lastEngine, anyway });
      await clearLastRun(definition, living, options);
      if (others.length > 0) {
        // Before anything is removed: what cannot be started must not cost what is there.
        await runner.check(definition);
        await runner.rehearse?.(definition, { replaced: null, say: options.say ?? (() => {}) });
        await Promise.all(others.map((session) => session.stop(AS_DEFINED)));
      }
      const started = await runner.start(definition, options);
      return mark(started, { defined: await readDefined(), self });
    },
  });
}

/** Sessions of which none looks as if it did not run, where flags choose another place than its own. */
function withElsewhere(sessions: Sessions): Sessions {
  return {
    ...sessions,
    find: async (verb, name, selection) => {
      const [found] = await Promise.allSettled([sessions.find(verb, name, selection)]);
      const isMissed = found.status === "fulfilled"
        ? found.value.kind === "defined"
        : found.reason instanceof SessionNotFoundError;
      const { backend, socketName, runtime, ...whose } = selection;
      if (isMissed && [backend, socketName, runtime].some((chosen) => chosen !== undefined)) {
        // What cannot be asked for is no answer: then it is as the chosen place says.
        const other = await sessions.find(verb, name, whose).catch(() => null);
        if (other?.kind === "session" && other.status.managed && other.status.state === "running") {
          throw runsElsewhere(verb, other.session, placeFlags(other.status, [other.status]));
        }
      }
      if (found.status === "rejected") throw found.reason;
      return found.value;
    },
  };
}

const AS_DEFINED: StopOptions = { timeoutSeconds: null, force: false };

/** What a start is for: a definition, and the config that is in force. */
interface Starting {
  readonly definition: Definition;
  readonly self: Self;
}

/** Whether a start must leave alone what is there: it is neither mine nor of whom it is started for. */
function isInTheWay(owner: Owner, { definition, self }: Starting): boolean {
  return isStrange(owner, self) && !isSameOwner(owner, definition.owner);
}

/**
 * Makes sure that a start replaces nothing of another config, not even what has ended.
 *
 * @throws {SessionExistsError} `session_exists`
 */
function refuseStrange(sessions: readonly Session[], starting: Starting): void {
  const strange = sessions.find(({ status }) => isInTheWay(status, starting));
  if (strange !== undefined) throw existsAsAnothers(strange.status);
}

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

function mark(
  status: SessionStatus,
  { defined, self }: Pick<Search, "defined" | "self">,
): SessionStatus {
  const definition = defined.find((each) => isOf(status, each, self));
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
 * runs, unless it is another config's; a foreign one only where the definition means.
 */
function isOf(status: SessionStatus, definition: DefinedSession, self: Owner): boolean {
  if (status.name !== definition.name) return false;
  return status.managed ? !isAnothers(status, self) : isPlaced(status, definition);
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
  { selection, defined, self }: Pick<Search, "selection" | "defined" | "self">,
): readonly Survey[] {
  const gone = recorded.filter(({ status }) => {
    const definition = isAnothers(status, self)
      ? undefined
      : defined.find(({ name }) => name === status.name);
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
    status.name === by.name && status.engine === by.engine && mayBeSame(status, by);
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

/** A recorded session that flags mean, and whose engine cannot be asked. */
function unheardIn(
  surveys: readonly Survey[],
  session: Session,
  selection: Selection,
): Unheard | null {
  return isWhere(session.status, selection) ? unheardOf(session, surveys) : null;
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
  { surveys, unheard }: {
    readonly surveys: readonly Survey[];
    readonly unheard: readonly Unheard[];
  },
  defined: readonly DefinedSession[],
  { selection, self }: Pick<Search, "selection" | "self">,
): Listing {
  const running = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status));
  const troubles = surveys.flatMap((survey) => reportOf(survey, { surveys, defined, selection }));
  const rows = surveys.flatMap(troubleRow);
  // Of one whose definition means an engine in trouble, too, that says as much.
  const lost = unheard.flatMap(({ status }) =>
    defined.some((each) => each.name === status.name && homeOf(each, surveys)?.trouble)
      ? []
      : [status]
  );
  return {
    statuses: [...withDefined([...running, ...lost], defined, { surveys, self }), ...rows],
    troubles,
  };
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
  { surveys = [], self = NO_CONFIG }: {
    readonly surveys?: readonly Survey[];
    readonly self?: Self;
  } = {},
): SessionStatus[] {
  const namesakes = Map.groupBy(defined, ({ name }) => name);
  const found = new Set<DefinedSession>();
  const marked = running.map((status) => {
    const all = namesakes.get(status.name ?? "") ?? [];
    const own = all.filter((definition) => isOf(status, definition, self));
    for (const definition of own) found.add(definition);
    const [definition] = own;
    return definition === undefined ? status : asDefined(status, definition);
  });
  const rest = defined.filter((definition) => !found.has(definition));
  return [
    ...marked.toSorted(byName),
    ...rest.map((definition) => definedStatus(definition, { surveys, self })).toSorted(byName),
  ];
}

function byName(a: SessionStatus, b: SessionStatus): number {
  const left = a.name ?? "";
  const right = b.name ?? "";
  // By code unit: the same order on every machine.
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The status of a session that no engine has: `unknown` when its engine does not answer. */
function definedStatus(
  definition: DefinedSession,
  { surveys, self }: Pick<Search, "surveys" | "self">,
): SessionStatus {
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
    project: self.project,
    configFile: self.configFile,
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

// --- find ----------------------------------------------------------------------------------------

interface Search {
  readonly verb: string;
  readonly name: string;
  readonly definition: DefinedSession | undefined;
  readonly selection: Selection;
  readonly surveys: readonly Survey[];
  readonly defined: readonly DefinedSession[];
  /** What is recorded of it, where its engine cannot be asked. */
  readonly unheard: Unheard | null;
  readonly self: Self;
  /** Whose session is meant; null: no flag says. */
  readonly owner: Owner | null;
}

function match(search: Search): Match {
  const { verb, name, definition, selection, surveys, defined, unheard, self, owner } = search;
  const namesakes = surveys.flatMap(({ sessions }) => sessions).filter(({ status }) =>
    status.name === name
  );
  // A managed one is the session, wherever it runs; of foreign ones the definition chooses.
  const managed = namesakes.filter(({ status }) => status.managed);
  const wanted = wantedOf(managed, search);
  const found = wanted.length > 0
    ? withoutReplaced(wanted)
    : owner === null
    ? namesakes.filter(({ status }) =>
      !status.managed && isWhere(status, placeOf(definition, selection))
    )
    : [];
  if (found.length > 1) throw ambiguous(verb, name, found);
  const [session] = found;
  if (session !== undefined) {
    return { kind: "session", session, status: mark(session.status, { defined, self }) };
  }
  const isMine = owner === null || isSameOwner(owner, self);
  const home = definition === undefined ? undefined : homeOf(definition, surveys);
  if (unheard !== null && !home?.trouble && isMeant(unheard.status, search)) {
    const { status, trouble } = unheard;
    return { kind: "defined", status: mark(status, { defined, self }), trouble };
  }
  const [other] = managed;
  if (isMine && definition !== undefined && isSelected(definition, selection)) {
    const trouble = home?.trouble ? troubleError(home.place, home.trouble) : null;
    const anothers = other === undefined ? {} : { anothers: other.status };
    return { kind: "defined", status: definedStatus(definition, search), trouble, ...anothers };
  }
  const silent = surveys.filter(({ trouble }) => trouble !== null);
  const where = silent.find((survey) =>
    survey.trouble?.kind === "unreachable" || isAsked(survey, selection)
  );
  if (where?.trouble) throw troubleError(where.place, where.trouble);
  const known = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status.name ?? ""));
  throw new SessionNotFoundError(verb, name, {
    ...(owner === null ? {} : { reason: reasonOfNone(selection.project ?? "", managed) }),
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

/**
 * Of managed sessions of one name those that are meant: whose the flag says; without it mine, and only
 * where I have none those of other configs.
 */
function wantedOf(
  managed: readonly Session[],
  { owner, self, selection }: Search,
): readonly Session[] {
  const meant = managed.filter(({ status }) => isMeant(status, { owner, self, selection }));
  return meant.length > 0 || owner !== null || selection.ownOnly ? meant : managed;
}

/** Whether a session is of the owner that is meant: of a flag, of `--all`, or of an exact name. */
function isMeant(
  status: SessionStatus,
  { owner, self, selection }: Pick<Search, "owner" | "self" | "selection">,
): boolean {
  if (owner !== null) return isSameOwner(status, owner);
  return selection.ownOnly ? isSameOwner(status, self) : !isStrange(status, self);
}

function reasonOfNone(project: string, [other]: readonly Session[]): string {
  const none = `${quote(project)} has no such session`;
  return other === undefined
    ? none
    : `${none}; one of that name belongs to ${ownerWords(other.status)}`;
}

/** Without those that ended, where their own engine runs a later one. */
function withoutReplaced(sessions: readonly Session[]): readonly Session[] {
  const running = sessions.filter(({ status }) => status.state === "running");
  return sessions.filter(({ status }) =>
    status.state === "running" ||
    !running.some(({ status: by }) => by.engine === status.engine && mayBeSame(status, by))
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
    project: status.project,
    config_file: status.configFile,
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
  const isOnlyOfOwner = found.every((each) => each === status || !mayBeSame(each, status));
  return isOnlyOfOwner ? `--project ${shellWord(ownerName(status))}` : placeFlags(status, found);
}

/** The shortest flags that choose just that place among all that were found. */
function placeFlags(status: SessionStatus, found: readonly SessionStatus[]): string {
  if (status.backend === "container") return `--runtime ${status.engine ?? ""}`;
  const isOnly = found.filter(({ backend }) => backend === "tmux").length === 1;
  return isOnly ? "--backend tmux" : `--socket ${status.socketName ?? "default"}`;
}
