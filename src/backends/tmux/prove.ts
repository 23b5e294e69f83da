/** Proves that a new session runs. Loaded on demand. */
import { quote, SessionStartError } from "../../errors.ts";
import type { Capture } from "../../logs/capture.ts";
import { endOf } from "../../logs/runs.ts";
import { excerptOf, lastShown } from "../../logs/shown.ts";
import { outputOf } from "../../logs/store.ts";
import { howItEnded, type SessionStatus, statusOf, type TmuxDefinition } from "../../model.ts";
import { successCodes } from "../../supervise/policy.ts";
import type { World } from "../../world/world.ts";
import { showProgram } from "./args.ts";
import { answerOf, ask, howWords, POLL_MS } from "./ask.ts";
import { type Context, WORK_TIMEOUT_MS } from "./list.ts";
import type { TmuxSession } from "./parse.ts";
import { close, logs } from "./session.ts";
import type { Created } from "./start_script.ts";
import { isWaiting, mainPane, statusOfSession } from "./status.ts";

/** The status of a new session. */
export function startedStatus(definition: TmuxDefinition, created: Created): SessionStatus {
  return statusOf({
    name: definition.name,
    backend: "tmux",
    state: "running",
    createdAt: created.createdAt,
    managed: true,
    engine: "tmux",
    socketName: definition.socketName,
    windowCount: 1,
    attached: 0,
    id: created.sessionId,
    command: definition.argv,
    workingDir: definition.workingDir,
  });
}

/** What to prove. */
interface Proof {
  readonly definition: TmuxDefinition;
  readonly runId: string;
  readonly created: Created;
  readonly capture: Capture | null;
  readonly waitMs: number;
}

/** How long a program may take to begin at all, on a machine under load. */
const BEGIN_TIMEOUT_MS = 60_000;

/**
 * The longest time without asking tmux while a program is watched: tmux may miss an end until it is
 * asked (3.3a).
 */
const UNASKED_MS = 1000;

/**
 * The same while only the keeper is known, or has nothing left to do: until tmux is asked, an ended
 * keeper may stay a zombie, which looks alive (3.3a). The end of a program is never missed, since
 * its keeper waits for it.
 */
const KEEPER_UNASKED_MS = 200;

/** Waits until the program has lived long enough, or has ended, and returns the status. */
export async function proveStarted(context: Context, proof: Proof): Promise<SessionStatus> {
  const { world } = context;
  const { definition, runId, created } = proof;
  const due = world.now().getTime() + proof.waitMs;
  const giveUp = due + BEGIN_TIMEOUT_MS;
  let late = false;
  let program: number | null = null;
  while (world.now().getTime() < giveUp) {
    const left = due - world.now().getTime();
    const unaskedMs = program === null ? KEEPER_UNASKED_MS : UNASKED_MS;
    await whileAlive(world, program ?? created.panePid, Math.min(left, unaskedMs));
    const sessions = await ask(context, definition.socketName);
    const session = sessions.find((each) => each.runId === runId);
    const pane = session === undefined ? null : mainPane(session);
    if (session === undefined || pane === null) {
      // Not marked yet, if a hook came in between; or its pane is closed.
      if (session !== undefined && await world.processes.alive(created.panePid)) {
        late = true;
        await whileAlive(world, created.panePid, 50);
        continue;
      }
      return await closedAtOnce(context, proof);
    }
    if (pane.dead) return await endedAtOnce(context, proof, session);
    if (isWaiting(pane) || (pane.supervision?.restarts ?? 0) > 0) {
      return await endedAndGoesOn(context, proof, session);
    }
    const status = statusOfSession(session, definition.socketName);
    program = status.pid;
    if (status.pid === null) {
      // Not begun yet: on a machine under load the keeper's shells take their time.
      late = true;
      await whileAlive(world, created.panePid, 50);
    } else if (!await world.processes.alive(status.pid)) {
      // It has ended, and its keeper waits for the last output.
      await whileAlive(world, created.panePid, KEEPER_UNASKED_MS);
    } else if (late) {
      late = false;
      await whileAlive(world, status.pid, proof.waitMs);
    } else if (world.now().getTime() >= due) {
      return status;
    }
  }
  throw new SessionStartError(definition.name, "its program was not begun in time", {
    backend: "tmux",
    hint: `the session is there: kstops status ${definition.name}`,
  });
}

async function whileAlive(world: World, pid: number, atMostMs: number): Promise<void> {
  const deadline = world.now().getTime() + atMostMs;
  for (let left = atMostMs; left > 0; left = deadline - world.now().getTime()) {
    if (!await world.processes.alive(pid)) return;
    await world.sleep(Math.min(POLL_MS, left));
  }
}

