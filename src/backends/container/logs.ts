/** The output of a container, so far and from now on. */
import {
  BackendUnavailableError,
  escapeControls,
  quote,
  SessionNotFoundError,
} from "../../errors.ts";
import { countLines, joined, lastLines, marked, shortened } from "../../logs/lines.ts";
import type { ExecBytesResult, OutputName } from "../../world/world.ts";
import type { LogOptions } from "../backend.ts";
import { containerLogs } from "./args.ts";
import { askOne, type Context, troubleOf, unavailable } from "./ask.ts";
import type { Client } from "./clients.ts";
import { DOCKER_LINE_BYTES, hasLongLine, withLongLines } from "./docker_lines.ts";
import { OF_CLIENTS } from "./list.ts";
import { mergeByTime } from "./log_lines.ts";
import { type Failure, parseFailure } from "./failure.ts";
import type { Container } from "./parse.ts";
import { withPatience } from "./patience.ts";
import { inTurn } from "./turns.ts";

/** How long a runtime may take to print all output of a container. */
const LOGS_TIMEOUT_MS = 600_000;
/** How long others wait for it. */
const MOST_TURN_MS = 1000;

/**
 * The output of a container. Without a terminal its two streams are separate: they are merged by
 * time.
 *
 * @throws {UnreadableLogError}
 * @throws {SessionNotFoundError} it has gone meanwhile: its output may have been kept
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
export interface Source {
  readonly name: string;
  readonly id: string;
  /** Whether it has a terminal, and so one stream. */
  readonly tty: boolean;
  /** Including the details of a closer look. */
  readonly container: Container;
}

/** Looks closer at a container whose output is wanted. */
export async function sourceOf(
  context: Context,
  client: Client,
  container: Container,
): Promise<Source> {
  const { name, id } = container;
  const details = container.details ?? (await askOne(context, client, id))?.details;
  if (details === undefined || details === null) throw new SessionNotFoundError(LOGS_VERB, name);
  const known = { ...container, details };
  if (client.runtime === "podman" && details.logPath !== null) {
    await (await import("./podman_log.ts")).keepInBounds(context.world, known);
  }
  return { name, id, tty: details.tty, container: known };
}

/** A container whose runtime does not return its output. */
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

/** How much is read for an excerpt, however long the lines are. */
const EXCERPT_BYTES = 1024 * 1024;

/** How to read the output of a container. */
interface Reading extends LogOptions {
  /** Whether the last line may go on: an unfinished one gets no newline. */
  readonly isOpen?: boolean;
  /**
   * Called with the number of bytes of each stream, without the times of lines if these are not
   * wanted.
   */
  readonly count?: (bytes: Record<OutputName, number>) => void;
  /** The end in podman's newest file; missing: all of it. */
  readonly endBytes?: number;
}

/** The wanted lines of a container. */
export async function printed(
  context: Context,
  client: Client,
  source: Source,
  options: Reading,
): Promise<Uint8Array> {
  const { lines, timestamps = false, isOpen = false, count, mostLineBytes } = options;
  const { tty } = source;
  if (lines === 0 && count === undefined) return new Uint8Array();
  // Two streams can only be counted when they are complete.
  if (!Number.isFinite(lines) || (count !== undefined && !tty)) {
    const all = { lines: Infinity, keepBytes: Infinity };
    const streams = await output(context, client, source, { ...options, ...all });
    return lastLines(together(streams, { ...all, tty, timestamps }), lines, { isOpen });
  }
  // podman 4.3 loses bytes at `--tail`: line ends before an unfinished line, and most of a line
  // that is longer than 8 KB. So it prints everything, and the rest is dropped as it comes. docker
  // counts parts of a long line as lines: fewer may come than requested.
  const isPodman = client.runtime === "podman";
  for (let size = isPodman ? EXCERPT_BYTES : lines + 16;; size *= 16) {
    const limits = isPodman
      ? { lines: Infinity, keepBytes: size }
      : { lines: size, keepBytes: mostLineBytes === undefined ? Infinity : EXCERPT_BYTES };
    const streams = await output(context, client, source, { ...options, ...limits });
    const bytes = together(streams, { ...limits, tty, timestamps });
    // With one line more than requested, the first of them is whole.
    const hasEnough = (some: Uint8Array): boolean => countLines(some) > lines;
    const isAll = isPodman
      ? Object.values(streams).every((each) => each.length < size || hasEnough(each))
      : countLines(bytes) + Math.ceil(bytes.length / DOCKER_LINE_BYTES) < size || hasEnough(bytes);
    if (mostLineBytes !== undefined) {
      const isCut = tty && bytes.length >= limits.keepBytes && !hasEnough(bytes);
      const short = shortened(mostLineBytes);
      const pieces = [...short.write(isCut ? marked(bytes) : bytes), ...short.end()];
      return lastLines(joined(pieces), lines, { isOpen });
    }
    if (isAll) return lastLines(bytes, lines, { isOpen });
  }
}

