/** What kstops last did to a session. */
import type { Json } from "../errors.ts";
import { NOBODY, type Owner, type SessionStatus } from "../model.ts";
import { lockName } from "../model/place.ts";
import { mayBeSame } from "../owner.ts";
import type { Operation } from "./machine.ts";
import type { OperationStore } from "./store.ts";

/** The operations on exactly this session in a store, latest first. */
export function latestOn(
  store: Pick<OperationStore, "list">,
  status: SessionStatus,
): readonly Operation[] {
  return operationsOn(status, store.list({ session: status.name ?? "" }));
}

/**
 * The operations on exactly this session, in the given order. An operation on a namesake, at
 * another place or of another config, is left out. The place is unknown for an operation that ended
 * before it found its session, and for a session that is only defined.
 */
export function operationsOn(
  status: SessionStatus,
  operations: readonly Operation[],
): readonly Operation[] {
  const { name, state } = status;
  const here = state === "defined" ? null : lockName(status);
  return operations.filter(({ session, place, result }) =>
    session === name && (place === null || here === null || place === here) &&
    mayBeSame(ownerIn(result), status)
  );
}

/** The owner in an operation's result; nobody when it names none. */
function ownerIn(result: Json): Owner {
  if (typeof result !== "object" || result === null || Array.isArray(result)) return NOBODY;
  const { project = null, config_file: configFile = null } = result as Record<string, Json>;
  return {
    project: typeof project === "string" ? project : null,
    configFile: typeof configFile === "string" ? configFile : null,
  };
}
