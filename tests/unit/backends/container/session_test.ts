import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Session, StopOptions } from "../../../../src/backends/backend.ts";
import { containerRunner } from "../../../../src/backends/container/runner.ts";
import { logStore } from "../../../../src/logs/store.ts";
import type { SessionStatus } from "../../../../src/model.ts";
import { ExecTimeoutError } from "../../../../src/world/world.ts";
import {
  type ExpectedCall,
  type FakeWorld,
  type FakeWorldSpec,
  withFakeWorld,
} from "../../../support/fake_world.ts";
import { failure } from "../../../support/failure.ts";
import {
  dialled,
  idOf,
  inspectAnswer,
  type Inspected,
  labelsOf,
  podmanListAnswer,
} from "./containers.ts";
import { ONLY_DOCKER, ONLY_PODMAN } from "./machine.ts";

const ID = idOf("a");
const FINISHED = "2026-01-02T03:04:06Z";
const ENDED: Inspected = { status: "exited", exitCode: 3, finished: FINISHED };
const KILLED: Inspected = { status: "exited", exitCode: 137, finished: FINISHED };
const FOREIGN: Inspected = { labels: null };

const AS_DEFINED: StopOptions = { timeoutSeconds: null, force: false };

const docker = (...args: readonly (string | RegExp)[]) => ["docker", ...args];
const look = (...containers: readonly Inspected[]): ExpectedCall => ({
  argv: docker("container", "inspect", "--", ID),
  ...(containers.length > 0
    ? { stdout: inspectAnswer(...containers) }
    : { code: 1, stdout: "[]\n", stderr: `Error: No such container: ${ID}\n` }),
});
const stopping = (seconds = 10, more: Partial<ExpectedCall> = {}): ExpectedCall => ({
  argv: docker("stop", "-t", String(seconds), "--", ID),
  ...more,
});
const logs = (more: Partial<ExpectedCall> = {}): ExpectedCall => ({
  argv: docker("logs", "--", ID),
  ...more,
});
/** What it printed, to be kept: docker may have much more than that. */
const saved = (more: Partial<ExpectedCall> = {}): ExpectedCall => ({
  argv: docker("logs", "--tail", /^\d+$/, "--", ID),
  ...more,
});
const REMOVE: ExpectedCall = { argv: docker("rm", "--", ID) };
const NO_LOG = {
  code: 1,
  stderr: "Error response from daemon: configured logging driver does not support reading\n",
};

interface AtWork {
  readonly session: Session;
  readonly world: FakeWorld;
  readonly warnings: readonly string[];
  /** The one session, asked for anew. */
  readonly again: () => Promise<SessionStatus>;
}

/** Finds the one container on docker, and works on it with exactly these calls. */
async function within(
  { seen = {}, calls, machine = ONLY_DOCKER, found }: {
    seen?: Inspected;
    calls: readonly ExpectedCall[];
    machine?: FakeWorldSpec;
    /** How it is found; by docker unless told. */
    found?: readonly ExpectedCall[];
  },
  body: (t: AtWork) => Promise<void>,
): Promise<void> {
  const find = found ?? listed(seen);
  await withFakeWorld({ ...machine, calls: [...find, ...calls] }, async (world) => {
    const warnings: string[] = [];
    const store = logStore(world, (warning) => {
      warnings.push(warning);
    });
    const runner = containerRunner(world, { logs: store });
    const only = async (): Promise<Session> => {
      const sessions = (await runner.survey({})).flatMap((survey) => survey.sessions);
      const [session] = sessions;
      ok(session && sessions.length === 1);
      return session;
    };
    await body({
      session: await only(),
      world,
      warnings,
      again: async () => (await only()).status,
    });
  });
}

function listed(container: Inspected): ExpectedCall[] {
  return [dialled({ ...container, id: ID })];
}

const DIRECTORY = "/home/user/.local/state/kstops/logs/astro";

async function keptText(world: FakeWorld): Promise<string> {
  const [file] = (await world.files.list(DIRECTORY)).filter((name) => name.endsWith(".log"));
  return await world.files.readText(`${DIRECTORY}/${file}`);
}

// --- stop ----------------------------------------------------------------------------------------

