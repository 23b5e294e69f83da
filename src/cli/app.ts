/** The program: reads the arguments, runs a command, prints its answer. The only place that prints. */
import {
  type ErrorEnvelope,
  escapeControls,
  exitStatus,
  type Json,
  OpsError,
  quote,
  toEnvelope,
} from "../errors.ts";
import { localeOf } from "../locale.ts";
import { masked, maskedJson, needles } from "../mask.ts";
import { failuresText, said } from "../output/failures.ts";
import type { Screen } from "../output/screen.ts";
import { FileError, ProgramNotStartedError, type World } from "../world/world.ts";
import type { Reply } from "./command.ts";
import type { GlobalFlags } from "./table.ts";
import { VERSION } from "../version.ts";

/** Runs a command line; the result is the exit status of the process. */
export async function main(args: readonly string[], world: World): Promise<number> {
  const printer = printerOf(world, wantsJson(args));
  try {
    if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
      return await printer.out(versionText());
    }
    if (args[0] === "__complete") {
      const { answer } = await import("./completions.ts");
      return await printer.out(await answer(args.slice(1), world));
    }
    const { parse } = await import("./parse.ts");
    const parsed = parse(args);
    if (parsed.kind === "version") {
      if (!parsed.flags.includes("json")) return await printer.out(versionText());
      const { versionReply } = await import("./version.ts");
      return await printer.reply(versionReply(world));
    }
    if (parsed.kind === "help") {
      const columns = world.terminal.stdoutIsTerminal ? columnsOf(world) : DEFAULT_COLUMNS;
      return await printer.out(await parsed.text(columns));
    }
    printer.setJson(parsed.globals.json === true);
    printer.colourWhen(parsed.globals.color);
    const [run, { contextOf }] = await Promise.all([parsed.load(), import("./context.ts")]);
    const reply = await run(
      contextOf(world, { argv: args, globals: parsed.globals, voice: printer }),
    );
    return await printer.reply(reply);
  } catch (error) {
    return printer.failures([error]);
  }
}

function versionText(): string {
  return `kstops ${VERSION}\n`;
}

/** A guess before anything is parsed, since usage errors must be JSON, too. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

type ColourChoice = GlobalFlags["color"];

function screenOf(world: World, colour: ColourChoice, isTerminal: boolean): Screen {
  const plain = Boolean(world.env("NO_COLOR")) || world.env("TERM") === "dumb";
  return {
    terminal: isTerminal,
    columns: columnsOf(world),
    colour: colour === "always" || (colour === "auto" && isTerminal && !plain),
    unicode: localeOf(world.env).isUnicode,
    now: world.now(),
  };
}

const DEFAULT_COLUMNS = 80;

/** A serial line has 0 columns, as has a terminal that was never given a size. */
function columnsOf({ terminal }: World): number {
  return terminal.columns() || DEFAULT_COLUMNS;
}

// --- printing ------------------------------------------------------------------------------------

interface Printer {
  /** Whether the answer and errors are JSON from now on. */
  setJson(wanted: boolean): void;
  out(text: string): Promise<number>;
  warn(text: string): void;
  /** Writes to stderr unchanged. */
  write(text: string): void;
  /** Masks these texts in all further output. */
  hide(secrets: readonly string[]): void;
  /** Masks those texts in a value. */
  mask(value: Json): Json;
  /** Decides about colour from now on; before that, terminals get it. */
  colourWhen(choice: ColourChoice): void;
  reply(reply: Reply): Promise<number>;
  /** Prints errors; the first one decides the exit status. */
  failures(errors: readonly unknown[]): number;
}

function printerOf(world: World, guessedJson: boolean): Printer {
  const { terminal } = world;
  const encoder = new TextEncoder();
  let json = guessedJson;
  let hidden: readonly string[] = [];
  let colour: ColourChoice = "auto";
  const errorScreen = (): Screen => screenOf(world, colour, terminal.stderrIsTerminal);
  const out = async (text: string): Promise<number> => {
    // The reader has gone (`kstops list | head -1`): a quiet end, not an error.
    await terminal.writeOut(encoder.encode(text));
    return 0;
  };
  const failures = (thrown: readonly unknown[]): number => {
    const errors = thrown.map(withoutWorldError);
    const envelopes = errors.map((error) => maskedEnvelope(toEnvelope(error), hidden));
    const texts = json
      ? envelopes.map((envelope) => `${JSON.stringify(envelope)}\n`)
      : failuresText(envelopes, errorScreen());
    for (const text of texts) terminal.writeError(text);
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
    warn: (text) => {
      const safe = escapeControls(masked(text, hidden));
      terminal.writeError(`${said(safe, { label: "kstops:" }, errorScreen())}\n`);
    },
    colourWhen: (choice) => {
      colour = choice;
    },
    hide: (secrets) => {
      hidden = needles([...hidden, ...secrets]);
    },
    mask: (value) => maskedJson(value, hidden),
    reply: async (reply) => {
      const screen = (): Screen => screenOf(world, colour, terminal.stdoutIsTerminal);
      if (json && reply.data !== undefined) await out(`${JSON.stringify(reply.data)}\n`);
      else if (reply.stream !== undefined) {
        for await (const chunk of reply.stream(screen())) {
          // The reader has gone.
          if (!await terminal.writeOut(chunk)) break;
        }
      } else if (!json && reply.bytes !== undefined) await terminal.writeOut(reply.bytes);
      else if (!json && reply.text !== undefined) {
        await out(await reply.text(screen()));
      }
      const failed = failures(reply.failures ?? []);
      if (reply.summary !== undefined && !json && terminal.stderrIsTerminal) {
        terminal.writeError(`${reply.summary}\n`);
      }
      return failed || (reply.exitStatus ?? 0);
    },
  };
}

/**
 * A full disk, or a machine that cannot start another process, is not a bug of ours, wherever it
 * turns up.
 */
function withoutWorldError(error: unknown): unknown {
  if (error instanceof ProgramNotStartedError) {
    return new OpsError("internal", `Cannot run ${quote(error.program)}: ${error.reason}`);
  }
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
