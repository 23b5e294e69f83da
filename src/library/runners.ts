/** The backends themselves, for programs that manage all sessions of one backend. */
import type { AttachEnd } from "../backends/backend.ts";
import { quote, SessionConfigError } from "../errors.ts";
import type { BackendType, Runtime, SessionStatus } from "../model.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import { denoWorld } from "../world/deno.ts";
import {
  checkComplete,
  checkOptions,
  checkRuntime,
  flagsOf,
  noConfig,
  type SessionConfig,
} from "./session_config.ts";
import {
  attach,
  type AttachSessionOptions,
  type Context,
  contextOf,
  list,
  logs,
  type LogsOptions,
  type Recorder,
  start,
  stateOf,
  status,
  stop,
  type StopSessionOptions,
  type Voice,
} from "./work.ts";

/** The place of all sessions of a runner. */
interface RunnerPlace extends Pick<SessionConfig, "socketName" | "runtime"> {
  readonly backend: BackendType;
}

/** What both runners share. */
class BackendRunner {
  readonly #context: Context;
  readonly #place: RunnerPlace;

  constructor(context: Context, place: RunnerPlace) {
    this.#context = context;
    this.#place = place;
  }

  /** The backend of all its sessions. */
  get backend(): BackendType {
    return this.#place.backend;
  }

  /**
   * Starts a session, and resolves when its program has lived for half a second, or has ended with
   * 0. Replaces an ended session of that name.
   *
   * @throws {SessionExistsError} `session_exists`
   * @throws {SessionStartError} `start_failed`
   * @throws {SessionConfigError} `value_invalid`
   */
  async start(config: SessionConfig): Promise<SessionStatus> {
    for (const [key, ours] of Object.entries(this.#place)) {
      const theirs = config[key as keyof RunnerPlace] ?? ours;
      if (theirs !== ours) throw elsewhere(config.name, { key, theirs, ours });
    }
    const { name, ...options } = { ...config, ...this.#place };
    const { backend } = options;
    checkOptions(options, { name, backend });
    checkComplete(options, { name, backend });
    return await start(this.#context, name, flagsOf(options, backend));
  }

  /** Ends a session: see {@link SessionManager.stop}. */
  async stop(name: string, options: StopSessionOptions = {}): Promise<SessionStatus> {
    return await stop(this.#context, name, options);
  }

  /** Hands this terminal to a session: see {@link SessionManager.attach}. */
  async attach(name: string, options: AttachSessionOptions = {}): Promise<AttachEnd> {
    return await attach(this.#context, name, options);
  }

  /** What is known of a session. */
  async status(name: string): Promise<SessionStatus> {
    return await status(this.#context, name);
  }

  /** What a session printed: see {@link SessionManager.logs}. */
  async logs(name: string, options: LogsOptions = {}): Promise<string> {
    return await logs(this.#context, name, options);
  }

  /** Whether there is a session of exactly that name, running or not. */
  async exists(name: string): Promise<boolean> {
    return await stateOf(this.#context, name) !== null;
  }

  /**
   * Every session, including those that kstops did not make.
   *
   * @throws {BackendUnavailableError} `backend_unavailable`: an engine that does not answer may
   *   have more
   */
  async listSessions(): Promise<readonly SessionStatus[]> {
    return await list(this.#context);
  }
}

function elsewhere(
  name: string,
  { key, theirs, ours }: { key: string; theirs: string; ours: string },
): SessionConfigError {
  return new SessionConfigError(
    `Cannot start ${quote(name)}: its ${key} is ${quote(theirs)}, but this runner's is ${
      quote(ours)
    }`,
    { hint: `leave its ${key} out` },
  );
}

/** How to reach tmux. */
export interface TmuxRunnerOptions extends Voice, Recorder {
  /** Name or path of the program. Default: `tmux`. */
  readonly binary?: string;
  /** The socket (`tmux -L`) of all sessions. Default: `default`. */
  readonly socketName?: string;
}

/**
 * All sessions of one tmux socket.
 *
 * @example
 * ```ts
 * const tmux = new TmuxRunner();
 * await tmux.start({ name: "direct-test", command: "python app.py" });
 * console.log((await tmux.listSessions()).map(({ name }) => name));
 * await tmux.stop("direct-test");
 * ```
 */
export class TmuxRunner extends BackendRunner {
  /** @throws {SessionConfigError} `value_invalid` */
  constructor({ binary, socketName = "default", say, operations }: TmuxRunnerOptions = {}) {
    validateSocketName(socketName);
    const place = { backend: "tmux", socketName } as const;
    const world = denoWorld();
    const config = noConfig(world, binary === undefined ? {} : { tmuxBinary: binary });
    const selection = { backend: place.backend, scope: socketName };
    super(contextOf({ world, config, selection, say, operations }), place);
  }
}

/** How to reach containers. */
export interface ContainerRunnerOptions extends Voice, Recorder {
  /**
   * Default: looks for sessions in both, and starts them in podman if it is installed, else in
   * docker.
   */
  readonly runtime?: Runtime;
}

/**
 * All containers of this machine, or of one runtime.
 *
 * @example
 * ```ts
 * const containers = new ContainerRunner({ runtime: "podman" });
 * await containers.start({
 *   name: "container-test",
 *   image: "python:3.10-slim",
 *   command: "python -c 'import time; time.sleep(3600)'",
 * });
 * await containers.stop("container-test");
 * ```
 */
export class ContainerRunner extends BackendRunner {
  /** @throws {SessionConfigError} `value_invalid` */
  constructor({ runtime, say, operations }: ContainerRunnerOptions = {}) {
    if (runtime !== undefined) checkRuntime(runtime);
    const place = { backend: "container", ...(runtime === undefined ? {} : { runtime }) } as const;
    const world = denoWorld();
    const selection = { backend: place.backend, engine: runtime };
    super(contextOf({ world, config: noConfig(world), selection, say, operations }), place);
  }
}
