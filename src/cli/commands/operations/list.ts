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
import { moment, paint } from "../../../output/screen.ts";
import { type Head, layOut } from "../../../output/table.ts";
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
      return layOut({
        head: HEAD,
        rows: operations.map((operation) => {
          const { id, kind, session, state, createdAt, actor } = operation;
          const payload = operation.error ?? operation.result ?? operation.pendingInput;
          return [
            { text: screen.terminal ? id.slice(0, SHORT_ID) : id },
            { text: kind },
            { text: session ?? "-" },
            { text: state, colour: operationColour(state) },
            { text: moment(createdAt, screen) },
            {
              text: [actorText(actor), bootText(operation)].filter((each) => each !== "").join(
                ", ",
              ),
            },
            { text: payloadText(payload) },
          ];
        }),
      }, screen);
    },
  };
}
