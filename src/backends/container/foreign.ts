/** The actions on a foreign container. Loaded on demand. */
import { SessionNotFoundError, SessionStartError } from "../../errors.ts";
import type { SessionStatus } from "../../model.ts";
import { ExecTimeoutError } from "../../world/world.ts";
import type { RestartOptions } from "../backend.ts";
import { killContainers, restartContainer, unpauseContainer, waitFor } from "./args.ts";
import { answerOf, askOne, type Context, startError, troubleOf, WORK_TIMEOUT_MS } from "./ask.ts";
import type { Client } from "./clients.ts";
import { parseFailure } from "./failure.ts";
import type { Container } from "./parse.ts";
import { statusOfContainer } from "./status.ts";

const REMOVAL_POLL_MS = 100;
/** How long a runtime may take to remove a container that removes itself. */
const MOST_POLLS = 100;

/** Whether the runtime still has an ended container that may remove itself. */
export async function isThere(
  context: Context,
  client: Client,
  { id, details }: Container,
): Promise<boolean> {
  for (let left = MOST_POLLS;; left--) {
    const now = await askOne(context, client, id);
    if (now === null) return false;
    const goes = now.details?.removesItself ?? details?.removesItself ?? false;
    if (!goes && now.state !== "removing" || left === 0) return true;
    await context.world.sleep(REMOVAL_POLL_MS);
  }
}

/** The time that docker and podman give a program to end by default. */
const USUAL_SECONDS = 10;

/** Makes the runtime end and start a container as it is. */
export async function restartAsItIs(
  context: Context,
  client: Client,
  { container, options }: { readonly container: Container; readonly options: RestartOptions },
): Promise<SessionStatus> {
  const { id, name, state } = container;
  const { force, timeoutSeconds, waitMs } = options;
  const seconds = force ? 0 : timeoutSeconds ?? USUAL_SECONDS;
  // podman does not end a paused container.
  if (state === "paused") await answerOf(context, client, unpauseContainer(client, id));
  // Even with no time, docker sends its signal first.
  if (force && container.pid !== null) await answerOf(context, client, killContainers(client, id));
  const answer = await answerOf(
    context,
    client,
    restartContainer(client, id, seconds),
    seconds * 1000 + WORK_TIMEOUT_MS,
  );
  if (answer.code !== 0) {
    const failure = parseFailure(answer.stderr);
    if (failure.kind === "not_found") throw gone(client, name);
    throw startError(name, failure.reason, `try it by hand: ${client.program} restart ${name}`);
  }
  if (waitMs > 0) await lives(context, client, { id, waitMs });
  const now = await askOne(context, client, id);
  if (now === null) throw gone(client, name);
  const status = statusOfContainer(now, { runtime: client.runtime, kept: false });
  if (status.state !== "exited" || status.exitCode === 0) return status;
  throw new SessionStartError(
    name,
    status.signal === null
      ? `it ended at once with exit code ${status.exitCode}`
      : `it ended at once by ${status.signal}`,
    {
      backend: "container",
      hint: `the whole output: kstops logs ${name}`,
      details: { exit_code: status.exitCode, signal: status.signal },
    },
  );
}

function gone({ runtime }: Client, name: string): SessionNotFoundError {
  return new SessionNotFoundError("restart", name, {
    reason: `${runtime} no longer has this session`,
  });
}

/** Waits until a program has ended, or has lived long enough. */
async function lives(
  { world }: Context,
  client: Client,
  { id, waitMs }: { readonly id: string; readonly waitMs: number },
): Promise<void> {
  try {
    await world.exec(waitFor(client, id), { timeoutMs: waitMs });
  } catch (error) {
    if (!(error instanceof ExecTimeoutError)) throw troubleOf(client, error);
  }
}
