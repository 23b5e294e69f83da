/** Says what is wrong with a command line, and what the user probably meant. */
import { quote, UsageError } from "../errors.ts";
import { closest } from "../suggest.ts";
import { type Argument, isGroup, longOf, type Program } from "./grammar.ts";
import { flagsAt, type Mistake, type Place } from "./scan.ts";

/** What can be wrong: the words as such, or their meaning. */
export type Wrong =
  | Mistake
  | {
    readonly kind: "unknown choice";
    readonly text: string;
    /** The owner of the value: `--state`, `shell`. */
    readonly what: string;
    readonly choices: readonly string[];
  }
  | {
    readonly kind: "refused value";
    readonly text: string;
    readonly what: string;
    readonly rule: string;
  }
  | { readonly kind: "missing argument"; readonly argument: Argument }
  | { readonly kind: "excess argument" };

/** Words of docker, tmux and others, and their equivalents here. A command of the table wins. */
const OF_OTHERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "ps": "list",
    "sessions": "list",
    "list-sessions": "list",
    "show": "status NAME",
    "inspect": "status NAME",
    "describe": "status NAME",
    "rm": "stop NAME",
    "remove": "stop NAME",
    "delete": "stop NAME",
    "kill": "stop --force NAME",
    "kill-session": "stop NAME",
    "down": "stop --all",
    "up": "start --all",
    "run": "start NAME -- COMMAND",
    "create": "start NAME -- COMMAND",
    "new": "start NAME -- COMMAND",
    "new-session": "start NAME -- COMMAND",
    "reload": "restart NAME",
    "exec": "attach NAME",
    "enter": "attach NAME",
    "connect": "attach NAME",
    "attach-session": "attach NAME",
    "tail": "logs --follow NAME",
    "log": "logs NAME",
    "history": "operations list",
    "validate": "config validate",
    "init": "config init",
    "version": "--version",
    "info": "doctor",
  }),
);

/** The error for a mistake in a line that leads to a place. */
export function usageError(
  wrong: Wrong,
  { place, program }: { readonly place: Place; readonly program: Program },
): UsageError {
  const command = place.names.join(" ");
  const help = helpOf(place, program);
  switch (wrong.kind) {
    case "unknown command": {
      const { word, at: { names, entry } } = wrong;
      const known = isGroup(entry) ? Object.keys(entry.commands) : [];
      const ours = names.length === 0 ? OF_OTHERS.get(word) : undefined;
      if (ours !== undefined) {
        return new UsageError(`Cannot run ${quote(word)}: there is no such command`, {
          hint: `kstops calls it: ${program.name} ${ours}`,
        });
      }
      return new UsageError(
        `Cannot run ${quote([...names, word].join(" "))}: there is no such command`,
        { hint: didYouMean(word, known, helpOf(wrong.at, program)) },
      );
    }
    case "unknown flag": {
      const { name } = wrong;
      const flags = flagsAt(place, program);
      const isShort = !name.startsWith("--");
      const known = flags.map(({ key, flag }) => longOf(key, flag));
      // The flag stands before the command, where only flags of every command may stand.
      const isEarly = isShort
        ? flags.some(({ flag }) => flag.short === name.slice(1))
        : known.includes(name);
      return isEarly
        ? new UsageError(`Cannot use ${quote(name)} here: it belongs behind ${command}`, {
          hint: help,
        })
        : new UsageError(`Cannot use ${quote(name)}: there is no such flag`, {
          hint: didYouMean(name, known, help),
        });
    }
    case "unwanted value":
      return new UsageError(`Cannot use ${quote(wrong.word)}: ${wrong.long} takes no value`, {
        hint: help,
      });
    case "missing value":
      return new UsageError(`Cannot use ${quote(wrong.long)}: its value is missing`, {
        hint: help,
      });
    case "unknown choice": {
      const { text, what, choices } = wrong;
      return new UsageError(
        `Cannot use ${quote(text)} as ${what}: it must be one of ${choices.join(", ")}`,
        { hint: didYouMean(text, choices, help) },
      );
    }
    case "refused value":
      return new UsageError(
        `Cannot use ${quote(wrong.text)} as ${wrong.what}: ${wrong.rule}`,
        { hint: help },
      );
    case "missing argument": {
      const { name, kind } = wrong.argument;
      const required = argumentsAt(place).filter((each) => each.required);
      const what = kind === "session" ? `${name} of a session` : name;
      return new UsageError(`Cannot run ${quote(command)}: the ${what} is missing`, {
        hint: [
          program.name,
          command,
          ...required.map((each) => each.name.toUpperCase()),
        ].join(" "),
      });
    }
    case "excess argument": {
      const all = argumentsAt(place);
      const takes = all.length === 0
        ? "no name"
        : `${all.map(({ name }) => `one ${name}`).join(" and ")} only`;
      return new UsageError(`Cannot run ${quote(command)}: it takes ${takes}`, { hint: help });
    }
  }
}

function argumentsAt({ entry }: Place): readonly Argument[] {
  return isGroup(entry) ? [] : Object.values(entry.arguments);
}

function helpOf({ names }: Place, program: Program): string {
  return [program.name, ...names, "--help"].join(" ");
}

function didYouMean(word: string, known: readonly string[], help: string): string {
  const near = closest(word, known);
  return near === null ? help : `did you mean ${near}? See ${help}`;
}
