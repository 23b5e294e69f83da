import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { StartOptions } from "../../../../src/backends/backend.ts";
import type { ContainerDefinition, SessionStatus } from "../../../../src/model.ts";
import { ExecTimeoutError } from "../../../../src/world/world.ts";
import type { ExpectedCall, FakeWorldSpec } from "../../../support/fake_world.ts";
import { failure } from "../../../support/failure.ts";
import { containerDefinition } from "../../../support/definitions.ts";
import {
  idOf,
  IMAGE_ID,
  imageAnswer,
  inspectAnswer,
  type Inspected,
  labelsOf,
} from "./containers.ts";
import { type AtWork, BOTH, ONLY_DOCKER, ONLY_PODMAN, withRunner } from "./machine.ts";

const NEW = idOf("ce");
const OLD = idOf("01d");
/** The first random id of a fake world. */
const RUN = "000000000001";
const FINISHED = "2026-01-02T03:04:06Z";

/** How much of its output a runtime is told to keep. */
const LOG_FLAGS: Record<string, readonly (string | RegExp)[]> = {
  podman: ["--log-driver", "k8s-file", "--log-opt", /^max-size=\d+pb$/],
  docker: [
    ...["--log-driver", "local"],
    ...["--log-opt", /^max-size=\d+$/, "--log-opt", /^max-file=\d+$/],
  ],
};

/** The arguments of a run, as far as they matter here. */
const runArgv = (program: string, { init = true, env = [] as readonly string[] } = {}) => [
  ...[program, "run", "--detach", "--interactive", "--tty", "--pull=never"],
  ...(init ? ["--init"] : []),
  ...["--name", "astro", "--label", "io.kstops.session=astro"],
  ...["--label", `io.kstops.run=${RUN}`, "--label", /^io\.kstops\.definition=/],
  ...env.flatMap((key) => ["--env", key]),
  ...["--stop-timeout", "10", ...LOG_FLAGS[program] ?? [], "--", "busybox:1", "sleep", "60"],
];
const run = (more: Partial<ExpectedCall> = {}): ExpectedCall => ({
  argv: runArgv("docker"),
  stdout: `${NEW}\n`,
  ...more,
});
const failedRun = (stderr: string, code = 125): ExpectedCall =>
  run({ code, stdout: "", stderr: `docker: Error response from daemon: ${stderr}\n` });

const WAIT: ExpectedCall = { argv: ["docker", "wait", "--", NEW] };
/** It was waited for, and it lives. */
const LIVES: ExpectedCall = { ...WAIT, fails: new ExecTimeoutError("docker", 500), tookMs: 500 };
const look = (what: string, ...containers: readonly Inspected[]): ExpectedCall => ({
  argv: ["docker", "container", "inspect", "--", what],
  ...(containers.length > 0
    ? { stdout: inspectAnswer(...containers) }
    : { code: 1, stdout: "[]\n", stderr: `Error: No such container: ${what}\n` }),
});
const remove = (id: string): ExpectedCall => ({ argv: ["docker", "rm", "--", id] });
/** All of its output, to be kept. */
const KEPT: ExpectedCall = { argv: ["docker", "logs", "--tail", /^\d+$/, "--", NEW] };
/** The last lines of its output. */
const printed = (stdout: string): readonly ExpectedCall[] => [
  { argv: ["docker", "logs", "--tail", /^\d+$/, "--", NEW], stdout },
];

const TAKEN = failedRun(
  'Conflict. The container name "/astro" is already in use by container "01d". You have to remove (or rename) that container to be able to reuse that name.',
);
const NO_IMAGE = failedRun("No such image: busybox:1");
const NO_INIT = failedRun('exec: "docker-init": executable file not found in $PATH');
const PULL: ExpectedCall = { argv: ["docker", "pull", "--", "busybox:1"] };

interface Started extends AtWork {
  readonly said: readonly string[];
}

/** Once it was made, the runtime is asked when its program began. */
const asked = (call: ExpectedCall, begins: ExpectedCall | null): readonly ExpectedCall[] => {
  const [program = "", verb] = call.argv;
  if (verb !== "run" || call.stdout !== `${NEW}\n`) return [call];
  const { argv, ...answer } = begins ?? look(NEW, { id: NEW });
  return [call, { ...answer, argv: [program, ...argv.slice(1)] }];
};

