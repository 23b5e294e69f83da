/** What can be done with one container. Loaded when it is done. */
import {
  BackendUnavailableError,
  escapeControls,
  quote,
  SessionAttachError,
  SessionNotFoundError,
  SessionStopError,
} from "../../errors.ts";
import { countLines, lastLines, withoutReturns } from "../../logs/lines.ts";
import {
  type ContainerDefinition,
  DEFAULT_LOG,
  type LogPolicy,
  OUT_OF_MEMORY,
  type SessionStatus,
  STOP_SIGNALS,
} from "../../model.ts";
import { type ExecBytesResult, FileError, type OutputName, type World } from "../../world.ts";
import type { AttachEnd, AttachOptions, LogOptions, StopOptions } from "../backend.ts";
import {
  attachContainer,
  containerLogs,
  type DefinitionRecord,
  killContainer,
  removeContainer,
  RUN_LABEL,
  stopContainer,
  unpauseContainer,
  watchContainer,
} from "./args.ts";
import { answerOf, askOne, type Context, troubleOf, unavailable, WORK_TIMEOUT_MS } from "./ask.ts";
import { type Client, isRemote } from "./clients.ts";
import { mergeByTime } from "./log_lines.ts";
import {
  type Container,
  type Failure,
  isManaged,
  isProtected,
  parseFailure,
  recordOf,
  statusOfContainer,
} from "./parse.ts";

/** Hands the terminal to a container that runs. */
export async function attachTo(
  context: Context,
  client: Client,
  { container, options }: { readonly container: Container; readonly options: AttachOptions },
): Promise<AttachEnd> {
  const { name, id } = container;
  const before = statusOfContainer(container, { runtime: client.runtime, kept: false });
  if (before.state !== "running") {
    throw new SessionAttachError(name, whyNot(before), {
      backend: "container",
      hint: `kstops logs ${name} shows what it printed, kstops start starts it again`,
    });
  }
  options.say(howToLeave(container, options));
  const argv = options.readOnly ? watchContainer(client, id) : attachContainer(client, id);
  // What a container without a terminal of its own writes to standard error is part of the show.
  await context.world.interact(argv, { showError: true }).ended;
  // The client's exit code is no answer: docker's is 1 after its keys, podman's always 0.
  const after = await askOne(context, client, id);
  if (after === null) return { kind: "ended", status: null };
  const status = statusOfContainer(after, { runtime: client.runtime, kept: false });
  return status.state === "running" ? { kind: "detached" } : { kind: "ended", status };
}

function howToLeave({ details }: Container, { readOnly }: AttachOptions): string {
  if (readOnly) return "Ctrl-c gives the terminal back, and the session goes on";
  // Keys are no keys then: the client reads lines.
  if (details?.tty === false) {
    return "it has no terminal of its own: Ctrl-c goes to it, and may end it (attach --read-only " +
      "gives the terminal back with Ctrl-c)";
  }
  return "Ctrl-p Ctrl-q gives the terminal back, and the session goes on";
}

function whyNot({ state, engineState, exitCode, signal }: SessionStatus): string {
  if (state !== "exited") return `it is ${engineState}`;
  return signal === null ? `it ended with exit code ${exitCode}` : `it ended by ${signal}`;
}

/** How long a runtime may take to print all that a container has printed. */
const LOGS_TIMEOUT_MS = 600_000;

/**
 * What a container printed. One without a terminal of its own keeps its two streams apart: they are
 * put together by time.
 *
 * @throws {UnreadableLogError}
 * @throws {SessionNotFoundError} it has gone meanwhile: what it printed may have been kept
 */
export async function logs(
  context: Context,
  client: Client,
  { container, options }: { readonly container: Container; readonly options: LogOptions },
): Promise<Uint8Array> {
  return await printed(context, client, await sourceOf(context, client, container), options);
}

const LOGS_VERB = "show the logs of";

/** A container whose output is wanted. */
interface Source {
  readonly name: string;
  readonly id: string;
  /** Whether it has a terminal, and so one stream. */
  readonly tty: boolean;
}

