import { type OperationState, statusOf } from "../../../../src/model.ts";
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { formatRequest, parseOptions, parseRequest } from "../../../../src/actions/request.ts";
import { RESTART_CODEC } from "../../../../src/actions/restart.ts";
import { STOP_CODEC } from "../../../../src/actions/stop.ts";
import type { ChangeTools } from "../../../../src/actions/tools.ts";
import { emptyConfig } from "../../../../src/config/config.ts";
import { defaultSettings } from "../../../../src/keys/file_keys.ts";
import type { Context, Reply } from "../../../../src/cli/command.ts";
import { listOperations } from "../../../../src/cli/commands/operations/list.ts";
import {
  cancelOperation,
  type ResumeFlags,
  resumeOperation,
} from "../../../../src/cli/commands/operations/resume.ts";
import { showOperation } from "../../../../src/cli/commands/operations/show.ts";
import { type WatchFlags, watchOperations } from "../../../../src/cli/commands/operations/watch.ts";
import type { Recording } from "../../../../src/cli/recording.ts";
import type { Json } from "../../../../src/errors.ts";
import { OperationStore } from "../../../../src/operations/store.ts";
import type { Screen } from "../../../../src/output/screen.ts";
import { eventToWire } from "../../../../src/output/operation.ts";
import { changeToWire } from "../../../../src/wire.ts";
import { equalsGolden } from "../../../support/golden.ts";
import { type FakeWorld, withFakeWorld } from "../../../support/fake_world.ts";
import { memoryRecording } from "../../../support/recording.ts";

const PIPE: Screen = {
  terminal: false,
  columns: 80,
  colour: false,
  unicode: false,
  now: new Date(0),
};
const ACTOR = {
  user: "root",
  uid: 0,
  sudoUser: "ada",
  sshClient: "203.0.113.5",
  tty: "/dev/pts/3",
  version: "1.2.3",
};
const STOPPED = statusOf({ name: "astro", backend: "tmux", state: "stopped" });
/** The first id is that of the process. */
const ID = "00000000-0000-4000-8000-000000000002";
const OTHER = "00000000-0000-4000-8000-000000000003";

interface Bench {
  readonly world: FakeWorld;
  readonly store: OperationStore;
  readonly recording: () => Promise<Recording>;
}

async function withStore(body: (bench: Bench) => Promise<void>): Promise<void> {
  await withFakeWorld({}, async (world) => {
    const store = OperationStore.inMemory(world);
    const recording = memoryRecording(world, store);
    await body({ world, store, recording: () => Promise.resolve(recording) });
  });
}

const LIFE: readonly OperationState[] = ["validating", "planning", "applying", "verifying", "done"];

/** Records an operation up to a state, with a second for each phase. */
function recorded(
  { world, store }: Bench,
  { until = "done", outcome = null, request = null }: {
    readonly until?: OperationState;
    readonly outcome?: Json;
    readonly request?: Json;
  } = {},
): string {
  const { id } = store.open("stop", request, { session: "astro", actor: ACTOR });
  if (until === "input_required") {
    store.transition(id, "validating");
    store.transition(id, "planning");
    store.requestInput(id, {
      question: "Stop it?",
      reason: "it is protected",
      place: "tmux:default",
    });
    return id;
  }
  const way = LIFE.includes(until) ? LIFE.slice(0, LIFE.indexOf(until) + 1) : [until];
  for (const state of way) {
    world.advance(1000);
    store.transition(id, state, state === until ? outcome : null);
  }
  return id;
}

async function textOf(reply: Reply): Promise<string> {
  return await reply.text?.(PIPE) ?? "";
}

Deno.test("operations are listed newest first, with who asked and what came of it", async () => {
  await withStore(async (bench) => {
    recorded(bench, { outcome: { state: "stopped" } });
    recorded(bench, { until: "failed", outcome: { code: "x", message: "It\tlives" } });
    const reply = await listOperations(bench, {});
    const by = "ada (as root) from 203.0.113.5";
    equal(
      await textOf(reply),
      [
        [OTHER, "stop", "astro", "failed", "2026-01-02T03:04:10Z", by, "It\\tlives"],
        [ID, "stop", "astro", "done", "2026-01-02T03:04:05Z", by, "stopped"],
      ].map((row) => `${row.join("\t")}\n`).join(""),
    );
    deepEqual((reply.data as { id: string }[]).map(({ id }) => id), [OTHER, ID]);
    const done = await listOperations(bench, { state: "done" });
    deepEqual((done.data as { id: string }[]).map(({ id }) => id), [ID]);
  });
});

