/** One session, for programs that use kstops as a library. */
import type { AttachEnd } from "../backends/backend.ts";
import type { Config, UsableEntry } from "../config/config.ts";
import { placeOf } from "../config/defined.ts";
import { usualScope } from "../model/place.ts";
import { loadConfig } from "../config/load.ts";
import { configInvalid } from "../config/problems.ts";
import { quote, SessionConfigError } from "../errors.ts";
import type { BackendType, SessionStatus } from "../model.ts";
import { detectBackend, type Selection } from "../sessions/sessions.ts";
import { closest } from "../suggest.ts";
import { denoWorld } from "../world/deno.ts";
import {
  checkComplete,
  checkOptions,
  flagsOf,
  impliedBackend,
  noConfig,
  type SessionConfig,
  type SessionOptions,
  writtenIn,
} from "./session_config.ts";
import {
  attach,
  type AttachSessionOptions,
  type Context,
  contextOf,
  logs,
  type LogsOptions,
  type Recorder,
  send,
  type SendOptions,
  signal,
  start,
  stateOf,
  status,
  stop,
  type StopSessionOptions,
  type Voice,
  waitFor,
  type WaitOptions,
} from "./work.ts";

/** The definition of a session, and the tools to manage it with. */
export interface ManagerOptions extends SessionOptions, Voice, Recorder {
  /** Name or path of the tmux program. Default: `tmux`. */
  readonly tmuxBinary?: string;
}

/** Options that override the config, and the path of the config. */
export interface FromConfigOptions extends SessionOptions, Voice, Recorder {
  /** Path of the config file. Default: the first that exists, as for the command line. */
  readonly config?: string;
}

/** The parts of a manager. */
interface Parts {
  readonly context: Context;
  readonly backend: BackendType;
  /** Options that override the config file. */
  readonly options: SessionOptions;
  /** The options and the config, merged. */
  readonly config: SessionConfig;
}

/**
 * One session: in tmux, or in a container.
 *
 * A method rejects with {@link SessionNotFoundError} when there is no such session, with
 * {@link BackendNotFoundError} when its engine is not installed, and with
 * {@link BackendUnavailableError} when the engine cannot be asked.
 *
 * @example In tmux
 * ```ts
 * const session = new SessionManager("bot", { backend: "tmux" });
 * await session.start("python -m trading.bot");
 * console.log((await session.status()).state); // running
 * console.log(await session.logs({ lines: 50 }));
 * await session.stop();
 * ```
 *
 * @example In a container
 * ```ts
 * const session = new SessionManager("astro-prod", {
 *   backend: "container",
 *   image: "astro-bot:latest",
 *   volumes: ["./data:/app/data"],
 *   logVolume: "./logs:/app/logs",
 *   ports: ["8081:8080"],
 *   env: { ASTRO_ENV: "production" },
 * });
 * await session.start();
 * await session.stop({ graceful: true, timeout: 10 });
 * ```
 *
 * @example From the config file
 * ```ts
 * const session = await SessionManager.fromConfig("astro");
 * await session.start();
 * ```
 */
export class SessionManager {
  #parts: Parts;

  /**
   * A session that is in no config.
   *
   * @throws {SessionConfigError} `value_invalid`
   */
  constructor(name: string, options: ManagerOptions = {}) {
    this.#parts = partsOf(name, options);
  }

  /**
   * A session of the config. Options override the config.
   *
   * @throws {SessionConfigError} `config_invalid`: it is not in the config, or wrong there
   * @throws {SessionConfigError} `value_invalid`: an option is wrong
   */
  static async fromConfig(name: string, options: FromConfigOptions = {}): Promise<SessionManager> {
    const manager = new SessionManager(name);
    manager.#parts = await definedParts(name, options);
    return manager;
  }

  /** The name of the session. */
  get name(): string {
    return this.#parts.config.name;
  }

  /** The backend of the session. */
  get backend(): BackendType {
    return this.#parts.backend;
  }

  /** The definition of the session. Variables of the config are not filled in. */
  get config(): SessionConfig {
    return this.#parts.config;
  }

  /**
   * Starts the session, and resolves when its program has lived for half a second, or has ended
   * with 0. Replaces an ended session of that name.
   *
   * @param command Overrides that of the options and of the config.
   * @param options Override those of the manager; variables are added.
   * @throws {SessionExistsError} `session_exists`
   * @throws {SessionStartError} `start_failed`
   * @throws {SessionConfigError} `value_invalid` or `config_invalid`
   */
  async start(
    command?: string | readonly string[],
    options: Omit<SessionOptions, "backend"> = {},
  ): Promise<SessionStatus> {
    const { context, backend, options: before, config } = this.#parts;
    const { name } = config;
    const merged: SessionOptions = {
      ...before,
      ...options,
      env: { ...before.env, ...options.env },
      ...(command === undefined ? {} : { command }),
    };
    checkOptions(merged, { name, backend });
    checkComplete({ ...config, ...merged }, { name, backend });
    return await start(context, name, flagsOf(merged, backend));
  }

