/** Everything that is wrong with a config, and what is worth a word. */
import { SessionConfigError } from "../errors.ts";
import type { World } from "../world.ts";
import {
  allProblems,
  type Config,
  type Path,
  type Problem,
  sortedProblems,
  type UsableEntry,
} from "./config.ts";
import { variablesIn } from "./interpolate.ts";
import { readEnvFiles } from "./load.ts";
import { ConfigProblemsError, envFilesOf, resolve } from "./resolve.ts";
import { reasonOf } from "./rules.ts";
import { warningProblem } from "./warnings.ts";

/** What there is to say about a config. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Tries what a start of each session would do before it asks an engine, in this environment. */
export async function validateConfig(world: World, config: Config): Promise<Findings> {
  const problems = [...allProblems(config)];
  const warnings: Problem[] = [];
  for (const entry of config.sessions.values()) {
    if (entry.kind === "invalid") continue;
    // These alone make every start fail, and are told already.
    const found = config.problems.length > 0
      ? { problems: entry.unset, warnings: [] }
      : await tried(world, entry, config);
    problems.push(...found.problems);
    warnings.push(...found.warnings, ...visibleVariables(entry, config));
  }
  return { problems, warnings: sortedProblems(warnings) };
}

async function tried(world: World, { name }: UsableEntry, config: Config): Promise<Findings> {
  const at: Path = ["ops", "sessions", name];
  const workingDirectory = world.workingDirectory();
  let below: Path = [...at, "env_file"];
  try {
    const paths = envFilesOf(name, {}, config, { workingDirectory });
    const envFiles = await readEnvFiles(world, paths);
    below = at;
    const { warnings } = resolve(name, {}, config, { workingDirectory, env: world.env, envFiles });
    return { problems: [], warnings: warnings.map((each) => warningProblem(config, name, each)) };
  } catch (error) {
    if (error instanceof ConfigProblemsError) return { problems: error.problems, warnings: [] };
    if (!(error instanceof SessionConfigError)) throw error;
    const { hint } = error;
    const message = reasonOf(error).replace(/^Cannot start "[^"]*": /, "");
    return { problems: [config.written.problem(below, { message, hint })], warnings: [] };
  }
}

/** A command line can be seen by every user of the machine, and what is filled in may be secret. */
function visibleVariables({ name, settings }: UsableEntry, { written }: Config): Problem[] {
  const { command, shell } = settings;
  if (command === null || shell) return [];
  const words = typeof command === "string" ? [command] : command;
  return words.flatMap((word, index) => {
    const names = variablesIn(word);
    if (names.length === 0) return [];
    const path: Path = ["ops", "sessions", name, "command"];
    return [written.problem(typeof command === "string" ? path : [...path, index], {
      message: `ps shows the value of ${names.join(" and of ")} to everybody on this machine`,
      hint: "put a secret into env, and let the program read it there",
    })];
  });
}
