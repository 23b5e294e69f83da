/**
 * Operations as scripts and people see them. The keys of the JSON are a promise: they are only ever
 * added to.
 */
import type { Json } from "../errors.ts";
import type { OperationState } from "../model.ts";
import type { OperationEvent } from "../operations/ledger.ts";
import { type Actor, type Operation, stateToPhase } from "../operations/machine.ts";
import { type Colour, moment, type Screen } from "./screen.ts";
import { time } from "../wire.ts";

/** How much of an ID a terminal shows: unique among some thousands. */
export const SHORT_ID = 8;

/** The JSON of an operation. */
export function operationToWire(operation: Operation): { [key: string]: Json } {
  return {
    id: operation.id,
    kind: operation.kind,
    session: operation.session,
    parent_id: operation.parentId,
    place: operation.place,
    request: operation.request,
    actor: operation.actor === null ? null : actorToWire(operation.actor),
    pid: operation.owner.pid,
    host: operation.owner.host,
    state: operation.state,
    current_phase: operation.currentPhase,
    next_action: operation.nextAction,
    created_at: time(operation.createdAt),
    last_heartbeat: time(operation.lastHeartbeat),
    pending_input: operation.pendingInput,
    result: operation.result,
    error: operation.error,
  };
}

/** The JSON of an event. */
export function eventToWire(event: OperationEvent): { [key: string]: Json } {
  return {
    seq: event.seq,
    operation_id: event.operationId,
    kind: event.kind,
    session: event.session,
    at: time(event.at),
    type: event.type,
    state: event.state,
    current_phase: stateToPhase(event.state),
    payload: event.payload,
  };
}

function actorToWire(actor: Actor): { [key: string]: Json } {
  return {
    user: actor.user,
    uid: actor.uid,
    sudo_user: actor.sudoUser,
    ssh_client: actor.sshClient,
    tty: actor.tty,
    version: actor.version,
  };
}

/** Who asked for it: the user before sudo, and from where. */
export function actorText(actor: Actor | null): string {
  if (actor === null) return "-";
  const { user, uid, sudoUser, sshClient } = actor;
  const name = user ?? (uid === null ? "-" : `uid ${uid}`);
  return [
    sudoUser === null ? name : `${sudoUser} (as ${name})`,
    ...(sshClient === null ? [] : [`from ${sshClient}`]),
  ].join(" ");
}

/** An outcome or a question in a few words; `-` when there are none. */
export function payloadText(payload: Json): string {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return "-";
  const { message, reason, code, state } = payload as { readonly [key: string]: Json };
  const words = message ?? reason ?? code ?? state ?? null;
  return words === null ? "-" : String(words);
}

/** Whether the boot or the shutdown of the machine asked for it, in words; empty: it did not. */
export function bootText({ kind, request }: Pick<Operation, "kind" | "request">): string {
  const { flags = null } = (request ?? {}) as { readonly flags?: { readonly boot?: Json } | null };
  if (flags?.boot !== true) return "";
  return kind === "stop" ? "since the machine went down" : "after a reboot";
}

/** An operation in one line: `restart failed, 5 min ago, by ada from 203.0.113.5: Cannot ...`. */
export function operationText(operation: Operation, screen: Screen): string {
  const { kind, state, createdAt, actor, error, result, pendingInput } = operation;
  const said = payloadText(error ?? result ?? pendingInput);
  const outcome = said === "-" ? "" : `: ${said}`;
  const boot = bootText(operation);
  const why = boot === "" ? "" : `, ${boot}`;
  return `${kind} ${state}, ${moment(createdAt, screen)}, by ${actorText(actor)}${why}${outcome}`;
}

/** The colour for a state of an operation. */
export function operationColour(state: OperationState): Colour | null {
  if (state === "done") return "green";
  if (state === "failed") return "red";
  return state === "aborted" || state === "input_required" ? "yellow" : null;
}