async function sourceOf(
  context: Context,
  client: Client,
  { name, id, details: known }: Container,
): Promise<Source> {
  const details = known ?? (await askOne(context, client, id))?.details;
  if (details === undefined || details === null) throw new SessionNotFoundError(LOGS_VERB, name);
  return { name, id, tty: details.tty };
}

/** A container whose output its runtime does not give back. */
export class UnreadableLogError extends BackendUnavailableError {
  constructor({ runtime }: Client, name: string, { kind, reason: said }: Failure) {
    const reason = escapeControls(said);
    super(`Cannot read what ${quote(name)} printed: ${reason}`, {
      reason,
      hint: kind === "no_log"
        ? "its log driver gives nothing back (--log-driver, or what the runtime is told to use)"
        : `try it by hand: ${runtime} logs ${name}`,
      details: { engine: runtime, reason: said },
    });
  }
}

/** What docker takes for a line at most (daemon/logger/copier.go). */
const DOCKER_LINE_BYTES = 16_384;

/** How the output of a container is read. */
interface Reading extends LogOptions {
  /** Whether the last line may go on: it gets no newline where it has none. */
  readonly isOpen?: boolean;
  /** Is told how many bytes there were of each stream, the times of lines left out where not wanted. */
  readonly count?: (bytes: Record<OutputName, number>) => void;
}

/** The wanted lines of a container. */
async function printed(
  context: Context,
  client: Client,
  source: Source,
  options: Reading,
): Promise<Uint8Array> {
  const { lines, timestamps = false, isOpen = false, count } = options;
  const { tty } = source;
  if (lines === 0 && count === undefined) return new Uint8Array();
  // Two streams can only be counted where they are whole.
  if (!Number.isFinite(lines) || (count !== undefined && !tty)) {
    const all = { lines: Infinity, keepBytes: Infinity };
    const streams = await output(context, client, source, { ...options, ...all });
    return lastLines(together(streams, { ...all, tty, timestamps }), lines, { isOpen });
  }
  // podman 4.3 loses bytes at `--tail`: line ends before an unfinished line, and most of a line that
  // is longer than 8 KB. So it prints everything, and the rest is thrown away as it comes. docker
  // counts parts of a long line as lines: fewer may come than were asked for.
  const isPodman = client.runtime === "podman";
  for (let size = isPodman ? 1024 * 1024 : lines + 16;; size *= 16) {
    const limits = isPodman
      ? { lines: Infinity, keepBytes: size }
      : { lines: size, keepBytes: Infinity };
    const streams = await output(context, client, source, { ...options, ...limits });
    const bytes = together(streams, { ...limits, tty, timestamps });
    // One more line than was asked for: only then is the first of them whole.
    const hasEnough = (some: Uint8Array): boolean => countLines(some) > lines;
    const isAll = isPodman
      ? Object.values(streams).every((each) => each.length < size || hasEnough(each))
      : countLines(bytes) + Math.ceil(bytes.length / DOCKER_LINE_BYTES) < size || hasEnough(bytes);
    if (isAll) return lastLines(bytes, lines, { isOpen });
  }
}

/** What came of each stream: at most its last bytes. With a terminal, there is but one. */
type Streams = Pick<ExecBytesResult, "stdout" | "stderr">;

/** Streams as one; of one that is not whole, from its first whole line on. */
function together(
  { stdout, stderr }: Streams,
  { tty, keepBytes, timestamps }: {
    readonly tty: boolean;
    readonly keepBytes: number;
    readonly timestamps: boolean;
  },
): Uint8Array {
  if (tty) return stdout;
  const wholeLines = (bytes: Uint8Array): Uint8Array =>
    bytes.length < keepBytes ? bytes : bytes.subarray(bytes.indexOf(NEWLINE) + 1);
  return mergeByTime(wholeLines(stdout), wholeLines(stderr), { keepTimes: timestamps });
}

const NEWLINE = 0x0a;

