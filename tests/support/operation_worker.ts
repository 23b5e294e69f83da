/**
 * A process that records operations one after the other until it is killed:
 *
 *     deno run --allow-all operation_worker.ts DIRECTORY NAME COUNT
 *
 * It waits for a byte before each, so that the killer stays close behind. It prints `opened ID` and
 * `over ID STATE` when that has happened. It does a bit of everything: it works, waits, fails, and
 * gets in the way of the other workers.
 */
import { OperationRunningError } from "../../src/errors.ts";
import { IllegalMoveError } from "../../src/operations/machine.ts";
import { OperationStore } from "../../src/operations/store.ts";
import { denoWorld } from "../../src/world/deno.ts";

const [directory = "", name = "", count = "0"] = Deno.args;

const store = await OperationStore.inDirectory(denoWorld(), {
  directory,
  warn: (text) => {
    throw new Error(text);
  },
});

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function isOver(id: string): void {
  say(`over ${id} ${store.get(id)?.state}`);
}

for (let number = 0; number < Number(count); number++) {
  Deno.stdin.readSync(new Uint8Array(1));
  const session = number % 5 === 0 ? "shared" : name;
  const { id } = store.open("stop", { number }, { session });
  say(`opened ${id}`);
  store.transition(id, "validating");
  store.transition(id, "planning");
  try {
    await store.claim(id, "tmux:default");
  } catch (error) {
    if (!(error instanceof OperationRunningError)) throw error;
    store.transition(id, "failed", { code: error.code });
    isOver(id);
    continue;
  }
  if (number % 7 === 3) {
    store.requestInput(id, { question: "Really?" });
    // The next worker on that session finds it waiting.
    if (session === name) continue;
    try {
      store.transition(id, "aborted", { code: "declined" });
    } catch (error) {
      // Another worker has come for that session first.
      if (!(error instanceof IllegalMoveError)) throw error;
    }
    isOver(id);
    continue;
  }
  store.transition(id, "applying");
  store.heartbeat(id);
  store.transition(id, "verifying");
  store.transition(id, "done", { number });
  isOver(id);
}
say("finished");
