/** The program: reads the arguments, runs a command, prints its answer. The only place that prints. */
import { ERRORS, escapeControls, toEnvelope } from "../errors.ts";
import type { Config } from "../config/config.ts";
import type { Screen } from "../output/screen.ts";
import type { Sessions } from "../sessions.ts";
import type { Exec, World } from "../world.ts";
import type { Context, Reply } from "./command.ts";
import type { GlobalFlags } from "./options.ts";
import { VERSION } from "./version.ts";

/** Runs a command line; the result is the exit status of the process. */
export async function main(args: readonly string[], world: World): Promise<number> {
  const printer = printerOf(world, wantsJson(args));
  try {
    if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
      return printer.out(`kstops ${VERSION}\n`);
    }
    const { parse } = await import("./options.ts");
    const parsed = parse(args, VERSION);
    if (parsed.kind === "text") return printer.out(parsed.text);
    const context = contextOf(world, parsed.globals, printer.warn);
    return await printer.reply(await parsed.run(context), screenOf(world, parsed.globals));
  } catch (error) {
    return printer.failures([error]);
  }
}

/** Looked up before anything is parsed, since also a usage error is to be JSON then. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

function screenOf(world: World, { color }: GlobalFlags): Screen {
  const { terminal } = world;
  const plain = Boolean(world.env("NO_COLOR")) || world.env("TERM") === "dumb";
  return {
    terminal: terminal.stdoutIsTerminal,
    columns: terminal.columns() ?? 80,
    colour: color === "always" || (color === "auto" && terminal.stdoutIsTerminal && !plain),
    now: world.now(),
  };
}

// --- printing ------------------------------------------------------------------------------------

interface Printer {
  out(text: string): number;
  warn(text: string): void;
  reply(reply: Reply, screen: Screen): Promise<number>;
  /** Prints errors; the first one decides the exit status. */
  failures(errors: readonly unknown[]): number;
}

function printerOf(world: World, json: boolean): Printer {
  const { terminal } = world;
  const encoder = new TextEncoder();
  const out = (text: string): number => {
    // Nobody reads any more (`kstops list | head -1`): a quiet end, not an error.
    terminal.writeOut(encoder.encode(text));
    return 0;
  };
  const failures = (errors: readonly unknown[]): number => {
    for (const error of errors) terminal.writeError(json ? jsonError(error) : textError(error));
    const [first] = errors;
    return first === undefined ? 0 : ERRORS[toEnvelope(first).error.code].exit;
  };
  return {
    out,
    failures,
    warn: (text) => terminal.writeError(`kstops: ${escapeControls(text)}\n`),
    reply: async (reply, screen) => {
      if (json && reply.data !== undefined) out(`${JSON.stringify(reply.data)}\n`);
      else if (!json && reply.bytes !== undefined) terminal.writeOut(reply.bytes);
      else if (!json && reply.text !== undefined) out(await reply.text(screen));
      return failures(reply.failures ?? []);
    },
  };
}

function jsonError(error: unknown): string {
  return `${JSON.stringify(toEnvelope(error))}\n`;
}

function textError(error: unknown): string {
  const { message, hint, details } = toEnvelope(error).error;
  const output = Array.isArray(details["output"]) ? details["output"].map(String) : [];
  const lines = [
    `kstops: ${message.split("\n").map(escapeControls).join("\n  ")}`,
    ...output.map((line) => `  | ${escapeControls(line)}`),
    ...(hint === null ? [] : [`hint: ${escapeControls(hint)}`]),
  ];
  return `${lines.join("\n")}\n`;
}

// --- what commands work with ---------------------------------------------------------------------

function contextOf(world: World, globals: GlobalFlags, warn: (text: string) => void): Context {
  const watched = globals.verbose ? { ...world, exec: verboseExec(world) } : world;
  let config: Promise<Config> | null = null;
  let sessions: Promise<Sessions> | null = null;
  const said = new Set<string>();
  const warnOnce = (text: string): void => {
    if (said.has(text)) return;
    said.add(text);
    warn(text);
  };
  const context: Context = {
    world: watched,
    json: globals.json === true,
    verbose: globals.verbose === true,
    warn: warnOnce,
    config: () => config ??= readConfig(watched, globals.config ?? null),
    sessions: () => sessions ??= openSessions(context),
  };
  return context;
}

async function readConfig(world: World, explicit: string | null): Promise<Config> {
  const { loadConfig } = await import("../config/load.ts");
  return await loadConfig(world, explicit);
}

async function openSessions({ world, config, warn }: Context): Promise<Sessions> {
  const [{ sessionsOf }, { logStore }, { definedSessions }] = await Promise.all([
    import("../sessions.ts"),
    import("../logs/store.ts"),
    import("../config/defined.ts"),
  ]);
  const loaded = await config();
  return sessionsOf(
    world,
    { tmuxBinary: loaded.settings.tmuxBinary, logs: logStore(world, warn) },
    definedSessions(loaded),
  );
}

/** Says every child process with its duration; what it gets on stdin or in its environment is not shown. */
function verboseExec(world: World): Exec {
  return async (argv, options) => {
    const began = performance.now();
    const say = (outcome: string): void => {
      const shown = argv.map((word) =>
        escapeControls(word.length > 60 ? `${word.slice(0, 57)}...` : word)
      );
      const ms = (performance.now() - began).toFixed(1);
      world.terminal.writeError(`+ ${shown.join(" ")} (${ms} ms, ${outcome})\n`);
    };
    try {
      const result = await world.exec(argv, options);
      say(`exit ${result.code}`);
      return result;
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
}
