/** The first question to a runtime: apart from all that reads its answer, which is loaded meanwhile. */
import type { ExecResult } from "../../world/world.ts";
import { listContainers } from "./args.ts";
import type { Context } from "./ask.ts";
import type { Client } from "./clients.ts";
import { dial, type Dialled } from "./dial.ts";
import { withPatience } from "./patience.ts";

/**
 * How long a client may take at most to answer a question, unless the config has less patience. docker's daemon answers soon, or it hangs. podman is
 * alone: what it waits for is another podman at work, and that ends, on a machine under load after some
 * seconds (seen: 7.5 s).
 */
export function answerTimeout({ dialect }: Client): number {
  return dialect === "docker" ? 10_000 : 20_000;
}

/**
 * The environment of every client. podman 5 says with each call that the machine has no cgroups of
 * version 2, also among what a container printed.
 */
export const OF_CLIENTS: Readonly<Record<string, string>> = {
  PODMAN_IGNORE_CGROUPSV1_WARNING: "1",
};

/**
 * The environment of a client that only asks. It is a Go program that lives for some milliseconds, and
 * a quarter of them goes into starting threads for every processor, which also keep a second client
 * waiting, and into collecting the garbage of its own start. Its heap may grow to five times what it
 * uses before it is collected: 16 MB at least.
 */
export const OF_QUESTIONS: Readonly<Record<string, string>> = {
  GOMAXPROCS: "1",
  GOGC: "400",
  ...OF_CLIENTS,
};

/** What a client answers to {@link list}: podman in text, docker's daemon in responses. */
export type Listed = ExecResult | Dialled;

/** Asks for every container; what becomes of it is up to whoever awaits it. */
export function list(
  context: Pick<Context, "world" | "engineTimeoutMs" | "say">,
  client: Client,
): Promise<Listed> {
  const { world } = context;
  const answer = withPatience<Listed>(context, client, async (abort) => {
    const options = { timeoutMs: answerTimeout(client), env: OF_QUESTIONS, abort };
    return client.dialect === "docker"
      ? await dial(world, client, options)
      : await world.exec(listContainers(client), options);
  });
  // It may fail before anybody awaits it.
  answer.catch(() => {});
  return answer;
}
