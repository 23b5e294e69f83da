/**
 * Everything outside of the program: child processes, clock, environment, files, terminal. The
 * rest of the code gets it as a {@link World}, so that tests can give another one. This is the only
 * file that says `Deno.`.
 */

/** What a child process may be given. */
export interface ExecOptions {
  /**
   * Text for its standard input, whole or as it comes; without it there is none. What comes has to end,
   * when the program does at the latest.
   */
  readonly stdin?: string | AsyncIterable<string>;
  /** Variables over the ones of this process; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * How long it may take before it is killed and {@link ExecTimeoutError} is thrown; `Infinity`: as
   * long as it likes.
   */
  readonly timeoutMs: number;
  /** Whether Ctrl-C on the terminal is kept from it: it runs to its end. */
  readonly detached?: boolean;
  /** Whether the user may interrupt it all the same: it is killed then. For what takes minutes. */
  readonly interruptible?: boolean;
  /** Whether it takes back what was made: that is done also after a signal that asks kstops to end. */
  readonly cleanUp?: boolean;
  /** Ends it early: it is killed, and the reason of the abort is thrown. */
  readonly abort?: AbortSignal;
  /** Gets what it writes, as it comes. The bytes are valid until it returns. */
  readonly onOutput?: (bytes: Uint8Array, stream: OutputName) => void;
  /**
   * How much of each stream is kept for the answer, counted from its end. Unless told, all of it, and a
   * program that prints more than {@link MOST_ANSWER_BYTES} is killed.
   */
  readonly keepBytes?: number;
}

/** More than any engine answers: a list of a thousand containers has 3 MiB. */
export const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** The streams that a program writes to. */
export type OutputName = "stdout" | "stderr";