/** Starts astro on docker, with exactly these calls, and the one that asks when it began. */
async function start(
  calls: readonly ExpectedCall[],
  {
    machine = ONLY_DOCKER,
    define = {},
    waitMs = 500,
    begins = null,
    also = () => Promise.resolve(),
  }: {
    machine?: FakeWorldSpec;
    define?: Partial<ContainerDefinition>;
    waitMs?: StartOptions["waitMs"];
    /** That call, where it matters. */
    begins?: ExpectedCall | null;
    /** What is looked at afterwards. */
    also?: (t: Started) => Promise<void>;
  } = {},
): Promise<SessionStatus> {
  const said: string[] = [];
  const statuses: SessionStatus[] = [];
  await withRunner(
    { ...machine, calls: calls.flatMap((call) => asked(call, begins)) },
    async (t) => {
      const say = (text: string): void => {
        said.push(text);
      };
      try {
        statuses.push(await t.runner.start(containerDefinition(define), { waitMs, say }));
      } finally {
        await also({ ...t, said });
      }
    },
  );
  const [status] = statuses;
  ok(status !== undefined);
  return status;
}

Deno.test("a start proves that the program lives, and says what the runtime says", async () => {
  const status = await start([run(), LIVES, look(NEW, { id: NEW, pid: 99 })]);
  deepEqual(
    [status.state, status.pid, status.id, status.engine, status.managed, status.command],
    ["running", 99, NEW, "docker", true, ["sleep", "60"]],
  );
});

Deno.test("a start that does not wait says what is known", async () => {
  const status = await start([run()], { waitMs: 0 });
  deepEqual([status.state, status.pid, status.id], ["running", null, NEW]);
});

/** When the run of a start began, by the answer of its runtime and the story of the session. */
const BEGINNINGS: Record<string, { begins: ExpectedCall; at: string | null }> = {
  "when its runtime says": {
    begins: look(NEW, { id: NEW, started: "2025-12-31T23:00:00.125Z" }),
    at: "2025-12-31T23:00:00.125Z",
  },
  "when it ended, where its runtime has it begin later": {
    begins: look(NEW, {
      id: NEW,
      status: "exited",
      started: "2026-01-02T03:04:06.003Z",
      finished: FINISHED,
    }),
    at: "2026-01-02T03:04:06.000Z",
  },
  "when it was called, where it has gone": { begins: look(NEW), at: null },
  "when it was called, where the runtime does not say": {
    begins: { ...look(NEW), fails: new ExecTimeoutError("docker", 60_000) },
    at: null,
  },
  "when it was called, where the answer cannot be read": {
    begins: { ...look(NEW), code: 0, stdout: "[{}]" },
    at: null,
  },
};
for (const [when, { begins, at }] of Object.entries(BEGINNINGS)) {
  Deno.test(`a run began ${when}`, async () => {
    let called: Date | null = null;
    await start([run()], {
      begins,
      waitMs: 0,
      also: async ({ logs, world }) => {
        const [one] = await logs.runs("astro");
        called = new Date(world.now().getTime() - (begins.tookMs ?? 0));
        deepEqual(one?.begun?.at, at === null ? called : new Date(at));
      },
    });
    ok(called !== null);
  });
}

Deno.test("a program that ends with success in time has started", async () => {
  const ended = { id: NEW, status: "exited", finished: FINISHED };
  const status = await start([run(), WAIT, look(NEW, ended), { ...KEPT, stdout: "done\r\n" }], {
    also: async ({ logs }) => {
      const [output = ""] = await logs.outputs("astro");
      equal(new TextDecoder().decode(await logs.read(output, { lines: 9 })), "done\n");
      const [one] = await logs.runs("astro");
      deepEqual([one?.ended?.exitCode, one?.ended?.at], [0, new Date(FINISHED)]);
    },
  });
  deepEqual([status.state, status.exitCode], ["exited", 0]);
});

Deno.test("values go to the client's environment", async () => {
  await start([
    run({
      argv: runArgv("docker", { env: ["TOKEN"] }),
      env: { TOKEN: "s3cret" },
    }),
  ], { define: { env: { TOKEN: "s3cret" } }, waitMs: 0 });
});

// --- which client --------------------------------------------------------------------------------

