import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Survey } from "../../../../src/backends/backend.ts";
import { PANE_OPTION, paneFormat, rowFormat } from "../../../../src/backends/tmux/args.ts";
import { OUTSIDE_OF_SESSIONS } from "../../../../src/backends/tmux/list.ts";
import { expandFormat } from "../../../support/tmux_format.ts";
import { tmuxDefinition } from "../../../support/definitions.ts";
import { failure } from "../../../support/failure.ts";
import { tmuxRunner } from "../../../../src/backends/tmux/runner.ts";
import { CREATED_FIELDS } from "../../../../src/backends/tmux/start_script.ts";
import { TmuxNotFoundError } from "../../../../src/errors.ts";
import type { RunEvent } from "../../../../src/logs/runs.ts";
import { type LogStore, outputOf } from "../../../../src/logs/store.ts";
import type { TmuxDefinition } from "../../../../src/model.ts";
import { ExecTimeoutError, ProgramMissingError } from "../../../../src/world/world.ts";
import {
  type ExpectedCall,
  type FakeFile,
  type FakeWorld,
  type FakeWorldSpec,
  withFakeWorld,
} from "../../../support/fake_world.ts";

const SOCKETS = "/tmp/tmux-1000";
const SOCKET: FakeFile = { kind: "socket" };
const PROGRAM: FakeFile = { mode: 0o755 };

/** A machine with tmux and one socket. */
function machine(calls: readonly ExpectedCall[], more: FakeWorldSpec = {}): FakeWorldSpec {
  return {
    calls,
    env: { PATH: "/bin", HOME: "/home/user", ...more.env },
    ...more,
    files: {
      "/bin/tmux": PROGRAM,
      "/bin/sleep": PROGRAM,
      [`${SOCKETS}/default`]: SOCKET,
      ...more.files,
    },
  };
}

const TMUX = ["tmux", "-u", "-L", "default"];
/** The question for all panes. */
const LIST: ExpectedCall = { argv: [...TMUX, "list-panes", "-a", "-F", /session_id/] };
/** The same, after the server was made to look at its children. */
const LOOK: ExpectedCall = {
  argv: [...TMUX, "run-shell", "true", ";", "list-panes", "-a", "-F", /session_id/],
};
const CREATE: ExpectedCall = {
  argv: [...TMUX, "start-server", ";", "source-file", "-"],
  stdin: /'new-session'/,
};

const nonceOf = (call: number): string => call.toString(16).padStart(12, "0");

/** One row of the answer to the question whose nonce is the `call`th random id. */
function row(call: number, fields: Readonly<Record<string, string>> = {}): string {
  const known = {
    version: "3.3a",
    pid: "77",
    session_id: "$1",
    session_name: "mine",
    session_created: "1700000000",
    session_attached: "0",
    session_windows: "1",
    window_active: "1",
    pane_active: "1",
    pane_id: "%1",
    pane_pid: "100",
    pane_dead: "0",
    ...fields,
  };
  return `${expandFormat(paneFormat(nonceOf(call)), known)}\n`;
}

/** What a start script prints when it made a session. */
function created(call: number, { marked = true, fields = {} }: {
  readonly marked?: boolean;
  readonly fields?: Readonly<Record<string, string>>;
} = {}): string {
  const known = {
    version: "3.3a",
    session_id: "$1",
    session_created: "1700000000",
    pane_id: "%1",
    pane_pid: "100",
    "exit-unattached": "0",
    session_attached: "0",
    ...fields,
  };
  const nonce = nonceOf(call);
  const marks = expandFormat(rowFormat([PANE_OPTION], nonce), { [PANE_OPTION]: nonceOf(1) });
  return `${expandFormat(rowFormat(CREATED_FIELDS, nonce), known)}\n${marked ? `${marks}\n` : ""}`;
}

