/** What happens when a container runtime is in trouble: for real, with a docker daemon of our own. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Survey } from "../../src/backends/backend.ts";
import type { ContainerSettings } from "../../src/backends/container/ask.ts";
import { containerRunner } from "../../src/backends/container/runner.ts";
import { lookAtContainers } from "../../src/backends/container/doctor.ts";
import { logStore } from "../../src/logs/store.ts";
import type { ContainerDefinition, Runtime } from "../../src/model.ts";
import { recordedIn } from "../../src/sessions/recorded.ts";
import type { World } from "../../src/world/world.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { ignoreWithoutEngines, pathWithoutEngines } from "../support/engines.ts";
import { writeExecutable } from "../support/executable.ts";
import { type TmuxSandbox, waitFor, withTmux } from "../support/tmux.ts";
import { containerTest, testImage, withContainers } from "./container_setup.ts";
import { containerDefinition } from "../support/definitions.ts";
import { failure } from "../support/failure.ts";
import { ended, existing, find, sh, unique } from "./suite.ts";
import { LIMIT_MS } from "../support/limits.ts";

const FORCE = { timeoutSeconds: null, force: true };
const SERVE = sh("echo ready; exec sleep 3600");

function runnerIn(
  world: World,
  patience: Pick<ContainerSettings, "engineTimeoutMs" | "say"> = {},
): ReturnType<typeof containerRunner> {
  return containerRunner(world, { logs: logStore(world, () => {}), ...patience });
}

function definition(
  wanted: Pick<ContainerDefinition, "name"> & Partial<ContainerDefinition>,
): ContainerDefinition {
  return containerDefinition({ image: testImage(), argv: SERVE, stopTimeoutSeconds: 1, ...wanted });
}

/** What a runtime answered, which must be there. */
function surveyOf(surveys: readonly Survey[], runtime: Runtime): Survey {
  const survey = surveys.find(({ place }) => place.engine === runtime);
  ok(survey, `${runtime} was not asked`);
  return survey;
}

// --- the daemon ----------------------------------------------------------------------------------

let daemon: Daemon | null = null;

Deno.test.afterAll(async () => {
  await daemon?.remove();
  daemon = null;
});

interface DaemonTest extends TmuxSandbox {
  readonly daemon: Daemon;
  /** Its docker is that of the daemon; its podman is that of all tests. */
  readonly world: World;
}

/** A test with the daemon of this file. */
function daemonTest(name: string, body: (t: DaemonTest) => Promise<void>): void {
  Deno.test({
    name: `docker daemon: ${name}`,
    ignore: ignoreWithoutEngines(),
    // The daemon outlives the test.
    sanitizeResources: false,
    sanitizeOps: false,
    fn: () =>
      withTmux(async (t) => {
        daemon ??= await startDaemon();
        const { DOCKER_HOST, DOCKER_CONFIG } = daemon.env;
        await body({ ...t, daemon, world: t.worldWith({ DOCKER_HOST, DOCKER_CONFIG }) });
      }, { containers: true }),
  });
}

daemonTest("one that was killed is not running, and its containers are back with it", async (t) => {
  const runner = runnerIn(t.world);
  const [astro, fresh] = [unique("astro"), unique("fresh")];
  const { id } = await runner.start(definition({ name: astro, runtime: "docker" }), { waitMs: 50 });
  const session = await existing(runner, astro);
  await t.daemon.kill();
  const { sessions, trouble } = surveyOf(await runner.survey({}), "docker");
  deepEqual(sessions, []);
  deepEqual([trouble?.kind, trouble?.missing], ["not_running", false]);
  match(trouble?.reason ?? "", /Cannot connect to the Docker daemon/);
  ok(trouble?.hint);
  equal(surveyOf(await runner.survey({}), "podman").trouble, null);
  const works: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["start", () => runner.start(definition({ name: fresh, runtime: "docker" }), { waitMs: 0 })],
    ["check", () => runner.check(definition({ name: fresh, runtime: "docker" }))],
    ["stop", () => session.stop(FORCE)],
    ["logs", () => session.logs({ lines: 10 })],
  ];
  for (const [what, work] of works) {
    const error = await failure(work());
    equal(error.code, "backend_unavailable", what);
    ok(!error.message.includes("\n"), error.message);
  }
  await t.daemon.up();
  // A daemon that comes back ends what it finds.
  const { status } = await ended(runner, astro);
  equal(status.id, id);
  equal(await find(runner, fresh), null);
  const again = await runner.start(definition({ name: astro, runtime: "docker" }), { waitMs: 50 });
  equal(again.state, "running");
  await (await existing(runner, astro)).stop(FORCE);
  equal(await find(runner, astro), null);
});

