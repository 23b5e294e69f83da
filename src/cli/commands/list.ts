/** `kstops list`: everything that runs, ended or is defined. */
import type { Json } from "../../errors.ts";
import type { PortBinding, SessionState, SessionStatus } from "../../model.ts";
import {
  type Colour,
  commandLine,
  exitText,
  moment,
  portsText,
  type Screen,
  stateColour,
} from "../../output/screen.ts";
import { type Head, layOut } from "../../output/table.ts";
import { statusToWire } from "../../output/wire.ts";
import type { ReportedTrouble } from "../../sessions.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `list`. */
export interface ListFlags extends PlaceFlags {
  readonly state?: SessionState | undefined;
  readonly managed?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Shows every session. */
export async function list(context: Context, flags: ListFlags): Promise<Reply> {
  const [{ statuses, troubles }] = await Promise.all([
    context.sessions().list(selectionOf(flags)),
    warnOfProblems(context, { names: [] }),
  ]);
  const shown = statuses.filter((status) =>
    (flags.state === undefined || status.state === flags.state) &&
    (flags.managed === undefined || status.managed)
  );
  return {
    data: shown.map(statusToWire) as readonly Json[],
    text: (screen) => flags.quiet ? namesOf(shown) : textOf(shown, screen, flags),
    failures: failuresOf(context, troubles),
  };
}

/** An engine in trouble is always said; it is a failure only where somebody wanted that engine. */
function failuresOf({ warn }: Context, troubles: readonly ReportedTrouble[]): unknown[] {
  for (const { wanted, error } of troubles) {
    if (!wanted) warn(error.message + (error.hint === null ? "" : ` (${error.hint})`));
  }
  return troubles.filter(({ wanted }) => wanted).map(({ error }) => error);
}

function namesOf(statuses: readonly SessionStatus[]): string {
  return statuses.flatMap(({ name }) => name === null ? [] : `${commandLine([name])}\n`).join("");
}

async function textOf(
  statuses: readonly SessionStatus[],
  screen: Screen,
  flags: ListFlags,
): Promise<string> {
  if (statuses.length > 0) return await tableOf(statuses, screen);
  if (!screen.terminal) return "";
  const isPart = Object.values(flags).some((flag) => flag !== undefined);
  return isPart
    ? "No such sessions. All of them: kstops list\n"
    : "No sessions. Start one: kstops start NAME -- COMMAND\n";
}

async function tableOf(statuses: readonly SessionStatus[], screen: Screen): Promise<string> {
  const shown = columnsFor(statuses, screen);
  const rows = statuses.map((status) => {
    const dimmed = status.state === "defined" ? "dim" as const : null;
    return shown.map(({ text, colour }) => ({
      text: text(status, screen),
      colour: colour?.(status) ?? dimmed,
    }));
  });
  const head = shown.map((column) => column.head);
  return await layOut({ head, rows }, screen);
}

interface Column {
  readonly head: Head;
  readonly text: (status: SessionStatus, screen: Screen) => string;
  readonly colour?: (status: SessionStatus) => Colour | null;
  /** What says nothing: where all rows have only that, a terminal has better use for the space. */
  readonly silent?: readonly string[];
}

const COLUMNS: readonly Column[] = [
  { head: { text: "NAME", atLeast: 16 }, text: nameOf },
  {
    head: { text: "ENGINE", leaves: 2 },
    text: ({ engine, backend }) => engine ?? backend,
    silent: ["tmux"],
  },
  { head: { text: "STATE" }, text: ({ state }) => state, colour: stateColour },
  {
    head: { text: "PID", leaves: 1 },
    text: ({ pid }) => pid === null ? "-" : String(pid),
    silent: ["-"],
  },
  { head: { text: "EXIT", leaves: 5 }, text: exitText, silent: ["-"] },
  {
    head: { text: "SINCE", leaves: 4 },
    text: ({ finishedAt, createdAt }, screen) => moment(finishedAt ?? createdAt, screen),
    silent: ["-"],
  },
  {
    head: { text: "SOCKET", leaves: 3 },
    text: ({ socketName }) => socketName ?? "-",
    silent: ["-", "default"],
  },
  {
    head: { text: "COMMAND", atLeast: 12 },
    text: whatItIs,
  },
];

/** On a terminal, the row of an engine in trouble says which, since that column may have left. */
function nameOf({ name, engine, backend }: SessionStatus, screen: Screen): string {
  return name ?? (screen.terminal ? `(${engine ?? backend})` : "-");
}

/** What a mistake in a config begins with. A row has no room for it, and a warning has said it. */
const DIRECTORY_OF_A_MISTAKE = /^\/(?:[^:]*\/)?(?=[^/:]+:\d+:\d+: )/;

/** Why nothing else is known; else the image, or the command. */
function whatItIs({ reason, image, ports, command }: SessionStatus, screen: Screen): string {
  if (reason !== null) {
    return screen.terminal ? reason.replace(DIRECTORY_OF_A_MISTAKE, "") : reason;
  }
  return image === null ? commandLine(command) : imageText(image, ports ?? []);
}

/** `web:1 (127.0.0.1:8081:8080)`: an image, and where its ports are published. */
function imageText(image: string, ports: readonly PortBinding[]): string {
  const published = portsText(ports.filter(({ hostPort }) => hostPort !== null));
  return published === "" ? image : `${image} (${published})`;
}

/** The columns of the table: in a pipe always the same ones. */
function columnsFor(statuses: readonly SessionStatus[], screen: Screen): readonly Column[] {
  if (!screen.terminal) return COLUMNS;
  return COLUMNS.filter(({ text, silent = [] }) =>
    statuses.some((status) => !silent.includes(text(status, screen)))
  );
}
