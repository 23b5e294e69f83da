/**
 * The commands and flags as data, made from commander's own. Loading commander takes half as long as
 * a whole answer to a Tab may take, so `deno task docs` keeps the result in `table.json`.
 */
import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/**
 * What a value or an argument is: text that nobody can know, a path, a socket, a session, another
 * command, or one of some words.
 */
export type Value =
  | "text"
  | "file"
  | "directory"
  | "socket"
  | "session"
  | "command"
  | readonly string[];

/** A flag. */
export interface Flag {
  /** Short and long: `-b`, `--backend`. */
  readonly names: readonly string[];
  readonly about: string;
  /** Without it, the flag takes none. */
  readonly value?: Value;
  readonly repeats?: true;
}

/** A command, or the program itself. */
export interface Entry {
  /** The name, and other names for the same. */
  readonly names: readonly string[];
  readonly about: string;
  readonly arguments: readonly { readonly value: Value; readonly repeats?: true }[];
  /** A program with its own arguments stands behind `--`, and not more of ours. */
  readonly program?: true;
  readonly flags: readonly Flag[];
  readonly commands: readonly Entry[];
}

/** The table of a program; hidden commands and flags are left out. */
export function tableOf(command: CommandUnknownOpts): Entry {
  const help = command.createHelp();
  return {
    names: [command.name(), ...command.aliases()],
    about: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      value: argument.argChoices ?? valueOf(argument.name()),
      ...(argument.variadic ? { repeats: true } : {}),
    })),
    ...(command.usage().includes("[-- ") ? { program: true } : {}),
    flags: help.visibleOptions(command).map(flagOf),
    commands: help.visibleCommands(command).map((each) =>
      each.name() === "help" ? helpEntry(each) : tableOf(each)
    ),
  };
}

/** Commander's own help command has flags that it does not know. */
function helpEntry(command: CommandUnknownOpts): Entry {
  return { ...tableOf(command), flags: [] };
}

function flagOf(option: Option): Flag {
  const takesValue = option.required || option.optional;
  return {
    names: [option.short, option.long].flatMap((name) => name ?? []),
    about: option.description,
    ...(takesValue ? { value: option.argChoices ?? valueOfFlag(option) } : {}),
    ...(option.variadic || collects(option) ? { repeats: true } : {}),
  };
}

function valueOfFlag({ flags, long }: Option): Value {
  if (long === "--socket") return "socket";
  const [, placeholder = ""] = /[<[](.+)[\]>]$/.exec(flags) ?? [];
  return placeholder === "name" ? "text" : valueOf(placeholder);
}

/** What a placeholder such as `<file>` stands for. */
function valueOf(placeholder: string): Value {
  switch (placeholder) {
    case "name":
      return "session";
    case "dir":
      return "directory";
    case "file":
    case "command":
      return placeholder;
    default:
      return "text";
  }
}

/** A flag that may be repeated makes a list of its values. */
function collects({ parseArg }: Option): boolean {
  try {
    return Array.isArray(parseArg?.("value", undefined));
  } catch {
    return false;
  }
}
