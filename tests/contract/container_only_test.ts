/** What only the container backend promises, on real podman and docker. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import type { Session } from "../../src/backends/backend.ts";
import { DEFAULT_LOG } from "../../src/model.ts";
import { watchCommandLines } from "../support/command_lines.ts";
import { waitFor } from "../support/tmux.ts";
import { type ContainerSetup, containerTest, testImage } from "./container_setup.ts";
import { failure } from "../support/failure.ts";
import { ended, existing, find, printed, sh, unique } from "./suite.ts";
import { LIMIT_MS } from "../support/limits.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };
const FORCE = { timeoutSeconds: null, force: true };

/** Runs on; says `ready` first. */
const SERVE = sh("echo ready; exec sleep 3600");

/** What the runtime itself says of a container, or of a part of it. */
async function inspected(t: ContainerSetup, name: string, format: string): Promise<string> {
  return await t.client("container", "inspect", "--format", format, name);
}

/** The sessions of that name, asked for as `list` does, or as `status` does: with a closer look. */
async function named(
  { runner, runtime }: ContainerSetup,
  name: string,
  how: "list" | "status",
): Promise<readonly Session[]> {
  const surveys = await runner.survey({ engine: runtime }, how === "list" ? {} : { names: [name] });
  return surveys.flatMap(({ sessions }) => sessions).filter(({ status }) => status.name === name);
}

const WAYS = ["list", "status"] as const;

/** The only one of them. */
async function only(
  t: ContainerSetup,
  name: string,
  how: "list" | "status" = "status",
): Promise<Session> {
  const [session, ...more] = await named(t, name, how);
  ok(session, `${name} is not there`);
  deepEqual(more, []);
  return session;
}

// --- states --------------------------------------------------------------------------------------

containerTest("every state of a container is told, in a list and by its name", async (t) => {
  const name = (state: string): string => `${state}-${tail}`;
  const tail = unique("x").slice(2);
  await t.make({ verb: "create", name: name("created"), argv: ["sleep", "3600"] });
  await t.make({ name: name("running"), argv: ["sleep", "3600"] });
  await t.make({ name: name("paused"), argv: ["sleep", "3600"] });
  await t.client("pause", name("paused"));
  const ends: Readonly<Record<string, string>> = {
    zero: "exit 0",
    three: "exit 3",
    // The first process of a container does not get its own signals.
    killed: "exec sleep 3600",
  };
  for (const [what, script] of Object.entries(ends)) {
    await t.make({ name: name(what), argv: sh(script) });
  }
  await t.client("kill", name("killed"));
  for (const what of Object.keys(ends)) await ended(t.runner, name(what));
  const expected: Readonly<Record<string, readonly unknown[]>> = {
    created: ["stopped", null, null],
    running: ["running", null, null],
    paused: ["stopped", null, null],
    zero: ["exited", 0, null],
    three: ["exited", 3, null],
    killed: ["exited", 137, "SIGKILL"],
  };
  for (const [what, [state, exitCode, signal]] of Object.entries(expected)) {
    for (const how of WAYS) {
      const { status } = await only(t, name(what), how);
      deepEqual([status.state, status.exitCode, status.signal], [state, exitCode, signal], what);
      equal(status.engineState, await inspected(t, name(what), "{{.State.Status}}"), what);
      equal(status.engine, t.runtime);
      equal(status.finishedAt !== null, exitCode !== null, what);
      equal(status.id, await inspected(t, name(what), "{{.Id}}"));
      equal(status.image, testImage());
      const hasProgram = what === "running" || what === "paused";
      equal(
        status.pid,
        hasProgram ? Number(await inspected(t, name(what), "{{.State.Pid}}")) : null,
      );
    }
  }
  await t.client("unpause", name("paused"));
});

