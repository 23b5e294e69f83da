/** What can be done with one container. Loaded when it is done. */
import { SessionAttachError, SessionStopError } from "../../errors.ts";
import { countLines, lastLines, withoutReturns } from "../../logs/lines.ts";
import {
  type ContainerDefinition,
  DEFAULT_LOG,
  howItEnded,
  type LogPolicy,
  type SessionStatus,
  STOP_SIGNALS,
} from "../../model.ts";
import type { AttachEnd, AttachOptions, LogOptions, StopOptions } from "../backend.ts";
import {
  attachContainer,
  containerLogs,
  type DefinitionRecord,
  removeContainer,
  RUN_LABEL,
  stopContainer,
  unpauseContainer,
  watchContainer,
} from "./args.ts";
import { answerOf, askOne, type Context, troubleOf, unavailable, WORK_TIMEOUT_MS } from "./ask.ts";
import type { Client } from "./clients.ts";
import { mergeByTime } from "./log_lines.ts";
import {
  type Container,
  isManaged,
  isProtected,
  OUT_OF_MEMORY,
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

/** A container whose output is wanted. */
interface Source {
  readonly id: string;
  /** Whether it has a terminal, and so one stream. */
  readonly tty: boolean;
}

/**
 * What a container printed. One without a terminal of its own keeps its two streams apart: they are
 * put together by time.
 */
export async function logs(
  context: Context,
  client: Client,
  id: string,
  options: LogOptions,
): Promise<Uint8Array> {
  const source = await sourceOf(context, client, id);
  return source === null ? new Uint8Array() : await printed(context, client, source, options);
}

async function sourceOf(context: Context, client: Client, id: string): Promise<Source | null> {
  const container = await askOne(context, client, id);
  return container === null ? null : { id, tty: container.details?.tty ?? true };
}

/** The wanted lines of a container; none where it has gone meanwhile. */
async function printed(
  context: Context,
  client: Client,
  source: Source,
  options: LogOptions,
): Promise<Uint8Array> {
  const { lines } = options;
  if (lines === 0) return new Uint8Array();
  if (!Number.isFinite(lines)) {
    return lastLines(await output(context, client, source, options), lines);
  }
  // podman 4.3 loses bytes at `--tail`: line ends before an unfinished line, and most of a line that
  // is longer than 8 KB. So it prints everything, and the rest is thrown away as it comes. docker
  // counts each 16 KB of a line as a line: fewer may come than were asked for.
  const isPodman = client.runtime === "podman";
  let before = -1;
  for (let size = isPodman ? 1024 * 1024 : lines + 16;; size *= 16) {
    const bytes = isPodman
      ? await output(context, client, source, { ...options, lines: Infinity, keepBytes: size })
      : await output(context, client, source, { ...options, lines: size });
    const isAll = isPodman ? bytes.length < size : bytes.length === before;
    // One more line than was asked for: only then is the first of them whole.
    if (isAll || countLines(bytes) > lines) return lastLines(bytes, lines);
    before = bytes.length;
  }
}

/** What the runtime's own log has, as it is. */
async function output(
  { world }: Context,
  client: Client,
  { id, tty }: Source,
  options: LogOptions & { readonly keepBytes?: number },
): Promise<Uint8Array> {
  const { keepBytes, timestamps } = options;
  const argv = containerLogs(client, id, {
    ...options,
    timestamps: timestamps || !tty,
    follow: false,
  });
  try {
    const { code, stdout, stderr } = await world.execBytes(argv, {
      timeoutMs: LOGS_TIMEOUT_MS,
      interruptible: true,
      ...(keepBytes === undefined ? {} : { keepBytes }),
    });
    if (code === 0) return tty ? stdout : mergeByTime(stdout, stderr, { keepTimes: timestamps });
    const failure = parseFailure(new TextDecoder().decode(stderr));
    if (failure.kind === "not_found") return new Uint8Array();
    throw unavailable(client, failure);
  } catch (error) {
    throw troubleOf(client, error);
  }
}

/** What a container printed, and what it goes on to print, until it ends. */
export async function* follow(
  context: Context,
  client: Client,
  { id, options, abort }: {
    readonly id: string;
    readonly options: LogOptions;
    readonly abort: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  const source = await sourceOf(context, client, id);
  if (source === null) return;
  // podman's `--tail` loses bytes: what was read is skipped when all comes again.
  const isPodman = client.runtime === "podman";
  let skipped = 0;
  if (isPodman) {
    const all = { lines: Infinity, since: options.since, timestamps: options.timestamps };
    const bytes = await output(context, client, { id, tty: true }, all);
    yield lastLines(bytes, options.lines, { isOpen: true });
    skipped = bytes.length;
  }
  const argv = containerLogs(client, id, {
    ...options,
    ...(isPodman ? { lines: Infinity } : {}),
    follow: true,
  });
  const chunks: Uint8Array[] = [];
  let wake = (): void => {};
  let isOver = false;
  const running = context.world.execBytes(argv, {
    timeoutMs: Infinity,
    abort,
    keepBytes: 0,
    onOutput: (bytes) => {
      const skip = Math.min(skipped, bytes.length);
      skipped -= skip;
      if (skip < bytes.length) chunks.push(bytes.subarray(skip));
      wake();
    },
  }).catch((error) => {
    if (!abort.aborted) throw troubleOf(client, error);
  }).finally(() => {
    isOver = true;
    wake();
  });
  running.catch(() => {});
  const strip = withoutReturns();
  while (!isOver || chunks.length > 0) {
    const chunk = chunks.shift();
    if (chunk !== undefined) yield strip(chunk);
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isOver || chunks.length > 0) resolve();
      });
    }
  }
  await running;
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

