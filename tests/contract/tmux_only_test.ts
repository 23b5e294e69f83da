/** What only the tmux backend promises, on a real tmux. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { TmuxNotFoundError } from "../../src/errors.ts";
import type { TmuxDefinition } from "../../src/model.ts";
import { writeExecutable } from "../support/executable.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { failure } from "../support/failure.ts";
import { ended, existing, find, printed, sh } from "./suite.ts";
import { setUpTmux } from "./tmux_setup.ts";
import { LIMIT_MS } from "../support/limits.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };
const FORCE = { timeoutSeconds: null, force: true };

/** Runs on; says `ready` first. */
const SERVE = sh("echo ready; exec sleep 60");
/** Ends with 7 when it is asked to. */
const POLITE = sh("trap 'exit 7' INT\necho ready\nwhile :; do sleep 0.1; done");
/** Ignores what a closed terminal tells it. */
const DEAF = sh("trap '' HUP INT\necho ready\nwhile :; do sleep 0.1; done");

/** Sessions with no program of their own, for raw tmux. */
const IDLE = ["sleep", "60"];

function socketDirectory({ env }: TmuxSandbox): string {
  return `${env["TMUX_TMPDIR"]}/tmux-${Deno.uid()}`;
}

/** The pid of the server, asked from tmux. */
async function serverPid(t: TmuxSandbox, socketName = "default"): Promise<number> {
  return Number(await t.tmux("-L", socketName, "display-message", "-p", "#{pid}"));
}

async function killServer(t: TmuxSandbox, socketName = "default"): Promise<void> {
  const pid = await serverPid(t, socketName);
  Deno.kill(pid, "SIGKILL");
  await t.waitFor(async () => !(await t.processes()).some((each) => each.pid === pid), "its end");
}

/** A life from start to stop, with everything that a locale or a config could break. */
async function liveAndDie(t: TmuxSandbox, world = t.world): Promise<void> {
  const { runner, define } = setUpTmux(world);
  const workingDir = `${t.work}/dïr #{pid}`;
  await Deno.mkdir(workingDir, { recursive: true });
  const words = ["näme 日本語", "#{pid} %Y", "a\nb"];
  const script = "trap 'echo bye; exit 7' INT; printf '%s|' \"$@\"; echo; pwd -P; " +
    "while :; do sleep 0.1; done";
  const argv = sh(script, ...words);
  const name = "astro";
  const status = await runner.start(define({ name, argv, workingDir }), { waitMs: 100 });
  equal(status.state, "running");
  deepEqual(status.command, argv);
  equal(status.workingDir, workingDir);
  const session = await existing(runner, name);
  deepEqual(session.status, status);
  const expected = `${words.join("|")}|\n${workingDir}\n`;
  await t.waitFor(async () => await printed(session) === expected, "its output");
  const error = await failure(
    runner.start(define({ name: "fails", argv: sh("echo no; exit 3") }), { waitMs: LIMIT_MS }),
  );
  deepEqual([error.details["exit_code"], error.details["output"]], [3, ["no"]]);
  equal((await (await existing(runner, "fails")).stop(AS_DEFINED)).exitCode, 3);
  const stopped = await session.stop(AS_DEFINED);
  deepEqual([stopped.state, stopped.exitCode], ["stopped", 7]);
  deepEqual((await runner.survey({})).flatMap(({ sessions }) => sessions), []);
}

// --- sockets -------------------------------------------------------------------------------------

tmuxTest("tmux: a working directory that cannot be used is refused", async (t) => {
  const { runner, define, logs } = setUpTmux(t.world);
  await Deno.writeTextFile(`${t.work}/file`, "");
  for (const workingDir of [`${t.work}/missing`, `${t.work}/file`]) {
    const definition = define({ name: "astro", argv: ["true"], workingDir });
    const error = await failure(runner.start(definition, { waitMs: 0 }));
    equal(error.code, "value_invalid");
    ok(error.message.includes(workingDir), error.message);
    equal((await failure(runner.check(definition))).code, "value_invalid");
    equal(await find(runner, "astro"), null);
    deepEqual(await logs.outputs("astro"), []);
  }
});

tmuxTest("tmux: a program that SIGQUIT ends is told so", async (t) => {
  // The shell of busybox, which containers have, does not end by it.
  const { runner, define } = setUpTmux(t.world);
  const argv = sh("ulimit -c 0; kill -QUIT $$");
  await runner.start(define({ name: "astro", argv }), { waitMs: 0 });
  const { status } = await ended(runner, "astro");
  deepEqual([status.exitCode, status.signal], [131, "SIGQUIT"]);
});

tmuxTest("tmux: the sessions of all sockets are seen, or those of one", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const sockets = ["default", "bots", "b.2_x-y"];
  await Promise.all(
    sockets.map((socketName) =>
      runner.start(define({ name: "astro", argv: SERVE, socketName }), { waitMs: 50 })
    ),
  );
  await t.tmux("-L", "hand", "new-session", "-d", "-s", "made by hand", ...IDLE);
  const surveys = await runner.survey({});
  const seen = surveys.flatMap(({ place, sessions, trouble }) =>
    sessions.map(({ status }) => [place.scope, status.socketName, status.name, trouble])
  );
  deepEqual(seen, [
    ["b.2_x-y", "b.2_x-y", "astro", null],
    ["bots", "bots", "astro", null],
    ["default", "default", "astro", null],
    ["hand", "hand", "made by hand", null],
  ]);
  const [bots, ...more] = await runner.survey({ scope: "bots" });
  deepEqual(more, []);
  equal(bots?.place.scope, "bots");
  const pid = bots?.sessions[0]?.status.pid;
  equal(await bots?.sessions[0]?.stop(AS_DEFINED).then(({ state }) => state), "stopped");
  for (const survey of await runner.survey({})) {
    const pids = survey.sessions.map(({ status }) => status.pid);
    equal(pids.length, survey.place.scope === "bots" ? 0 : 1);
    ok(!pids.includes(pid ?? 0));
  }
});