containerTest("a paused container is stopped, and a managed one is removed", async (t) => {
  const { runner, define } = t;
  const name = unique("paused");
  await runner.start(define({ name, argv: SERVE, stopTimeoutSeconds: 1 }), { waitMs: 50 });
  await t.client("pause", name);
  const session = await existing(runner, name);
  equal(session.status.state, "stopped");
  equal((await session.stop(AS_DEFINED)).state, "stopped");
  equal(await find(runner, name), null);
});

containerTest("a program that is killed because memory ran out is told so", async (t) => {
  const { runner } = t;
  // The runtimes hear of it while a process is left, and may miss it otherwise.
  const argv = sh('sh -c "$1"; code=$?; sleep 0.5; exit $code', "x=aaaa; while :; do x=$x$x; done");
  const greedy = async (): Promise<{ readonly name: string; readonly isNoticed: boolean }> => {
    const name = unique("greedy");
    await t.make({ name, argv, flags: ["--memory", "16m", "--memory-swap", "16m"] });
    const { status } = await ended(runner, name);
    deepEqual([status.exitCode, status.signal], [137, "SIGKILL"]);
    return { name, isNoticed: await inspected(t, name, "{{.State.OOMKilled}}") === "true" };
  };
  let { name, isNoticed } = await greedy();
  // podman 4.3 writes it down where it does not look (conmon without cgroup v2), and docker does not
  // hear of it now and then on a machine that is busy.
  for (let tries = 0; !isNoticed && t.runtime === "docker" && tries < 20; tries++) {
    ({ name, isNoticed } = await greedy());
  }
  ok(isNoticed || t.runtime === "podman");
  const reason = isNoticed ? "it was killed because memory ran out" : null;
  for (const how of WAYS) equal((await only(t, name, how)).status.reason, reason);
});

containerTest("a container that its restart policy starts again and again says so", async (t) => {
  const { runner, define } = t;
  const name = unique("loop");
  const error = await failure(
    runner.start(define({ name, argv: sh("echo no; exit 3"), restart: "always" }), {
      waitMs: 5000,
    }),
  );
  equal(error.code, "start_failed");
  match(error.message, new RegExp(`and ${t.runtime} keeps restarting it$`));
  ok((await printed(await existing(runner, name))).startsWith("no\n"));
  const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
  equal(stopped.state, "stopped");
  equal(await find(runner, name), null);
});

// --- foreign containers --------------------------------------------------------------------------

containerTest("a foreign container is listed, shown, stopped and never removed", async (t) => {
  const { runner } = t;
  const name = unique("strange");
  const argv = sh("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.1; done");
  const id = await t.make({ name, argv });
  const session = await waitFor(async () => {
    const found = await existing(runner, name);
    return await printed(found) === "ready\n" && found;
  }, "its output");
  const { status } = session;
  deepEqual([status.state, status.managed, status.id], ["running", false, id]);
  equal(session.protected, false);
  equal(await session.definition(), null);
  deepEqual((await only(t, name)).status.command, argv);
  const stopped = await session.stop(AS_DEFINED);
  deepEqual([stopped.state, stopped.exitCode, stopped.id], ["stopped", 5, id]);
  const left = await existing(runner, name);
  deepEqual([left.status.state, left.status.exitCode, left.status.id], ["exited", 5, id]);
  equal(await printed(left), "ready\nbye\n");
  // Nor by a second one, by force.
  await left.stop(FORCE);
  equal((await existing(runner, name)).status.id, id);
});

containerTest("a foreign container is never replaced, in whatever state it is", async (t) => {
  const { runner, define } = t;
  const makes: readonly Parameters<ContainerSetup["make"]>[0][] = [
    { verb: "create", name: unique("created"), argv: ["sleep", "3600"] },
    { name: unique("running"), argv: ["sleep", "3600"] },
    { name: unique("exited"), argv: ["true"] },
    // A label of kstops, for another name: a copy of somebody's.
    { name: unique("copied"), argv: ["true"], flags: ["--label", "io.kstops.session=astro"] },
  ];
  for (const foreign of makes) {
    const id = await t.make(foreign);
    const { name } = foreign;
    const error = await failure(runner.start(define({ name, argv: SERVE }), { waitMs: 0 }));
    equal(error.code, "session_exists", name);
    ok(error.hint, name);
    const { status } = await existing(runner, name);
    deepEqual([status.id, status.managed], [id, false]);
  }
});

