import { deepEqual, equal } from "node:assert/strict";
import { changeEach, type ChangeTask, type Each } from "../../../src/actions/each.ts";
import type { Started } from "../../../src/actions/start.ts";
import type { ChangeTools, During } from "../../../src/actions/tools.ts";
import { replyOf, type Shown } from "../../../src/cli/changed.ts";
import {
  BackendUnavailableError,
  InputRequiredError,
  InterruptedError,
  SessionExistsError,
  SessionNotFoundError,
} from "../../../src/errors.ts";
import { type SessionStatus, statusOf } from "../../../src/model.ts";
import type { Screen } from "../../../src/output/screen.ts";
import { OperationStore } from "../../../src/operations/store.ts";
import type { Match, Sessions } from "../../../src/sessions/sessions.ts";
import { denoWorld } from "../../../src/world/deno.ts";
import { foundOneByOne } from "../../support/found.ts";
import { memoryRecording } from "../../support/recording.ts";

const SCREEN: Screen = {
  terminal: false,
  columns: 80,
  colour: false,
  unicode: true,
  now: new Date(0),
};

/** Tools in whose world a signal has left the sessions like this. */
function toolsWith(
  found?: SessionStatus | Error,
): ChangeTools & { readonly store: OperationStore } {
  const store = OperationStore.inMemory(denoWorld());
  const find = (): Promise<Match> => {
    if (found instanceof Error) return Promise.reject(found);
    return Promise.resolve({ kind: "defined", status: found ?? status({}), trouble: null });
  };
  const sessions = () => ({ findEach: foundOneByOne(find) });
  const { operator } = memoryRecording(denoWorld(), store);
  const caller = { ask: null };
  const during: During = (_label, work) => work();
  const world = denoWorld();
  return { world, store, operator, caller, during, sessions, sessionsAfter: sessions } as unknown as
    & ChangeTools
    & { readonly store: OperationStore };
}

/** A change that fails where the name is a bad one. */
function changing(name: string): Promise<Started> {
  if (name.startsWith("bad")) return Promise.reject(new Error(name));
  return Promise.resolve({ kind: "started", status: status({ name }) });
}

function taskOf(
  name: string,
  apply: (name: string) => Promise<Started> = changing,
): ChangeTask<Started> {
  return {
    kind: "start",
    session: name,
    request: null,
    plan: () =>
      Promise.resolve({ place: "tmux:default", question: null, apply: () => apply(name) }),
  };
}

const EACH: Each<Started> = { verb: "start", task: (name) => taskOf(name), selection: {} };

interface Expected {
  /** Names in the JSON; a list where it is one. */
  readonly data: unknown;
  readonly text: string;
  readonly failures: readonly string[];
}

const REPLIES: Record<string, readonly [readonly string[], Partial<Shown>, Expected]> = {
  "one that works": [["a"], {}, { data: "a", text: "Started a (tmux)\n", failures: [] }],
  "one that fails": [["bad"], {}, { data: undefined, text: "", failures: ["bad"] }],
  "one of a list": [["a"], { isList: true }, {
    data: ["a"],
    text: "Started a (tmux)\n",
    failures: [],
  }],
  "none": [[], { isList: true }, { data: [], text: "", failures: [] }],
  "some that fail, in the order of the names": [["bad1", "b", "bad2", "a"], {}, {
    data: ["b", "a"],
    text: "Started b (tmux)\nStarted a (tmux)\n",
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
    const outcomes = await changeEach(toolsWith(), names, EACH);
    const reply = replyOf(outcomes, { isList: false, ...shown });
    deepEqual(namesIn(reply.data), expected.data);
    equal(await reply.text!(SCREEN), expected.text);
    deepEqual(reply.failures?.map((failure) => (failure as Error).message), expected.failures);
  });
}