const CLIENTS: Record<string, { machine: FakeWorldSpec; runtime: "podman" | "docker" | null }> = {
  "podman, where both are there": { machine: BOTH, runtime: null },
  "docker, where it is asked for": { machine: BOTH, runtime: "docker" },
  "docker, where it is alone": { machine: ONLY_DOCKER, runtime: null },
  "podman, where it is alone": { machine: ONLY_PODMAN, runtime: "podman" },
};
for (const [what, { machine, runtime }] of Object.entries(CLIENTS)) {
  const [program = ""] = what.split(",");
  Deno.test(`a start calls ${what}`, async () => {
    const call = run({ argv: runArgv(program) });
    const status = await start([call], { machine, define: { runtime }, waitMs: 0 });
    equal(status.engine, program);
  });
}

for (
  const [runtime, reason] of [
    [null, "neither podman nor docker is installed"],
    ["podman", "podman is not installed"],
  ] as const
) {
  Deno.test(`a start fails when ${reason}`, async () => {
    const machine = runtime === null ? {} : ONLY_DOCKER;
    const error = await failure(start([], { machine, define: { runtime } }));
    deepEqual([error.code, error.message], [
      "backend_not_found",
      `Cannot start "astro": ${reason}`,
    ]);
    match(error.hint ?? "", /^install one: /);
  });
}

// --- what is refused before anything is made -----------------------------------------------------

const SRV: FakeWorldSpec = { ...ONLY_DOCKER, files: { ...ONLY_DOCKER.files, "/srv/data/x": "" } };

const REFUSED: Record<
  string,
  { machine?: FakeWorldSpec; define: Partial<ContainerDefinition>; message: RegExp }
> = {
  "a name of one letter, on docker": {
    define: { name: "a" },
    message: /^Cannot use "a" as the name of a docker container$/,
  },
  "a newline in a variable that the client goes by": {
    define: { env: { HTTP_PROXY: "a\nb" } },
    message: /^Cannot give the variable "HTTP_PROXY" to a container: its value has a newline$/,
  },
  "a carriage return in one": {
    define: { env: { PATH: "s3cret\r" } },
    message: /^Cannot give the variable "PATH" to a container: its value has a newline$/,
  },
  "another name among the arguments of run": {
    define: { runArgs: ["--hostname=x", "--name=other"] },
    message: /^Cannot give "--name" to a container: kstops does that itself$/,
  },
  "a name of its own, as two arguments": {
    define: { runArgs: ["--name", "other"] },
    message: /^Cannot give "--name" to a container/,
  },
  "a label that is ours": {
    define: { runArgs: ["--label", "io.kstops.session=other"] },
    message: /^Cannot give "io.kstops.session" to a container/,
  },
  "one in a single argument": {
    define: { runArgs: ["--label=io.kstops.protected=false"] },
    message: /^Cannot give "--label" to a container/,
  },
  "a run in the foreground": {
    define: { runArgs: ["--detach=false"] },
    message: /^Cannot give "--detach" to a container/,
  },
  "a mount of what is not there": {
    machine: SRV,
    define: { volumes: ["/srv/data:/data", "cache:/cache", "/srv/dtaa:/x:ro"] },
    message: /^Cannot mount "\/srv\/dtaa": there is no such file$/,
  },
};
for (const [what, { machine = ONLY_DOCKER, define, message }] of Object.entries(REFUSED)) {
  Deno.test(`a start refuses ${what}, and calls nobody`, async () => {
    const error = await failure(start([], { machine, define }));
    equal(error.code, "value_invalid");
    match(error.message, message);
    ok(error.hint !== null && !error.hint.includes("s3cret"));
  });
}

Deno.test("podman takes a name of one letter", async () => {
  const argv = runArgv("podman").map((word) =>
    typeof word === "string" ? word.replace("astro", "a") : word
  );
  const options = { machine: ONLY_PODMAN, define: { name: "a" }, waitMs: 0 };
  equal((await start([run({ argv })], options)).name, "a");
});

Deno.test("a newline may be in any other variable, and goes by the environment", async () => {
  await start([
    run({ argv: runArgv("docker", { env: ["KEY"] }), env: { KEY: "a\nb" } }),
  ], { define: { env: { KEY: "a\nb" } }, waitMs: 0 });
});