/** The row of the session that the first start of a test makes. */
function managedRow(call: number, fields: Readonly<Record<string, string>> = {}): string {
  return row(call, {
    session_name: "astro",
    "@kstops": nonceOf(1),
    "@kstops_pane": nonceOf(1),
    "@kstops_pid": "101",
    "@kstops_run": JSON.stringify({ command: ["sleep", "60"], working_dir: "/project", env: [] }),
    ...fields,
  });
}

interface FakeLogs extends LogStore {
  /** Where output is kept. */
  readonly kept: Set<string>;
  readonly events: RunEvent[];
}

function fakeLogs(): FakeLogs {
  const kept = new Set<string>();
  const events: RunEvent[] = [];
  const captureOf: LogStore["captureOf"] = (name, run, { maxBytes, keep }) =>
    Promise.resolve({ directory: `/logs/${name}`, run, maxBytes, keep });
  return {
    kept,
    events,
    captureOf,
    open: async (name, runId, policy) => {
      const capture = await captureOf(name, runId, policy);
      if (capture !== null) kept.add(outputOf(capture));
      return capture;
    },
    discard: (name, runId) => {
      kept.delete(`/logs/${name}/${runId}`);
      return Promise.resolve();
    },
    save: () => Promise.resolve(),
    notKept: () => {},
    record: (_, event) => {
      events.push(event);
      return Promise.resolve();
    },
    storyOf: (name) => `/logs/${name}/runs.ndjson`,
    holdFileOf: (name, runId) => `/logs/${name}/${runId}.hold`,
    newestRuns: () => Promise.resolve([]),
    prune: () => Promise.resolve(),
    runs: () => Promise.resolve([]),
    names: () => Promise.resolve([]),
    outputs: () => Promise.resolve([]),
    newestOutput: () => Promise.resolve(null),
    readPrevious: () => Promise.resolve(null),
    read: () => Promise.resolve(new TextEncoder().encode("one\ntwo\n")),
    follow: async function* () {},
  };
}

const DEFINITION = tmuxDefinition();

/** Runs `body` with a runner on that machine. */
function withRunner(
  spec: FakeWorldSpec,
  body: (
    t: {
      readonly world: FakeWorld;
      readonly runner: ReturnType<typeof tmuxRunner>;
      readonly logs: FakeLogs;
    },
  ) => Promise<void>,
): Promise<void> {
  return withFakeWorld(spec, (world) => {
    const logs = fakeLogs();
    return body({ world, logs, runner: tmuxRunner(world, { binary: "tmux", logs }) });
  });
}

// --- survey --------------------------------------------------------------------------------------

/** What came of a survey, in short. */
const short = (surveys: readonly Survey[]): readonly unknown[] =>
  surveys.map(({ place, sessions, trouble }) => [
    place.scope,
    sessions.map(({ status }) => status.name),
    trouble?.kind ?? null,
  ]);

Deno.test("each socket is asked with one call, all at the same time", () =>
  withFakeWorld(
    machine([
      {
        argv: ["tmux", "-u", "-L", "bots", "list-panes", "-a", "-F", /./],
        stdout: row(1, { session_name: "bot" }),
      },
      { ...LIST, stdout: row(2) },
    ], { files: { [`${SOCKETS}/bots`]: SOCKET, [`${SOCKETS}/notes.txt`]: "" } }),
    async (world) => {
      let [atOnce, most] = [0, 0];
      const exec: typeof world.exec = async (argv, options) => {
        most = Math.max(most, ++atOnce);
        const answer = await world.exec(argv, options);
        atOnce--;
        return answer;
      };
      const runner = tmuxRunner({ ...world, exec }, { binary: "tmux", logs: fakeLogs() });
      deepEqual(short(await runner.survey({})), [
        ["bots", ["bot"], null],
        ["default", ["mine"], null],
      ]);
      equal(most, 2);
    },
  ));

Deno.test("only the socket that was named is asked", () =>
  withRunner(
    machine([{ ...LIST, stdout: row(1) }], { files: { [`${SOCKETS}/bots`]: SOCKET } }),
    async ({ runner }) => {
      deepEqual(short(await runner.survey({ scope: "default" })), [
        ["default", ["mine"], null],
      ]);
    },
  ));

