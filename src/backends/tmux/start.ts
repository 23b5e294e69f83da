/** Starting a session, and proving that it runs. Loaded when it is done. */
import { type OpsError, quote, SessionStartError } from "../../errors.ts";
import type { Capture } from "../../logs/capture.ts";
import { fingerprintOf } from "../../logs/fingerprint.ts";
import { endOf } from "../../logs/runs.ts";
import { excerptOf, lastShown } from "../../logs/shown.ts";
import { outputOf } from "../../logs/store.ts";
import { whereIs } from "../../logs/where.ts";
import { howItEnded, type SessionStatus, statusOf, type TmuxDefinition } from "../../model.ts";
import { type ExecResult, ProgramMissingError, type World } from "../../world/world.ts";
import type { EngineCall, StartOptions } from "../backend.ts";
import { line, runScript, type Server, showProgram, startServerAndRunScript } from "./args.ts";
import { answerOf, ask, howWords, POLL_MS, unavailable, unexpected } from "./ask.ts";
import { type Context, WORK_TIMEOUT_MS } from "./list.ts";
import { type Failure, parseFailure, type TmuxSession } from "./parse.ts";
import { isWaiting, mainPane, statusOfSession } from "./status.ts";
import { successCodes } from "../../supervise/policy.ts";
import { findProgram } from "../program.ts";
import { inheritedFrom } from "./inherited.ts";
import { isInteractiveShell } from "./processes.ts";
import { checkDefinition, existing, missingTmux, namesake, versionTrouble } from "./check.ts";
import { close, logs } from "./session.ts";
import { type Created, markScript, parseCreated, startScript } from "./start_script.ts";

/** Starts a session: see `Runner.start`. */
export async function start(
  context: Context,
  definition: TmuxDefinition,
  options: StartOptions,
): Promise<SessionStatus> {
  const { world } = context;
  await checkDefinition(world, definition);
  const inherited = definition.inherited ?? inheritedFrom(world.environment());
  const runId = world.randomId();
  const capture = await context.logs.open(definition.name, runId, definition.log);
  const story = context.logs.storyOf(definition.name);
  const holdFile = context.logs.holdFileOf(definition.name, runId);
  let created: Created;
  try {
    created = await create(context, {
      ...{ definition, runId, inherited, capture, story, holdFile },
    });
  } catch (error) {
    await context.logs.discard(definition.name, runId);
    throw error;
  }
  await context.logs.record(definition.name, {
    event: "begun",
    run: runId,
    at: created.createdAt ?? world.now(),
    backend: "tmux",
    engine: "tmux",
    where: whereIs("tmux", world),
    socketName: definition.socketName,
    image: null,
    workingDir: definition.workingDir,
    definition: await fingerprintOf(definition),
    owner: definition.owner,
    ending: {
      stopSignal: definition.stopSignal,
      stopScope: definition.stopScope,
      holdFile,
      stopTimeoutSeconds: definition.stopTimeoutSeconds,
      protected: definition.protected,
      interactive: isInteractiveShell(definition.argv.join(" ")),
    },
  });
  if (options.waitMs === 0) return startedStatus(definition, created);
  return await proveStarted(context, {
    definition,
    runId,
    created,
    capture,
    waitMs: options.waitMs,
  });
}

/** The call with which a start begins: see `Runner.plan`. */
export async function plan(context: Context, definition: TmuxDefinition): Promise<EngineCall> {
  const { world, binary, logs } = context;
  const { name, socketName } = definition;
  // Of the caller's variables no value is shown, either.
  const inherited = Object.keys(inheritedFrom(world.environment())).map((key) => [key, "***"]);
  const script = startScript({
    definition,
    runId: "RUN_ID",
    nonce: "NONCE",
    inherited: Object.fromEntries(inherited),
    binary: await binaryPath(context),
    capture: definition.log.capture ? logs.captureOf(name, "RUN_ID", definition.log) : null,
    story: logs.storyOf(name),
    holdFile: logs.holdFileOf(name, "RUN_ID"),
  });
  return { argv: startServerAndRunScript({ binary, socketName }), stdin: script, env: [] };
}

interface Creation {
  readonly definition: TmuxDefinition;
  readonly runId: string;
  readonly inherited: Readonly<Record<string, string>>;
  readonly capture: Capture | null;
  readonly story: string | null;
  readonly holdFile: string | null;
}

/** How often a start is tried again over a server that is just ending. */
const ATTEMPTS = 10;

async function create(context: Context, creation: Creation): Promise<Created> {
  const { world, binary } = context;
  const { definition } = creation;
  const server: Server = { binary, socketName: definition.socketName };
  const path = await binaryPath(context);
  for (let attempt = 1;; attempt++) {
    const nonce = world.randomId();
    const plan = { ...creation, nonce, binary: path };
    const script = startScript(plan);
    let answer: ExecResult;
    try {
      answer = await answerOf(
        context,
        definition.socketName,
        startServerAndRunScript(server),
        { timeoutMs: WORK_TIMEOUT_MS, stdin: script },
      );
    } catch (error) {
      throw error instanceof ProgramMissingError ? missingTmux(context) : error;
    }
    const created = parseCreated(answer.stdout, nonce);
    if (created !== null) {
      if (created.endsUnattached) {
        throw await endedUnattached(context, { server, definition, created });
      }
      if (!created.marked) await runOn(context, server, markScript(plan, created));
      return created;
    }
    if (answer.code === 0 && answer.stdout.trim() !== "") {
      throw unavailable(definition.socketName, unexpected(answer.stdout));
    }
    const failure = parseFailure(answer.stderr);
    const gone = failure.kind === "ending" || failure.kind === "no_server";
    if (!gone || attempt === ATTEMPTS) throw await notCreated(context, definition, failure);
    await world.sleep(attempt * POLL_MS);
  }
}

