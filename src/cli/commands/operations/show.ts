/** `kstops operations show ID`: who asked for what, what was done and how long it took. */
import { escapeControls, type Json } from "../../../errors.ts";
import type { OperationEvent } from "../../../operations/ledger.ts";
import {
  familiesOf,
  type Family,
  kindsOf,
  outcomesOf,
  stateOf,
} from "../../../operations/family.ts";
import { isTerminal, type Operation } from "../../../operations/machine.ts";
import type { OperationStore } from "../../../operations/store.ts";
import {
  actorText,
  operationColour,
  operationText,
  operationToWire,
  payloadText,
  SHORT_ID,
} from "../../../output/operation.ts";
import { momentAndTime, type Property, propertyLines } from "../../../output/properties.ts";
import type { Screen } from "../../../output/screen.ts";
import { shellWord } from "../../../shell.ts";
import { time } from "../../../wire.ts";
import type { Context, Reply } from "../../command.ts";

/** Shows one operation. The ID may be shortened. */
export async function showOperation(
  { recording }: Pick<Context, "recording">,
  { id }: { readonly id: string },
): Promise<Reply> {
  const { kept } = await recording();
  const opened = await kept();
  const family = familyIn(opened, id);
  if (family !== null) return showFamily(family);
  const operation = opened.find("show", id);
  const phases = phasesOf(opened.history(operation.id));
  const wire = {
    ...operationToWire(operation),
    phases: phases.map(({ state, at, ms }) => ({ state, at: time(at), duration_ms: ms })),
  };
  return {
    data: wire,
    text: (screen) =>
      screen.terminal ? forPeople(operation, phases, screen) : forPipes(wire, operation, phases),
  };
}

/** The operations of the command with this id or beginning of an id; null: there is none. */
function familyIn(store: OperationStore, id: string): Family | null {
  const prefix = id.toLowerCase();
  if (prefix === "") return null;
  const [family, another] = familiesOf(store.list({ parentPrefix: prefix }).toReversed());
  const isClear = another === undefined && store.list({ idPrefix: prefix, limit: 1 }).length === 0;
  return isClear ? family ?? null : null;
}

/** All that one command did: a line each, and what came of it. */
function showFamily(family: Family): Reply {
  const { operations } = family;
  const [first] = operations;
  return {
    data: operations.map(operationToWire),
    text: (screen) => {
      if (!screen.terminal) {
        return operations.map((each) =>
          [each.id, each.kind, each.session ?? "-", operationText(each, screen)]
            .map(escapeControls).join("\t") + "\n"
        ).join("");
      }
      const state = stateOf(family);
      const { argv = null } = first === undefined ? {} : requestIn(first.request);
      const properties: Property[] = [
        ["command", family.id],
        ["what", `${kindsOf(family)} of ${operations.length} sessions`],
        ["state", state],
        ["outcome", outcomesOf(family)],
        ["asked by", actorText(first?.actor ?? null)],
        ["command line", argv === null ? null : `kstops ${argv}`],
        ["begun", momentAndTime(first?.createdAt ?? null, screen)],
        ...operations.map((each): Property => [
          each.id.slice(0, SHORT_ID),
          `${each.session ?? "-"}: ${operationText(each, screen)}`,
        ]),
      ];
      const colours = new Map([["state", operationColour(state)]]);
      return propertyLines(properties, { screen, colours });
    },
  };
}

/** What people ask first: who wanted what, how it went, and how long each step took. */
function forPeople(
  operation: Operation,
  phases: readonly PhaseSpent[],
  screen: Screen,
): string {
  const { id, kind, session, place, actor, owner, state, createdAt, lastHeartbeat } = operation;
  const { argv, directory } = requestIn(operation.request);
  const said = payloadText(operation.error ?? operation.pendingInput ?? operation.result);
  const notResumable = textIn(operation.pendingInput, "not_resumable");
  const properties: Property[] = [
    ["operation", id],
    ["what", `${kind} ${session ?? "-"}${place === null ? "" : ` (${place})`}`],
    ["state", state],
    [operation.error === null ? "outcome" : "error", said === "-" ? null : said],
    ["hint", textIn(operation.error, "hint")],
    ...(notResumable === null ? [] : [["not resumable", notResumable] as Property]),
    ["asked by", actorText(actor)],
    ["terminal", actor?.tty ?? null],
    ["command line", argv === null ? null : `kstops ${argv}`],
    ["directory", directory],
    ["begun", momentAndTime(createdAt, screen)],
    ["last sign", isTerminal(state) ? null : momentAndTime(lastHeartbeat, screen)],
    ["process", `${owner.pid} on ${owner.host}`],
    ...phases.map((phase): Property => [phase.state, tookText(phase)]),
  ];
  const colours = new Map([["state", operationColour(state)]]);
  return propertyLines(properties, { screen, colours });
}

/** The command line of a request, as a shell reads it back, and the directory where it was typed. */
function requestIn(
  request: Json,
): { readonly argv: string | null; readonly directory: string | null } {
  const { argv = null } = fieldsOf(request);
  return {
    argv: Array.isArray(argv) ? argv.map((word) => shellWord(String(word))).join(" ") : null,
    directory: textIn(request, "directory"),
  };
}

function textIn(value: Json, key: string): string | null {
  const found = fieldsOf(value)[key];
  return typeof found === "string" ? found : null;
}

function fieldsOf(value: Json): { readonly [key: string]: Json } {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value as { readonly [key: string]: Json } : {};
}

function forPipes(
  wire: { readonly [key: string]: Json },
  { actor }: Operation,
  phases: readonly PhaseSpent[],
): string {
  const rows = Object.entries({ ...wire, actor: actorText(actor) })
    .filter(([key]) => key !== "phases");
  return [
    ...rows.map(([key, value]) => `${key}\t${plain(value)}\n`),
    ...phases.map((phase) => `phase ${phase.state}\t${time(phase.at)}\t${tookText(phase)}\n`),
  ].join("");
}

function tookText({ ms }: PhaseSpent): string {
  return ms === null ? "-" : `${ms} ms`;
}

/** A state that the operation was in. */
interface PhaseSpent {
  readonly state: string;
  readonly at: Date;
  /** Milliseconds until the next state; null if that has not come. */
  readonly ms: number | null;
}

function phasesOf(events: readonly OperationEvent[]): readonly PhaseSpent[] {
  const moves = events.filter(({ type }) => type === "moved");
  return moves.filter(({ state }) => !isTerminal(state)).map(({ state, at }, index) => {
    const next = moves[index + 1];
    return { state, at, ms: next === undefined ? null : next.at.getTime() - at.getTime() };
  });
}

function plain(value: Json): string {
  if (value === null) return "-";
  return escapeControls(typeof value === "object" ? JSON.stringify(value) : String(value));
}
