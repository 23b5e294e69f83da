/** Sends signals to the programs of sessions. */
import type { Session, SignalOptions } from "../backends/backend.ts";
import { SessionNotRunningError } from "../errors.ts";
import type { Signal } from "../world/world.ts";
import { reachEach, type Reached, type ReachRequest } from "./reach.ts";
import type { ChangeTools } from "./tools.ts";

/** Which signal to send, and to which sessions. */
export interface SignalRequest extends ReachRequest, SignalOptions {}

/** Signals that can be sent. */
const SIGNALS: readonly Signal[] = [
  ...["SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGKILL", "SIGUSR1", "SIGUSR2"] as const,
  ...["SIGPIPE", "SIGALRM", "SIGTERM", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGWINCH"] as const,
];

/** Reads the name of a signal, also without `SIG` and in small letters; null: there is none. */
export function parseSignal(text: string): Signal | null {
  const name = text.toUpperCase();
  return SIGNALS.find((signal) => signal === name || signal === `SIG${name}`) ?? null;
}

/** Sends a signal to the programs of several sessions. */
export async function signalEach(
  tools: ChangeTools,
  names: readonly string[],
  { signal, scope, ...request }: SignalRequest,
): Promise<Reached> {
  const work = async (session: Session): Promise<void> => {
    const { name, backend } = session.status;
    if (session.signal === undefined) {
      const reason = "its engine does not show it any more";
      throw new SessionNotRunningError("signal", name ?? "", { reason, backend });
    }
    const said = await session.signal({ signal, scope });
    if (said !== null) tools.warn(said);
  };
  return await reachEach(tools, names, {
    ...{ verb: "signal", request, work },
    check: () => Promise.resolve(),
  });
}
