/** Shows what is known of one session. */
import type { SessionStatus } from "../model.ts";
import type { PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Match } from "../sessions/sessions.ts";
import { surveyOnce } from "./survey.ts";
import type { Tools } from "./tools.ts";

/** The status of a session, with all that a closer look tells. */
export async function show(
  tools: Tools,
  name: string,
  flags: PlaceFlags,
): Promise<SessionStatus> {
  return await lookAt(tools, await tools.sessions().find("show", name, selectionOf(flags)));
}

/** The same for several, found in one survey, in the order of their names. */
export async function showEach(
  tools: Tools,
  names: readonly string[],
  flags: PlaceFlags & { readonly all?: true | undefined },
): Promise<readonly PromiseSettledResult<SessionStatus>[]> {
  const lookFor = surveyOnce(tools, names, { verb: "show", selection: selectionOf(flags) });
  return await Promise.allSettled(names.map(async (name) => lookAt(tools, await lookFor(name)())));
}

/** The status of a match, with what its program left behind, and with its drift. */
export async function lookAt(tools: Tools, match: Match): Promise<SessionStatus> {
  if (match.kind !== "session") return match.status;
  const { session } = match;
  const [leftovers, compared] = await Promise.all([session.leftovers(), drifting(tools, match)]);
  return { ...compared, leftovers };
}

/** The status with its drift; most sessions have none that could be told, and load no code for it. */
async function drifting(
  tools: Tools,
  { session, status }: Extract<Match, { readonly kind: "session" }>,
): Promise<SessionStatus> {
  if (!status.managed || !status.defined) return status;
  const { withDrift } = await import("./drift.ts");
  return await withDrift(tools, { status, session });
}