/** The recorded status of a run whose pane tmux has closed, as a hook on its end does. */
async function closedAtOnce(context: Context, proof: Proof): Promise<SessionStatus> {
  const { definition, runId, created } = proof;
  const { name } = definition;
  const run = (await context.logs.runs(name)).find(({ id }) => id === runId);
  if (run?.ended == null) {
    throw new SessionStartError(name, "tmux closed it while it started", {
      backend: "tmux",
      hint: "its server was stopped, or somebody killed the session",
    });
  }
  const status = statusOf({
    ...startedStatus(definition, created),
    state: "exited",
    ...endOf(run),
    windowCount: null,
    attached: null,
    reason: "tmux closed it when it ended: only its record is left",
  });
  if (isSuccess(definition, status.exitCode)) return status;
  throw endedEarly(definition, status, { output: await lastLines(context, proof, null) });
}

/** The status of a program that ended within the wait, and that its policy executes again. */
async function endedAndGoesOn(
  context: Context,
  proof: Proof,
  session: TmuxSession,
): Promise<SessionStatus> {
  const { definition, runId } = proof;
  const status = statusOfSession(session, definition.socketName);
  const run = (await context.logs.runs(definition.name)).find(({ id }) => id === runId);
  const ended = run?.ended ?? run?.earlier.at(-1) ?? null;
  const end = ended === null || ended.exitCode === null ? status : howItEnded(ended.exitCode);
  if (isSuccess(definition, end.exitCode)) return status;
  const output = await lastLines(context, proof, session);
  throw endedEarly(definition, end, { output, goesOn: true });
}

/** Whether this exit code is no failure. */
function isSuccess(definition: TmuxDefinition, exitCode: number | null): boolean {
  return exitCode !== null && successCodes(definition).includes(exitCode);
}

function endedEarly(
  { name, restart }: TmuxDefinition,
  status: Pick<SessionStatus, "exitCode" | "signal">,
  { output, goesOn = false }: {
    readonly output: readonly string[];
    /** Whether it is executed again. */
    readonly goesOn?: boolean;
  },
): SessionStartError {
  return new SessionStartError(name, `it ended at once ${howWords(status)}`, {
    backend: "tmux",
    hint: goesOn
      ? `it is started again (restart: ${restart}), kstops stop ${name} ends that; ` +
        `the whole output: kstops logs ${name}`
      : `the whole output: kstops logs ${name}`,
    details: { exit_code: status.exitCode, signal: status.signal, output: [...output] },
  });
}

/** How many lines of output a failed start shows. */
const LAST_LINES = 10;

/** The last lines that it printed, from its files, or without files from its pane. */
async function lastLines(
  context: Context,
  { definition, capture }: Proof,
  session: TmuxSession | null,
): Promise<readonly string[]> {
  const wanted = excerptOf(LAST_LINES);
  if (capture !== null) {
    return lastShown(await context.logs.read(outputOf(capture), wanted), LAST_LINES);
  }
  if (session === null) return [];
  return lastShown(await logs(context, definition.socketName, session, wanted), LAST_LINES);
}

/** Whether the keeper reported this: a program may itself end with 126 or 127, and print anything. */
async function wasNeverExecuted(
  context: Context,
  { socketName }: TmuxDefinition,
  session: TmuxSession,
): Promise<boolean> {
  const pane = mainPane(session);
  if (pane === null) return false;
  const argv = showProgram({ binary: context.binary, socketName }, pane.id);
  const { stdout } = await answerOf(context, socketName, argv, { timeoutMs: WORK_TIMEOUT_MS });
  return stdout.trim() === "none";
}

async function endedAtOnce(
  context: Context,
  proof: Proof,
  session: TmuxSession,
): Promise<SessionStatus> {
  const { definition, runId } = proof;
  const status = statusOfSession(session, definition.socketName);
  if (isSuccess(definition, status.exitCode)) return status;
  const output = await lastLines(context, proof, session);
  const mayBe = status.exitCode === 126 || status.exitCode === 127;
  if (mayBe && await wasNeverExecuted(context, definition, session)) {
    await close(context, definition.socketName, session);
    // Nothing of it ran: there is no end that anybody could ask about.
    await context.logs.discard(definition.name, runId);
    throw new SessionStartError(
      definition.name,
      `${quote(definition.argv[0] ?? "")} cannot be executed: ${
        (output[0] ?? "").replace(/^kstops: (line )?\d+: (exec: )?/, "")
      }`,
      { backend: "tmux", hint: "check the file and the interpreter in its first line" },
    );
  }
  throw endedEarly(definition, status, { output });
}