Deno.test("a stop asks, looks, keeps the output, and removes what kstops made", () =>
  within({
    calls: [look({}), stopping(), look(KILLED), saved({ stdout: "one\r\ntwo\r\n" }), REMOVE],
  }, async ({ session, world }) => {
    const status = await session.stop(AS_DEFINED);
    deepEqual(
      [status.state, status.pid, status.exitCode, status.signal],
      ["stopped", null, 137, "SIGKILL"],
    );
    equal(await keptText(world), "one\r\ntwo\r\n");
  }));

const UPDATE: ExpectedCall = { argv: docker("update", "--restart", "no", ID) };
const LOOPS: Inspected = { policy: "always", restarts: 4 };
const WAITS: Inspected = { ...LOOPS, status: "restarting", exitCode: 3, finished: FINISHED };
const DOWN: Inspected = { ...ENDED, policy: "no" };

Deno.test("a stop takes the restart policy first, and then ends and removes it", () =>
  within({
    seen: WAITS,
    calls: [look(WAITS), UPDATE, stopping(), look(DOWN), saved({ stdout: "3\n" }), REMOVE],
  }, async ({ session }) => {
    const { state, exitCode } = await session.stop(AS_DEFINED);
    deepEqual([state, exitCode], ["stopped", 3]);
  }));

Deno.test("a stop that keeps takes the restart policy, too", () =>
  within({
    seen: LOOPS,
    calls: [look(LOOPS), UPDATE, stopping(), look(DOWN), saved({ stdout: "3\n" })],
  }, async ({ session }) => {
    equal((await session.stop({ ...AS_DEFINED, keep: true })).state, "stopped");
  }));

Deno.test("a foreign container keeps its restart policy", () =>
  within({
    seen: { ...LOOPS, ...FOREIGN },
    calls: [look({ ...LOOPS, ...FOREIGN }), stopping(), look({ ...ENDED, ...FOREIGN })],
  }, async ({ session }) => {
    equal((await session.stop(AS_DEFINED)).state, "stopped");
  }));

Deno.test("where the policy cannot be taken, it is stopped until it is gone, by force at last", () => {
  /** It ended, and the policy has yet to start it again (podman 4). */
  const between: Inspected = { ...LOOPS, status: "stopped", exitCode: 3, finished: FINISHED };
  const refused: ExpectedCall = { ...REMOVE, code: 2, stderr: "Error: container is running\n" };
  const again = [stopping(), look(between), saved({ stdout: "3\n" }), look(between), refused];
  return within({
    seen: LOOPS,
    calls: [
      ...[look(LOOPS), { ...UPDATE, code: 125, stderr: "Error: unknown flag: --restart\n" }],
      ...Array.from({ length: 4 }, () => [...again, look(LOOPS), look(LOOPS)]).flat(),
      ...[stopping(), look(between), saved({ stdout: "3\n" })],
      { argv: docker("rm", "--force", "--", ID) },
    ],
  }, async ({ session }) => {
    equal((await session.stop(AS_DEFINED)).state, "stopped");
  });
});

Deno.test("output of another execution than the one whose end is told is not kept with it", () => {
  const first: Inspected = { ...LOOPS, ...ENDED };
  const second: Inspected = { ...first, started: "2026-01-02T03:05:00Z", exitCode: 4 };
  return within({
    seen: first,
    calls: [
      ...[look(first), { ...UPDATE, code: 125, stderr: "Error: unknown flag: --restart\n" }],
      ...[saved({ stdout: "3\n4\n" }), look(second), look(second)],
      ...[saved({ stdout: "3\n4\n" }), look(second), REMOVE],
    ],
  }, async ({ session }) => {
    deepEqual((await session.stop(AS_DEFINED)).exitCode, 4);
  });
});

const TIMES: Record<string, { seen?: Inspected; options: StopOptions; seconds: number }> = {
  "its definition": {
    seen: { labels: labelsOf("astro", { record: { stop_timeout: 3 } }) },
    options: AS_DEFINED,
    seconds: 3,
  },
  "the caller": { options: { timeoutSeconds: 7, force: false }, seconds: 7 },
};
for (const [whose, { seen = {}, options, seconds }] of Object.entries(TIMES)) {
  Deno.test(`a stop waits as long as ${whose} says`, () =>
    within(
      { seen, calls: [look(seen), stopping(seconds), look(KILLED), saved(), REMOVE] },
      async ({ session }) => equal((await session.stop(options)).state, "stopped"),
    ));
}