Deno.test("without a socket directory nothing is asked", () =>
  withRunner({ env: { PATH: "/bin" } }, async ({ runner }) => {
    deepEqual(await runner.survey({}), []);
  }));

Deno.test("sockets are looked for where tmux keeps them", async () => {
  const files = { "/run/mine/tmux-1000/default": SOCKET, "/run/file": "" };
  const call = { ...LIST, stdout: row(1) };
  for (
    const [TMUX_TMPDIR, calls] of [["/run/mine", [call]], ["/run/none", []], [
      "/run/file",
      [],
    ]] as const
  ) {
    await withRunner({ calls, files, env: { PATH: "/bin", TMUX_TMPDIR } }, async ({ runner }) => {
      equal((await runner.survey({})).length, calls.length);
    });
  }
});

Deno.test("a socket directory that cannot be read is trouble", () =>
  withRunner(
    { files: { [SOCKETS]: { kind: "directory", denied: true } } },
    async ({ runner }) => {
      const [survey] = await runner.survey({});
      equal(survey?.trouble?.kind, "unreachable");
      match(survey?.trouble?.reason ?? "", /permission denied/);
    },
  ));

/** Each answer with what it means. */
const ANSWERS: Record<string, { call: Partial<ExpectedCall>; reason: RegExp | null }> = {
  "no server": {
    call: { code: 1, stderr: "no server running on /tmp/tmux-1000/default\n" },
    reason: null,
  },
  "no socket any more": {
    call: {
      code: 1,
      stderr: "error connecting to /tmp/tmux-1000/default (No such file or directory)\n",
    },
    reason: null,
  },
  "no sessions": { call: { code: 1, stderr: "no current target\n" }, reason: null },
  "a refusal": {
    call: { code: 1, stderr: "error connecting to /tmp/tmux-1000/default (Permission denied)\n" },
    reason: /Permission denied/,
  },
  "unsafe permissions": {
    call: { code: 1, stderr: "directory /tmp/tmux-1000 has unsafe permissions\n" },
    reason: /unsafe permissions/,
  },
  "garbage": { call: { stdout: "hello\n" }, reason: /unexpected answer/ },
  "silence": { call: { fails: new ExecTimeoutError("tmux", 3000) }, reason: /within 3 s/ },
  "a version that is too old": {
    call: { stdout: row(1, { version: "3.1c" }) },
    reason: /tmux 3\.1c is too old/,
  },
};
for (const [what, { call, reason }] of Object.entries(ANSWERS)) {
  Deno.test(`${what} of a server is ${reason ? "trouble" : "no sessions"}`, () =>
    withRunner(machine([{ ...LIST, ...call }]), async ({ runner }) => {
      const [survey] = await runner.survey({});
      deepEqual(survey?.sessions, []);
      if (reason === null) return equal(survey?.trouble, null);
      equal(survey?.trouble?.kind, "unreachable");
      equal(survey?.trouble?.missing, false);
      match(survey?.trouble?.reason ?? "", reason);
    }));
}

Deno.test("a session that cannot be read is unknown, is not touched, and hides no other", () =>
  withRunner(
    machine([{
      ...LIST,
      stdout: row(1) + row(1, { session_id: "$2", session_name: "odd", pane_pid: "" }),
    }]),
    async ({ runner }) => {
      const [survey] = await runner.survey({});
      equal(survey?.trouble, null);
      const statuses = survey?.sessions.map(({ status: { name, state } }) => [name, state]);
      deepEqual(statuses, [["mine", "running"], ["odd", "unknown"]]);
      const odd = survey?.sessions[1];
      ok(odd !== undefined);
      const how = { timeoutSeconds: null, force: true };
      equal((await failure(odd.stop(how))).code, "backend_unavailable");
      const attached = await failure(odd.attach({ readOnly: true, say: () => {} }));
      deepEqual([attached.code, attached.hint], ["attach_failed", null]);
      match(attached.message, /cannot be read/);
    },
  ));

