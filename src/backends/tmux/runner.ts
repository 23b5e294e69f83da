/** The tmux backend: sessions on all tmux sockets of this user. */
import {
  BackendUnavailableError,
  type OpsError,
  quote,
  SessionAttachError,
  SessionConfigError,
  SessionExistsError,
  SessionStartError,
  SessionStopError,
  TmuxNotFoundError,
} from "../../errors.ts";
import type { LogStore } from "../../logs/store.ts";
import {
  type Definition,
  type Place,
  type SessionStatus,
  statusOf,
  STOP_SIGNALS,
  type StopSignal,
  type TmuxDefinition,
} from "../../model.ts";
import {
  type ExecOptions,
  type ExecResult,
  ExecTimeoutError,
  FileError,
  ProgramMissingError,
  type World,
} from "../../world.ts";
import type {
  AttachEnd,
  AttachOptions,
  Runner,
  Session,
  StartOptions,
  StopOptions,
  Survey,
  Trouble,
  Where,
} from "../backend.ts";
import {
  capturePane,
  closeSession,
  environmentScript,
  listPanes,
  listPanesCollected,
  RUN_ID_VARIABLE,
  runScript,
  type Server,
  startScript,
  startServerAndRunScript,
} from "./args.ts";
import { findProgram } from "./program.ts";
import {
  type Created,
  type Failure,
  GarbledAnswerError,
  isTooOld,
  mainPane,
  OLDEST_TMUX,
  parseCreated,
  parseEnvironment,
  parseFailure,
  parsePanes,
  statusOfSession,
  type TmuxSession,
} from "./parse.ts";
import { endProcesses } from "./stop.ts";
import { attach } from "./attach.ts";

/** What the tmux backend works with. */
export interface TmuxSettings {
  /** Name or path of the tmux program. */
  readonly binary: string;
  readonly logs: LogStore;
}

/** How long a server may take to answer a question, and to start a session. */
const ANSWER_TIMEOUT_MS = 3000;
const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** The tmux backend. */
export function tmuxRunner(world: World, settings: TmuxSettings): Runner {
  const context: Context = { world, ...settings };
  return {
    backend: "tmux",
    survey: async (where) => {
      const sockets = await socketsOf(context, where);
      if (!Array.isArray(sockets)) {
        const { trouble: reason } = sockets;
        return [unreachable(placeOf(null), { reason, missing: false })];
      }
      return await Promise.all(sockets.map((name) => survey(context, name)));
    },
    check: (definition) => check(context.world, tmuxOnly(definition)),
    start: (definition, options) => start(context, tmuxOnly(definition), options),
  };
}

interface Context extends TmuxSettings {
  readonly world: World;
}

function tmuxOnly(definition: Definition): TmuxDefinition {
  if (definition.backend === "tmux") return definition;
  throw new TypeError("the tmux backend was given the definition of a container");
}

/** A socket; null: all of them, since nobody knows which there are. */
function placeOf(socketName: string | null): Place {
  return { backend: "tmux", engine: "tmux", socketName };
}

function unreachable(place: Place, trouble: Omit<Trouble, "kind">): Survey {
  return { place, sessions: [], trouble: { kind: "unreachable", ...trouble } };
}

/** What a tmux client is not to learn from the session that kstops itself may run in. */
const OUTSIDE_OF_SESSIONS = { TMUX: undefined, TMUX_PANE: undefined, [RUN_ID_VARIABLE]: undefined };

function call(
  { world }: Context,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  return world.exec(argv, { ...options, env: OUTSIDE_OF_SESSIONS });
}

/**
 * The directory where tmux keeps its sockets: a `TMUX_TMPDIR` that does not exist silently means
 * `/tmp` (tmux 3.3a tmux.c, make_label).
 */
async function socketDirectory(world: World): Promise<string> {
  const wanted = world.env("TMUX_TMPDIR");
  const usable = wanted && (await world.files.facts(wanted))?.kind === "directory";
  return `${usable ? wanted : "/tmp"}/tmux-${world.uid() ?? 0}`;
}

async function socketsOf(
  { world }: Context,
  where: Where,
): Promise<string[] | { readonly trouble: string }> {
  if (where.socketName !== undefined) return [where.socketName];
  const directory = await socketDirectory(world);
  let names: readonly string[];
  try {
    names = await world.files.list(directory);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.why === "missing" ? [] : { trouble: error.message };
  }
  const facts = await Promise.all(names.map((name) => world.files.facts(`${directory}/${name}`)));
  return names.filter((_, index) => facts[index]?.kind === "socket");
}

