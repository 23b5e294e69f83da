/** The library on real engines, by the examples of those who come from its first version. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import {
  autoDetectBackend,
  BackendUnavailableError,
  ContainerRunner,
  ContainerRuntimeNotFoundError,
  InputRequiredError,
  openOperationStore,
  OperationRunningError,
  OpsError,
  type Runtime,
  RUNTIMES,
  SessionAmbiguousError,
  SessionAttachError,
  SessionConfigError,
  SessionExistsError,
  SessionManager,
  SessionNotFoundError,
  SessionStartError,
  TmuxNotFoundError,
  TmuxRunner,
} from "../../src/mod.ts";
import { engineVariables, ignoreWithoutEngines } from "../support/engines.ts";
import { here } from "../support/here.ts";
import { ignoreWithoutTmux, type TmuxSandbox, waitFor, withTmux } from "../support/tmux.ts";

/** A test of the library in a sandbox with a private tmux, and with containers where it says so. */
function libraryTest(
  name: string,
  body: (t: TmuxSandbox) => Promise<void>,
  options: { readonly containers?: boolean } = {},
): void {
  Deno.test({
    name,
    ignore: ignoreWithoutTmux() || (options.containers === true && ignoreWithoutEngines()),
    fn: () => withTmux((t) => here(t, () => body(t)), options),
  });
}

/** The same on each container runtime, with a name that no stranger's container has. */
function containerTest(
  name: string,
  body: (given: { readonly name: string; readonly runtime: Runtime }) => Promise<void>,
): void {
  for (const runtime of RUNTIMES) {
    const session = `library-${crypto.randomUUID().slice(0, 8)}`;
    libraryTest(`${name} (${runtime})`, async () => {
      try {
        await body({ name: session, runtime });
      } finally {
        for (const each of RUNTIMES) {
          const args = ["rm", "-f", session];
          await new Deno.Command(each, { args, stdout: "null", stderr: "null" }).output();
        }
      }
    }, { containers: true });
  }
}

const IMAGE = engineVariables()?.["KSTOPS_TEST_IMAGE"] ?? "";
const SLEEP = ["sleep", "300"];

async function printed(session: SessionManager, text: string): Promise<string> {
  return await waitFor(async () => {
    const output = await session.logs();
    return output.includes(text) && output;
  }, `${text} in the output`);
}

// --- recorded ------------------------------------------------------------------------------------

libraryTest("with a store every change is an operation, which the command line sees", async () => {
  const said: string[] = [];
  const operations = await openOperationStore({ say: (text) => said.push(text) });
  try {
    const session = new SessionManager("bot", { command: SLEEP, operations });
    await session.start();
    await rejects(session.start(), SessionExistsError);
    await new TmuxRunner({ operations }).stop("bot");
    const another = await openOperationStore();
    deepEqual(
      another.list({ session: "bot" }).map(({ kind, state, place }) => [kind, state, place]),
      [
        ["stop", "done", "tmux:default"],
        ["start", "failed", "tmux:default"],
        ["start", "done", "tmux:default"],
      ],
    );
    await another.dispose();
    deepEqual(said, []);
  } finally {
    await operations.dispose();
  }
});

libraryTest("an operation of a program says as much as one of the command line", async () => {
  const operations = await openOperationStore();
  try {
    const session = new SessionManager("bot", { command: ["sh", "-c", "sleep 60"], operations });
    await session.start();
    await session.stop({ timeout: 5 });
    const [stop, start] = operations.list({ session: "bot" });
    ok(stop && start);
    const place = { backend: "tmux", socket: "default" };
    deepEqual([start.request, stop.request], [
      { argv: null, directory: Deno.cwd(), config: null, flags: null },
      { argv: null, directory: Deno.cwd(), config: null, flags: { ...place, timeout: 5 } },
    ]);
    const status = await Deno.readTextFile(new URL("../golden/status.json", import.meta.url));
    const keys = Object.keys(JSON.parse(status)[0]).filter((key) => key !== "command").toSorted();
    deepEqual(Object.keys(start.result ?? {}).toSorted(), keys);
    deepEqual(Object.keys(stop.result ?? {}).toSorted(), keys);
    await rejects(session.stop(), /Cannot stop "bot": no such session/);
    deepEqual(operations.list({ session: "bot" }).map(({ kind, state }) => [kind, state]), [
      ["stop", "failed"],
      ["stop", "done"],
      ["start", "done"],
    ]);
  } finally {
    await operations.dispose();
  }
});

