/** Finds managed sessions of one name in all places: there must never be two of them. */
import type { Session, Survey } from "../backends/backend.ts";
import {
  InputRequiredError,
  type Json,
  SessionExistsError,
  SessionNotFoundError,
} from "../errors.ts";
import { NOBODY, type Owner, type SessionStatus } from "../model.ts";
import { descriptorOf } from "../backends/registry.ts";
import { isSamePlace, knownPlace, type Place } from "../model/place.ts";
import { isNobodys, ownerName, ownerWords } from "../owner.ts";
import type { LivingRun } from "./recorded.ts";
import { shellWord } from "../shell.ts";

/** The managed sessions with this name. */
export function managedIn(surveys: readonly Survey[], name: string): readonly Session[] {
  return surveys.flatMap(({ sessions }) => sessions).filter(({ status }) =>
    status.managed && status.name === name
  );
}

/** The sessions that a start in a place would not meet: the engine there finds its own namesake. */
export function besides(sessions: readonly Session[], place: Place): readonly Session[] {
  return sessions.filter(({ status, renamed }) =>
    renamed === true || !isSamePlace(knownPlace(status), place)
  );
}

/** All but the session itself, known by its run, or by its id when an older kstops recorded no run. */
export function without(sessions: readonly Session[], own: Session): readonly Session[] {
  return sessions.filter(({ run, status }) =>
    run === null
      ? status.id !== own.status.id || status.engine !== own.status.engine
      : run !== own.run
  );
}

/** Whether the program is gone and only its end is left to be read. */
export function isOver({ status }: Session): boolean {
  return descriptorOf(status.backend).isOver(status);
}

/** The error for a second start of a session, naming its place. */
export function existsElsewhere({ status, renamed }: Session): SessionExistsError {
  const { backend, state, engineState, reason } = status;
  const name = status.name ?? "";
  const does = state === "running" ? "already running" : engineState ?? state;
  const called = renamed === true && reason !== null ? `; ${reason}` : "";
  return new SessionExistsError(name, `it is ${does} ${whereWords(status)}${called}`, {
    backend,
    hint: `look at it with kstops status ${name}, or replace it with kstops restart ${name}`,
    details: detailsOf(status),
  });
}

/** The error for a session that runs in another place than the flags choose. */
export function runsElsewhere(
  verb: string,
  { status }: Session,
  flags: string,
): SessionNotFoundError {
  return new SessionNotFoundError(verb, status.name ?? "", {
    reason: `it is not there, but running ${whereWords(status)}`,
    backend: status.backend,
    hint: `choose that place, ${flags}, or none`,
    details: detailsOf(status),
  });
}

/** Whether the error says that the session runs elsewhere. */
export function isElsewhere(error: SessionNotFoundError): boolean {
  return "pid" in error.details;
}

/** The error for a start beside another config's session of that name. */
export function existsAsAnothers(status: SessionStatus): SessionExistsError {
  const { backend, state, engineState } = status;
  const name = status.name ?? "";
  const does = state === "running"
    ? "is running"
    : state === "exited"
    ? "has ended"
    : `is ${engineState ?? state}`;
  return new SessionExistsError(
    name,
    `another session with this name ${does} ${whereWords(status)} and ${belongsTo(status)}`,
    {
      backend,
      hint: `look at it with kstops status ${name}, or end it with ${stopAnothers(name, status)}`,
      details: { ...ownerDetails(status), ...detailsOf(status) },
    },
  );
}

/** The same for a session that only a record tells of, and of which something lives. */
export function existsAsRun(name: string, { run, remains, names }: LivingRun): SessionExistsError {
  const { owner = NOBODY, backend = "tmux", socketName = null } = run.begun ?? {};
  const { program } = remains;
  const what = program === null ? `left ${names} behind` : "runs, though no tmux shows it,";
  return new SessionExistsError(
    name,
    `another session with this name ${what} and ${belongsTo(owner)}`,
    {
      backend,
      hint: `look at it with kstops status ${name}, or end it with ${stopAnothers(name, owner)}`,
      details: { ...ownerDetails(owner), socket_name: socketName, pid: program?.pid ?? null },
    },
  );
}

/** The error for changing another config's session without naming its owner. */
export function needsOwner(
  verb: string,
  status: SessionStatus,
  hint: string,
): InputRequiredError {
  return new InputRequiredError(verb, status.name ?? "", {
    reason: `it belongs to ${ownerWords(status)}`,
    hint,
    backend: status.backend,
    details: ownerDetails(status),
  });
}

function detailsOf(
  { engine, socketName, id, pid }: SessionStatus,
): { readonly [key: string]: Json } {
  return { engine, socket_name: socketName, id, pid };
}

/** The owner of a session, for scripts. */
export function ownerDetails({ project, configFile }: Owner): { readonly [key: string]: Json } {
  return { project, config_file: configFile };
}

function belongsTo(owner: Owner): string {
  return isNobodys(owner) ? "was started from no config" : `belongs to ${ownerWords(owner)}`;
}

function stopAnothers(name: string, owner: Owner): string {
  const whose = isNobodys(owner) ? "" : ` --project ${shellWord(ownerName(owner))}`;
  return `kstops stop ${name}${whose}`;
}

function whereWords(status: SessionStatus): string {
  return descriptorOf(status.backend).where(knownPlace(status));
}

/**
 * Merges calls that ask at the same time. An answer is never older than its question: a call that
 * comes while the engine is being asked waits for the next answer.
 */
export function together<T>(ask: () => Promise<T>): () => Promise<T> {
  let current: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  return () =>
    next ??= current.catch(() => {}).then(() => {
      next = null;
      const asked = ask();
      current = asked;
      return asked;
    });
}