containerTest("what foreign tools write into a container is shown as it is", async (t) => {
  const name = unique("hostile");
  const argv = sh("sleep 3600", "\x1b[31mred\x1b]0;title\x07", "two\nlines", "\u202e\u0085");
  const flags = [
    ...["--label", "io.kstops.session=\x1b[2J", "--label", 'io.kstops.definition={"image":'],
    ...["--label", "a=b,c=d\ne=f", "--env", "X=\x1b[31m"],
  ];
  await t.make({ name, argv, flags });
  for (const how of WAYS) {
    const session = await only(t, name, how);
    deepEqual(session.status.command, argv);
    equal(session.status.managed, false);
    equal(await session.definition(), null);
  }
  await (await existing(t.runner, name)).stop(FORCE);
});

containerTest("no label of a stranger breaks the list of the others", async (t) => {
  const { runner, define } = t;
  const good = unique("good");
  await runner.start(define({ name: good, argv: SERVE }), { waitMs: 0 });
  const records = [
    "",
    "null",
    "[]",
    "{}",
    '{"image":1,"env":[]}',
    '{"image":"x","env":[1],"command":3}',
    '{"image":"x","env":["A"],"command":["a",1],"volumes":null}',
  ];
  for (const record of records) {
    const name = unique("bad");
    const flags = ["--label", `io.kstops.session=${name}`];
    await t.make({
      verb: "create",
      name,
      argv: ["true"],
      flags: [...flags, "--label", `io.kstops.definition=${record}`],
    });
    const session = await only(t, name, "list");
    equal(session.status.managed, true);
    const { command } = (await only(t, name)).status;
    ok(command === null || command.every((word) => typeof word === "string"), record);
    // Whatever it says: an error that kstops means, or a definition.
    const definition = await session.definition();
    ok(definition === null || definition.backend === "container", record);
  }
  equal((await only(t, good, "list")).status.state, "running");
});

// --- names ---------------------------------------------------------------------------------------

containerTest("images, volumes and networks of a name are no sessions", async (t) => {
  const { runner, define } = t;
  const name = unique("thing").toLowerCase();
  await t.client("tag", testImage(), `localhost/${name}:latest`);
  await t.client("tag", testImage(), name);
  await t.client("volume", "create", name);
  await t.client("network", "create", name);
  try {
    for (const how of WAYS) deepEqual(await named(t, name, how), []);
    const status = await runner.start(define({ name, argv: SERVE }), { waitMs: 50 });
    equal(status.state, "running");
    await (await existing(runner, name)).stop(FORCE);
    equal(await t.client("volume", "inspect", "--format", "{{.Name}}", name), name);
    equal(await t.client("network", "inspect", "--format", "{{.Name}}", name), name);
    notEqual(await t.client("image", "inspect", "--format", "{{.Id}}", name), "");
  } finally {
    await t.clear("network", "rm", name);
    await t.clear("volume", "rm", name);
    await t.clear("rmi", `localhost/${name}:latest`);
    await t.clear("rmi", name);
  }
});

containerTest("the beginning of an id is no name, but may be another container's", async (t) => {
  const { runner, define } = t;
  // A name of a session begins with a letter.
  const id = await waitFor(async () => {
    const made = await t.make({ verb: "create", name: unique("id"), argv: ["true"] });
    return /^[a-f]/.test(made) && made;
  }, "an id that begins with a letter");
  for (const length of [1, 12, 64]) {
    for (const how of WAYS) deepEqual(await named(t, id.slice(0, length), how), []);
  }
  const name = id.slice(0, 12);
  const status = await runner.start(define({ name, argv: SERVE }), { waitMs: 50 });
  equal(status.state, "running");
  notEqual(status.id, id);
  equal((await only(t, name)).status.id, status.id);
  await (await existing(runner, name)).stop(FORCE);
  equal(await inspected(t, id, "{{.Id}}"), id);
  // And not by a start that fails.
  await failure(runner.start(define({ name, argv: ["no-such-program"] }), { waitMs: LIMIT_MS }));
  equal(await inspected(t, id, "{{.Id}}"), id);
});

