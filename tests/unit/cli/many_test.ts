import { deepEqual, equal } from "node:assert/strict";
import type { Context } from "../../../src/cli/command.ts";
import { type Each, forEach } from "../../../src/cli/many.ts";
import {
  BackendUnavailableError,
  InterruptedError,
  SessionNotFoundError,
} from "../../../src/errors.ts";
import { type SessionStatus, statusOf } from "../../../src/model.ts";
import type { Screen } from "../../../src/output/screen.ts";

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
  const context = {
    guarded: () => ({ context, release: () => released.push(1) }),
    sessions: () =>
      Promise.resolve({
        find: () =>
          found instanceof Error
            ? Promise.reject(found)
            : Promise.resolve({ kind: "defined", status: found, trouble: null }),
      }),
  } as unknown as Context;
  return { context, released };
}

const EACH: Each<string> = {
  work: (name) => name.startsWith("bad") ? Promise.reject(new Error(name)) : Promise.resolve(name),
  toJson: (result) => ({ result }),
  toText: (result) => `did ${result}`,
  isList: false,
  selection: {},
};

interface Expected {
  readonly data: unknown;
  readonly text: string;
  readonly failures: readonly string[];
}

const REPLIES: Record<string, readonly [readonly string[], Partial<Each<string>>, Expected]> = {
  "one that works": [["a"], {}, { data: { result: "a" }, text: "did a\n", failures: [] }],
  "one that fails": [["bad"], {}, { data: undefined, text: "", failures: ["bad"] }],
  "one of a list": [["a"], { isList: true }, {
    data: [{ result: "a" }],
    text: "did a\n",
    failures: [],
  }],
  "none": [[], { isList: true }, { data: [], text: "", failures: [] }],
  "some that fail, in the order of the names": [["bad1", "b", "bad2", "a"], {}, {
    data: [{ result: "b" }, { result: "a" }],
    text: "did b\ndid a\n",
    failures: ["bad1", "bad2"],
  }],
  "all of which fail": [["bad1", "bad2"], {}, {
    data: undefined,
    text: "",
    failures: ["bad1", "bad2"],
  }],
  "those that are to be quiet": [["a", "bad"], { toText: null }, {
    data: [{ result: "a" }],
    text: "",
    failures: ["bad"],
  }],
};

for (const [what, [names, each, expected]] of Object.entries(REPLIES)) {
  Deno.test(`forEach() reports ${what}`, async () => {
    const { context, released } = contextOf();
    const reply = await forEach(context, names, { ...EACH, ...each });
    deepEqual(reply.data, expected.data);
    equal(await reply.text!(SCREEN), expected.text);
    deepEqual(reply.failures?.map((failure) => (failure as Error).message), expected.failures);
    deepEqual(released, [1]);
  });
}

Deno.test("forEach() works on all names side by side, and answers in their order", async () => {
  const begun: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const work = async (name: string): Promise<string> => {
    begun.push(name);
    if (begun.length === 2) waiting.resolve();
    if (name === "a") await waiting.promise;
    return name;
  };
  const reply = await forEach(contextOf().context, ["a", "b"], { ...EACH, work });
  deepEqual(begun, ["a", "b"]);
  deepEqual(reply.data, [{ result: "a" }, { result: "b" }]);
});

Deno.test("forEach() reports also what is thrown at once", async () => {
  const work = (): never => {
    throw new Error("at once");
  };
  const reply = await forEach(contextOf().context, ["a"], { ...EACH, work });
  deepEqual(reply.failures?.map((failure) => (failure as Error).message), ["at once"]);
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
    const work = () => Promise.reject(new InterruptedError("SIGINT"));
    const reply = await forEach(contextOf(found).context, ["a"], { ...EACH, work });
    deepEqual(reply.failures?.map((failure) => (failure as Error).message), [message]);
  });
}