tmuxTest("tmux: a stale socket, an absent one and no directory are no sessions", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  deepEqual(await runner.survey({}), []);
  const absent = await runner.survey({ scope: "absent" });
  deepEqual(absent.map(({ sessions, trouble }) => [sessions, trouble]), [[[], null]]);
  await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 50 });
  await killServer(t);
  ok((await Deno.stat(`${socketDirectory(t)}/default`)).isSocket);
  const stale = await runner.survey({});
  deepEqual(stale.map(({ sessions, trouble }) => [sessions, trouble]), [[[], null]]);
  const again = await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 50 });
  equal(again.state, "running");
});

tmuxTest("tmux: a server that does not answer is trouble, and the others are listed", async (t) => {
  // When each call went on that was not answered.
  const unanswered: { readonly from: number; readonly to: number }[] = [];
  const { runner, define } = setUpTmux({
    ...t.world,
    exec: async (argv, options) => {
      const from = performance.now();
      try {
        return await t.world.exec(argv, options);
      } catch (error) {
        unanswered.push({ from, to: performance.now() });
        throw error;
      }
    },
  });
  const sockets = ["a", "b", "c"];
  for (const socketName of sockets) {
    await runner.start(define({ name: socketName, argv: SERVE, socketName }), { waitMs: 0 });
  }
  const halted = [await serverPid(t, "a"), await serverPid(t, "c")];
  for (const pid of halted) Deno.kill(pid, "SIGSTOP");
  try {
    const surveys = await runner.survey({});
    // Both at the same time: one after the other would take twice as long.
    const [one, other] = unanswered;
    ok(one && other && one.from < other.to && other.from < one.to, Deno.inspect(unanswered));
    deepEqual(surveys.map(({ sessions, trouble }) => [sessions.length, trouble?.kind]), [
      [0, "unreachable"],
      [1, undefined],
      [0, "unreachable"],
    ]);
    match(surveys[0]?.trouble?.reason ?? "", /^it did not answer within 10 s$/);
    equal(surveys[0]?.trouble?.missing, false);
  } finally {
    for (const pid of halted) Deno.kill(pid, "SIGCONT");
  }
  for (const socketName of sockets) await (await existing(runner, socketName)).stop(FORCE);
});

tmuxTest(
  "tmux: a socket directory that tmux refuses is trouble, in tmux's own words",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 0 });
    await Deno.chmod(socketDirectory(t), 0o777);
    for (const where of [{}, { scope: "default" }]) {
      const [survey] = await runner.survey(where);
      equal(survey?.trouble?.kind, "unreachable");
      match(survey?.trouble?.reason ?? "", /unsafe permissions/);
      deepEqual(survey?.sessions, []);
    }
    const error = await failure(runner.start(define({ name: "b", argv: SERVE }), { waitMs: 0 }));
    equal(error.code, "backend_unavailable");
    match(error.message, /unsafe permissions/);
    await Deno.chmod(socketDirectory(t), 0o700);
    await (await existing(runner, "astro")).stop(FORCE);
  },
);

tmuxTest("tmux: a socket directory that is none is trouble", async (t) => {
  await Deno.writeTextFile(socketDirectory(t), "");
  const [survey] = await setUpTmux(t.world).runner.survey({});
  equal(survey?.trouble?.kind, "unreachable");
  match(survey?.trouble?.reason ?? "", /not a directory/);
});

tmuxTest("tmux: what is no socket in the socket directory is nobody's session", async (t) => {
  await t.tmux("new-session", "-d", "-s", "astro", ...IDLE);
  await Deno.writeTextFile(`${socketDirectory(t)}/file`, "");
  await Deno.mkdir(`${socketDirectory(t)}/folder`);
  const surveys = await setUpTmux(t.world).runner.survey({});
  deepEqual(surveys.map(({ place, trouble }) => [place.scope, trouble]), [["default", null]]);
});

tmuxTest("tmux: a TMUX_TMPDIR that is missing means /tmp, as for tmux itself", async (t) => {
  const world = t.worldWith({ TMUX_TMPDIR: `${t.directory}/missing` });
  const { runner, define } = setUpTmux(world);
  // Strangers have their sockets there.
  const socketName = `kstops-test-${crypto.randomUUID().slice(0, 8)}`;
  const where = { scope: socketName };
  try {
    await runner.start(define({ name: "astro", argv: SERVE, socketName }), { waitMs: 0 });
    ok((await Deno.stat(`/tmp/tmux-${Deno.uid()}/${socketName}`)).isSocket);
    const surveys = await runner.survey({});
    const ours = surveys.find(({ place }) => place.scope === socketName);
    deepEqual(ours?.sessions.map(({ status }) => status.name), ["astro"]);
    const [survey] = await runner.survey(where);
    await survey?.sessions[0]?.stop(FORCE);
    deepEqual((await runner.survey(where))[0]?.sessions, []);
  } finally {
    await world.exec(["tmux", "-L", socketName, "kill-server"], { timeoutMs: LIMIT_MS });
    await Deno.remove(`/tmp/tmux-${Deno.uid()}/${socketName}`).catch(() => {});
  }
});