Deno.test("what one command did is one line for people, which show opens", async () => {
  await withStore(async (bench) => {
    const { store } = bench;
    const parentId = "aaaa0000-0000-4000-8000-000000000000";
    for (const [session, end] of [["a", "done"], ["b", "failed"], ["c", "done"]] as const) {
      const { id } = store.open("stop", null, { session, actor: ACTOR, parentId });
      for (const state of LIFE.slice(0, -1)) store.transition(id, state);
      store.transition(id, end);
    }
    const terminal = { ...PIPE, terminal: true, columns: 120 };
    const list = await listOperations(bench, {});
    const lines = (await list.text?.(terminal) ?? "").trimEnd().split("\n");
    equal(lines.length, 2);
    match(lines[1] ?? "", /^aaaa0000 +stop +3 sessions +failed .* 2 done, 1 failed$/);
    equal((await textOf(list)).trimEnd().split("\n").length, 3);
    const shown = await showOperation(bench, { id: "aaaa" });
    deepEqual((shown.data as { session: string }[]).map(({ session }) => session), ["a", "b", "c"]);
    match(await textOf(shown), /\tstop\tb\tstop failed, /);
    const whole = await shown.text?.(terminal) ?? "";
    match(whole, /^what +stop of 3 sessions$/m);
    match(whole, /^outcome +2 done, 1 failed$/m);
  });
});

Deno.test("an operation is shown whole, with the time that each phase took", async () => {
  await withStore(async (bench) => {
    recorded(bench, { outcome: { state: "stopped" }, request: { argv: ["stop", "astro"] } });
    const reply = await showOperation(bench, { id: "0000" });
    deepEqual(reply.data, {
      id: ID,
      kind: "stop",
      session: "astro",
      parent_id: null,
      place: null,
      request: { argv: ["stop", "astro"] },
      actor: {
        user: "root",
        uid: 0,
        sudo_user: "ada",
        ssh_client: "203.0.113.5",
        tty: "/dev/pts/3",
        version: "1.2.3",
      },
      pid: 4242,
      host: "host",
      state: "done",
      current_phase: "done",
      next_action: "none",
      created_at: "2026-01-02T03:04:05Z",
      last_heartbeat: "2026-01-02T03:04:05Z",
      pending_input: null,
      result: { state: "stopped" },
      error: null,
      phases: ["pending", "validating", "planning", "applying", "verifying"].map((
        state,
        index,
      ) => ({
        state,
        at: `2026-01-02T03:04:${String(5 + index).padStart(2, "0")}Z`,
        duration_ms: 1000,
      })),
    });
    match(await textOf(reply), /^phase applying\t2026-01-02T03:04:08Z\t1000 ms$/m);
    const shown = (await reply.text!({ ...PIPE, terminal: true })).split("\n");
    deepEqual(shown.slice(0, 7).map((line) => line.replace(/ {2,}/, ": ")), [
      `operation: ${ID}`,
      "what: stop astro",
      "state: done",
      "outcome: stopped",
      "asked by: ada (as root) from 203.0.113.5",
      "terminal: /dev/pts/3",
      "command line: kstops stop astro",
    ]);
    ok(shown.includes("applying      1000 ms"), shown.join("\n"));
    await rejects(showOperation(bench, { id: "ffff" }), { code: "operation_not_found" });
  });
});

Deno.test("the JSON of an operation and of its events is as scripts know it", async () => {
  await withStore(async (bench) => {
    const id = recorded(bench, { until: "input_required", request: { argv: ["stop", "astro"] } });
    const shown = (await showOperation(bench, { id })).data;
    const events = bench.store.history(id).map(eventToWire);
    await equalsGolden("operation.json", `${JSON.stringify({ shown, events }, null, 2)}\n`);
  });
});