/** What the runtime's own log has, as it is. */
async function output(
  { world }: Context,
  client: Client,
  { name, id, tty }: Source,
  { keepBytes, count, ...options }: Reading & { readonly keepBytes: number },
): Promise<Streams> {
  const { timestamps = false } = options;
  const argv = containerLogs(client, id, { ...options, timestamps: timestamps || !tty });
  let length = 0;
  try {
    const { code, stdout, stderr } = await world.execBytes(argv, {
      timeoutMs: LOGS_TIMEOUT_MS,
      interruptible: true,
      onOutput: (bytes, stream) => {
        if (stream === "stdout") length += bytes.length;
      },
      ...(Number.isFinite(keepBytes) ? { keepBytes } : {}),
    });
    if (code === 0 && tty) {
      count?.({ stdout: length, stderr: 0 });
      return { stdout, stderr: new Uint8Array() };
    }
    if (code === 0) {
      const lengthOf = (bytes: Uint8Array): number =>
        mergeByTime(bytes, new Uint8Array(), { keepTimes: timestamps }).length;
      count?.({ stdout: lengthOf(stdout), stderr: lengthOf(stderr) });
      return { stdout, stderr };
    }
    const failure = parseFailure(new TextDecoder().decode(stderr));
    if (failure.kind === "not_found") throw new SessionNotFoundError(LOGS_VERB, name);
    if (failure.kind === "not_running") throw unavailable(client, failure);
    throw new UnreadableLogError(client, name, failure);
  } catch (error) {
    throw troubleOf(client, error);
  }
}

/** What a container printed, and what it goes on to print, until it ends. */
export async function* follow(
  context: Context,
  client: Client,
  { container, options, abort }: {
    readonly container: Container;
    readonly options: LogOptions;
    readonly abort: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  const source = await sourceOf(context, client, container);
  // podman's `--tail` loses bytes: what was read is skipped when all comes again.
  const isPodman = client.runtime === "podman";
  let skipped = { stdout: 0, stderr: 0 };
  if (isPodman) {
    yield await printed(context, client, source, {
      ...options,
      isOpen: true,
      count: (bytes) => {
        skipped = bytes;
      },
    });
  }
  const argv = containerLogs(client, source.id, {
    ...options,
    ...(isPodman ? { lines: Infinity } : {}),
    follow: true,
  });
  yield* outputAsItComes(context, client, { source, argv, skipped, abort });
}

/** How much of what a client says of its own trouble is read. */
const COMPLAINT_BYTES = 64 * 1024;

/** What a client prints of a container, without the carriage returns that a terminal adds. */
async function* outputAsItComes(
  { world }: Context,
  client: Client,
  { source, argv, skipped, abort }: {
    readonly source: Source;
    readonly argv: readonly string[];
    /** How much of each stream is left out. */
    readonly skipped: Record<OutputName, number>;
    readonly abort: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  const chunks: Uint8Array[] = [];
  const left = { ...skipped };
  const strip = { stdout: withoutReturns(), stderr: withoutReturns() };
  let wake = (): void => {};
  let isOver = false;
  const running = world.execBytes(argv, {
    timeoutMs: Infinity,
    abort,
    keepBytes: COMPLAINT_BYTES,
    onOutput: (bytes, stream) => {
      // Of a container with a terminal only the client itself says something there.
      if (source.tty && stream === "stderr") return;
      const skip = Math.min(left[stream], bytes.length);
      left[stream] -= skip;
      if (skip < bytes.length) chunks.push(strip[stream](bytes.subarray(skip)));
      wake();
    },
  }).finally(() => {
    isOver = true;
    wake();
  });
  running.catch(() => {});
  while (!isOver || chunks.length > 0) {
    const chunk = chunks.shift();
    if (chunk !== undefined) {
      yield chunk;
      continue;
    }
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (isOver || chunks.length > 0) resolve();
    });
  }
  if (abort.aborted) return;
  try {
    const { code, stderr } = await running;
    if (code === 0) return;
    const failure = parseFailure(new TextDecoder().decode(stderr));
    // It was removed meanwhile: that is an end like any other.
    if (failure.kind !== "not_found") throw new UnreadableLogError(client, source.name, failure);
  } catch (error) {
    throw troubleOf(client, error);
  }
}
/** What a container was started from; null for a foreign one. */
export async function definitionOf(
  context: Context,
  client: Client,
  container: Container,
): Promise<ContainerDefinition | null> {
  const record = recordOf(container);
  if (record === null) return null;
  const details = container.details ?? (await askOne(context, client, container.id))?.details;
  const env = record.env.map((key): [string, string] => [key, details?.env[key] ?? ""]);
  return {
    backend: "container",
    name: container.name,
    image: record.image,
    argv: record.command,
    workingDir: record.working_dir,
    env: Object.fromEntries(env),
    volumes: record.volumes,
    logVolume: record.log_volume,
    ports: record.ports,
    runtime: client.runtime,
    network: record.network,
    user: record.user,
    restart: record.restart,
    runArgs: record.run_args,
    stopSignal: STOP_SIGNALS.find((signal) => signal === record.stop_signal) ?? null,
    stopTimeoutSeconds: record.stop_timeout,
    protected: isProtected(container),
    log: policyOf(record),
  };
}

