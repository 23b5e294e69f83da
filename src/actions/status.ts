/** Shows what is known of one session. */
import type { SessionStatus } from "../model.ts";
import type { PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Match } from "../sessions/sessions.ts";
import { surveyOnce } from "./survey.ts";
import type { Tools } from "./tools.ts";

/** The status of a session, with the processes that its program left behind. */
export async function show(
  { sessions }: Pick<Tools, "sessions">,
  name: string,
  flags: PlaceFlags,
): Promise<SessionStatus> {
  return await withLeftovers(await sessions().find("show", name, selectionOf(flags)));
}

/** The same for several, found in one survey, in the order of their names. */
export async function showEach(
  tools: Pick<Tools, "sessions">,
  names: readonly string[],
  flags: PlaceFlags & { readonly all?: true | undefined },
): Promise<readonly PromiseSettledResult<SessionStatus>[]> {
  const lookFor = surveyOnce(tools, names, { verb: "show", selection: selectionOf(flags) });
  return await Promise.allSettled(names.map(async (name) => withLeftovers(await lookFor(name)())));
}

/** The status of a match, with the processes that its program left behind. */
export async function withLeftovers(match: Match): Promise<SessionStatus> {
  const { status } = match;
  return match.kind === "session"
    ? { ...status, leftovers: await match.session.leftovers() }
    : status;
}
