import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { LOOK_CALLS } from "../../../src/backends/tmux/look.ts";
import { type Begun, formatEvent, type RunEvent } from "../../../src/logs/runs.ts";
import { logStore } from "../../../src/logs/store.ts";
import { NOBODY, type SessionStatus, statusOf } from "../../../src/model.ts";
import {
  type Recorded,
  recordedIn,
  type Shown,
  statusOfRun,
} from "../../../src/sessions/recorded.ts";
import { type FakeWorld, withFakeWorld } from "../../support/fake_world.ts";
import { formatLook, type LookRow } from "../../support/look.ts";

const LOGS = "/state/logs";
const BEGAN = new Date("2026-01-02T03:00:00.000Z");
const ENDED_AT = new Date("2026-01-02T03:04:00.000Z");
const BEGUN: Begun = {
  event: "begun",
  run: "a1",
  at: BEGAN,
  backend: "tmux",
  engine: "tmux",
  where: "host 1000",
  socketName: "bots",
  image: null,
  workingDir: "/srv",
  definition: "f",
  owner: NOBODY,
  ending: null,
};
/** Its program, which has gone. */
const EXECUTED: RunEvent = { event: "executed", run: "a1", pid: 4711, began: "99", boot: "b" };
const NOTHING_SHOWN: Shown = { names: new Set(), managed: new Set(), runs: new Set() };
const IN_DOCKER: Begun = {
  ...BEGUN,
  backend: "container",
  engine: "docker",
  socketName: null,
  image: "astro:1",
};
const ENDED = { event: "ended", run: "a1", at: ENDED_AT, exitCode: 143, reason: null } as const;
const STOPPED = { event: "stopped", run: "a1", at: ENDED_AT, hadEnded: false } as const;

/** The records of a world in which that happened to sessions. */
function withRecords(
  stories: Readonly<Record<string, readonly RunEvent[]>>,
  body: (recorded: Recorded, world: FakeWorld) => Promise<void>,
): Promise<void> {
  const files = Object.fromEntries(
    Object.entries(stories).map(([name, events]) => [
      `${LOGS}/${name}/runs.ndjson`,
      events.map(formatEvent).join(""),
    ]),
  );
  return withFakeWorld({ env: { KSTOPS_STATE_DIR: "/state" }, files }, async (world) => {
    const store = logStore(world, (warning) => {
      throw new Error(`unexpected warning: ${warning}`);
    });
    await body(recordedIn(store, world), world);
  });
}

const KNOWN: SessionStatus = statusOf({
  name: "astro",
  backend: "tmux",
  state: "exited",
  createdAt: BEGAN,
  managed: true,
  engine: "tmux",
  socketName: "bots",
  workingDir: "/srv",
});

/** Stories, with the status of a session that no engine has any more; null: it has none. */
const STORIES: Record<
  string,
  { of: readonly RunEvent[]; is: Partial<SessionStatus> | null }
> = {
  "that ended": {
    of: [BEGUN, { ...ENDED, exitCode: 3 }],
    is: {
      exitCode: 3,
      finishedAt: ENDED_AT,
      reason: "tmux no longer has this session: only its record is left",
    },
  },
  "that a signal ended": {
    of: [BEGUN, ENDED],
    is: {
      exitCode: 143,
      signal: "SIGTERM",
      finishedAt: ENDED_AT,
      reason: "tmux no longer has this session: only its record is left",
    },
  },
  "that ended for a reason": {
    of: [IN_DOCKER, { ...ENDED, exitCode: 137, reason: "it was killed because memory ran out" }],
    is: {
      backend: "container",
      engine: "docker",
      socketName: null,
      image: "astro:1",
      exitCode: 137,
      signal: "SIGKILL",
      finishedAt: ENDED_AT,
      reason:
        "it was killed because memory ran out; docker no longer has this session: only its record is left",
    },
  },
  "whose end nobody saw": {
    of: [BEGUN, EXECUTED],
    is: { reason: "tmux no longer has this session, and nobody saw how it ended" },
  },
  "that was stopped": { of: [BEGUN, STOPPED], is: null },
  "that ended, and was stopped": { of: [BEGUN, ENDED, STOPPED], is: null },
  "of which nobody knows where it was": { of: [ENDED], is: null },
  "that was never heard of": { of: [], is: null },
  "that ended after it was stopped before": {
    of: [{ ...BEGUN, run: "a0" }, { ...STOPPED, run: "a0" }, BEGUN, { ...ENDED, exitCode: 0 }],
    is: {
      exitCode: 0,
      finishedAt: ENDED_AT,
      reason: "tmux no longer has this session: only its record is left",
    },
  },
  "that was stopped after it ended before": {
    of: [{ ...BEGUN, run: "a0" }, { ...ENDED, run: "a0" }, BEGUN, STOPPED],
    is: null,
  },
};
for (const [what, { of, is }] of Object.entries(STORIES)) {
  Deno.test(`a session ${what} ${is === null ? "has no record" : "is told of as it was"}`, () =>
    withRecords({ astro: of }, async (recorded) => {
      const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
      deepEqual(session?.status ?? null, is && { ...KNOWN, ...is });
      const others = await recorded.others(NOTHING_SHOWN);
      deepEqual(others.map(({ status }) => status), is === null ? [] : [session?.status]);
    }));
}

