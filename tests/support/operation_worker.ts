/**
 * A process that records operations, one after the other, until somebody kills it:
 *
 *     deno run --allow-all operation_worker.ts DIRECTORY NAME COUNT
 *
 * For each it waits for a byte, so that who kills it is not far behind. It says `opened ID` and `over ID STATE` as soon as that is so, and what it did is a bit of
 * everything: it works, waits, fails, and comes into the way of the others.
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
    // The next one on that session finds it waiting.
    if (session === name) continue;
    try {
      store.transition(id, "aborted", { code: "declined" });
    } catch (error) {
      // Another one has come for that session first.
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
