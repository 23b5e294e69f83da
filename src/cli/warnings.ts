/** Warns of mistakes in a config that must not block what works without it. */
import {
  allProblems,
  type Config,
  type Problem,
  problemText,
  type SessionEntry,
  sortedProblems,
} from "../config/config.ts";
import { SessionNotFoundError } from "../errors.ts";
import { type Context, type PlaceFlags, selectionOf } from "./command.ts";

/** The sessions and places of a command. */
interface About extends PlaceFlags {
  /** Its sessions; empty: all of them. */
  readonly names: readonly string[];
}

/**
 * Warns of mistakes in the config, for commands that work without it: in full for mistakes of the
 * whole config or of their sessions, in one line for all others.
 *
 * @throws {SessionConfigError} `config_invalid`: the named config does not exist, and the command
 *   is about more than one session that runs
 */
export async function warnOfProblems(context: Context, about: About): Promise<void> {
  const config = await context.config();
  if (allProblems(config).length === 0) return;
  if (await isMissing(context, config) && !await isOneThatRuns(context, about)) {
    const { configInvalid } = await import("../config/problems.ts");
    throw configInvalid("use the config", config.problems);
  }
  const entries = [...config.sessions.values()].filter(({ kind }) => kind === "invalid");
  const own = entries.filter(({ name }) => about.names.includes(name));
  const others = entries.filter((entry) => !own.includes(entry));
  const ofAll = allProblems({ ...config, sessions: new Map() });
  for (const problem of sortedProblems([...ofAll, ...own.flatMap(problemsOf)])) {
    context.warn(warningOf(problem));
  }
  if (others.length > 0) context.warn(countOf(others, { isMore: about.names.length > 0 }));
}

function problemsOf(entry: SessionEntry): readonly Problem[] {
  return entry.kind === "invalid" ? entry.problems : [];
}

/** A config that was found exists; one that was named may not. */
async function isMissing({ world }: Context, { path, sessions }: Config): Promise<boolean> {
  return path !== null && sessions.size === 0 && await world.files.facts(path) === null;
}

async function isOneThatRuns(context: Context, about: About): Promise<boolean> {
  const [name] = about.names;
  if (name === undefined || about.names.length > 1) return false;
  try {
    const { status } = await context.sessions().find("find", name, selectionOf(about));
    return status.state === "running";
  } catch (error) {
    if (error instanceof SessionNotFoundError) return false;
    throw error;
  }
}

function countOf(entries: readonly SessionEntry[], { isMore }: { isMore: boolean }): string {
  const mistakes = entries.flatMap(problemsOf).length;
  const many = mistakes === 1 ? "1 mistake" : `${mistakes} mistakes`;
  const other = isMore ? "other " : "";
  const sessions = entries.length === 1
    ? `1 ${other}session`
    : `${entries.length} ${other}sessions`;
  return `the config has ${many} in ${sessions}: kstops config validate shows them`;
}

function warningOf(problem: Problem): string {
  const { line, path, hint } = problem;
  const isWhole = line === null && path === "";
  return `${isWhole ? "Cannot use the config " : ""}${problemText(problem)}` +
    (hint === null ? "" : ` (${hint})`);
}
