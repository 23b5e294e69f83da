/** Recordings for tests about other things. */
import type { Recording } from "../../src/cli/recording.ts";
import type { Json } from "../../src/errors.ts";
import { type Ask, operatorOf, type Task } from "../../src/operations/operate.ts";
import { OperationStore } from "../../src/operations/store.ts";
import { denoWorld } from "../../src/world/deno.ts";
import type { World } from "../../src/world/world.ts";

/** A recording in memory. */
export function memoryRecording(
  world: World = denoWorld(),
  store: OperationStore = OperationStore.inMemory(world),
): Recording {
  const opened = () => Promise.resolve(store);
  const operator = operatorOf({
    world,
    store: opened,
    actor: { user: "ada", uid: 1, sudoUser: null, sshClient: null, tty: null, version: "1" },
    mask: (value: Json) => value,
    warn: () => {},
  });
  return { store: opened, kept: opened, operator };
}

/** Lets another operation work on a session while `body` runs. */
export async function whileAnotherWorks(
  { operator }: Recording,
  { session, place }: { readonly session: string; readonly place: string },
  body: () => Promise<void>,
): Promise<void> {
  const nobody: Ask | null = null;
  const task: Task<null> = {
    kind: "stop",
    session,
    request: null,
    plan: () =>
      Promise.resolve({
        place,
        question: null,
        apply: async () => {
          await body();
          return null;
        },
      }),
    outcome: () => null,
  };
  await operator.run(task, nobody);
}