Deno.test("what a runtime on another machine mounts is not looked for on this one", async () => {
  const env = { PATH: "/bin", HOME: "/home/user", DOCKER_HOST: "ssh://host" };
  const argv = runArgv("docker");
  const volume = ["--volume", "/srv/x:/x"];
  argv.splice(argv.indexOf("--stop-timeout"), 0, ...volume);
  const machine = { ...ONLY_DOCKER, env };
  const define = { volumes: ["/srv/x:/x"] };
  equal((await start([run({ argv })], { machine, define, waitMs: 0 })).state, "running");
});

Deno.test("other arguments of run are passed on, before the image", async () => {
  const runArgs = ["--hostname=name", "--label", "team=io.kstops.x", "-dx"];
  const argv = runArgv("docker");
  argv.splice(argv.indexOf("--"), 0, ...runArgs);
  equal((await start([run({ argv })], { define: { runArgs }, waitMs: 0 })).state, "running");
});

Deno.test("a missing log directory is made, for this user alone", async () => {
  const argv = runArgv("docker");
  argv.splice(argv.indexOf("--stop-timeout"), 0, "--volume", "/home/user/logs/astro:/logs");
  await start([run({ argv })], {
    define: { logVolume: "/home/user/logs/astro:/logs" },
    waitMs: 0,
    also: async ({ world }) => {
      const facts = await world.files.facts("/home/user/logs/astro");
      deepEqual([facts?.kind, facts?.mode], ["directory", 0o700]);
    },
  });
});

Deno.test("a log directory that cannot be made is why a start fails", async () => {
  const machine = { ...ONLY_DOCKER, files: { ...ONLY_DOCKER.files, "/home/user/logs": "" } };
  const define = { logVolume: "/home/user/logs/astro:/logs" };
  const error = await failure(start([], { machine, define }));
  equal(error.code, "start_failed");
  match(error.message, /its log directory cannot be made: \/home\/user\/logs/);
});

Deno.test("a check asks the runtime, and makes nothing", () =>
  withRunner(
    { ...ONLY_DOCKER, calls: [look("astro")] },
    ({ runner }) => runner.check(containerDefinition()),
  ));

Deno.test("a check says that the runtime is down", async () => {
  const down = {
    ...look("astro"),
    stderr: "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n",
  };
  const error = await failure(
    withRunner(
      { ...ONLY_DOCKER, calls: [down] },
      ({ runner }) => runner.check(containerDefinition()),
    ),
  );
  equal(error.code, "backend_unavailable");
});

// --- failures ------------------------------------------------------------------------------------

const FAILURES: Record<
  string,
  { call: ExpectedCall; code: string; message: RegExp; hint: RegExp; left?: Inspected }
