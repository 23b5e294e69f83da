/** The program: reads the arguments, runs a command, prints its answer. The only place that prints. */
import {
  type ErrorEnvelope,
  escapeControls,
  exitStatus,
  OpsError,
  quote,
  toEnvelope,
} from "../errors.ts";
import { masked, maskedJson, needles } from "../output/mask.ts";
import type { Screen } from "../output/screen.ts";
import { FileError, type World } from "../world.ts";
import type { Reply } from "./command.ts";
import type { GlobalFlags } from "./table.ts";
import { VERSION } from "./version.ts";

/** Runs a command line; the result is the exit status of the process. */
export async function main(args: readonly string[], world: World): Promise<number> {
  const printer = printerOf(world, wantsJson(args));
  try {
    if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
      return printer.out(versionText());
    }
    if (args[0] === "__complete") {
      const { answer } = await import("./completions.ts");
      return printer.out(await answer(args.slice(1), world));
    }
    const { parse } = await import("./parse.ts");
    const parsed = parse(args);
    if (parsed.kind === "version") return printer.out(versionText());
    if (parsed.kind === "help") {
      const columns = world.terminal.stdoutIsTerminal ? columnsOf(world) : DEFAULT_COLUMNS;
      return printer.out(await parsed.text(columns));
    }
    printer.setJson(parsed.globals.json === true);
    const [run, { contextOf }] = await Promise.all([parsed.load(), import("./context.ts")]);
    const reply = await run(contextOf(world, parsed.globals, printer));
    return await printer.reply(reply, screenOf(world, parsed.globals));
  } catch (error) {
    return printer.failures([error]);
  }
}

function versionText(): string {
  return `kstops ${VERSION}\n`;
}

/** A guess before anything is parsed, since also a usage error is to be JSON then. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

function screenOf(world: World, { color }: GlobalFlags): Screen {
  const { terminal } = world;
  const plain = Boolean(world.env("NO_COLOR")) || world.env("TERM") === "dumb";
  return {
    terminal: terminal.stdoutIsTerminal,
    columns: columnsOf(world),
    colour: color === "always" || (color === "auto" && terminal.stdoutIsTerminal && !plain),
    now: world.now(),
  };
}

const DEFAULT_COLUMNS = 80;

/** A serial line, or a terminal that nobody has given a size, has 0. */
function columnsOf({ terminal }: World): number {
  return terminal.columns() || DEFAULT_COLUMNS;
}

// --- printing ------------------------------------------------------------------------------------

interface Printer {
  /** Whether the answer and errors are JSON from now on. */
  setJson(wanted: boolean): void;
  out(text: string): number;
  warn(text: string): void;
  /** Writes to stderr as it is. */
  write(text: string): void;
  /** Keeps texts out of everything that is said from now on. */
  hide(secrets: readonly string[]): void;
  reply(reply: Reply, screen: Screen): Promise<number>;
  /** Prints errors; the first one decides the exit status. */
  failures(errors: readonly unknown[]): number;
}

function printerOf(world: World, guessedJson: boolean): Printer {
  const { terminal } = world;
  const encoder = new TextEncoder();
  let json = guessedJson;
  let hidden: readonly string[] = [];
  const out = (text: string): number => {
    // Nobody reads any more (`kstops list | head -1`): a quiet end, not an error.
    terminal.writeOut(encoder.encode(text));
    return 0;
  };
  const failures = (thrown: readonly unknown[]): number => {
    const errors = thrown.map(withoutFileError);
    for (const error of errors) {
      const envelope = maskedEnvelope(toEnvelope(error), hidden);
      terminal.writeError(json ? `${JSON.stringify(envelope)}\n` : textError(envelope));
    }
    const [first] = errors;
    return first === undefined ? 0 : exitStatus(first);
  };
  return {
    setJson: (wanted) => {
      json = wanted;
    },
    out,
    failures,
    write: (text) => terminal.writeError(masked(text, hidden)),
    warn: (text) => terminal.writeError(`kstops: ${escapeControls(masked(text, hidden))}\n`),
    hide: (secrets) => {
      hidden = needles([...hidden, ...secrets]);
    },
    reply: async (reply, screen) => {
      if (json && reply.data !== undefined) out(`${JSON.stringify(reply.data)}\n`);
      else if (!json && reply.bytes !== undefined) terminal.writeOut(reply.bytes);
      else if (!json && reply.text !== undefined) out(await reply.text(screen));
      return failures(reply.failures ?? []) || (reply.exitStatus ?? 0);
    },
  };
}

/** A full disk, or a directory that is gone, is no bug of ours, wherever it turns up. */
function withoutFileError(error: unknown): unknown {
  if (!(error instanceof FileError)) return error;
  return new OpsError("internal", `Cannot use ${quote(error.path)}: ${error.reason}`);
}

function maskedEnvelope({ error }: ErrorEnvelope, hidden: readonly string[]): ErrorEnvelope {
  const { message, hint, details } = error;
  return {
    error: {
      ...error,
      message: masked(message, hidden),
      hint: hint === null ? null : masked(hint, hidden),
      details: maskedJson(details, hidden) as ErrorEnvelope["error"]["details"],
    },
  };
}

function textError({ error }: ErrorEnvelope): string {
  const { message, hint, details } = error;
  const output = Array.isArray(details["output"]) ? details["output"].map(String) : [];
  const lines = [
    `kstops: ${message.split("\n").map(escapeControls).join("\n  ")}`,
    ...output.map((line) => `  | ${escapeControls(line)}`),
    ...(hint === null ? [] : [`hint: ${escapeControls(hint)}`]),
  ];
  return `${lines.join("\n")}\n`;
}
