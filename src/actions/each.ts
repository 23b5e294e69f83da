/** One change of several sessions: all are tried, each has a result of its own. */
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

/** What a change of one session came to. */
export interface Changed {
  readonly status: SessionStatus;
  /** What it was started from; missing: it was not, or its engine alone knows. */
  readonly definition?: Definition;
}

/** A change that was made. */
export interface Done<Result extends Changed> {
  /** Null: nobody wanted a record. */
  readonly operationId: string | null;
  readonly result: Result;
}

/** What became of each session, in the order of their names. */
export type Outcomes<Result extends Changed> = readonly PromiseSettledResult<Done<Result>>[];

/** A change of one session, of which {@link outcomeOf} is recorded. */
export interface ChangeTask<Result extends Changed>
  extends Omit<Task<Result>, "outcome" | "verify"> {
  /** What is done when the operation is over, and holds its lock no more: to wait for something. */
  readonly afterwards?: Afterwards;
}

/** Gives the status of a session that was changed, once there is no more to wait for. */
export type Afterwards = (changed: Changed) => Promise<SessionStatus>;

/** What is done with each session. */
export interface Each<Result extends Changed> {
  readonly verb: Verb;
  /** Where the sessions are. */
  readonly selection: Selection;
  readonly task: (name: string, look: Look) => ChangeTask<Result>;
}

/**
 * Changes sessions side by side, each in an operation of its own. All of them are found in one survey
 * of the engines; one that is planned again, after an answer, is looked for again. Who asks kstops to
 * end is obeyed between two steps, never in the middle of one.
 */
export async function changeEach<Result extends Changed>(
  tools: ChangeTools,
  names: readonly string[],
  { verb, selection, task }: Each<Result>,
): Promise<Outcomes<Result>> {
  const lookFor = surveyOnce(tools, names, { verb, selection });
  const explain = truthOf(tools, names, selection);
  return await Promise.allSettled(names.map(async (name) => {
    const change = task(name, lookFor(name));
    const done = tools.during(
      "planning",
      () => performWhole(tools, change, (error) => explain(error, name)),
      { session: name },
    );
    return await (names.length > 1 ? done.catch(withName(change)) : done);
  }));
}

/**
 * What came of a change of one session.
 *
 * @throws what that threw
 */
export function onlyOf<Result extends Changed>([only]: Outcomes<Result>): Result {
  if (only?.status === "fulfilled") return only.value.result;
  throw only?.reason;
}

/** Does a change as an operation, and what comes behind it. */
async function performWhole<Result extends Changed>(
  tools: ChangeTools,
  change: ChangeTask<Result>,
  explain: (error: unknown) => Promise<unknown>,
): Promise<Done<Result>> {
  const done = await perform(tools, { ...change, outcome: outcomeOf, explain });
  return await afterwards(change, done, explain);
}

/**
 * What comes behind the operation of a change.
 *
 * @param explain makes more of what goes wrong
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

/** Does a task as an operation; where nobody wants a record, without one. */
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

/** Says of one of several sessions which one an error is about, where it does not say so itself. */
function withName({ kind, session }: Pick<Task<unknown>, "kind" | "session">) {
  return (error: unknown): never => {
    throw error instanceof OpsError ? aboutSession(error, { verb: kind, name: session }) : error;
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

/** Says of an interruption in which state it left a session; those of several look together. */
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