tmuxTest("tmux: a session is stopped on its own server only, not on a later one", async (t) => {
  const { runner } = setUpTmux(t.world);
  await t.tmux("new-session", "-d", "-s", "old", ...IDLE);
  const old = await existing(runner, "old");
  await killServer(t);
  // Its id is that of the old one.
  await t.tmux("new-session", "-d", "-s", "new", "sh", "-c", "echo mine; sleep 60");
  equal((await existing(runner, "new")).status.id, old.status.id);
  equal((await old.stop(AS_DEFINED)).name, "old");
  equal((await existing(runner, "new")).status.state, "running");
});

tmuxTest("tmux: a stop ends what runs now, not what ran when it was looked up", async (t) => {
  const { runner } = setUpTmux(t.world);
  await t.tmux("new-session", "-d", "-s", "mine", ...IDLE);
  const session = await existing(runner, "mine");
  // A question may stand here for minutes.
  await t.tmux("respawn-pane", "-k", "-t", "=mine:", ...DEAF);
  await t.tmux("new-window", "-t", "=mine:", ...DEAF);
  await t.waitFor(() => printed(session), "its output");
  await session.stop({ timeoutSeconds: 1, force: false });
  equal(await find(runner, "mine"), null);
  await t.waitFor(async () => (await t.processes()).length === 0, "the end of the server");
});

// --- users change things -------------------------------------------------------------------------

tmuxTest("tmux: windows and panes of the user change neither state nor pid", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const argv = sh("echo ready; until [ -e go ]; do sleep 0.05; done; exit 4");
  const before = await runner.start(define({ name: "astro", argv }), { waitMs: 100 });
  await t.tmux("new-window", "-t", "=astro:", "-n", "mine", ...IDLE);
  await t.tmux("split-window", "-t", "=astro:0", ...IDLE);
  await t.tmux("swap-pane", "-D", "-t", "=astro:0.0");
  await t.tmux("swap-window", "-s", "=astro:0", "-t", "=astro:1");
  deepEqual((await existing(runner, "astro")).status, { ...before, windowCount: 2 });
  await Deno.writeTextFile(`${t.work}/go`, "");
  const { status } = await ended(runner, "astro");
  deepEqual([status.state, status.exitCode, status.windowCount], ["exited", 4, 2]);
  equal(await printed(await existing(runner, "astro")), "ready\n");
  const users = async () => (await t.processes()).filter(({ command }) => command === "sleep 60");
  equal((await users()).length, 2);
  // A new start replaces all of it.
  const after = await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 100 });
  notEqual(after.id, before.id);
  deepEqual((await existing(runner, "astro")).status, after);
  equal(after.windowCount, 1);
  await t.waitFor(async () => (await users()).length === 1, "the end of the user's windows");
  // A stop ends what the user added, too.
  await t.tmux("new-window", "-t", "=astro:", ...DEAF);
  await (await existing(runner, "astro")).stop(FORCE);
  await t.waitFor(async () => (await t.processes()).length === 0, "the end of the server");
});

tmuxTest("tmux: a session whose own pane the user closed is stopped", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  for (const then of ["stop", "start"]) {
    await runner.start(define({ name: "astro", argv: SERVE, protected: true }), { waitMs: 100 });
    await t.tmux("new-window", "-t", "=astro:", "-n", "mine", ...IDLE);
    await t.tmux("kill-window", "-t", "=astro:0");
    const session = await existing(runner, "astro");
    const { state, pid, exitCode, managed } = session.status;
    deepEqual([state, pid, exitCode, managed], ["stopped", null, null, true]);
    match(session.status.reason ?? "", /closed/);
    // What it was started from is not gone with the pane.
    deepEqual([session.status.command, session.protected], [SERVE, true]);
    if (then === "stop") {
      equal((await session.stop(AS_DEFINED)).state, "stopped");
    } else {
      const fresh = await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 100 });
      deepEqual([fresh.state, fresh.windowCount], ["running", 1]);
      await (await existing(runner, "astro")).stop(FORCE);
    }
    equal(await find(runner, "astro"), null);
  }
});

tmuxTest("tmux: windows and panes named like a session are not that session", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  await t.tmux("new-session", "-d", "-s", "host", "-n", "alpha", ...IDLE);
  await t.tmux("select-pane", "-t", "=host:", "-T", "alpha");
  await runner.start(define({ name: "other", argv: SERVE }), { waitMs: 100 });
  await t.tmux("rename-window", "-t", "=other:", "alpha");
  const before = [await existing(runner, "host"), await existing(runner, "other")];
  equal(await find(runner, "alpha"), null);
  const alpha = await runner.start(define({ name: "alpha", argv: POLITE }), { waitMs: 100 });
  equal(
    (await failure(runner.start(define({ name: "alpha", argv: IDLE }), { waitMs: 0 }))).code,
    "session_exists",
  );
  deepEqual((await existing(runner, "alpha")).status, alpha);
  equal((await (await existing(runner, "alpha")).stop(AS_DEFINED)).exitCode, 7);
  const after = [await existing(runner, "host"), await existing(runner, "other")];
  deepEqual(after.map(({ status }) => status), before.map(({ status }) => status));
});

tmuxTest(
  "tmux: a window that other sessions show, too, survives the stop of a foreign one",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    const kept = await runner.start(define({ name: "kept", argv: SERVE }), { waitMs: 100 });
    await t.tmux("new-session", "-d", "-s", "mine", "sleep", "61");
    await t.tmux("link-window", "-s", "=kept:0", "-t", "=mine:7");
    // A session group shows all windows of another session: it has nothing of its own.
    await t.tmux("new-session", "-d", "-t", "=kept", "-s", "viewer");
    equal(await find(runner, "viewer"), null);
    const session = await existing(runner, "mine");
    equal(session.status.managed, false);
    await session.stop(AS_DEFINED);
    equal(await find(runner, "mine"), null);
    deepEqual((await existing(runner, "kept")).status, kept);
    ok(await t.world.processes.alive(kept.pid ?? 0));
  },
);

