import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  InputRequiredError,
  InterruptedError,
  type Json,
  SessionStopError,
} from "../../../src/errors.ts";
import { actorOf } from "../../../src/operations/actor.ts";
import {
  type Ask,
  cancelWaiting,
  type Operator,
  operatorOf,
  type Question,
  type Task,
} from "../../../src/operations/operate.ts";
import { OperationStore } from "../../../src/operations/store.ts";
import { type FakeWorld, type FakeWorldSpec, withFakeWorld } from "../../support/fake_world.ts";

interface Bench {
  readonly world: FakeWorld;
  readonly store: OperationStore;
  readonly operator: Operator;
  readonly warnings: readonly string[];
}

async function withOperator(
  body: (bench: Bench) => Promise<void>,
  spec: FakeWorldSpec = {},
): Promise<void> {
  await withFakeWorld(spec, async (world) => {
    const store = OperationStore.inMemory(world);
    const warnings: string[] = [];
    const operator = operatorOf({
      world,
      store: () => Promise.resolve(store),
      actor: actorOf(world, "1.2.3"),
      mask: (value) => JSON.parse(JSON.stringify(value).replaceAll("s3cret", "***")) as Json,
      warn: (text) => warnings.push(text),
    });
    await body({ world, store, operator, warnings });
  });
}

const QUESTION: Question = {
  text: `Stop "astro"? it is protected [y/N] `,
  reason: "it is protected",
  command: "kstops stop astro --yes",
  backend: "tmux",
};

interface StopSpec {
  readonly question?: Question | null;
  readonly apply?: () => Promise<string>;
  /** The places that one plan after the other finds. */
  readonly places?: readonly string[];
}

/** A stop that notes what is done. */
function stopping({ question = null, apply, places = [] }: StopSpec = {}): Task<string> & {
  readonly did: readonly string[];
} {
  const did: string[] = [];
  let plans = 0;
  return {
    kind: "stop",
    session: "astro",
    request: { force: false, note: "s3cret" },
    did,
    plan: () => {
      did.push("plan");
      const place = places[plans++] ?? places.at(-1) ?? "tmux:default";
      return Promise.resolve({
        place,
        question,
        apply: async () => {
          did.push("apply");
          return await apply?.() ?? "stopped";
        },
      });
    },
    outcome: (result) => ({ state: result, note: "s3cret" }),
  };
}

function states(store: OperationStore, id: string): readonly string[] {
  return store.history(id).map(({ state }) => state);
}

const answer = (text: string | null): Ask => () => Promise.resolve(text);

Deno.test("a task that works is recorded from its beginning to its outcome, without secrets", async () => {
  await withOperator(async ({ store, operator }) => {
    const { operationId, result } = await operator.run(stopping(), null);
    equal(result, "stopped");
    deepEqual(states(store, operationId), [
      ...["pending", "validating", "planning", "applying", "verifying", "done"],
    ]);
    const operation = store.get(operationId);
    deepEqual(operation?.result, { state: "stopped", note: "***" });
    deepEqual(operation?.request, { force: false, note: "***" });
    deepEqual([operation?.kind, operation?.session, operation?.place], [
      "stop",
      "astro",
      "tmux:default",
    ]);
    equal(operation?.actor?.version, "1.2.3");
  });
});

Deno.test("a task that fails is recorded with its error, and throws it", async () => {
  await withOperator(async ({ store, operator }) => {
    const failure = new SessionStopError("astro", "s3cret still lives", { hint: "look" });
    const task = stopping({ apply: () => Promise.reject(failure) });
    await rejects(operator.run(task, null), failure);
    const [operation] = store.list();
    equal(operation?.state, "failed");
    deepEqual(operation?.error, {
      code: "stop_failed",
      message: `Cannot stop "astro": *** still lives`,
      hint: "look",
      details: {},
    });
  });
});

Deno.test("an interrupted task is aborted", async () => {
  await withOperator(async ({ store, operator }) => {
    const task = stopping({ apply: () => Promise.reject(new InterruptedError("SIGINT")) });
    await rejects(operator.run(task, null), { code: "interrupted" });
    const [operation] = store.list();
    equal(operation?.state, "aborted");
    equal((operation?.result as { code: string }).code, "interrupted");
  });
});

