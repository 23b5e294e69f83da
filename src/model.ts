/**
 * The words of kstops as types: what a user wants ({@link Definition}), what an engine says
 * ({@link SessionStatus}), and what becomes of a change ({@link OperationState}).
 */
import type { Json } from "./errors.ts";
import type { CommonParts, ContainerParts, TmuxParts } from "./keys/fields.ts";

/** The backends, in the order in which they are asked. */
export const BACKENDS: readonly BackendType[] = ["tmux", "container"];
/** Which kind of engine holds a session. */
export type BackendType = keyof Definitions;

/** The container runtimes, in the order in which they are preferred. */
export const RUNTIMES = ["podman", "docker"] as const;
/** The program behind the container backend. */
export type Runtime = (typeof RUNTIMES)[number];

/** The names of the engines; the backend of a test declares its own. */
export interface Engines extends Record<Runtime, true> {
  readonly tmux: true;
}
/** The program behind a backend. */
export type Engine = keyof Engines;
/** All engines. */
export const ENGINES: readonly Engine[] = ["tmux", ...RUNTIMES];

/** Every state that a session can be in. */
export const SESSION_STATES = ["running", "stopped", "exited", "defined", "unknown"] as const;
/**
 * The state of a session.
 *
 * - `running`: its program is alive.
 * - `exited`: its program ended by itself; `exitCode` or `signal` says how.
 * - `stopped`: it exists, does not run, and did not end by itself.
 * - `defined`: it is in the config, and in no engine.
 * - `unknown`: the engine cannot be asked; `reason` says why.
 */
export type SessionState = (typeof SESSION_STATES)[number];

/** Every state of an operation, in the order of its life. */
export const OPERATION_STATES = [
  "pending",
  "validating",
  "planning",
  "input_required",
  "applying",
  "verifying",
  "done",
  "failed",
  "aborted",
] as const;
/**
 * The state of an operation.
 *
 * - `pending`: it is recorded, but has not begun.
 * - `validating`: kstops checks the request.
 * - `planning`: kstops looks at what there is, and decides what to do.
 * - `input_required`: it waits for a yes or a no. No process works on it.
 * - `applying`: kstops changes the session.
 * - `verifying`: kstops checks the result.
 * - `done`, `failed`, `aborted`: it is over.
 */
export type OperationState = (typeof OPERATION_STATES)[number];

/** The signals that a session may ask to be stopped with. */
export const STOP_SIGNALS = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGKILL",
] as const;
/** A signal that asks a program to end. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** Who gets the stop signal: the foreground group of the terminal, or the program alone. */
export const STOP_SCOPES = ["group", "main"] as const;
/** Who gets the signal that asks a program to end. */
export type StopScope = (typeof STOP_SCOPES)[number];

/** A published port of a container. */
export interface PortBinding {
  readonly hostIp: string | null;
  readonly hostPort: number | null;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp" | "sctp";
}

/** How much of what a session prints is kept. */
export interface LogPolicy {
  /** Whether any output is kept. */
  readonly capture: boolean;
  /** Size at which the next file begins. */
  readonly maxBytes: number;
  /** Number of files. */
  readonly keep: number;
}

/** The policy without any setting, as in `config/defaults.yml`. */
export const DEFAULT_LOG: LogPolicy = { capture: true, maxBytes: 10 * 1024 * 1024, keep: 5 };

/** The smallest and the largest size of a file of output, in bytes. */
export const LOG_BYTES = { least: 64 * 1024, most: 1024 ** 4 };
/**
 * The smallest and the largest number of files of output. A single file would leave nothing at the
 * moment when it is full.
 */
export const LOG_FILES = { least: 2, most: 1000 };

/** The most volumes of one session. */
export const MAX_VOLUMES = 20;
/** The most ports of one session. */
export const MAX_PORTS = 50;

/** The most sessions that one needs before it starts. */
export const MAX_DEPENDENCIES = 100;

/** What a session can wait for in another one. */
export const CONDITIONS = ["started", "ready", "healthy", "completed"] as const;
/**
 * What a session waits for in another one.
 *
 * - `started`: its start counts as done.
 * - `ready`: it is ready, as its key `ready` says.
 * - `healthy`: its health check passes.
 * - `completed`: its program has ended with success.
 */
export type Condition = typeof CONDITIONS[number];

/** How env files are read: as compose does, or each line as it is. */
export const ENV_FORMATS = ["compose", "raw"] as const;
/** A way to read env files. */
export type EnvFormat = typeof ENV_FORMATS[number];

/** The owner of a session: the config that it was started from. Both null: nobody. */
export interface Owner {
  /** The `ops.project` of that config; null: it has none. */
  readonly project: string | null;
  /** The real path of its file. */
  readonly configFile: string | null;
}

/** The owner of sessions that were made up on the spot. */
export const NOBODY: Owner = { project: null, configFile: null };

/** When to execute an ended program again, in the same words on every backend. */
export const RESTART_KINDS = ["no", "on-failure", "always", "unless-stopped"] as const;
/** When to execute an ended program again. */
export type RestartKind = (typeof RESTART_KINDS)[number];

/** Every word for the health of a session. */
export const HEALTH_WORDS = ["starting", "healthy", "unhealthy", "unknown"] as const;
/**
 * The health of a running session, as its health check says.
 *
 * - `starting`: the check has not decided yet.
 * - `healthy`, `unhealthy`: the check passes, or has failed too often in a row.
 * - `unknown`: the runtime uses a word that kstops does not know.
 */
