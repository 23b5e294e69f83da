/** Waits for a container runtime. */
import { ENGINE_TIMEOUT_MS, patiently } from "../patience.ts";
import { askVersion } from "./args.ts";
import type { Context } from "./ask.ts";
import type { Client } from "./clients.ts";

/**
 * Does some work of a runtime while the runtime shows that it works: docker's daemon reports its
 * version whatever else it does. podman on this machine has no daemon that could hang, and always
 * answers; a podman that is led elsewhere asks there.
 */
export async function withPatience<T>(
  { world, engineTimeoutMs, say }: Pick<Context, "world" | "engineTimeoutMs" | "say">,
  client: Client,
  work: (abort: AbortSignal) => Promise<T>,
): Promise<T> {
  return await patiently(world, {
    engine: client.runtime,
    limitMs: engineTimeoutMs ?? (() => Promise.resolve(ENGINE_TIMEOUT_MS)),
    say,
    ping: async (abort) => {
      const { code } = await world.exec(askVersion(client), { timeoutMs: Infinity, abort });
      return code === 0;
    },
  }, work);
}