> = {
  "a port that is in use": {
    call: failedRun(
      "driver failed programming external connectivity on endpoint astro (17): Bind for 127.0.0.1:80 failed: port is already allocated.",
    ),
    code: "start_failed",
    message: /^Cannot start "astro": driver failed .*: port is already allocated$/,
    hint: /nothing of it was left behind/,
    left: { id: NEW, status: "created" },
  },
  "a program that is not in the image": {
    call: failedRun(
      'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "sleep": executable file not found in $PATH: unknown.',
      127,
    ),
    code: "start_failed",
    message:
      /^Cannot start "astro": unable to start container process: exec: "sleep": executable file not found in \$PATH$/,
    hint: /^the program is looked for in the image busybox:1: "sleep"$/,
    left: { id: NEW, status: "created" },
  },
  "a failure before anything was made": {
    call: failedRun("network nonet not found."),
    code: "start_failed",
    message: /^Cannot start "astro": network nonet not found$/,
    hint: /nothing of it was left behind/,
  },
  "a success that names no container": {
    call: run({ stdout: "WARNING: odd\n" }),
    code: "start_failed",
    message: /^Cannot start "astro": it said nothing$/,
    hint: /nothing/,
  },
  "control characters": {
    call: failedRun("\u001b[31mno"),
    code: "start_failed",
    message: /^Cannot start "astro": \\x1b\[31mno$/,
    hint: /nothing/,
  },
};
for (const [what, { call, code, message, hint, left }] of Object.entries(FAILURES)) {
  Deno.test(`a start that fails by ${what} says so, and leaves nothing`, async () => {
    const after = left === undefined ? [look("astro")] : [look("astro", left), remove(NEW)];
    const error = await failure(start([call, ...after]));
    equal(error.code, code);
    match(error.message, message);
    match(error.hint ?? "", hint);
  });
}

for (
  const [whose, labels] of [
    ["another run", labelsOf("astro", { runId: "0000000000ff" })],
    ["somebody else", {}],
  ] as const
) {
  Deno.test(`what ${whose} made under that name stays, when a start fails`, async () => {
    const left = look("astro", { id: OLD, status: "created", labels });
    const error = await failure(start([failedRun("network nonet not found"), left]));
    equal(error.code, "start_failed");
  });
}

Deno.test("a daemon that is down while it starts is no failure of the session", async () => {
  const said =
    "docker: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n";
  const down = run({ code: 125, stdout: "", stderr: said });
  const error = await failure(start([down, { ...look("astro"), stderr: said }]));
  equal(error.code, "backend_unavailable");
  match(error.message, /^Cannot ask docker: .*Is the docker daemon running\?$/);
});

Deno.test("a runtime that does not answer is no failure of the session", async () => {
  const error = await failure(start([run({ fails: new ExecTimeoutError("docker", 60_000) })]));
  equal(error.code, "backend_unavailable");
  match(
    error.message,
    /^Cannot ask docker: it did not answer within 60 s; whether it has made the container is not known$/,
  );
  match(error.hint ?? "", /^once docker answers again, kstops status astro tells$/);
});

// --- init and image ------------------------------------------------------------------------------

Deno.test("a runtime without an init does without", async () => {
  const without = run({ argv: runArgv("docker", { init: false }) });
  const calls = [NO_INIT, look("astro", { id: NEW, status: "created" }), remove(NEW), without];
  equal((await start(calls, { waitMs: 0 })).state, "running");
});

Deno.test("a missing image is got, and what comes of it is said", async () => {
  const progress = "1: Pulling from library/busybox\n\u001b[1Aabc: Downloading\rabc: Done\nrest";
  await start([NO_IMAGE, look("astro"), { ...PULL, stdout: progress }, run()], {
    waitMs: 0,
    also: ({ said }) => {
      deepEqual(said, [
        "astro: docker does not have the image busybox:1, and gets it now",
        "  1: Pulling from library/busybox",
        "  \\x1b[1Aabc: Downloading",
        "  abc: Done",
      ]);
      return Promise.resolve();
    },
  });
});

Deno.test("an image that cannot be got is why a start fails", async () => {
  const stderr =
    "Error response from daemon: pull access denied for busybox, repository does not exist\n";
  const error = await failure(start([NO_IMAGE, look("astro"), { ...PULL, code: 1, stderr }]));
  equal(error.code, "start_failed");
  equal(
    error.message,
    'Cannot start "astro": docker has no image "busybox:1" and cannot get it: ' +
      "pull access denied for busybox, repository does not exist",
  );
  equal(error.hint, "check its name and the network, or build it first");
});

Deno.test("an image that is missing after it was got is not got again", async () => {
  const calls = [NO_IMAGE, look("astro"), PULL, NO_IMAGE, look("astro")];
  const error = await failure(start(calls));
  match(error.message, /^Cannot start "astro": No such image: busybox:1$/);
});

// --- the name is taken ---------------------------------------------------------------------------

/** What has the name, and why that is in the way. */
const IN_THE_WAY: Record<string, { there: Inspected; reason: string; hint: RegExp }> = {
  "a foreign container": {
    there: { status: "exited", finished: FINISHED, labels: {} },
    reason: "a docker container of that name, not made by kstops, is there",
    hint: /^choose another name, or remove it yourself: docker rm astro$/,
  },
  "a session that runs": {
    there: { labels: labelsOf("astro", { runId: "f" }) },
    reason: "it is already running",
    hint: /kstops restart astro$/,
  },
  "a session that is paused": {
    there: { status: "paused", pid: 5, labels: labelsOf("astro", { runId: "f" }) },
    reason: "it is paused",
    hint: /kstops status astro/,
  },
  "a session that restarts": {
    there: {
      ...{ status: "restarting", finished: FINISHED, labels: labelsOf("astro", { runId: "f" }) },
    },
    reason: "docker keeps restarting it",
    hint: /kstops status astro/,
  },
  "a session that somebody is just starting": {
    there: {
      ...{ status: "created", created: "2026-01-02T03:04:00Z" },
      ...{ labels: labelsOf("astro", { runId: "f" }) },
    },
    reason: "it is being started just now",
    hint: /kstops status astro/,
  },
};
for (const [what, { there, reason, hint }] of Object.entries(IN_THE_WAY)) {
  Deno.test(`${what} is not replaced`, async () => {
    const seen = look("astro", { id: OLD, ...there });
    const error = await failure(start([TAKEN, seen, seen]));
    equal(error.code, "session_exists");
    ok(error.message.endsWith(reason), error.message);
    match(error.hint ?? "", hint);
    deepEqual(error.details, { runtime: "docker", id: OLD });
  });
}

Deno.test("the session of another name whose container was given that one is not replaced", async () => {
  const labels = labelsOf("other", { runId: "f" });
  const seen = look("astro", { id: OLD, status: "exited", finished: FINISHED, labels });
  const image = {
    argv: ["docker", "image", "inspect", "--", IMAGE_ID],
    stdout: imageAnswer({ [IMAGE_ID]: null }),
  };
  const error = await failure(start([TAKEN, seen, image, seen, image]));
  equal(error.code, "session_exists");
  match(error.message, /docker calls the session "other" that way by now$/);
  match(error.hint ?? "", /docker rename astro other$/);
});

const OURS = { id: OLD, labels: labelsOf("astro", { runId: "f" }) };

Deno.test("a session that has ended is replaced, and its output is kept", async () => {
  const seen = look("astro", { ...OURS, status: "exited", exitCode: 1, finished: FINISHED });
  const output = { argv: ["docker", "logs", "--tail", /^\d+$/, "--", OLD], stdout: "one\r\ntwo" };
  await start([TAKEN, seen, seen, output, remove(OLD), run()], {
    waitMs: 0,
    also: async ({ logs, world }) => {
      const [output = ""] = await logs.outputs("astro");
      match(output, /-f$/);
      equal(await world.files.readText(`${output}-000001.log`), "one\r\ntwo");
    },
  });
});

for (
  const [what, there] of [
    ["was created long ago, and never ran", { status: "created" }],
    ["is dead, and never ran", { status: "dead" }],
    ["has stopped, and is not cleaned up yet", { status: "stopped" }],
  ] as const
) {
  Deno.test(`a session that ${what} is replaced`, async () => {
    const seen = look("astro", { ...OURS, ...there, created: "2026-01-02T03:00:00Z" });
    equal((await start([TAKEN, seen, seen, remove(OLD), run()], { waitMs: 0 })).id, NEW);
  });
}

Deno.test("a session that is created by a clock ahead of ours is not being started", async () => {
  const seen = look("astro", { ...OURS, status: "created", created: "2026-01-02T06:00:00Z" });
  equal((await start([TAKEN, seen, seen, remove(OLD), run()], { waitMs: 0 })).id, NEW);
});

Deno.test("a session that is removed at this moment is waited for", async () => {
  const going = look("astro", { ...OURS, status: "removing" });
  const calls = [TAKEN, going, going, TAKEN, look("astro"), look("astro"), run()];
  const before = Date.parse("2026-01-02T03:04:05Z");
  await start(calls, {
    waitMs: 0,
    also: ({ world }) => {
      equal(world.now().getTime() - before, 200);
      return Promise.resolve();
    },
  });
});

Deno.test("a name that nobody has, and that stays taken, is given up in the end", async () => {
  const rounds = Array.from({ length: 9 }, () => [TAKEN, look("astro"), look("astro")]).flat();
  const error = await failure(start([...rounds, TAKEN, look("astro")]));
  equal(error.code, "start_failed");
  match(error.message, /is already in use by container/);
});

Deno.test("a session that cannot be removed is why a start fails", async () => {
  const seen = look("astro", { ...OURS, status: "created", created: "2026-01-02T03:00:00Z" });
  const stuck = { ...remove(OLD), code: 1, stderr: "Error response from daemon: device busy\n" };
  const still = look(OLD, { ...OURS, status: "dead" });
  const error = await failure(start([TAKEN, seen, seen, stuck, still]));
  equal(error.code, "stop_failed");
  match(error.message, /it has ended, but docker cannot remove it: device busy$/);
});

// --- the proof -----------------------------------------------------------------------------------

Deno.test("a program that ends at once with a failure shows what it printed, and stays", async () => {
  const ended = look(NEW, { id: NEW, status: "exited", exitCode: 3, finished: FINISHED });
  const output = printed("no config\r\ngiving up\r\n");
  const error = await failure(start([run(), WAIT, ended, ...output, KEPT]));
  equal(error.code, "start_failed");
  equal(error.message, 'Cannot start "astro": it ended at once with exit code 3');
  equal(error.hint, "the whole output: kstops logs astro");
  deepEqual(error.details, { exit_code: 3, signal: null, output: ["no config", "giving up"] });
});

Deno.test("want of memory is why a program ended at once", async () => {
  const ended = look(NEW, {
    ...{ id: NEW, status: "exited", exitCode: 137, finished: FINISHED, outOfMemory: true },
  });
  const error = await failure(start([run(), WAIT, ended, ...printed(""), KEPT]));
  equal(
    error.message,
    'Cannot start "astro": it ended at once by SIGKILL, killed because memory ran out',
  );
});

Deno.test("a program that its init cannot execute leaves nothing", async () => {
  const ended = look(NEW, { id: NEW, status: "exited", exitCode: 127, finished: FINISHED });
  const output = printed("[FATAL tini (7)] exec sleep failed: No such file or directory\r\n");
  const error = await failure(start([run(), WAIT, ended, ...output, remove(NEW)]));
  equal(error.code, "start_failed");
  equal(
    error.message,
    'Cannot start "astro": "sleep" cannot be executed: No such file or directory',
  );
  equal(error.hint, "the program is looked for in the image busybox:1");
});

for (
  const container of [
    { status: "restarting", exitCode: 5, finished: FINISHED, restarts: 0 },
    { status: "running", restarts: 2 },
  ]
) {
  Deno.test(`a program that is ${container.status} after ${container.restarts} restarts has not started`, async () => {
    const seen = look(NEW, { id: NEW, ...container });
    const error = await failure(start([run(), LIVES, seen, ...printed("no\n")]));
    equal(error.code, "start_failed");
    match(error.message, /, and docker keeps restarting it$/);
    match(error.hint ?? "", /kstops stop astro ends that$/);
  });
}

Deno.test("a container that somebody removes while it starts has not started", async () => {
  const error = await failure(start([run(), LIVES, look(NEW)]));
  equal(error.message, 'Cannot start "astro": it was removed while it started');
});

Deno.test("a container whose first run is over says how that ended", async () => {
  const seen = look(NEW, { id: NEW, status: "running", restarts: 2 });
  const calls = [run(), { ...WAIT, stdout: "3\n" }, seen, ...printed("no\n")];
  const error = await failure(start(calls));
  equal(
    error.message,
    'Cannot start "astro": it ended at once with exit code 3, and docker keeps restarting it',
  );
  deepEqual(error.details, { exit_code: 3, signal: null, output: ["no"] });
});

Deno.test("a program that fails where its output cannot be read has failed all the same", async () => {
  const ended = look(NEW, { id: NEW, status: "exited", exitCode: 3, finished: FINISHED });
  const refused: ExpectedCall = {
    argv: ["docker", "logs", "--tail", /^\d+$/, "--", NEW],
    code: 1,
    stderr: "Error response from daemon: configured logging driver does not support reading\n",
  };
  const error = await failure(start([run(), WAIT, ended, refused]));
  equal(error.code, "start_failed");
  equal(error.message, 'Cannot start "astro": it ended at once with exit code 3');
  equal(
    error.hint,
    "what it printed cannot be read: configured logging driver does not support reading",
  );
});

const WITH_RM: Partial<ContainerDefinition> = { runArgs: ["--rm"] };
const runWithRm = (): ExpectedCall => {
  const argv = runArgv("docker");
  argv.splice(argv.indexOf("--"), 0, "--rm");
  return run({ argv });
};

Deno.test("a program that succeeds and is told to go then has started", async () => {
  const calls = [runWithRm(), { ...WAIT, stdout: "0\n" }, look(NEW)];
  const status = await start(calls, { define: WITH_RM });
  deepEqual([status.state, status.exitCode, status.id], ["exited", 0, NEW]);
});

Deno.test("a program that fails and is told to go then says how it ended", async () => {
  const calls = [runWithRm(), { ...WAIT, stdout: "137\n" }, look(NEW)];
  const error = await failure(start(calls, { define: WITH_RM }));
  equal(error.message, 'Cannot start "astro": it ended at once by SIGKILL, and was removed');
  match(error.hint ?? "", /^--rm in run_args removes it/);
  deepEqual(error.details, { exit_code: 137, signal: "SIGKILL" });
});