Deno.test("a tmux that is not installed is trouble of its own kind", () =>
  withRunner(
    machine([{ ...LIST, fails: new ProgramMissingError("tmux", "missing") }]),
    async ({ runner }) => {
      const [survey] = await runner.survey({});
      deepEqual([survey?.trouble?.kind, survey?.trouble?.missing], ["unreachable", true]);
    },
  ));

const ENDING: Partial<ExpectedCall> = { code: 1, stderr: "server exited unexpectedly\n" };

Deno.test("a server that is just ending is asked again", () =>
  withRunner(
    machine([{ ...LIST, ...ENDING }, { ...LIST, ...ENDING }, { ...LIST, stdout: row(3) }]),
    async ({ runner }) => {
      deepEqual(short(await runner.survey({})), [["default", ["mine"], null]]);
    },
  ));

Deno.test("a server that never ceases to end is trouble", () =>
  withRunner(machine(Array(3).fill({ ...LIST, ...ENDING })), async ({ runner }) => {
    deepEqual(short(await runner.survey({})), [["default", [], "unreachable"]]);
  }));

Deno.test("an exit that tmux forgot is asked for again", () => {
  const dead = { pane_dead: "1", pane_dead_time: "1700000001" };
  return withRunner(
    machine([
      { ...LIST, stdout: row(1, dead) },
      { ...LOOK, stdout: row(2, { ...dead, pane_dead_status: "3" }) },
    ]),
    async ({ runner }) => {
      const [survey] = await runner.survey({});
      equal(survey?.sessions[0]?.status.exitCode, 3);
    },
  );
});

Deno.test("an exit that tmux has lost for good is what the keeper recorded", () => {
  const dead = { pane_dead: "1", pane_dead_time: "1700000001" };
  return withFakeWorld(
    machine([
      { ...LIST, stdout: managedRow(1, dead) },
      { ...LOOK, stdout: managedRow(2, dead) },
    ]),
    async (world) => {
      const ended = { event: "ended", at: world.now(), exitCode: 5, reason: null } as const;
      const run = { begun: null, executed: null, stopped: null, earlier: [] };
      const logs: LogStore = {
        ...fakeLogs(),
        runs: () => {
          const id = nonceOf(1);
          return Promise.resolve([{ id, ...run, ended: { ...ended, run: id } }]);
        },
      };
      const [survey] = await tmuxRunner(world, { binary: "tmux", logs }).survey({});
      const status = survey?.sessions[0]?.status;
      deepEqual([status?.state, status?.exitCode], ["exited", 5]);
    },
  );
});

Deno.test("tmux is not told of the session, and of the unit, that kstops itself may run in", () => {
  const env = OUTSIDE_OF_SESSIONS;
  deepEqual(Object.keys(env).filter((name) => /^(TMUX|KSTOPS_ID|INVOCATION_ID)/.test(name)), [
    ...["TMUX", "TMUX_PANE", "KSTOPS_ID", "INVOCATION_ID"],
  ]);
  return withRunner(
    machine([{ ...LIST, env, stdout: row(1) }], {
      env: { PATH: "/bin", TMUX: "/tmp/x,1,0", KSTOPS_ID: "1" },
    }),
    async ({ runner }) => {
      await runner.survey({});
    },
  );
});

// --- start ---------------------------------------------------------------------------------------