const LISTED = ["done", "failed", "input_required", "aborted", "applying"] as const;

for (const columns of [60, 80, 200]) {
  Deno.test(`the list of operations looks good on ${columns} columns`, async () => {
    await withStore(async (bench) => {
      for (const until of LISTED) {
        const outcome = {
          code: "stop_failed",
          message: 'Cannot stop "astro": 2 processes live on',
        };
        recorded(bench, { until, outcome: until === "done" ? { state: "stopped" } : outcome });
      }
      const reply = await listOperations(bench, {});
      const screen = { ...PIPE, terminal: true, columns, unicode: true, now: bench.world.now() };
      const text = await reply.text?.(screen) ?? "";
      await equalsGolden(`operations-${columns}.txt`, text);
      for (const line of text.split("\n")) ok([...line].length <= columns, line);
    });
  });
}

Deno.test("the list of operations begins where it is told", async () => {
  await withStore(async (bench) => {
    recorded(bench);
    bench.world.advance(3_600_000);
    const latest = recorded(bench);
    const reply = await listOperations(bench, { since: "10m" });
    deepEqual((reply.data as { id: string }[]).map(({ id }) => id), [latest]);
    await rejects(listOperations(bench, { since: "yesterday" }), { code: "usage" });
  });
});

async function watched(bench: Bench, flags: WatchFlags, json = false): Promise<{
  readonly lines: readonly string[];
  readonly exitStatus: number | undefined;
}> {
  const reply = await watchOperations({ json, ...bench }, flags);
  let text = "";
  for await (const bytes of reply.stream?.(PIPE) ?? []) text += new TextDecoder().decode(bytes);
  return { lines: text.split("\n").slice(0, -1), exitStatus: reply.exitStatus };
}

Deno.test("watching an operation shows all of it, and ends with it", async () => {
  await withStore(async (bench) => {
    const { id } = bench.store.open("stop", null, { session: "astro" });
    const watching = watched(bench, { id });
    for (const state of LIFE) bench.store.transition(id, state);
    const { lines, exitStatus } = await watching;
    equal(lines.length, 6);
    equal(lines[1], `2\t2026-01-02T03:04:05Z\t${ID}\tstop\tastro\tvalidating\t-`);
    equal(exitStatus, 0);
  });
});

Deno.test("watching on a terminal breaks a long line between words, below its beginning", async () => {
  await withStore(async (bench) => {
    const { id } = bench.store.open("stop", null, { session: "astro" });
    const message = 'Cannot stop "astro": 2 processes are still alive';
    bench.store.transition(id, "failed", { code: "stop_failed", message });
    const reply = await watchOperations({ json: false, ...bench }, { id });
    let text = "";
    for await (const bytes of reply.stream?.({ ...PIPE, terminal: true, columns: 60 }) ?? []) {
      text += new TextDecoder().decode(bytes);
    }
    const begin = `03:04:05Z ${id.slice(0, 8)}  stop astro: `;
    deepEqual(text.split("\n"), [
      `${begin}pending`,
      `${begin}failed (Cannot stop "astro":`,
      "                    2 processes are still alive)",
      "",
    ]);
  });
});

Deno.test("watching goes on behind a number, and does not wait for what is over", async () => {
  await withStore(async (bench) => {
    recorded(bench);
    const { lines } = await watched(bench, { id: ID, after: 4 }, true);
    deepEqual(lines.map((line) => JSON.parse(line)), [
      ...[["verifying", 5, "verifying_state", 9], ["done", 6, "done", 10]].map((
        [state, seq, phase, second],
      ) => ({
        seq,
        operation_id: ID,
        kind: "stop",
        session: "astro",
        at: `2026-01-02T03:04:${String(second).padStart(2, "0")}Z`,
        type: "moved",
        state,
        current_phase: phase,
        payload: null,
      })),
    ]);
    deepEqual((await watched(bench, { id: ID, after: 6 })).lines, []);
  });
});