/** The output of each stream: at most its last bytes. With a terminal there is only one. */
type Streams = Pick<ExecBytesResult, "stdout" | "stderr">;

/** Merges streams. A stream that is incomplete begins with its first whole line. */
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

/** The output: podman's from its file if that is readable, docker's as it returns it. */
async function output(
  context: Context,
  client: Client,
  source: Source,
  reading: Reading & { readonly keepBytes: number },
): Promise<Streams> {
  const { container, tty } = source;
  if (client.runtime === "podman") {
    const { fileOutput } = await import("./podman_log.ts");
    // Two streams are merged by their times.
    const timestamps = reading.timestamps === true || !tty;
    const streams = await fileOutput(context.world, container, { ...reading, timestamps });
    if (streams !== null) return streams;
  }
  return await engineOutput(context, client, source, reading);
}

/** The runtime's own log, with each line as it was printed. */
async function engineOutput(
  context: Context,
  client: Client,
  source: Source,
  reading: Reading & { readonly keepBytes: number },
): Promise<Streams> {
  const streams = await rawOutput(context, client, source, reading);
  const both = [streams.stdout, streams.stderr];
  if (client.runtime !== "docker" || !both.some(hasLongLine)) return streams;
  const { keepBytes, mostLineBytes, timestamps = false } = reading;
  // The end of a line that is cut anyway does not matter.
  if (mostLineBytes !== undefined && both.some(({ length }) => length >= keepBytes)) return streams;
  const { count: _, ...rest } = reading;
  return await withLongLines({
    read: (most) =>
      rawOutput(context, client, source, { ...rest, timestamps: true, keepBytes: most }),
    keepBytes,
    // The times are needed to merge two streams.
    keepTimes: timestamps || !source.tty,
  });
}

/** The runtime's own log, unchanged. */
async function rawOutput(
  context: Context,
  client: Client,
  { name, id, tty }: Source,
  { keepBytes, count, ...options }: Reading & { readonly keepBytes: number },
): Promise<Streams> {
  const { timestamps = false } = options;
  const argv = containerLogs(client, id, { ...options, timestamps: timestamps || !tty });
  let length = 0;
  try {
    const { code, stdout, stderr } = await inTurn(
      context.world,
      () =>
        withPatience(
          context,
          client,
          (abort) =>
            context.world.execBytes(argv, {
              timeoutMs: LOGS_TIMEOUT_MS,
              env: OF_CLIENTS,
              interruptible: true,
              abort,
              onOutput: (bytes, stream) => {
                if (stream === "stdout") length += bytes.length;
              },
              keepBytes,
            }),
        ),
      { mostMs: MOST_TURN_MS },
    );
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

/** The end of what a container printed. */
interface LastBytes {
  readonly bytes: Uint8Array;
  /** Whether there was more before it. */
  readonly isCut: boolean;
}

/** The assumed length of a line: docker is asked for more lines when they are shorter. */
const USUAL_LINE_BYTES = 64;

/**
 * The last bytes of a container's output, to be kept.
 *
 * @throws as {@link logs} does
 */
export async function lastBytesOf(
  context: Context,
  client: Client,
  { container, keepBytes: mostBytes }: {
    readonly container: Container;
    readonly keepBytes: number;
  },
): Promise<LastBytes> {
  const source = await sourceOf(context, client, container);
  // One more than is kept, which shows whether there was more.
  const wanted = mostBytes + 1;
  // docker may have much more than that. podman loses bytes at `--tail`.
  const firstLines = client.runtime === "podman"
    ? Infinity
    : 16 + Math.ceil(wanted / USUAL_LINE_BYTES);
  // The lines of two streams come with times, which are not kept.
  const firstBytes = source.tty ? wanted : wanted * 2;
  for (let growth = 1;; growth *= 8) {
    const [lines, keepBytes] = [firstLines * growth, firstBytes * growth];
    const streams = await output(context, client, source, { lines, keepBytes });
    const bytes = together(streams, { tty: source.tty, keepBytes, timestamps: false });
    const isWhole = messagesIn(streams) < lines &&
      Math.max(streams.stdout.length, streams.stderr.length) < keepBytes;
    if (isWhole || bytes.length >= wanted) {
      return { bytes: bytes.slice(-mostBytes), isCut: bytes.length > mostBytes };
    }
  }
}

/** How many lines docker counts in streams, at most: it counts the parts of a long one. */
function messagesIn({ stdout, stderr }: Streams): number {
  const parts = Math.ceil(stdout.length / DOCKER_LINE_BYTES) +
    Math.ceil(stderr.length / DOCKER_LINE_BYTES);
  return countLines(stdout) + countLines(stderr) + parts;
}