Deno.test("a plan is the call of a start, runs and makes nothing, and shows no value of the caller", () => {
  const env = { PATH: "/secret/bin", LANG: "secret", OTHER: "secret" };
  return withRunner(
    { env, files: { "/secret/bin/tmux": { mode: 0o755 } } },
    async ({ runner, logs }) => {
      const definition = { ...DEFINITION, socketName: "bots", env: { TOKEN: "***" } };
      const { argv, stdin, env } = await runner.plan(definition);
      deepEqual(argv, ["tmux", "-u", "-L", "bots", "start-server", ";", "source-file", "-"]);
      deepEqual(env, []);
      match(stdin ?? "", /'-e' 'PATH=\*\*\*' '-e' 'LANG=\*\*\*' '-e' 'TOKEN=\*\*\*' /);
      match(stdin ?? "", /'KSTOPS_ID=RUN_ID' [^]* 'sleep' '60' [^]*\/logs\/astro\/RUN_ID/);
      ok(!stdin?.replace("/secret/bin/tmux", "").includes("secret"));
      deepEqual([...logs.kept], []);
    },
  );
});

Deno.test("a start without waiting is one call", () =>
  withRunner(machine([{ ...CREATE, stdout: created(2) }]), async ({ runner, logs }) => {
    const status = await runner.start(DEFINITION, { waitMs: 0 });
    deepEqual([status.state, status.id, status.managed], ["running", "$1", true]);
    deepEqual(status.createdAt, new Date(1_700_000_000_000));
    deepEqual([...logs.kept], ["/logs/astro/000000000001"]);
  }));

/** Marks a session and its pane by their ids. */
const MARK: ExpectedCall = { argv: [...TMUX, "source-file", "-"], stdin: /'-t' '\$1:'/ };

Deno.test("a session that hooks kept from its marks gets them by its ids", () =>
  withRunner(
    machine([
      { ...CREATE, code: 1, stdout: `noise\n${created(2, { marked: false })}noise\n` },
      { ...MARK, code: 1, stdout: "noise\n" },
    ]),
    async ({ runner }) => {
      equal((await runner.start(DEFINITION, { waitMs: 0 })).state, "running");
    },
  ));

Deno.test("a server that ends without clients is a failed start, and nothing is left", () =>
  withRunner(
    machine([
      { ...CREATE, stdout: created(2, { fields: { "exit-unattached": "1" } }) },
      { argv: [...TMUX, "source-file", "-"], stdin: "'kill-session' '-t' '$1:'\n" },
    ]),
    async ({ runner, logs }) => {
      const error = await failure(runner.start(DEFINITION, { waitMs: 0 }));
      equal(error.code, "start_failed");
      match(error.message, /exit-unattached/);
      deepEqual([...logs.kept], []);
    },
  ));

Deno.test("a server that ends without clients is used while one is attached", () => {
  const fields = { "exit-unattached": "1", session_attached: "1" };
  return withRunner(
    machine([{ ...CREATE, stdout: created(2, { fields }) }]),
    async ({ runner }) => {
      equal((await runner.start(DEFINITION, { waitMs: 0 })).state, "running");
    },
  );
});

Deno.test("a start waits as long as it is told, then says what tmux says", () =>
  withRunner(
    machine([
      { ...CREATE, stdout: created(2) },
      { ...LIST, stdout: managedRow(3) },
      { ...LIST, stdout: managedRow(4) },
    ], { processes: [100, 101] }),
    async ({ runner, world }) => {
      const begin = world.now().getTime();
      const status = await runner.start(DEFINITION, { waitMs: 500 });
      equal(world.now().getTime() - begin, 500);
      deepEqual([status.state, status.pid], ["running", 101]);
    },
  ));

/** A start that waits for half a minute, of a program about which tmux says this at each look. */
function patient(
  changes: (look: number) => Parameters<typeof managedRow>[1],
  body: (runner: ReturnType<typeof tmuxRunner>, world: FakeWorld) => Promise<void>,
  processes: readonly number[] = [100, 101],
): Promise<void> {
  const spec = machine([{ ...CREATE, stdout: created(2) }], { processes });
  return withFakeWorld(spec, async (world) => {
    let look = 0;
    const exec: typeof world.exec = (argv, options) => {
      if (argv.includes("source-file")) return world.exec(argv, options);
      look++;
      return Promise.resolve({ code: 0, stdout: managedRow(2 + look, changes(look)), stderr: "" });
    };
    await body(tmuxRunner({ ...world, exec }, { binary: "tmux", logs: fakeLogs() }), world);
  });
}

