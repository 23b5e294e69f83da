/** The error for a config that cannot be used, with all its mistakes. */
import { SessionConfigError } from "../errors.ts";
import {
  indented,
  type Problem,
  problemReport,
  problemText,
  problemToWire,
  sortedProblems,
} from "./config.ts";

/** A config has mistakes. */
export class ConfigProblemsError extends SessionConfigError {
  constructor(message: string, readonly problems: readonly Problem[], hint: string | null) {
    super(message, {
      code: "config_invalid",
      hint,
      details: { problems: problems.map(problemToWire) },
    });
  }
}

/** Builds `Cannot TASK: what is wrong with the config`, and shows the line of each mistake. */
export function configInvalid(task: string, unsorted: readonly Problem[]): ConfigProblemsError {
  const problems = sortedProblems(unsorted);
  const [first] = problems;
  if (first !== undefined && problems.length === 1) {
    const { hint, excerpt } = first;
    const below = excerpt === null ? "" : `\n${indented(excerpt())}`;
    const message = `Cannot ${task}: ${problemText(first)}${below}`;
    return new ConfigProblemsError(message, problems, hint);
  }
  const message = [
    `Cannot ${task}: the config has ${problems.length} mistakes`,
    ...problems.map(problemReport),
  ].join("\n");
  return new ConfigProblemsError(message, problems, null);
}
