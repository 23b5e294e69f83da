/** Starts a session. Loaded on demand. */
import { type OpsError, SessionStartError } from "../../errors.ts";
import type { Capture } from "../../logs/capture.ts";
import { fingerprintOf } from "../../logs/fingerprint.ts";
import { whereIs } from "../../logs/where.ts";
import type { SessionStatus, TmuxDefinition } from "../../model.ts";
import { type ExecResult, ProgramMissingError } from "../../world/world.ts";
import type { EngineCall, StartOptions } from "../backend.ts";
import { findProgram } from "../program.ts";
import { line, runScript, type Server, startServerAndRunScript } from "./args.ts";
import { answerOf, POLL_MS, unavailable, unexpected } from "./ask.ts";
import { runTogether } from "./batch.ts";
import { checkDefinition, existing, missingTmux, namesake, versionTrouble } from "./check.ts";
import { inheritedFrom } from "./inherited.ts";
import { LEADS } from "./leads.ts";
import { type Context, WORK_TIMEOUT_MS } from "./list.ts";
import { type Failure, parseFailure } from "./failure.ts";
import { isInteractiveShell } from "./processes.ts";
import { proveStarted, startedStatus } from "./prove.ts";
import { forgetScope, scopeOf, startDirectly } from "./scope.ts";
import {
  type Created,
  markScript,
  parseCreated,
  PREPARATION,
  startScript,
} from "./start_script.ts";

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
  const keeping = { ...definition.log, owner: definition.owner };
  const capture = await context.logs.open(definition.name, runId, keeping);
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
    where: whereIs(LEADS, world),
    socketName: definition.socketName,
    image: null,
    workingDir: definition.workingDir,
    definition: await fingerprintOf(definition),
    owner: definition.owner,
    ...(options.atBoot ? { atBoot: true } : {}),
    ending: {
      stopSignal: definition.stopSignal,
      stopScope: definition.stopScope,
      holdFile,
      stopTimeoutSeconds: definition.stopTimeoutSeconds,
      protected: definition.protected,
      interactive: isInteractiveShell(definition.argv.join(" ")),
    },
  });
  try {
    if (options.waitMs === 0) return startedStatus(definition, created);
    const { waitMs } = options;
    return await proveStarted(context, { definition, runId, created, capture, waitMs });
  } finally {
    // Only now: a program that could not be executed must not push out older output.
    await context.logs.prune(definition.name, keeping);
  }
}

/** The first call of a start: see `Runner.plan`. */
export async function plan(context: Context, definition: TmuxDefinition): Promise<EngineCall> {
  const { world, binary, logs } = context;
  const { name, socketName } = definition;
  const keeping = { ...definition.log, owner: definition.owner };
  // Values of the caller's variables are not shown either.
  const inherited = Object.keys(inheritedFrom(world.environment())).map((key) => [key, "***"]);
  const script = startScript({
    definition,
    runId: "RUN_ID",
    nonce: "NONCE",
    inherited: Object.fromEntries(inherited),
    binary: await binaryPath(context),
    capture: keeping.capture ? await logs.captureOf(name, "RUN_ID", keeping) : null,
    story: logs.storyOf(name),
    holdFile: logs.holdFileOf(name, "RUN_ID"),
  });
  const scope = await scopeOf(context, socketName);
  const argv = [...scope, ...startServerAndRunScript({ binary, socketName })];
  const stdin = keeping.capture ? PREPARATION + script : script;
  return { argv, stdin, env: [] };
}

interface Creation {
  readonly definition: TmuxDefinition;
  readonly runId: string;
  readonly inherited: Readonly<Record<string, string>>;
  readonly capture: Capture | null;
  readonly story: string | null;
  readonly holdFile: string | null;
}

/** How often to retry a start over a server that is just ending. */
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
    const scope = await scopeOf(context, definition.socketName);
    let answer: ExecResult;
    try {
      answer = await runTogether(context, {
        argv: [...scope, ...startServerAndRunScript(server)],
        socketName: definition.socketName,
        ...(plan.capture === null ? {} : { preparation: PREPARATION }),
        text: script,
        isToldIn: (stdout) => parseCreated(stdout, nonce) !== null,
      });
    } catch (error) {
      throw error instanceof ProgramMissingError ? missingTmux(context) : error;
    }
    const created = parseCreated(answer.stdout, nonce);
    if (created !== null) {
      if (created.endsUnattached) {
        throw await endedUnattached(context, { server, definition, created });
      }
      forgetScope(context, definition.socketName);
      if (!created.marked) await runOn(context, server, markScript(plan, created));
      return created;
    }
    if (scope.length > 0) {
      // What failed may be the scope.
      startDirectly(context, definition.socketName);
      continue;
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
 * Does more to a new session, by its ids. The proof of the start shows whether that worked: the
 * user's hooks may have removed the session meanwhile.
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
