/** What each kind of operation was asked for, and how it goes on after an answer. */
import { OperationNotFoundError } from "../errors.ts";
import type { Operation } from "../operations/machine.ts";
import type { Task } from "../operations/operate.ts";
import { type PlaceFlags, selectionOf } from "../sessions/place_flags.ts";
import type { Restarted } from "./restart.ts";
import { parseOptions, parseRequest } from "./request.ts";
import type { Started } from "./start.ts";
import type { Stopped } from "./stop.ts";
import { type ChangeTask, outcomeOf, truthOf } from "./each.ts";
import type { ChangeTools } from "./tools.ts";

/** What a change of any kind came to. */
export type AnyChange = Started | Stopped | Restarted;

/** Makes the task of a waiting operation again, from what was recorded of it. */
type Again = (tools: ChangeTools, operation: Waiting) => Promise<{
  readonly task: ChangeTask<AnyChange>;
  /** Where its session is. */
  readonly place: PlaceFlags;
}>;

/** An operation on a session. */
type Waiting = Operation & { readonly session: string };

/** Every kind that can wait for an answer; each is loaded when one of its own goes on. */
const KINDS: Readonly<Record<string, Again>> = {
  start: async (tools, operation) => {
    const { START_CODEC, startTask } = await import("./start.ts");
    // An older kstops did not record with which options.
    if (parseRequest(operation).options === null) throw unknownKind(operation);
    const options = { wait: true, ...parseOptions(operation, START_CODEC) };
    const { backend, socket: socketName, runtime } = options;
    const wanted = { backend, socketName, runtime };
    const request = { ...options, wanted, notResumable: null };
    const recorded = operation.request;
    return { task: startTask(tools, operation.session, { request, recorded }), place: options };
  },
  stop: async (tools, operation) => {
    const { STOP_CODEC, stopTask } = await import("./stop.ts");
    const request = parseOptions(operation, STOP_CODEC);
    const look = () => tools.sessions().find("stop", operation.session, selectionOf(request));
    const recorded = operation.request;
    return {
      task: stopTask(tools, operation.session, { request, recorded, look }),
      place: request,
    };
  },
  restart: async (tools, operation) => {
    const { RESTART_CODEC, restartTask } = await import("./restart.ts");
    const request = { wait: true, ...parseOptions(operation, RESTART_CODEC) };
    const look = () => tools.sessions().find("restart", operation.session, selectionOf(request));
    const recorded = operation.request;
    return {
      task: restartTask(tools, operation.session, { request, recorded, look }),
      place: request,
    };
  },
};

/**
 * The task of an operation that waits for an answer, to be planned afresh.
 *
 * @throws {OperationNotFoundError} `operation_not_found`: this kstops cannot go on with it
 */
export async function taskAgain(
  tools: ChangeTools,
  operation: Operation,
): Promise<Task<AnyChange>> {
  const again = Object.hasOwn(KINDS, operation.kind) ? KINDS[operation.kind] : undefined;
  const { session } = operation;
  if (session === null || again === undefined) throw unknownKind(operation);
  const { task, place } = await again(tools, { ...operation, session });
  const truth = truthOf(tools, [session], selectionOf(place));
  return { ...task, outcome: outcomeOf, explain: (error) => truth(error, session) };
}

function unknownKind({ id, kind }: Operation): OperationNotFoundError {
  return new OperationNotFoundError("resume", id, {
    reason: `this kstops does not know how to go on with a ${kind}`,
    hint: `abort it: kstops operations cancel ${id}`,
  });
}
