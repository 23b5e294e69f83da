/** One change of several sessions: all are tried, and each has its own result. */
import {
  InputRequiredError,
  InterruptedError,
  type Json,
  OpsError,
  quote,
  SessionNotFoundError,
} from "../errors.ts";
import type { Definition, SessionStatus } from "../model.ts";
import type { Task } from "../operations/operate.ts";
import { together } from "../sessions/elsewhere.ts";
import { foundIn } from "../sessions/find.ts";
import type { Selection } from "../sessions/sessions.ts";
import { statusToWire } from "../wire.ts";
import { aboutSession } from "./about_session.ts";
import { type Look, surveyOnce } from "./survey.ts";
import type { ChangeTools, Verb } from "./tools.ts";

/** The result of changing one session. */
export interface Changed {
  readonly status: SessionStatus;
  /** The definition that it was started from; missing: it was not started, or only its engine knows. */
  readonly definition?: Definition;
}

/** A change that was made. */
export interface Done<Result extends Changed> {
  /** Null: no record was wanted. */
  readonly operationId: string | null;
  readonly result: Result;
}

/** The result for each session, in the order of their names. */
export type Outcomes<Result extends Changed> = readonly PromiseSettledResult<Done<Result>>[];

/** A change of one session; {@link outcomeOf} is recorded. */
export interface ChangeTask<Result extends Changed>
  extends Omit<Task<Result>, "outcome" | "verify"> {
  /** Waits for something after the operation is over and has released its lock. */
  readonly afterwards?: Afterwards;
}

/** The status of a changed session, once there is nothing left to wait for. */
export type Afterwards = (changed: Changed) => Promise<SessionStatus>;

/** What to do with each session. */
export interface Each<Result extends Changed> {
  readonly verb: Verb;
  /** The place of the sessions. */
  readonly selection: Selection;
  readonly task: (name: string, look: Look) => ChangeTask<Result>;
  /** The id of the command that they are a part of; missing: they are all of it. */
  readonly parentId?: string | null;
}

/**
 * Changes sessions side by side, each in its own operation. One survey of the engines finds all of
 * them; a session that is planned again, after an answer, is looked for again. A user who
 * interrupts kstops is obeyed between two steps, never in the middle of one.
 */
export async function changeEach<Result extends Changed>(
  tools: ChangeTools,
  names: readonly string[],
  each: Each<Result>,
): Promise<Outcomes<Result>> {
  return await Promise.allSettled(beginEach(tools, names, each));
}

/** The same, with a result for each name as soon as there is one. */
export function beginEach<Result extends Changed>(
  tools: ChangeTools,
  names: readonly string[],
  { verb, selection, task, parentId = parentFor(tools, names) }: Each<Result>,
): readonly Promise<Done<Result>>[] {
  const lookFor = surveyOnce(tools, names, { verb, selection });
  const explain = truthOf(tools, names, selection);
  return names.map(async (name) => {
    const change = { ...task(name, lookFor(name)), parentId };
    const done = tools.during(
      "planning",
      () => performWhole(tools, change, (error) => explain(error, name)),
      { session: name },
    );
    return await (names.length > 1 ? done.catch(withName(change)) : done);
  });
}

/** The id of a command for several sessions; null: it is for one. */
function parentFor({ world }: ChangeTools, names: readonly string[]): string | null {
  return names.length > 1 ? world.randomUuid() : null;
}

/**
 * The result of changing one session.
 *
 * @throws what the change threw
 */
export function onlyOf<Result extends Changed>([only]: Outcomes<Result>): Result {
  if (only?.status === "fulfilled") return only.value.result;
  throw only?.reason;
}

/** Does a change as an operation, and then what follows it. */
async function performWhole<Result extends Changed>(
  tools: ChangeTools,
  change: ChangeTask<Result>,
  explain: (error: unknown) => Promise<unknown>,
): Promise<Done<Result>> {
  const done = await perform(tools, { ...change, outcome: outcomeOf, explain });
  return await afterwards(change, done, explain);
}

/**
 * What follows the operation of a change.
 *
 * @param explain adds to errors
 */
export async function afterwards<Result extends Changed>(
  { afterwards: work }: { readonly afterwards?: Afterwards },
  done: Done<Result>,
  explain: (error: unknown) => Promise<unknown>,
): Promise<Done<Result>> {
  if (work === undefined) return done;
  try {
    return { ...done, result: { ...done.result, status: await work(done.result) } };
  } catch (error) {
    throw await explain(error);
  }
}

/** Does a task as an operation, or without a record if none is wanted. */
async function perform<Result extends Changed>(
  { operator, caller }: ChangeTools,
  task: Task<Result>,
): Promise<Done<Result>> {
  if (operator !== null) return await operator.run(task, caller.ask);
  await task.validate?.();
  const { question, apply } = await task.plan();
  if (question === null) return { operationId: null, result: await apply() };
  const { reason, command, backend } = question;
  throw new InputRequiredError(task.kind, task.session, { reason, hint: command, backend });
}

/** Adds the name of its session to an error about one of several, unless the error has it. */
function withName({ kind, session }: Pick<Task<unknown>, "kind" | "session">) {
  return (error: unknown): never => {
    throw error instanceof OpsError ? aboutSession(error, { verb: kind, name: session }) : error;
  };
}

/**
 * The record of a change. The command that an engine shows may contain secrets that were filled
 * into it, and a kstops that stops a session does not know them.
 */
export function outcomeOf({ status }: Changed): Json {
  const { command: _, ...rest } = statusToWire(status);
  return rest;
}

/** Adds to an interruption the state in which it left a session. Several sessions share one survey. */
export function truthOf(
  { sessionsAfter }: Pick<ChangeTools, "sessionsAfter">,
  names: readonly string[],
  selection: Selection,
): (error: unknown, name: string) => Promise<unknown> {
  const look = together(() => sessionsAfter().findEach("show", names, selection));
  return async (error, name) => {
    if (!(error instanceof InterruptedError)) return error;
    const { signal } = error;
    try {
      const { status } = foundIn(await look(), "show", name);
      const hint = `kstops status ${name} shows more`;
      return new InterruptedError(signal, `${quote(name)} ${stateWords(status)}`, hint);
    } catch (failure) {
      if (!(failure instanceof SessionNotFoundError)) return new InterruptedError(signal);
      return new InterruptedError(signal, `${quote(name)} is not running`);
    }
  };
}

function stateWords({ state, pid, reason, signal, exitCode }: SessionStatus): string {
  if (state === "running") return `is running${pid === null ? "" : ` (pid ${pid})`}`;
  if (state === "unknown") return `is in an unknown state: ${reason}`;
  if (state !== "exited") return "is not running";
  if (signal !== null) return `has ended by ${signal}`;
  return `has ended${exitCode === null ? "" : `, exit code ${exitCode}`}`;
}
