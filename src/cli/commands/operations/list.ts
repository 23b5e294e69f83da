/** `kstops operations list`: what kstops did, newest first. */
import type { OperationState } from "../../../model.ts";
import {
  actorText,
  bootText,
  operationColour,
  operationToWire,
  payloadText,
  SHORT_ID,
} from "../../../output/operation.ts";
import {
  familiesOf,
  type Family,
  kindsOf,
  outcomesOf,
  stateOf,
} from "../../../operations/family.ts";
import type { Operation } from "../../../operations/machine.ts";
import { moment, paint, type Screen } from "../../../output/screen.ts";
import { type Cell, type Head, layOut } from "../../../output/table.ts";
import type { Context, Reply } from "../../command.ts";
import { sinceFlag } from "../../since.ts";

/** Flags of `operations list`. */
interface OperationListFlags {
  readonly session?: string | undefined;
  readonly state?: OperationState | undefined;
  /** Operations that began then or later: `10m`, or a time. */
  readonly since?: string | undefined;
}

const HEAD: readonly Head[] = [
  { text: "ID" },
  { text: "KIND" },
  { text: "SESSION", atLeast: 12 },
  { text: "STATE" },
  { text: "STARTED", leaves: 3 },
  { text: "BY", atLeast: 8, leaves: 2 },
  { text: "OUTCOME", atLeast: 10, leaves: 1 },
];

/** Lists operations. */
export async function listOperations(
  { world, recording }: Pick<Context, "world" | "recording">,
  flags: OperationListFlags,
): Promise<Reply> {
  const since = sinceFlag(flags.since, world.now(), "list operations") ?? undefined;
  const { kept } = await recording();
  const operations = (await kept()).list({ ...flags, since });
  return {
    data: operations.map(operationToWire),
    text: (screen) => {
      if (operations.length === 0) {
        return screen.terminal ? `${paint("No operations", "dim", screen)}\n` : "";
      }
      // Scripts count on a line for each.
      const rows = screen.terminal
        ? familiesOf(operations).map((family) => familyRow(family, screen))
        : operations.map((operation) => row(operation, screen));
      return layOut({ head: HEAD, rows }, screen);
    },
  };
}

/** All that one command did, in a line. */
function familyRow(family: Family, screen: Screen): readonly Cell[] {
  const [operation, ...more] = family.operations;
  if (operation === undefined) return [];
  const own = row(operation, screen);
  if (more.length === 0) return own;
  const state = stateOf(family);
  return [
    { text: family.id.slice(0, SHORT_ID) },
    { text: kindsOf(family) },
    { text: `${family.operations.length} sessions` },
    { text: state, colour: operationColour(state) },
    // When it began, and by whom.
    ...own.slice(4, -1),
    { text: outcomesOf(family) },
  ];
}

function row(operation: Operation, screen: Screen): readonly Cell[] {
  const { id, kind, session, state, createdAt, actor } = operation;
  const payload = operation.error ?? operation.result ?? operation.pendingInput;
  const by = [actorText(actor), bootText(operation)].filter((each) => each !== "").join(", ");
  return [
    { text: screen.terminal ? id.slice(0, SHORT_ID) : id },
    { text: kind },
    { text: session ?? "-" },
    { text: state, colour: operationColour(state) },
    { text: moment(createdAt, screen) },
    { text: by },
    { text: payloadText(payload) },
  ];
}
