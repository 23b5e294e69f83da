/** Types into the terminals of sessions. */
import type { Session, Typed } from "../backends/backend.ts";
import { descriptorOf } from "../backends/registry.ts";
import { quote, UsageError } from "../errors.ts";
import { knownPlace } from "../model/place.ts";
import { reachEach, type Reached, type ReachRequest } from "./reach.ts";
import type { ChangeTools } from "./tools.ts";

/** What to type, and into which sessions. */
export interface SendRequest extends ReachRequest {
  readonly typed: Typed;
}

/**
 * Types the same into several sessions.
 *
 * @throws {UsageError} `usage`: a session has no keyboard, or loses a part of it; nothing was typed
 */
export async function sendEach(
  tools: ChangeTools,
  names: readonly string[],
  { typed, ...request }: SendRequest,
): Promise<Reached> {
  const check = async (session: Session): Promise<void> => await keyboardOf(session).check(typed);
  const work = async (session: Session): Promise<void> => await keyboardOf(session).type(typed);
  return await reachEach(tools, names, { verb: "send", request, check, work });
}

function keyboardOf({ keyboard, status }: Session): NonNullable<Session["keyboard"]> {
  if (keyboard !== undefined) return keyboard;
  const { where } = descriptorOf(status.backend);
  throw new UsageError(
    `Cannot send to ${quote(status.name ?? "")}: a program ${where(knownPlace(status))} has no ` +
      "keyboard unless somebody is attached",
    { hint: `kstops attach ${status.name}` },
  );
}

/** Keys with a name of their own; letters and signs are their own name. */
const KEY =
  /^(?:[CMS]-){0,3}(?:\P{Cc}|Enter|Escape|Space|Tab|BTab|BSpace|Up|Down|Left|Right|Home|End|PageUp|PgUp|PPage|PageDown|PgDn|NPage|IC|Insert|DC|Delete|F(?:[1-9]|1[0-2]))$/u;

/** Whether tmux knows a key of that name: it types any other word letter by letter. */
export function isKey(text: string): boolean {
  return KEY.test(text);
}