Deno.test("a start may wait for half a minute, too", () =>
  patient(() => ({}), async (runner, world) => {
    const begin = world.now().getTime();
    const { state, pid } = await runner.start(DEFINITION, { waitMs: 30_000 });
    deepEqual([state, pid], ["running", 101]);
    ok(world.now().getTime() - begin >= 30_000);
  }));

Deno.test("an end that tmux tells only when it is asked is noticed before the wait is over", () => {
  const dead = { pane_dead: "1", pane_dead_status: "0", pane_dead_time: "1700000001" };
  return patient((look) => look < 3 ? {} : dead, async (runner, world) => {
    const begin = world.now().getTime();
    const { state, exitCode } = await runner.start(DEFINITION, { waitMs: 30_000 });
    deepEqual([state, exitCode], ["exited", 0]);
    ok(world.now().getTime() - begin < 10_000);
  });
});

Deno.test("a keeper that tmux leaves a zombie does not hold up a failed start", () => {
  const dead = { pane_dead: "1", pane_dead_status: "3", pane_dead_time: "1700000001" };
  return patient((look) => look < 2 ? {} : dead, async (runner, world) => {
    const begin = world.now().getTime();
    equal((await failure(runner.start(DEFINITION, { waitMs: 500 }))).code, "start_failed");
    ok(world.now().getTime() - begin < 500);
  }, [100]);
});

Deno.test("a program that takes long to begin gets its wait from then on", () => {
  const late = managedRow(3, { "@kstops_pid": "" });
  let now = () => 0;
  let begun = 0;
  return withRunner(
    machine([
      { ...CREATE, stdout: created(2) },
      { ...LIST, stdout: late },
      {
        ...LIST,
        stdout: managedRow(4),
        effect: ({ alive }) => {
          alive.add(101);
          begun = now();
        },
      },
      { ...LIST, stdout: managedRow(5) },
    ], { processes: [100] }),
    async ({ runner, world }) => {
      now = () => world.now().getTime();
      equal((await runner.start(DEFINITION, { waitMs: 500 })).pid, 101);
      ok(begun > 0 && now() - begun >= 500);
    },
  );
});

Deno.test("a program that never begins is a failed start", () =>
  withFakeWorld(
    machine([{ ...CREATE, stdout: created(2) }], { processes: [100] }),
    async (world) => {
      // It is asked again and again: too often to write down.
      let call = 2;
      const exec: typeof world.exec = (argv, options) => {
        if (argv.includes("source-file")) return world.exec(argv, options);
        const stdout = managedRow(++call, { "@kstops_pid": "" });
        return Promise.resolve({ code: 0, stdout, stderr: "" });
      };
      const runner = tmuxRunner({ ...world, exec }, { binary: "tmux", logs: fakeLogs() });
      const error = await failure(runner.start(DEFINITION, { waitMs: 500 }));
      deepEqual([error.code, error.message], [
        "start_failed",
        'Cannot start "astro": its program was not begun in time',
      ]);
    },
  ));

Deno.test("a start over a server that is just ending is tried again", () =>
  withRunner(
    machine([
      { ...CREATE, ...ENDING },
      { ...CREATE, code: 1, stderr: "no server running on /tmp/tmux-1000/default\n" },
      { ...CREATE, stdout: created(4) },
    ]),
    async ({ runner, logs }) => {
      equal((await runner.start(DEFINITION, { waitMs: 0 })).state, "running");
      equal(logs.kept.size, 1);
    },
  ));

