/** Which sessions flags and definitions mean: by their place, and by whose they are. Pure. */
import type { Survey, Where } from "../backends/backend.ts";
import type { DefinedSession } from "../config/defined.ts";
import { quote } from "../errors.ts";
import type { BackendType, Owner, SessionStatus } from "../model.ts";
import { isAnothers } from "../owner.ts";
import type { Search, Selection } from "./sessions.ts";

export function backendsFor({ backend, socketName, runtime }: Selection): BackendType[] {
  if (backend !== undefined) return [backend];
  // A socket is tmux's own, a runtime one of containers.
  if (socketName !== undefined) return ["tmux"];
  return runtime === undefined ? ["tmux", "container"] : ["container"];
}

export function where({ socketName, runtime }: Selection, names?: readonly string[]): Where {
  return {
    ...(names === undefined ? {} : { names }),
    ...(socketName === undefined ? {} : { socketName }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

/** The place that a definition names, unless flags mean another one. */
export function placeOf(definition: DefinedSession | undefined, selection: Selection): Selection {
  if (definition === undefined || !isSelected(definition, selection)) return {};
  const { backend, socketName, runtime } = definition.named;
  return {
    ...(backend === null ? {} : { backend }),
    ...(socketName === null ? {} : { socketName }),
    ...(runtime === null ? {} : { runtime }),
  };
}

export function mark(
  status: SessionStatus,
  { defined, self }: Pick<Search, "defined" | "self">,
): SessionStatus {
  const definition = defined.find((each) => isOf(status, each, self));
  return definition === undefined ? status : asDefined(status, definition);
}

/** A session that is in the config, which may mean another place than that where it is. */
export function asDefined(status: SessionStatus, definition: DefinedSession): SessionStatus {
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
export function isOf(status: SessionStatus, definition: DefinedSession, self: Owner): boolean {
  if (status.name !== definition.name) return false;
  return status.managed ? !isAnothers(status, self) : isPlaced(status, definition);
}

/** Whether a session is in the place that a definition names, as far as it names one. */
export function isPlaced(status: SessionStatus, { named }: DefinedSession): boolean {
  return (named.backend === null || named.backend === status.backend) &&
    (named.socketName === null || named.socketName === status.socketName) &&
    (named.runtime === null || named.runtime === status.engine);
}

export function isWhere(
  status: SessionStatus,
  { backend, socketName, runtime }: Selection,
): boolean {
  return (backend === undefined || backend === status.backend) &&
    (socketName === undefined || socketName === status.socketName) &&
    (runtime === undefined || runtime === status.engine);
}

export function isSelected({ backend, named }: DefinedSession, selection: Selection): boolean {
  const { socketName, runtime } = selection;
  if (selection.backend !== undefined && selection.backend !== backend) return false;
  if (socketName !== undefined) {
    return backend === "tmux" && (named.socketName ?? "default") === socketName;
  }
  if (runtime === undefined) return true;
  // One that names no runtime may run on any.
  return backend === "container" && (named.runtime ?? runtime) === runtime;
}

/** Whether flags asked for that place: where they chose anything, only that was surveyed. */
export function isAsked({ place }: Survey, { backend, socketName, runtime }: Selection): boolean {
  return backend === place.backend || socketName !== undefined || runtime !== undefined;
}