for (const [what, seen] of [["runs", {}], ["is paused", { status: "paused", pid: 77 }]] as const) {
  Deno.test(`by force docker kills what ${what}, and asks nobody before`, () => {
    const kill = { argv: docker("kill", "--signal", "KILL", "--", ID) };
    const calls = [look(seen), kill, stopping(0), look(KILLED), saved(), REMOVE];
    return within({ seen, calls }, async ({ session }) => {
      const { state, signal } = await session.stop({ timeoutSeconds: 7, force: true });
      deepEqual([state, signal], ["stopped", "SIGKILL"]);
    });
  });
}

Deno.test("by force podman's stop asks nobody", () => {
  return within({
    machine: ONLY_PODMAN,
    found: [{ argv: ALL_OF_PODMAN, stdout: podmanListAnswer({}) }],
    calls: [
      podmanLook({}),
      { argv: ["podman", "stop", "-t", "0", "--", ID] },
      podmanLook(KILLED),
      { argv: ["podman", "logs", "--", ID] },
      { argv: ["podman", "rm", "--", ID] },
    ],
  }, async ({ session }) => {
    equal((await session.stop({ timeoutSeconds: 7, force: true })).signal, "SIGKILL");
  });
});

Deno.test("a stop that podman's restart policy gets in the way of is tried again", () => {
  const stop: ExpectedCall = { argv: ["podman", "stop", "-t", "10", "--", ID] };
  const improper = "Error: container a0 is running or paused: container state improper\n";
  return within({
    machine: ONLY_PODMAN,
    found: [{ argv: ALL_OF_PODMAN, stdout: podmanListAnswer({}) }],
    calls: [
      podmanLook({}),
      { ...stop, code: 125, stderr: improper },
      podmanLook({}),
      stop,
      podmanLook({}),
      stop,
      podmanLook(KILLED),
      { argv: ["podman", "logs", "--", ID] },
      { argv: ["podman", "rm", "--", ID] },
    ],
  }, async ({ session }) => {
    equal((await session.stop(AS_DEFINED)).state, "stopped");
  });
});

Deno.test("what others made is stopped, and stays", () =>
  within({
    seen: FOREIGN,
    calls: [look(FOREIGN), stopping(), look({ ...FOREIGN, ...KILLED })],
  }, async ({ session }) => equal((await session.stop(AS_DEFINED)).exitCode, 137)));

Deno.test("what is kept stays, and says later that it was stopped", () =>
  within({
    calls: [look({}), stopping(), look(KILLED), saved(), ...listed(KILLED)],
  }, async ({ session, again }) => {
    await session.stop({ ...AS_DEFINED, keep: true });
    deepEqual(await again().then(({ state, exitCode }) => [state, exitCode]), ["stopped", 137]);
  }));

Deno.test("what had ended by itself, and is kept, has ended by itself", () =>
  within(
    { seen: ENDED, calls: [look(ENDED), saved(), ...listed(ENDED)] },
    async ({ session, again }) => {
      await session.stop({ ...AS_DEFINED, keep: true });
      deepEqual(await again().then(({ state, exitCode }) => [state, exitCode]), ["exited", 3]);
    },
  ));

Deno.test("what has ended is removed, with its exit code said", () =>
  within({ seen: ENDED, calls: [look(ENDED), saved(), REMOVE] }, async ({ session }) => {
    const status = await session.stop(AS_DEFINED);
    deepEqual([status.state, status.exitCode], ["stopped", 3]);
  }));

Deno.test("what somebody else removed meanwhile is stopped", () =>
  within({ calls: [look()] }, async ({ session }) => {
    equal((await session.stop(AS_DEFINED)).state, "stopped");
  }));

Deno.test("what is paused goes on for its end", () => {
  const paused: Inspected = { status: "paused", pid: 77 };
  const unpause = { argv: docker("unpause", "--", ID) };
  const calls = [look(paused), unpause, stopping(), look(KILLED), saved(), REMOVE];
  return within({ seen: paused, calls }, async ({ session }) => {
    equal((await session.stop(AS_DEFINED)).state, "stopped");
  });
});

