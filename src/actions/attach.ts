/** Which session a terminal is handed to. */
import type { Session } from "../backends/backend.ts";
import { SessionAttachError } from "../errors.ts";
import { type PlaceFlags, selectionOf } from "../sessions/place_flags.ts";
import type { Tools } from "./tools.ts";
import { sayWhose } from "./whose.ts";

/**
 * The session of that name, to attach to. Whose it is, is told where it is another config's.
 *
 * @throws {SessionAttachError} `attach_failed`: it is not running
 * @throws as {@link Sessions.find} does
 */
export async function findToAttach(
  tools: Pick<Tools, "sessions" | "config" | "warn">,
  name: string,
  flags: PlaceFlags,
): Promise<Session> {
  const match = await tools.sessions().find("attach to", name, selectionOf(flags));
  if (match.kind === "defined") {
    if (match.trouble !== null) throw match.trouble;
    throw new SessionAttachError(name, "it is not running", {
      hint: `start it: kstops start ${name}`,
    });
  }
  await sayWhose(tools, match.status);
  return match.session;
}