// --- what a container gets -----------------------------------------------------------------------

containerTest("every option of a definition reaches the container", async (t) => {
  const { runner, define, directory } = t;
  const [name, network] = [unique("full"), unique("net")];
  const port = freePort();
  for (const path of ["data", "more dir"]) await Deno.mkdir(`${directory}/${path}`);
  await Deno.writeTextFile(`${directory}/data/file`, "from the host");
  await t.client("network", "create", network);
  try {
    const script =
      "cat /data/file > /log/seen; echo no > /ro/x; echo $? > /log/ro; id -u > /log/uid;" +
      "mount > /log/mounts; hostname > /log/hostname; " +
      "exec busybox httpd -f -p 8080 -h /www";
    const definition = define({
      name,
      argv: sh(script),
      workingDir: "/tmp",
      env: { KEY: "value" },
      volumes: [
        ...[`${directory}:${directory}`, `${directory}/data:/data`],
        `${directory}/more dir:/ro:ro`,
      ],
      logVolume: `${directory}/logs/astro:/log`,
      ports: [`127.0.0.1:${port}:8080`, "9090/udp"],
      user: "0:0",
      network,
      restart: "on-failure:2",
      runArgs: ["--hostname", "my-host", "--tmpfs", "/scratch"],
      stopSignal: "SIGTERM",
      stopTimeoutSeconds: 3,
    });
    const status = await runner.start(definition, { waitMs: 500 });
    equal(status.state, "running");
    equal(status.workingDir, "/tmp");
    const bindings = status.ports?.toSorted((a, b) => a.containerPort - b.containerPort);
    deepEqual(bindings?.[0], {
      hostIp: "127.0.0.1",
      hostPort: port,
      containerPort: 8080,
      protocol: "tcp",
    });
    deepEqual([bindings?.[1]?.containerPort, bindings?.[1]?.protocol], [9090, "udp"]);
    ok((bindings?.[1]?.hostPort ?? 0) > 0);
    // docker tells a port for IPv4 and the same for IPv6.
    const listed = (await only(t, name, "list")).status.ports?.map((port) => port.containerPort);
    deepEqual(new Set(listed), new Set([8080, 9090]));
    // There is no name server in the image, and none is needed.
    const page = await waitFor(() => fetched(`http://127.0.0.1:${port}/`), "its page");
    equal(page, "hello\n");
    const said = (file: string): string => Deno.readTextFileSync(`${directory}/logs/astro/${file}`);
    equal(said("seen"), "from the host");
    notEqual(said("ro"), "0\n");
    equal(said("uid"), "0\n");
    equal(said("hostname"), "my-host\n");
    match(said("mounts"), /tmpfs on \/scratch type tmpfs/);
    match(await inspected(t, name, "{{json .HostConfig.RestartPolicy}}"), /on-failure.*2/);
    ok((await inspected(t, name, "{{json .NetworkSettings.Networks}}")).includes(network));
    deepEqual(await (await existing(runner, name)).definition(), definition);
    await (await existing(runner, name)).stop(AS_DEFINED);
    equal(await find(runner, name), null);
  } finally {
    await t.clear("rm", "-f", name);
    await t.clear("network", "rm", network);
  }
});

async function fetched(url: string): Promise<string> {
  const response = await fetch(url);
  return await response.text();
}