Deno.test("watching ends also when nobody is left to tell of the end", async () => {
  await withStore(async (bench) => {
    const { id } = bench.store.open("stop", null, { session: "astro" });
    const reply = await watchOperations({ json: true, ...bench }, { id, exitStatus: true });
    const states: string[] = [];
    for await (const bytes of reply.stream!(PIPE)) {
      states.push(JSON.parse(new TextDecoder().decode(bytes)).state);
      // It falls silent while it is watched.
      if (states.length === 1) bench.world.advance(36_000);
    }
    deepEqual(states, ["pending", "failed"]);
    equal(reply.exitStatus, 7);
  });
});

const ENDS: Record<string, readonly [OperationState, Json, number]> = {
  "what worked": ["done", { state: "stopped" }, 0],
  "a stop that failed": ["failed", { code: "stop_failed" }, 7],
  "a failure that nobody knows any more": ["failed", { code: "older_than_you" }, 7],
  "an interruption": ["aborted", { code: "interrupted" }, 130],
  "a question that nobody answered": ["aborted", { code: "session_abandoned" }, 7],
};
for (const [what, [until, outcome, status]] of Object.entries(ENDS)) {
  Deno.test(`watching ${what} exits with ${status}, where that is wanted`, async () => {
    await withStore(async (bench) => {
      recorded(bench, { until, outcome });
      equal((await watched(bench, { id: ID, exitStatus: true })).exitStatus, status);
      equal((await watched(bench, { id: ID })).exitStatus, 0);
    });
  });
}

/** Answers an operation on a session that is there, and says what is done to that. */
async function resume(
  { world, store }: Bench,
  flags: ResumeFlags,
  path: string | null = null,
): Promise<{ readonly reply: Reply; readonly did: readonly string[] }> {
  const did: string[] = [];
  const released: number[] = [];
  const session = {
    protected: true,
    stop: () => {
      did.push("stop");
      return Promise.resolve(STOPPED);
    },
  };
  const status = { ...STOPPED, state: "running", managed: true };
  const context = {
    world,
    argv: [],
    recording: () => Promise.resolve(memoryRecording(world, store)),
    config: () =>
      Promise.resolve(emptyConfig(path, { settings: defaultSettings(), directory: "/" })),
    sessions: () => ({ find: () => Promise.resolve({ kind: "session", status, session }) }),
    guarded: () => ({ context, release: () => released.push(1) }),
    during: (_label: string, work: () => unknown) => work(),
  } as unknown as Context;
  const reply = await resumeOperation(context, flags);
  equal(released.length, 0);
  return { reply, did };
}

Deno.test("a yes carries on with what was asked for", async () => {
  await withStore(async (bench) => {
    recorded(bench, { until: "input_required" });
    const { reply, did } = await resume(bench, { id: "0000", yes: true });
    deepEqual([reply.data, did], [changeToWire(STOPPED, ID), ["stop"]]);
    equal(await textOf(reply), "Stopped astro (tmux)\n");
    equal(bench.store.get(ID)?.state, "done");
  });
});

for (const [what, code] of [["no", "declined"], ["cancel", "cancelled"]] as const) {
  Deno.test(`a ${what} ends the operation, and touches nothing`, async () => {
    await withStore(async (bench) => {
      recorded(bench, { until: "input_required" });
      if (what === "no") deepEqual((await resume(bench, { id: ID, no: true })).did, []);
      else await cancelOperation(bench, { id: ID });
      equal(bench.store.get(ID)?.state, "aborted");
      equal((bench.store.get(ID)?.result as { code: string }).code, code);
      await rejects(cancelOperation(bench, { id: ID }), { code: "operation_not_found" });
    });
  });
}

Deno.test("an answer is one of yes and no", async () => {
  await withStore(async (bench) => {
    recorded(bench, { until: "input_required" });
    await rejects(resume(bench, { id: ID }), { code: "usage" });
    await rejects(resume(bench, { id: ID, yes: true, no: true }), { code: "usage" });
    equal(bench.store.get(ID)?.state, "input_required");
  });
});

