/** `kstops operations watch [ID]`: the events of operations, as they happen, in any process. */
import { type ErrorCode, ERRORS, escapeControls, type Json } from "../../../errors.ts";
import type { OperationEvent } from "../../../operations/ledger.ts";
import { isTerminal, type Operation } from "../../../operations/machine.ts";
import type { OperationStore } from "../../../operations/store.ts";
import { eventToWire, operationColour, payloadText, SHORT_ID } from "../../../output/operation.ts";
import { paint, type Screen } from "../../../output/screen.ts";
import { widthOf, wrapped } from "../../../output/text.ts";
import { time } from "../../../wire.ts";
import type { World } from "../../../world/world.ts";
import type { Context, Reply } from "../../command.ts";

/** Flags of `operations watch`. */
export interface WatchFlags {
  /** May be shortened; missing: all operations are watched, without end. */
  readonly id?: string | undefined;
  /** Shows the events after this number. */
  readonly after?: number | undefined;
  /** Ends with the exit status of the operation. */
  readonly exitStatus?: true | undefined;
}

/** Watches one operation until it is over, or all of them. */
export async function watchOperations(
  { world, json, recording }: Pick<Context, "world" | "json" | "recording">,
  flags: WatchFlags,
): Promise<Reply> {
  const { kept } = await recording();
  const opened = await kept();
  const watched = flags.id === undefined ? null : opened.find("watch", flags.id);
  const events = watched === null
    ? opened.subscribe(flags.after)
    : untilOver(opened, watched.id, flags.after ?? 0);
  return {
    stream: (screen) =>
      shown(
        clearingUp(events, opened, world),
        json ? jsonLine : (event) => textLine(event, screen),
      ),
    // Read when the stream has ended.
    get exitStatus(): number {
      const operation = watched === null ? null : opened.get(watched.id);
      return flags.exitStatus && operation !== null ? exitStatusOf(operation) : 0;
    },
  };
}

async function* untilOver(
  store: OperationStore,
  id: string,
  after: number,
): AsyncGenerator<OperationEvent> {
  const over = store.history(id).find(({ state }) => isTerminal(state));
  // Its end came before: there is nothing to wait for.
  if (over !== undefined && over.seq <= after) return;
  for await (const event of store.subscribe(after, { operation: id })) {
    yield event;
    if (isTerminal(event.state)) return;
  }
}

/** How often to look for operations whose kstops is gone: no other process may report them. */
const CLEAR_UP_MS = 5000;

async function* clearingUp(
  events: AsyncIterable<OperationEvent>,
  store: OperationStore,
  { every }: Pick<World, "every">,
): AsyncGenerator<OperationEvent> {
  const stop = every(CLEAR_UP_MS, () => void store.collectGarbage());
  try {
    yield* events;
  } finally {
    stop();
  }
}

async function* shown(
  events: AsyncIterable<OperationEvent>,
  lineOf: (event: OperationEvent) => string,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const event of events) yield encoder.encode(lineOf(event));
}

function jsonLine(event: OperationEvent): string {
  return `${JSON.stringify(eventToWire(event))}\n`;
}

function textLine(event: OperationEvent, screen: Screen): string {
  const { seq, operationId, kind, session, at, state, payload } = event;
  const fields = [kind, session ?? "-", state, payloadText(payload)].map(escapeControls);
  if (!screen.terminal) return `${[seq, time(at), operationId, ...fields].join("\t")}\n`;
  const [, , , detail = "-"] = fields;
  const moment = `${at.toISOString().slice(11, 19)}Z ${operationId.slice(0, SHORT_ID)}`;
  const what = `${fields.slice(0, 2).join(" ")}: `;
  const shown = `${paint(moment, "dim", screen)}  ${what}${
    paint(state, operationColour(state), screen)
  }`;
  if (detail === "-" || detail === state) return `${shown}\n`;
  const indent = " ".repeat(moment.length + 2);
  const taken = widthOf(`${indent}${what}${state} `);
  return `${shown} ${wrapped(`(${detail})`, { columns: screen.columns, taken, indent })}\n`;
}

/** The exit status that the command had, or would have had. */
function exitStatusOf({ state, error, result }: Operation): number {
  if (state === "done") return 0;
  const code = codeOf(error) ?? codeOf(result);
  return ERRORS[code ?? "operation_abandoned"].exit;
}

function codeOf(outcome: Json): ErrorCode | null {
  const { code } = (outcome ?? {}) as { readonly code?: string };
  return code !== undefined && Object.hasOwn(ERRORS, code) ? code as ErrorCode : null;
}
