/** Which sessions a command line means. */
import type { Config } from "../config/config.ts";
import { SessionConfigError, UsageError } from "../errors.ts";
import type { Context } from "./command.ts";

/** Flags that say which sessions. */
interface NameFlags {
  readonly names: readonly string[];
  readonly all?: true | undefined;
  readonly project?: string | undefined;
}

/**
 * The names that a command is to work on, each once.
 *
 * @throws {UsageError} `usage`: none, or names or `--project` beside `--all`
 * @throws {SessionConfigError} `config_invalid`: `--all`, and the config does not say what that is
 */
export async function namesFrom(
  context: Context,
  verb: "start" | "stop" | "restart",
  { names, all, project }: NameFlags,
): Promise<string[]> {
  if (all && names.length > 0) {
    throw new UsageError(`Cannot ${verb} names and --all at once`, { hint: "use one of them" });
  }
  if (all && project !== undefined) {
    throw new UsageError(`Cannot ${verb} with --all and --project: --all is of this config only`, {
      hint: "name the sessions of the other one, or use its config: --config FILE",
    });
  }
  if (all) return await allNames(await context.config(), verb, context);
  if (names.length === 0) {
    throw new UsageError(`Cannot ${verb} nothing: a session name is missing`, {
      hint: `kstops ${verb} NAME, or --all for every session of the config`,
    });
  }
  return [...new Set(names)];
}

/**
 * The sessions of the config, for a command that goes on with what it knows of them.
 *
 * @throws {SessionConfigError} `config_invalid`: there is no config, or it says of none
 */
export async function definedNames(context: Context, task: string): Promise<string[]> {
  const { path, sessions, problems } = await context.config();
  if (problems.length > 0 && sessions.size === 0) {
    const { configInvalid } = await import("../config/problems.ts");
    throw configInvalid(task, problems);
  }
  if (sessions.size > 0) return [...sessions.keys()];
  const reason = path === null ? "there is no config file" : `${path} defines no session`;
  throw new SessionConfigError(`Cannot ${task} of every session of the config: ${reason}`, {
    code: "config_invalid",
    hint: "name a session; kstops list shows every one",
  });
}

async function allNames(
  { path, sessions, problems }: Config,
  verb: "start" | "stop" | "restart",
  { warn }: Context,
): Promise<string[]> {
  const task = `${verb} every session`;
  // A stop goes on with what is known.
  if (problems.length > 0 && (verb !== "stop" || sessions.size === 0)) {
    const { configInvalid } = await import("../config/problems.ts");
    throw configInvalid(task, problems);
  }
  if (verb !== "stop" && path === null) {
    throw new SessionConfigError(`Cannot ${task}: there is no config file`, {
      code: "config_invalid",
      hint: "write a kstops.yml here, or say where it is: --config FILE",
    });
  }
  if (sessions.size === 0 && problems.length === 0) {
    warn(path === null ? "there is no config file: nothing to stop" : `${path} defines no session`);
  }
  return [...sessions.keys()];
}
