/** The flag `--since`. */
import { quote, UsageError } from "../errors.ts";
import { sinceOf } from "../validate/since.ts";

/**
 * The time that `--since` says; null: it was not said.
 *
 * @param task what is to be done, such as `show events`
 * @throws {UsageError} `usage`: that is not a time
 */
export function sinceFlag(text: string | undefined, now: Date, task: string): Date | null {
  const since = text === undefined ? null : sinceOf(text, now);
  if (since !== null || text === undefined) return since;
  throw new UsageError(`Cannot ${task} since ${quote(text)}: that is not a time`, {
    hint: "say 10m, 2h, 1d, or a time such as 2026-01-02T03:04:05Z",
  });
}
