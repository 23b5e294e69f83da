/** Converts rows of the database of operations. Pure. */
import type { Json } from "../errors.ts";
import { momentOf, OPERATION_STATES, type OperationState } from "../model.ts";
import { DatabaseError, type SqlValue } from "../world/world.ts";
import type { OperationEvent } from "./ledger.ts";
import { type Actor, nextAction, type Operation, type Owner, stateToPhase } from "./machine.ts";

/** A row, by column names. */
type Row = Readonly<Record<string, SqlValue>>;

/**
 * The operation of a row.
 *
 * @throws {DatabaseError} `corrupt`
 */
export function operationOf(row: Row): Operation {
  const state = stateOf(row);
  return {
    id: textOf(row, "id"),
    kind: textOf(row, "kind"),
    session: textOrNull(row, "session"),
    parentId: textOrNull(row, "parent_id"),
    place: textOrNull(row, "place"),
    request: jsonOf(row, "request"),
    actor: actorOf(row),
    owner: ownerOf(row),
    state,
    currentPhase: stateToPhase(state),
    nextAction: nextAction(state),
    createdAt: timeOf(row, "created_at"),
    lastHeartbeat: timeOf(row, "last_heartbeat"),
    pendingInput: jsonOf(row, "pending_input"),
    error: jsonOf(row, "error"),
    result: jsonOf(row, "result"),
  };
}

/**
 * The event of a row, which also has the kind and the session of its operation.
 *
 * @throws {DatabaseError} `corrupt`
 */
export function eventOf(row: Row): OperationEvent {
  return {
    seq: Number(row["seq"]),
    operationId: textOf(row, "operation_id"),
    kind: textOf(row, "kind"),
    session: textOrNull(row, "session"),
    at: timeOf(row, "at"),
    type: row["type"] === "outcome" ? "outcome" : "moved",
    state: stateOf(row),
    payload: jsonOf(row, "payload"),
  };
}

function stateOf(row: Row): OperationState {
  const state = OPERATION_STATES.find((each) => each === row["state"]);
  if (state === undefined) throw new DatabaseError("corrupt", `malformed state ${row["state"]}`);
  return state;
}

function timeOf(row: Row, key: string): Date {
  const time = momentOf(Number(row[key]));
  if (time === null) throw new DatabaseError("corrupt", `malformed time in ${key}`);
  return time;
}

/** Another version may have written more keys, or fewer. */
function actorOf(row: Row): Actor | null {
  const actor = jsonOf(row, "actor");
  if (actor === null) return null;
  const { user, uid, sudoUser, sshClient, tty, version } = fieldsOf(actor, "actor");
  const text = (value: unknown): string | null => typeof value === "string" ? value : null;
  return {
    user: text(user),
    uid: Number.isSafeInteger(uid) ? Number(uid) : null,
    sudoUser: text(sudoUser),
    sshClient: text(sshClient),
    tty: text(tty),
    version: text(version) ?? "",
  };
}

function ownerOf(row: Row): Owner {
  const { pid, host, instance } = fieldsOf(jsonOf(row, "owner"), "owner");
  if (!Number.isSafeInteger(pid) || typeof host !== "string" || typeof instance !== "string") {
    throw new DatabaseError("corrupt", "malformed owner");
  }
  return { pid: Number(pid), host, instance };
}

function fieldsOf(value: Json, key: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DatabaseError("corrupt", `malformed ${key}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function textOf(row: Row, key: string): string {
  return String(row[key]);
}

function textOrNull(row: Row, key: string): string | null {
  return row[key] === null ? null : String(row[key]);
}

function jsonOf(row: Row, key: string): Json {
  const text = row[key];
  if (typeof text !== "string") return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new DatabaseError("corrupt", `malformed JSON in ${key}`);
  }
}
