/** Which sessions flags and definitions mean, by place and by owner. Pure. */
import type { Survey } from "../backends/backend.ts";
import { descriptorOf } from "../backends/registry.ts";
import type { DefinedSession } from "../config/defined.ts";
import type { Owner, SessionStatus } from "../model.ts";
import {
  completePlace,
  isOpen,
  isWithin,
  knownPlace,
  parsePlaceFlags,
  type Place,
  type PlaceFlags,
  type PlaceSelector,
} from "../model/place.ts";
import { isAnothers } from "../owner.ts";
import type { Search, Selection } from "./sessions.ts";

/**
 * The selection of some flags.
 *
 * @throws {UsageError} `usage`: there is no such place
 */
export function selectionOf(
  { project, all, ...flags }: PlaceFlags & { readonly all?: true | undefined },
): Selection {
  return { ...parsePlaceFlags(flags), project, ownOnly: all };
}

export function mark(
  status: SessionStatus,
  { defined, self }: Pick<Search, "defined" | "self">,
): SessionStatus {
  const definition = defined.find((each) => isOf(status, each, self));
  return definition === undefined ? status : asDefined(status, definition);
}

/** The status of a configured session, whose config may name another place than its own. */
export function asDefined(status: SessionStatus, definition: DefinedSession): SessionStatus {
  const { backend, named, groups } = definition;
  const known = { ...status, defined: true, groups };
  if (isWithin(knownPlace(status), named)) return known;
  const moved = `the config means ${descriptorOf(named.backend ?? backend).meant(named)}`;
  const reason = status.reason === null ? moved : `${status.reason}; ${moved}`;
  return { ...known, reason };
}

/**
 * Whether a session is the one that a definition means. A managed session of that name is, wherever
 * it runs, unless it belongs to another config; a foreign one only in the place that the definition
 * names.
 */
export function isOf(status: SessionStatus, definition: DefinedSession, self: Owner): boolean {
  if (status.name !== definition.name) return false;
  return status.managed
    ? !isAnothers(status, self)
    : isWithin(knownPlace(status), definition.named);
}

/** Where a start would put a defined session. The engine is null while it is open. */
export function homePlace({ backend, named }: DefinedSession): Place {
  return completePlace({ ...named, backend });
}

export function isSelected(definition: DefinedSession, selection: PlaceSelector): boolean {
  const home = homePlace(definition);
  // A definition without an engine may run in any.
  return isWithin({ ...home, engine: home.engine ?? selection.engine }, selection);
}

/** Whether flags asked for that place. If they chose a part of a backend, only that was surveyed. */
export function isAsked({ place }: Survey, { backend, engine, scope }: PlaceSelector): boolean {
  return backend === place.backend || !isOpen(engine) || !isOpen(scope);
}
