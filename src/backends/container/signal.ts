/** Sends a signal to a container. Loaded when one is sent. */
import { quote, SessionNotRunningError, UsageError } from "../../errors.ts";
import type { SignalOptions } from "../backend.ts";
import { signalContainer } from "./args.ts";
import { answerOf, askOne, type Context, unavailable } from "./ask.ts";
import type { Client } from "./clients.ts";
import { parseFailure } from "./failure.ts";
import type { Container } from "./parse.ts";

/** See `Session.signal`. */
export async function signal(
  context: Context,
  client: Client,
  { container: { id, name }, options: { signal, scope } }: {
    readonly container: Container;
    readonly options: SignalOptions;
  },
): Promise<string | null> {
  if (scope === "group") {
    throw new UsageError(
      `Cannot signal ${quote(name)}: --scope group is only for tmux sessions`,
      { hint: "leave out --scope: the first process of the container gets the signal" },
    );
  }
  const before = await askOne(context, client, id);
  const answer = await answerOf(context, client, signalContainer(client, id, signal));
  if (answer.code !== 0) {
    const after = await askOne(context, client, id);
    if (after?.pid != null) throw unavailable(client, parseFailure(answer.stderr));
    throw new SessionNotRunningError("signal", name, {
      reason: "it has ended meanwhile",
      backend: "container",
      hint: `kstops why ${name} tells how`,
    });
  }
  // docker takes every kill for a stop by hand, whatever the signal does (20.10 daemon/kill.go).
  const policy = before?.details?.restartPolicy ?? "no";
  return client.runtime === "docker" && policy !== "no"
    ? `docker starts ${quote(name)} no more by itself until it is restarted: a signal ends its ` +
      `restart policy (${policy})`
    : null;
}
