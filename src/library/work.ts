/** The work of the library's classes: translates to actions and to {@link Sessions}. */
import { attachTo, findToAttach } from "../actions/attach.ts";
import { onlyOf } from "../actions/each.ts";
import { readOne } from "../actions/logs.ts";
import type { Reached } from "../actions/reach.ts";
import { sendEach } from "../actions/send.ts";
import { parseSignal, signalEach } from "../actions/signal.ts";
import { startEach } from "../actions/start.ts";
import { AWAITED, parseCondition } from "../actions/awaited.ts";
import { show } from "../actions/status.ts";
import { stopEach } from "../actions/stop.ts";
import type { ChangeTools } from "../actions/tools.ts";
import { waitForEach } from "../actions/wait.ts";
import { isAnothers } from "../actions/whose.ts";
import type { AttachEnd } from "../backends/backend.ts";
import type { Config } from "../config/config.ts";
import type { StartFlags } from "../config/flags.ts";
import {
  quote,
  SessionAttachError,
  SessionConfigError,
  SessionNotFoundError,
  UsageError,
} from "../errors.ts";
import { logStore } from "../logs/store.ts";
import { maskedJson, needles } from "../mask.ts";
import type { SessionStatus } from "../model.ts";
import { placeFlagsFor } from "../model/place.ts";
import { actorOf } from "../operations/actor.ts";
import { operatorOf } from "../operations/operate.ts";
import type { OperationStore } from "../operations/store.ts";
import { sessionsOf } from "../sessions/machine.ts";
import { isThere, type Selection, type Sessions } from "../sessions/sessions.ts";
import { VERSION } from "../version.ts";
import type { World } from "../world/world.ts";

/** How the library speaks. It prints nothing itself. */
export interface Voice {
  /** Called with each line that a user may want to read, such as that an image is pulled first. */
  readonly say?: ((text: string) => void) | undefined;
}

/** Where to record changes. */
export interface Recorder {
  /**
   * Records every start and stop as an operation, under the lock on its session, so that two
   * processes never change one session at once. Default: no record and no lock.
   */
  readonly operations?: OperationStore | undefined;
}

/** How to stop a session. */
export interface StopSessionOptions {
  /** Whether to ask the program to end before killing it. Default: true. */
  readonly graceful?: boolean;
  /** How many seconds to wait for it. Default: those of its definition, else 10. */
  readonly timeout?: number;
  /** Containers only: whether to keep the container. Default: false. */
  readonly keep?: boolean;
  /**
   * The owner of the session: a project, or the path of a config. Needed for a session that another
   * config than the manager's has started. A manager without a config never needs it.
   */
  readonly project?: string;
}

/** How to attach to a session. */
export interface AttachSessionOptions extends Voice {
  /** Whether to keep keys from reaching the session. Default: false. */
  readonly readOnly?: boolean;
}

/** How to type into a session. */
export interface SendOptions {
  /** Whether Enter follows the text. Default: true. */
  readonly enter?: boolean;
}

/** How to wait for a session. */
export interface WaitOptions {
  /** How many seconds, at most. Default: without a limit. */
  readonly timeout?: number;
  /** Of `exited`: whether one end is enough, also where the program is executed again. */
  readonly any?: boolean;
}

/** How much of the output to read. */
export interface LogsOptions {
  /** How many lines from the end; `Infinity` for all. Default: 100. */
  readonly lines?: number;
}

/** The tools of the library's classes. */
export interface Context extends Recorder {
  readonly world: World;
  readonly config: Config;
  readonly sessions: Sessions;
  /** Where to look for sessions. */
  readonly selection: Selection;
  readonly say: (text: string) => void;
}

/** Makes a context with this config in force. */
export function contextOf(
  { world, config, selection, operations, say = () => {} }:
    & Voice
    & Recorder
    & Pick<
      Context,
      "world" | "config" | "selection"
    >,
): Context {
  const logs = logStore(world, say);
  const sessions = sessionsOf(world, { config: () => Promise.resolve(config), logs });
  return { world, config, sessions, selection, operations, say };
}

/** Starts what the flags and the config define. */
export async function start(
  context: Context,
  name: string,
  wanted: StartFlags,
): Promise<SessionStatus> {
  const request = { wanted, wait: true, yes: true } as const;
  const outcomes = await startEach(changeTools(context), [name], request);
  return onlyOf(outcomes).status;
}

/** Stops a session. A foreign container is not removed. */
export async function stop(
  context: Context,
  name: string,
  { graceful = true, timeout, keep = false, project }: StopSessionOptions = {},
): Promise<SessionStatus> {
  if (timeout !== undefined && !(timeout >= 0)) {
    throw new SessionConfigError(
      `Cannot use ${timeout} as a timeout: it must be a number of seconds`,
    );
  }
  const outcomes = await stopEach(changeTools(context), [name], {
    ...placeFlagsFor(context.selection),
    ...{ project, timeout, yes: true, mustBeThere: true },
    ...(graceful ? {} : { force: true }),
    ...(keep ? { keep } : {}),
  }).catch((error: unknown) => {
    if (!keep || !(error instanceof UsageError)) throw error;
    throw new SessionConfigError(`Cannot keep ${quote(name)}: only a container can stay`);
  });
  return onlyOf(outcomes).status;
}