function policyOf({ log_capture, log_max_bytes, log_keep }: DefinitionRecord): LogPolicy {
  return { capture: log_capture, maxBytes: log_max_bytes, keep: log_keep };
}

/** Ends a container, and takes it away where kstops made it. */
export async function stop(
  context: Context,
  client: Client,
  { container, options }: { readonly container: Container; readonly options: StopOptions },
): Promise<SessionStatus> {
  // A question may have stood between looking it up and now.
  const before = await askOne(context, client, container.id);
  if (before === null) return stopped(context, client, container);
  const isAlive = hasProgram(before);
  const after = isAlive ? await end(context, client, { before, options }) : before;
  if (isManaged(container)) {
    if (options.keep) await keepEnd(context, client, after);
    else await saveAndRemove(context, client, after);
    // One that had ended by itself stays what it was, where it stays.
    if (isAlive || !options.keep) await recordStop(context, after, { hadEnded: !isAlive });
  }
  return stopped(context, client, after);
}

/** The run that a container of ours is. */
function runOf({ labels, id }: Container): string {
  return labels[RUN_LABEL] ?? id.slice(0, 12);
}

/** Keeps how a container ended, and what it printed, beyond its own life. */
export async function keepEnd(
  context: Context,
  client: Client,
  container: Container,
): Promise<void> {
  await recordEnd(context, container);
  if (container.finishedAt !== null) await save(context, client, container);
}

/** Remembers how a container ended; one that never ran did not end. */
export async function recordEnd(context: Context, container: Container): Promise<void> {
  const { name, exitCode, finishedAt, details } = container;
  if (finishedAt === null) return;
  await context.logs.record(name, {
    event: "ended",
    run: runOf(container),
    at: finishedAt,
    exitCode,
    reason: details?.outOfMemory ? OUT_OF_MEMORY : null,
  });
}

/** Remembers that a container was stopped, and when: it may be started again, without kstops. */
async function recordStop(
  { logs, world }: Context,
  container: Container,
  { hadEnded }: { readonly hadEnded: boolean },
): Promise<void> {
  const at = container.finishedAt ?? world.now();
  await logs.record(container.name, { event: "stopped", run: runOf(container), at, hadEnded });
}

function hasProgram({ state }: Container): boolean {
  return !["exited", "created", "configured", "dead"].includes(state);
}

const STOP_ATTEMPTS = 10;

