/** Every command and flag, in one table; each command's code is loaded when it runs. */
import {
  Argument,
  Command,
  CommanderError,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { quote, UsageError } from "../errors.ts";
import { BACKENDS, RUNTIMES, SESSION_STATES } from "../model.ts";
import { closest } from "../suggest.ts";
import { validateSocketName } from "../validate/socket_name.ts";
import type { Context, Reply } from "./command.ts";

/** Flags that work before and after every command. */
export interface GlobalFlags {
  readonly config?: string;
  readonly json?: true;
  readonly color: "auto" | "always" | "never";
  readonly verbose?: true;
}

/** A parsed command line: what to run, or the text that was asked for. */
export type Parsed =
  | {
    readonly kind: "run";
    readonly globals: GlobalFlags;
    /** Loads the command. */
    readonly load: Load;
  }
  | { readonly kind: "text"; readonly text: string };

/** Examples below a help text, each with what it does. */
function examples(lines: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(lines).map((line) => line.length));
  const rows = Object.entries(lines).map(([line, does]) => `  ${line.padEnd(width)}  ${does}`);
  return `\nExamples:\n${rows.join("\n")}`;
}

const EXAMPLES = (): string =>
  examples({
    "kstops list": "everything that runs or is defined",
    "kstops start astro": "a session of kstops.yml",
    "kstops start web -- sleep 60": "a session made up on the spot",
    "kstops attach astro": "its terminal; Ctrl-b d gives yours back",
    "kstops logs astro -n 20": "what it printed last",
    "kstops stop astro --timeout 30": "give it half a minute to end",
    "kstops list --json | jq -r '.[].name'": "for scripts",
  });

const CHANGE = "Change sessions:";
const LOOK = "Look at sessions:";
const SET_UP = "Set up:";

type Load = () => Promise<(context: Context) => Promise<Reply>>;

/**
 * Reads the arguments.
 *
 * @throws {UsageError} `usage`
 */
export function parse(args: readonly string[], version: string): Parsed {
  // Commander does not keep apart what stands behind `--`, which only `start` has a use for; to the
  // other commands they are names.
  const first = args.indexOf("--");
  const command = args.slice(0, Math.max(0, first)).find((arg) => COMMANDS.has(arg));
  const cut = command === "start" ? first : -1;
  const own = cut === -1 ? args : args.slice(0, cut);
  const tail = cut === -1 ? null : args.slice(cut + 1);
  let chosen: Load | null = null;
  let text = "";
  const program = bareProgram(version);
  const choose = (load: Load): void => {
    chosen = load;
  };
  for (const add of wantedCommands(own)) add(program, { tail, choose });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (written) => {
        text += written;
      },
      writeErr: () => {},
    });
  }
  try {
    program.parse([...own], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "text", text };
    if (error.code !== "commander.help") throw usageError(error, program, own);
    const topic = own[0] === "help" ? own[1] : undefined;
    if (topic !== undefined) throw unknownCommand(topic, "kstops --help");
    return { kind: "text", text: fullHelp(version) };
  }
  if (chosen === null) return { kind: "text", text: fullHelp(version) };
  return { kind: "run", globals: program.opts(), load: chosen };
}

/** The program with all its commands, for help texts and generated tables. */
export function commandTable(version: string): Program {
  const program = bareProgram(version);
  for (const add of COMMANDS.values()) add(program, { tail: null, choose: () => {} });
  return program;
}

function fullHelp(version: string): string {
  return `${commandTable(version).helpInformation()}${EXAMPLES()}\n`;
}

/** Adds one command to the program. */
type AddCommand = (program: Program, parts: Parts) => void;

interface Parts {
  /** What stands behind `--`; null: there is no `--`. */
  readonly tail: readonly string[] | null;
  readonly choose: (load: Load) => void;
}

type Program = ReturnType<typeof bareProgram>;