const DUPLICATE: ExpectedCall = {
  ...CREATE,
  code: 1,
  stderr: "can't find pane: astro\nduplicate session: astro\n",
};
/** Each with what is asked besides, and what is said. */
const REFUSALS: Record<string, {
  calls: readonly ExpectedCall[];
  code: string;
  message: RegExp;
  hint?: RegExp;
}> = {
  "a running session": {
    calls: [DUPLICATE, { ...LIST, stdout: managedRow(3) }],
    code: "session_exists",
    message: /^Cannot start "astro": it is already running$/,
    hint: /kstops restart astro/,
  },
  "a session of somebody else": {
    calls: [DUPLICATE, { ...LIST, stdout: row(3, { session_name: "astro" }) }],
    code: "session_exists",
    message: /not made by kstops/,
    hint: /--yes/,
  },
  "a server that does not answer": {
    calls: [{ ...CREATE, fails: new ExecTimeoutError("tmux", 10_000) }],
    code: "backend_unavailable",
    message: /did not answer within 10 s/,
  },
  "a server that answers nonsense": {
    calls: [{ ...CREATE, stdout: "hello\n" }],
    code: "backend_unavailable",
    message: /unexpected answer/,
  },
  "a tmux that is too old": {
    calls: [
      { ...CREATE, code: 1, stderr: "usage: tmux\n" },
      { argv: ["tmux", "-V"], stdout: "tmux 3.1c\n" },
    ],
    code: "backend_unavailable",
    message: /tmux 3\.1c is too old, kstops needs 3\.2/,
  },
  "another refusal of tmux": {
    calls: [
      { ...CREATE, code: 1, stderr: "access not allowed\n" },
      { argv: ["tmux", "-V"], stdout: "tmux 3.3a\n" },
    ],
    code: "backend_unavailable",
    message: /access not allowed/,
  },
  "a machine that is full": {
    calls: [
      { ...CREATE, code: 1, stderr: "create window failed: fork failed: Out of memory\n" },
      { argv: ["tmux", "-V"], fails: new ExecTimeoutError("tmux", 3000) },
    ],
    code: "start_failed",
    message: /fork failed/,
  },
};
for (const [what, { calls, code, message, hint }] of Object.entries(REFUSALS)) {
  Deno.test(`${what} refuses a start with ${code}, and no log is left`, () =>
    withRunner(machine(calls), async ({ runner, logs }) => {
      const error = await failure(runner.start(DEFINITION, { waitMs: 500 }));
      equal(error.code, code);
      match(error.message, message);
      if (hint) match(error.hint ?? "", hint);
      deepEqual([...logs.kept], []);
    }));
}

for (
  const [operatingSystem, hint] of [["linux", /apt install tmux/], ["darwin", /brew/]] as const
) {
  Deno.test(`without tmux on ${operatingSystem} a start says how to get it`, () =>
    withRunner(
      machine([{ ...CREATE, fails: new ProgramMissingError("tmux", "missing") }], {
        operatingSystem,
      }),
      async ({ runner, logs }) => {
        const error = await failure(runner.start(DEFINITION, { waitMs: 0 }));
        ok(error instanceof TmuxNotFoundError);
        match(error.hint ?? "", hint);
        deepEqual([...logs.kept], []);
      },
    ));
}

/** How a program that ended within the wait is told. */
const ENDS: Record<string, { fields: Record<string, string>; says: RegExp | null }> = {
  "success": { fields: { pane_dead_status: "0" }, says: null },
  "a failure": { fields: { pane_dead_status: "3" }, says: /it ended at once with exit code 3$/ },
  "a signal": { fields: { pane_dead_status: "139" }, says: /it ended at once by SIGSEGV$/ },
};
for (const [what, { fields, says }] of Object.entries(ENDS)) {
  Deno.test(`an end at once with ${what} is ${says ? "a failed" : "a"} start`, () =>
    withRunner(
      machine([
        { ...CREATE, stdout: created(2) },
        {
          ...LIST,
          stdout: managedRow(3, { pane_dead: "1", pane_dead_time: "1700000001", ...fields }),
        },
      ]),
      async ({ runner, logs }) => {
        const start = runner.start(DEFINITION, { waitMs: 500 });
        if (says === null) {
          equal((await start).state, "exited");
        } else {
          const error = await failure(start);
          match(error.message, says);
          deepEqual(error.details["output"], ["one", "two"]);
        }
        equal(logs.kept.size, 1);
      },
    ));
}