Deno.test("a run that has no beginning has no status", () => {
  const run = { id: "a", begun: null, executed: null, ended: ENDED, stopped: null, earlier: [] };
  equal(statusOfRun("astro", run), null);
});

Deno.test("all recorded sessions are told of but those that are known already", () =>
  withRecords({
    astro: [BEGUN, ENDED],
    bot: [BEGUN, ENDED],
    cat: [BEGUN, STOPPED],
    dog: [BEGUN, ENDED],
  }, async (
    recorded,
  ) => {
    const names = async (...known: readonly string[]) =>
      (await recorded.others({ ...NOTHING_SHOWN, managed: new Set(known) })).map(({ status }) =>
        status.name
      );
    deepEqual(await names(), ["astro", "bot", "dog"]);
    deepEqual(await names("bot", "cat", "elk"), ["astro", "dog"]);
  }));

Deno.test("what another engine of that kind had is not told of: it may have it still", async () => {
  const elsewhere: Begun = { ...BEGUN, where: "other 1000" };
  await withRecords({ astro: [elsewhere, ENDED], bot: [BEGUN, ENDED] }, async (recorded) => {
    deepEqual(await recorded.named(["astro"], NOTHING_SHOWN), []);
    deepEqual((await recorded.others(NOTHING_SHOWN)).map(({ status }) => status.name), ["bot"]);
  });
});

Deno.test("where nothing is kept there are no records", async () => {
  await withRecords({}, async (recorded) => {
    deepEqual(
      [await recorded.named(["astro"], NOTHING_SHOWN), await recorded.others(NOTHING_SHOWN)],
      [[], []],
    );
    deepEqual(await recorded.named(["../astro"], NOTHING_SHOWN), []);
  });
});

Deno.test("a recorded session is its newest run, and says that it is a record", () =>
  withRecords(
    { astro: [{ ...BEGUN, run: "a0" }, BEGUN, EXECUTED, { ...ENDED, run: "a0" }] },
    async (
      recorded,
    ) => {
      const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
      deepEqual([session?.run, session?.recorded, session?.protected], ["a1", true, false]);
      equal(await session?.definition(), null);
    },
  ));

Deno.test("a recorded session that is stopped is taken note of, and told of no more", () =>
  withRecords({ astro: [IN_DOCKER, ENDED] }, async (recorded, world) => {
    const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
    ok(session);
    deepEqual(await session.stop({ timeoutSeconds: null, force: false }), {
      ...session.status,
      state: "stopped",
      reason: null,
    });
    const [, , line] = (await world.files.readText(`${LOGS}/astro/runs.ndjson`)).split(/(?<=\n)/);
    equal(line, formatEvent({ ...STOPPED, at: world.now(), hadEnded: true }));
    deepEqual(await recorded.named(["astro"], NOTHING_SHOWN), []);
  }));

Deno.test("nobody can attach to a recorded session", () =>
  withRecords({ astro: [BEGUN, ENDED] }, async (recorded) => {
    const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
    ok(session);
    await rejects(session.attach({ readOnly: false, say: () => {} }), {
      code: "attach_failed",
      message: 'Cannot attach to "astro": it has ended',
      hint: "kstops logs astro shows what it printed, kstops start starts it again",
    });
  }));

