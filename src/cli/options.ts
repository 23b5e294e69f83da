/** Every command and flag, in one table; each command's code is loaded when it runs. */
import { Command, CommanderError, InvalidArgumentError, Option } from "@commander-js/extra-typings";
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

/** Text after the command list of `kstops --help`. */
const EXAMPLES = `
Examples:
  kstops list                                  everything that runs or is defined
  kstops start astro                           a session of kstops.yml
  kstops start web -- python3 -m http.server   a session made up on the spot
  kstops attach astro                          its terminal; Ctrl-b d gives yours back
  kstops logs astro -n 20                      what it printed last
  kstops stop astro --timeout 30               give it half a minute to end
  kstops list --json | jq -r '.[].name'        for scripts`;

type Load = () => Promise<(context: Context) => Promise<Reply>>;

/**
 * Reads the arguments.
 *
 * @throws {UsageError} `usage`
 */
export function parse(args: readonly string[], version: string): Parsed {
  // Commander does not keep apart what stands behind `--`.
  const cut = args.indexOf("--");
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
    if (error.code === "commander.help") return { kind: "text", text: program.helpInformation() };
    throw usageError(error, program, own);
  }
  if (chosen === null) return { kind: "text", text: fullHelp(program) };
  return { kind: "run", globals: program.opts(), load: chosen };
}

/** The program with all its commands, for help texts and generated tables. */
export function commandTable(version: string): Program {
  const program = bareProgram(version);
  for (const add of COMMANDS.values()) add(program, { tail: null, choose: () => {} });
  return program;
}

function fullHelp(program: Program): string {
  return `${program.helpInformation()}${EXAMPLES}\n`;
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
    .configureHelp({ showGlobalOptions: true })
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
    .description("start sessions: from the config, or made up on the spot")
    .argument("[name...]", "sessions to start; with -- ARGV exactly one")
    .option("--all", "every session of the config")
    .addOption(backendOption())
    .option("-c, --command <string>", "the command to run")
    .option("-i, --image <image>", "container image")
    .option("-w, --workdir <dir>", "directory to run in")
    .option("-e, --env <key[=value]>", "set a variable, or take it from here (repeatable)", collect)
    .option("--env-file <file>", "read variables from a file (repeatable)", collect)
    .option("-v, --volume <spec>", "mount into the container (repeatable)", collect)
    .option("-p, --port <spec>", "publish a port of the container (repeatable)", collect)
    .option("--log-volume <spec>", "mount for the container's own logs")
    .addOption(socketOption())
    .addOption(runtimeOption())
    .option("--shell", "run the command with sh -c")
    .option(
      "--unsafe-env <key>",
      "allow a variable that is refused otherwise (repeatable)",
      collect,
    )
    .option("--attach", "attach to it at once")
    .option("--no-wait", "return at once, without proof that the program lives")
    .option("-q, --quiet", "print nothing when it works")
    .usage("[options] NAME [-- ARGV...]")
    .action((names, flags) =>
      parts.choose(async () => {
        const { start } = await import("./commands/start.ts");
        return (context) => start(context, { names, ...flags, argv: parts.tail });
      })
    );
}

function addStop(program: Program, parts: Parts): void {
  program.command("stop")
    .description("end sessions with all their processes, and prove it")
    .argument("[name...]", "sessions to stop")
    .option("--all", "every session of the config")
    .option("-f, --force", "kill at once")
    .addOption(timeoutOption())
    .option("--yes", "also stop a session that is protected, or that kstops did not make")
    .addOption(backendOption())
    .addOption(socketOption())
    .option("-q, --quiet", "print nothing when it works")
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
    .description("stop sessions, then start them with their fresh definition")
    .argument("[name...]", "sessions to restart")
    .option("--all", "every session of the config")
    .option("-f, --force", "kill at once")
    .addOption(timeoutOption())
    .option("--yes", "also restart a session that is protected, or that kstops did not make")
    .addOption(backendOption())
    .addOption(socketOption())
    .option("--no-wait", "return at once, without proof that the program lives")
    .option("-q, --quiet", "print nothing when it works")
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
    .description("hand the terminal to a session")
    .argument("<name>", "the session")
    .option("--read-only", "only look: keys do not reach the session")
    .addOption(backendOption())
    .addOption(socketOption())
    .action((name, flags) =>
      parts.choose(async () => {
        const { attach } = await import("./commands/attach.ts");
        return (context) => attach(context, { name, ...flags });
      })
    );
}