/** The tools for changes. Calling a method is the yes to it. */
function changeTools({ world, config, sessions, operations, say }: Context): ChangeTools {
  let hidden: readonly string[] = [];
  return {
    world,
    verbose: false,
    warn: say,
    hide: (secrets) => hidden = needles([...hidden, ...secrets]),
    during: (_label, work) => work(),
    config: () => Promise.resolve(config),
    sessions: () => sessions,
    sessionsAfter: () => sessions,
    operator: operations === undefined ? null : operatorOf({
      world,
      store: () => Promise.resolve(operations),
      actor: actorOf(world, VERSION),
      mask: (value) => maskedJson(value, hidden),
      warn: say,
    }),
    caller: {
      ask: null,
      argv: null,
      inWords: (verb, _name, { flags: { project = null } }) =>
        `${verb}(${JSON.stringify({ project })})`,
    },
  };
}

/** Hands this terminal to a session. */
export async function attach(
  context: Context,
  name: string,
  { readOnly = false, say = context.say }: AttachSessionOptions = {},
): Promise<AttachEnd> {
  const tools = changeTools(context);
  const session = await findToAttach(tools, name, placeFlagsFor(context.selection));
  const { stdinIsTerminal, stdoutIsTerminal } = context.world.terminal;
  if (!stdinIsTerminal || !stdoutIsTerminal) {
    const { backend } = session.status;
    throw new SessionAttachError(name, "this is not a terminal", { backend });
  }
  return await attachTo(session, { readOnly, say });
}

/** Types a text into the terminal of a session. */
export async function send(
  context: Context,
  name: string,
  text: string,
  { enter = true }: SendOptions = {},
): Promise<SessionStatus> {
  const typed = { kind: "text", text: `${text}${enter ? "\r" : ""}`, isPaste: false } as const;
  const request = { ...placeFlagsFor(context.selection), yes: true, typed } as const;
  return reachedOnly(await sendEach(changeTools(context), [name], request));
}

/** Sends a signal to the program of a session. */
export async function signal(
  context: Context,
  name: string,
  signalName: string,
): Promise<SessionStatus> {
  const wanted = parseSignal(signalName);
  if (wanted === null) {
    throw new SessionConfigError(
      `Cannot signal ${quote(name)}: ${quote(signalName)} is no signal that can be sent`,
    );
  }
  const request = { ...placeFlagsFor(context.selection), yes: true } as const;
  const all = { ...request, signal: wanted, scope: null };
  return reachedOnly(await signalEach(changeTools(context), [name], all));
}

/** @throws what it failed with; mistakes are values here, not words of a command line */
function reachedOnly([only]: Reached): SessionStatus {
  if (only?.status === "fulfilled") return only.value;
  const error: unknown = only?.reason;
  if (error instanceof UsageError) throw new SessionConfigError(error.message);
  throw error;
}

/** What is known of a session. The state is `defined` if it is only in the config. */
export async function status(context: Context, name: string): Promise<SessionStatus> {
  return await show(changeTools(context), name, placeFlagsFor(context.selection));
}

/** Waits until a session is in a state, or has printed something. */
export async function waitFor(
  context: Context,
  name: string,
  text: string,
  { any = false, timeout }: WaitOptions = {},
): Promise<SessionStatus> {
  const condition = parseCondition(text);
  if (condition === null) {
    throw new SessionConfigError(`Cannot wait for ${quote(text)}: that is nothing to wait for`, {
      hint: `use one of ${AWAITED.join(", ")} or log=REGEX`,
    });
  }
  const [outcome] = await waitForEach(changeTools(context), [name], {
    ...placeFlagsFor(context.selection),
    ...{ condition, timeoutSeconds: timeout ?? null },
    ...(any ? { any } : {}),
  });
  if (outcome?.status === "fulfilled") return outcome.value;
  throw outcome?.reason;
}

/** What a session printed, even after it was stopped. */
export async function logs(
  context: Context,
  name: string,
  { lines = 100 }: LogsOptions = {},
): Promise<string> {
  const request = placeFlagsFor(context.selection);
  const output = await readOne(changeTools(context), { name, request, options: { lines } });
  if (output !== null) return new TextDecoder().decode(output);
  throw new SessionNotFoundError("show the logs of", name, {
    reason: "it is not running, and no output of it was kept",
  });
}

/** The state of a session in an engine; null when no engine has it. */
export async function stateOf(
  context: Context,
  name: string,
): Promise<SessionStatus["state"] | null> {
  try {
    const match = await context.sessions.find("find", name, context.selection);
    if (match.kind === "session") {
      const isMeant = isThere(match) && !await isAnothers(changeTools(context), match.status);
      return isMeant ? match.status.state : null;
    }
    if (match.trouble !== null) throw match.trouble;
    return null;
  } catch (error) {
    if (error instanceof SessionNotFoundError) return null;
    throw error;
  }
}

/**
 * Every session where the context looks, including those that kstops did not make.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`: an engine that does not answer may have
 *   more
 * @throws {BackendNotFoundError} `backend_not_found`
 */
export async function list({ sessions, selection }: Context): Promise<readonly SessionStatus[]> {
  const { statuses, troubles } = await sessions.list(selection);
  const [first] = troubles;
  if (first !== undefined) throw first.error;
  return statuses;
}
