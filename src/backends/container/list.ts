/**
 * The first question to a runtime. The code that parses its answer is separate, and loads
 * meanwhile.
 */
import type { ExecResult } from "../../world/world.ts";
import { listContainers } from "./args.ts";
import type { Context } from "./ask.ts";
import type { Client } from "./clients.ts";
import { dial, type Dialled } from "./dial.ts";
import { withPatience } from "./patience.ts";

/**
 * The longest time for a client to answer a question, unless the config has less patience. docker's
 * daemon answers soon, or it hangs. podman has no daemon: it waits for another podman at work, and
 * that ends, on a machine under load after some seconds (seen: 7.5 s).
 */
export function answerTimeout({ dialect }: Client): number {
  return dialect === "docker" ? 10_000 : 20_000;
}

/**
 * The environment of every client. podman 5 otherwise warns with each call that the machine has no
 * cgroups of version 2, even in the output of a container.
 */
export const OF_CLIENTS: Readonly<Record<string, string>> = {
  PODMAN_IGNORE_CGROUPSV1_WARNING: "1",
};

/**
 * The environment of a client that only asks. It is a Go program that lives for some milliseconds,
 * and spends a quarter of them on starting threads for every processor, which also delay a second
 * client, and on collecting the garbage of its own start. Its heap may grow to five times its use
 * before it is collected: at least 16 MB.
 */
export const OF_QUESTIONS: Readonly<Record<string, string>> = {
  GOMAXPROCS: "1",
  GOGC: "400",
  ...OF_CLIENTS,
};

/** A client's answer to {@link list}: text from podman, responses from docker's daemon. */
export type Listed = ExecResult | Dialled;

/** Asks for every container. The caller who awaits the answer handles its failures. */
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