const text = (data: Uint8Array): string => new TextDecoder().decode(data);

Deno.test("what a recorded session printed is what that run printed", () =>
  withRecords({ astro: [BEGUN, ENDED] }, async (recorded, world) => {
    const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
    ok(session);
    equal(text(await session.logs({ lines: 9 })), "");
    world.put(`${LOGS}/astro/20260102T030000.000Z-a1-000001.log`, "one\r\n");
    world.put(`${LOGS}/astro/20260102T030000.000Z-a1-000002.log`, "two\r\nthree\r\n");
    world.put(`${LOGS}/astro/20260102T030001.000Z-ba1-000001.log`, "another run\n");
    equal(text(await session.logs({ lines: 9 })), "one\ntwo\nthree\n");
    equal(text(await session.logs({ lines: 1 })), "three\n");
  }));

Deno.test("who follows a recorded session sees what it printed, and its next run", () =>
  withRecords({ astro: [BEGUN, ENDED] }, async (recorded, world) => {
    const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
    ok(session);
    world.put(`${LOGS}/astro/20260102T030000.000Z-a1-000001.log`, "one\n");
    const controller = new AbortController();
    const chunks: string[] = [];
    for await (const chunk of session.follow({ lines: 9 }, controller.signal)) {
      chunks.push(text(chunk));
      if (chunks.length === 1) {
        world.put(`${LOGS}/astro/20260102T030500.000Z-a2-000001.log`, "two\n");
      } else controller.abort();
    }
    deepEqual(chunks, ["one\n", "two\n"]);
  }));

// --- what lives ----------------------------------------------------------------------------------

const BOOT = "ca42afa4-7895-447b-8c7d-d2d8cf56e42d";
const PROGRAM = { event: "executed", run: "a1", pid: 101, began: "3040", boot: BOOT } as const;
const ALIVE: LookRow = { pid: 101, ppid: 1, name: "node", mark: "a1" };
const LEFT: LookRow = { pid: 102, ppid: 1, name: "worker", mark: "a1" };

/** The records of a world in which these processes are there whenever somebody looks. */
function withLiving(
  { story, rows, env = {} }: {
    readonly story: readonly RunEvent[];
    readonly rows: readonly LookRow[];
    readonly env?: Readonly<Record<string, string>>;
  },
  body: (recorded: Recorded) => Promise<void>,
): Promise<void> {
  const [look = []] = LOOK_CALLS;
  return withFakeWorld({
    env: { KSTOPS_STATE_DIR: "/state", ...env },
    files: { [`${LOGS}/astro/runs.ndjson`]: story.map(formatEvent).join("") },
    processes: rows.map(({ pid }) => pid),
    calls: [{ argv: look, stdout: formatLook(rows) }],
  }, async (world) => {
    await body(recordedIn(logStore(world, () => {}), world));
  });
}

const SERVED: readonly LookRow[] = [
  { pid: 90, ppid: 1, name: "tmux: server" },
  { pid: 100, ppid: 90, name: "sh", mark: "a1" },
  { ...ALIVE, ppid: 100 },
];
const ORPHANS: Record<string, {
  readonly story: readonly RunEvent[];
  readonly rows: readonly LookRow[];
  readonly env?: Readonly<Record<string, string>>;
  readonly reason: RegExp;
}> = {
  "whose pane is gone": {
    story: [BEGUN, PROGRAM],
    rows: [ALIVE],
    reason: /^its tmux pane is gone, and it goes on without a terminal; kstops stop astro ends it$/,
  },
  "whose server has no socket": {
    story: [BEGUN, PROGRAM],
    rows: SERVED,
    reason: /^the socket of its tmux server \(pid 90\) was removed; kill -USR1 90 makes it again/,
  },
  "whose server is led elsewhere": {
    story: [BEGUN, PROGRAM],
    rows: SERVED,
    env: { TMUX_TMPDIR: "/elsewhere" },
    reason: /^the tmux server that has it \(pid 90\) was started without TMUX_TMPDIR; /,
  },
  "that an older kstops started": {
    story: [BEGUN],
    rows: [ALIVE],
    reason: /^its tmux pane is gone/,
  },
  "whose start was cut off behind that of its program": {
    story: [PROGRAM],
    rows: [ALIVE],
    reason: /^its tmux pane is gone/,
  },
};
for (const [what, { reason, ...spec }] of Object.entries(ORPHANS)) {
  Deno.test(`a program ${what} is running`, () =>
    withLiving(spec, async (recorded) => {
      const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
      deepEqual(
        [session?.status.state, session?.status.engineState, session?.status.pid],
        ["running", "orphaned", 101],
      );
      match(session?.status.reason ?? "", reason);
    }));
}

