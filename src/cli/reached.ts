/** What commands that reach running programs share. */
import type { Reached, ReachRequest } from "../actions/reach.ts";
import { statusToWire } from "../wire.ts";
import type { Context, Reply } from "./command.ts";
import { changeMeant, sessionsToShow } from "./names.ts";
import { warnOfProblems } from "./warnings.ts";

/** Reaches the sessions that a name, a group or a pattern means. It prints nothing for people. */
export async function reachMeant(
  context: Context,
  flags: ReachRequest & { readonly name: string },
  { verb, reach }: {
    readonly verb: string;
    readonly reach: (names: readonly string[], request: ReachRequest) => Promise<Reached>;
  },
): Promise<Reply> {
  const { name, backend, socket, runtime, project, yes } = flags;
  const meant = await sessionsToShow(context, verb, [name]);
  await warnOfProblems(context, { ...flags, names: meant.names });
  const reached = await changeMeant(
    meant,
    (names, all) => reach(names, { backend, socket, runtime, project, yes, all }),
  );
  const data = reached.flatMap((each) =>
    each.status === "fulfilled" ? [statusToWire(each.value)] : []
  );
  const failures = reached.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  const [only] = data;
  if (only === undefined) return { failures };
  return { data: meant.isList ? data : only, text: () => "", failures };
}
