/**
 * Everything outside of the program: child processes, clock, environment, files, terminal. All
 * other code gets it as a {@link World}, so that tests can pass another one. `deno.ts` makes the
 * real one.
 */

/** The options of a child process. */
export interface ExecOptions {
  /**
   * Its standard input, whole or as it comes; missing: it has none. A stream must end, at the
   * latest when the program does.
   */
  readonly stdin?: string | AsyncIterable<string>;
  /** Variables that replace those of this process; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * How long it may take. After that it is killed and {@link ExecTimeoutError} is thrown;
   * `Infinity`: no limit.
   */
  readonly timeoutMs: number;
  /** Whether Ctrl-C on the terminal does not reach it, so that it runs to its end. */
  readonly detached?: boolean;
  /** Whether the user may still interrupt, and so kill, it. For work that takes minutes. */
  readonly interruptible?: boolean;
  /** Whether it removes what was made: it then also runs after a signal has asked kstops to end. */
  readonly cleanUp?: boolean;
  /** Whether it is killed together with what it has started: it must be `detached` then. */
  readonly withChildren?: boolean;
  /** Ends it early: it is killed, and the reason of the abort is thrown. */
  readonly abort?: AbortSignal;
  /** Gets the output as it comes. The bytes are valid until the call returns. */
  readonly onOutput?: (bytes: Uint8Array, stream: OutputName) => void;
  /**
   * How many of the last bytes of each stream to keep for the answer. Without it all are kept, and
   * a program that prints more than {@link MOST_ANSWER_BYTES} is killed.
   */
  readonly keepBytes?: number;
}

/** No engine answers more: a list of a thousand containers has 3 MiB. */
export const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** The streams that a program writes to. */
export type OutputName = "stdout" | "stderr";

/** How a child process ended, and the bytes it wrote. */
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
 * @throws {ProgramNotStartedError} when the system cannot start another process
 * @throws {ExecTimeoutError} when it did not end in time; it was killed
 * @throws {ExecFloodError} when it printed more than is kept; it was killed
 */
export type Exec = (argv: readonly string[], options: ExecOptions) => Promise<ExecResult>;

/** The same for output that may not be text. */
type ExecBytes = (
  argv: readonly string[],
  options: ExecOptions,
) => Promise<ExecBytesResult>;

/** There is no program of that name, or it cannot be executed. */
export class ProgramMissingError extends Error {
  constructor(readonly program: string, readonly why: "missing" | "denied") {
    super(why === "missing" ? `${program}: not found` : `${program}: permission denied`);
  }
}