/** A port of this machine that nobody has just now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

containerTest("another user, and what the image says, are taken", async (t) => {
  const { runner, define, directory } = t;
  await Deno.chmod(directory, 0o777);
  // Programs of other users have to get there.
  await Deno.chmod(t.sandbox.directory, 0o755);
  const name = unique("user");
  const argv = sh(`id -u > ${directory}/uid; pwd > ${directory}/pwd`);
  await runner.start(define({ name, argv, user: "1234:1234", workingDir: null }), {
    waitMs: LIMIT_MS,
  });
  equal(await Deno.readTextFile(`${directory}/uid`), "1234\n");
  equal(await Deno.readTextFile(`${directory}/pwd`), "/\n");
  const idle = unique("idle");
  // The image's own command is a shell, which a terminal keeps waiting.
  const status = await runner.start(define({ name: idle, argv: null }), { waitMs: 300 });
  equal(status.state, "running");
  deepEqual((await existing(runner, idle)).status.state, "running");
  equal((await (await existing(runner, idle)).definition() as { argv: unknown }).argv, null);
  await (await existing(runner, idle)).stop(FORCE);
});

// --- secrets -------------------------------------------------------------------------------------

/** Names by which the clients themselves go. */
const HIJACKING = [
  "PATH",
  "HOME",
  "TMPDIR",
  "DOCKER_HOST",
  "DOCKER_CONFIG",
  "DOCKER_CONTEXT",
  "DOCKER_TLS_VERIFY",
  "DOCKER_API_VERSION",
  "DOCKER_DEFAULT_PLATFORM",
  "CONTAINER_HOST",
  "CONTAINERS_CONF",
  "CONTAINERS_STORAGE_CONF",
  "XDG_RUNTIME_DIR",
  "XDG_CONFIG_HOME",
  "HTTP_PROXY",
  "https_proxy",
  "NO_PROXY",
  "SSH_AUTH_SOCK",
  "STORAGE_DRIVER",
  "GODEBUG",
];

containerTest("variables that would lead the client astray reach only the program", async (t) => {
  const { runner, define, directory } = t;
  const env = Object.fromEntries(HIJACKING.map((key) => [key, `/bin:/nowhere #'"$HOME ${key} `]));
  const name = unique("hijack");
  const argv = ["/bin/sh", "-c", `/bin/env -0 > ${directory}/env`];
  const status = await runner.start(define({ name, argv, env }), { waitMs: LIMIT_MS });
  equal(status.exitCode, 0);
  const got = (await Deno.readTextFile(`${directory}/env`)).split("\0");
  for (const [key, value] of Object.entries(env)) ok(got.includes(`${key}=${value}`), key);
  deepEqual((await (await existing(runner, name)).definition())?.env, env);
  for (const value of ["a\nb", "a\rb"]) {
    const bad = define({ name: unique("bad"), argv, env: { DOCKER_HOST: value } });
    const error = await failure(runner.start(bad, { waitMs: 0 }));
    equal(error.code, "value_invalid");
    ok(!error.message.includes(value));
    equal(await find(runner, bad.name), null);
  }
});

containerTest("no value of a variable is ever on a command line or in a label", async (t) => {
  const { runner, define } = t;
  const secret = `secret-${crypto.randomUUID()}`;
  const env = { TOKEN: secret, PATH: `/bin:/${secret}`, DOCKER_HOST: secret, http_proxy: secret };
  const { seen, looks } = await watchCommandLines(secret, async () => {
    for (let n = 0; n < 2; n++) {
      const name = unique("secret");
      const argv = n % 2 === 0 ? SERVE : sh("exit 3");
      const start = runner.start(define({ name, argv, env }), { waitMs: 100 });
      await (n % 2 === 0 ? start : failure(start));
      const session = await existing(runner, name);
      deepEqual((await session.definition())?.env, env);
      // Everything that the runtime keeps of it, but for the variables themselves.
      const [kept] = JSON.parse(await t.client("container", "inspect", name));
      delete kept.Config.Env;
      ok(!JSON.stringify(kept).includes(secret));
      await session.logs({ lines: 10 });
      await session.stop(FORCE);
    }
  });
  ok(looks > 10, `only ${looks} looks`);
  deepEqual(seen, []);
});