libraryTest("what another one works on is left alone where changes are recorded", async () => {
  const operations = await openOperationStore();
  try {
    const session = new SessionManager("bot", { command: SLEEP, operations });
    await session.start();
    const { id } = operations.open("restart", null, { session: "bot" });
    for (const state of ["validating", "planning"] as const) operations.transition(id, state);
    await operations.claim(id, "tmux:default");
    await rejects(session.stop(), OperationRunningError);
    // Without a store nothing is recorded, and nobody is asked.
    await new SessionManager("bot").stop();
    equal(operations.list({ session: "bot" }).length, 3);
  } finally {
    await operations.dispose();
  }
});

// --- in tmux -------------------------------------------------------------------------------------

libraryTest("a tmux session is started, looked at and stopped", async () => {
  const session = new SessionManager("bot", { backend: "tmux" });
  equal(await session.exists(), false);
  equal(await session.isRunning(), false);
  const started = await session.start(`sh -c 'echo "one"; echo "two"; exec sleep 300'`);
  deepEqual([started.name, started.state, started.backend], ["bot", "running", "tmux"]);
  const status = await session.status();
  equal(`${status.name}: ${status.state}`, "bot: running");
  equal(status.pid, started.pid);
  await printed(session, "two");
  equal(await session.logs({ lines: 1 }), "two\n");
  ok(await session.isRunning());
  equal((await session.stop()).signal, "SIGINT");
  equal(await session.exists(), false);
  equal(await session.logs({ lines: 1 }), "two\n");
});

libraryTest("start() takes a command, and options that go over those of the manager", async () => {
  const session = new SessionManager("bot", { command: "false", env: { ONE: "1", TWO: "2" } });
  equal(session.backend, "tmux");
  deepEqual(session.config, {
    command: "false",
    env: { ONE: "1", TWO: "2" },
    name: "bot",
    backend: "tmux",
  });
  await session.start(["sh", "-c", 'echo "$ONE $TWO $THREE"; exec sleep 300'], {
    env: { TWO: "two", THREE: "3" },
  });
  match(await printed(session, "3"), /^1 two 3$/m);
  await session.stop({ graceful: false });
});

libraryTest("a manager looks on its own socket, and a name runs once on all of them", async () => {
  const [one, two] = [
    new SessionManager("bot", { command: SLEEP }),
    new SessionManager("bot", { command: SLEEP, socketName: "bots" }),
  ];
  await one.start();
  equal(await two.exists(), false);
  await rejects(two.start(), SessionExistsError);
  ok(await one.isRunning());
  equal(await two.exists(), false);
  await one.stop();
  await two.start();
  ok(await two.isRunning());
  equal(await one.exists(), false);
  equal(await autoDetectBackend("bot"), "tmux");
  await two.stop();
  equal(await autoDetectBackend("bot"), null);
});

libraryTest("of sessions of that name that somebody else made, none is chosen", async (t) => {
  await t.tmux("new-session", "-d", "-s", "bot", "sleep", "60");
  await t.tmux("-L", "bots", "new-session", "-d", "-s", "bot", "sleep", "60");
  await rejects(autoDetectBackend("bot"), SessionAmbiguousError);
});

libraryTest("what goes wrong is thrown as what it is", async () => {
  const session = new SessionManager("bot", { backend: "tmux" });
  const works = [
    () => session.status(),
    () => session.stop(),
    () => session.logs(),
    () => session.attach(),
  ];
  for (const work of works) {
    await rejects(work, (error) => {
      ok(error instanceof SessionNotFoundError && error instanceof OpsError);
      equal(error.name, "bot");
      return true;
    });
  }
  await rejects(session.start(), (error) => {
    ok(error instanceof SessionConfigError);
    deepEqual([error.code, error.message], [
      "value_invalid",
      'Cannot start "bot": it has no command',
    ]);
    return true;
  });
  await rejects(session.start("no-such-program-anywhere"), SessionStartError);
  await session.start(SLEEP);
  await rejects(session.start(SLEEP), SessionExistsError);
  await rejects(session.attach(), SessionAttachError);
  await rejects(session.stop({ keep: true }), SessionConfigError);
  await rejects(session.stop({ timeout: -1 }), SessionConfigError);
  ok(await session.isRunning());
  await session.stop();
});

libraryTest("a missing tmux is said as such", async () => {
  const session = new SessionManager("bot", { tmuxBinary: "no-tmux-here" });
  await rejects(session.start(SLEEP), (error) => {
    ok(error instanceof TmuxNotFoundError);
    match(error.hint ?? "", /install/);
    return true;
  });
});

libraryTest("a missing container runtime is said as such", async () => {
  const session = new SessionManager("bot", { image: "bot:latest" });
  equal(session.backend, "container");
  await rejects(session.start(), ContainerRuntimeNotFoundError);
  equal(await autoDetectBackend("bot"), null);
});

