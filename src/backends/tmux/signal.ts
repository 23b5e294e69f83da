/** Sends a signal to the program of a session. Loaded when one is sent. */
import { SessionNotRunningError } from "../../errors.ts";
import type { SignalOptions } from "../backend.ts";
import { again } from "./ask.ts";
import { watchCrowd, watchedPane } from "./crowd.ts";
import type { Context } from "./list.ts";
import { lookAround } from "./look.ts";
import type { TmuxSession } from "./parse.ts";
import { isTaken, isWaiting, mainPane } from "./status.ts";
import { usualScope } from "./stop.ts";

/** See `Session.signal`. */
export async function signal(
  context: Context,
  socketName: string,
  { session, options }: { readonly session: TmuxSession; readonly options: SignalOptions },
): Promise<null> {
  const { world } = context;
  // A question to the user may have come between the look-up and now: its pids may be reused.
  const now = await again(context, socketName, session);
  const pane = now === null ? null : mainPane(now);
  const isThere = pane !== null && !pane.dead && !isWaiting(pane) && !isTaken(pane);
  const crowd = watchCrowd(world, {
    panes: pane === null || !isThere ? [] : [watchedPane(pane, now)],
    run: session.runId,
    known: [],
    sessions: [],
  }, () => lookAround(world));
  if (isThere) await crowd.look();
  const [program] = crowd.programs();
  if (program === undefined) {
    throw new SessionNotRunningError("signal", session.name, {
      reason: "it has ended meanwhile",
      backend: "tmux",
      hint: `kstops why ${session.name} tells how`,
    });
  }
  const scope = options.scope ?? usualScope(options.signal);
  if (scope === "main") crowd.signal(program, options.signal);
  else crowd.signalGroup(crowd.foregroundOf(program), options.signal);
  return null;
}