// --- failed starts -------------------------------------------------------------------------------

containerTest("a start that fails leaves nothing, and says why in one line", async (t) => {
  const { runner, define, directory } = t;
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  await Deno.writeTextFile(`${directory}/file`, "");
  const failures: Readonly<
    Record<string, readonly [Parameters<typeof define>[0], RegExp]>
  > = {
    "a program that is missing": [{ name: "", argv: ["no-such-program"] }, /no-such-program/],
    "a port in use": [
      { name: "", argv: SERVE, ports: [`127.0.0.1:${port}:80`] },
      new RegExp(`${port}.*in use`),
    ],
    "a network that is missing": [
      { name: "", argv: SERVE, network: "no-such-network" },
      /no-such-network/,
    ],
    "a user that is missing": [{ name: "", argv: SERVE, user: "nobody-here" }, /nobody-here/],
    "a directory that is a file": [
      { name: "", argv: SERVE, workingDir: `${directory}/file` },
      /not a directory|cannot be|file/i,
    ],
    "an argument that the runtime does not know": [
      { name: "", argv: SERVE, runArgs: ["--no-such-flag"] },
      /no-such-flag/,
    ],
  };
  await Promise.all(
    Object.entries(failures).map(async ([why, [wanted, reason]]) => {
      const name = unique("fails");
      const error = await failure(runner.start(define({ ...wanted, name }), { waitMs: LIMIT_MS }));
      equal(error.code, "start_failed", why);
      ok(error.message.startsWith(`Cannot start "${name}": `), error.message);
      match(error.message, reason, `${why}: ${error.message}`);
      ok(!error.message.includes("\n") && !error.message.includes("\x1b"), error.message);
      ok(!error.message.endsWith("."), error.message);
      ok(error.message.length < 400, error.message);
      equal(await find(runner, name), null, why);
      // The name is free.
      await runner.start(define({ name, argv: ["true"] }), { waitMs: LIMIT_MS });
      await (await existing(runner, name)).stop(FORCE);
    }),
  );
});

containerTest("an image that is neither here nor to be had is a failed start", async (t) => {
  const { runner, define } = t;
  const name = unique("absent");
  const said: string[] = [];
  const image = "registry.invalid/nobody/nothing:1";
  const error = await failure(
    runner.start(define({ name, argv: SERVE, image }), {
      waitMs: 0,
      say: (text) => said.push(text),
    }),
  );
  equal(error.code, "start_failed");
  match(error.message, /registry\.invalid\/nobody\/nothing:1/);
  match(said[0] ?? "", new RegExp(`${t.runtime} does not have the image ${image}`));
  equal(await find(runner, name), null);
});