function policyOf(record: DefinitionRecord | null): LogPolicy {
  return {
    capture: record?.log_capture ?? DEFAULT_LOG.capture,
    maxBytes: record?.log_max_bytes ?? DEFAULT_LOG.maxBytes,
    keep: record?.log_keep ?? DEFAULT_LOG.keep,
  };
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
  const after = hasProgram(before) ? await end(context, client, { before, options }) : before;
  if (isManaged(container)) {
    if (options.keep) await recordEnd(context, after);
    else await saveAndRemove(context, client, after);
    await context.logs.record(container.name, {
      event: "stopped",
      run: runOf(container),
      at: context.world.now(),
    });
  }
  return stopped(context, client, after);
}

/** The run that a container of ours is. */
function runOf({ labels, id }: Container): string {
  return labels[RUN_LABEL] ?? id.slice(0, 12);
}

/** Remembers how a container ended, beyond its own life. */
export async function recordEnd(context: Context, container: Container): Promise<void> {
  const { name, exitCode, finishedAt, details } = container;
  if (exitCode === null) return;
  await context.logs.record(name, {
    event: "ended",
    run: runOf(container),
    at: finishedAt ?? context.world.now(),
    exitCode,
    reason: details?.outOfMemory ? OUT_OF_MEMORY : null,
  });
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
  // podman does not stop what is paused.
  if (state === "paused") await answerOf(context, client, unpauseContainer(client, id));
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
    // podman says that it is done also where the restart policy has just started it again.
    if (answer.code === 0 && attempt < STOP_ATTEMPTS) continue;
    const reason = answer.code === 0 ? "it is still running" : parseFailure(answer.stderr).reason;
    throw new SessionStopError(name, `${reason} (${client.runtime}, pid ${after.pid ?? pid})`, {
      backend: "container",
      hint: `try it by hand: ${client.program} rm -f ${name}`,
      details: { pids: [after.pid ?? pid].filter((each) => each !== null) },
    });
  }
}

const REMOVAL_POLL_MS = 100;

/**
 * Takes an ended container away, after its output was kept; volumes stay.
 *
 * @returns whether it is gone: not when it runs again
 */
export async function saveAndRemove(
  context: Context,
  client: Client,
  container: Container,
): Promise<boolean> {
  const { id, name, details, finishedAt } = container;
  const policy = policyOf(recordOf(container));
  if (finishedAt !== null) {
    await recordEnd(context, container);
    if (policy.capture) {
      const bytes = await output(context, client, { id, tty: details?.tty ?? true }, {
        lines: Infinity,
        since: null,
        timestamps: false,
        keepBytes: policy.maxBytes,
      });
      await context.logs.save(name, runOf(container), { bytes, ...policy });
    }
  }
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

function stopped(
  { world }: Context,
  { runtime }: Client,
  container: Container,
): SessionStatus {
  const status = statusOfContainer(container, { runtime, kept: true });
  const ended = container.exitCode === null ? null : howItEnded(container.exitCode);
  return {
    ...status,
    state: "stopped",
    pid: null,
    exitCode: ended?.exitCode ?? null,
    signal: ended?.signal ?? null,
    finishedAt: status.finishedAt ?? world.now(),
  };
}
