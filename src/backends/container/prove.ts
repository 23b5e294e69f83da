/** Proving that a container that was made runs. Loaded when one is. */
import { quote, SessionNotFoundError, SessionStartError } from "../../errors.ts";
import { excerptOf, lastShown } from "../../logs/shown.ts";
import {
  type ContainerDefinition,
  howItEnded,
  isExitCode,
  type SessionStatus,
  statusOf,
} from "../../model.ts";
import { ExecTimeoutError } from "../../world/world.ts";
import { removeContainers, waitFor } from "./args.ts";
import { answerOf, askOne, type Context, startError, troubleOf } from "./ask.ts";
import type { Client } from "./clients.ts";
import { neverExecuted } from "./failure.ts";
import { logs, UnreadableLogError } from "./logs.ts";
import type { Container } from "./parse.ts";
import { keepEnd, recordEnd } from "./record.ts";
import { statusOfContainer } from "./status.ts";
import { isSomebodysTurn } from "./turns.ts";

/** What is known of a session that was just made. */
export function startedStatus(
  definition: ContainerDefinition,
  { runtime }: Client,
  id: string,
): SessionStatus {
  return statusOf({
    name: definition.name,
    backend: "container",
    state: "running",
    managed: true,
    engine: runtime,
    id,
    image: definition.image,
    command: definition.argv,
    workingDir: definition.workingDir,
  });
}

interface Proof {
  readonly definition: ContainerDefinition;
  readonly runId: string;
  readonly id: string;
  readonly waitMs: number;
}

/** Waits until the program has lived long enough, or has ended, and says which. */
export async function proveStarted(
  context: Context,
  client: Client,
  { definition, runId, id, waitMs }: Proof,
): Promise<SessionStatus> {
  const firstExit = await exitWithin(context, client, { definition, id, waitMs });
  const container = await askOne(context, client, id);
  if (container === null) {
    const at = context.world.now();
    const end = { event: "ended", run: runId, at, exitCode: firstExit, reason: null } as const;
    await context.logs.record(definition.name, end);
    return removed(definition, client, { id, firstExit });
  }
  const status = statusOfContainer(container, { runtime: client.runtime, kept: false });
  const isFine = status.state === "running" || status.state === "stopped" || status.exitCode === 0;
  const isLoop = container.state === "restarting" || (container.details?.restarts ?? 0) > 0;
  if (isFine && !isLoop) {
    await keepEnd(context, client, container);
    return status;
  }
  return await failed(context, client, { container, runId, status, isLoop, firstExit });
}

/** So long may somebody wait for the end of a program that has ended. */
const SHORT_MS = 1000;

/**
 * The exit code of a container that ends in time; null: it lives, or a look at it tells. Only a client
 * that waits hears of the end of one that runs again or goes then. It also hears of any other at once,
 * but costs more than the look afterwards, which is one for all: so not while others are being started,
 * where the wait is short.
 */
async function exitWithin(
  { world }: Context,
  client: Client,
  { definition: { restart, runArgs }, id, waitMs }: Omit<Proof, "runId">,
): Promise<number | null> {
  const isTold = restart === null && runArgs.length === 0;
  if (isTold && waitMs <= SHORT_MS && isSomebodysTurn(world)) {
    await world.sleep(waitMs);
    return null;
  }
  try {
    const { stdout } = await world.exec(waitFor(client, id), { timeoutMs: waitMs });
    const code = stdout.trim();
    return /^\d{1,3}$/.test(code) && isExitCode(Number(code)) ? Number(code) : null;
  } catch (error) {
    // It lives: that is the proof.
    if (error instanceof ExecTimeoutError) return null;
    throw troubleOf(client, error);
  }
}

/** What became of a container that has gone: it ended, and was told to go then (`--rm`), or not. */
function removed(
  definition: ContainerDefinition,
  client: Client,
  { id, firstExit }: { readonly id: string; readonly firstExit: number | null },
): SessionStatus {
  const { name, runArgs } = definition;
  if (firstExit === 0) {
    return { ...startedStatus(definition, client, id), state: "exited", exitCode: 0 };
  }
  const hint = runArgs.some((word) => /^--rm(=|$)/.test(word))
    ? "--rm in run_args removes it with what it printed: leave it out to see that"
    : "somebody else removed it";
  if (firstExit === null) throw startError(name, "it was removed while it started", hint);
  const end = howItEnded(firstExit);
  throw new SessionStartError(name, `${endedAtOnce(end)}, and was removed`, {
    backend: "container",
    hint,
    details: { exit_code: end.exitCode, signal: end.signal },
  });
}

function endedAtOnce(
  { exitCode, signal }: { readonly exitCode: number | null; readonly signal: string | null },
): string {
  if (signal !== null) return `it ended at once by ${signal}`;
  return exitCode === null ? "it ended at once" : `it ended at once with exit code ${exitCode}`;
}

/** What a failed start shows of the output. */
const LAST_LINES = 10;

async function failed(
  context: Context,
  client: Client,
  { container, runId, status, isLoop, firstExit }: {
    readonly container: Container;
    readonly runId: string;
    readonly status: SessionStatus;
    readonly isLoop: boolean;
    readonly firstExit: number | null;
  },
): Promise<never> {
  const { name, id } = container;
  const { lines, problem } = await lastOutput(context, client, container);
  const reason = neverExecuted(lines.map((line) => `${line}\n`).join(""));
  if (reason !== null && !isLoop) {
    await answerOf(context, client, removeContainers(client, id));
    // Nothing of it ran: there is no end that anybody could ask about.
    await context.logs.discard(name, runId);
    const program = status.command?.[0] ?? "";
    throw startError(
      name,
      `${quote(program)} cannot be executed: ${reason}`,
      `the program is looked for in the image ${status.image}`,
    );
  }
  if (!isLoop && problem === null) await keepEnd(context, client, container);
  else if (!isLoop) await recordEnd(context, container);
  // What runs again has no exit code of its own.
  const end = status.exitCode === null && firstExit !== null ? howItEnded(firstExit) : status;
  const why = container.details?.outOfMemory ? ", killed because memory ran out" : "";
  const loop = isLoop ? `, and ${client.runtime} keeps restarting it` : "";
  const output = problem ?? `the whole output: kstops logs ${name}`;
  throw new SessionStartError(name, `${endedAtOnce(end)}${why}${loop}`, {
    backend: "container",
    hint: isLoop ? `${output}; kstops stop ${name} ends that` : output,
    details: {
      exit_code: end.exitCode,
      signal: end.signal,
      output: lines,
    },
  });
}

/** The last lines, or why they cannot be read: that is not why the program failed. */
async function lastOutput(
  context: Context,
  client: Client,
  container: Container,
): Promise<{ readonly lines: readonly string[]; readonly problem: string | null }> {
  try {
    const bytes = await logs(context, client, { container, options: excerptOf(LAST_LINES) });
    return { lines: lastShown(bytes, LAST_LINES), problem: null };
  } catch (error) {
    if (error instanceof SessionNotFoundError) {
      return { lines: [], problem: "somebody removed it, with what it printed" };
    }
    if (!(error instanceof UnreadableLogError)) throw error;
    return { lines: [], problem: `what it printed cannot be read: ${error.reason}` };
  }
}
