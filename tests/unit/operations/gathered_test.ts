/** Operations of many sessions at once: they cost about as many transactions as one, and lose nothing. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { actorOf } from "../../../src/operations/actor.ts";
import { type Operator, operatorOf, type Task } from "../../../src/operations/operate.ts";
import { OperationStore } from "../../../src/operations/store.ts";
import { DatabaseError } from "../../../src/world/world.ts";
import { type FakeWorld, withFakeWorld } from "../../support/fake_world.ts";
import { memoryDatabases } from "../../support/memory_database.ts";

interface Bench {
  readonly world: FakeWorld;
  readonly store: OperationStore;
  readonly operator: Operator;
  readonly warnings: readonly string[];
  /** How many transactions were begun, and how many of them are over. */
  readonly transactions: { begun: number; over: number };
  /** From now on the database cannot be written. */
  readonly fail: () => void;
}

async function withOperator(body: (bench: Bench) => Promise<void>): Promise<void> {
  const transactions = { begun: 0, over: 0 };
  let isBroken = false;
  const open = memoryDatabases();
  const database: typeof open = async (path) => {
    const opened = await open(path);
    const run = (sql: string): void => {
      if (sql === "BEGIN IMMEDIATE" && isBroken) throw new DatabaseError("other", "no room");
      opened.run(sql);
      if (sql === "BEGIN IMMEDIATE") transactions.begun++;
      if (sql === "COMMIT" || sql === "ROLLBACK") transactions.over++;
    };
    return { ...opened, run };
  };
  await withFakeWorld({ database }, async (world) => {
    const warnings: string[] = [];
    const warn = (text: string): void => void warnings.push(text);
    const store = await OperationStore.inDirectory(world, { directory: "/state", warn });
    Object.assign(transactions, { begun: 0, over: 0 });
    const operator = operatorOf({
      world,
      store: () => Promise.resolve(store),
      actor: actorOf(world, "1.2.3"),
      mask: (value) => value,
      warn,
    });
    const fail = (): void => {
      isBroken = true;
    };
    await body({ world, store, operator, warnings, transactions, fail });
  });
}

function stopping(session: string, apply: () => Promise<string> = stopped): Task<string> {
  const plan = () => Promise.resolve({ place: "tmux:default", question: null, apply });
  return { kind: "stop", session, request: null, plan, outcome: (state) => ({ state }) };
}

const stopped = () => Promise.resolve("stopped");
const STATES = ["pending", "validating", "planning", "applying", "verifying", "done"];

function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `bot-${index}`);
}

/** How many transactions it takes to stop so many sessions. */
async function costOf(count: number): Promise<number> {
  let cost = 0;
  await withOperator(async ({ store, operator, transactions }) => {
    const runs = namesOf(count).map((name) => operator.run(stopping(name), null));
    for (const { operationId } of await Promise.all(runs)) {
      deepEqual(store.history(operationId).map(({ state }) => state), STATES);
    }
    cost = transactions.begun;
  });
  return cost;
}

Deno.test("a change of 200 sessions costs hardly more transactions than one of one session", async () => {
  const [one, many] = [await costOf(1), await costOf(200)];
  ok(many <= one + 3, `one: ${one}, 200: ${many}`);
});

Deno.test("a session is touched only when its lock is written, and told when its end is", async () => {
  await withOperator(async ({ store, operator, transactions }) => {
    const runs = namesOf(20).map(async (name) => {
      const { operationId } = await operator.run(
        stopping(name, () => {
          const [operation] = store.list({ session: name });
          deepEqual([operation?.state, operation?.place], ["applying", "tmux:default"]);
          equal(transactions.over, transactions.begun);
          return stopped();
        }),
        null,
      );
      equal(transactions.over, transactions.begun);
      deepEqual(store.get(operationId)?.result, { state: "stopped" });
    });
    await Promise.all(runs);
  });
});

Deno.test("of many at once, what fails takes nothing of the others back", async () => {
  await withOperator(async ({ store, operator }) => {
    const outcomes = await Promise.allSettled([
      operator.run(stopping("a"), null),
      operator.run(stopping("a"), null),
      operator.run(stopping("b", () => Promise.reject(new Error("it lives"))), null),
      operator.run(stopping("c"), null),
    ]);
    deepEqual(outcomes.map(({ status }) => status), [
      ...["fulfilled", "rejected", "rejected", "fulfilled"],
    ]);
    const [, another] = outcomes;
    equal(another?.status === "rejected" && another.reason.code, "operation_running");
    deepEqual(store.list().map(({ session, state }) => `${session} ${state}`), [
      ...["c done", "b failed", "a failed", "a done"],
    ]);
  });
});

Deno.test("many at once that work for long beat together", async () => {
  await withOperator(async ({ world, store, operator, transactions }) => {
    const ends: (() => void)[] = [];
    const begun = world.now().getTime();
    const runs = namesOf(50).map((name) =>
      operator.run(
        stopping(name, () => new Promise((end) => ends.push(() => end("stopped")))),
        null,
      )
    );
    while (ends.length < 50) await new Promise((resolve) => setTimeout(resolve, 0));
    const before = transactions.begun;
    world.advance(5000);
    while (transactions.begun === before) await new Promise((resolve) => setTimeout(resolve, 0));
    equal(transactions.begun, before + 1);
    for (const { lastHeartbeat } of store.list()) ok(lastHeartbeat.getTime() >= begun + 5000);
    for (const end of ends) end();
    await Promise.all(runs);
  });
});

Deno.test("a database that is lost in the middle of many loses none of them", async () => {
  await withOperator(async ({ store, operator, warnings, fail }) => {
    const runs = namesOf(20).map((name) =>
      operator.run(
        stopping(name, () => {
          fail();
          return stopped();
        }),
        null,
      )
    );
    for (const { operationId } of await Promise.all(runs)) {
      equal(store.get(operationId)?.state, "done");
    }
    deepEqual(warnings, ["Operations are not recorded: /state/operations.db: no room"]);
  });
});

Deno.test("what is given to a store just before it is disposed is written", async () => {
  await withOperator(async ({ store, transactions, warnings }) => {
    const opened = store.gathered(() => store.open("stop", null, { session: "astro" }));
    await store.dispose();
    equal(transactions.over, 1);
    equal((await opened).state, "pending");
    deepEqual(warnings, []);
  });
});
