/** A config with mistakes must not block what works without it. */
import { allProblems, type Problem, problemText } from "../config/config.ts";
import type { Context } from "./command.ts";

/** Says what is wrong with the config, for commands that work without it. */
export async function warnOfProblems({ config, warn }: Context): Promise<void> {
  for (const problem of allProblems(await config())) warn(warningOf(problem));
}

function warningOf(problem: Problem): string {
  const { line, path, hint } = problem;
  const isWhole = line === null && path === "";
  return `${isWhole ? "Cannot use the config " : ""}${problemText(problem)}` +
    (hint === null ? "" : ` (${hint})`);
}