containerTest("two starts of a name at once: one wins", async (t) => {
  const { runner, define } = t;
  const lane = async (): Promise<void> => {
    const name = unique("race");
    const results = await Promise.allSettled(
      [1, 2].map((n) =>
        runner.start(define({ name, argv: ["sleep", `${100 + n}`] }), { waitMs: 0 })
      ),
    );
    const [won, ...more] = results.flatMap((each) =>
      each.status === "fulfilled" ? [each.value] : []
    );
    deepEqual(more, []);
    const [lost] = results.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
    equal(lost?.code, "session_exists", lost?.message);
    equal((await existing(runner, name)).status.id, won?.id);
    await (await existing(runner, name)).stop(FORCE);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
});

// --- stop ----------------------------------------------------------------------------------------

containerTest(
  "a session that is kept stays, with its logs, until it is started anew",
  async (t) => {
    const { runner, define } = t;
    const name = unique("kept");
    const argv = sh("trap 'echo bye; exit 6' TERM; echo ready; while :; do sleep 0.1; done");
    const { id } = await runner.start(define({ name, argv }), { waitMs: 0 });
    await waitFor(async () => await printed(await existing(runner, name)) === "ready\n", "ready");
    const stopped = await (await existing(runner, name)).stop({ ...AS_DEFINED, keep: true });
    deepEqual([stopped.state, stopped.exitCode], ["stopped", 6]);
    for (const how of WAYS) {
      const { status } = await only(t, name, how);
      deepEqual([status.state, status.exitCode, status.id], ["stopped", 6, id]);
    }
    equal(await printed(await existing(runner, name)), "ready\nbye\n");
    const again = await runner.start(define({ name, argv: sh("echo fresh; exec sleep 3600") }), {
      waitMs: 0,
    });
    equal(again.state, "running");
    notEqual(again.id, id);
    await waitFor(async () => await printed(await existing(runner, name)) === "fresh\n", "fresh");
    await (await existing(runner, name)).stop(FORCE);
  },
);

containerTest("a managed session that somebody restarted by hand is running", async (t) => {
  const { runner, define } = t;
  const name = unique("again");
  await runner.start(define({ name, argv: SERVE }), { waitMs: 100 });
  const { finishedAt } = await (await existing(runner, name)).stop({ ...FORCE, keep: true });
  // podman's list knows whole seconds only.
  await waitFor(() => Date.now() - (finishedAt?.getTime() ?? 0) > 1000, "the next second");
  await t.client("start", name);
  for (const how of WAYS) equal((await only(t, name, how)).status.state, "running");
  await t.client("kill", name);
  // This end is another one than the stop that is remembered.
  equal((await ended(runner, name)).status.state, "exited");
  await (await existing(runner, name)).stop(FORCE);
});

containerTest("a stop without a signal of its own sends the image's, else SIGTERM", async (t) => {
  const { runner, define } = t;
  const traps = "trap 'echo TERM; exit 1' TERM; trap 'echo USR1; exit 2' USR1; echo ready; " +
    "while :; do sleep 0.1; done";
  const [plain, flagged] = [unique("plain"), unique("flagged")];
  await runner.start(define({ name: plain, argv: sh(traps) }), { waitMs: 0 });
  await waitFor(async () => await printed(await existing(runner, plain)) === "ready\n", "ready");
  equal((await (await existing(runner, plain)).stop(AS_DEFINED)).exitCode, 1);
  await t.make({ name: flagged, argv: sh(traps), flags: ["--stop-signal", "SIGUSR1"] });
  await waitFor(async () => await printed(await existing(runner, flagged)) === "ready\n", "ready");
  equal((await (await existing(runner, flagged)).stop(AS_DEFINED)).exitCode, 2);
});

containerTest("a container that is removed by others while it is stopped is stopped", async (t) => {
  const { runner, define } = t;
  const name = unique("gone");
  await runner.start(define({ name, argv: SERVE }), { waitMs: 100 });
  const session = await existing(runner, name);
  await t.client("rm", "--force", ...(t.runtime === "podman" ? ["--time", "0"] : []), name);
  equal((await session.stop(AS_DEFINED)).state, "stopped");
  deepEqual(await session.logs({ lines: 10 }).catch(() => new Uint8Array()), new Uint8Array());
  equal(await find(runner, name), null);
});

containerTest("a stop never ends a later container of that name", async (t) => {
  const { runner, define } = t;
  const name = unique("later");
  await runner.start(define({ name, argv: SERVE }), { waitMs: 0 });
  const old = await existing(runner, name);
  await (await existing(runner, name)).stop(FORCE);
  const { id } = await runner.start(define({ name, argv: SERVE }), { waitMs: 0 });
  await old.stop(FORCE);
  const { status } = await existing(runner, name);
  deepEqual([status.state, status.id], ["running", id]);
  await (await existing(runner, name)).stop(FORCE);
});

// --- asking --------------------------------------------------------------------------------------

containerTest("100 containers are listed in at most two calls", async (t) => {
  const { world, runnerIn } = t;
  const names = Array.from({ length: 100 }, () => unique("many"));
  const queue = [...names];
  const maker = async (): Promise<void> => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      await t.make({ verb: "create", name, argv: ["true"] });
    }
  };
  await Promise.all([maker(), maker()]);
  let calls = 0;
  const counting = runnerIn({
    ...world,
    exec: (argv, options) => {
      // On a slow machine the runtime is asked whether it still works.
      if (!argv.includes("version")) calls++;
      return world.exec(argv, options);
    },
  });
  for (const options of [{}, { names: [names[50] ?? ""] }]) {
    calls = 0;
    const surveys = await counting.survey({ engine: t.runtime }, options);
    const found = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status.name));
    deepEqual(names.filter((name) => !found.includes(name)), []);
    ok(calls <= 2, `${calls} calls`);
  }
});