Deno.test("a pid that is somebody else's by now is no program", () =>
  withLiving({ story: [BEGUN, PROGRAM], rows: [{ pid: 101, began: 3041 }] }, async (recorded) => {
    equal((await recorded.named(["astro"], NOTHING_SHOWN))[0]?.status.state, "exited");
  }));

Deno.test("a process of an earlier boot is no program", () =>
  withLiving({
    story: [BEGUN, { ...PROGRAM, boot: "another" }],
    rows: [{ pid: 101 }],
  }, async (recorded) => {
    equal((await recorded.named(["astro"], NOTHING_SHOWN))[0]?.status.state, "exited");
  }));

Deno.test("what a program left behind is told of, and is no program", () =>
  withLiving({ story: [BEGUN, PROGRAM, ENDED], rows: [LEFT] }, async (recorded) => {
    const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
    equal(session?.status.state, "exited");
    deepEqual(await session?.leftovers(), [102]);
  }));

const LED: Begun = { ...BEGUN, where: `${BEGUN.where} TMUX_TMPDIR=/elsewhere` };
for (
  const { title, story, reason } of [
    {
      title: "where its server is led elsewhere",
      story: [LED],
      reason: /TMUX_TMPDIR=\/elsewhere:/,
    },
    { title: "where its start was cut off", story: [], reason: /tmux no longer has this session/ },
  ]
) {
  Deno.test(`what a program left behind is told of ${title}`, () =>
    withLiving({ story: [...story, PROGRAM, ENDED], rows: [LEFT] }, async (recorded) => {
      const [session] = await recorded.named(["astro"], NOTHING_SHOWN);
      equal(session?.status.state, "exited");
      match(session?.status.reason ?? "", reason);
    }));
}

Deno.test("what lives of the newest run is found before the next one is started", () =>
  withLiving({ story: [BEGUN, PROGRAM, ENDED], rows: [LEFT] }, async (recorded) => {
    const living = await recorded.living("astro");
    deepEqual(living.map(({ remains, names }) => [remains.program, names]), [[
      null,
      "102 (worker)",
    ]]);
  }));

const MINE: Begun = { ...BEGUN, owner: { project: "mine", configFile: null } };
/** A run of a namesake in another config, which is over. */
const NAMESAKE: readonly RunEvent[] = [
  { ...BEGUN, run: "b1", owner: { project: "others", configFile: null } },
  { ...ENDED, run: "b1" },
];

Deno.test("a program is found also where another config has started a namesake since", () =>
  withLiving({ story: [MINE, PROGRAM, ...NAMESAKE], rows: [ALIVE] }, async (recorded) => {
    const named = await recorded.named(["astro"], NOTHING_SHOWN);
    deepEqual(named.map(({ status: { project, state } }) => [project, state]), [
      ["others", "exited"],
      ["mine", "running"],
    ]);
  }));

Deno.test("what lives of a run is found also where another config has started a namesake since", () =>
  withLiving({ story: [MINE, PROGRAM, ...NAMESAKE], rows: [ALIVE] }, async (recorded) => {
    deepEqual((await recorded.living("astro")).map(({ run }) => run.id), ["a1"]);
  }));

Deno.test("how a run ended is no news where another config has started a namesake since", () =>
  withRecords({ astro: [MINE, ENDED, ...NAMESAKE] }, async (recorded) => {
    const named = await recorded.named(["astro"], NOTHING_SHOWN);
    deepEqual(named.map(({ status: { project } }) => project), ["others"]);
  }));

Deno.test("a run that was stopped is not looked for", () =>
  withRecords({ astro: [BEGUN, PROGRAM, STOPPED] }, async (recorded) => {
    deepEqual(await recorded.living("astro"), []);
  }));
