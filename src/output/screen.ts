/** The look of human output: aligned and coloured on a terminal, plain and whole in a pipe. */
import { escapeControls } from "../errors.ts";
import type { PortBinding, SessionState, SessionStatus } from "../model.ts";
import { shellWord } from "../shell.ts";
import { time } from "../wire.ts";

/** Where the text will be shown. */
export interface Screen {
  readonly terminal: boolean;
  /** Width of the terminal in columns. */
  readonly columns: number;
  readonly colour: boolean;
  /** Whether the locale can show more than ASCII. */
  readonly unicode: boolean;
  readonly now: Date;
}

/** Stands for text that was cut off; one column wide. */
export function cutSign({ unicode }: Pick<Screen, "unicode">): string {
  return unicode ? "…" : "~";
}

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
/** The colours of text. */
export type Colour = keyof typeof COLOURS;

/** The text in a colour, if the screen has colours. */
export function paint(text: string, colour: Colour | null, screen: Screen): string {
  return colour === null || !screen.colour ? text : `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
}

/** The colour of each state. An exit with code 0 is not bad news. */
export function stateColour({ state, exitCode }: SessionStatus): Colour | null {
  return state === "exited" && exitCode === 0 ? null : STATE_COLOURS[state];
}

const STATE_COLOURS: Readonly<Record<SessionState, Colour>> = {
  running: "green",
  stopped: "yellow",
  exited: "red",
  defined: "dim",
  unknown: "yellow",
};

/** How a session ended: `3`, `SIGKILL`, or nothing. */
export function exitText({ exitCode, signal }: SessionStatus): string {
  return signal ?? (exitCode === null ? "-" : String(exitCode));
}

/** A moment: `3 h ago` on a terminal, ISO 8601 elsewhere. */
export function moment(date: Date | null, screen: Screen): string {
  if (date === null) return "-";
  if (!screen.terminal) return time(date) ?? "-";
  const seconds = Math.max(0, Math.round((screen.now.getTime() - date.getTime()) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ago`;
  return `${Math.floor(hours / 24)} d ago`;
}

/** `2 h 5 min`: the two largest units. */
export function durationText(seconds: number | null): string | null {
  if (seconds === null) return null;
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "less than a second";
  return parts.slice(first, first + 2).filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/**
 * Ports as in a config: `127.0.0.1:8081:8080, 53/udp`. Without an address, a port is on all of
 * them.
 */
export function portsText(ports: readonly PortBinding[]): string {
  const texts = ports.map(({ hostIp, hostPort, containerPort, protocol }) => {
    const inside = `${containerPort}${protocol === "tcp" ? "" : `/${protocol}`}`;
    if (hostPort === null) return inside;
    if (EVERY_ADDRESS.includes(hostIp)) return `${hostPort}:${inside}`;
    return `${hostIp?.includes(":") ? `[${hostIp}]` : hostIp}:${hostPort}:${inside}`;
  });
  // Docker reports a port on every address twice, for IPv4 and IPv6.
  return [...new Set(texts)].join(", ");
}

const EVERY_ADDRESS: readonly (string | null)[] = [null, "", "0.0.0.0", "::"];

/** An argument list as one line that a shell reads back the same. */
export function commandLine(argv: readonly string[] | null): string {
  if (argv === null || argv.length === 0) return "-";
  // The command of a foreign session is one text.
  const text = argv.length === 1 ? argv[0] ?? "" : argv.map(shellWord).join(" ");
  return escapeControls(text);
}
