/** The first question to a runtime: apart from all that reads its answer, which is loaded meanwhile. */
import type { ExecResult, World } from "../../world.ts";
import { listContainers } from "./args.ts";
import type { Client } from "./clients.ts";

/** How long a runtime may take to answer a question. */
export const ANSWER_TIMEOUT_MS = 5000;

/**
 * The environment of a client that only asks. It is a Go program that lives for some milliseconds: to
 * start threads for every processor takes docker one of six, and keeps a second client waiting.
 */
export const OF_QUESTIONS: Readonly<Record<string, string>> = { GOMAXPROCS: "1" };

/** Asks for every container; what becomes of it is up to whoever awaits it. */
export function list(world: World, client: Client): Promise<ExecResult> {
  const answer = world.exec(listContainers(client), {
    timeoutMs: ANSWER_TIMEOUT_MS,
    env: OF_QUESTIONS,
  });
  // It may fail before anybody awaits it.
  answer.catch(() => {});
  return answer;
}
