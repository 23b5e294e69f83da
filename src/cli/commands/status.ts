/** `kstops status NAME`: one session, every known property. */
import { escapeControls, type Json } from "../../errors.ts";
import type { SessionStatus } from "../../model.ts";
import {
  commandLine,
  moment,
  paint,
  portsText,
  type Screen,
  stateColour,
} from "../../output/screen.ts";
import { statusToWire } from "../../output/wire.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { warnOfProblems } from "../warnings.ts";

/** Flags of `status`. */
export interface StatusFlags extends PlaceFlags {
  readonly name: string;
}

/** Shows one session. */
export async function status(context: Context, flags: StatusFlags): Promise<Reply> {
  await warnOfProblems(context);
  const sessions = await context.sessions();
  const match = await sessions.find("show", flags.name, selectionOf(flags));
  return {
    data: statusToWire(match.status),
    text: (screen) => propertiesOf(match.status, screen),
  };
}

/** One property a line: what is known on a terminal, all of them as `key<TAB>value` in a pipe. */
function propertiesOf(status: SessionStatus, screen: Screen): string {
  const wire = Object.entries(statusToWire(status));
  if (!screen.terminal) {
    return wire.map(([key, value]) => {
      const colour = key === "state" ? stateColour(status) : null;
      return `${key}\t${paint(plain(key, value), colour, screen)}\n`;
    }).join("");
  }
  const isKnown = (value: Json) => value !== null && !(Array.isArray(value) && value.length === 0);
  const known = wire.filter(([, value]) => isKnown(value));
  const width = Math.max(...known.map(([key]) => key.length));
  return known.map(([key, value]) => {
    const colour = key === "state" ? stateColour(status) : null;
    const text = key === "created_at"
      ? moment(status.createdAt, screen)
      : key === "finished_at"
      ? moment(status.finishedAt, screen)
      : key === "ports"
      ? portsText(status.ports ?? [])
      : plain(key, value);
    return `${paint(key.replaceAll("_", " ").padEnd(width), "dim", screen)}  ${
      paint(text, colour, screen)
    }\n`;
  }).join("");
}

function plain(key: string, value: Json): string {
  if (value === null) return "-";
  if (key === "command" && Array.isArray(value)) return commandLine(value.map(String));
  return escapeControls(typeof value === "object" ? JSON.stringify(value) : String(value));
}