Deno.test("what still runs is named by its pid, with what the runtime says", () =>
  within({
    calls: [
      look({}),
      stopping(10, { code: 1, stderr: "Error response from daemon: cannot kill it\n" }),
      look({}),
    ],
  }, async ({ session }) => {
    const error = await failure(session.stop(AS_DEFINED));
    equal(error.code, "stop_failed");
    equal(error.message, 'Cannot stop "astro": cannot kill it (docker, pid 77)');
    deepEqual(error.details, { pids: [77] });
  }));

Deno.test("an output that nobody can read does not keep a session in its runtime", () =>
  within(
    { calls: [look({}), stopping(), look(KILLED), saved(NO_LOG), REMOVE] },
    async ({ session, world, warnings }) => {
      equal((await session.stop(AS_DEFINED)).state, "stopped");
      equal(warnings.length, 1);
      match(
        warnings.join(),
        /not kept: Cannot read what "astro" printed: configured logging driver does not/,
      );
      deepEqual(await world.files.list(DIRECTORY), ["runs.ndjson"]);
    },
  ));

Deno.test("a runtime that does not answer for the output removes nothing", () =>
  within({
    calls: [
      look({}),
      stopping(),
      look(KILLED),
      saved({ fails: new ExecTimeoutError("docker", 5000) }),
    ],
  }, async ({ session }) => {
    equal((await failure(session.stop(AS_DEFINED))).code, "backend_unavailable");
  }));

// --- podman whose conmon was killed --------------------------------------------------------------

const podmanLook = (container: Inspected): ExpectedCall => ({
  argv: ["podman", "container", "inspect", "--", ID],
  stdout: inspectAnswer(container),
});
const WAITS_FOR_EVER: Inspected = { status: "stopping", pid: 77 };
const PODMAN_STOP: ExpectedCall = { argv: ["podman", "stop", "-t", "10", "--", ID] };

type Machine = Pick<FakeWorldSpec, "processes" | "operatingSystem" | "env" | "files">;

async function stopForgotten(
  calls: readonly ExpectedCall[],
  spec: Machine,
): Promise<SessionStatus> {
  const statuses: SessionStatus[] = [];
  const list = ["podman", "ps", "--all", "--no-trunc", "--format", "json"];
  await within({
    machine: {
      ...spec,
      env: { ...ONLY_PODMAN.env, ...spec.env },
      files: { ...ONLY_PODMAN.files, ...spec.files },
    },
    found: [{ argv: list, stdout: podmanListAnswer({}) }, podmanLook({})],
    calls: [PODMAN_STOP, ...calls],
  }, async ({ session }) => {
    statuses.push(await session.stop(AS_DEFINED));
  });
  const [status] = statuses;
  ok(status);
  return status;
}

const HAS_GIVEN_UP: Inspected = { status: "stopped", pid: 77, exitCode: -1, finished: FINISHED };

for (
  const [what, seen] of [["goes on waiting", WAITS_FOR_EVER], [
    "has given up",
    HAS_GIVEN_UP,
  ]] as const
) {
  Deno.test(`a program that podman ${what} for, and that is gone, is stopped`, async () => {
    const status = await stopForgotten([
      podmanLook(seen),
      { argv: ["podman", "logs", "--", ID], stdout: "last words\n" },
      { argv: ["podman", "rm", "--", ID] },
    ], { processes: [] });
    deepEqual([status.state, status.pid, status.exitCode], ["stopped", null, null]);
  });
}

Deno.test("a program that has ended, and that nobody asked how, is stopped", async () => {
  const status = await stopForgotten([
    podmanLook(WAITS_FOR_EVER),
    { argv: ["podman", "logs", "--", ID] },
    { argv: ["podman", "rm", "--", ID] },
  ], { processes: [77], files: { "/proc/77/stat": "77 (a) S b) Z 1 77 77 0 -1\n" } });
  equal(status.state, "stopped");
});