async function survey(context: Context, socketName: string): Promise<Survey> {
  const place = placeOf(socketName);
  try {
    const found = await ask(context, socketName);
    const old = found.find(({ serverVersion }) => isTooOld(serverVersion));
    if (old !== undefined) {
      return unreachable(place, { reason: tooOld(old.serverVersion), missing: false });
    }
    const sessions = found.map((session) => sessionAt(context, socketName, session));
    return { place, sessions, trouble: null };
  } catch (error) {
    if (error instanceof ProgramMissingError) {
      return unreachable(place, {
        reason: error.message,
        missing: true,
        hint: installHint(context.world),
      });
    }
    if (!(error instanceof BackendUnavailableError)) throw error;
    const { reason, hint } = error;
    return unreachable(place, { reason, missing: false, ...(hint === null ? {} : { hint }) });
  }
}

/**
 * The sessions of one server; none when no server runs there.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`
 * @throws {ProgramMissingError} tmux is not installed
 */
async function ask(context: Context, socketName: string): Promise<TmuxSession[]> {
  const sessions = await askWith(listPanes, context, socketName);
  const isLost = sessions.some(({ panes }) =>
    panes.some(({ dead, exit }) => dead && exit === null)
  );
  return isLost ? await askWith(listPanesCollected, context, socketName) : sessions;
}

async function askWith(
  question: typeof listPanes,
  context: Context,
  socketName: string,
): Promise<TmuxSession[]> {
  const server: Server = { binary: context.binary, socketName };
  for (let attempt = 1;; attempt++) {
    const nonce = context.world.randomId();
    const answer = await answerOf(context, socketName, question(server, nonce), ANSWER_TIMEOUT_MS);
    if (answer.code === 0) return readPanes(socketName, answer.stdout, nonce);
    const failure = parseFailure(answer.stderr);
    if (failure.kind === "no_server" || failure.kind === "not_found") return [];
    if (failure.kind !== "ending" || attempt === 3) throw unavailable(socketName, failure);
    await context.world.sleep(POLL_MS);
  }
}

async function answerOf(
  context: Context,
  socketName: string,
  argv: readonly string[],
  timeoutMs: number,
  stdin?: string,
): Promise<ExecResult> {
  try {
    return await call(context, argv, { timeoutMs, ...(stdin === undefined ? {} : { stdin }) });
  } catch (error) {
    if (!(error instanceof ExecTimeoutError)) throw error;
    const reason = `it did not answer within ${error.timeoutMs / 1000} s`;
    throw unavailable(socketName, { kind: "other", reason });
  }
}

function readPanes(socketName: string, stdout: string, nonce: string): TmuxSession[] {
  return understood(socketName, () => parsePanes(stdout, nonce));
}

function understood<T>(socketName: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof GarbledAnswerError)) throw error;
    throw unavailable(socketName, { kind: "other", reason: error.message });
  }
}

function unavailable(socketName: string, failure: Failure): BackendUnavailableError {
  const reason = failure.kind === "other" ? failure.reason : "its server ended while it was asked";
  return new BackendUnavailableError(
    `Cannot ask the tmux server on socket ${quote(socketName)}: ${reason}`,
    {
      reason,
      hint: `try it by hand: tmux -L ${socketName} list-sessions`,
      details: { engine: "tmux", socket_name: socketName, reason },
    },
  );
}

function tooOld(version: string): string {
  return `tmux ${version.replace(/^tmux /, "").trim()} is too old, kstops needs ${OLDEST_TMUX}`;
}

/** How to get tmux, by operating system. */
function installHint({ operatingSystem }: World): string {
  return operatingSystem === "darwin"
    ? "install it: brew install tmux"
    : "install it: apt install tmux (Debian, Ubuntu), dnf install tmux (Fedora), apk add tmux (Alpine)";
}

function missingTmux(context: Context): TmuxNotFoundError {
  const where = context.binary.includes("/") ? "there is no such program" : "it is not on PATH";
  return new TmuxNotFoundError(`Cannot run ${quote(context.binary)}: ${where}`, {
    hint: installHint(context.world),
    details: { program: context.binary },
  });
}

// --- one session ---------------------------------------------------------------------------------

function sessionAt(context: Context, socketName: string, session: TmuxSession): Session {
  return {
    status: statusOfSession(session, socketName),
    protected: session.record?.protected ?? false,
    stop: (options) => stop(context, socketName, session, options),
    attach: (options) => attachTo(context, { socketName, session, options }),
    logs: ({ lines }) => logs(context, socketName, session, lines),
    definition: () => definitionOf(context, socketName, session),
  };
}

