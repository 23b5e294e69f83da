/** Starting a container, and proving that it runs. Loaded when it is done. */
import {
  ContainerRuntimeNotFoundError,
  escapeControls,
  quote,
  SessionConfigError,
  SessionExistsError,
  SessionNotFoundError,
  SessionStartError,
} from "../../errors.ts";
import { fingerprintOf } from "../../logs/fingerprint.ts";
import { whereIs } from "../../logs/where.ts";
import { excerptOf, lastShown } from "../../logs/shown.ts";
import {
  type ContainerDefinition,
  howItEnded,
  isExitCode,
  type SessionStatus,
  statusOf,
} from "../../model.ts";
import { oddFlags } from "../../validate/run_args.ts";
import { ExecTimeoutError, FileError, type World } from "../../world/world.ts";
import type { EngineCall, StartOptions } from "../backend.ts";
import {
  isOfTheClient,
  pullImage,
  removeContainer,
  RUN_LABEL,
  runContainer,
  waitFor,
} from "./args.ts";
import {
  answerOf,
  askByName,
  askOne,
  type Context,
  RuntimeUnavailableError,
  startError,
  troubleOf,
  unavailable,
} from "./ask.ts";
import { type Client, findClients, installHint, isRemote } from "./clients.ts";
import { logs, UnreadableLogError } from "./logs.ts";
import { neverExecuted, parseFailure } from "./failure.ts";
import { isManaged } from "./labels.ts";
import type { Container } from "./parse.ts";
import { statusOfContainer } from "./status.ts";
import { inTurn } from "./turns.ts";
import { keepEnd, recordEnd } from "./record.ts";
import { saveAndRemove } from "./session.ts";

/** Starts a session: see `Runner.start`. */
export async function start(
  context: Context,
  definition: ContainerDefinition,
  options: StartOptions,
): Promise<SessionStatus> {
  const { world } = context;
  const client = await prepare(context, definition);
  await makeLogDirectory(world, definition);
  const runId = world.randomId();
  const calledAt = world.now();
  const id = await create(context, client, { definition, runId, say: options.say ?? (() => {}) });
  await context.logs.record(definition.name, {
    event: "begun",
    run: runId,
    at: await beginOf(context, client, { id, calledAt }),
    backend: "container",
    engine: client.runtime,
    where: whereIs(client.runtime, world),
    socketName: null,
    image: definition.image,
    workingDir: definition.workingDir,
    definition: await fingerprintOf(definition),
    ending: null,
  });
  if (options.waitMs === 0) return startedStatus(definition, client, id);
  return await proveStarted(context, client, { definition, runId, id, waitMs: options.waitMs });
}

/**
 * When a program began, by the clock of its runtime, which also tells when it ended. podman takes the
 * end of one that ends at once from a clock that is some milliseconds behind.
 */
async function beginOf(
  context: Context,
  client: Client,
  { id, calledAt }: { readonly id: string; readonly calledAt: Date },
): Promise<Date> {
  try {
    const { details = null, finishedAt = null } = await askOne(context, client, id) ?? {};
    const startedAt = details?.startedAt ?? calledAt;
    return finishedAt !== null && finishedAt < startedAt ? finishedAt : startedAt;
  } catch (error) {
    // It runs all the same.
    if (error instanceof RuntimeUnavailableError) return calledAt;
    throw error;
  }
}

/** Looks for what would make a start fail: see `Runner.check`. */
export async function check(context: Context, definition: ContainerDefinition): Promise<void> {
  const client = await prepare(context, definition);
  // What nobody has is as good as any other name; a runtime that is down says so here.
  await askByName(context, client, definition.name);
}

/** The call that a start would make: see `Runner.plan`. */
export async function plan(
  { world }: Context,
  definition: ContainerDefinition,
): Promise<EngineCall> {
  const client = await clientFor(world, definition);
  const { argv, env, stdin } = runContainer(client, { definition, runId: "RUN_ID", init: true });
  return { argv, stdin: stdin ?? null, env: Object.keys(env) };
}

async function prepare(context: Context, definition: ContainerDefinition): Promise<Client> {
  const { world } = context;
  const client = await clientFor(world, definition);
  checkName(client, definition);
  checkVariables(definition);
  checkRunArgs(definition);
  if (!await isRemote(world, client)) await checkSources(world, definition);
  return client;
}

/**
 * The client that a start would call.
 *
 * @throws {ContainerRuntimeNotFoundError} `backend_not_found`
 */
