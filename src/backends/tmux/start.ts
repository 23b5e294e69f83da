/** Starting a session, and proving that it runs. Loaded when it is done. */
import {
  BackendUnavailableError,
  type OpsError,
  quote,
  SessionConfigError,
  SessionExistsError,
  SessionStartError,
  TmuxNotFoundError,
} from "../../errors.ts";
import type { Capture } from "../../logs/capture.ts";
import { fingerprintOf } from "../../logs/fingerprint.ts";
import { outputOf } from "../../logs/store.ts";
import { whereIs } from "../../logs/where.ts";
import { type SessionStatus, statusOf, type TmuxDefinition } from "../../model.ts";
import { DEFAULT_PATH, type ExecResult, ProgramMissingError, type World } from "../../world.ts";
import type { EngineCall, StartOptions } from "../backend.ts";
import { type Server, startServerAndRunScript } from "./args.ts";
import {
  answerOf,
  ask,
  howWords,
  installHint,
  POLL_MS,
  tooOld,
  unavailable,
  understood,
} from "./ask.ts";
import { call, type Context } from "./list.ts";
import {
  type Failure,
  isTooOld,
  mainPane,
  OLDEST_TMUX,
  parseFailure,
  statusOfSession,
  type TmuxSession,
} from "./parse.ts";
import { findProgram } from "../program.ts";
import { close, logs } from "./session.ts";
import { type Created, parseCreated, startScript } from "./start_script.ts";

/** How long a server may take to start a session. */
const START_TIMEOUT_MS = 10_000;

/** Variables of the caller that every session gets, below those of its own definition. */
const INHERITED = /^(PATH|LANG|LC_[A-Z]+|TZ|VIRTUAL_ENV)$/;

