/** Finds all mistakes in a config, and what deserves a warning. */
import { SessionConfigError } from "../errors.ts";
import type { World } from "../world/world.ts";
import {
  allProblems,
  type Config,
  type Path,
  type Problem,
  problemToWire,
  sortedProblems,
  type UsableEntry,
} from "./config.ts";
import { variablesIn } from "./interpolate.ts";
import { readEnvFiles } from "./load.ts";
import { envFilesOf, resolve } from "./resolve.ts";
import { ConfigProblemsError } from "./problems.ts";
import { reasonOf } from "./rules.ts";
import { warningProblem } from "./warnings.ts";

/** What is wrong and odd in a config. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Tries everything that a start of each session does before it asks an engine, in this environment. */
export async function validateConfig(world: World, config: Config): Promise<Findings> {
  const problems = [...allProblems(config)];
  const warnings: Problem[] = [];
  for (const entry of config.sessions.values()) {
    if (entry.kind === "invalid") continue;
    // Mistakes of the whole config make every start fail, and are reported already.
    const found = config.problems.length > 0
      ? { problems: entry.unset, warnings: [] }
      : await tried(world, entry, config);
    problems.push(...found.problems);
    warnings.push(...found.warnings, ...visibleVariables(entry, config));
  }
  return { problems: eachOnce(problems), warnings: eachOnce(sortedProblems(warnings)) };
}

async function tried(world: World, { name }: UsableEntry, config: Config): Promise<Findings> {
  const at: Path = ["ops", "sessions", name];
  const workingDirectory = world.workingDirectory();
  const paths = envFilesOf(name, {}, config, { workingDirectory });
  const files = await Promise.all(
    paths.map((path, index) =>
      readEnvFile(world, path, { config, at: [...at, "env_file", index] })
    ),
  );
  const unreadable = files.flatMap(({ problem }) => problem === null ? [] : [problem]);
  // Unreadable files count as empty, so that all other mistakes are found, too.
  const envFiles = new Map(files.map(({ path, text }) => [path, text]));
  try {
    const { warnings } = resolve(name, {}, config, { workingDirectory, env: world.env, envFiles });
    return {
      problems: unreadable,
      warnings: warnings.map((each) => warningProblem(config, name, each)),
    };
  } catch (error) {
    if (error instanceof ConfigProblemsError) {
      return { problems: [...unreadable, ...error.problems], warnings: [] };
    }
    if (!(error instanceof SessionConfigError)) throw error;
    const { hint } = error;
    const message = reasonOf(error).replace(/^Cannot start "[^"]*": /, "");
    const problem = config.written.problem(at, { message, hint });
    return { problems: [...unreadable, problem], warnings: [] };
  }
}

/** The text of an env file. An unreadable file has an empty text and a problem. */
async function readEnvFile(
  world: World,
  path: string,
  { config: { written }, at }: { readonly config: Config; readonly at: Path },
): Promise<{ readonly path: string; readonly text: string; readonly problem: Problem | null }> {
  try {
    const texts = await readEnvFiles(world, [path]);
    return { path, text: texts.get(path) ?? "", problem: null };
  } catch (error) {
    if (!(error instanceof SessionConfigError)) throw error;
    // A single file may be written without a list, and then has no index.
    const said = written.place(at) === null ? at.slice(0, -1) : at;
    const problem = written.problem(said, { message: error.message, hint: error.hint });
    return { path, text: "", problem };
  }
}

/** A mistake in a file that several sessions share is reported once. */
function eachOnce(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = JSON.stringify(problemToWire(problem));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Every user of the machine can see a command line, and filled-in values may be secret. */
function visibleVariables({ name, settings }: UsableEntry, { written }: Config): Problem[] {
  const { command, shell, ready } = settings;
  const visible = [
    { key: ["command"], command: shell ? null : command },
    { key: ["ready", "command"], command: ready?.command ?? null },
  ];
  return visible.flatMap(({ key, command }) => {
    const words = typeof command === "string" ? [command] : command ?? [];
    return words.flatMap((word, index) => {
      const names = variablesIn(word);
      if (names.length === 0) return [];
      const path: Path = ["ops", "sessions", name, ...key];
      return [written.problem(typeof command === "string" ? path : [...path, index], {
        message: `ps shows the value of ${names.join(" and of ")} to everybody on this machine`,
        hint: "put a secret into env, and let the program read it there",
      })];
    });
  });
}