Deno.test("a session that vanishes during the wait is a failed start", () =>
  withRunner(
    machine([
      { ...CREATE, stdout: created(2) },
      // Another server with another session, which has the same id.
      { ...LIST, stdout: row(3) },
    ]),
    async ({ runner }) => {
      const error = await failure(runner.start(DEFINITION, { waitMs: 500 }));
      deepEqual([error.code, error.message], [
        "start_failed",
        'Cannot start "astro": tmux closed it while it started',
      ]);
    },
  ));

const CLOSED: Record<string, { exitCode: number; says: RegExp | null }> = {
  "success": { exitCode: 0, says: null },
  "a failure": { exitCode: 3, says: /it ended at once with exit code 3$/ },
};
for (const [what, { exitCode, says }] of Object.entries(CLOSED)) {
  Deno.test(`a session that is closed at the end of its program ended with ${what}, as recorded`, () =>
    withRunner(
      machine([{ ...CREATE, stdout: created(2) }, { ...LIST, stdout: row(3) }]),
      async ({ world, logs: without }) => {
        const at = new Date(1_700_000_001_000);
        const run = nonceOf(1);
        const ended = { event: "ended" as const, run, at, exitCode, reason: null };
        const logs: LogStore = {
          ...without,
          runs: () =>
            Promise.resolve([{
              id: run,
              begun: null,
              executed: null,
              ended,
              stopped: null,
              earlier: [],
            }]),
        };
        const start = tmuxRunner(world, { binary: "tmux", logs }).start(DEFINITION, {
          waitMs: 500,
        });
        if (says === null) {
          const { state, finishedAt } = await start;
          deepEqual([state, exitCode, finishedAt], ["exited", 0, at]);
        } else {
          const error = await failure(start);
          match(error.message, says);
          deepEqual(error.details["output"], ["one", "two"]);
        }
      },
    ));
}

Deno.test("a session that is not marked yet is waited for", () =>
  withRunner(
    machine([
      { ...CREATE, stdout: created(2) },
      { ...LIST, stdout: managedRow(3, { "@kstops_pane": "" }) },
      { ...LIST, stdout: managedRow(4) },
      { ...LIST, stdout: managedRow(5) },
    ], { processes: [100, 101] }),
    async ({ runner }) => {
      equal((await runner.start(DEFINITION, { waitMs: 50 })).pid, 101);
    },
  ));

const UNUSABLE: Record<
  string,
  { definition: Partial<TmuxDefinition>; code: string; says: RegExp }
> = {
  "a working directory that is missing": {
    definition: { workingDir: "/missing" },
    code: "value_invalid",
    says: /"\/missing" as working directory: no such directory/,
  },
  "a working directory that is a file": {
    definition: { workingDir: "/bin/sleep" },
    code: "value_invalid",
    says: /not a directory/,
  },
  "a program that is missing": {
    definition: { argv: ["slep"] },
    code: "start_failed",
    says: /"slep" is not on PATH/,
  },
  "a program that the PATH of the definition does not have": {
    definition: { env: { PATH: "/opt" } },
    code: "start_failed",
    says: /"sleep" is not on PATH/,
  },
};
for (const [what, { definition, code, says }] of Object.entries(UNUSABLE)) {
  Deno.test(`${what} is found before tmux is asked`, () =>
    withRunner(machine([]), async ({ runner, logs }) => {
      const wanted = { ...DEFINITION, ...definition };
      for (const work of [runner.check(wanted), runner.start(wanted, { waitMs: 0 })]) {
        const error = await failure(work);
        equal(error.code, code);
        match(error.message, says);
      }
      equal(logs.kept.size, 0);
    }));
}
