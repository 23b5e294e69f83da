/** Hands a terminal to a session. */
import type { AttachEnd, AttachOptions, Session } from "../backends/backend.ts";
import { descriptorOf } from "../backends/registry.ts";
import { SessionAttachError } from "../errors.ts";
import { knownPlace, type PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Tools } from "./tools.ts";
import { sayWhose } from "./whose.ts";

/**
 * The session of that name, to attach to. Names its owner if it belongs to another config.
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

/**
 * Hands this terminal to a session: see {@link Session.attach}.
 *
 * @throws {SessionAttachError} `attach_failed`; also when its backend has no terminal for it
 */
export async function attachTo(session: Session, options: AttachOptions): Promise<AttachEnd> {
  const { name, backend } = session.status;
  const { can, where } = descriptorOf(backend);
  if (!can.attach) {
    const reason = `a program ${where(knownPlace(session.status))} has no terminal`;
    throw new SessionAttachError(name ?? "", reason, { backend });
  }
  return await session.attach(options);
}