tmuxTest(
  "tmux: the stop of a managed session ends it in every session that shows it",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 });
    await t.tmux("new-session", "-d", "-t", "=astro", "-s", "viewer");
    const stopped = await (await existing(runner, "astro")).stop(AS_DEFINED);
    equal(stopped.exitCode, 7);
    equal(await find(runner, "astro"), null);
    // The one that ended is in the way of none, either.
    const [fails, again] = [
      define({ name: "astro", argv: sh("exit 3") }),
      define({ name: "astro", argv: SERVE }),
    ];
    equal((await failure(runner.start(fails, { waitMs: 5000 }))).code, "start_failed");
    await t.tmux("new-session", "-d", "-t", "=astro", "-s", "viewer");
    equal((await runner.start(again, { waitMs: 100 })).state, "running");
    equal((await existing(runner, "astro")).status.state, "running");
  },
);

tmuxTest("tmux: a window that is linked twice into its session counts once", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const first = await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 100 });
  await t.tmux("link-window", "-s", "=astro:0", "-t", "=astro:5");
  const error = await failure(runner.start(define({ name: "astro", argv: IDLE }), { waitMs: 0 }));
  equal(error.code, "session_exists");
  equal((await existing(runner, "astro")).status.pid, first.pid);
  await (await existing(runner, "astro")).stop(FORCE);
  // One that ignores the hang-up of its terminal has to be ended, too.
  await t.tmux("new-session", "-d", "-s", "mine", ...DEAF);
  await t.tmux("link-window", "-s", "=mine:0", "-t", "=mine:5");
  const mine = await existing(runner, "mine");
  const pid = mine.status.pid ?? 0;
  await t.waitFor(() => printed(mine), "its output");
  await mine.stop({ timeoutSeconds: 1, force: false });
  ok(!(await t.processes()).some((process) => process.pid === pid));
});

tmuxTest(
  "tmux: a renamed session keeps being managed, by the name that it was started with",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    const before = await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 });
    await t.tmux("rename-session", "-t", "=astro:", "my bot");
    equal(await find(runner, "my bot"), null);
    const session = await existing(runner, "astro");
    deepEqual(session.status, { ...before, reason: "tmux calls it my bot by now" });
    equal((await session.stop(AS_DEFINED)).exitCode, 7);
  },
);

tmuxTest("tmux: a program that the user started anew is the running one", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const before = await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 });
  await t.tmux("respawn-pane", "-k", "-t", "=astro:");
  const session = await t.waitFor(async () => {
    const found = await existing(runner, "astro");
    return found.status.pid !== before.pid && found.status.pid !== null && found;
  }, "the new pid");
  equal(session.status.state, "running");
  await t.waitFor(async () => await printed(session) === "ready\nready\n", "both outputs");
  equal((await session.stop(AS_DEFINED)).exitCode, 7);
});

tmuxTest(
  "tmux: copy mode and an attached client do not keep a program from its signal",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 });
    const attach = `TMUX= exec tmux -f /dev/null -L default attach-session -t =astro:`;
    await t.tmux("-L", "outer", "new-session", "-d", "-s", "terminal", "sh", "-c", attach);
    await t.waitFor(
      async () => (await existing(runner, "astro")).status.attached === 1,
      "a client",
    );
    await t.tmux("copy-mode", "-t", "=astro:");
    const stopped = await (await existing(runner, "astro")).stop(AS_DEFINED);
    deepEqual([stopped.exitCode, stopped.attached], [7, null]);
  },
);

tmuxTest("tmux: a program that was halted with its whole process group is ended", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  for (const how of [{ timeoutSeconds: 1, force: false }, FORCE]) {
    const { pid } = await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 100 });
    const group = (await t.processes()).find((process) => process.pid === pid)?.group ?? 0;
    ok(group > 1);
    Deno.kill(-group, "SIGSTOP");
    const stopped = await (await existing(runner, "astro")).stop(how);
    equal(stopped.signal, how.force ? "SIGKILL" : "SIGINT");
    equal(await find(runner, "astro"), null);
    ok(!(await t.processes()).some((process) => process.pid === pid));
  }
});

tmuxTest(
  "tmux: an interactive shell is hung up, after what runs in its foreground was asked",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    await runner.start(define({ name: "shell", argv: ["sh"] }), { waitMs: 100 });
    await t.tmux("new-session", "-d", "-s", "mine", "sh");
    for (const name of ["shell", "mine"]) {
      const sleep = `sleep ${name === "shell" ? 7001 : 7002}`;
      await t.tmux("send-keys", "-t", `=${name}:`, sleep, "Enter");
      await t.waitFor(
        async () => (await t.processes()).some(({ command }) => command === sleep),
        sleep,
      );
      const session = await existing(runner, name);
      const stopped = await within(session.stop({ timeoutSeconds: 600, force: false }));
      if (name === "shell") deepEqual([stopped.exitCode, stopped.signal], [129, "SIGHUP"]);
      ok(!(await t.processes()).some(({ command }) => command === sleep));
      equal(await find(runner, name), null);
    }
  },
);

/** Fails where something would wait for minutes. */
async function within<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("It hangs")), LIMIT_MS);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