/** The system does not start an existing program: it lacks files, processes or memory. */
export class ProgramNotStartedError extends Error {
  /** `reason` comes from the system: `Too many open files`. */
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

/** A child process printed without end. */
export class ExecFloodError extends ExecKilledError {
  constructor(program: string) {
    super(program, `it printed more than ${MOST_ANSWER_BYTES / 1024 / 1024} MiB`);
  }
}

/** The options of a program that gets the terminal. */
export interface InteractOptions extends Pick<ExecOptions, "env"> {
  /** Whether its standard error also goes to the terminal, instead of into the answer. */
  readonly showError?: boolean;
}

/** A program that has the terminal. */
export interface Interaction {
  readonly pid: number;
  /** Its exit code, and its standard error if that was not shown. */
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

/** An open file: it can be read even after it has been renamed or removed. */
export interface OpenFile extends Disposable {
  /** The bytes from an offset to the end, or at most `maxBytes` of them. */
  readonly read: (offset: number, maxBytes?: number) => Uint8Array;
  readonly bytes: () => number;
  /** Whether a path points at this very file. */
  readonly isAt: (path: string) => boolean;
}

/** The file system. Every method but `facts` and `executable` throws {@link FileError}. */
export interface Files {
  /** The text of a file; bytes that are not UTF-8 become U+FFFD. */
  readonly readText: (path: string) => Promise<string>;
  /** The bytes of a file from an offset to the end, or at most `maxBytes` of them. */
  readonly readFrom: (path: string, offset: number, maxBytes?: number) => Promise<Uint8Array>;
  /** Opens a file for reading. */
  readonly open: (path: string) => Promise<OpenFile>;
  /** What a path points at (links are followed); null when there is nothing, or it cannot be seen. */
  readonly facts: (path: string) => Promise<FileFacts | null>;
  /** Names in a directory, sorted. */
  readonly list: (path: string) => Promise<readonly string[]>;
  /** Makes a directory and its parents, for this user alone (0700). */
  readonly makeDirectory: (path: string) => Promise<void>;
  /**
   * The same for a directory into which nobody else can put anything, above all no link to another
   * place. An existing one must belong to this user or root. Under sudo none is made among the
   * files of the caller, who would not own it.
   */
  readonly claimDirectory: (path: string) => Promise<void>;
  /** Creates a file for this user alone (0600), empty without a text. It must not exist. */
  readonly create: (path: string, text?: string) => Promise<void>;
  /**
   * Adds to the end of a file, and creates a missing one for this user alone (0600). Refuses a
   * symbolic link.
   */
  readonly append: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Replaces the content of a file in one step: readers see the old one or the new one. */
  readonly replace: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Removes a file; a missing file is no error. */
  readonly remove: (path: string) => Promise<void>;
  /** The path without symbolic links. */
  readonly realPath: (path: string) => Promise<string>;
  /** Renames a file within its directory, and replaces any file that has the new name. */
  readonly rename: (from: string, to: string) => Promise<void>;
}

/** The value of a field in a database. */
export type SqlValue = null | number | string;

/** A database cannot be used. The message is a reason, such as `database is locked`. */
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
  /** Runs statements that take no values and return no rows. */
  readonly run: (sql: string) => void;
  /** Runs one statement with its values, and returns its rows. */
  readonly all: (
    sql: string,
    ...values: SqlValue[]
  ) => readonly Readonly<Record<string, SqlValue>>[];
  readonly close: () => void;
}

/** Signals that kstops sends. */
export type Signal = Deno.Signal;

/** Other processes, by pid. A negative pid is a process group. */
interface Processes {
  /** The pid of this process. */
  readonly self: number;
  /** Sends a signal and returns the result. */
  readonly signal: (pid: number, signal: Signal) => "sent" | "gone" | "denied";
  /** Whether there is a process with that pid (even a zombie). */
  readonly alive: (pid: number) => Promise<boolean>;
}

/** What listens on this machine. A host is `localhost` or of the loopback device. */
export interface Loopback {
  /**
   * Connects, and closes the connection again.
   *
   * @returns why that does not work; null: it does
   */
  readonly connect: (
    address: { readonly host: string; readonly port: number },
    timeoutMs: number,
  ) => Promise<string | null>;
  /**
   * Asks by HTTP, whatever its certificate says, and follows no redirects.
   *
   * @returns the status of the answer, or why there is none
   */
  readonly get: (url: URL, timeoutMs: number) => Promise<number | string>;
}

/** The three standard streams. */
export interface Terminal {
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** Columns of the terminal; null without one. */
  readonly columns: () => number | null;
  /** Lines of the terminal; null where there is none. */
  readonly rows: () => number | null;
  /** The device that is standard input, such as `/dev/pts/3`; null where nobody knows. */
  readonly device: () => string | null;
  /** Writes all of it. False: nobody reads any more. Signals are still heard while a reader is slow. */
  readonly writeOut: (bytes: Uint8Array) => Promise<boolean>;
  /** Writes all of it and ignores errors, since there is nobody to tell. */
  readonly writeError: (text: string) => void;
  /** All of standard input, up to its end. */
  readonly readIn: () => Promise<Uint8Array>;
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
   * Calls back again and again, at this interval.
   *
   * @returns stops the calls
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
  /** User id of this process; null when the system has no users. */
  readonly uid: () => number | null;
  readonly operatingSystem: string;
  /** The words that run this program again: its executable, or the runtime and the entry of its source. */
  readonly program: () => readonly string[];
  /** The runtime of this program, such as 2.9.6 on x86_64-unknown-linux-gnu. */
  readonly deno: () => { readonly version: string; readonly target: string };
  /** The name of this machine, or of this container. */
  readonly hostname: () => string;
  /**
   * Runs a program on this terminal. Ctrl-C and Ctrl-\ reach only the program until it ends. When
   * it stops itself, so does this process, and both continue together.
   *
   * @throws {ProgramMissingError} when there is no such program
   */
  readonly interact: (argv: readonly string[], options: InteractOptions) => Interaction;
  /**
   * Calls back instead of dying when a signal asks this process to end. A second signal ends it,
   * except a second SIGHUP: shell and kernel both send one when a terminal is gone.
   *
   * @returns removes the callback
   */
  readonly onEndSignal: (callback: (signal: EndSignal) => void) => () => void;
  readonly processes: Processes;
  readonly loopback: Loopback;
  readonly files: Files;
  /**
   * Opens the database at a path, or creates it for this user alone (0600). Links are not followed.
   *
   * @throws {FileError} the file cannot be used
   * @throws {DatabaseError} the database cannot be opened
   */
  readonly database: (path: string) => Promise<Database>;
  readonly terminal: Terminal;
}

/** Where programs are looked for without a PATH, as in execvp(3). */
export const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";
