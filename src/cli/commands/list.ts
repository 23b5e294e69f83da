/** `kstops list`: everything that runs, ended or is defined. */
import type { Json } from "../../errors.ts";
import type { PortBinding, SessionState, SessionStatus } from "../../model.ts";
import {
  type Colour,
  commandLine,
  exitText,
  moment,
  paint,
  portsText,
  type Screen,
  stateColour,
} from "../../output/screen.ts";
import { layOut } from "../../output/table.ts";
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
  await warnOfProblems(context);
  const sessions = await context.sessions();
  const { statuses, troubles } = await sessions.list(selectionOf(flags));
  const shown = statuses.filter((status) =>
    (flags.state === undefined || status.state === flags.state) &&
    (flags.managed === undefined || status.managed)
  );
  return {
    data: shown.map(statusToWire) as readonly Json[],
    text: (screen) => flags.quiet ? namesOf(shown) : tableOf(shown, screen),
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

async function tableOf(statuses: readonly SessionStatus[], screen: Screen): Promise<string> {
  if (statuses.length === 0) {
    return screen.terminal
      ? `${paint("No sessions. Start one: kstops start NAME -- COMMAND", "dim", screen)}\n`
      : "";
  }
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
  readonly head: string;
  readonly text: (status: SessionStatus, screen: Screen) => string;
  readonly colour?: (status: SessionStatus) => Colour | null;
  /** What says nothing: where all rows have only that, a terminal has better use for the space. */
  readonly silent?: readonly string[];
}

const COLUMNS: readonly Column[] = [
  { head: "NAME", text: ({ name }) => name ?? "-" },
  { head: "ENGINE", text: ({ engine, backend }) => engine ?? backend },
  { head: "STATE", text: ({ state }) => state, colour: stateColour },
  { head: "PID", text: ({ pid }) => pid === null ? "-" : String(pid) },
  { head: "EXIT", text: exitText, silent: ["-"] },
  {
    head: "SINCE",
    text: ({ finishedAt, createdAt }, screen) => moment(finishedAt ?? createdAt, screen),
    silent: ["-"],
  },
  { head: "SOCKET", text: ({ socketName }) => socketName ?? "-", silent: ["-", "default"] },
  {
    head: "COMMAND",
    text: ({ reason, image, ports, command }) =>
      reason ?? (image === null ? commandLine(command) : imageText(image, ports ?? [])),
  },
];

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
