/** Records what commands do: the store of operations, opened when one is needed. */
import { type Json, OpsError } from "../errors.ts";
import { stateDirectory } from "../logs/store.ts";
import { actorOf } from "../operations/actor.ts";
import { type Operator, operatorOf } from "../operations/operate.ts";
import { OperationStore } from "../operations/store.ts";
import type { Context } from "./command.ts";
import { VERSION } from "../version.ts";

/** The store and its tools. */
export interface Recording {
  /** Opened once. It is always available, if necessary in memory. */
  readonly store: () => Promise<OperationStore>;
  /**
   * The same for a command that shows what is recorded.
   *
   * @throws {OpsError} `internal`: the store is in memory, without the operations of other
   *   processes
   */
  readonly kept: () => Promise<OperationStore>;
  readonly operator: Operator;
}

/** The recording of a command. `mask` removes the secrets that are known by then. */
export function recordingOf(
  { world, warn, config }: Pick<Context, "world" | "warn" | "config">,
  mask: (value: Json) => Json,
): Recording {
  let opened: Promise<OperationStore> | null = null;
  const open = async (say = warn): Promise<OperationStore> => {
    const { operationsKept, operationDays } = (await config()).settings;
    return await OperationStore.inDirectory(world, {
      directory: stateDirectory(world),
      warn: say,
      retention: { operations: operationsKept, days: operationDays },
    });
  };
  const store = () => opened ??= open();
  const kept = async (): Promise<OperationStore> => {
    const said: string[] = [];
    const found = await (opened ??= open((text) => said.push(text)));
    if (!found.isKept) {
      throw new OpsError("internal", said.join("; ") || "Operations are not recorded", {
        hint: "kstops doctor tells what is wrong with the state directory",
      });
    }
    for (const text of said) warn(text);
    return found;
  };
  const operator = operatorOf({ world, store, mask, warn, actor: actorOf(world, VERSION) });
  return { store, kept, operator };
}
