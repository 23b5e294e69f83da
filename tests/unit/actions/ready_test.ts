import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { untilReady } from "../../../src/actions/ready.ts";
import type { Tools } from "../../../src/actions/tools.ts";
import type { Session } from "../../../src/backends/backend.ts";
import { OpsError, SessionNotFoundError } from "../../../src/errors.ts";
import { type SessionStatus, statusOf } from "../../../src/model.ts";
import type { Match } from "../../../src/sessions/sessions.ts";
import { tmuxDefinition } from "../../support/definitions.ts";
import { type FakeWorld, type FakeWorldSpec, withFakeWorld } from "../../support/fake_world.ts";

type Ready = NonNullable<ReturnType<typeof tmuxDefinition>["ready"]>;

const NOTHING: Ready = {
  ...{ http: null, tcp: null, log: null, command: null, delaySeconds: null },
  ...{ intervalSeconds: 5, timeoutSeconds: 60 },
};
const STATUS = statusOf({ name: "astro", backend: "tmux", state: "running", pid: 7, restarts: 0 });
const BEGAN = new Date("2026-01-02T03:04:05.000Z");

interface Given extends FakeWorldSpec {
  readonly ready: Partial<Ready>;
  /** What is there so many seconds after the start; null: nothing. */
  readonly at?: (seconds: number) => Partial<Session> | null;
}