daemonTest("the doctor sees that one runs, and that it was killed", async (t) => {
  const docker = async () => {
    const { clients } = await lookAtContainers(t.world, Promise.resolve("root"));
    return clients.find(({ program }) => program === "docker")?.seen?.reached;
  };
  const up = await docker();
  equal(up?.kind === "answered" && /^\d/.test(up.value.version ?? ""), true);
  await t.daemon.kill();
  const down = await docker();
  match(down?.kind === "failed" ? down.reason : "", /Cannot connect to the Docker daemon/);
  await t.daemon.up();
});

daemonTest("one that is killed before it makes the container is a failed start", async (t) => {
  const name = unique("early");
  const pid = await t.daemon.pid();
  Deno.kill(pid, "SIGSTOP");
  const runner = runnerIn({
    ...t.world,
    exec: (argv, options) => {
      const answer = t.world.exec(argv, options);
      // The client waits for a daemon that sleeps.
      if (argv.includes("run")) setTimeout(() => Deno.kill(pid, "SIGKILL"), 200);
      return answer;
    },
  });
  const error = await failure(
    runner.start(definition({ name, runtime: "docker" }), { waitMs: LIMIT_MS }),
  );
  ok(["backend_unavailable", "start_failed"].includes(error.code), error.message);
  ok(!error.message.includes("\n"), error.message);
  await t.daemon.up();
  equal(await find(runnerIn(t.world), name), null);
});

daemonTest("one that is killed while a start is proved is not called a success", async (t) => {
  const runner = runnerIn(t.world);
  const name = unique("late");
  const start = failure(
    runner.start(definition({ name, runtime: "docker" }), { waitMs: LIMIT_MS }),
  );
  await waitFor(async () => (await find(runner, name))?.status.state === "running", name);
  await t.daemon.kill();
  equal((await start).code, "backend_unavailable");
  await t.daemon.up();
  // What it has left is known, and can be taken away or started anew.
  await ended(runner, name);
  equal((await (await existing(runner, name)).stop(FORCE)).state, "stopped");
  equal(await find(runner, name), null);
});

daemonTest("one that hangs is unknown, not empty, and the other runtime is listed", async (t) => {
  const runner = runnerIn(t.world);
  const name = unique("podman");
  await runner.start(definition({ name, runtime: "podman" }), { waitMs: 0 });
  const pid = await t.daemon.pid();
  Deno.kill(pid, "SIGSTOP");
  try {
    const surveys = await runner.survey({});
    const { sessions, trouble } = surveyOf(surveys, "docker");
    deepEqual([sessions, trouble?.kind], [[], "unreachable"]);
    match(trouble?.reason ?? "", /did not answer within/);
    const found = surveyOf(surveys, "podman").sessions.map(({ status }) => status.name);
    ok(found.includes(name));
  } finally {
    Deno.kill(pid, "SIGCONT");
    await (await existing(runner, name)).stop(FORCE);
  }
  equal(surveyOf(await runner.survey({}), "docker").trouble, null);
});

daemonTest(
  "one that hangs while it makes a container is given up, with what is known",
  async (t) => {
    const name = unique("cut");
    const pid = await t.daemon.pid();
    const said: string[] = [];
    // Every call that the client makes of a daemon that was just halted.
    const halting: World = {
      ...t.world,
      exec: (argv, options) => {
        if (argv.includes("run")) Deno.kill(pid, "SIGSTOP");
        return t.world.exec(argv, options);
      },
    };
    const runner = runnerIn(halting, {
      engineTimeoutMs: () => Promise.resolve(4000),
      say: (text) => said.push(text),
    });
    try {
      const error = await failure(
        runner.start(definition({ name, runtime: "docker" }), { waitMs: 0 }),
      );
      equal(error.code, "backend_unavailable");
      equal(
        error.message,
        "Cannot ask docker: it did not answer within 4 s; whether it has made the container is not known",
      );
      deepEqual([...new Set(said)], ["docker does not answer yet: kstops waits up to 4 s for it"]);
      const [last] = await recordedIn(logStore(t.world, () => {}), t.world).openIn(name);
      equal(last?.engine, "docker");
    } finally {
      Deno.kill(pid, "SIGCONT");
    }
    // It may make the container now that it goes on: that is found, and can be taken away.
    const left = await find(runnerIn(t.world), name);
    if (left !== null) await left.stop(FORCE);
  },
);

