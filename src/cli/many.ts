/** One change to several sessions: all are tried, each is reported. */
import { InterruptedError, type Json, quote, SessionNotFoundError } from "../errors.ts";
import { endWords } from "../output/screen.ts";
import type { Selection } from "../sessions.ts";
import type { Context, Reply } from "./command.ts";

/** What to do with each name, and how to show it. */
export interface Each<Result> {
  readonly work: (name: string, context: Context) => Promise<Result>;
  readonly toJson: (result: Result) => Json;
  /** Null: nothing is printed for people. */
  readonly toText: ((result: Result) => string) | null;
  /** Whether JSON is a list even for one name. */
  readonly isList: boolean;
  readonly selection: Selection;
}

/**
 * Works on all names side by side; the answers are in the order of the names. A signal that asks
 * kstops to end is obeyed between two steps, never in the middle of one.
 */
export async function forEach<Result>(
  context: Context,
  names: readonly string[],
  { work, toJson, toText, isList, selection }: Each<Result>,
): Promise<Reply> {
  const guarded = context.guarded();
  const outcomes = await Promise.allSettled(names.map(async (name) => {
    try {
      return await work(name, guarded.context);
    } catch (error) {
      throw error instanceof InterruptedError
        ? await withState(error, context, { name, selection })
        : error;
    }
  }));
  guarded.release();
  const results = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value] : []
  );
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason] : []
  );
  const [only] = results;
  const isEmpty = only === undefined && failures.length > 0;
  const single = names.length === 1 && !isList;
  return {
    ...(isEmpty ? {} : { data: single && only !== undefined ? toJson(only) : results.map(toJson) }),
    text: () => toText === null ? "" : results.map((result) => `${toText(result)}\n`).join(""),
    failures,
  };
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
      ? `has ended, ${endWords(status)}`
      : state === "unknown"
      ? `is in an unknown state: ${status.reason}`
      : "is not running";
    return new InterruptedError(signal, `${quote(name)} ${how}`, hint);
  } catch (error) {
    if (!(error instanceof SessionNotFoundError)) return new InterruptedError(signal);
    return new InterruptedError(signal, `${quote(name)} is not running`);
  }
}
