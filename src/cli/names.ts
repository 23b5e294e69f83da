/** Which sessions a command line means. */
import { UsageError } from "../errors.ts";
import type { Context } from "./command.ts";

/** Flags that say which sessions. */
export interface NameFlags {
  readonly names: readonly string[];
  readonly all?: true | undefined;
}

/**
 * The names that a command is to work on, each once.
 *
 * @throws {UsageError} `usage`: none, or names beside `--all`
 */
export async function namesFrom(
  { config }: Context,
  verb: string,
  { names, all }: NameFlags,
): Promise<string[]> {
  if (all && names.length > 0) {
    throw new UsageError(`Cannot ${verb} names and --all at once`, { hint: "use one of them" });
  }
  if (all) return [...(await config()).sessions.keys()];
  if (names.length === 0) {
    throw new UsageError(`Cannot ${verb} nothing: a session name is missing`, {
      hint: `kstops ${verb} NAME, or --all for every session of the config`,
    });
  }
  return [...new Set(names)];
}
