/** `kstops operations resume ID` and `cancel ID`: the answer to an operation that waits for one. */
import { escapeControls, quote, SessionConfigError, UsageError } from "../../../errors.ts";
import type { Operation } from "../../../operations/machine.ts";
import { cancelWaiting } from "../../../operations/operate.ts";
import { operationToWire } from "../../../output/operation.ts";
import { shellWord } from "../../../output/screen.ts";
import type { Context, Reply } from "../../command.ts";
import type { CommandRequest, Recording, TaskOf } from "../../recording.ts";

/** Flags of `operations resume`. */
export interface ResumeFlags {
  /** May be shortened. */
  readonly id: string;
  readonly yes?: true | undefined;
  readonly no?: true | undefined;
}

/** What a resumed operation is done with. */
export interface ResumeParts extends Recording {
  readonly taskOf: TaskOf;
}

/** Answers an operation that waits; a yes carries on, planning afresh. */
export async function resumeOperation(
  context: Context,
  { store, operator, taskOf }: ResumeParts,
  { id, yes, no }: ResumeFlags,
): Promise<Reply> {
  if ((yes ?? false) === (no ?? false)) {
    throw new UsageError(`Cannot resume ${quote(id)}: say one of --yes and --no`, {
      hint: `kstops operations show ${shellWord(id)} says what it asks`,
    });
  }
  const opened = await store();
  const operation = opened.find("resume", id);
  if (no) {
    const outcome = { code: "declined", reason: "the answer was no" } as const;
    return ended(cancelWaiting(opened, operation.id, outcome), "Declined");
  }
  await requireSameConfig(context, operation);
  const guarded = context.guarded();
  try {
    const task = await taskOf(guarded.context, operation);
    const { result } = await operator.resume(operation.id, task, null);
    return {
      data: result,
      text: () => `Resumed ${nameOf(operation)}: done\n`,
    };
  } finally {
    guarded.release();
  }
}

/** Aborts an operation that waits. */
export async function cancelOperation(
  { store }: Pick<Recording, "store">,
  { id }: { readonly id: string },
): Promise<Reply> {
  const opened = await store();
  const operation = opened.find("cancel", id);
  const outcome = { code: "cancelled", reason: "by kstops operations cancel" } as const;
  return ended(cancelWaiting(opened, operation.id, outcome), "Cancelled");
}

function ended(operation: Operation, what: string): Reply {
  return { data: operationToWire(operation), text: () => `${what} ${nameOf(operation)}\n` };
}

function nameOf({ kind, session }: Operation): string {
  return escapeControls(session === null ? kind : `${kind} ${session}`);
}

/** The same name may mean something else in another config. */
async function requireSameConfig(context: Context, operation: Operation): Promise<void> {
  const { config = null } = (operation.request ?? {}) as Partial<CommandRequest>;
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
