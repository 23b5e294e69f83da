/** One command over several sessions: all are tried, each is reported. */
import type { Json } from "../errors.ts";
import type { Reply } from "./command.ts";

/** What to do with each name, and how to show it. */
export interface Each<Result> {
  readonly work: (name: string) => Promise<Result>;
  readonly toJson: (result: Result) => Json;
  /** Null: nothing is printed for people. */
  readonly toText: ((result: Result) => string) | null;
  /** Whether JSON is a list even for one name. */
  readonly isList: boolean;
}

/** Works on all names side by side; the answers are in the order of the names. */
export async function forEach<Result>(
  names: readonly string[],
  { work, toJson, toText, isList }: Each<Result>,
): Promise<Reply> {
  const outcomes = await Promise.allSettled(names.map(work));
  const results = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value] : []
  );
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason] : []
  );
  const single = names.length === 1 && !isList;
  const [only] = results;
  const data = single ? (only === undefined ? undefined : toJson(only)) : results.map(toJson);
  return {
    ...(data === undefined ? {} : { data }),
    text: () => toText === null ? "" : results.map((result) => `${toText(result)}\n`).join(""),
    failures,
  };
}
