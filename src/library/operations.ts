/** The store of operations, for programs that use kstops as a library. */
import { stateDirectory } from "../logs/store.ts";
import { OperationStore } from "../operations/store.ts";
import { denoWorld } from "../world/deno.ts";

/** Where to keep operations. */
export interface OperationStoreOptions {
  /** The directory of `operations.db`. Default: the one of the command line, with its operations. */
  readonly directory?: string;
  /**
   * Called once with the reason why operations are not kept, or with the new place of a damaged
   * database.
   */
  readonly say?: (text: string) => void;
}

/**
 * Opens the store of operations. It is always there: in memory, where no other one can be.
 *
 * @example
 * ```ts
 * const operations = await openOperationStore();
 * const session = new SessionManager("bot", { command: "python app.py", operations });
 * await session.start();
 * for (const { kind, state, actor } of operations.list({ session: "bot" })) {
 *   console.log(kind, state, actor?.user);
 * }
 * await operations.dispose();
 * ```
 */
export async function openOperationStore(
  { directory, say = () => {} }: OperationStoreOptions = {},
): Promise<OperationStore> {
  const world = denoWorld();
  return await OperationStore.inDirectory(world, {
    directory: directory ?? stateDirectory(world),
    warn: say,
  });
}