  /**
   * Ends the session, and proves that nothing of it is left. Calling it is the yes to stop a
   * protected session, or one that kstops did not make (whose container is not removed). It is no
   * yes for a session that another config has started: name that config with `project`.
   *
   * @returns how it ended
   * @throws {InputRequiredError} `input_required`: it belongs to another config
   * @throws {SessionStopError} `stop_failed`, with what is still alive
   */
  async stop(options: StopSessionOptions = {}): Promise<SessionStatus> {
    return await stop(this.#parts.context, this.name, options);
  }

  /**
   * Hands this terminal to the session, until the user detaches or the program ends.
   *
   * @throws {SessionAttachError} `attach_failed`: it does not run, or this is not a terminal
   */
  async attach(options: AttachSessionOptions = {}): Promise<AttachEnd> {
    return await attach(this.#parts.context, this.name, options);
  }

  /**
   * Types a text and Enter into the session's terminal. Calling it is the yes for a protected
   * session, or one that kstops did not make.
   *
   * @throws {SessionNotRunningError} `session_not_running`
   * @throws {SessionConfigError} `value_invalid`: it has no keyboard, or would lose a part of it
   */
  async send(text: string, options: SendOptions = {}): Promise<SessionStatus> {
    return await send(this.#parts.context, this.name, text, options);
  }

  /**
   * Sends a signal, such as `HUP`, to the session's program. Calling it is the yes for a protected
   * session, or one that kstops did not make.
   *
   * @throws {SessionNotRunningError} `session_not_running`
   * @throws {SessionConfigError} `value_invalid`: there is no such signal
   */
  async signal(name: string): Promise<SessionStatus> {
    return await signal(this.#parts.context, this.name, name);
  }

  /** What is known of the session. The state is `defined` if it is only in the config. */
  async status(): Promise<SessionStatus> {
    return await status(this.#parts.context, this.name);
  }

  /**
   * Waits until the session is `running`, `ready`, `healthy`, `exited` or `stopped`, or has printed a
   * line that a regular expression fits: `log=REGEX`.
   *
   * @returns its status then
   * @throws {WaitTimeoutError} `wait_timeout`: the time is up
   * @throws {SessionWaitError} `wait_failed`: it can no longer come to that
   */
  async wait(condition: string, options: WaitOptions = {}): Promise<SessionStatus> {
    return await waitFor(this.#parts.context, this.name, condition, options);
  }

  /** What the session printed, including colours, even after it ended. */
  async logs(options: LogsOptions = {}): Promise<string> {
    return await logs(this.#parts.context, this.name, options);
  }

  /** Whether an engine has the session, running or not. */
  async exists(): Promise<boolean> {
    return await stateOf(this.#parts.context, this.name) !== null;
  }

  /** Whether the program of the session is alive. */
  async isRunning(): Promise<boolean> {
    return await stateOf(this.#parts.context, this.name) === "running";
  }
}

/**
 * The backend that has the one session of exactly that name, on any tmux socket and in both
 * container runtimes; null when none has it.
 *
 * @throws {SessionAmbiguousError} `session_ambiguous`: there is one in more than one place
 * @throws {BackendUnavailableError} `backend_unavailable`: it may be where nobody answers
 *
 * @example
 * ```ts
 * const backend = await autoDetectBackend("astro"); // "tmux"
 * ```
 */
export async function autoDetectBackend(name: string): Promise<BackendType | null> {
  const world = denoWorld();
  const { sessions } = contextOf({ world, config: noConfig(world), selection: {} });
  return await detectBackend(sessions, name, {});
}

function partsOf(
  name: string,
  { tmuxBinary, say, operations, ...options }: ManagerOptions,
): Parts {
  const backend = impliedBackend(options) ?? "tmux";
  checkOptions(options, { name, backend });
  const world = denoWorld();
  const config = noConfig(world, tmuxBinary === undefined ? {} : { tmuxBinary });
  const selection: Selection = {
    backend,
    // The place of a start: a namesake on another socket only prevents a start.
    scope: options.socketName ?? usualScope(backend),
    engine: options.runtime,
  };
  return {
    context: contextOf({ world, config, selection, say, operations }),
    backend,
    options,
    config: { ...options, name, backend },
  };
}

async function definedParts(
  name: string,
  { config: path, say, operations, ...options }: FromConfigOptions,
): Promise<Parts> {
  const world = denoWorld();
  const config = await loadConfig(world, path ?? null);
  const entry = usableEntry(name, config);
  const backend = impliedBackend(options) ?? placeOf(entry, config).backend ??
    config.settings.defaultBackend;
  checkOptions(options, { name, backend });
  const { socketName, runtime } = options;
  const selection: Selection = { backend, scope: socketName, engine: runtime };
  return {
    context: contextOf({ world, config, selection, say, operations }),
    backend,
    options,
    config: { ...writtenIn(entry, backend), ...options, name, backend },
  };
}

function usableEntry(name: string, { path, sessions, problems }: Config): UsableEntry {
  const task = `use ${quote(name)}`;
  if (problems.length > 0) throw configInvalid(task, problems);
  const entry = sessions.get(name);
  if (entry?.kind === "usable") return entry;
  if (entry !== undefined) throw configInvalid(task, entry.problems);
  const near = closest(name, sessions.keys());
  throw new SessionConfigError(
    `Cannot ${task}: ${
      path === null ? "there is no config file" : "the config has no such session"
    }`,
    {
      code: "config_invalid",
      hint: near === null
        ? `it has ${[...sessions.keys()].map(quote).join(", ") || "none"}`
        : `did you mean ${quote(near)}?`,
    },
  );
}