// --- foreign sessions ----------------------------------------------------------------------------

tmuxTest(
  "tmux: sessions of other tools are listed, whatever they are called, and can be stopped",
  async (t) => {
    const { runner } = setUpTmux(t.world);
    const names = [
      "two  words",
      "näme 日本語 🚀",
      "#[fg=red]x",
      "\x1b[31mred",
      "a.b",
      "c:d",
      `it's "quoted"`,
      "back\\slash\\",
      "line\nbreak",
      "-dash",
      "@1",
      "%1",
      "=eq",
      "{last}",
      "100%",
      "$dollar",
    ];
    const refused: string[] = [];
    for (const name of names) {
      const argv = ["tmux", "-u", "-f", "/dev/null", "new-session", "-d", "-s", name, ...IDLE];
      const { code, stderr } = await t.world.exec(argv, { timeoutMs: 10_000 });
      // tmux 3.8 takes no control characters.
      if (code !== 0 && stderr.startsWith("invalid session name")) refused.push(name);
      else equal(code, 0, stderr);
    }
    ok(refused.length <= 2, refused.join());
    // It names what it does not print: escape sequences arrive as text.
    const listed = (await t.tmux("list-sessions", "-F", "#{session_id} #{session_name}")).split(
      "\n",
    );
    const sessions = (await runner.survey({})).flatMap(({ sessions }) => sessions);
    deepEqual(
      sessions.map(({ status }) => `${status.id} ${status.name}`).sort(),
      listed.toSorted(),
    );
    equal(sessions.length, names.length - refused.length);
    for (const name of ["two  words", "näme 日本語 🚀", "#[fg=red]x", `it's "quoted"`]) {
      ok(sessions.some(({ status }) => status.name === name), name);
    }
    const pids = (await t.processes()).map(({ pid }) => pid);
    for (const { status } of sessions) {
      deepEqual([status.managed, status.state, status.exitCode], [false, "running", null]);
      deepEqual(status.command, ["sleep 60"]);
      ok(status.pid && pids.includes(status.pid));
    }
    for (const session of sessions) {
      equal(await session.definition(), null);
      equal(session.protected, false);
      equal((await session.stop(FORCE)).state, "stopped");
      const rest = (await runner.survey({})).flatMap(({ sessions }) => sessions);
      ok(!rest.some(({ status }) => status.id === session.status.id));
    }
  },
);

tmuxTest("tmux: what a foreign session shows is its log", async (t) => {
  const { runner } = setUpTmux(t.world);
  const script = "n=0; while [ $n -lt 100 ]; do n=$((n+1)); echo line $n; done; exec sleep 60";
  await t.tmux("new-session", "-d", "-s", "mine", "-x", "40", "-y", "10", "sh", "-c", script);
  const session = await existing(runner, "mine");
  await t.waitFor(async () => (await printed(session)).endsWith("line 100\n"), "the last line");
  const all = Array.from({ length: 100 }, (_, n) => `line ${n + 1}\n`);
  equal(await printed(session), all.join(""));
  equal(await printed(session, 3), all.slice(-3).join(""));
  equal(await printed(session, 0), "");
});

tmuxTest(
  "tmux: a foreign session that stays after its end is exited, and can be stopped",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    await t.tmux("new-session", "-d", "-s", "keep", ...IDLE);
    await t.tmux("set-option", "-g", "remain-on-exit", "on");
    await t.tmux("new-session", "-d", "-s", "mine", "sh", "-c", "echo bye; sleep 0.2; exit 3");
    const session = await ended(runner, "mine");
    deepEqual([session.status.exitCode, session.status.managed], [3, false]);
    equal(await printed(session), "bye\n");
    // Only what kstops made is replaced.
    const error = await failure(runner.start(define({ name: "mine", argv: IDLE }), { waitMs: 0 }));
    equal(error.code, "session_exists");
    equal((await session.stop(AS_DEFINED)).exitCode, 3);
    equal(await find(runner, "mine"), null);
  },
);

// --- settings ------------------------------------------------------------------------------------

tmuxTest("tmux: the settings of the user do not break a session", async (t) => {
  const settings = [
    "set -g base-index 1",
    "setw -g pane-base-index 1",
    "setw -g remain-on-exit on",
    "set -g destroy-unattached on",
    "set -g default-command 'exit 9'",
    "set -g default-shell /bin/false",
    "set -g default-terminal screen-256color",
    "set -g history-limit 1",
    "set -g renumber-windows on",
    "set -g detach-on-destroy off",
    "set -g update-environment 'PATH LANG'",
    "set -g status off",
    "setw -g automatic-rename on",
    "setw -g monitor-activity on",
    "set-hook -g after-new-session 'rename-window hooked'",
  ];
  await Deno.writeTextFile(`${t.env["HOME"]}/.tmux.conf`, `${settings.join("\n")}\n`);
  const { runner, define } = setUpTmux(t.world);
  // It keeps the server, and so its settings, to the end.
  await runner.start(define({ name: "keep", argv: SERVE }), { waitMs: 100 });
  equal(await t.tmux("show-options", "-gv", "base-index"), "1");
  await (await existing(runner, "keep")).stop(AS_DEFINED);
  await liveAndDie(t);
});

tmuxTest("tmux: a mistake in the user's settings does not break a session", async (t) => {
  await Deno.writeTextFile(`${t.env["HOME"]}/.tmux.conf`, "no-such-command\nset -g 'unbalanced\n");
  await liveAndDie(t);
});

