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
import { type Colour, paint, type Screen } from "../output/screen.ts";
import { folded, widthOf, wrapped } from "../output/text.ts";
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

/** A guess before anything is parsed, since also a usage error is to be JSON then. */
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

/** A serial line, or a terminal that nobody has given a size, has 0. */
function columnsOf({ terminal }: World): number {
  return terminal.columns() || DEFAULT_COLUMNS;
}

// --- printing ------------------------------------------------------------------------------------

interface Printer {
  /** Whether the answer and errors are JSON from now on. */
  setJson(wanted: boolean): void;
  out(text: string): Promise<number>;
  warn(text: string): void;
  /** Writes to stderr as it is. */
  write(text: string): void;
  /** Keeps texts out of everything that is said from now on. */
  hide(secrets: readonly string[]): void;
  /** Takes those texts out of a value. */
  mask(value: Json): Json;
  /** When there is colour from now on; before, it is where a terminal is. */
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
    // Nobody reads any more (`kstops list | head -1`): a quiet end, not an error.
    await terminal.writeOut(encoder.encode(text));
    return 0;
  };
  const failures = (thrown: readonly unknown[]): number => {
    const errors = thrown.map(withoutWorldError);
    for (const error of errors) {
      const envelope = maskedEnvelope(toEnvelope(error), hidden);
      terminal.writeError(
        json ? `${JSON.stringify(envelope)}\n` : textError(envelope, errorScreen()),
      );
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
          // Nobody reads any more.
          if (!await terminal.writeOut(chunk)) break;
        }
      } else if (!json && reply.bytes !== undefined) await terminal.writeOut(reply.bytes);
      else if (!json && reply.text !== undefined) {
        await out(await reply.text(screen()));
      }
      return failures(reply.failures ?? []) || (reply.exitStatus ?? 0);
    },
  };
}

/** A full disk, or a machine without room for one more process, is no bug of ours, wherever it turns up. */
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

function textError({ error }: ErrorEnvelope, screen: Screen): string {
  const { message, hint, details } = error;
  const [first = "", ...rest] = message.split("\n").map(escapeControls);
  const output = Array.isArray(details["output"]) ? details["output"].map(String) : [];
  const lines = [
    said(first, { label: "kstops:", colour: "red" }, screen),
    ...fitting(rest, screen).map((line) => said(line, { label: " ", indent: "    " }, screen)),
    ...output.flatMap((line) => printed(escapeControls(line), screen)),
    ...(hint === null
      ? []
      : [said(escapeControls(hint), { label: "hint:", colour: "bold" }, screen)]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The lines, without those of a file that stand over a caret and have no room: it would be lost. */
function fitting(lines: readonly string[], { terminal, columns }: Screen): readonly string[] {
  const isCaret = (line: string | undefined): boolean => /^ *\^$/.test(line ?? "");
  const isWide = (line: string | undefined): boolean =>
    terminal && 2 + widthOf(line ?? "") > columns;
  return lines.filter((line, index) =>
    !(isCaret(lines[index + 1]) && isWide(line)) &&
    !(isCaret(line) && isWide(lines[index - 1]))
  );
}

interface Label {
  readonly label: string;
  readonly colour?: Colour;
  /** What further lines begin with. */
  readonly indent?: string;
}

/** A sentence behind its label; on a terminal it is broken between words. */
function said(text: string, { label, colour, indent = "  " }: Label, screen: Screen): string {
  const { terminal, columns } = screen;
  const body = terminal ? wrapped(text, { columns, taken: label.length + 1, indent }) : text;
  return `${paint(label, colour ?? null, screen)} ${body}`;
}

/** A line that a program printed; on a terminal, what does not fit goes on below it. */
function printed(text: string, screen: Screen): readonly string[] {
  const sign = "  | ";
  const room = Math.max(1, screen.columns - sign.length);
  const lines = screen.terminal ? folded(text, room) : [text];
  return lines.map((line, index) => `${index === 0 ? sign : " ".repeat(sign.length)}${line}`);
}