daemonTest("one that takes long and works is waited for", async (t) => {
  const said: string[] = [];
  const runner = runnerIn(t.world, {
    engineTimeoutMs: () => Promise.resolve(3000),
    say: (text) => said.push(text),
  });
  const name = unique("long");
  const argv = sh("trap '' TERM; echo ready; while :; do sleep 0.1; done");
  await runner.start(definition({ name, argv, runtime: "docker" }), { waitMs: 100 });
  const session = await existing(runner, name);
  const { state } = await session.stop({ timeoutSeconds: 8, force: false });
  deepEqual([state, said], ["stopped", []]);
  equal(await find(runner, name), null);
});

daemonTest("one that is forbidden to this user is unknown, not empty", async (t) => {
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const runner = runnerIn({
    ...t.worldWith({ DOCKER_HOST: t.daemon.env["DOCKER_HOST"], DOCKER_CONFIG: undefined }),
    exec: (argv, options) =>
      t.world.exec(argv[0] === "docker" ? [...nobody, ...argv] : argv, options),
  });
  const { sessions, trouble } = surveyOf(await runner.survey({ engine: "docker" }), "docker");
  deepEqual([sessions, trouble?.kind, trouble?.missing], [[], "unreachable", false]);
  match(trouble?.reason ?? "", /permission denied/);
  const start = runner.start(definition({ name: unique("astro"), runtime: "docker" }), {
    waitMs: 0,
  });
  const error = await failure(start);
  equal(error.code, "backend_unavailable");
  match(error.message, /permission denied/);
});

// --- sockets of others ---------------------------------------------------------------------------

/** Runs `body` with a docker socket on which `answer` sits. */
async function withSocket(
  answer: (connection: Deno.UnixConn) => Promise<void>,
  body: (world: World) => Promise<void>,
): Promise<void> {
  await withTmux(async (t) => {
    const path = `${t.directory}/socket`;
    const listener = Deno.listen({ transport: "unix", path });
    const connections: Deno.UnixConn[] = [];
    const accepting = (async () => {
      for await (const connection of listener) {
        connections.push(connection);
        await answer(connection);
      }
    })();
    try {
      await body(t.worldWith({ DOCKER_HOST: `unix://${path}` }));
    } finally {
      listener.close();
      await accepting;
      for (const connection of connections) {
        try {
          connection.close();
        } catch {
          // The answer was its end.
        }
      }
    }
  }, { containers: true });
}

