/** Running a program that looks at a container, inside of it. Loaded when one is. */
import { ExecKilledError, ExecTimeoutError } from "../../world/world.ts";
import type { ProbeOptions } from "../backend.ts";
import { whyLate, whyNot } from "../probe.ts";
import { endMarked, execInContainer } from "./args.ts";
import { answerOf, type Context, troubleOf } from "./ask.ts";
import type { Client } from "./clients.ts";
import { OF_CLIENTS } from "./list.ts";
import type { Container } from "./parse.ts";

/** How long it may take to end what hangs. */
const END_TIMEOUT_MS = 10_000;

/** See `Session.probe`. */
export async function probe(
  context: Context,
  client: Client,
  { container: { id }, argv, timeoutMs }: Pick<ProbeOptions, "timeoutMs"> & {
    readonly container: Container;
    readonly argv: readonly string[];
  },
): Promise<string | null> {
  const { world } = context;
  const mark = world.randomId();
  try {
    const { code } = await world.exec(execInContainer(client, { id, mark, argv }), {
      timeoutMs,
      env: client.dialect === "podman" ? OF_CLIENTS : {},
      keepBytes: 0,
      detached: true,
      interruptible: true,
    });
    return whyNot(code);
  } catch (error) {
    if (!(error instanceof ExecKilledError)) throw troubleOf(client, error);
    // Only the client was killed: the runtime lets the program go on.
    await answerOf(context, client, endMarked(client, { id, mark }), END_TIMEOUT_MS);
    return error instanceof ExecTimeoutError ? whyLate(timeoutMs) : error.reason;
  }
}
