/** Follows the output of a container. */
import { withoutReturns } from "../../logs/lines.ts";
import type { OutputName } from "../../world/world.ts";
import type { LogOptions } from "../backend.ts";
import { containerLogs } from "./args.ts";
import { askOne, type Context, troubleOf } from "./ask.ts";
import type { Client } from "./clients.ts";
import { dockerLines } from "./docker_lines.ts";
import { parseFailure } from "./failure.ts";
import { OF_CLIENTS } from "./list.ts";
import { printed, type Source, sourceOf, UnreadableLogError } from "./logs.ts";
import type { Container } from "./parse.ts";

/** The output of a container, and what it prints further, until it ends. */
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
  const isPodman = client.runtime === "podman";
  if (isPodman) {
    const { followFile, openLog } = await import("./podman_follow.ts");
    const file = await openLog(context.world, source.container);
    if (file !== null) {
      yield* followFile(context.world, file, {
        ...options,
        readHead: (endBytes) =>
          printed(context, client, source, { ...options, isOpen: true, endBytes }),
        findPid: async () => (await askOne(context, client, source.id))?.pid ?? null,
        pid: source.container.pid,
        abort,
      });
      return;
    }
  }
  // podman's `--tail` loses bytes: all output comes again, and what was already read is skipped.
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
  const { timestamps = false } = options;
  const argv = containerLogs(client, source.id, {
    ...options,
    ...(isPodman ? { lines: Infinity } : {}),
    // The times show where a long line ends.
    timestamps: timestamps || client.runtime === "docker",
    follow: true,
  });
  yield* outputAsItComes(context, client, {
    ...{ source, argv, skipped, abort },
    keepTimes: timestamps,
  });
}

/** How much of a client's own complaints is read. */
const COMPLAINT_BYTES = 64 * 1024;

/** The output of a container from its client, without the carriage returns that a terminal adds. */
async function* outputAsItComes(
  { world }: Context,
  client: Client,
  { source, argv, skipped, abort, keepTimes }: {
    readonly source: Source;
    readonly argv: readonly string[];
    /** How much of each stream to leave out. */
    readonly skipped: Record<OutputName, number>;
    readonly abort: AbortSignal;
    readonly keepTimes: boolean;
  },
): AsyncGenerator<Uint8Array, void> {
  const chunks: Uint8Array[] = [];
  const left = { ...skipped };
  const strip = { stdout: withoutReturns(), stderr: withoutReturns() };
  const lines = client.runtime === "docker"
    ? { stdout: dockerLines({ keepTimes }), stderr: dockerLines({ keepTimes }) }
    : null;
  let wake = (): void => {};
  let isOver = false;
  const running = world.execBytes(argv, {
    timeoutMs: Infinity,
    env: OF_CLIENTS,
    abort,
    keepBytes: COMPLAINT_BYTES,
    onOutput: (bytes, stream) => {
      // When the container has a terminal, only the client itself writes there.
      if (source.tty && stream === "stderr") return;
      const skip = Math.min(left[stream], bytes.length);
      left[stream] -= skip;
      const rest = bytes.subarray(skip);
      if (rest.length > 0) chunks.push(strip[stream](lines?.[stream].write(rest) ?? rest));
      wake();
    },
  }).finally(() => {
    for (const name of ["stdout", "stderr"] as const) {
      const held = lines?.[name].end();
      if (held !== undefined && held.length > 0) chunks.push(strip[name](held));
    }
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