const NOT_GONE: Record<string, Machine> = {
  "is alive": { processes: [77], files: { "/proc/77/stat": "77 (a) Z b) S 1 77 77 0 -1\n" } },
  "is in a virtual machine": { processes: [], operatingSystem: "darwin" },
  "is on another machine": { processes: [], env: { CONTAINER_HOST: "ssh://server" } },
};
for (const [why, spec] of Object.entries(NOT_GONE)) {
  Deno.test(`a program that podman goes on waiting for, and that ${why}, is not stopped`, async () => {
    const rounds = Array.from({ length: 9 }, () => [podmanLook(WAITS_FOR_EVER), PODMAN_STOP]);
    const work = stopForgotten([...rounds.flat(), podmanLook(WAITS_FOR_EVER)], spec);
    const error = await failure(work);
    equal(error.message, 'Cannot stop "astro": it is still running (podman, pid 77)');
  });
}

// --- logs ----------------------------------------------------------------------------------------

Deno.test("logs that nobody can read are said to be so, and the runtime is not blamed", () =>
  within({ calls: [logs(NO_LOG)] }, async ({ session }) => {
    const error = await failure(session.logs({ lines: Infinity }));
    equal(
      error.message,
      'Cannot read what "astro" printed: configured logging driver does not support reading',
    );
    match(error.hint ?? "", /--log-driver/);
  }));

const ALL_OF_PODMAN = ["podman", "ps", "--all", "--no-trunc", "--format", "json"];
const GONE = { code: 1, stderr: `Error: No such container: ${ID}\n` };
const REMOVED: Record<string, Parameters<typeof within>[0]> = {
  "before its log is read": { calls: [logs(GONE)] },
  "before podman is asked more about it": {
    machine: ONLY_PODMAN,
    found: [{ argv: ALL_OF_PODMAN, stdout: podmanListAnswer({}) }],
    calls: [{ argv: ["podman", "container", "inspect", "--", ID], stdout: "[]\n", ...GONE }],
  },
};

for (const [when, what] of Object.entries(REMOVED)) {
  Deno.test(`logs of what somebody removes ${when} are not empty, but not found`, () =>
    within(what, async ({ session }) => {
      equal((await failure(session.logs({ lines: Infinity }))).code, "session_not_found");
    }));
}

Deno.test("what somebody removes while its output is kept is stopped", () =>
  within({
    calls: [
      look({}),
      stopping(),
      look(KILLED),
      saved({ code: 1, stderr: `Error: No such container: ${ID}\n` }),
      { ...REMOVE, code: 1, stderr: `Error: No such container: ${ID}\n` },
      look(),
    ],
  }, async ({ session, warnings }) => {
    equal((await session.stop(AS_DEFINED)).state, "stopped");
    deepEqual(warnings, []);
  }));

Deno.test("no lines are no question to the runtime's log", () =>
  within({ calls: [] }, async ({ session }) => {
    equal((await session.logs({ lines: 0 })).length, 0);
  }));

Deno.test("two streams are put together by time", () =>
  within({
    seen: { tty: false },
    calls: [{
      argv: docker("logs", "--timestamps", "--", ID),
      stdout: "2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:05.3Z three\n",
      stderr: "2026-01-02T03:04:05.2Z two\n",
    }],
  }, async ({ session }) => {
    const bytes = await session.logs({ lines: Infinity });
    equal(new TextDecoder().decode(bytes), "one\ntwo\nthree\n");
  }));

Deno.test("of two long streams, only the ends are put together", () => {
  const seen: Inspected = { tty: false };
  // Were it kept, its time would make it the last one.
  const first = "2099-01-01T00:00:00Z the first line\n";
  const filling = "2026-01-02T03:04:05.1Z a line\n".repeat(50_000);
  return within({
    machine: ONLY_PODMAN,
    found: [{ argv: ALL_OF_PODMAN, stdout: podmanListAnswer({}) }, podmanLook(seen)],
    calls: [{
      argv: ["podman", "logs", "--timestamps", "--", ID],
      stdout: `${first}${filling}2026-01-02T03:04:05.3Z three\n`,
      stderr: "2026-01-02T03:04:05.2Z two\n",
    }],
  }, async ({ session }) => {
    const bytes = await session.logs({ lines: 2 });
    equal(new TextDecoder().decode(bytes), "two\nthree\n");
  });
});