Deno.test("working on a session keeps others from it, and not from its namesake elsewhere", async () => {
  await withOperator(async ({ store, operator }) => {
    const inner = stopping();
    const elsewhere = stopping({ places: ["tmux:bots"] });
    const outer = stopping({
      apply: async () => {
        await rejects(operator.run(inner, null), {
          code: "operation_running",
          message: `Cannot stop "astro": another kstops is working on it (stop, pid 4242)`,
        });
        await operator.run(elsewhere, null);
        return "stopped";
      },
    });
    await operator.run(outer, null);
    deepEqual(inner.did, ["plan"]);
    deepEqual(elsewhere.did, ["plan", "apply"]);
    deepEqual(store.list().map(({ state }) => state), ["done", "failed", "done"]);
    // The lock is gone with the one that had it.
    await operator.run(stopping(), null);
  });
});

Deno.test("an operation that works beats, so that nobody takes it for abandoned", async () => {
  await withOperator(async ({ world, store, operator }) => {
    const task = stopping({
      apply: async () => {
        world.advance(60_000);
        deepEqual(await store.collectGarbage(), { abandoned: [], removed: 0 });
        return "stopped";
      },
    });
    const { operationId } = await operator.run(task, null);
    equal(store.get(operationId)?.state, "done");
    const beat = store.get(operationId)?.lastHeartbeat;
    world.advance(60_000);
    deepEqual(store.get(operationId)?.lastHeartbeat, beat);
  });
});

Deno.test("a yes on the terminal goes on, with a fresh plan", async () => {
  await withOperator(async ({ store, operator }) => {
    const task = stopping({ question: QUESTION });
    const { operationId } = await operator.run(task, answer("yes"));
    deepEqual(task.did, ["plan", "plan", "apply"]);
    deepEqual(states(store, operationId).slice(2, 5), ["planning", "input_required", "planning"]);
  });
});

Deno.test("a yes is for the session that was asked about: another place asks again", async () => {
  await withOperator(async ({ operator }) => {
    const task = stopping({ question: QUESTION, places: ["tmux:default", "podman"] });
    const asked: string[] = [];
    await operator.run(task, (question) => {
      asked.push(question);
      return Promise.resolve("y");
    });
    equal(asked.length, 2);
    deepEqual(task.did, ["plan", "plan", "plan", "apply"]);
  });
});

Deno.test("a no on the terminal aborts, and touches nothing", async () => {
  await withOperator(async ({ store, operator }) => {
    const task = stopping({ question: QUESTION });
    await rejects(operator.run(task, answer("n")), {
      code: "input_required",
      hint: "say yes: kstops stop astro --yes",
    });
    deepEqual(task.did, ["plan"]);
    const [operation] = store.list();
    equal(operation?.state, "aborted");
    deepEqual(operation?.result, { code: "declined", reason: "the answer was no" });
  });
});

Deno.test("what cannot be planned again says so when it waits, and when it is resumed", async () => {
  await withOperator(async ({ store, operator }) => {
    const task = {
      ...stopping({ question: QUESTION }),
      notResumable: "its flags are not recorded",
    };
    const error = await operator.run(task, null).catch((error) => error);
    ok(error instanceof InputRequiredError);
    equal(error.hint, "say yes: kstops stop astro --yes");
    const id = String(error.details["operation_id"]);
    await rejects(operator.resume(id, task, null), {
      code: "operation_not_found",
      message: `Cannot resume "${id}": its flags are not recorded`,
    });
    deepEqual(task.did, ["plan"]);
    cancelWaiting(store, id, { code: "cancelled", reason: "by hand" });
    equal(store.get(id)?.state, "aborted");
  });
});

for (const [who, ask] of [["a script", null], ["a terminal at its end", answer(null)]] as const) {
  Deno.test(`${who} leaves the operation waiting, and a later yes plans afresh and goes on`, async () => {
    await withOperator(async ({ world, store, operator }) => {
      const task = stopping({ question: QUESTION });
      const error = await operator.run(task, ask).catch((error) => error);
      ok(error instanceof InputRequiredError);
      const id = String(error.details["operation_id"]);
      const waiting = store.get(id);
      equal(waiting?.state, "input_required");
      deepEqual(waiting?.pendingInput, {
        question: `Stop "astro"? it is protected [y/N]`,
        reason: "it is protected",
        place: "tmux:default",
        not_resumable: null,
      });
      world.advance(3_600_000);
      await store.collectGarbage();
      const again = stopping({ question: QUESTION });
      const { result } = await operator.resume(id, again, null);
      equal(result, "stopped");
      deepEqual(again.did, ["plan", "apply"]);
      await rejects(operator.resume(id, again, null), {
        code: "operation_not_found",
        message: `Cannot resume "${id}": it does not wait for an answer, it is done`,
      });
    });
  });
}

