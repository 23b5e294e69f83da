/** `kstops signal NAME SIGNAL`: send a signal to the program of a session. */
import { parseSignal, signalEach } from "../../actions/signal.ts";
import type { ReachRequest } from "../../actions/reach.ts";
import { quote, UsageError } from "../../errors.ts";
import type { StopScope } from "../../model.ts";
import { changeTools } from "../caller.ts";
import type { Context, Reply } from "../command.ts";
import { reachMeant } from "../reached.ts";

/** Flags of `signal`. */
interface SignalFlags extends ReachRequest {
  readonly name: string;
  readonly signal: string;
  readonly scope?: StopScope | undefined;
}

/** Sends a signal. */
export async function signal(context: Context, flags: SignalFlags): Promise<Reply> {
  const { name, scope = null } = flags;
  const wanted = parseSignal(flags.signal);
  if (wanted === null) {
    throw new UsageError(
      `Cannot signal ${quote(name)}: ${quote(flags.signal)} is no signal that can be sent`,
      { hint: "signals are such as HUP, INT, TERM, USR1 or KILL" },
    );
  }
  const tools = await changeTools(context);
  return await reachMeant(context, flags, {
    verb: "signal",
    reach: (names, request) => signalEach(tools, names, { ...request, signal: wanted, scope }),
  });
}
