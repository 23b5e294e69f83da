/** `kstops list`: everything that runs, has ended or is defined. */
import type { Json } from "../../errors.ts";
import type { PortBinding, SessionState, SessionStatus } from "../../model.ts";
import { isStrange, ownerName, type Self, selfOf } from "../../owner.ts";
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
import { statusToWire } from "../../wire.ts";
import type { Listing, ReportedTrouble } from "../../sessions/sessions.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `list`. */
export interface ListFlags extends PlaceFlags {
  readonly state?: SessionState | undefined;
  readonly managed?: true | undefined;
  /** Whether to show only what runs something else than its definition says. */
  readonly drift?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Shows every session. */
export async function list(context: Context, flags: ListFlags): Promise<Reply> {
  const [listing] = await Promise.all([
    context.sessions().list(selectionOf(flags)),
    warnOfProblems(context, { names: [] }),
  ]);
  const { troubles } = listing;
  const statuses = flags.drift || isForPeople(context)
    ? await compared(context, listing)
    : listing.statuses;
  const shown = statuses.filter((status) =>
    (flags.state === undefined || status.state === flags.state) &&
    (flags.managed === undefined || status.managed) &&
    (flags.drift === undefined || (status.drift ?? []).length > 0)
  );
  return {
    data: shown.map(statusToWire) as readonly Json[],
    text: async (screen) => {
      if (flags.quiet) return namesOf(shown);
      return textOf(shown, { screen, self: selfOf(await context.config()) }, flags);
    },
    failures: failuresOf(context, troubles),
  };
}

/** Whether people look. A script that calls this every second does not wait for a comparison. */
function isForPeople({ world, json }: Context): boolean {
  return world.terminal.stdoutIsTerminal && !json;
}

/** The statuses, compared with their definitions if there are any; the code for that loads late. */
async function compared(context: Context, listing: Listing): Promise<readonly SessionStatus[]> {
  if (!listing.statuses.some(({ managed, defined }) => managed && defined)) return listing.statuses;
  const { withDrifts } = await import("../../actions/drift.ts");
  return await withDrifts(context, listing);
}

/** An engine in trouble is always reported; it is a failure only if somebody wanted that engine. */
export function failuresOf({ warn }: Context, troubles: readonly ReportedTrouble[]): unknown[] {
  for (const { wanted, error } of troubles) {
    if (!wanted) warn(error.message + (error.hint === null ? "" : ` (${error.hint})`));
  }
  return troubles.filter(({ wanted }) => wanted).map(({ error }) => error);
}

function namesOf(statuses: readonly SessionStatus[]): string {
  return statuses.flatMap(({ name }) => name === null ? [] : `${commandLine([name])}\n`).join("");
}

function textOf(
  statuses: readonly SessionStatus[],
  view: View,
  flags: ListFlags,
): string {
  if (statuses.length > 0) return tableOf(statuses, view);
  if (!view.screen.terminal) return "";
  const isPart = Object.values(flags).some((flag) => flag !== undefined);
  return isPart
    ? "No such sessions. All of them: kstops list\n"
    : "No sessions. Start one: kstops start NAME -- COMMAND\n";
}

function tableOf(statuses: readonly SessionStatus[], view: View): string {
  const { screen } = view;
  const shown = columnsFor(statuses, view);
  const rows = statuses.map((status) => {
    const dimmed = status.state === "defined" ? "dim" as const : null;
    return shown.map(({ text, colour }) => ({
      text: text(status, view),
      colour: colour?.(status) ?? dimmed,
    }));
  });
  const head = shown.map((column) => column.head);
  return layOut({ head, rows }, screen);
}

/** Who looks, and at what. */
interface View {
  readonly screen: Screen;
  readonly self: Self;
}

interface Column {
  readonly head: Head;
  readonly text: (status: SessionStatus, view: View) => string;
  readonly colour?: (status: SessionStatus) => Colour | null;
  /**
   * Values without information: if all rows have only these, a terminal has better use for the
   * space.
   */
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
    text: ({ finishedAt, createdAt }, { screen }) => moment(finishedAt ?? createdAt, screen),
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

/**
 * The owners of other configs' sessions. In a pipe this column would upset the columns that scripts
 * count.
 */
const OWNER: Column = {
  head: { text: "PROJECT", atLeast: 8 },
  text: (status, { self }) => isStrange(status, self) ? ownerName(status) : "-",
  silent: ["-"],
};

/** How often sessions were restarted by themselves; only on terminals, for the same reason. */
const RESTARTS: Column = {
  head: { text: "RESTARTS", leaves: 6 },
  text: ({ restarts }) => restarts === null || restarts === 0 ? "-" : String(restarts),
  silent: ["-"],
};

/** The health of sessions that are checked; only on terminals, for the same reason. */
const HEALTH: Column = {
  head: { text: "HEALTH" },
  text: ({ health }) => health ?? "-",
  colour: ({ health }) => health === "unhealthy" ? "red" : null,
  silent: ["-"],
};

/** The keys in which sessions differ from their definitions; only on terminals. */
const DRIFT: Column = {
  head: { text: "DRIFT", leaves: 6, atLeast: 8 },
  text: ({ drift }) => drift === null || drift.length === 0 ? "-" : drift.join(", "),
  colour: () => "yellow",
  silent: ["-"],
};

/**
 * On a terminal, the row of an engine in trouble names the engine, since that column may be left
 * out.
 */
function nameOf({ name, engine, backend }: SessionStatus, { screen }: View): string {
  return name ?? (screen.terminal ? `(${engine ?? backend})` : "-");
}

/** The beginning of a mistake in a config. A row has no room for it, and a warning has told it. */
const DIRECTORY_OF_A_MISTAKE = /^\/(?:[^:]*\/)?(?=[^/:]+:\d+:\d+: )/;

/** The reason why nothing else is known; otherwise the image or the command. */
function whatItIs({ reason, image, ports, command }: SessionStatus, { screen }: View): string {
  if (reason !== null) {
    return screen.terminal ? reason.replace(DIRECTORY_OF_A_MISTAKE, "") : reason;
  }
  return image === null ? commandLine(command) : imageText(image, ports ?? []);
}

/** `web:1 (127.0.0.1:8081:8080)`: an image and its published ports. */
function imageText(image: string, ports: readonly PortBinding[]): string {
  const published = portsText(ports.filter(({ hostPort }) => hostPort !== null));
  return published === "" ? image : `${image} (${published})`;
}

/** The columns of the table. In a pipe they are always the same; owners are in the JSON. */
function columnsFor(statuses: readonly SessionStatus[], view: View): readonly Column[] {
  if (!view.screen.terminal) return COLUMNS;
  const [name, engine, state, ...rest] = COLUMNS;
  const columns = [name, engine, state, HEALTH, ...rest.slice(0, -1), RESTARTS, DRIFT, OWNER]
    .concat(rest.slice(-1)).filter((column) => column !== undefined);
  return columns.filter(({ text, silent = [] }) =>
    statuses.some((status) => !silent.includes(text(status, view)))
  );
}