/** Starts a session: see `Runner.start`. */
export async function start(
  context: Context,
  definition: TmuxDefinition,
  options: StartOptions,
): Promise<SessionStatus> {
  const { world } = context;
  await check(world, definition);
  const inherited = inheritedFrom(world);
  const runId = world.randomId();
  const capture = await context.logs.open(definition.name, runId, definition.log);
  const story = context.logs.storyOf(definition.name);
  let created: Created;
  try {
    created = await create(context, { definition, runId, inherited, capture, story });
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

function inheritedFrom(world: World): Record<string, string> {
  const all = Object.entries(world.environment());
  return Object.fromEntries(all.filter(([key]) => INHERITED.test(key)));
}

/** The call with which a start begins: see `Runner.plan`. */
export async function plan(context: Context, definition: TmuxDefinition): Promise<EngineCall> {
  const { world, binary, logs } = context;
  const { name, socketName } = definition;
  // Of the caller's variables no value is shown, either.
  const inherited = Object.keys(inheritedFrom(world)).map((key) => [key, "***"]);
  const script = startScript({
    definition,
    runId: "RUN_ID",
    nonce: "NONCE",
    inherited: Object.fromEntries(inherited),
    binary: await binaryPath(context),
    capture: definition.log.capture ? logs.captureOf(name, "RUN_ID", definition.log) : null,
    story: logs.storyOf(name),
  });
  return { argv: startServerAndRunScript({ binary, socketName }), stdin: script, env: [] };
}

/** Looks for what would make a start fail: see `Runner.check`. */
export async function check(world: World, definition: TmuxDefinition): Promise<void> {
  const { name, argv, workingDir, env } = definition;
  const kind = (await world.files.facts(workingDir))?.kind;
  if (kind !== "directory") {
    const reason = kind === undefined ? "no such directory" : "it is not a directory";
    throw new SessionConfigError(
      `Cannot use ${quote(workingDir)} as working directory: ${reason}`,
      {
        hint: "create it, or choose another one with --workdir or working_dir",
        details: { working_dir: workingDir },
      },
    );
  }
  const [program = ""] = argv;
  const path = env["PATH"] ?? world.env("PATH") ?? DEFAULT_PATH;
  const found = await findProgram(world, { program, path, workingDir });
  if (found.kind === "found") return;
  throw new SessionStartError(name, found.reason, {
    backend: "tmux",
    hint: found.hint,
    details: { program },
  });
}

interface Creation {
  readonly definition: TmuxDefinition;
  readonly runId: string;
  readonly inherited: Readonly<Record<string, string>>;
  readonly capture: Capture | null;
  readonly story: string | null;
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
    const script = startScript({ ...creation, nonce, binary: path });
    let answer: ExecResult;
    try {
      answer = await answerOf(
        context,
        definition.socketName,
        startServerAndRunScript(server),
        { timeoutMs: START_TIMEOUT_MS, stdin: script },
      );
    } catch (error) {
      throw error instanceof ProgramMissingError ? missingTmux(context) : error;
    }
    const created = understood(
      definition.socketName,
      () => parseCreated(answer.stdout, nonce),
    );
    if (created !== null) return created;
    const failure = parseFailure(answer.stderr);
    const gone = failure.kind === "ending" || failure.kind === "no_server";
    if (!gone || attempt === ATTEMPTS) throw await notCreated(context, definition, failure);
    await world.sleep(attempt * POLL_MS);
  }
}

function missingTmux(context: Context): TmuxNotFoundError {
  const where = context.binary.includes("/") ? "there is no such program" : "it is not on PATH";
  return new TmuxNotFoundError(`Cannot run ${quote(context.binary)}: ${where}`, {
    hint: installHint(context.world),
    details: { program: context.binary },
  });
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
  if (failure.kind === "duplicate") return await existing(context, definition);
  const version = await versionOf(context);
  if (version !== null && isTooOld(version)) {
    return new BackendUnavailableError(`Cannot start ${quote(name)}: ${tooOld(version)}`, {
      reason: tooOld(version),
      hint: `install tmux ${OLDEST_TMUX} or newer, or set tmux_binary to one`,
      details: { version },
    });
  }
  if (failure.kind === "other" && /spawn failed|fork failed/.test(failure.reason)) {
    return new SessionStartError(name, failure.reason, { backend: "tmux" });
  }
  return unavailable(socketName, failure);
}

async function versionOf(context: Context): Promise<string | null> {
  try {
    const { stdout } = await call(context, [context.binary, "-V"], { timeoutMs: 3000 });
    return stdout.trim();
  } catch {
    return null;
  }
}

async function existing(
  context: Context,
  { name, socketName }: TmuxDefinition,
): Promise<SessionExistsError> {
  const found = (await ask(context, socketName)).find((session) => session.name === name);
  const foreign = found !== undefined && found.runId === null;
  return new SessionExistsError(
    name,
    foreign ? "a tmux session of that name, not made by kstops, is there" : "it is already running",
    {
      backend: "tmux",
      hint: foreign
        ? `stop it first (kstops stop ${name} --yes), or choose another name or --socket`
        : `look at it with kstops status ${name}, or replace it with kstops restart ${name}`,
      details: { socket_name: socketName },
    },
  );
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
const BEGIN_TIMEOUT_MS = 20_000;

/** How long tmux is not asked while a program is watched: it may miss an end until it is (3.3a). */
const UNASKED_MS = 1000;

/** Waits until the program has lived long enough, or has ended, and says which. */
async function proveStarted(context: Context, proof: Proof): Promise<SessionStatus> {
  const { world } = context;
  const { definition, runId, created } = proof;
  const due = world.now().getTime() + proof.waitMs;
  const giveUp = due + BEGIN_TIMEOUT_MS;
  let late = false;
  while (world.now().getTime() < giveUp) {
    const left = due - world.now().getTime();
    await whileAlive(world, created.panePid, Math.min(left, UNASKED_MS));
    const sessions = await ask(context, definition.socketName);
    const session = sessions.find((each) => each.runId === runId);
    const pane = session === undefined ? null : mainPane(session);
    if (session === undefined || pane === null) {
      throw new SessionStartError(definition.name, "tmux closed it while it started", {
        backend: "tmux",
        hint: "its server was stopped, or somebody killed the session",
      });
    }
    if (pane.dead) return await endedAtOnce(context, proof, session);
    const status = statusOfSession(session, definition.socketName);
    if (status.pid === null) {
      // Not begun yet: on a machine under load its own shells take their time.
      late = true;
      await whileAlive(world, created.panePid, 50);
    } else if (!await world.processes.alive(status.pid)) {
      // Ended, and its keeper waits for the last output.
      await whileAlive(world, created.panePid, 1000);
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

/** What a failed start shows of the output. */
const LAST_LINES = { lines: 10 };

async function endedAtOnce(
  context: Context,
  { definition, runId, capture }: Proof,
  session: TmuxSession,
): Promise<SessionStatus> {
  const status = statusOfSession(session, definition.socketName);
  if (status.exitCode === 0) return status;
  const output = new TextDecoder().decode(
    capture === null
      ? await logs(context, definition.socketName, session, LAST_LINES)
      : await context.logs.read(outputOf(capture), LAST_LINES),
  ).split("\n").slice(0, -1);
  const neverBegan = (status.exitCode === 127 || status.exitCode === 126) &&
    output.length > 0 && output.every((line) => /^kstops: (line )?\d+: /.test(line));
  if (neverBegan) {
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
  throw new SessionStartError(definition.name, `it ended at once ${howWords(status)}`, {
    backend: "tmux",
    hint: `the whole output: kstops logs ${definition.name}`,
    details: { exit_code: status.exitCode, signal: status.signal, output },
  });
}
