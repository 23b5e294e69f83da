/** `kstops operations show ID`: who asked for what, what was done and how long it took. */
import { escapeControls, type Json } from "../../../errors.ts";
import type { OperationEvent } from "../../../operations/ledger.ts";
import { isTerminal } from "../../../operations/machine.ts";
import { actorText, operationColour, operationToWire } from "../../../output/operation.ts";
import { paint, type Screen } from "../../../output/screen.ts";
import { time } from "../../../output/wire.ts";
import type { Context, Reply } from "../../command.ts";

/** Shows one operation. The ID may be shortened. */
export async function showOperation(
  { recording }: Pick<Context, "recording">,
  { id }: { readonly id: string },
): Promise<Reply> {
  const { store } = await recording();
  const opened = await store();
  const operation = opened.find("show", id);
  const phases = phasesOf(opened.history(operation.id));
  const wire = {
    ...operationToWire(operation),
    phases: phases.map(({ state, at, ms }) => ({ state, at: time(at), duration_ms: ms })),
  };
  return {
    data: wire,
    text: (screen) => {
      const rows = Object.entries({ ...wire, actor: actorText(operation.actor), phases: null })
        .filter(([, value]) => value !== null || !screen.terminal)
        .filter(([key]) => key !== "phases");
      const properties = rows.map(([key, value]) => {
        const colour = key === "state" ? operationColour(operation.state) : null;
        return line(key, paint(plain(value), colour, screen), screen);
      });
      const steps = phases.map(({ state, at, ms }) => {
        const took = ms === null ? "-" : `${ms} ms`;
        return line(`phase ${state}`, screen.terminal ? took : `${time(at)}\t${took}`, screen);
      });
      return [...properties, ...steps].join("");
    },
  };
}

/** A state that the operation was in. */
interface PhaseSpent {
  readonly state: string;
  readonly at: Date;
  /** Milliseconds until the next one; null where that has not come. */
  readonly ms: number | null;
}

function phasesOf(events: readonly OperationEvent[]): readonly PhaseSpent[] {
  const moves = events.filter(({ type }) => type === "moved");
  return moves.filter(({ state }) => !isTerminal(state)).map(({ state, at }, index) => {
    const next = moves[index + 1];
    return { state, at, ms: next === undefined ? null : next.at.getTime() - at.getTime() };
  });
}

/** Wide enough for the longest key, `phase input_required`. */
const WIDTH = 20;

function line(key: string, text: string, screen: Screen): string {
  if (!screen.terminal) return `${key}\t${text}\n`;
  return `${paint(key.replaceAll("_", " ").padEnd(WIDTH), "dim", screen)}  ${text}\n`;
}

function plain(value: Json): string {
  if (value === null) return "-";
  return escapeControls(typeof value === "object" ? JSON.stringify(value) : String(value));
}