Deno.test("a terminal that hangs up at the question leaves it to the clean-up", async () => {
  await withOperator(async ({ world, store, operator }) => {
    const task = stopping({ question: QUESTION });
    await rejects(operator.run(task, () => Promise.reject(new InterruptedError("SIGHUP"))));
    const [operation] = store.list();
    equal(operation?.state, "input_required");
    world.advance(3_600_000);
    deepEqual(await store.abandoned(), []);
    deepEqual((await store.collectGarbage()).abandoned, []);
    world.advance(1);
    // Who only looks changes nothing.
    deepEqual(await store.abandoned(), [operation]);
    deepEqual((await store.collectGarbage()).abandoned, [operation?.id]);
    deepEqual(await store.abandoned(), []);
    deepEqual(store.list()[0]?.result, {
      code: "session_abandoned",
      reason: "no client heartbeat for >1h",
    });
    deepEqual(task.did, ["plan"]);
  });
});

Deno.test("Ctrl-C at the question aborts", async () => {
  await withOperator(async ({ store, operator }) => {
    const task = stopping({ question: QUESTION });
    await rejects(operator.run(task, () => Promise.reject(new InterruptedError("SIGINT"))));
    equal(store.list()[0]?.state, "aborted");
  });
});

Deno.test("who waits at a question beats, and loses the session to who does not wait", async () => {
  await withOperator(async ({ world, store, operator }) => {
    const patient = stopping({ question: QUESTION });
    const quick = stopping();
    const done = operator.run(patient, async () => {
      world.advance(4_000_000);
      deepEqual((await store.collectGarbage()).abandoned, []);
      await operator.run(quick, null);
      return "y";
    });
    await rejects(done, {
      code: "operation_abandoned",
      message: `Cannot stop "astro": another kstops has ended the operation ` +
        `(aborted, superseded), and nothing was touched`,
    });
    deepEqual([patient.did, quick.did], [["plan"], ["plan", "apply"]]);
  });
});

Deno.test("a change that was made is reported, also where its record was taken away", async () => {
  await withOperator(async ({ store, operator, warnings }) => {
    const task = stopping({
      apply: () => {
        const [operation] = store.list();
        store.transition(operation?.id ?? "", "failed", { code: "operation_abandoned" });
        return Promise.resolve("stopped");
      },
    });
    equal((await operator.run(task, null)).result, "stopped");
    equal(warnings.length, 1);
    match(warnings[0] ?? "", /^Another kstops has ended the record of it: operation 0000/);
    equal(store.list()[0]?.state, "failed");
  });
});

Deno.test("only what waits can be cancelled", async () => {
  await withOperator(async ({ store, operator }) => {
    const outcome = { code: "cancelled", reason: "by kstops operations cancel" } as const;
    await operator.run(stopping({ question: QUESTION }), null).catch(() => {});
    const id = store.list()[0]?.id ?? "";
    equal(cancelWaiting(store, id, outcome).state, "aborted");
    deepEqual(store.get(id)?.result, outcome);
    await rejects(async () => await Promise.resolve(cancelWaiting(store, id, outcome)), {
      code: "operation_not_found",
      message: `Cannot cancel "${id}": it does not wait for an answer, it is aborted`,
    });
  });
});

Deno.test("the actor is who the environment says", async () => {
  const spec: FakeWorldSpec = {
    env: { USER: "root", SUDO_USER: "ada", SSH_CONNECTION: "203.0.113.5 50022 10.0.0.1 22" },
    uid: 0,
    terminal: { stdin: true, device: "/dev/pts/3" },
  };
  await withFakeWorld(spec, (world) => {
    deepEqual(actorOf(world, "1.2.3"), {
      user: "root",
      uid: 0,
      sudoUser: "ada",
      sshClient: "203.0.113.5",
      tty: "/dev/pts/3",
      version: "1.2.3",
    });
  });
  await withFakeWorld({ env: { LOGNAME: "ada" }, terminal: { device: "/dev/null" } }, (world) => {
    deepEqual(actorOf(world, "1.2.3"), {
      user: "ada",
      uid: 1000,
      sudoUser: null,
      sshClient: null,
      tty: null,
      version: "1.2.3",
    });
  });
});