tmuxTest("tmux: no option that is somebody else's is changed", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  await t.tmux("new-session", "-d", "-s", "mine", ...IDLE);
  // The program that keeps output, for the pipes of all sessions.
  const withoutOwn = (shown: string): string => shown.replace(/^@kstops_capture_.*\n?/gm, "");
  const options = async () =>
    await Promise.all([
      t.tmux("show-options", "-g"),
      t.tmux("show-options", "-gw"),
      t.tmux("show-options", "-s").then(withoutOwn),
      t.tmux("show-hooks", "-g"),
      t.tmux("show-environment", "-g"),
      t.tmux("show-options", "-t", "=mine:"),
      t.tmux("show-options", "-w", "-t", "=mine:"),
      t.tmux("show-options", "-p", "-t", "=mine:"),
    ]);
  const before = await options();
  const env = { SECRET: "value", TERM: "dumb" };
  await runner.start(define({ name: "astro", argv: POLITE, env }), { waitMs: 100 });
  deepEqual(await options(), before);
  equal(await t.tmux("show-options", "-w", "-t", "=astro:"), "");
  equal(await t.tmux("show-options", "-pv", "-t", "=astro:", "remain-on-exit"), "on");
  // What the user adds closes when it ends, as in any other session.
  await t.tmux("new-window", "-t", "=astro:", "true");
  await t.tmux("split-window", "-t", "=astro:0", "true");
  await t.waitFor(async () => {
    const panes = await t.tmux("list-panes", "-s", "-t", "=astro:", "-F", "#{pane_id}");
    return panes.split("\n").length === 1;
  }, "the end of the user's windows");
  await (await existing(runner, "astro")).stop(AS_DEFINED);
  deepEqual(await options(), before);
});

tmuxTest("tmux: a session that tmux itself ends takes its program along", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  for (const command of [["kill-session", "-t", "=astro:"], ["kill-server"]]) {
    const argv = sh("echo ready; sleep 7003 & exec sleep 7003");
    const processes = async () =>
      (await t.processes()).filter(({ command }) => command === "sleep 7003");
    await runner.start(define({ name: "astro", argv }), { waitMs: 100 });
    await t.waitFor(async () => (await processes()).length === 2, "its processes");
    await t.tmux(...command);
    await t.waitFor(async () => (await processes()).length === 0, "their end");
  }
});

const WORLDS: Record<string, Record<string, string | undefined>> = {
  "the C locale": { LANG: "C", LC_ALL: "C" },
  "no locale, no terminal and no shell set": { LANG: undefined, TERM: undefined, SHELL: undefined },
  "a shell that is no shell": { SHELL: "/bin/false" },
  "a state directory called as nobody would": {
    KSTOPS_STATE_DIR: 'state/it\'s "#{pid}" #[x] ##[y] %Y $(id) `id` \\ ;',
  },
};
for (const [what, env] of Object.entries(WORLDS)) {
  tmuxTest(`tmux: sessions work with ${what}`, (t) => liveAndDie(t, t.worldWith(env)));
}

tmuxTest("tmux: inside a session of another server the right socket is used", async (t) => {
  await t.tmux("-L", "outer", "new-session", "-d", "-s", "outer", ...IDLE);
  const format = "#{socket_path},#{pid},0";
  const TMUX = await t.tmux("-L", "outer", "display-message", "-p", format);
  await t.tmux("new-session", "-d", "-s", "keep", ...IDLE);
  const world = t.worldWith({ TMUX, TMUX_PANE: "%0", KSTOPS_ID: "0123456789ab" });
  const { runner, define } = setUpTmux(world);
  const { socketName } = await runner.start(define({ name: "astro", argv: POLITE }), {
    waitMs: 100,
  });
  equal(socketName, "default");
  const names = (socket: string) => t.tmux("-L", socket, "list-sessions", "-F", "#{session_name}");
  deepEqual((await names("default")).split("\n").sort(), ["astro", "keep"]);
  equal(await names("outer"), "outer");
  equal((await (await existing(runner, "astro")).stop(AS_DEFINED)).exitCode, 7);
  equal(await names("default"), "keep");
});

// --- secrets -------------------------------------------------------------------------------------

tmuxTest("tmux: no value of a variable is ever on a command line", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const secret = `secret-${crypto.randomUUID()}`;
  const env = { TOKEN: secret, PATH: `/${secret}:${t.env["PATH"]}`, TERM: secret };
  const definition = (n: number): TmuxDefinition =>
    define({ name: `astro-${n}`, argv: n % 2 ? POLITE : sh("exit 3"), env });
  const seen = new Set<string>();
  let samples = 0;
  let working = true;
  const watch = async (): Promise<void> => {
    while (working) {
      for (const { name } of Deno.readDirSync("/proc")) {
        if (!/^\d+$/.test(name)) continue;
        try {
          const line = Deno.readTextFileSync(`/proc/${name}/cmdline`);
          if (line.includes(secret)) seen.add(line);
        } catch {
          // Gone meanwhile.
        }
      }
      samples++;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  const work = async (): Promise<void> => {
    for (let n = 0; n < 4; n++) {
      await runner.start(definition(n), { waitMs: 0 });
      const session = await existing(runner, `astro-${n}`);
      deepEqual((await session.definition())?.env, env);
      if (n < 2) await session.stop(FORCE);
    }
  };
  await Promise.all([work().finally(() => working = false), watch()]);
  ok(samples > 10, `only ${samples} looks`);
  deepEqual([...seen], []);
  const ps = await new Deno.Command("ps", { args: ["auxww"] }).output();
  ok(!new TextDecoder().decode(ps.stdout).includes(secret));
  // Nor does the server keep one, which lives longer than the session.
  const server = await Deno.readTextFile(`/proc/${await serverPid(t)}/environ`);
  ok(!server.includes(secret));
});

tmuxTest("tmux: a server that kstops starts belongs to no run", async (t) => {
  const { runner, define } = setUpTmux(t.worldWith({ KSTOPS_ID: "0123456789ab", TMUX_PANE: "%9" }));
  await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 100 });
  const server = await Deno.readTextFile(`/proc/${await serverPid(t)}/environ`);
  const names = server.split("\0").map((pair) => pair.split("=")[0]);
  for (const name of ["KSTOPS_ID", "TMUX", "TMUX_PANE"]) ok(!names.includes(name), name);
  const { pid } = (await existing(runner, "astro")).status;
  const program = await Deno.readTextFile(`/proc/${pid}/environ`);
  match(program, /(^|\0)KSTOPS_ID=(?!0123456789ab)[0-9a-f]{12}(\0|$)/);
});