function addStatus(program: Program, parts: Parts): void {
  program.command("status")
    .description("show one session with every known property")
    .argument("<name>", "the session")
    .addOption(backendOption())
    .addOption(socketOption())
    .action((name, flags) =>
      parts.choose(async () => {
        const { status } = await import("./commands/status.ts");
        return (context) => status(context, { name, ...flags });
      })
    );
}

function addLogs(program: Program, parts: Parts): void {
  program.command("logs")
    .description("print what a session printed, also after it ended")
    .argument("<name>", "the session")
    .addOption(
      new Option("-n, --lines <n>", "how many lines, from the end; all for everything")
        .argParser(lineCount).default(100),
    )
    .option("--plain", "without colours and other control sequences")
    .addOption(backendOption())
    .addOption(socketOption())
    .action((name, flags) =>
      parts.choose(async () => {
        const { logs } = await import("./commands/logs.ts");
        return (context) => logs(context, { name, ...flags });
      })
    );
}

function addList(program: Program, parts: Parts): void {
  program.command("list")
    .alias("ls")
    .description("show every session: running, ended and defined, made by kstops or not")
    .addOption(backendOption())
    .addOption(socketOption())
    .addOption(new Option("--state <state>", "only this state").choices(SESSION_STATES))
    .option("--managed", "only sessions that kstops made")
    .option("-q, --quiet", "print only names")
    .action((flags) =>
      parts.choose(async () => {
        const { list } = await import("./commands/list.ts");
        return (context) => list(context, flags);
      })
    );
}

/** `stop -- -odd-name`: for commands without ARGV, what stands behind `--` are names. */
function withTail(names: readonly string[], tail: readonly string[] | null): string[] {
  return [...names, ...(tail ?? [])];
}

function backendOption() {
  return new Option("-b, --backend <backend>", "tmux or container").choices(BACKENDS);
}

function runtimeOption() {
  return new Option("--runtime <runtime>", "podman or docker").choices(RUNTIMES);
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
  const value = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  const near = (words: readonly string[]): string => {
    const found = closest(value, words);
    return found === null ? help : `did you mean ${found}? See ${help}`;
  };
  const message = error.message.replace(/^error: /, "").replace(/\.$/, "");
  const flag = /^option '[^']*(--[a-z-]+)/.exec(message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownCommand":
      return new UsageError(`Cannot run ${JSON.stringify(value)}: there is no such command`, {
        hint: near([...COMMANDS.keys()]),
      });
    case "commander.unknownOption": {
      const flags = [...program.options, ...(command?.options ?? [])].flatMap(({ long }) =>
        long ?? []
      );
      return new UsageError(`Cannot use ${JSON.stringify(value)}: there is no such flag`, {
        hint: near(flags),
      });
    }
    case "commander.invalidArgument": {
      const [, given = "", reason = ""] = /argument '(.*)' is invalid\. (.*)$/s.exec(message) ?? [];
      const choices = /^Allowed choices are (.*)$/.exec(reason)?.[1];
      const near = closest(given, choices?.split(", ") ?? []);
      return new UsageError(
        `Cannot use ${quote(given)} as ${flag}: ` +
          (choices === undefined ? reason : `it must be one of ${choices}`),
        { hint: near === null ? help : `did you mean ${near}? See ${help}` },
      );
    }
    case "commander.optionMissingArgument":
      return new UsageError(`Cannot use ${quote(flag)}: its value is missing`, { hint: help });
    case "commander.missingArgument":
      return new UsageError(
        `Cannot run ${quote(command?.name() ?? "")}: the name of a session is missing`,
        { hint: `kstops ${command?.name()} NAME` },
      );
    case "commander.excessArguments": {
      const takes = command?.registeredArguments.length === 0 ? "no name" : "one name only";
      return new UsageError(`Cannot run ${quote(command?.name() ?? "")}: it takes ${takes}`, {
        hint: help,
      });
    }
    default:
      return new UsageError(`Cannot run the command: ${message.split("\n")[0]}`, { hint: help });
  }
}
