/** One change to several sessions: all are tried, each is reported. */
import {
  aboutSession,
  InterruptedError,
  type Json,
  OpsError,
  quote,
  SessionNotFoundError,
} from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import type { Operated, Task } from "../operations/operate.ts";
import { changeToWire, statusToWire } from "../output/wire.ts";
import type { Selection } from "../sessions/sessions.ts";
import type { Context, Reply } from "./command.ts";
import { askOf } from "./confirm.ts";

/** What a change came to. */
export interface Changed {
  readonly status: SessionStatus;
  /** As people are told: `Stopped astro (tmux, exit code 0)`. */
  readonly text: string;
}

/** What to do with each name. */
export interface Each {
  readonly task: (name: string, context: Context) => Task<Changed>;
  /** Where the sessions are looked for, when it is to be said what became of them. */
  readonly selection: Selection;
}

/** How it is shown what became of them. */
export interface Shown {
  /** Nothing is printed for people. */
  readonly quiet?: true | undefined;
  /** Whether JSON is a list even for one name. */
  readonly isList: boolean;
}

/** What became of each name, in their order. */
export type Outcomes = readonly PromiseSettledResult<Operated<Changed>>[];

/**
 * Works on all names side by side, each as an operation of its own. A signal that asks kstops to end
 * is obeyed between two steps, never in the middle of one, nor in that of the reply.
 */
export async function changeEach(
  context: Context,
  names: readonly string[],
  { task, selection }: Each,
): Promise<Outcomes> {
  const guarded = context.guarded().context;
  const { operator } = await context.recording();
  const ask = askOf(guarded);
  return await Promise.allSettled(names.map(async (name) => {
    const change = task(name, guarded);
    const explain = truthOf(context, name, selection);
    const done = operator.run({ ...change, explain }, ask);
    return await (names.length > 1 ? done.catch(withName(change)) : done);
  }));
}

/** Says of one of several sessions which one an error is about, where it does not say so itself. */
function withName({ kind, session }: Task<Changed>): (error: unknown) => never {
  return (error) => {
    throw error instanceof OpsError ? aboutSession(error, { verb: kind, name: session }) : error;
  };
}

/** The answer of a command that changed some sessions. */
export function replyOf(outcomes: Outcomes, { quiet, isList }: Shown): Reply {
  const done = outcomes.flatMap((outcome) => outcome.status === "fulfilled" ? [outcome.value] : []);
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason] : []
  );
  const documents = done.map(changedToWire);
  const [only] = documents;
  const isEmpty = only === undefined && failures.length > 0;
  const single = outcomes.length === 1 && !isList;
  return {
    ...(isEmpty ? {} : { data: single && only !== undefined ? only : documents }),
    text: () => quiet ? "" : done.map(({ result }) => `${result.text}\n`).join(""),
    failures,
  };
}

/**
 * What is recorded of a change. The command that an engine shows may hold secrets that were filled into
 * it, and whoever stops a session does not know them.
 */
export function outcomeOf({ status }: Changed): Json {
  const { command: _, ...rest } = statusToWire(status);
  return rest;
}

/** The JSON of one change. */
export function changedToWire(
  { result, operationId }: Operated<Changed>,
): ReturnType<typeof changeToWire> {
  return changeToWire(result.status, operationId);
}

/** Says of an interruption in which state it left the session. */
export function truthOf(
  context: Context,
  name: string,
  selection: Selection,
): (error: unknown) => Promise<unknown> {
  return async (error) =>
    error instanceof InterruptedError
      ? await withState(error, context, { name, selection })
      : error;
}

function howWords({ signal, exitCode }: SessionStatus): string {
  if (signal !== null) return ` by ${signal}`;
  return exitCode === null ? "" : `, exit code ${exitCode}`;
}

/** An interruption with the state that it left the session in. */
async function withState(
  { signal }: InterruptedError,
  context: Context,
  { name, selection }: { name: string; selection: Selection },
): Promise<InterruptedError> {
  const hint = `kstops status ${name} shows more`;
  try {
    const { status } = await context.sessions().find("show", name, selection);
    const { state, pid } = status;
    const how = state === "running"
      ? `is running${pid === null ? "" : ` (pid ${pid})`}`
      : state === "exited"
      ? `has ended${howWords(status)}`
      : state === "unknown"
      ? `is in an unknown state: ${status.reason}`
      : "is not running";
    return new InterruptedError(signal, `${quote(name)} ${how}`, hint);
  } catch (error) {
    if (!(error instanceof SessionNotFoundError)) return new InterruptedError(signal);
    return new InterruptedError(signal, `${quote(name)} is not running`);
  }
}