async function end(
  context: Context,
  client: Client,
  { before, options }: { readonly before: Container; readonly options: StopOptions },
): Promise<Container> {
  const { id, name, state, pid } = before;
  const seconds = options.force
    ? 0
    : options.timeoutSeconds ?? recordOf(before)?.stop_timeout ?? 10;
  if (options.force && client.runtime === "docker") {
    // Its stop sends the stop signal also where no time is left for it. The stop that follows finds
    // nobody to ask; podman's asks nobody then.
    await answerOf(context, client, killContainer(client, id), WORK_TIMEOUT_MS);
  } else if (state === "paused") {
    // podman does not stop what is paused.
    await answerOf(context, client, unpauseContainer(client, id));
  }
  for (let attempt = 1;; attempt++) {
    const answer = await answerOf(
      context,
      client,
      stopContainer(client, id, seconds),
      seconds * 1000 + WORK_TIMEOUT_MS,
    );
    const after = await askOne(context, client, id);
    // Somebody else removed it meanwhile, or it was started with --rm.
    if (after === null) return { ...before, state: "exited", pid: null };
    if (after.pid === null && !hasProgram(after)) return after;
    if (await isForgotten(context, client, after)) {
      const finishedAt = after.finishedAt ?? context.world.now();
      return { ...after, state: "exited", pid: null, exitCode: null, finishedAt };
    }
    // podman says that it is done also where the restart policy has just started it again, and
    // stumbles where that happens in the middle.
    const isRestarted = answer.code === 0 || /container state improper/.test(answer.stderr);
    if (isRestarted && attempt < STOP_ATTEMPTS) continue;
    const reason = answer.code === 0 ? "it is still running" : parseFailure(answer.stderr).reason;
    throw new SessionStopError(name, `${reason} (${client.runtime}, pid ${after.pid ?? pid})`, {
      backend: "container",
      hint: `try it by hand: ${client.program} rm -f ${name}`,
      details: { pids: [after.pid ?? pid].filter((each) => each !== null) },
    });
  }
}

/**
 * Whether a program has ended that podman goes on waiting for, or has given up: the one that was to
 * tell how it ended (conmon) was killed.
 */
async function isForgotten(
  { world }: Context,
  client: Client,
  { state, pid }: Container,
): Promise<boolean> {
  if (client.dialect !== "podman" || pid === null) return false;
  if (state !== "stopping" && state !== "stopped") return false;
  // On another machine, or in its virtual one, the pid says nothing.
  if (world.operatingSystem !== "linux" || await isRemote(world, client)) return false;
  return await isZombie(world, pid) || !await world.processes.alive(pid);
}

/** Whether a process has ended, and nobody has asked how (proc(5): the state follows the name). */
async function isZombie({ files }: World, pid: number): Promise<boolean> {
  try {
    return /\) [ZX] [^)]*$/.test(await files.readText(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}

const REMOVAL_POLL_MS = 100;

/**
 * Takes an ended container away, after its output was kept, where it can be read; volumes stay.
 *
 * @returns whether it is gone: not when it runs again
 */
export async function saveAndRemove(
  context: Context,
  client: Client,
  container: Container,
): Promise<boolean> {
  const { id, name } = container;
  await keepEnd(context, client, container);
  const answer = await answerOf(context, client, removeContainer(client, id), WORK_TIMEOUT_MS);
  if (answer.code === 0) return true;
  let left = await askOne(context, client, id);
  // Somebody else removes it at this moment.
  for (let round = 0; round < 100 && left?.state === "removing"; round++) {
    await context.world.sleep(REMOVAL_POLL_MS);
    left = await askOne(context, client, id);
  }
  if (left === null) return true;
  if (left.pid !== null) return false;
  throw new SessionStopError(
    name,
    `it has ended, but ${client.runtime} cannot remove it: ${parseFailure(answer.stderr).reason}`,
    { backend: "container", hint: `try it by hand: ${client.program} rm -f ${name}` },
  );
}

async function save(context: Context, client: Client, container: Container): Promise<void> {
  const record = recordOf(container);
  const policy = record === null ? DEFAULT_LOG : policyOf(record);
  if (!policy.capture) return;
  try {
    const source = await sourceOf(context, client, container);
    const { tty } = source;
    const keepBytes = policy.maxBytes;
    const streams = await output(context, client, source, { lines: Infinity, keepBytes });
    const bytes = together(streams, { tty, keepBytes, timestamps: false }).slice(-keepBytes);
    await context.logs.save(container.name, runOf(container), { bytes, ...policy });
  } catch (error) {
    // Somebody else removes it at this moment.
    if (error instanceof SessionNotFoundError) return;
    // It must not keep a session in its runtime for ever.
    if (!(error instanceof UnreadableLogError)) throw error;
    context.logs.notKept(error.message);
  }
}

function stopped(
  { world }: Context,
  { runtime }: Client,
  container: Container,
): SessionStatus {
  const status = statusOfContainer(container, { runtime, kept: true });
  return {
    ...status,
    state: "stopped",
    pid: null,
    finishedAt: status.finishedAt ?? world.now(),
  };
}
