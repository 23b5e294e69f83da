/** The program of a session: the words of a command, with variables filled in. Pure. */
import { quote, UsageError } from "../errors.ts";
import { splitCommand, validateCommand } from "../validate/command.ts";
import { given } from "./flags.ts";
import { hasVariables, type Lookup } from "./interpolate.ts";
import type { Start } from "./starting.ts";
import type { Variables } from "./variables.ts";

/**
 * The program and its arguments (null when neither the flags nor the config give one), and the
 * environment that a shell also needs.
 */
export function commandOf(
  { flags, settings, filler, name, surroundings }: Start,
  { env }: Variables,
): { argv: readonly string[] | null; shellEnv: Readonly<Record<string, string>> } {
  const shell = flags.shell ?? settings.shell;
  const words = given(flags.argv);
  if (words !== null) return { argv: validateCommand(words), shellEnv: {} };
  if (flags.command !== undefined) {
    validateCommand(flags.command, { shell });
    return { argv: shell ? inShell(flags.command) : splitCommand(flags.command), shellEnv: {} };
  }
  const { command } = settings;
  if (command === null) return { argv: null, shellEnv: {} };
  if (typeof command !== "string") {
    if (shell) {
      throw new UsageError(
        `Cannot use --shell for ${quote(name)}: a shell takes one string, its command is a list`,
        { hint: "give a string with --command" },
      );
    }
    const argv = filler.list(["command"], command, () => {});
    return { argv: filler.words(argv, command.some(hasVariables)), shellEnv: {} };
  }
  if (!shell) {
    const argv = filler.words(filler.command(command), hasVariables(command));
    return { argv, shellEnv: {} };
  }
  const lookup: Lookup = (key) => Object.hasOwn(env, key) ? env[key] : surroundings.env(key);
  const { text, names } = filler.shell(command, lookup);
  const shellEnv = names.map((key): [string, string | undefined] => [key, lookup(key)])
    .filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { argv: inShell(text), shellEnv: Object.fromEntries(shellEnv) };
}

function inShell(text: string): readonly string[] {
  return ["sh", "-c", text];
}