async function attachTo(
  context: Context,
  { socketName, session, options }: {
    socketName: string;
    session: TmuxSession;
    options: AttachOptions;
  },
): Promise<AttachEnd> {
  const { state, ...status } = statusOfSession(session, socketName);
  if (state !== "running") {
    const how = state === "exited" ? howWords(status) : null;
    throw new SessionAttachError(
      session.name,
      how === null ? "it does not run" : `it ended ${how}`,
      {
        backend: "tmux",
        hint: `kstops logs ${session.name} shows what it printed, kstops start starts it again`,
      },
    );
  }
  return await attach({
    world: context.world,
    server: { binary: context.binary, socketName },
    session,
    options,
    again: () => again(context, socketName, session),
  });
}

async function logs(
  context: Context,
  socketName: string,
  session: TmuxSession,
  lines: number,
): Promise<Uint8Array> {
  const log = session.record?.log ?? null;
  if (session.runId !== null && log !== null && await context.world.files.facts(log) !== null) {
    return await context.logs.tail(log, lines);
  }
  const pane = mainPane(session);
  if (pane === null) return new Uint8Array();
  const server: Server = { binary: context.binary, socketName };
  const answer = await answerOf(context, socketName, capturePane(server, pane.id), 10_000);
  if (answer.code !== 0) throw unavailable(socketName, parseFailure(answer.stderr));
  const shown = answer.stdout.trimEnd().split("\n");
  // tmux writes this line itself into a dead pane.
  if (pane.dead && /^Pane is dead/.test(shown.at(-1) ?? "")) shown.pop();
  const text = shown.join("\n").trimEnd();
  if (text === "" || lines === 0) return new Uint8Array();
  const kept = Number.isFinite(lines) ? text.split("\n").slice(-lines) : [text];
  // tmux ends a colour where the next text begins, which may be nowhere.
  // deno-lint-ignore no-control-regex
  const colour = text.match(/\x1b\[[0-9;]*m/g)?.at(-1) ?? "\x1b[0m";
  const reset = /\[0?m$/.test(colour) ? "" : "\x1b[0m";
  return new TextEncoder().encode(`${kept.join("\n")}${reset}\n`);
}

async function definitionOf(
  context: Context,
  socketName: string,
  session: TmuxSession,
): Promise<TmuxDefinition | null> {
  const { record } = session;
  if (session.runId === null || record === null) return null;
  return {
    backend: "tmux",
    name: session.name,
    argv: record.command,
    workingDir: record.working_dir,
    socketName,
    env: await environmentOf(context, socketName, session.id, record.env),
    stopSignal: stopSignalOf(session),
    stopTimeoutSeconds: record.stop_timeout,
    protected: record.protected,
  };
}

async function environmentOf(
  context: Context,
  socketName: string,
  sessionId: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  const nonce = context.world.randomId();
  const server: Server = { binary: context.binary, socketName };
  const answer = await answerOf(
    context,
    socketName,
    runScript(server),
    ANSWER_TIMEOUT_MS,
    environmentScript(sessionId, names, nonce),
  );
  const onlyUnknown = /^unknown variable: /.test(answer.stderr);
  if (answer.code !== 0 && !onlyUnknown) {
    throw unavailable(socketName, parseFailure(answer.stderr));
  }
  return parseEnvironment(answer.stdout, names, nonce);
}

function stopSignalOf({ record }: TmuxSession): StopSignal | null {
  return STOP_SIGNALS.find((signal) => signal === record?.stop_signal) ?? null;
}

async function stop(
  context: Context,
  socketName: string,
  session: TmuxSession,
  options: StopOptions,
): Promise<SessionStatus> {
  const { world } = context;
  const timeoutSeconds = options.timeoutSeconds ?? session.record?.stop_timeout ?? 10;
  // A question may have stood between looking it up and now: its pids may be other processes' ones.
  const now = await again(context, socketName, session);
  // A window that other sessions show, too, stays with them, unless it is the managed one.
  const panes = (now?.panes ?? []).filter((pane) =>
    !pane.dead && (!pane.linked || pane === now?.managedPane)
  );
  const survivors = await endProcesses(world, {
    panes: panes.map(({ pid }) => pid),
    keepers: panes.filter((pane) => pane === now?.managedPane).map(({ pid }) => pid),
    tag: session.runId === null ? null : `${RUN_ID_VARIABLE}=${session.runId}`,
    signal: options.force ? null : stopSignalOf(session) ?? "SIGINT",
    timeoutMs: timeoutSeconds * 1000,
  });
  const last = await close(context, socketName, session);
  if (survivors.length > 0) {
    const pids = survivors.map(({ pid }) => pid);
    const named = survivors.map(({ pid, args }) => `${pid} (${args.slice(0, 40)})`).join(", ");
    throw new SessionStopError(session.name, `still alive after SIGKILL: ${named}`, {
      backend: "tmux",
      hint: "a process that waits for a disk or a network file system cannot be killed",
      details: { pids },
    });
  }
  const { status } = last;
  return {
    ...status,
    state: "stopped",
    pid: null,
    finishedAt: status.finishedAt ?? world.now(),
    engineState: null,
    attached: null,
    windowCount: null,
    reason: null,
  };
}

/** What the server says now of a session that it had before; null: it is gone. */
async function again(
  context: Context,
  socketName: string,
  { id, serverPid }: TmuxSession,
): Promise<TmuxSession | null> {
  const sessions = await ask(context, socketName);
  return sessions.find((each) => each.id === id && each.serverPid === serverPid) ?? null;
}

/** Reads how the program ended, and takes the session away. */
async function close(context: Context, socketName: string, session: TmuxSession): Promise<Session> {
  const server: Server = { binary: context.binary, socketName };
  const nonce = context.world.randomId();
  const argv = closeSession(server, session, nonce);
  const answer = await answerOf(context, socketName, argv, ANSWER_TIMEOUT_MS);
  if (answer.code === 0) {
    const [last] = readPanes(socketName, answer.stdout, nonce);
    return sessionAt(context, socketName, last ?? session);
  }
  const failure = parseFailure(answer.stderr);
  // A session without remain-on-exit goes with its last program, and a server with its last session.
  if (failure.kind === "other") throw unavailable(socketName, failure);
  return sessionAt(context, socketName, session);
}

// --- start ---------------------------------------------------------------------------------------

/** Variables of the caller that every session gets, below those of its own definition. */
const INHERITED = /^(PATH|LANG|LC_[A-Z]+|TZ|VIRTUAL_ENV)$/;

async function start(
  context: Context,
  definition: TmuxDefinition,
  options: StartOptions,
): Promise<SessionStatus> {
  const { world } = context;
  await check(world, definition);
  const inherited = Object.fromEntries(
    Object.entries(world.environment()).filter(([key]) => INHERITED.test(key)),
  );
  const runId = world.randomId();
  const log = await context.logs.open(definition.name, runId);
  let created: Created;
  try {
    created = await create(context, { definition, runId, inherited, log });
  } catch (error) {
    if (log !== null) await context.logs.discard(log);
    throw error;
  }
  if (options.waitMs === 0) return startedStatus(definition, created);
  return await proveStarted(context, { definition, runId, created, log, waitMs: options.waitMs });
}

async function check(world: World, definition: TmuxDefinition): Promise<void> {
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
  const path = env["PATH"] ?? world.env("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
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
  readonly log: string | null;
}

/** How often a start is tried again over a server that is just ending. */
const ATTEMPTS = 10;

async function create(context: Context, creation: Creation): Promise<Created> {
  const { world, binary } = context;
  const { definition } = creation;
  const server: Server = { binary, socketName: definition.socketName };
  for (let attempt = 1;; attempt++) {
    const nonce = world.randomId();
    const script = startScript({ ...creation, nonce, binary: await binaryPath(context) });
    let answer: ExecResult;
    try {
      answer = await answerOf(
        context,
        definition.socketName,
        startServerAndRunScript(server),
        START_TIMEOUT_MS,
        script,
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
  readonly log: string | null;
  readonly waitMs: number;
}

/** How long a program may take to be begun at all, on a machine under load. */
const BEGIN_TIMEOUT_MS = 20_000;

/** Waits until the program has lived long enough, or has ended, and says which. */
async function proveStarted(context: Context, proof: Proof): Promise<SessionStatus> {
  const { world } = context;
  const { definition, runId, created } = proof;
  const giveUp = world.now().getTime() + BEGIN_TIMEOUT_MS;
  let late = false;
  await whileAlive(world, created.panePid, proof.waitMs);
  while (world.now().getTime() < giveUp) {
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
    } else {
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

async function endedAtOnce(
  context: Context,
  { definition, log }: Proof,
  session: TmuxSession,
): Promise<SessionStatus> {
  const status = statusOfSession(session, definition.socketName);
  if (status.exitCode === 0) return status;
  const output = new TextDecoder().decode(
    log === null
      ? await logs(context, definition.socketName, session, 10)
      : await context.logs.tail(log, 10),
  ).split("\n").slice(0, -1);
  const neverBegan = (status.exitCode === 127 || status.exitCode === 126) &&
    output.length > 0 && output.every((line) => /^kstops: (line )?\d+: /.test(line));
  if (neverBegan) {
    await close(context, definition.socketName, session);
    if (log !== null) await context.logs.discard(log);
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

function howWords({ exitCode, signal }: Pick<SessionStatus, "exitCode" | "signal">): string {
  if (signal !== null) return `by ${signal}`;
  return exitCode === null ? "in an unknown way" : `with exit code ${exitCode}`;
}
