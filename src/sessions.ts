/** The facade over all backends: list, find and start sessions, wherever they live. */
import type { Runner, Session, StartOptions, Survey } from "./backends/backend.ts";
import { type BackendSettings, REGISTRY } from "./backends/registry.ts";
import type { DefinedSession } from "./config/defined.ts";
import {
  BackendUnavailableError,
  type OpsError,
  quote,
  SessionAmbiguousError,
  SessionNotFoundError,
  TmuxNotFoundError,
} from "./errors.ts";
import {
  type BackendType,
  type Definition,
  type Engine,
  type SessionStatus,
  statusOf,
} from "./model.ts";
import { closest } from "./suggest.ts";
import type { World } from "./world.ts";

/** Flags that choose a place. */
export interface Selection {
  readonly backend?: BackendType | undefined;
  readonly socketName?: string | undefined;
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
   */
  find(verb: string, name: string, selection: Selection): Promise<Match>;
  /** Looks for what would make a start fail: see {@link Runner.check}. */
  check(definition: Definition): Promise<void>;
  /** Starts a session: see {@link Runner.start}. */
  start(definition: Definition, options: StartOptions): Promise<SessionStatus>;
}

/** The sessions of this machine, with those that a config defines. */
export function sessionsOf(
  world: World,
  settings: BackendSettings,
  defined: readonly DefinedSession[],
): Sessions {
  return sessionsOver(REGISTRY.map((make) => make(world, settings)), defined);
}

/** The sessions that some backends have, with those that a config defines. */
export function sessionsOver(
  runners: readonly Runner[],
  definitions: readonly DefinedSession[],
): Sessions {
  const runnerFor = (backend: BackendType, task: string): Runner => {
    const chosen = runners.find((runner) => runner.backend === backend);
    if (chosen === undefined) throw noSuchBackend(backend, task);
    return chosen;
  };
  const isMissing = (backend: BackendType): boolean =>
    !runners.some((runner) => runner.backend === backend);
  const defined = definitions.map((definition) =>
    isMissing(definition.backend) && definition.problem === null
      ? { ...definition, problem: noBackendReason(definition.backend) }
      : definition
  );
  const survey = async (selection: Selection): Promise<Survey[]> => {
    const asked = backendsFor(selection);
    const where = selection.socketName === undefined ? {} : { socketName: selection.socketName };
    const surveys = await Promise.all(
      runners.filter(({ backend }) => asked.includes(backend)).map((each) => each.survey(where)),
    );
    return surveys.flat();
  };
  return {
    list: async (selection) => {
      if (selection.backend !== undefined) {
        runnerFor(selection.backend, `list ${selection.backend} sessions`);
      }
      return listing(await survey(selection), defined, selection);
    },
    find: async (verb, name, selection) => {
      const task = `${verb} ${quote(name)}`;
      if (selection.backend !== undefined) runnerFor(selection.backend, task);
      const definition = defined.find((session) => session.name === name);
      const chosen = { ...placeOf(definition, selection), ...withoutUndefined(selection) };
      const surveys = await survey(chosen);
      const found = match({ verb, name, definition, selection, surveys, defined });
      return found.kind === "defined" && isMissing(found.status.backend)
        ? { ...found, trouble: noSuchBackend(found.status.backend, task) }
        : found;
    },
    check: async (definition) =>
      await runnerFor(definition.backend, `start ${quote(definition.name)}`).check(definition),
    start: async (definition, options) => {
      const runner = runnerFor(definition.backend, `start ${quote(definition.name)}`);
      return mark(await runner.start(definition, options), defined);
    },
  };
}

function backendsFor(selection: Selection): BackendType[] {
  if (selection.backend !== undefined) return [selection.backend];
  // A socket is tmux's own.
  return selection.socketName === undefined ? ["tmux", "container"] : ["tmux"];
}

function noBackendReason(backend: BackendType): string {
  return `this version of kstops has no ${backend} backend`;
}

function noSuchBackend(backend: BackendType, task: string): BackendUnavailableError {
  const reason = noBackendReason(backend);
  return new BackendUnavailableError(`Cannot ${task}: ${reason}`, {
    reason,
    hint: task.startsWith("start ")
      ? "run it in tmux: --backend tmux --command ..."
      : "use podman or docker itself",
  });
}

function withoutUndefined(selection: Selection): Selection {
  return Object.fromEntries(Object.entries(selection).filter(([, value]) => value !== undefined));
}

/** The place that a definition names, unless flags mean another one. */
function placeOf(definition: DefinedSession | undefined, selection: Selection): Selection {
  if (definition === undefined || !isSelected(definition, selection)) return {};
  const { backend, socketName } = definition.named;
  return {
    ...(backend === null ? {} : { backend }),
    ...(socketName === null ? {} : { socketName }),
  };
}

function mark(status: SessionStatus, defined: readonly DefinedSession[]): SessionStatus {
  return defined.some((definition) => isOf(status, definition))
    ? { ...status, defined: true }
    : status;
}

/** Whether a session is the one that a definition means: same name, and the place that it names. */
function isOf(status: SessionStatus, { name, named }: DefinedSession): boolean {
  return status.name === name &&
    (named.backend === null || named.backend === status.backend) &&
    (named.socketName === null || named.socketName === status.socketName);
}

// --- list ----------------------------------------------------------------------------------------