Deno.test("several sessions are worked on side by side, and answered for in their order", async () => {
  const begun: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const apply = async (name: string): Promise<Started> => {
    begun.push(name);
    if (begun.length === 2) waiting.resolve();
    if (name === "a") await waiting.promise;
    return changing(name);
  };
  const task = (name: string) => taskOf(name, apply);
  const outcomes = await changeEach(toolsWith(), ["a", "b"], { ...EACH, task });
  deepEqual(begun, ["a", "b"]);
  deepEqual(namesIn(replyOf(outcomes, { isList: false }).data), ["a", "b"]);
});

Deno.test("each of several sessions is an operation of its own", async () => {
  const tools = toolsWith();
  const { store } = tools;
  const outcomes = await changeEach(tools, ["a", "bad"], EACH);
  deepEqual(store.list().map(({ session, state }) => [session, state]), [["bad", "failed"], [
    "a",
    "done",
  ]]);
  const parents = new Set(store.list().map(({ parentId }) => parentId));
  equal(parents.size, 1);
  equal(parents.has(null), false);
  await changeEach(tools, ["b"], EACH);
  equal(store.list({ session: "b" })[0]?.parentId, null);
  const [of] = replyOf(outcomes, { isList: true }).data as { operation_id: string }[];
  equal(of?.operation_id, store.list({ session: "a" })[0]?.id);
});

Deno.test("what is thrown at once is reported, too", async () => {
  const task = (): never => {
    throw new Error("at once");
  };
  const outcomes = await changeEach<Started>(toolsWith(), ["a"], { ...EACH, task });
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
    const tools = toolsWith(found);
    const task = (name: string) =>
      taskOf(name, () => Promise.reject(new InterruptedError("SIGINT")));
    const outcomes = await changeEach(tools, ["a"], { ...EACH, task });
    const { failures } = replyOf(outcomes, { isList: false });
    deepEqual(failures?.map((failure) => (failure as Error).message), [message]);
    // The record says no less.
    const [operation] = tools.store.list();
    equal(operation?.state, "aborted");
    equal((operation?.result as { message: string }).message, message);
  });
}

Deno.test("all names are found in one survey, and one that is planned again is looked for again", async () => {
  const asked: (readonly string[])[] = [];
  const find = (): Promise<Match> =>
    Promise.resolve({ kind: "defined", status: status({}), trouble: null });
  const sessions = () => ({
    find: (_verb: string, name: string) => {
      asked.push([name]);
      return find();
    },
    findEach: (...given: Parameters<Sessions["findEach"]>) => {
      asked.push(given[1]);
      return foundOneByOne(find)(...given);
    },
  });
  const ask = () => Promise.resolve("yes");
  const tools = { ...toolsWith(), sessions, caller: { ask } } as unknown as ChangeTools;
  const outcomes = await changeEach<Started>(tools, ["a", "b"], {
    ...EACH,
    task: (name, look) => ({
      ...taskOf(name),
      plan: async () => {
        await look();
        const { place, apply } = await taskOf(name).plan();
        const text = "Really? ";
        const question = { text, reason: "why", command: "x", backend: "tmux" } as const;
        return { place, question: name === "b" ? question : null, apply };
      },
    }),
  });
  deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "fulfilled"]);
  deepEqual(asked, [["a", "b"], ["b"]]);
});

Deno.test("a summary of three or more sessions counts what became of them", async () => {
  const names = ["bad", "a", "there", "b", "asks"];
  const apply = (name: string): Promise<Started> => {
    if (name === "there") return Promise.reject(new SessionExistsError(name, "it is running"));
    if (name === "asks") {
      return Promise.reject(new InputRequiredError("start", name, { reason: "it is protected" }));
    }
    return changing(name);
  };
  const each = { ...EACH, task: (name: string) => taskOf(name, apply) };
  const outcomes = await changeEach(toolsWith(), names, each);
  equal(
    replyOf(outcomes, { isList: true }).summary,
    "2 started, 1 failed, 1 needs a yes, 1 was there already",
  );
  equal(replyOf(outcomes, { isList: true, quiet: true }).summary, undefined);
  equal(replyOf(outcomes.slice(0, 2), { isList: true }).summary, undefined);
});