/** When it was ready, or why it was not, and after how many seconds. */
async function outcomeOf({ ready, at = () => ({}), ...spec }: Given): Promise<readonly unknown[]> {
  let outcome: readonly unknown[] = [];
  await withFakeWorld(spec, async (world) => {
    const seconds = () => (world.now().getTime() - BEGAN.getTime()) / 1000;
    const find = (): Promise<Match> => {
      const found = at(seconds());
      if (found === null) return Promise.reject(new SessionNotFoundError("wait for", "astro"));
      const session = { status: STATUS, run: "r1", ...NO_OUTPUT, ...found } as Session;
      return Promise.resolve({ kind: "session", session, status: session.status });
    };
    const tools = {
      ...{ world, warn: () => {}, sessions: () => ({ find }) },
      during: <T>(_: string, work: () => Promise<T>) => work(),
    } as unknown as Tools;
    const definition = tmuxDefinition();
    outcome = await untilReady(tools, { ...NOTHING, ...ready }, { definition, started: STATUS })
      .then((status) => [status.state, seconds()])
      .catch((error: unknown) => {
        if (!(error instanceof OpsError)) throw error;
        return [error.code, error.message.replace(/^Cannot .*": /, ""), seconds()];
      });
  });
  return outcome;
}

const NO_OUTPUT: Pick<Session, "logs" | "follow"> = {
  logs: () => Promise.resolve(new TextEncoder().encode("one\ntwo\n")),
  follow: async function* () {},
};

/** What answers from then on. */
function from(seconds: number, answer: number | null, before: number | string) {
  return (_: string, world: FakeWorld) =>
    world.now().getTime() - BEGAN.getTime() < seconds * 1000 ? before : answer;
}

/** Checks an outcome whose last part is a number of seconds. */
function within(
  outcome: readonly unknown[],
  what: readonly unknown[],
  [from, to]: [number, number],
) {
  const seconds = Number(outcome.at(-1));
  deepEqual(outcome.slice(0, -1), what);
  ok(seconds >= from && seconds <= to, `${seconds} is not within ${from} and ${to}`);
}

Deno.test("what does not answer is asked again, soon at first, then that often", async () => {
  const http = "http://localhost/";
  within(await outcomeOf({ ready: { http }, answers: from(12, 200, 503) }), ["running"], [12, 17]);
  const tcp = "127.0.0.1:80";
  within(await outcomeOf({ ready: { tcp }, answers: from(1, null, "no") }), ["running"], [1, 1.6]);
  let asked = 0;
  const probe = () => Promise.resolve(asked++ === 0 ? "no" : null);
  const command = await outcomeOf({ ready: { command: ["check"] }, at: () => ({ probe }) });
  deepEqual(command, ["running", 5]);
});

for (const status of [200, 204, 302, 399]) {
  Deno.test(`an answer ${status} is a yes`, async () => {
    const found = await outcomeOf({ ready: { http: "http://[::1]/" }, answers: () => status });
    deepEqual(found, ["running", 0]);
  });
}
for (const status of [199, 400, 500]) {
  Deno.test(`an answer ${status} is none, and told when the time is up`, async () => {
    const ready = { http: "http://[::1]/", timeoutSeconds: 7 };
    deepEqual(await outcomeOf({ ready, answers: () => status }), [
      "wait_timeout",
      `it was not ready within 7 s: http://[::1]/: the answer is ${status}`,
      7,
    ]);
  });
}

Deno.test("a delay is over when it is, whatever the timeout", async () => {
  const ready = { delaySeconds: 70, timeoutSeconds: 1 };
  deepEqual(await outcomeOf({ ready }), ["running", 70]);
});

const exited = (more: Partial<SessionStatus>) => ({
  status: { ...STATUS, state: "exited", pid: null, ...more } as SessionStatus,
});

Deno.test("a program that ends before has not started, however long its interval is", async () => {
  const ready = { tcp: "127.0.0.1:1", intervalSeconds: 50 };
  const answers = () => "no";
  const endedBy = async (end: Parameters<typeof exited>[0]) =>
    await outcomeOf({ ready, answers, at: (now) => now < 3.5 ? {} : exited(end) });
  within(await endedBy({ exitCode: 3 }), [
    ...["start_failed", "it ended before it was ready, exit code 3"],
  ], [3.5, 5]);
  within(await endedBy({ signal: "SIGKILL" }), [
    ...["start_failed", "it ended before it was ready, ended by SIGKILL"],
  ], [3.5, 5]);
});

Deno.test("another program that answers does not make it ready", async () => {
  const ready = { tcp: "127.0.0.1:1" };
  let asked = 0;
  const at = () => asked++ === 0 ? {} : exited({ exitCode: 0 });
  deepEqual(await outcomeOf({ ready, answers: () => null, at }), [
    ...["start_failed", "it ended before it was ready, exit code 0", 0],
  ]);
});

Deno.test("one that is stopped or replaced meanwhile is not waited for", async () => {
  const ready = { tcp: "127.0.0.1:1" };
  const answers = () => "no";
  within(await outcomeOf({ ready, answers, at: (now) => now < 2 ? {} : null }), [
    ...["start_failed", "it was stopped before it was ready"],
  ], [2, 3.5]);
  within(await outcomeOf({ ready, answers, at: (now) => ({ run: now < 2 ? "r1" : "r2" }) }), [
    ...["start_failed", "it was started again before it was ready"],
  ], [2, 3.5]);
});

Deno.test("a line that was printed in pieces, in colours, and has not ended, is seen", async () => {
  const follow = async function* () {
    for (const text of ["first\nno", "w \x1b[3", "2mopen\x1b[0m", "> "]) {
      yield await Promise.resolve(new TextEncoder().encode(text));
    }
  };
  const found = await outcomeOf({ ready: { log: "^now open>" }, at: () => ({ follow }) });
  equal(found[0], "running");
});

Deno.test("output that says nothing of the kind is told when the time is up", async () => {
  const follow = async function* () {
    yield await Promise.resolve(new TextEncoder().encode("open now\n"));
  };
  const ready = { log: "^now", timeoutSeconds: 2 };
  deepEqual(await outcomeOf({ ready, at: () => ({ follow }) }), [
    ...["wait_timeout", "it was not ready within 2 s: nothing that it printed fits ^now", 2],
  ]);
});

Deno.test("output that cannot be read is an error, and not waited for", async () => {
  // deno-lint-ignore require-yield
  const follow = async function* (): AsyncGenerator<Uint8Array, void> {
    await Promise.resolve();
    throw new TypeError("no such output");
  };
  await rejects(outcomeOf({ ready: { log: "a" }, at: () => ({ follow }) }), /no such output/);
});

Deno.test("where nobody can run a command, a session is not ready", async () => {
  const found = await outcomeOf({ ready: { command: ["true"], timeoutSeconds: 2 } });
  equal(found[0], "wait_timeout");
});

Deno.test("a command is asked with what the session was started from, and for a while", async () => {
  const asked: unknown[] = [];
  const probe: Session["probe"] = (argv, { definition, timeoutMs }) => {
    asked.push(argv, definition.name, timeoutMs);
    return Promise.resolve(asked.length > 3 ? null : "not yet");
  };
  const ready = { command: ["check", "-q"], timeoutSeconds: 12 };
  deepEqual(await outcomeOf({ ready, at: () => ({ probe }) }), ["running", 5]);
  deepEqual(asked, [["check", "-q"], "astro", 10_000, ["check", "-q"], "astro", 7000]);
});