tmuxTest("tmux: a tmux server that a program started is left alone", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const argv = sh("tmux -f /dev/null -L inner new-session -d -s kid sleep 60; exec sleep 60");
  await runner.start(define({ name: "astro", argv }), { waitMs: 100 });
  await t.waitFor(() => t.tmux("-L", "inner", "list-sessions"), "the inner server");
  await (await existing(runner, "astro")).stop({ timeoutSeconds: 1, force: false });
  equal(
    await t.tmux("-L", "inner", "list-panes", "-a", "-F", "#{session_name} #{pane_dead}"),
    "kid 0",
  );
});

// --- many, and often -----------------------------------------------------------------------------

tmuxTest(
  "tmux: of 60 runs that print and fail at once, every code and line is known",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    const argv = sh("echo one; echo two; echo three; exit 3");
    for (let batch = 0; batch < 6; batch++) {
      const names = Array.from({ length: 10 }, (_, n) => `run-${batch}-${n}`);
      await Promise.all(
        names.map((name) => runner.start(define({ name, argv }), { waitMs: 0 })),
      );
      const sessions = await t.waitFor(async () => {
        const found = (await runner.survey({})).flatMap(({ sessions }) => sessions);
        return found.every(({ status }) => status.state === "exited") && found;
      }, "the end of a batch");
      equal(sessions.length, 10);
      await Promise.all(sessions.map(async (session) => {
        equal(session.status.exitCode, 3, session.status.name ?? "");
        equal(await printed(session), "one\ntwo\nthree\n");
        await session.stop(FORCE);
      }));
    }
  },
);

tmuxTest("tmux: 50 starts of different names on a cold server all succeed", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const names = Array.from({ length: 50 }, (_, n) => `astro-${n}`);
  await Promise.all(
    names.map((name) => runner.start(define({ name, argv: SERVE }), { waitMs: 100 })),
  );
  const statuses = (await runner.survey({})).flatMap(({ sessions }) => sessions).map(
    ({ status }) => status,
  );
  deepEqual(statuses.map(({ name }) => name).sort(), names.toSorted());
  deepEqual(new Set(statuses.map(({ state }) => state)), new Set(["running"]));
  equal(new Set(statuses.map(({ pid }) => pid)).size, 50);
});

tmuxTest("tmux: 40 rounds of start and stop report the right exit", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  await Promise.all([0, 1, 2, 3].map(async (lane) => {
    const name = `astro-${lane}`;
    for (let round = 0; round < 10; round++) {
      const code = lane * 10 + round + 1;
      const argv = sh(`trap 'echo bye ${code}; exit ${code}' INT; echo ready
        while :; do sleep 0.05; done`);
      await runner.start(define({ name, argv }), { waitMs: 0 });
      const session = await existing(runner, name);
      await t.waitFor(async () => await printed(session) === "ready\n", "ready");
      const stopped = await session.stop(AS_DEFINED);
      deepEqual([stopped.exitCode, stopped.signal], [code, null]);
    }
  }));
});

tmuxTest("tmux: any words without NUL reach the program", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const word = fc.string({ unit: "binary", maxLength: 30 }).filter((text) => !text.includes("\0"));
  const special = fc.string({
    unit: fc.constantFrom(..."\\'\"\n\r\t;#{}[]$%~ ab-=,:@!*?()&|<>`^".split("")),
    maxLength: 12,
  });
  const words = fc.sample(fc.oneof(word, special), 600);
  const script = `printf '%s\\0' "$@" > words.new && mv words.new words`;
  const status = await runner.start(define({ name: "words", argv: sh(script, ...words) }), {
    waitMs: LIMIT_MS,
  });
  equal(status.exitCode, 0);
  deepEqual((await Deno.readTextFile(`${t.work}/words`)).split("\0").slice(0, -1), words);
});

// --- faults --------------------------------------------------------------------------------------

tmuxTest("tmux: a server that is killed while it starts a session is a failed start", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  for (const end of [() => killServer(t), () => t.tmux("kill-session", "-t", "=astro:")]) {
    const starting = failure(
      runner.start(define({ name: "astro", argv: SERVE }), { waitMs: LIMIT_MS }),
    );
    await t.waitFor(() => find(runner, "astro"), "the session");
    await end();
    const error = await starting;
    equal(error.code, "start_failed");
    ok(error.hint);
    equal(await find(runner, "astro"), null);
  }
});

tmuxTest("tmux: a session whose server is killed while it is stopped is stopped", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const argv = sh("trap 'echo asked > asked' INT; echo ready; while :; do sleep 0.1; done");
  await runner.start(define({ name: "astro", argv }), { waitMs: 100 });
  const stopping = (await existing(runner, "astro")).stop(AS_DEFINED);
  await t.waitFor(() => Deno.readTextFile(`${t.work}/asked`), "the signal");
  await killServer(t);
  equal((await within(stopping)).state, "stopped");
});