function listing(
  surveys: readonly Survey[],
  defined: readonly DefinedSession[],
  selection: Selection,
): Listing {
  const inScope = defined.filter((definition) => isSelected(definition, selection));
  const running = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status));
  const troubles = surveys.flatMap((survey) => reportOf(survey, inScope, selection));
  const rows = surveys.flatMap(troubleRow);
  return { statuses: [...withDefined(running, inScope, surveys), ...rows], troubles };
}

function isSelected({ backend, named }: DefinedSession, selection: Selection): boolean {
  if (selection.backend !== undefined && selection.backend !== backend) return false;
  if (selection.socketName === undefined) return true;
  return backend === "tmux" && (named.socketName ?? "default") === selection.socketName;
}

/** The sessions that engines have, then those that are only defined, each group by name. */
export function withDefined(
  running: readonly SessionStatus[],
  defined: readonly DefinedSession[],
  surveys: readonly Survey[] = [],
): SessionStatus[] {
  const rest = defined.filter((definition) => !running.some((status) => isOf(status, definition)));
  return [
    ...running.map((status) => mark(status, defined)).toSorted(byName),
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
  const silent = surveys.find((survey) => holds(survey, definition));
  const reason = problem ?? silent?.trouble?.reason ?? null;
  return statusOf({
    name,
    backend,
    state: reason === null ? "defined" : "unknown",
    defined: true,
    engine: backend === "tmux" ? "tmux" : null,
    socketName: backend === "tmux" ? named.socketName ?? "default" : null,
    command,
    image,
    workingDir,
    reason,
  });
}

/** Whether a place that does not answer is the one where a defined session would be. */
function holds({ place, trouble }: Survey, { backend, named }: DefinedSession): boolean {
  return trouble !== null && place.backend === backend &&
    (place.socketName === null || place.socketName === (named.socketName ?? "default"));
}

function troubleRow({ place, trouble }: Survey): SessionStatus[] {
  if (trouble?.kind !== "unreachable") return [];
  const { backend, engine, socketName } = place;
  const { reason } = trouble;
  return [statusOf({ name: null, backend, state: "unknown", engine, socketName, reason })];
}

function reportOf(
  survey: Survey,
  defined: readonly DefinedSession[],
  selection: Selection,
): ReportedTrouble[] {
  const { place, trouble } = survey;
  if (trouble === null) return [];
  const { engine, socketName, backend } = place;
  const wanted = selection.backend === backend || selection.socketName !== undefined ||
    defined.some((definition) => definition.problem === null && holds(survey, definition));
  return [{ engine, socketName, wanted, error: troubleError(place, trouble) }];
}

function troubleError(place: Survey["place"], trouble: NonNullable<Survey["trouble"]>): OpsError {
  const where = place.socketName === null
    ? place.engine
    : `tmux on socket ${quote(place.socketName)}`;
  const { hint = null } = trouble;
  const details = { engine: place.engine, socket_name: place.socketName, reason: trouble.reason };
  if (trouble.missing) {
    return new TmuxNotFoundError(`Cannot ask ${where}: ${trouble.reason}`, { hint, details });
  }
  return new BackendUnavailableError(`Cannot ask ${where}: ${trouble.reason}`, {
    reason: trouble.reason,
    hint,
    details,
  });
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
  const found = surveys.flatMap(({ sessions }) => sessions).filter(({ status }) =>
    status.name === name
  );
  if (found.length > 1) throw ambiguous(verb, name, found);
  const [session] = found;
  if (session !== undefined) {
    return { kind: "session", session, status: mark(session.status, defined) };
  }
  if (definition !== undefined && isSelected(definition, selection)) {
    const silent = surveys.find((survey) => holds(survey, definition));
    const trouble = silent?.trouble ? troubleError(silent.place, silent.trouble) : null;
    return { kind: "defined", status: definedStatus(definition, surveys), trouble };
  }
  const silent = surveys.find(({ trouble }) => trouble?.kind === "unreachable");
  if (silent?.trouble) throw troubleError(silent.place, silent.trouble);
  const known = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status.name ?? ""));
  throw new SessionNotFoundError(verb, name, {
    hint: hintFor(name, [...known, ...defined.map((each) => each.name)]),
  });
}

function hintFor(name: string, known: readonly string[]): string {
  // The name itself is known where another place was asked than that of its definition.
  const near = closest(name, known.filter((each) => each !== name));
  return near === null
    ? "kstops list shows every session"
    : `did you mean ${quote(near)}? kstops list shows every session`;
}

function ambiguous(verb: string, name: string, found: readonly Session[]): SessionAmbiguousError {
  const flags = found.map(({ status }) => flagsFor(status));
  return new SessionAmbiguousError(verb, name, {
    reason: `it is found in ${found.length} places`,
    hint: `choose one: ${flags.join(", or ")}`,
    backends: [...new Set(found.map(({ status }) => status.backend))],
    details: {
      places: found.map(({ status }) => ({
        backend: status.backend,
        engine: status.engine,
        socket_name: status.socketName,
        flags: flagsFor(status),
      })),
    },
  });
}

function flagsFor(status: SessionStatus): string {
  return status.backend === "tmux"
    ? `--socket ${status.socketName ?? "default"}`
    : `--runtime ${status.engine ?? ""}`;
}