export async function clientFor(
  world: World,
  { name, runtime }: ContainerDefinition,
): Promise<Client> {
  const clients = await findClients(world);
  const client = runtime === null
    ? clients[0]
    : clients.find((each) => each.runtime === runtime || each.program === runtime);
  if (client !== undefined) return client;
  const reason = runtime === null
    ? "neither podman nor docker is installed"
    : `${runtime} is not installed`;
  throw new ContainerRuntimeNotFoundError(`Cannot start ${quote(name)}: ${reason}`, {
    hint: installHint(world),
    details: { runtime },
  });
}

/** docker takes no shorter name (20.10 names.go); podman does. */
function checkName({ runtime }: Client, { name }: ContainerDefinition): void {
  if (runtime === "podman" || name.length > 1) return;
  throw new SessionConfigError(`Cannot use ${quote(name)} as the name of a docker container`, {
    hint: "give it at least two characters",
  });
}

/** These come line by line in a file, which knows no quoting. */
function checkVariables({ env }: ContainerDefinition): void {
  const [key] =
    Object.entries(env).find(([key, value]) => isOfTheClient(key) && /[\n\r]/.test(value)) ?? [];
  if (key === undefined) return;
  throw new SessionConfigError(
    `Cannot give the variable ${quote(key)} to a container: its value has a newline`,
    { hint: "a name that podman and docker do not go by themselves may have one" },
  );
}

/** Another name, or a label of kstops' own, would be another session. */
function checkRunArgs({ runArgs }: ContainerDefinition): void {
  const refused = oddFlags(runArgs).find(({ isRefused }) => isRefused);
  if (refused === undefined) return;
  const { flag, problem, hint } = refused;
  throw new SessionConfigError(`Cannot give ${quote(flag)} to a container: ${problem}`, { hint });
}

/** docker makes a missing directory, for root alone, and podman refuses: a typo is one for both. */
async function checkSources(world: World, { volumes }: ContainerDefinition): Promise<void> {
  for (const volume of volumes) {
    const source = sourceOf(volume);
    if (source === null || await world.files.facts(source) !== null) continue;
    throw new SessionConfigError(`Cannot mount ${quote(source)}: there is no such file`, {
      hint: `create it, or correct the volume: ${volume}`,
      details: { volume },
    });
  }
}

/** The path on this machine that a volume stands for; null where the runtime keeps it. */
function sourceOf(volume: string): string | null {
  const [source = "", target] = volume.split(":");
  return target !== undefined && source.startsWith("/") ? source : null;
}

async function makeLogDirectory(
  world: World,
  { name, logVolume }: ContainerDefinition,
): Promise<void> {
  const source = logVolume === null ? null : sourceOf(logVolume);
  if (source === null || await world.files.facts(source) !== null) return;
  try {
    await world.files.makeDirectory(source);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw startError(name, `its log directory cannot be made: ${error.message}`);
  }
}

interface Creation {
  readonly definition: ContainerDefinition;
  readonly runId: string;
  readonly say: (text: string) => void;
}

/** How often a start is tried again: over an ended container, an image, an init that is missing. */
const ATTEMPTS = 10;
const RETRY_MS = 100;

/** Runs the container, and gives its full id. */
async function create(context: Context, client: Client, creation: Creation): Promise<string> {
  const { definition, runId } = creation;
  const { name } = definition;
  let init = true;
  let pulled = false;
  for (let attempt = 1;; attempt++) {
    const call = runContainer(client, { definition, runId, init });
    const answer = await inTurn(context.world, () => answerOf(context, client, call));
    const id = idIn(answer.stdout);
    if (answer.code === 0 && id !== null) return id;
    const failure = parseFailure(answer.stderr);
    await removeLeftover(context, client, { name, runId });
    if (attempt === ATTEMPTS) throw startError(name, failure.reason);
    if (failure.kind === "no_init" && init) {
      init = false;
    } else if (failure.kind === "name_taken") {
      await makeRoom(context, client, name);
    } else if (failure.kind === "no_image" && !pulled) {
      await pull(context, client, creation);
      pulled = true;
    } else if (failure.kind === "not_running") {
      throw unavailable(client, failure);
    } else if (failure.kind === "no_registry") {
      throw startError(
        name,
        `${client.runtime} cannot get the image ${quote(definition.image)}: ${failure.reason}`,
        definition.runArgs.some((word) => /^--pull(=|$)/.test(word))
          ? "check the registry and the network, or leave out --pull in run_args"
          : "check the registry and the network",
      );
    } else {
      throw startError(name, failure.reason, hintFor(failure.reason, definition));
    }
  }
}

function idIn(stdout: string): string | null {
  return stdout.match(/^[0-9a-f]{64}$/m)?.[0] ?? null;
}

