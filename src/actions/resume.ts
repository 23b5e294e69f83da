/** The requests of each kind of operation, and how to continue them after an answer. */
import { OperationNotFoundError, quote, SessionConfigError } from "../errors.ts";
import type { Operation } from "../operations/machine.ts";
import { type Operator, resumable } from "../operations/operate.ts";
import type { OperationStore } from "../operations/store.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Selection } from "../sessions/sessions.ts";
import { shellWord } from "../shell.ts";
import { afterwards, type ChangeTask, type Done, outcomeOf, truthOf } from "./each.ts";
import { parseOptions, parseRequest } from "./request.ts";
import type { Restarted } from "./restart.ts";
import type { Started } from "./start.ts";
import type { Stopped } from "./stop.ts";
import type { ChangeTools } from "./tools.ts";

/** The result of any kind of change. */
export type AnyChange = Started | Stopped | Restarted;

/** Builds the task of a waiting operation again, from its record. */
type Again = (tools: ChangeTools, operation: Waiting) => Promise<{
  readonly task: ChangeTask<AnyChange>;
  /** The place of its session. */
  readonly selection: Selection;
}>;

/** An operation on a session. */
type Waiting = Operation & { readonly session: string };

/** Every kind that can wait for an answer; each is loaded when an operation of it continues. */
const KINDS: Readonly<Record<string, Again>> = {
  start: async (tools, operation) => {
    const { session, request: recorded } = operation;
    const { START_CODEC, startTask } = await import("./start.ts");
    // An older kstops did not record the options.
    if (parseRequest(operation).options === null) throw unknownKind(operation);
    const { wait = true, waitReady, all, boot, ...place } = parseOptions(operation, START_CODEC);
    const { backend, socket: socketName, runtime } = place;
    const request = { wanted: { backend, socketName, runtime }, wait, waitReady, all, boot };
    const task = startTask(tools, session, { request, recorded });
    return { task, selection: selectionOf({ ...place, all }) };
  },
  stop: async (tools, operation) => {
    const { session, request: recorded } = operation;
    const { STOP_CODEC, stopTask } = await import("./stop.ts");
    const request = parseOptions(operation, STOP_CODEC);
    const selection = selectionOf(request);
    const look = () => tools.sessions().find("stop", session, selection);
    return { task: stopTask(tools, session, { request, recorded, look }), selection };
  },
  restart: async (tools, operation) => {
    const { session, request: recorded } = operation;
    const { RESTART_CODEC, restartTask } = await import("./restart.ts");
    const request = { wait: true, ...parseOptions(operation, RESTART_CODEC) };
    const selection = selectionOf(request);
    const look = () => tools.sessions().find("restart", session, selection);
    return { task: restartTask(tools, session, { request, recorded, look }), selection };
  },
};

/** The tools for continuing an operation. */
interface ResumeTools extends ChangeTools {
  readonly operator: Operator;
  readonly store: OperationStore;
}

/**
 * Continues an operation that waits for an answer, after a yes: it is planned again.
 *
 * @throws {OperationNotFoundError} `operation_not_found`: it does not wait, or this kstops cannot
 *   continue it
 * @throws {SessionConfigError} `config_invalid`: another config is in force than at its begin
 * @throws what its task throws
 */
export async function resume(tools: ResumeTools, operation: Operation): Promise<Done<AnyChange>> {
  // First: an operation that does not wait cannot be aborted either.
  resumable(tools.store, operation.id);
  await requireSameConfig(tools, operation);
  const { task, explain } = await taskAgain(tools, operation);
  const done = await tools.operator.resume(
    operation.id,
    { ...task, outcome: outcomeOf, explain },
    null,
  );
  return await afterwards(task, done, explain);
}

/** The same name may mean something else in another config. */
async function requireSameConfig(tools: ResumeTools, operation: Operation): Promise<void> {
  const { config } = parseRequest(operation);
  const { path } = await tools.config();
  if (path === config) return;
  throw new SessionConfigError(
    `Cannot resume ${quote(operation.id)}: it began with another config, ${config ?? "none"}`,
    {
      code: "config_invalid",
      hint: config === null
        ? "resume it where there is no config file"
        : `kstops operations resume ${operation.id} --yes --config ${shellWord(config)}`,
    },
  );
}

async function taskAgain(tools: ChangeTools, operation: Operation): Promise<{
  readonly task: ChangeTask<AnyChange>;
  /** Adds to errors. */
  readonly explain: (error: unknown) => Promise<unknown>;
}> {
  const again = Object.hasOwn(KINDS, operation.kind) ? KINDS[operation.kind] : undefined;
  const { session } = operation;
  if (session === null || again === undefined) throw unknownKind(operation);
  const { task, selection } = await again(tools, { ...operation, session });
  const truth = truthOf(tools, [session], selection);
  return { task, explain: (error) => truth(error, session) };
}

function unknownKind({ id, kind }: Operation): OperationNotFoundError {
  return new OperationNotFoundError("resume", id, {
    reason: `this kstops does not know how to go on with a ${kind}`,
    hint: `abort it: kstops operations cancel ${id}`,
  });
}