tmuxTest(
  "tmux: a tmux that is not installed is said to be missing, with how to get it",
  async (t) => {
    await t.tmux("new-session", "-d", "-s", "mine", ...IDLE);
    for (const binary of ["no-such-tmux", `${t.directory}/no/tmux`]) {
      const { runner, define, logs } = setUpTmux(t.world, { binary });
      const error = await failure(
        runner.start(define({ name: "astro", argv: IDLE }), { waitMs: 0 }),
      );
      ok(error instanceof TmuxNotFoundError);
      equal(error.code, "backend_not_found");
      ok(error.message.includes(binary), error.message);
      match(error.hint ?? "", /install/);
      deepEqual(await logs.outputs("astro"), []);
      const surveys = await runner.survey({});
      deepEqual(surveys.map(({ trouble }) => [trouble?.kind, trouble?.missing]), [
        ["unreachable", true],
      ]);
    }
  },
);

tmuxTest("tmux: a tmux that is too old is refused, and nothing is left", async (t) => {
  const binary = `${t.directory}/old-tmux`;
  const script = `#!/bin/sh\n[ "$1" = -V ] && echo tmux 2.9a && exit\n` +
    `echo "usage: tmux [-2CluvV]" >&2\nexit 1\n`;
  await writeExecutable(binary, script);
  const { runner, define, logs } = setUpTmux(t.world, { binary });
  const error = await failure(runner.start(define({ name: "astro", argv: IDLE }), { waitMs: 0 }));
  equal(error.code, "backend_unavailable");
  match(error.message, /tmux 2\.9a is too old, kstops needs 3\.2/);
  ok(error.hint);
  deepEqual(await logs.outputs("astro"), []);
});

tmuxTest("tmux: a tmux that talks nonsense is trouble", async (t) => {
  await t.tmux("new-session", "-d", "-s", "mine", ...IDLE);
  const binary = `${t.directory}/odd-tmux`;
  await writeExecutable(binary, "#!/bin/sh\necho hello\n");
  const { runner, define } = setUpTmux(t.world, { binary });
  const [survey] = await runner.survey({});
  equal(survey?.trouble?.kind, "unreachable");
  const error = await failure(runner.start(define({ name: "astro", argv: IDLE }), { waitMs: 0 }));
  equal(error.code, "backend_unavailable");
});

tmuxTest(
  "tmux: without a place for logs sessions run, and tmux's own history is the log",
  async (t) => {
    await Deno.writeTextFile(`${t.work}/file`, "");
    const world = t.worldWith({ KSTOPS_STATE_DIR: `${t.work}/file/state` });
    const { runner, define, warnings } = setUpTmux(world);
    const script = "n=0; while [ $n -lt 60 ]; do n=$((n+1)); echo line $n; done";
    const all = Array.from({ length: 60 }, (_, n) => `line ${n + 1}\n`);
    await runner.start(define({ name: "astro", argv: sh(`${script}; exec sleep 60`) }), {
      waitMs: 100,
    });
    const session = await existing(runner, "astro");
    await t.waitFor(async () => (await printed(session)).endsWith("line 60\n"), "its output");
    equal(await printed(session), all.join(""));
    equal(await printed(session, 2), all.slice(-2).join(""));
    const error = await failure(
      runner.start(define({ name: "fails", argv: sh(`${script}; exit 3`) }), { waitMs: LIMIT_MS }),
    );
    deepEqual(error.details["output"], all.slice(-10).map((line) => line.trimEnd()));
    equal(await printed(await existing(runner, "fails")), all.join(""));
    equal(warnings.length, 1, warnings.join("; "));
    match(warnings[0] ?? "", /not kept/);
    for (const name of ["astro", "fails"]) await (await existing(runner, name)).stop(AS_DEFINED);
  },
);

tmuxTest("tmux: logs are for their owner alone", async (t) => {
  const { runner, define, logs } = setUpTmux(t.world);
  await runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 0 });
  const file = `${(await logs.outputs("astro")).at(-1)}-000001.log`;
  const session = await existing(runner, "astro");
  await t.waitFor(() => printed(session), "its output");
  const mode = async (path: string) => (await Deno.stat(path)).mode! & 0o777;
  equal(await mode(file), 0o600);
  const state = `${t.env["XDG_STATE_HOME"]}/kstops`;
  for (let path = file; path !== state;) {
    path = path.slice(0, path.lastIndexOf("/"));
    equal(await mode(path), 0o700, path);
  }
});

tmuxTest("tmux: of many starts at once only the winner has a log", async (t) => {
  const { runner, define, logs } = setUpTmux(t.world);
  await Promise.allSettled(
    Array.from(
      { length: 10 },
      () => runner.start(define({ name: "astro", argv: SERVE }), { waitMs: 0 }),
    ),
  );
  equal((await logs.outputs("astro")).length, 1);
  const session = await existing(runner, "astro");
  await t.waitFor(async () => await printed(session) === "ready\n", "its output");
});

tmuxTest("tmux: sessions that hang on a stopped server do not hang kstops", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 });
  const session = await existing(runner, "astro");
  const pid = await serverPid(t);
  Deno.kill(pid, "SIGSTOP");
  try {
    const error = await failure(within(session.stop({ timeoutSeconds: 1, force: false })));
    equal(error.code, "backend_unavailable");
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
  await (await existing(runner, "astro")).stop(FORCE);
});