export type Health = (typeof HEALTH_WORDS)[number];

interface CommonDefinition extends CommonParts {
  readonly name: string;
  /** The owner, which is not a part of what the session is. */
  readonly owner: Owner;
  /** Fields of its record that this kstops does not know: an older or newer one wrote them. */
  readonly unknown?: { readonly [key: string]: Json };
}

/** A session that runs in tmux. */
export interface TmuxDefinition extends CommonDefinition, TmuxParts {
  readonly backend: "tmux";
  /** The variables that a session gets from its caller; missing: those of the user who starts it. */
  readonly inherited?: Readonly<Record<string, string>>;
}

/** A session that runs in a container. */
export interface ContainerDefinition extends CommonDefinition, ContainerParts {
  readonly backend: "container";
}

/** What the sessions of each backend are started from; the backend of a test declares its own. */
export interface Definitions {
  readonly tmux: TmuxDefinition;
  readonly container: ContainerDefinition;
}
/** What the user wants: config and flags, merged and checked, with only what the backend knows. */
export type Definition = Definitions[BackendType];

/** What an engine says of one session now. Null means unknown or not applicable. */
export interface SessionStatus {
  /** Null only in the row of an engine that cannot be asked. */
  readonly name: string | null;
  readonly backend: BackendType;
  readonly state: SessionState;
  /** The program's own process, not a wrapper or server; for a container its main process. */
  readonly pid: number | null;
  /** Exit code, 0 to 255; 128+n when signal n ended the program. */
  readonly exitCode: number | null;
  /** Signal that ended the program, such as `SIGKILL`. */
  readonly signal: string | null;
  readonly createdAt: Date | null;
  readonly finishedAt: Date | null;
  /** Whether kstops created it. */
  readonly managed: boolean;
  /** Whether the config defines it. */
  readonly defined: boolean;
  readonly engine: Engine | null;
  /** The engine's own word for the state. */
  readonly engineState: string | null;
  readonly socketName: string | null;
  readonly windowCount: number | null;
  /** Number of attached clients. */
  readonly attached: number | null;
  /** The engine's own full id. */
  readonly id: string | null;
  readonly image: string | null;
  readonly ports: readonly PortBinding[] | null;
  readonly command: readonly string[] | null;
  readonly workingDir: string | null;
  /** Why the state is what it is, when the state alone does not tell. */
  readonly reason: string | null;
  /** The `ops.project` of the config that it was started from. */
  readonly project: string | null;
  /** The real path of that config; null: it was made up on the spot, or kstops did not start it. */
  readonly configFile: string | null;
  /** Pids of what its program left behind; null: nobody looked, or it runs. */
  readonly leftovers: readonly number[] | null;
  /** When its program is executed again, in the words of the config; null: never, or unknown. */
  readonly restartPolicy: string | null;
  /** How often its restart policy has executed its program again in this run; null: it has none. */
  readonly restarts: number | null;
  /** When its program is next executed; null: it runs, nothing restarts it, or the time is unknown. */
  readonly nextRestartAt: Date | null;
  /** Its health; null: it has no health check, or it does not run. */
  readonly health: Health | null;
  /** The groups that the config puts it into. */
  readonly groups: readonly string[];
  /** The keys in which it runs something else than its definition says now; null: unknown. */
  readonly drift: readonly string[] | null;
}

/** A status with the given fields; all others are unknown. */
export function statusOf(
  known: Pick<SessionStatus, "name" | "backend" | "state"> & Partial<SessionStatus>,
): SessionStatus {
  return {
    pid: null,
    exitCode: null,
    signal: null,
    createdAt: null,
    finishedAt: null,
    managed: false,
    defined: false,
    engine: null,
    engineState: null,
    socketName: null,
    windowCount: null,
    attached: null,
    id: null,
    image: null,
    ports: null,
    command: null,
    workingDir: null,
    reason: null,
    ...NOBODY,
    leftovers: null,
    restartPolicy: null,
    restarts: null,
    nextRestartAt: null,
    health: null,
    groups: [],
    drift: null,
    ...known,
  };
}

/** How the reason begins when the kernel killed a session because memory ran out. */
export const OUT_OF_MEMORY = "it was killed because memory ran out";

/** Signal names by number, 1 to 31, on Linux on x86 and ARM (signal(7)). */
const SIGNALS = [
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP",
  "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS",
].join(" ").split(" ");

/** `signalName(9)` is `SIGKILL`; null when the number is not a signal. */
export function signalName(number: number): string | null {
  const name = SIGNALS[number - 1];
  return name === undefined ? null : `SIG${name}`;
}

/** Whether a number can be the exit code of a program: 0 to 255. */
export function isExitCode(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= 255;
}

/**
 * The moment so many milliseconds after the beginning of 1970; null when it is not a time, or its
 * year does not have the four digits of ISO 8601: nothing about a session is before 1970 or after
 * 9999.
 */
export function momentOf(ms: number): Date | null {
  return ms >= 0 && ms <= LAST_MS ? new Date(ms) : null;
}

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * How a program ended, from a wait status as shells report it: 128+n (n = 1 to 31) is both that
 * exit code and signal n.
 */
export function howItEnded(status: number): { exitCode: number; signal: string | null } {
  return { exitCode: status, signal: status > 128 ? signalName(status - 128) : null };
}
