/** `kstops operations resume ID` and `cancel ID`: the answer to an operation that waits for one. */
import { resume } from "../../../actions/resume.ts";
import { escapeControls, quote, UsageError } from "../../../errors.ts";
import type { Operation } from "../../../operations/machine.ts";
import { cancelWaiting } from "../../../operations/operate.ts";
import { operationToWire } from "../../../output/operation.ts";
import { shellWord } from "../../../shell.ts";
import { changeTools } from "../../caller.ts";
import { changedText, changedToWire } from "../../changed.ts";
import type { Context, Reply } from "../../command.ts";

/** Flags of `operations resume`. */
export interface ResumeFlags {
  /** May be shortened. */
  readonly id: string;
  readonly yes?: true | undefined;
  readonly no?: true | undefined;
}

/** Answers a waiting operation. A yes continues it with a new plan. */
export async function resumeOperation(
  context: Context,
  { id, yes, no }: ResumeFlags,
): Promise<Reply> {
  if ((yes ?? false) === (no ?? false)) {
    throw new UsageError(`Cannot resume ${quote(id)}: say one of --yes and --no`, {
      hint: `kstops operations show ${shellWord(id)} says what it asks`,
    });
  }
  const { kept, operator } = await context.recording();
  const store = await kept();
  const operation = store.find("resume", id);
  if (no) {
    const outcome = { code: "declined", reason: "the answer was no" } as const;
    return ended(cancelWaiting(store, operation.id, outcome), "Declined");
  }
  const tools = { ...await changeTools(context), operator, store };
  const done = await resume(tools, operation);
  return { data: changedToWire(done), text: () => `${changedText(done.result)}\n` };
}

/** Aborts a waiting operation. */
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

function ended(operation: Operation, what: string): Reply {
  return { data: operationToWire(operation), text: () => `${what} ${nameOf(operation)}\n` };
}

function nameOf({ kind, session }: Operation): string {
  return escapeControls(session === null ? kind : `${kind} ${session}`);
}