libraryTest("TmuxRunner works on every session of a socket", async () => {
  const tmux = new TmuxRunner();
  const status = await tmux.start({ name: "direct-test", backend: "tmux", command: "sleep 300" });
  equal(status.state, "running");
  deepEqual((await tmux.listSessions()).map(({ name }) => name), ["direct-test"]);
  deepEqual(await new TmuxRunner({ socketName: "other" }).listSessions(), []);
  ok(await tmux.exists("direct-test"));
  equal((await tmux.status("direct-test")).pid, status.pid);
  equal(await tmux.logs("direct-test"), "");
  await rejects(
    tmux.start({ name: "web", backend: "container", image: "web" }),
    /its backend is "container", but this runner's is "tmux"/,
  );
  await tmux.stop("direct-test", { graceful: true, timeout: 5 });
  equal(await tmux.exists("direct-test"), false);
});

// --- from the config -----------------------------------------------------------------------------

libraryTest("a session of the config goes from defined to running to defined", async () => {
  await Deno.writeTextFile(
    "kstlib.conf.yml",
    `
ops:
  default_backend: tmux
  tmux_binary: tmux
  container_runtime: null
  sessions:
    astro:
      backend: tmux
      command: sh -c 'echo "$ASTRO_ENV"; exec sleep 300'
      env:
        ASTRO_ENV: "development"
`,
    { mode: 0o600 },
  );
  const session = await SessionManager.fromConfig("astro");
  deepEqual(session.config, {
    name: "astro",
    backend: "tmux",
    command: `sh -c 'echo "$ASTRO_ENV"; exec sleep 300'`,
    env: { ASTRO_ENV: "development" },
  });
  const states = [(await session.status()).state];
  equal(await session.exists(), false);
  await session.start();
  states.push((await session.status()).state);
  await printed(session, "development");
  const stopped = await session.stop();
  deepEqual([stopped.state, stopped.defined], ["defined", true]);
  states.push((await session.status()).state);
  deepEqual(states, ["defined", "running", "defined"]);
  await rejects(session.stop(), /Cannot stop "astro": it is not running/);
  await rejects(SessionManager.fromConfig("astr"), (error) => {
    ok(error instanceof SessionConfigError);
    deepEqual([error.code, error.hint], ["config_invalid", 'did you mean "astro"?']);
    return true;
  });
  await rejects(SessionManager.fromConfig("astro", { config: "none.yml" }), SessionConfigError);
  await rejects(session.start(undefined, { image: "astro" }), /Cannot use image for "astro"/);
});

// --- in containers -------------------------------------------------------------------------------

containerTest(
  "a container has its volumes, log volume, ports and env",
  async ({ name, runtime }) => {
    await Deno.mkdir("data");
    await Deno.writeTextFile("data/input", "from the host\n");
    const session = new SessionManager(name, {
      backend: "container",
      image: IMAGE,
      command: [
        ...["sh", "-c"],
        'cat /app/data/input; echo "$ASTRO_ENV"; echo kept > /app/logs/out; exec sleep 300',
      ],
      volumes: ["./data:/app/data"],
      logVolume: "./logs:/app/logs",
      ports: ["127.0.0.1::8080"],
      env: { ASTRO_ENV: "production" },
      runtime,
    });
    const started = await session.start();
    deepEqual([started.state, started.engine], ["running", runtime]);
    const status = await session.status();
    ok((status.pid ?? 0) > 0);
    match(status.image ?? "", /kstops-test/);
    deepEqual(
      status.ports?.map(({ containerPort, hostIp, protocol }) => [containerPort, hostIp, protocol]),
      [[8080, "127.0.0.1", "tcp"]],
    );
    match(await printed(session, "production"), /from the host\r?\nproduction/);
    await waitFor(() => Deno.readTextFile("logs/out"), "the log of the program");
    equal(await autoDetectBackend(name), "container");
    await session.stop({ graceful: true, timeout: 1 });
    equal(await session.exists(), false);
    equal(await Deno.readTextFile("logs/out"), "kept\n");
  },
);

containerTest(
  "a configured container goes from defined to running to defined",
  async ({ name, runtime }) => {
    const config = {
      ops: { sessions: { [name]: { image: IMAGE, backend: "container", command: SLEEP } } },
    };
    await Deno.writeTextFile("kstops.yml", JSON.stringify(config), { mode: 0o600 });
    const session = await SessionManager.fromConfig(name, { runtime });
    equal((await session.status()).state, "defined");
    await session.start();
    deepEqual([(await session.status()).state, (await session.status()).defined], [
      "running",
      true,
    ]);
    await session.stop({ timeout: 0 });
    equal((await session.status()).state, "defined");
  },
);

