/** `kstops list`: everything that runs, ended or is defined. */
import type { Json } from "../../errors.ts";
import type { SessionState, SessionStatus } from "../../model.ts";
import {
  commandLine,
  exitText,
  moment,
  paint,
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
  for (const { wanted, error } of troubles) if (!wanted) warn(error.message);
  return troubles.filter(({ wanted }) => wanted).map(({ error }) => error);
}

function namesOf(statuses: readonly SessionStatus[]): string {
  return statuses.flatMap(({ name }) => name === null ? [] : `${commandLine([name])}\n`).join("");
}

async function tableOf(statuses: readonly SessionStatus[], screen: Screen): Promise<string> {
  if (statuses.length === 0) {
    return screen.terminal
      ? paint("No sessions. Start one: kstops start NAME -- COMMAND\n", "dim", screen)
      : "";
  }
  const rows = statuses.map((status) => {
    const colour = status.state === "defined" ? "dim" as const : null;
    const cells = [
      status.name ?? "-",
      status.engine ?? status.backend,
      status.state,
      status.pid === null ? "-" : String(status.pid),
      exitText(status),
      moment(status.finishedAt ?? status.createdAt, screen),
      status.socketName ?? "-",
      status.reason ?? (status.image === null ? commandLine(status.command) : status.image),
    ];
    return cells.map((text, column) => ({
      text,
      colour: column === 2 ? stateColour(status) : colour,
    }));
  });
  const head = ["NAME", "ENGINE", "STATE", "PID", "EXIT", "SINCE", "SOCKET", "COMMAND"];
  return await layOut({ head, rows }, screen);
}