Deno.test("what began with one config is not resumed with another one", async () => {
  await withStore(async (bench) => {
    const tools = {
      world: bench.world,
      caller: { argv: ["stop", "astro", "-e", "TOKEN=s3cret"] },
      config: () => Promise.resolve({ path: "/a.yml" }),
    };
    const request = await formatRequest(tools as unknown as ChangeTools, { force: true });
    deepEqual(request, {
      argv: ["stop", "astro", "-e", "TOKEN=***"],
      directory: "/project",
      config: "/a.yml",
      flags: { force: true },
    });
    recorded(bench, { until: "input_required", request });
    await rejects(resume(bench, { id: ID, yes: true }, "/b.yml"), {
      code: "config_invalid",
      hint: `kstops operations resume ${ID} --yes --config /a.yml`,
    });
    equal(bench.store.get(ID)?.state, "input_required");
    deepEqual((await resume(bench, { id: ID, yes: true }, "/a.yml")).did, ["stop"]);
  });
});

const UNREADABLE: Readonly<Record<string, readonly [Json, string]>> = {
  "a text": ["stop astro", "it is not an object"],
  "a list": [[{ flags: {} }], "it is not an object"],
  "a number": [7, "it is not an object"],
  "a config that is no path": [{ config: ["/a.yml"], flags: {} }, "config is not a path"],
  "a config that is a number": [{ config: 0 }, "config is not a path"],
  "flags that are a list": [{ config: null, flags: ["--force"] }, "flags is not an object"],
  "flags that are a text": [{ config: null, flags: "--force" }, "flags is not an object"],
  "a flag of another version": [
    { config: null, flags: { force: true, "all-of-it": true } },
    'this kstops does not know the flag "all-of-it"',
  ],
  "a flag of another command": [
    { flags: { wait: true } },
    'this kstops does not know the flag "wait"',
  ],
  "a flag that every object has": [
    { config: null, flags: { constructor: true } },
    'this kstops does not know the flag "constructor"',
  ],
  ...Object.fromEntries(
    Object.entries({
      backend: "pod",
      socket: 5,
      runtime: ["docker"],
      force: "true",
      timeout: "10",
      keep: false,
    }).map(([key, value]): [string, [Json, string]] => [
      `the flag ${key} as ${JSON.stringify(value)}`,
      [
        { config: null, flags: { [key]: value } },
        `the flag ${key} has a value that is not allowed`,
      ],
    ]),
  ),
  "a time before now": [
    { flags: { timeout: -1 } },
    "the flag timeout has a value that is not allowed",
  ],
};

for (const [what, [request, reason]] of Object.entries(UNREADABLE)) {
  Deno.test(`a request that cannot be read is not resumed, and can be aborted: ${what}`, async () => {
    await withStore(async (bench) => {
      recorded(bench, { until: "input_required", request });
      await rejects(resume(bench, { id: ID, yes: true }), {
        code: "operation_not_found",
        message: `Cannot resume "${ID}": its request cannot be read: ${reason}`,
        hint: `abort it, and give the command again: kstops operations cancel ${ID}`,
      });
      equal(bench.store.get(ID)?.state, "input_required");
      await cancelOperation(bench, { id: ID });
      equal(bench.store.get(ID)?.state, "aborted");
    });
  });
}

Deno.test("a request is read as it was recorded, by whichever version", () => {
  const place = {
    backend: "container",
    socket: "bots",
    runtime: "docker",
    project: "bar",
  } as const;
  const rest = { all: true, force: true, timeout: 2.5 } as const;
  const stop = { ...place, ...rest, keep: true } as const;
  const to = { toBackend: "container", toRuntime: "podman" } as const;
  const restart = { ...place, ...rest, ...to, wait: false, rollback: true } as const;
  const recorded = (flags: Json) => ({
    id: ID,
    request: { argv: ["stop", "astro"], directory: "/", config: "/a.yml", flags },
  });
  deepEqual(parseOptions(recorded(stop), STOP_CODEC), stop);
  deepEqual(parseOptions(recorded(restart), RESTART_CODEC), restart);
  deepEqual(parseRequest(recorded(stop)), { config: "/a.yml", options: stop });
  for (const request of [null, {}, { flags: null }]) {
    deepEqual(parseOptions({ id: ID, request }, STOP_CODEC), {});
    deepEqual(parseRequest({ id: ID, request }), { config: null, options: null });
  }
});
