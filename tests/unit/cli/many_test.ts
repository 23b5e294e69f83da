import { deepEqual, equal } from "node:assert/strict";
import type { Context } from "../../../src/cli/command.ts";
import { type Changed, changeEach, type Each, replyOf, type Shown } from "../../../src/cli/many.ts";
import {
  BackendUnavailableError,
  InterruptedError,
  SessionNotFoundError,
} from "../../../src/errors.ts";
import { type SessionStatus, statusOf } from "../../../src/model.ts";
import type { Task } from "../../../src/operations/operate.ts";
import type { Screen } from "../../../src/output/screen.ts";
import { statusToWire } from "../../../src/output/wire.ts";
import { memoryRecording } from "../../support/recording.ts";

const SCREEN: Screen = {
  terminal: false,
  columns: 80,
  colour: false,
  unicode: true,
  now: new Date(0),
};

/** A context in which a signal has left the sessions like this; it counts its releases. */
function contextOf(found?: SessionStatus | Error) {
  const released: number[] = [];
  const recording = memoryRecording();
  const context = {
    world: { terminal: {} },
    recording: () => Promise.resolve(recording),
    guarded: () => ({ context, release: () => released.push(1) }),
    sessions: () => ({
      find: () =>
        found instanceof Error
          ? Promise.reject(found)
          : Promise.resolve({ kind: "defined", status: found, trouble: null }),
    }),
  } as unknown as Context;
  return { context, released };
}

/** A change that fails where the name is a bad one. */
function changing(name: string): Promise<Changed> {
  if (name.startsWith("bad")) return Promise.reject(new Error(name));
  return Promise.resolve({ status: status({ name }), text: `did ${name}` });
}

function taskOf(name: string, apply: (name: string) => Promise<Changed> = changing): Task<Changed> {
  return {
    kind: "stop",
    session: name,
    request: null,
    plan: () =>
      Promise.resolve({ place: "tmux:default", question: null, apply: () => apply(name) }),
    outcome: ({ status }) => statusToWire(status),
  };
}

const EACH: Each = { task: (name) => taskOf(name), selection: {} };

interface Expected {
  /** Names in the JSON; a list where it is one. */
  readonly data: unknown;
  readonly text: string;
  readonly failures: readonly string[];
}

const REPLIES: Record<string, readonly [readonly string[], Partial<Shown>, Expected]> = {
  "one that works": [["a"], {}, { data: "a", text: "did a\n", failures: [] }],
  "one that fails": [["bad"], {}, { data: undefined, text: "", failures: ["bad"] }],
  "one of a list": [["a"], { isList: true }, { data: ["a"], text: "did a\n", failures: [] }],
  "none": [[], { isList: true }, { data: [], text: "", failures: [] }],
  "some that fail, in the order of the names": [["bad1", "b", "bad2", "a"], {}, {
    data: ["b", "a"],
    text: "did b\ndid a\n",
    failures: ["bad1", "bad2"],
  }],
  "all of which fail": [["bad1", "bad2"], {}, {
    data: undefined,
    text: "",
    failures: ["bad1", "bad2"],
  }],
  "those that are to be quiet": [["a", "bad"], { quiet: true }, {
    data: ["a"],
    text: "",
    failures: ["bad"],
  }],
};

/** The names in a JSON document. */
function namesIn(data: unknown): unknown {
  return Array.isArray(data) ? data.map(namesIn) : (data as { name?: string } | undefined)?.name;
}

for (const [what, [names, shown, expected]] of Object.entries(REPLIES)) {
  Deno.test(`changes of several sessions: it is reported of ${what}`, async () => {
    const { context, released } = contextOf();
    const outcomes = await changeEach(context, names, EACH);
    const reply = replyOf(outcomes, { isList: false, ...shown });
    deepEqual(namesIn(reply.data), expected.data);
    equal(await reply.text!(SCREEN), expected.text);
    deepEqual(reply.failures?.map((failure) => (failure as Error).message), expected.failures);
    // What is left to do is to print the reply.
    deepEqual(released, []);
  });
}

Deno.test("several sessions are worked on side by side, and answered for in their order", async () => {
  const begun: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const apply = async (name: string): Promise<Changed> => {
    begun.push(name);
    if (begun.length === 2) waiting.resolve();
    if (name === "a") await waiting.promise;
    return changing(name);
  };
  const task = (name: string) => taskOf(name, apply);
  const outcomes = await changeEach(contextOf().context, ["a", "b"], { ...EACH, task });
  deepEqual(begun, ["a", "b"]);
  deepEqual(namesIn(replyOf(outcomes, { isList: false }).data), ["a", "b"]);
});

Deno.test("each of several sessions is an operation of its own", async () => {
  const { context } = contextOf();
  const outcomes = await changeEach(context, ["a", "bad"], EACH);
  const store = await (await context.recording()).store();
  deepEqual(store.list().map(({ session, state }) => [session, state]), [["bad", "failed"], [
    "a",
    "done",
  ]]);
  const [of] = replyOf(outcomes, { isList: true }).data as { operation_id: string }[];
  equal(of?.operation_id, store.list({ session: "a" })[0]?.id);
});

Deno.test("what is thrown at once is reported, too", async () => {
  const task = (): never => {
    throw new Error("at once");
  };
  const outcomes = await changeEach(contextOf().context, ["a"], { ...EACH, task });
  const { failures } = replyOf(outcomes, { isList: false });
  deepEqual(failures?.map((failure) => (failure as Error).message), ["at once"]);
});

function status(facts: Partial<SessionStatus>): SessionStatus {
  return statusOf({ name: "a", backend: "tmux", state: "running", ...facts });
}

const LEFT: Record<string, readonly [SessionStatus | Error, string]> = {
  "that runs": [status({ pid: 7 }), 'Interrupted by SIGINT: "a" is running (pid 7)'],
  "that runs with a pid that nobody knows": [status({}), 'Interrupted by SIGINT: "a" is running'],
  "that has ended": [
    status({ state: "exited", exitCode: 3 }),
    'Interrupted by SIGINT: "a" has ended, exit code 3',
  ],
  "that is only defined": [
    status({ state: "defined" }),
    'Interrupted by SIGINT: "a" is not running',
  ],
  "that is gone": [
    new SessionNotFoundError("show", "a"),
    'Interrupted by SIGINT: "a" is not running',
  ],
  "that nobody can ask for": [
    status({ state: "unknown", reason: "it is busy" }),
    'Interrupted by SIGINT: "a" is in an unknown state: it is busy',
  ],
  "where its engine is in trouble": [
    new BackendUnavailableError("Cannot ask tmux: busy", { reason: "busy" }),
    "Interrupted by SIGINT",
  ],
};

for (const [which, [found, message]] of Object.entries(LEFT)) {
  Deno.test(`an interruption says what became of a session ${which}`, async () => {
    const { context } = contextOf(found);
    const task = (name: string) =>
      taskOf(name, () => Promise.reject(new InterruptedError("SIGINT")));
    const outcomes = await changeEach(context, ["a"], { ...EACH, task });
    const { failures } = replyOf(outcomes, { isList: false });
    deepEqual(failures?.map((failure) => (failure as Error).message), [message]);
    // The record says no less.
    const [operation] = (await (await context.recording()).store()).list();
    equal(operation?.state, "aborted");
    equal((operation?.result as { message: string }).message, message);
  });
}