/** By what was said: podman's exit code for a port in use is that for what cannot be executed. */
function hintFor(reason: string, { argv, image }: ContainerDefinition): string {
  return /\bexec(utable)?\b/.test(reason)
    ? `the program is looked for in the image ${image}: ${quote(argv?.[0] ?? "its own command")}`
    : "nothing of it was left behind";
}

/** Takes away what a failed start of ours has made, and nothing else. */
async function removeLeftover(
  context: Context,
  client: Client,
  { name, runId }: { readonly name: string; readonly runId: string },
): Promise<void> {
  const left = await askByName(context, client, name);
  if (left === null || left.labels[RUN_LABEL] !== runId) return;
  await answerOf(context, client, removeContainer(client, left.id));
}

/** How long a container may be `created` because somebody is just starting it. */
const STARTING_MS = 60_000;

/**
 * Removes the ended container that has the name, where it is one of ours.
 *
 * @throws {SessionExistsError} `session_exists`
 */
async function makeRoom(context: Context, client: Client, name: string): Promise<void> {
  const { world } = context;
  const there = await askByName(context, client, name);
  if (there === null || there.state === "removing") {
    await world.sleep(RETRY_MS);
    return;
  }
  if (!isManaged(there)) throw foreign(client, there);
  if (there.name !== name) throw renamed(client, there, name);
  const age = world.now().getTime() - (there.createdAt?.getTime() ?? 0);
  // The clock of another machine may be ahead of ours.
  const isStarting = there.state === "created" && Math.abs(age) < STARTING_MS;
  const isOver = ["exited", "stopped", "created", "dead"].includes(there.state);
  if (!isStarting && isOver && await saveAndRemove(context, client, there)) return;
  throw new SessionExistsError(name, whatItDoes(client, there, isStarting), {
    backend: "container",
    hint: `look at it with kstops status ${name}, or replace it with kstops restart ${name}`,
    details: { runtime: client.runtime, id: there.id },
  });
}

function whatItDoes({ runtime }: Client, { state }: Container, isStarting: boolean): string {
  if (isStarting) return "it is being started just now";
  if (state === "paused") return "it is paused";
  if (state === "restarting") return `${runtime} keeps restarting it`;
  return "it is already running";
}

/** The name belongs to the container of another session by now. */
function renamed(
  { runtime, program }: Client,
  { name: session, id }: Container,
  name: string,
): SessionExistsError {
  return new SessionExistsError(
    name,
    `${runtime} calls the session ${quote(session)} that way by now`,
    {
      backend: "container",
      hint: `rename that one back: ${program} rename ${name} ${session}`,
      details: { runtime, id },
    },
  );
}

function foreign({ runtime, program }: Client, { name, id }: Container): SessionExistsError {
  return new SessionExistsError(
    name,
    `a ${runtime} container of that name, not made by kstops, is there`,
    {
      backend: "container",
      hint: `choose another name, or remove it yourself: ${program} rm ${name}`,
      details: { runtime, id },
    },
  );
}

/** How long an image may take to come. */
const PULL_TIMEOUT_MS = 3_600_000;

async function pull(
  { world }: Context,
  client: Client,
  { definition: { name, image }, say }: Creation,
): Promise<void> {
  const { runtime } = client;
  say(`${name}: ${runtime} does not have the image ${image}, and gets it now`);
  let rest = "";
  const decoder = new TextDecoder();
  const onOutput = (bytes: Uint8Array): void => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n|\r/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") say(`  ${escapeControls(line)}`);
  };
  try {
    const { code, stderr } = await world.exec(pullImage(client, image), {
      timeoutMs: PULL_TIMEOUT_MS,
      interruptible: true,
      onOutput,
    });
    if (code === 0) return;
    throw startError(
      name,
      `${runtime} has no image ${quote(image)} and cannot get it: ${parseFailure(stderr).reason}`,
      "check its name and the network, or build it first",
    );
  } catch (error) {
    throw troubleOf(client, error);
  }
}

function startedStatus(
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
async function proveStarted(
  context: Context,
  client: Client,
  { definition, runId, id, waitMs }: Proof,
): Promise<SessionStatus> {
  const firstExit = await exitWithin(context, client, { id, waitMs });
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

/** The exit code of a container that ends in time; null: it lives, or nobody says. */
async function exitWithin(
  { world }: Context,
  client: Client,
  { id, waitMs }: Pick<Proof, "id" | "waitMs">,
): Promise<number | null> {
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
    await answerOf(context, client, removeContainer(client, id));
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
  const why = container.details?.outOfMemory ? ", killed for want of memory" : "";
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