containerTest(
  "options go over the config: another image, and the other backend",
  async ({ name, runtime }) => {
    const session = { command: SLEEP, working_dir: "sub", socket_name: "bots" };
    const config = { ops: { sessions: { [name]: session } } };
    await Deno.mkdir("sub");
    await Deno.writeTextFile("kstops.yml", JSON.stringify(config), { mode: 0o600 });
    await rejects(
      (await SessionManager.fromConfig(name, { backend: "container", runtime })).start(),
      /it has no image/,
    );
    const container = await SessionManager.fromConfig(name, { runtime, image: IMAGE });
    equal(container.backend, "container");
    equal((await container.start()).engine, runtime);
    const tmux = await SessionManager.fromConfig(name);
    equal(await tmux.exists(), false);
    await rejects(tmux.start(), SessionExistsError);
    equal(await autoDetectBackend(name), "container");
    await container.stop({ timeout: 0 });
    await tmux.start();
    equal(await autoDetectBackend(name), "tmux");
    await tmux.stop();
    // Of those of others nobody can say which is meant.
    const run = ["run", "-d", "--pull=never", "--name", name, IMAGE, ...SLEEP];
    ok((await new Deno.Command(runtime, { args: run }).output()).success);
    const alike = ["new-session", "-d", "-s", name, ...SLEEP];
    ok((await new Deno.Command("tmux", { args: alike }).output()).success);
    await rejects(autoDetectBackend(name), (error) => {
      ok(error instanceof SessionAmbiguousError);
      deepEqual(error.backends, ["tmux", "container"]);
      return true;
    });
    await rejects(
      new SessionManager(name, { runtime, image: "localhost/none-of-this-name:1" }).start(),
      SessionStartError,
    );
  },
);

containerTest(
  "ContainerRunner works on every container, and removes none of somebody else",
  async ({ name, runtime }) => {
    const containers = new ContainerRunner({ runtime });
    const other = `${name}-other`;
    const run = ["run", "-d", "--pull=never", "--name", other, IMAGE, ...SLEEP];
    ok((await new Deno.Command(runtime, { args: run }).output()).success);
    try {
      const status = await containers.start({
        name,
        backend: "container",
        image: IMAGE,
        command: "sh -c 'echo up; exec sleep 300'",
      });
      equal(status.state, "running");
      const names = (await containers.listSessions()).map((each) => each.name);
      ok(names.includes(name) && names.includes(other));
      await waitFor(async () => /up/.test(await containers.logs(name)), "its output");
      await containers.stop(other, { graceful: false });
      equal((await containers.status(other)).signal, "SIGKILL");
      equal((await containers.stop(name, { timeout: 0, keep: true })).state, "stopped");
      ok(await containers.exists(name));
      await containers.stop(name);
      equal(await containers.exists(name), false);
    } finally {
      await new Deno.Command(runtime, { args: ["rm", "-f", other] }).output();
    }
  },
);

libraryTest("the session of another config is ended only where its project is named", async () => {
  const bots = await configOf("bots", "sleep 301");
  const shop = await configOf("shop", "sleep 302");
  const theirs = await SessionManager.fromConfig("web", { config: bots });
  const started = await theirs.start();
  const mine = await SessionManager.fromConfig("web", { config: shop });
  await rejects(mine.start(), SessionExistsError);
  await rejects(mine.stop(), (error) => {
    ok(error instanceof InputRequiredError);
    equal(error.message, 'Cannot stop "web": it belongs to project "bots" ' + `(${bots})`);
    equal(error.hint, 'say whose it is: stop({"project":"bots"})');
    return true;
  });
  equal((await theirs.status()).pid, started.pid);
  await rejects(mine.stop({ project: "shoes" }), SessionNotFoundError);
  equal((await mine.stop({ project: "bots" })).state, "stopped");
  equal((await theirs.status()).state, "defined");
});

/** A config of a project of its own with one session. */
async function configOf(project: string, command: string): Promise<string> {
  await Deno.mkdir(project);
  const path = await Deno.realPath(project) + "/kstops.yml";
  const config = { ops: { project, sessions: { web: { command } } } };
  await Deno.writeTextFile(path, JSON.stringify(config));
  return path;
}

libraryTest("without a runtime, podman is taken where it is there", async () => {
  const name = `library-${crypto.randomUUID().slice(0, 8)}`;
  const session = new SessionManager(name, { image: IMAGE, command: SLEEP });
  equal((await session.start()).engine, "podman");
  await session.stop({ timeout: 0 });
}, { containers: true });

libraryTest("a daemon that does not run is said, and hides nothing else", async () => {
  Deno.env.set("DOCKER_HOST", "unix:///nonexistent.sock");
  await rejects(new ContainerRunner({ runtime: "docker" }).listSessions(), BackendUnavailableError);
  await rejects(new ContainerRunner({ runtime: "docker" }).status("x"), BackendUnavailableError);
  const session = new SessionManager("x", { command: SLEEP });
  await session.start();
  equal(await autoDetectBackend("x"), "tmux");
  await session.stop();
}, { containers: true });