function bareProgram(version: string) {
  return new Command("kstops")
    .description("One interface over tmux sessions and containers, driven by one config file")
    .version(`kstops ${version}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .commandsGroup(SET_UP)
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({
      showGlobalOptions: true,
      // Every command takes options: saying so of each only takes space.
      subcommandTerm: (command) => {
        const names = [command.name(), ...command.aliases()].join("|");
        const words = command.registeredArguments.map((argument) => {
          const name = argument.name() + (argument.variadic ? "..." : "");
          return argument.required ? `<${name}>` : `[${name}]`;
        });
        return [names, ...words].join(" ");
      },
    })
    .option("--config <file>", "use this config file")
    .option("--json", "print the result as JSON")
    .addOption(
      new Option("--color <when>", "colour the output").choices(
        ["auto", "always", "never"] as const,
      )
        .default("auto" as const),
    )
    .option("--verbose", "say every call of an engine on stderr")
    .addHelpText("after", EXAMPLES);
}

/** Every command, in the order of the help. */
const COMMANDS: ReadonlyMap<string, AddCommand> = new Map([
  ["start", addStart],
  ["stop", addStop],
  ["restart", addRestart],
  ["attach", addAttach],
  ["status", addStatus],
  ["logs", addLogs],
  ["list", addList],
  ["completions", addCompletions],
]);

/** Other names of commands. */
const ALIASES: ReadonlyMap<string, string> = new Map([["ls", "list"]]);

/**
 * The commands that a command line may mean: building all of them takes longer than running one. A
 * word of the line that is no command makes no difference; where none is, all of them are built.
 */
function wantedCommands(args: readonly string[]): AddCommand[] {
  const wanted = args.flatMap((arg) => COMMANDS.get(ALIASES.get(arg) ?? arg) ?? []);
  const isHelp = args.some((arg) => arg === "help" || arg === "-h" || arg === "--help");
  return wanted.length === 0 || isHelp ? [...COMMANDS.values()] : [...new Set(wanted)];
}

function addStart(program: Program, parts: Parts): void {
  program.command("start")
    .helpGroup(CHANGE)
    .description("start sessions: from the config, or made up here")
    .argument("[name...]", "sessions to start; with -- ARGV exactly one")
    .optionsGroup("What to run:")
    .option("-c, --command <string>", "the command, split into words as a shell would")
    .option("--shell", "run the command with sh -c")
    .option("-w, --workdir <dir>", "directory to run in")
    .option("-e, --env <key[=value]>", "set a variable, or take it from here (repeatable)", collect)
    .option("--env-file <file>", "read variables from a file (repeatable)", collect)
    .option(
      "--unsafe-env <key>",
      "allow a variable that is refused otherwise (repeatable)",
      collect,
    )
    .optionsGroup("Where:")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(runtimeOption())
    .optionsGroup("For containers:")
    .option("-i, --image <image>", "container image")
    .option("-v, --volume <spec>", "mount into the container (repeatable)", collect)
    .option("-p, --port <spec>", "publish a port of the container (repeatable)", collect)
    .option("--log-volume <spec>", "mount for the container's own logs")
    .optionsGroup("How:")
    .option("--all", "every session of the config")
    .option("--attach", "attach to it at once")
    .option("--no-wait", "return at once, without proof that the program lives")
    .option("-q, --quiet", "print nothing when it works")
    .usage("[options] NAME [-- ARGV...]")
    .addHelpText("after", () =>
      examples({
        "kstops start astro": "a session of kstops.yml, as it stands there",
        "kstops start astro -e MODE=test": "the same, with one variable changed",
        "kstops start web -- python3 -m http.server": "made up on the spot",
        "kstops start --all": "everything in kstops.yml, side by side",
      }))
    .action((names, flags) =>
      parts.choose(async () => {
        const { start } = await import("./commands/start.ts");
        return (context) => start(context, { names, ...flags, argv: parts.tail });
      })
    );
}

function addStop(program: Program, parts: Parts): void {
  program.command("stop")
    .helpGroup(CHANGE)
    .description("end them with all their processes, and prove it")
    .argument("[name...]", "sessions to stop")
    .option("--all", "every session of the config")
    .option("-f, --force", "kill at once")
    .addOption(timeoutOption())
    .option("--keep", "only end the program: its container stays")
    .option("--yes", "also stop a session that is protected, or that kstops did not make")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(runtimeOption())
    .option("-q, --quiet", "print nothing when it works")
    .addHelpText("after", () =>
      examples({
        "kstops stop astro": "ask it to end, wait, then make sure",
        "kstops stop astro -t 60": "give it a minute",
        "kstops stop --all": "everything in kstops.yml",
        "kstops stop notes --yes": "one that kstops did not start",
      }))
    .action((names, flags) =>
      parts.choose(async () => {
        const { stop } = await import("./commands/stop.ts");
        return (context) =>
          stop(context, {
            names: withTail(names, parts.tail),
            ...flags,
          });
      })
    );
}

function addRestart(program: Program, parts: Parts): void {
  program.command("restart")
    .helpGroup(CHANGE)
    .description("stop, then start with the fresh definition")
    .argument("[name...]", "sessions to restart")
    .option("--all", "every session of the config")
    .option("-f, --force", "kill at once")
    .addOption(timeoutOption())
    .option("--yes", "also restart a session that is protected, or that kstops did not make")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(runtimeOption())
    .option("--no-wait", "return at once, without proof that the program lives")
    .option("-q, --quiet", "print nothing when it works")
    .addHelpText("after", () =>
      examples({
        "kstops restart astro": "with what kstops.yml says now",
      }))
    .action((names, flags) =>
      parts.choose(async () => {
        const { restart } = await import("./commands/restart.ts");
        return (context) =>
          restart(context, {
            names: withTail(names, parts.tail),
            ...flags,
          });
      })
    );
}

function addAttach(program: Program, parts: Parts): void {
  program.command("attach")
    .helpGroup(LOOK)
    .description("hand the terminal to a session")
    .argument("<name>", "the session")
    .option("--read-only", "only look: keys do not reach the session")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(runtimeOption())
    .addHelpText("after", () =>
      examples({
        "kstops attach astro": "Ctrl-b d (your tmux prefix, then d) gives it back",
        "ssh -t HOST kstops attach astro": "over SSH it needs a terminal",
      }))
    .action((name, flags) =>
      parts.choose(async () => {
        const { attach } = await import("./commands/attach.ts");
        return (context) => attach(context, { name, ...flags });
      })
    );
}

function addStatus(program: Program, parts: Parts): void {
  program.command("status")
    .helpGroup(LOOK)
    .description("one session, every known property")
    .argument("<name>", "the session")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(runtimeOption())
    .addHelpText("after", () =>
      examples({
        "kstops status astro": "every known property",
        "kstops status astro --json | jq .state": "for scripts",
      }))
    .action((name, flags) =>
      parts.choose(async () => {
        const { status } = await import("./commands/status.ts");
        return (context) => status(context, { name, ...flags });
      })
    );
}

function addLogs(program: Program, parts: Parts): void {
  program.command("logs")
    .helpGroup(LOOK)
    .description("what a session printed, also after it ended")
    .argument("<name>", "the session")
    .addOption(
      new Option("-n, --lines <n>", "how many lines, from the end; all for everything")
        .argParser(lineCount).default(100),
    )
    .option("--plain", "without colours and other control sequences")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(runtimeOption())
    .addHelpText("after", () =>
      examples({
        "kstops logs astro": "the last 100 lines",
        "kstops logs astro -n all --plain": "everything, without colours",
      }))
    .action((name, flags) =>
      parts.choose(async () => {
        const { logs } = await import("./commands/logs.ts");
        return (context) => logs(context, { name, ...flags });
      })
    );
}

function addList(program: Program, parts: Parts): void {
  program.command("list")
    .helpGroup(LOOK)
    .alias("ls")
    .description("every session: running, ended, defined, foreign")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(runtimeOption())
    .addOption(new Option("--state <state>", "only this state").choices(SESSION_STATES))
    .option("--managed", "only sessions that kstops made")
    .option("-q, --quiet", "print only names")
    .addHelpText("after", () =>
      examples({
        "kstops list": "everything",
        "kstops list --state exited": "what ended by itself",
        "kstops list -q --managed | xargs kstops stop": "names alone, for scripts",
      }))
    .action((flags) =>
      parts.choose(async () => {
        const { list } = await import("./commands/list.ts");
        return (context) => list(context, flags);
      })
    );
}

function addCompletions(program: Program, parts: Parts): void {
  program.command("completions")
    .helpGroup(SET_UP)
    .description("the script for completions in a shell")
    .addArgument(
      new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"] as const),
    )
    .addHelpText("after", () =>
      examples({
        "source <(kstops completions bash)": "in ~/.bashrc",
        "kstops completions fish | source": "in config.fish",
      }))
    .action((shell) =>
      parts.choose(async () => {
        const { completions } = await import("./commands/completions.ts");
        return () => Promise.resolve(completions(shell));
      })
    );
}

/** `stop -- -odd-name`: for commands without ARGV, what stands behind `--` are names. */
function withTail(names: readonly string[], tail: readonly string[] | null): string[] {
  return [...names, ...(tail ?? [])];
}

function backendOption() {
  return new Option("-b, --backend <backend>", "kind of engine").choices(BACKENDS);
}

function runtimeOption() {
  return new Option("--runtime <runtime>", "container runtime").choices(RUNTIMES);
}

function socketOption() {
  return new Option("-L, --socket <name>", "tmux socket").argParser(validateSocketName);
}

function timeoutOption() {
  return new Option("-t, --timeout <seconds>", "wait so long before ending it by force")
    .argParser(seconds);
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) {
    throw new InvalidArgumentError("it must be a number of seconds, such as 30 or 0.5");
  }
  return value;
}

function lineCount(text: string): number {
  if (text === "all") return Infinity;
  if (!/^\d{1,9}$/.test(text)) {
    throw new InvalidArgumentError("it must be a whole number, or all");
  }
  return Number(text);
}

function unknownCommand(name: string, help: string): UsageError {
  const near = closest(name, [...COMMANDS.keys()]);
  return new UsageError(`Cannot run ${quote(name)}: there is no such command`, {
    hint: near === null ? help : `did you mean ${near}? See ${help}`,
  });
}

/** Commander's message in our words, with what was meant. */
function usageError(
  error: CommanderError,
  program: Program,
  args: readonly string[],
): UsageError {
  const command = program.commands.find((each) =>
    args.some((arg) => arg === each.name() || arg === each.alias())
  );
  const help = `kstops ${command === undefined ? "" : `${command.name()} `}--help`;
  const value = /'(.*)'/s.exec(error.message)?.[1] ?? "";
  const message = error.message.replace(/^error: /, "").replace(/\.$/, "");
  const flag = /^option '[^']*(--[a-z-]+)/.exec(message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownCommand":
      return unknownCommand(value, "kstops --help");
    case "commander.unknownOption": {
      const flags = [...program.options, ...(command?.options ?? [])].flatMap(({ long }) =>
        long ?? []
      );
      const near = closest(value, flags);
      return new UsageError(`Cannot use ${quote(value)}: there is no such flag`, {
        hint: near === null ? help : `did you mean ${near}? See ${help}`,
      });
    }
    case "commander.invalidArgument": {
      // Of a flag, or of a command.
      const [, given = "", argument = "", reason = ""] =
        / (?:argument|value) '(.*)' is invalid(?: for argument '(.*)')?\. (.*)$/s.exec(message) ??
          [];
      const choices = /^Allowed choices are (.*)$/.exec(reason)?.[1];
      const near = closest(given, choices?.split(", ") ?? []);
      return new UsageError(
        `Cannot use ${quote(given)} as ${argument || flag}: ` +
          (choices === undefined ? reason : `it must be one of ${choices}`),
        { hint: near === null ? help : `did you mean ${near}? See ${help}` },
      );
    }
    case "commander.optionMissingArgument":
      return new UsageError(`Cannot use ${quote(flag)}: its value is missing`, { hint: help });
    case "commander.missingArgument":
      return new UsageError(
        `Cannot run ${quote(command?.name() ?? "")}: ` +
          `the ${value === "name" ? "name of a session" : value} is missing`,
        { hint: `kstops ${command?.name()} ${value.toUpperCase()}` },
      );
    case "commander.excessArguments": {
      const argument = command?.registeredArguments[0]?.name();
      const takes = argument === undefined ? "no name" : `one ${argument} only`;
      return new UsageError(`Cannot run ${quote(command?.name() ?? "")}: it takes ${takes}`, {
        hint: help,
      });
    }
    default:
      return new UsageError(`Cannot run the command: ${message.split("\n")[0]}`, { hint: help });
  }
}