const ANSWERS: Readonly<Record<string, string | null>> = {
  "nothing at all": null,
  "what is no HTTP": "hello there\r\n\r\n",
  "an error of the server":
    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 17\r\n\r\n\x1b[31mout of order",
  "JSON that is something else": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" +
    'Api-Version: 1.41\r\nContent-Length: 11\r\n\r\n{"a": "b"}\n',
};

for (const [what, text] of Object.entries(ANSWERS)) {
  Deno.test({
    name: `a docker socket that answers ${what} is unknown, not empty`,
    ignore: ignoreWithoutEngines(),
    fn: () =>
      withSocket(async (connection) => {
        if (text === null) return;
        await connection.write(new TextEncoder().encode(text));
        connection.closeWrite();
      }, async (world) => {
        const surveys = await runnerIn(world).survey({ engine: "docker" });
        const { sessions, trouble } = surveyOf(surveys, "docker");
        deepEqual([sessions, trouble?.kind], [[], "unreachable"]);
        ok(trouble?.reason);
        ok(!trouble.reason.includes("\n") && !trouble.reason.includes("\x1b"), trouble.reason);
      }),
  });
}

Deno.test({
  name: "a docker socket that accepts and says nothing is given up after engine_timeout",
  ignore: ignoreWithoutEngines(),
  fn: () =>
    withSocket(() => Promise.resolve(), async (world) => {
      const runner = runnerIn(world, { engineTimeoutMs: () => Promise.resolve(1000) });
      const { trouble } = surveyOf(await runner.survey({ engine: "docker" }), "docker");
      deepEqual(
        [trouble?.reason, trouble?.isSilent],
        ["it did not answer within 1 s", true],
      );
      const wanted = definition({ name: unique("mute"), runtime: "docker" });
      for (const work of [() => runner.check(wanted), () => runner.start(wanted, { waitMs: 0 })]) {
        const error = await failure(work());
        equal(error.code, "backend_unavailable");
        match(error.message, /^Cannot ask docker: it did not answer within 1 s/);
      }
    }),
});

Deno.test({
  name: "a podman that is led to a socket which says nothing is given up after engine_timeout",
  ignore: ignoreWithoutEngines(),
  fn: () =>
    withSocket(() => Promise.resolve(), async (world) => {
      const led: World = {
        ...world,
        exec: (argv, options) =>
          world.exec(argv, {
            ...options,
            env: { ...options.env, CONTAINER_HOST: world.env("DOCKER_HOST") },
          }),
      };
      const runner = runnerIn(led, { engineTimeoutMs: () => Promise.resolve(1000) });
      const { trouble } = surveyOf(await runner.survey({ engine: "podman" }), "podman");
      equal(trouble?.reason, "it did not answer within 1 s");
    }),
});

// --- programs of others --------------------------------------------------------------------------

/** A world in which these programs stand before all others; the text is that of a script. */
async function worldWithPrograms(
  t: TmuxSandbox,
  programs: Readonly<Record<string, string>>,
  path = t.env["PATH"] ?? "",
): Promise<World> {
  const bin = `${t.directory}/bin`;
  await Deno.mkdir(bin);
  for (const [name, text] of Object.entries(programs)) {
    await writeExecutable(`${bin}/${name}`, `#!/bin/sh\n${text}\n`);
  }
  return t.worldWith({ PATH: `${bin}:${path}` });
}

Deno.test({
  name: "the docker of another machine is asked as its client reaches it: over SSH",
  ignore: ignoreWithoutEngines(),
  fn: () =>
    withContainers("docker", async ({ sandbox, make }) => {
      const name = unique("far");
      await make({ name, argv: ["sleep", "3600"] });
      const socket = sandbox.env["DOCKER_HOST"] ?? "";
      // What is to be run on the other machine comes last, as one word or as several.
      const ssh = `words=$*; DOCKER_HOST=${socket} exec sh -c "\${words##* elsewhere }"`;
      await worldWithPrograms(sandbox, { ssh: `echo "$*" >> ${sandbox.work}/called; ${ssh}` });
      const world = sandbox.worldWith({
        PATH: `${sandbox.directory}/bin:${sandbox.env["PATH"]}`,
        DOCKER_HOST: "ssh://somebody@elsewhere",
      });
      const { sessions, trouble } = surveyOf(await runnerIn(world).survey({}), "docker");
      equal(trouble, null);
      const [found] = sessions.filter(({ status }) => status.name === name);
      deepEqual([found?.status.state, typeof found?.status.pid], ["running", "number"]);
      match(
        await Deno.readTextFile(`${sandbox.work}/called`),
        /^(?:.* elsewhere docker system dial-stdio\n)+$/,
      );
      // Nobody is there.
      await writeExecutable(`${sandbox.directory}/bin/ssh`, "#!/bin/sh\nexit 255\n");
      const lost = surveyOf(await runnerIn(world).survey({}), "docker");
      deepEqual([lost.sessions, lost.trouble?.kind], [[], "unreachable"]);
    }),
});

/** As the clients say it. */
const FAILED_RUNS: Readonly<Record<string, readonly [Runtime, number, string, RegExp]>> = {
  "a full disk, by podman": [
    "podman",
    125,
    "Error: creating container storage: creating read-write layer with ID " +
    '"8d5b5f3b1a": mkdir /srv/graph/overlay/8d5b: no space left on device',
    /no space left on device$/,
  ],
  "a full disk, by docker": [
    "docker",
    125,
    "docker: Error response from daemon: mkdir /var/lib/docker/overlay2/5c1e-init: " +
    "no space left on device.\nSee 'docker run --help'.",
    /no space left on device$/,
  ],
  "a storage that is read-only": [
    "podman",
    125,
    'time="2026-01-02T03:04:05Z" level=warning msg="failed to connect to syslog"\n' +
    "Error: creating tmpdir: mkdir /var/tmp/libpod: read-only file system",
    /read-only file system$/,
  ],
  "too many processes": [
    "docker",
    125,
    "docker: Error response from daemon: failed to create task for container: failed to create " +
    "shim task: OCI runtime create failed: runc create failed: unable to start container " +
    "process: can't get final child's PID from pipe: EOF: unknown.",
    /EOF/,
  ],
  "nothing at all": ["podman", 1, "", /said nothing|exit/],
};

for (const [what, [runtime, code, stderr, reason]] of Object.entries(FAILED_RUNS)) {
  Deno.test({
    name: `a failed run is passed on readably: ${what}`,
    ignore: ignoreWithoutEngines(),
    fn: () =>
      withTmux(async (t) => {
        await Deno.writeTextFile(`${t.directory}/stderr`, stderr);
        const real = await t.world.exec(["sh", "-c", `command -v ${runtime}`], {
          timeoutMs: LIMIT_MS,
        });
        const world = await worldWithPrograms(t, {
          [runtime]: `[ "$1" = run ] || exec ${real.stdout.trim()} "$@"\n` +
            `cat '${t.directory}/stderr' >&2; exit ${code}`,
        });
        const name = unique("full");
        const error = await failure(
          runnerIn(world).start(definition({ name, runtime }), { waitMs: LIMIT_MS }),
        );
        equal(error.code, "start_failed");
        ok(error.message.startsWith(`Cannot start "${name}": `), error.message);
        match(error.message, reason);
        ok(!error.message.includes("\n"), error.message);
        ok(error.hint);
        equal(await find(runnerIn(t.world), name), null);
      }, { containers: true }),
  });
}

containerTest("a client that prints garbage is trouble, not an empty list", async (t) => {
  for (const text of ["echo '{\"a\"'", "echo hello", "printf '\\377'", ...ROWS_OF_GARBAGE]) {
    const world = await worldWithPrograms(t.sandbox, { [t.runtime]: text });
    const surveys = await runnerIn(world).survey({ engine: t.runtime });
    const { sessions, trouble } = surveyOf(surveys, t.runtime);
    // podman's list may have a row that cannot be read; to docker's daemon it is no answer at all.
    const isRow = t.runtime === "podman" && ROWS_OF_GARBAGE.includes(text);
    deepEqual(
      [sessions.map(({ status: { name, state } }) => [name, state]), trouble?.kind],
      isRow ? [[[null, "unknown"]], undefined] : [[], "unreachable"],
      text,
    );
    await Deno.remove(`${t.sandbox.directory}/bin`, { recursive: true });
  }
});

/** Lists of what is no container. */
const ROWS_OF_GARBAGE = ["echo '[1]'", "echo '[{}]'"];

containerTest("a client that is gone, or may not be executed, is said", async (t) => {
  const path = await pathWithoutEngines();
  const world = t.sandbox.worldWith({ PATH: path });
  const [survey, ...more] = await runnerIn(world).survey({});
  deepEqual(more, []);
  deepEqual([survey?.sessions, survey?.trouble?.missing], [[], true]);
  const asked = await runnerIn(world).survey({ engine: t.runtime });
  match(
    surveyOf(asked, t.runtime).trouble?.reason ?? "",
    new RegExp(`${t.runtime} is not installed`),
  );
  for (const runtime of [null, t.runtime]) {
    const error = await failure(
      runnerIn(world).start(definition({ name: unique("astro"), runtime }), { waitMs: 0 }),
    );
    equal(error.code, "backend_not_found");
    ok(error.hint);
  }
});

// --- podman in disguise --------------------------------------------------------------------------

/** What is put on PATH as `docker`, of the real podman. */
const DISGUISES: Readonly<Record<string, (docker: string, podman: string) => Promise<void>>> = {
  "a link": (docker, podman) => Deno.symlink(podman, docker),
  "a script": (docker, podman) =>
    writeExecutable(
      docker,
      '#!/bin/sh\n[ -e /etc/containers/nodocker ] || echo "Emulate Docker CLI using podman" >&2\n' +
        `exec ${podman} "$@"\n`,
    ),
};

for (const [what, disguise] of Object.entries(DISGUISES)) {
  for (const where of ["beside podman", "alone"] as const) {
    Deno.test({
      name: `a docker that is podman, by ${what}, is asked once (${where})`,
      ignore: ignoreWithoutEngines(),
      fn: () =>
        withContainers("podman", async ({ sandbox, define }) => {
          const { stdout } = await sandbox.world.exec(["sh", "-c", "command -v podman"], {
            timeoutMs: LIMIT_MS,
          });
          const before = where === "alone" ? await pathWithoutEngines() : sandbox.env["PATH"];
          const world = await worldWithPrograms(sandbox, {}, before);
          await disguise(`${sandbox.directory}/bin/docker`, stdout.trim());
          const programs = new Set<string>();
          const runner = runnerIn({
            ...world,
            exec: (argv, options) => {
              programs.add(argv[0] ?? "");
              return world.exec(argv, options);
            },
          });
          const name = unique("once");
          const status = await runner.start(define({ name, argv: SERVE, runtime: null }), {
            waitMs: 50,
          });
          equal(status.engine, "podman");
          const surveys = await runner.survey({});
          deepEqual(surveys.map(({ place }) => place.engine), ["podman"]);
          const found = surveys.flatMap(({ sessions }) => sessions).filter((session) =>
            session.status.name === name
          );
          equal(found.length, 1);
          deepEqual([...programs], [where === "alone" ? "docker" : "podman"]);
        }),
    });
  }
}
