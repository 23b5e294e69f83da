/** Shows sessions of other configs as what they are. */
import { escapeControls } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import { isStrange, ownerWords, selfOf } from "../owner.ts";
import type { Tools } from "./tools.ts";

/** Whether a session belongs to another config than the one in force. */
export async function isAnothers(
  { config }: Pick<Tools, "config">,
  status: SessionStatus,
): Promise<boolean> {
  return status.managed && isStrange(status, selfOf(await config()));
}

/** Names the owner of another config's session. */
export async function sayWhose(
  context: Pick<Tools, "config" | "warn">,
  status: SessionStatus,
): Promise<void> {
  if (!await isAnothers(context, status)) return;
  context.warn(escapeControls(`${status.name} belongs to ${ownerWords(status)}`));
}