/**
 * Does more to a session that was just made, by its ids. Whether that worked shows when the start is
 * proven: hooks of the user's may have taken it away meanwhile.
 */
async function runOn(context: Context, server: Server, script: string): Promise<void> {
  await answerOf(context, server.socketName, runScript(server), {
    timeoutMs: WORK_TIMEOUT_MS,
    stdin: script,
  });
}

async function endedUnattached(
  context: Context,
  { server, definition, created }: {
    readonly server: Server;
    readonly definition: TmuxDefinition;
    readonly created: Created;
  },
): Promise<SessionStartError> {
  const script = `${line(["kill-session", "-t", `${created.sessionId}:`])}\n`;
  await runOn(context, server, script);
  return new SessionStartError(
    definition.name,
    "its tmux server ends as soon as no client is attached (exit-unattached is on)",
    {
      backend: "tmux",
      hint: "take exit-unattached out of your tmux.conf, or start it while a client is attached",
    },
  );
}

/** The path of tmux for the pane, whose own PATH may lack it. */
async function binaryPath({ world, binary }: Context): Promise<string> {
  const found = await findProgram(world, {
    program: binary,
    path: world.env("PATH") ?? "",
    workingDir: world.workingDirectory(),
  });
  return found.kind === "found" ? found.path : binary;
}

async function notCreated(
  context: Context,
  definition: TmuxDefinition,
  failure: Failure,
): Promise<OpsError> {
  const { name, socketName } = definition;
  if (failure.kind === "duplicate") {
    return existing(await namesake(context, definition), definition);
  }
  const tooOld = await versionTrouble(context, name);
  if (tooOld !== null) return tooOld;
  if (failure.kind === "other" && /spawn failed|fork failed/.test(failure.reason)) {
    return new SessionStartError(name, failure.reason, { backend: "tmux" });
  }
  return unavailable(socketName, failure);
}

function startedStatus(definition: TmuxDefinition, created: Created): SessionStatus {
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

interface Proof {
  readonly definition: TmuxDefinition;
  readonly runId: string;
  readonly created: Created;
  readonly capture: Capture | null;
  readonly waitMs: number;
}

/** How long a program may take to be begun at all, on a machine under load. */
const BEGIN_TIMEOUT_MS = 60_000;

/** How long tmux is not asked while a program is watched: it may miss an end until it is (3.3a). */
const UNASKED_MS = 1000;

/**
 * The same while only the keeper is known, or has nothing left to do: until tmux is asked, one that
 * ended may stay a zombie, which looks alive (3.3a). The program has the keeper, which misses nothing.
 */
const KEEPER_UNASKED_MS = 200;

/** Waits until the program has lived long enough, or has ended, and says which. */
async function proveStarted(context: Context, proof: Proof): Promise<SessionStatus> {
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
      // Not marked yet, where a hook came in between; or its pane is closed.
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
      // Not begun yet: on a machine under load its own shells take their time.
      late = true;
      await whileAlive(world, created.panePid, 50);
    } else if (!await world.processes.alive(status.pid)) {
      // Ended, and its keeper waits for the last output.
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

/** What became of a run whose pane tmux has closed, as a hook on its end does: it is recorded. */
async function closedAtOnce(context: Context, proof: Proof): Promise<SessionStatus> {
  const { definition, runId, created, capture } = proof;
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
    reason: "tmux closed it when it ended: this was recorded",
  });
  if (isSuccess(definition, status.exitCode)) return status;
  const output = capture === null
    ? []
    : lastShown(await context.logs.read(outputOf(capture), excerptOf(LAST_LINES)), LAST_LINES);
  throw endedEarly(definition, status, { output });
}

/** What became of a program that ended within the wait, and that its policy executes again. */
async function endedAndGoesOn(
  context: Context,
  { definition, runId, capture }: Proof,
  session: TmuxSession,
): Promise<SessionStatus> {
  const status = statusOfSession(session, definition.socketName);
  const run = (await context.logs.runs(definition.name)).find(({ id }) => id === runId);
  const ended = run?.ended ?? run?.earlier.at(-1) ?? null;
  const end = ended === null || ended.exitCode === null ? status : howItEnded(ended.exitCode);
  if (isSuccess(definition, end.exitCode)) return status;
  const output = capture === null
    ? []
    : lastShown(await context.logs.read(outputOf(capture), excerptOf(LAST_LINES)), LAST_LINES);
  throw endedEarly(definition, end, { output, goesOn: true });
}

/** Whether a program that ended with that code has not failed. */
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

/** What a failed start shows of the output. */
const LAST_LINES = 10;

/** Whether the keeper said so: a program may end with 126 or 127 itself, and print what it likes. */
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
  { definition, runId, capture }: Proof,
  session: TmuxSession,
): Promise<SessionStatus> {
  const status = statusOfSession(session, definition.socketName);
  if (isSuccess(definition, status.exitCode)) return status;
  const wanted = excerptOf(LAST_LINES);
  const output = lastShown(
    capture === null
      ? await logs(context, definition.socketName, session, wanted)
      : await context.logs.read(outputOf(capture), wanted),
    LAST_LINES,
  );
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
