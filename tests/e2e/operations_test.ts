/** Many processes at once on one store of operations, of which some are killed at any moment. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { OperationEvent } from "../../src/operations/ledger.ts";
import { assertTransition, isTerminal } from "../../src/operations/machine.ts";
import { OperationStore } from "../../src/operations/store.ts";
import { denoWorld } from "../../src/world/deno.ts";

const PROCESSES = 8;
const OPERATIONS = 80;
/** Every process is killed so often before it may finish. */
const KILLS = 3;
/** How many operations a process may be ahead of who kills it. */
const AHEAD = 20;

const WORKER = fileURLToPath(new URL("../support/operation_worker.ts", import.meta.url));

interface Acknowledged {
  readonly opened: Set<string>;
  readonly over: Map<string, string>;
}

/** Runs a worker until it has done its part; kills it now and then, wherever it is. */
async function work(directory: string, name: string, said: Acknowledged): Promise<void> {
  let left = OPERATIONS;
  for (let life = 0; left > 0; life++) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", WORKER, directory, name, String(left)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const credit = child.stdin.getWriter();
    const allow = (operations: number): void => {
      // It may be dead already.
      credit.write(new Uint8Array(operations)).catch(() => {});
    };
    allow(AHEAD);
    const mayFinish = life === KILLS;
    const lines = mayFinish ? Infinity : 1 + Math.floor(Math.random() * left / 2);
    let seen = 0;
    let isFinished = false;
    for await (const line of linesOf(child.stdout)) {
      const [what = "", id = "", state = ""] = line.split(" ");
      if (what === "opened") {
        said.opened.add(id);
        left -= 1;
        allow(1);
      }
      if (what === "over") said.over.set(id, state);
      if (what === "finished") isFinished = true;
      seen += 1;
      if (seen === lines) child.kill("SIGKILL");
    }
    await child.status;
    await credit.close().catch(() => {});
    if (isFinished) return;
    ok(!mayFinish, `${name} ended before it was finished`);
  }
}

/** The whole lines of a stream: what a killed program has begun to say does not count. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Subscribes again and again, each time with another store, behind the last event that it has. */
async function follow(
  open: () => Promise<OperationStore>,
  end: AbortSignal,
): Promise<readonly OperationEvent[]> {
  const seen: OperationEvent[] = [];
  while (!end.aborted) {
    const store = await open();
    let patience = 1 + Math.floor(Math.random() * 2000);
    for await (const event of store.subscribe(seen.at(-1)?.seq ?? 0, { signal: end })) {
      seen.push(event);
      if (--patience === 0) break;
    }
    await store.dispose();
  }
  return seen;
}

Deno.test("of what many processes record nothing is lost, doubled or out of order, also when they are killed", async () => {
  const directory = await Deno.makeTempDir();
  const world = denoWorld();
  const open = () =>
    OperationStore.inDirectory(world, {
      directory,
      warn: (text) => {
        throw new Error(text);
      },
      retention: { operations: PROCESSES * OPERATIONS * 2, days: 1 },
    });
  try {
    const said: Acknowledged = { opened: new Set(), over: new Map() };
    const end = new AbortController();
    const followers = [follow(open, end.signal), follow(open, end.signal)];
    const names = Array.from({ length: PROCESSES }, (_, index) => `worker${index}`);
    await Promise.all(names.map((name) => work(directory, name, said)));

    const store = await open();
    await store.collectGarbage();
    const operations = store.list();
    const byId = new Map(operations.map((operation) => [operation.id, operation]));
    equal(said.opened.size, PROCESSES * OPERATIONS);
    for (const id of said.opened) ok(byId.has(id), `lost ${id}`);
    for (const [id, state] of said.over) equal(byId.get(id)?.state, state);

    const all: OperationEvent[] = [];
    for (const { id, state } of operations) {
      const events = store.history(id);
      equal(events[0]?.state, "pending");
      events.forEach((event, index) => {
        const before = events[index - 1];
        if (before) assertTransition(before.state, event.state);
      });
      equal(events.at(-1)?.state, state);
      ok(isTerminal(state) || state === "input_required", state);
      all.push(...events);
    }
    // Killed ones are there, and every kind of end: otherwise this would prove less than it says.
    const abandoned = operations.filter(({ error }) =>
      JSON.stringify(error).includes("operation_abandoned")
    );
    ok(abandoned.length > 0, "none was killed at work");
    ok(operations.some(({ result }) => JSON.stringify(result).includes("superseded")));

    all.sort((one, other) => one.seq - other.seq);
    const last = all.at(-1)?.seq ?? 0;
    const late: OperationEvent[] = [];
    for await (const event of store.subscribe(0)) {
      late.push(event);
      if (event.seq === last) break;
    }
    deepEqual(late, all);
    end.abort();
    for (const seen of await Promise.all(followers)) {
      deepEqual(seen, all.slice(0, seen.length));
      ok(seen.length > all.length / 2);
    }
    await store.dispose();

    const database = await world.database(`${directory}/operations.db`);
    deepEqual(database.all("PRAGMA integrity_check").map((row) => ({ ...row })), [
      { integrity_check: "ok" },
    ]);
    database.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
