/** Runs child processes: those that are waited for, and those that get the terminal. */
import { lastBytes, READ_BYTES } from "./last_bytes.ts";
import {
  DEFAULT_PATH,
  type ExecBytesResult,
  ExecFloodError,
  type ExecKilledError,
  type ExecOptions,
  type ExecResult,
  ExecTimeoutError,
  type Interaction,
  type InteractOptions,
  MOST_ANSWER_BYTES,
  type OutputName,
  ProgramMissingError,
  ProgramNotStartedError,
} from "./world.ts";

/** See {@link Exec}. */
export async function exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const { code, stdout, stderr } = await execBytes(argv, options);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** See {@link ExecBytes}. */
export async function execBytes(
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecBytesResult> {
  const [program = "", ...args] = argv;
  options.abort?.throwIfAborted();
  const child = spawn(program, args, options);
  let killed: ExecKilledError | null = null;
  // Nobody waits for the streams of a killed client: a grandchild may hold them open.
  const kill = (): void => {
    try {
      if (options.withChildren) Deno.kill(-child.pid, "SIGKILL");
      else child.kill("SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  };
  const timer = Number.isFinite(options.timeoutMs)
    ? setTimeout(() => {
      killed = new ExecTimeoutError(program, options.timeoutMs);
      kill();
    }, options.timeoutMs)
    : undefined;
  options.abort?.addEventListener("abort", kill);
  if (options.stdin !== undefined) feed(child.stdin, options.stdin);
  const ended = outputOf(child, {
    ...options,
    onFlood: () => {
      killed = new ExecFloodError(program);
      kill();
    },
  });
  ended.catch(() => {});
  const expired = child.status.then(() => {
    if (killed !== null) throw killed;
    options.abort?.throwIfAborted();
  });
  try {
    await Promise.race([ended, expired.then(() => ended)]);
    const { code, stdout, stderr } = await ended;
    if (killed !== null) throw killed;
    options.abort?.throwIfAborted();
    return { code, stdout, stderr };
  } finally {
    clearTimeout(timer);
    options.abort?.removeEventListener("abort", kill);
  }
}

async function outputOf(
  child: Deno.ChildProcess,
  { onOutput, onFlood, keepBytes }: ExecOptions & { readonly onFlood: () => void },
): Promise<ExecBytesResult> {
  const mostBytes = keepBytes === undefined ? MOST_ANSWER_BYTES : Infinity;
  const read = async (name: OutputName): Promise<Uint8Array> => {
    const kept = lastBytes(keepBytes ?? Infinity);
    let length = 0;
    const reader = child[name].getReader({ mode: "byob" });
    // One buffer for all reads: some programs write line by line, and buffers of their own would
    // only be collected after a hundred megabytes.
    let buffer = new ArrayBuffer(READ_BYTES);
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return kept.bytes();
      onOutput?.(value, name);
      length += value.length;
      if (length <= mostBytes) kept.add(value);
      else onFlood();
      buffer = value.buffer;
    }
  };
  const [stdout, stderr, { code }] = await Promise.all([
    read("stdout"),
    read("stderr"),
    child.status,
  ]);
  return { code, stdout, stderr };
}

function spawn(program: string, args: string[], options: ExecOptions): Deno.ChildProcess {
  return withProgramErrors(program, () =>
    new Deno.Command(program, {
      args,
      env: environmentWith(options.env),
      clearEnv: true,
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      detached: options.detached ?? false,
    }).spawn());
}

function environmentWith(changes: ExecOptions["env"]): Record<string, string> {
  const env: Record<string, string> = { PATH: DEFAULT_PATH, ...Deno.env.toObject() };
  for (const [name, value] of Object.entries(changes ?? {})) {
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
  return env;
}

function withProgramErrors<T>(program: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new ProgramMissingError(program, "missing");
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new ProgramMissingError(program, "denied");
    }
    // `Failed to spawn '/usr/bin/tmux': Too many open files (os error 24)`
    const reason = /: ([^:]+) \(os error \d+\)/.exec(error instanceof Error ? error.message : "")
      ?.[1];
    if (reason !== undefined) throw new ProgramNotStartedError(program, reason);
    throw error;
  }
}

/** See {@link World.interact}. */
export function interact(argv: readonly string[], options: InteractOptions): Interaction {
  const [program = "", ...args] = argv;
  leaveKeysToIt();
  const child = withProgramErrors(program, () =>
    new Deno.Command(program, {
      args,
      env: environmentWith(options.env),
      clearEnv: true,
      stdin: "inherit",
      stdout: "inherit",
      stderr: options.showError ? "inherit" : "piped",
    }).spawn());
  const stopTogether = stopsWith(child.pid);
  Deno.addSignalListener("SIGCHLD", stopTogether);
  const said = options.showError ? "" : text(child.stderr);
  const ended = Promise.all([child.status, said]).then(([{ code }, stderr]) => ({
    code,
    stderr,
  })).finally(() => Deno.removeSignalListener("SIGCHLD", stopTogether));
  return { pid: child.pid, ended };
}

let leavesKeys = false;

/**
 * Leaves Ctrl-C and Ctrl-\ to the program: both processes are in the terminal's foreground. This is
 * never undone: Deno hears signals in a thread of its own, and the Ctrl-C that ended the program
 * may arrive after the program has gone (Deno 2.9).
 */
function leaveKeysToIt(): void {
  if (leavesKeys) return;
  leavesKeys = true;
  for (const signal of ["SIGINT", "SIGQUIT"] as const) Deno.addSignalListener(signal, () => {});
}

/**
 * A program that stops (`Ctrl-Z`) gives the terminal back to the shell only if we stop, too. The
 * look at it takes a child process, whose own end means nothing.
 */
function stopsWith(pid: number): () => void {
  let looking = false;
  return () => {
    if (looking) return;
    looking = true;
    const argv = ["ps", "-o", "stat=", "-p", String(pid)];
    exec(argv, { timeoutMs: 2000 }).then(({ stdout }) => {
      if (stdout.trim().startsWith("T")) Deno.kill(Deno.pid, "SIGSTOP");
    }).catch(() => {
      // Without ps the user has to press Ctrl-Z once more.
    }).finally(() => {
      setTimeout(() => {
        looking = false;
      }, 100);
    });
  };
}

async function feed(
  stream: WritableStream<Uint8Array>,
  input: string | AsyncIterable<string>,
): Promise<void> {
  const writer = stream.getWriter();
  const encoder = new TextEncoder();
  try {
    if (typeof input === "string") await writer.write(encoder.encode(input));
    else for await (const text of input) await writer.write(encoder.encode(text));
    await writer.close();
  } catch {
    // The program ended without reading all of it: its exit code tells the story.
  }
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}
