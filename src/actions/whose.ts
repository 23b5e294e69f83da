/** Sessions of other configs: they are shown as what they are. */
import { escapeControls } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import { isStrange, ownerWords, selfOf } from "../owner.ts";
import type { Tools } from "./tools.ts";

/** Whether a session is another config's than that which is in force. */
export async function isAnothers(
  { config }: Pick<Tools, "config">,
  status: SessionStatus,
): Promise<boolean> {
  return status.managed && isStrange(status, selfOf(await config()));
}

/** Says of a session that is another config's whose it is. */
export async function sayWhose(
  context: Pick<Tools, "config" | "warn">,
  status: SessionStatus,
): Promise<void> {
  if (!await isAnothers(context, status)) return;
  context.warn(escapeControls(`${status.name} belongs to ${ownerWords(status)}`));
}