/** How a child process ended, with what it wrote as it was. */
export interface ExecBytesResult {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** How a child process ended. A code other than 0 is a result, not an error. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program without a shell and waits for it.
 *
 * @throws {ProgramMissingError} when there is no such program
 * @throws {ProgramNotStartedError} when the system cannot start one more
 * @throws {ExecTimeoutError} when it did not end in time; it was killed
 * @throws {ExecFloodError} when it printed more than is kept; it was killed
 */
export type Exec = (argv: readonly string[], options: ExecOptions) => Promise<ExecResult>;

/** The same for output that may be no text. */
export type ExecBytes = (
  argv: readonly string[],
  options: ExecOptions,
) => Promise<ExecBytesResult>;

/** There is no program of that name, or it cannot be executed. */
export class ProgramMissingError extends Error {
  constructor(readonly program: string, readonly why: "missing" | "denied") {
    super(why === "missing" ? `${program}: not found` : `${program}: permission denied`);
  }
}

/** The system does not start a program that is there: it lacks files, processes or memory for it. */
export class ProgramNotStartedError extends Error {
  /** `reason` is the system's own: `Too many open files`. */
  constructor(readonly program: string, readonly reason: string) {
    super(`${program} cannot be started: ${reason}`);
  }
}

/** A child process had to be killed. `reason` says why: `it did not answer within 5 s`. */
export class ExecKilledError extends Error {
  constructor(readonly program: string, readonly reason: string) {
    super(`${program} was killed: ${reason}`);
  }
}

/** A child process did not end in time. */
export class ExecTimeoutError extends ExecKilledError {
  constructor(program: string, readonly timeoutMs: number) {
    super(program, `it did not answer within ${timeoutMs / 1000} s`);
  }
}

/** A child process printed as if there were no end to it. */
export class ExecFloodError extends ExecKilledError {
  constructor(program: string) {
    super(program, `it printed more than ${MOST_ANSWER_BYTES / 1024 / 1024} MiB`);
  }
}

/** What a program that gets the terminal may be given. */
export interface InteractOptions extends Pick<ExecOptions, "env"> {
  /** Whether its standard error goes to the terminal, too, instead of into the answer. */
  readonly showError?: boolean;
}

/** A program that has the terminal. */
export interface Interaction {
  readonly pid: number;
  /** Its exit code, and what it wrote to its standard error where that is not shown. */
  readonly ended: Promise<{ readonly code: number; readonly stderr: string }>;
}

/** Signals by which a user or the system asks this process to end. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** A file could not be used. The message is `PATH: REASON`. */
export class FileError extends Error {
  constructor(
    readonly path: string,
    readonly why: "missing" | "denied" | "exists" | "directory" | "unsafe" | "other",
    readonly reason: string,
  ) {
    super(`${path}: ${reason}`);
  }
}

/** What a path points at. */
export interface FileFacts {
  readonly kind: "file" | "directory" | "socket" | "other";
  /** Permission bits, such as 0o644. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Number of the file system. */
  readonly device: number;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** The file system. Every method but `facts` and `executable` throws {@link FileError}. */
export interface Files {
  /** The text of a file; what is no UTF-8 becomes U+FFFD. */
  readonly readText: (path: string) => Promise<string>;
  /** The bytes of a file from an offset on: to its end, or at most so many. */
  readonly readFrom: (path: string, offset: number, maxBytes?: number) => Promise<Uint8Array>;
  /** What a path points at (links are followed); null when there is nothing, or it cannot be seen. */
  readonly facts: (path: string) => Promise<FileFacts | null>;
  /** Names in a directory, sorted. */
  readonly list: (path: string) => Promise<readonly string[]>;
  /** Makes a directory, and those above it, for this user alone (0700). */
  readonly makeDirectory: (path: string) => Promise<void>;
  /**
   * The same for a directory in which nobody else may put anything, a link to another place above all.
   * One that is there must be this user's or root's. Under sudo none is made among the files of who
   * called it, whose it could not be afterwards.
   */
  readonly claimDirectory: (path: string) => Promise<void>;
  /** Makes a file for this user alone (0600), empty without a text; it must not exist. */
  readonly create: (path: string, text?: string) => Promise<void>;
  /**
   * Adds to the end of a file, and makes it for this user alone (0600) where it is missing. A symbolic
   * link is refused.
   */
  readonly append: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Gives a file a new content in one step: readers see the old one or the new one. */
  readonly replace: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Removes a file; a missing one is fine. */
  readonly remove: (path: string) => Promise<void>;
  /** The path without symbolic links. */
  readonly realPath: (path: string) => Promise<string>;
  /** Gives a file another name in its directory; it replaces what has that name. */
  readonly rename: (from: string, to: string) => Promise<void>;
}

/** What a field of a database holds. */
export type SqlValue = null | number | string;

/** A database could not be used. The message is a reason, such as `database is locked`. */
export class DatabaseError extends Error {
  constructor(readonly why: "corrupt" | "busy" | "other", readonly reason: string) {
    super(reason);
  }
}

/**
 * A database in one file, which other processes may use at the same time: a statement waits some
 * seconds for them. Every method throws {@link DatabaseError}.
 */
export interface Database {
  /** Runs statements that take no values and give nothing back. */
  readonly run: (sql: string) => void;
  /** Runs one statement with its values, and gives the rows that it answers with. */
  readonly all: (
    sql: string,
    ...values: SqlValue[]
  ) => readonly Readonly<Record<string, SqlValue>>[];
  readonly close: () => void;
}

/** Signals that kstops sends. */
export type Signal = Deno.Signal;

/** Other processes, by pid. A negative pid is a process group. */
export interface Processes {
  /** The pid of this process. */
  readonly self: number;
  /** Sends a signal; says what became of it. */
  readonly signal: (pid: number, signal: Signal) => "sent" | "gone" | "denied";
  /** Whether a process of that pid is there (a zombie is, too). */
  readonly alive: (pid: number) => Promise<boolean>;
}

/** The three standard streams. */
export interface Terminal {
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** Columns of the terminal; null where there is none. */
  readonly columns: () => number | null;
  /** The device that is standard input, such as `/dev/pts/3`; null where nobody knows. */
  readonly device: () => string | null;
  /**
   * Writes all of it. False: nobody reads any more. Signals are heard while a reader takes its time.
   */
  readonly writeOut: (bytes: Uint8Array) => Promise<boolean>;
  /** Writes all of it; errors are swallowed, since there is no one left to tell. */
  readonly writeError: (text: string) => void;
  /** Shows a question on stderr and reads one line; null at the end of input. */
  readonly ask: (question: string) => Promise<string | null>;
}

/** Everything outside of the program. */
export interface World {
  readonly exec: Exec;
  readonly execBytes: ExecBytes;
  readonly now: () => Date;
  readonly sleep: (ms: number) => Promise<void>;
  /**
   * Calls back again and again, that often.
   *
   * @returns ends that
   */
  readonly every: (ms: number, callback: () => void) => () => void;
  /** A fresh random id: 12 lower-case hex digits. */
  readonly randomId: () => string;
  /** A fresh random UUID, version 4. */
  readonly randomUuid: () => string;
  /** One variable of the environment. */
  readonly env: (name: string) => string | undefined;
  /** All variables of the environment. */
  readonly environment: () => Readonly<Record<string, string>>;
  readonly workingDirectory: () => string;
  /** User id of this process; null where the system has none. */
  readonly uid: () => number | null;
  readonly operatingSystem: string;
  /** What runs this program, such as 2.9.6 on x86_64-unknown-linux-gnu. */
  readonly deno: () => { readonly version: string; readonly target: string };
  /** The name of this machine, or of this container. */
  readonly hostname: () => string;
  /**
   * Runs a program on this terminal. Ctrl-C and Ctrl-\ are the program's until it ends; when it stops
   * itself, so does this process, and both go on together.
   *
   * @throws {ProgramMissingError} when there is no such program
   */
  readonly interact: (argv: readonly string[], options: InteractOptions) => Interaction;
  /**
   * Calls back instead of dying when a signal asks this process to end. A second signal ends it, but
   * for a second SIGHUP: of a terminal that is gone, the shell and the kernel both tell.
   *
   * @returns takes the callback away again
   */
  readonly onEndSignal: (callback: (signal: EndSignal) => void) => () => void;
  readonly processes: Processes;
  readonly files: Files;
  /**
   * Opens the database of a path, or makes it, for this user alone (0600). Links are not followed.
   *
   * @throws {FileError} the file cannot be used
   * @throws {DatabaseError} the database cannot be opened
   */
  readonly database: (path: string) => Promise<Database>;
  readonly terminal: Terminal;
}

/** The real world. */
export function denoWorld(): World {
  return {
    exec,
    execBytes,
    now: () => new Date(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    every: (ms, callback) => {
      const timer = setInterval(callback, ms);
      return () => clearInterval(timer);
    },
    randomUuid: () => crypto.randomUUID(),
    randomId: () => crypto.randomUUID().replaceAll("-", "").slice(0, 12),
    env: (name) => Deno.env.get(name),
    environment: () => Deno.env.toObject(),
    workingDirectory,
    uid: () => Deno.uid(),
    operatingSystem: Deno.build.os,
    deno: () => ({ version: Deno.version.deno, target: Deno.build.target }),
    hostname: () => Deno.hostname(),
    interact,
    onEndSignal,
    processes: { self: Deno.pid, signal, alive },
    files: {
      readText,
      readFrom,
      facts,
      list,
      makeDirectory,
      claimDirectory,
      create,
      append,
      replace,
      remove,
      rename,
      realPath: (path) => fileWork(path, () => Promise.resolve(Deno.realPathSync(path))),
    },
    database,
    terminal: terminal(),
  };
}

async function exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const { code, stdout, stderr } = await execBytes(argv, options);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function execBytes(
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
      child.kill("SIGKILL");
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

/** The end of a stream of bytes. */
export interface LastBytes {
  readonly add: (chunk: Uint8Array) => void;
  readonly bytes: () => Uint8Array;
}

/** How much of a stream is read at once, at most. */
const READ_BYTES = 64 * 1024;

/**
 * Collects a stream, of which at most the last `keepBytes` count. Chunks are copied: one of a few bytes
 * keeps a whole read buffer of 64 KiB alive (Deno 2.9), and some programs write line by line.
 */
export function lastBytes(keepBytes: number): LastBytes {
  // Where there is an end to it, at once: what was too small is garbage for a while.
  const most = 2 * keepBytes + READ_BYTES;
  let buffer = new Uint8Array(Number.isFinite(most) ? most : READ_BYTES);
  let length = 0;
  return {
    add: (chunk) => {
      if (length + chunk.length > buffer.length && length >= 2 * keepBytes) {
        buffer.copyWithin(0, length - keepBytes, length);
        length = keepBytes;
      }
      if (length + chunk.length > buffer.length) {
        const larger = new Uint8Array(Math.max(2 * buffer.length, length + chunk.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(chunk, length);
      length += chunk.length;
    },
    bytes: () => buffer.subarray(Math.max(0, length - keepBytes), length),
  };
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
    // One buffer for all: some programs write line by line, and a buffer for each is garbage that is
    // collected only after a hundred megabytes.
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

/** Where programs are looked for without a PATH, as by execvp(3). */
export const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

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

function interact(argv: readonly string[], options: InteractOptions): Interaction {
  const [program = "", ...args] = argv;
  const child = withProgramErrors(program, () =>
    new Deno.Command(program, {
      args,
      env: environmentWith(options.env),
      clearEnv: true,
      stdin: "inherit",
      stdout: "inherit",
      stderr: options.showError ? "inherit" : "piped",
    }).spawn());
  // Both stand in the foreground of the terminal. Without these, Ctrl-C before the program has taken
  // the terminal over would end this process and leave the program behind.
  const ignore = (): void => {};
  const stopTogether = stopsWith(child.pid);
  Deno.addSignalListener("SIGINT", ignore);
  Deno.addSignalListener("SIGQUIT", ignore);
  Deno.addSignalListener("SIGCHLD", stopTogether);
  const said = options.showError ? "" : text(child.stderr);
  const ended = Promise.all([child.status, said]).then(([{ code }, stderr]) => ({
    code,
    stderr,
  })).finally(() => {
    Deno.removeSignalListener("SIGINT", ignore);
    Deno.removeSignalListener("SIGQUIT", ignore);
    Deno.removeSignalListener("SIGCHLD", stopTogether);
  });
  return { pid: child.pid, ended };
}

/**
 * A program that stops (`Ctrl-Z`) gives the terminal back to the shell only if we stop, too. Looking
 * at it takes a child process, whose own end is no news.
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

const END_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

function onEndSignal(callback: (signal: EndSignal) => void): () => void {
  let asked = false;
  const listeners = (Object.keys(END_SIGNALS) as EndSignal[]).map((signal) => {
    const listener = (): void => {
      if (asked && signal !== "SIGHUP") Deno.exit(128 + END_SIGNALS[signal]);
      if (asked) return;
      asked = true;
      callback(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
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

function workingDirectory(): string {
  try {
    return Deno.cwd();
  } catch {
    throw new FileError(".", "missing", "the current directory does not exist any more");
  }
}

function signal(pid: number, name: Signal): "sent" | "gone" | "denied" {
  // 0 and -1 would hit our own group, or everything.
  if (pid === 0 || pid === 1 || pid === -1) return "denied";
  try {
    Deno.kill(pid, name);
    return "sent";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "gone" : "denied";
  }
}

async function alive(pid: number): Promise<boolean> {
  // Deno.kill takes no signal 0 (Deno 2.4); loaded here because it costs milliseconds at start-up.
  const { kill } = await import("node:process");
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

async function fileWork<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(path, error);
  }
}

function fileError(path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  const { errors } = Deno;
  if (error instanceof errors.NotFound) return new FileError(path, "missing", "no such file");
  if (error instanceof errors.PermissionDenied || error instanceof errors.NotCapable) {
    return new FileError(path, "denied", "permission denied");
  }
  if (error instanceof errors.AlreadyExists) return new FileError(path, "exists", "it exists");
  if (error instanceof errors.IsADirectory) {
    return new FileError(path, "directory", "it is a directory");
  }
  if (error instanceof errors.NotADirectory) {
    return new FileError(path, "other", "a part of the path is not a directory");
  }
  const message = error instanceof Error ? error.message : String(error);
  // A compiled program says so of a link to nothing, too (Deno 2.4).
  if (message.includes("Too many levels of symbolic links")) {
    return new FileError(path, "other", "no such file: its symbolic link leads nowhere");
  }
  // `No space left on device (os error 28): open '/x'` says the path once too often.
  return new FileError(path, "other", message.replace(/ \(os error \d+\).*$/s, ""));
}

// Reading and looking are done at once: handing them to a thread takes ten times as long as doing them,
// and every command looks at a dozen paths.
function readText(path: string): Promise<string> {
  return fileWork(path, () => Promise.resolve(Deno.readTextFileSync(path)));
}

function readFrom(path: string, offset: number, maxBytes = Infinity): Promise<Uint8Array> {
  return fileWork(path, () => {
    using file = Deno.openSync(path, { read: true });
    const { size } = file.statSync();
    file.seekSync(offset, Deno.SeekMode.Start);
    // What is written to it meanwhile is for the next one who asks.
    const bytes = new Uint8Array(Math.max(0, Math.min(size - offset, maxBytes)));
    let length = 0;
    while (length < bytes.length) {
      const read = file.readSync(bytes.subarray(length));
      if (read === null) break;
      length += read;
    }
    return Promise.resolve(bytes.subarray(0, length));
  });
}

function facts(path: string): Promise<FileFacts | null> {
  try {
    const found = Deno.statSync(path);
    return Promise.resolve({
      kind: found.isFile
        ? "file"
        : found.isDirectory
        ? "directory"
        : found.isSocket
        ? "socket"
        : "other",
      mode: (found.mode ?? 0) & 0o7777,
      uid: found.uid ?? 0,
      gid: found.gid ?? 0,
      device: found.dev,
      bytes: found.size,
      modifiedAt: found.mtime ?? new Date(0),
    });
  } catch {
    return Promise.resolve(null);
  }
}

function list(path: string): Promise<readonly string[]> {
  return fileWork(path, () => {
    const names = Array.from(Deno.readDirSync(path), (entry) => entry.name);
    return Promise.resolve(names.sort());
  });
}

function makeDirectory(path: string): Promise<void> {
  return fileWork(path, () => Deno.mkdir(path, { recursive: true, mode: 0o700 }));
}

function claimDirectory(path: string): Promise<void> {
  return fileWork(path, async () => {
    const own = Deno.uid();
    const there = factsOfLink(path);
    if (there === null) {
      if (own === 0 && nearestOwner(path) === Deno.env.get("SUDO_UID")) throw foreign(path);
      await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    }
    const target = await Deno.stat(path);
    if (!target.isDirectory) throw new FileError(path, "exists", "it exists");
    const owners = own === null ? [] : [there?.uid ?? own, target.uid];
    if (owners.some((uid) => uid !== own && uid !== 0)) throw foreign(path);
    if (((target.mode ?? 0) & 0o002) !== 0) {
      throw new FileError(path, "unsafe", "everybody may write there");
    }
  });
}

function foreign(path: string): FileError {
  return new FileError(path, "unsafe", "it belongs to somebody else");
}

/** The user id, as a text, of the owner of what is there of a path. */
function nearestOwner(path: string): string {
  for (let above = path;;) {
    const parent = above.slice(0, above.lastIndexOf("/")) || "/";
    const found = factsOfLink(parent);
    if (found !== null || parent === "/") return String(found?.uid ?? 0);
    above = parent;
  }
}

/** What a path itself is, if it is a link, too; null: there is nothing. */
function factsOfLink(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function create(path: string, text = ""): Promise<void> {
  return fileWork(path, async () => {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    writeAll(file, new TextEncoder().encode(text));
  });
}

function append(path: string, bytes: Uint8Array): Promise<void> {
  return fileWork(path, async () => {
    if (factsOfLink(path)?.isSymlink) {
      throw new FileError(path, "unsafe", "it is a symbolic link");
    }
    using file = await Deno.open(path, { append: true, create: true, mode: 0o600 });
    let written = 0;
    while (written < bytes.length) written += await file.write(bytes.subarray(written));
  });
}

function replace(path: string, bytes: Uint8Array): Promise<void> {
  return fileWork(path, async () => {
    const fresh = `${path}.${crypto.randomUUID()}`;
    await Deno.writeFile(fresh, bytes, { createNew: true, mode: 0o600 });
    await Deno.rename(fresh, path);
  });
}

function remove(path: string): Promise<void> {
  return fileWork(path, async () => {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  });
}

function rename(from: string, to: string): Promise<void> {
  return fileWork(from, () => Deno.rename(from, to));
}

/** How long a statement waits for other processes. Theirs take milliseconds. */
const DATABASE_WAIT_MS = 5000;

async function database(path: string): Promise<Database> {
  makePrivate(path);
  const { DatabaseSync } = await import("node:sqlite");
  const opened = databaseWork(() => new DatabaseSync(path));
  const statements = new Map<string, ReturnType<typeof opened.prepare>>();
  const prepare = (sql: string): ReturnType<typeof opened.prepare> => {
    try {
      return opened.prepare(sql);
    } catch {
      // Deno 2.4 does not say why it cannot; this throws the reason, and does nothing else.
      opened.exec(`EXPLAIN ${sql}`);
      return opened.prepare(sql);
    }
  };
  const prepared = (sql: string): ReturnType<typeof opened.prepare> => {
    const known = statements.get(sql) ?? prepare(sql);
    statements.set(sql, known);
    return known;
  };
  // Not as an option: Deno 2.4 does not know it.
  databaseWork(() => opened.exec(`PRAGMA busy_timeout = ${DATABASE_WAIT_MS}`));
  return {
    run: (sql) => databaseWork(() => opened.exec(sql)),
    all: (sql, ...values) =>
      databaseWork(() => prepared(sql).all(...values) as Record<string, SqlValue>[]),
    close: () => databaseWork(() => opened.close()),
  };
}

/** Makes sure of a file that is ours, no link, and closed to everybody else. */
function makePrivate(path: string): void {
  try {
    // Never follows a link, not even one that leads nowhere.
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw fileError(path, error);
  }
  try {
    const { isFile, isSymlink, uid, mode } = Deno.lstatSync(path);
    if (isSymlink) throw new FileError(path, "other", "it is a symbolic link");
    if (!isFile) throw new FileError(path, "other", "it is no file");
    const own = Deno.uid();
    if (own !== 0 && uid !== own) {
      throw new FileError(path, "denied", "it belongs to somebody else");
    }
    if (((mode ?? 0) & 0o077) !== 0) Deno.chmodSync(path, 0o600);
  } catch (error) {
    throw fileError(path, error);
  }
}

function databaseWork<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // By the message: Deno 2.4 gives an error number to some of them only.
    const why = /not a database|malformed/.test(message)
      ? "corrupt"
      : /locked|busy/.test(message)
      ? "busy"
      : "other";
    // `unable to open database file: /x` and `... in SELECT 1 at offset 0` say more than the reason.
    throw new DatabaseError(why, message.replace(/( in .* at offset \d+|: \/.*)$/s, ""));
  }
}

function terminal(): Terminal {
  return {
    stdinIsTerminal: Deno.stdin.isTerminal(),
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal: Deno.stderr.isTerminal(),
    columns: () => {
      try {
        return Deno.consoleSize().columns;
      } catch {
        return null;
      }
    },
    device: () => {
      try {
        return Deno.realPathSync("/dev/stdin");
      } catch {
        // Only the executable may look at it (Deno 2.9 wants all access for what leads to /proc).
        return null;
      }
    },
    writeOut: async (bytes) => {
      try {
        await writeOut(bytes);
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) return false;
        throw fileError("standard output", error);
      }
    },
    writeError,
    ask: async (question) => {
      writeError(question);
      const buffer = new Uint8Array(1024);
      // A terminal that is gone fails, and says neither yes nor no.
      const read = await Deno.stdin.read(buffer).catch(() => null);
      if (read !== null) return new TextDecoder().decode(buffer.subarray(0, read)).trim();
      // Ctrl-D leaves the cursor behind the question.
      writeError("\n");
      return null;
    },
  };
}

function writeError(text: string): void {
  try {
    writeAll(Deno.stderr, new TextEncoder().encode(text));
  } catch {
    // Nobody reads it.
  }
}

async function writeOut(bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += await Deno.stdout.write(bytes.subarray(written));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
  }
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += stream.writeSync(bytes.subarray(written));
    } catch (error) {
      // A pipe that another program made non-blocking is full: its reader needs a moment.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
  }
}