containerTest("a container that goes while it is asked for is none", async (t) => {
  const { world, runnerIn, define, runner } = t;
  const [stays, goes] = [unique("stays"), unique("goes")];
  await runner.start(define({ name: stays, argv: SERVE }), { waitMs: 0 });
  await t.make({ name: goes, argv: ["sleep", "3600"] });
  const remove = async (): Promise<void> => {
    const time = t.runtime === "podman" ? ["--time", "0"] : [];
    await world.exec([t.runtime, "rm", "--force", ...time, goes], { timeoutMs: LIMIT_MS });
  };
  // docker's daemon is asked for its list, and then about each container.
  async function* withRemoval(questions: AsyncIterable<string>): AsyncGenerator<string> {
    let asked = 0;
    for await (const question of questions) {
      if (asked++ === 1) await remove();
      yield question;
    }
  }
  const racing = runnerIn({
    ...world,
    exec: async (argv, options) => {
      const { stdin } = options;
      if (argv.includes("inspect")) await remove();
      return await world.exec(
        argv,
        typeof stdin === "object" ? { ...options, stdin: withRemoval(stdin) } : options,
      );
    },
  });
  const surveys = await racing.survey({}, { names: [goes] });
  for (const { trouble } of surveys) equal(trouble, null);
  const found = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status.name));
  ok(found.includes(stays));
  equal(await find(runner, goes), null);
  await (await existing(runner, stays)).stop(FORCE);
});

// --- logs ----------------------------------------------------------------------------------------

containerTest("the two streams of a container without a terminal keep their order", async (t) => {
  const { runner } = t;
  const name = unique("streams");
  // The runtime reads two pipes: what comes at the same moment has no order.
  const argv = sh(
    "for n in 1 2 3 4 5 6 7 8; do echo out $n; sleep 0.05; echo err $n >&2; " +
      "sleep 0.05; done; printf last",
  );
  await t.make({ name, argv });
  await ended(runner, name);
  const expected = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `out ${n}\nerr ${n}\n`).join("");
  const session = await existing(runner, name);
  equal(await printed(session), `${expected}last\n`);
  equal(await printed(session, 3), "out 8\nerr 8\nlast\n");
  equal(await printed(session, 1), "last\n");
});

containerTest("10 MB of output are all there, and their end comes alone", async (t) => {
  const { runner, define } = t;
  const name = unique("big");
  const line = "x".repeat(99);
  const lines = 100_000;
  const argv = sh(`yes ${line} | head -n ${lines}; echo the end`);
  // docker keeps it as JSON, with a time for each line.
  const log = { ...DEFAULT_LOG, maxBytes: 16 * 1024 * 1024 };
  await runner.start(define({ name, argv, log }), { waitMs: 0 });
  const session = await waitFor(
    async () => {
      const found = await existing(runner, name);
      return found.status.state === "exited" && found;
    },
    "its end",
    { timeoutMs: LIMIT_MS },
  );
  equal(await printed(session, 2), `${line}\nthe end\n`);
  const all = await session.logs({ lines: Infinity });
  equal(all.length, lines * 100 + "the end\n".length);
  // It is kept when its container goes, the end of it at least.
  await session.stop(AS_DEFINED);
  const [output] = await t.logs.outputs(name);
  const kept = new TextDecoder().decode(await t.logs.read(output ?? "", { lines: 2 }));
  equal(kept, `${line}\nthe end\n`);
});
