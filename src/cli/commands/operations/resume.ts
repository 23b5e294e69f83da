/** `kstops operations resume ID` and `cancel ID`: the answer to an operation that waits for one. */
import {
  escapeControls,
  OperationNotFoundError,
  quote,
  SessionConfigError,
  UsageError,
} from "../../../errors.ts";
import type { Operation } from "../../../operations/machine.ts";
import { cancelWaiting, resumable, type Task } from "../../../operations/operate.ts";
import { operationToWire } from "../../../output/operation.ts";
import { shellWord } from "../../../shell.ts";
import { type Context, type Reply, selectionOf } from "../../command.ts";
import { type Changed, changedToWire, truthOf } from "../../many.ts";
import { readRequest } from "./request.ts";

/** Flags of `operations resume`. */
export interface ResumeFlags {
  /** May be shortened. */
  readonly id: string;
  readonly yes?: true | undefined;
  readonly no?: true | undefined;
}

/** Makes the task of a recorded operation again. */
type TaskOf = (context: Context, operation: Operation) => Promise<Task<Changed>>;

/** Answers an operation that waits; a yes carries on, planning afresh. */
export async function resumeOperation(
  context: Context,
  { id, yes, no }: ResumeFlags,
  taskOf: TaskOf = taskAgain,
): Promise<Reply> {
  if ((yes ?? false) === (no ?? false)) {
    throw new UsageError(`Cannot resume ${quote(id)}: say one of --yes and --no`, {
      hint: `kstops operations show ${shellWord(id)} says what it asks`,
    });
  }
  const { kept, operator } = await context.recording();
  const opened = await kept();
  const operation = opened.find("resume", id);
  if (no) {
    const outcome = { code: "declined", reason: "the answer was no" } as const;
    return ended(cancelWaiting(opened, operation.id, outcome), "Declined");
  }
  // First of all: what does not wait cannot be aborted either.
  resumable(opened, operation.id);
  await requireSameConfig(context, operation);
  const task = await taskOf(context.guarded().context, operation);
  const explain = truthOf(context, task.session, selectionOf(readRequest(operation).flags));
  const done = await operator.resume(operation.id, { ...task, explain }, null);
  return { data: changedToWire(done), text: () => `${done.result.text}\n` };
}

/** Aborts an operation that waits. */
export async function cancelOperation(
  { recording }: Pick<Context, "recording">,
  { id }: { readonly id: string },
): Promise<Reply> {
  const { kept } = await recording();
  const opened = await kept();
  const operation = opened.find("cancel", id);
  const outcome = { code: "cancelled", reason: "by kstops operations cancel" } as const;
  return ended(cancelWaiting(opened, operation.id, outcome), "Cancelled");
}

/** Only what can wait for an answer is ever planned again. */
async function taskAgain(context: Context, operation: Operation): Promise<Task<Changed>> {
  const { id, kind, session, request } = operation;
  const { flags, hasFlags } = readRequest(operation);
  if (session !== null && kind === "stop") {
    const { stopTask } = await import("../stop.ts");
    return stopTask(context, session, { flags, request });
  }
  if (session !== null && kind === "restart") {
    const { restartTask } = await import("../restart.ts");
    return restartTask(context, session, { flags, request });
  }
  if (session !== null && kind === "start" && hasFlags) {
    const { startTask } = await import("../start.ts");
    return startTask(context, session, { flags, request });
  }
  throw new OperationNotFoundError("resume", id, {
    reason: `this kstops does not know how to go on with a ${kind}`,
    hint: `abort it: kstops operations cancel ${id}`,
  });
}

function ended(operation: Operation, what: string): Reply {
  return { data: operationToWire(operation), text: () => `${what} ${nameOf(operation)}\n` };
}

function nameOf({ kind, session }: Operation): string {
  return escapeControls(session === null ? kind : `${kind} ${session}`);
}

/** The same name may mean something else in another config. */
async function requireSameConfig(context: Context, operation: Operation): Promise<void> {
  const { config } = readRequest(operation);
  const { path } = await context.config();
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
