/** Sessions under a tmux.conf that does things of its own: hooks and options that come in between. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { failure } from "../support/failure.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { ended, existing, find, printed, sh } from "./suite.ts";
import { setUpTmux, type TmuxSetup } from "./tmux_setup.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };
const FORCE = { timeoutSeconds: null, force: true };

/** Ends with 7 when it is asked to. */
const POLITE = sh("trap 'echo bye; exit 7' INT\necho ready\nwhile :; do sleep 0.05; done");
const FAILS = sh("echo one; echo two; exit 3");

async function configure({ env }: TmuxSandbox, settings: readonly string[]): Promise<void> {
  await Deno.writeTextFile(`${env["HOME"]}/.tmux.conf`, `${settings.join("\n")}\n`);
}

/** The ids of all sessions of kstops that are called so. */
async function managed({ runner }: TmuxSetup): Promise<string[]> {
  const sessions = (await runner.survey({})).flatMap(({ sessions, trouble }) => {
    equal(trouble, null);
    return sessions;
  });
  return sessions.flatMap(({ status }) => status.managed ? [status.name ?? ""] : []);
}

const PRINTS = "display-message -p noise";

/** What does not keep a session from anything that a session can do. */
const HARMLESS: Record<string, readonly string[]> = {
  "a split after a session is made": ["set-hook -g after-new-session 'split-window -h'"],
  "a split before it": ["set-hook -g after-new-session 'split-window -hb'"],
  "another window": ["set-hook -g after-new-session 'new-window'"],
  "another window that is waited for": [
    `set-hook -g after-new-session 'run-shell "sleep 0.3"; split-window -v; new-window'`,
  ],
  "a message": ["set-hook -g session-created 'display-message hi'"],
  "a message after a session is made": ["set-hook -g after-new-session 'display-message hi'"],
  "text in the answers": [
    ..."new-session list-panes capture-pane show-environment display-message set-option pipe-pane"
      .split(" ").map((name) => `set-hook -g after-${name} '${PRINTS}'`),
    `set-hook -g session-created '${PRINTS}'`,
    `set-hook -g session-closed '${PRINTS}'`,
    `set-hook -g client-detached '${PRINTS}'`,
  ],
  "a hook that fails": ["set-hook -g after-new-session 'select-window -t nowhere:9'"],
  "a new name for the window": ["set-hook -g after-new-session 'rename-window hooked'"],
  "other indices": ["set -g base-index 1", "setw -g pane-base-index 1"],
  "panes that never stay": ["set -g remain-on-exit off"],
  "panes that stay when they fail": ["set -g remain-on-exit failed"],
  "sessions that end unattached": ["set -g destroy-unattached on"],
  "sessions that end unattached, and a split": [
    "set -g destroy-unattached on",
    "set-hook -g after-new-session 'split-window -h'",
  ],
  "names that change": ["setw -g automatic-rename on", "setw -g allow-rename on"],
  "a command and a shell of its own": [
    "set -g default-command 'exit 9'",
    "set -g default-shell /bin/false",
  ],
  "an environment that is updated": ["set -g update-environment 'PATH HOME TOKEN KSTOPS_ID'"],
  "no prefix": ["set -g prefix None"],
};
for (const [what, settings] of Object.entries(HARMLESS)) {
  tmuxTest(`tmux: ${what} in a tmux.conf changes nothing of a session`, async (t) => {
    await configure(t, settings);
    const setup = setUpTmux(t.world);
    const { runner, define } = setup;
    const env = { TOKEN: "a\x1b[31m\x07\\033\nb" };
    const status = await runner.start(define({ name: "astro", argv: POLITE, env }), {
      waitMs: 100,
    });
    deepEqual([status.state, status.name, status.managed], ["running", "astro", true]);
    const session = await existing(runner, "astro");
    deepEqual([session.status.pid, session.status.state], [status.pid, "running"]);
    await t.waitFor(async () => await printed(session) === "ready\n", "its output");
    deepEqual((await session.definition())?.env, env);
    const twice = await failure(
      runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 0 }),
    );
    equal(twice.code, "session_exists");
    deepEqual(await managed(setup), ["astro"]);
    const failed = await failure(
      runner.start(define({ name: "fails", argv: FAILS }), { waitMs: 2000 }),
    );
    deepEqual([failed.code, failed.details["exit_code"]], ["start_failed", 3]);
    deepEqual(failed.details["output"], ["one", "two"]);
    equal((await ended(runner, "fails")).status.exitCode, 3);
    const done = await runner.start(define({ name: "fails", argv: ["true"] }), { waitMs: 2000 });
    deepEqual([done.state, done.exitCode], ["exited", 0]);
    equal((await (await existing(runner, "fails")).stop(AS_DEFINED)).state, "stopped");
    const stopped = await session.stop(AS_DEFINED);
    deepEqual([stopped.state, stopped.exitCode], ["stopped", 7]);
    equal(await printed(session), "ready\nbye\n");
    deepEqual(await managed(setup), []);
  });
}

tmuxTest(
  "tmux: a start that does not wait is a managed session at once, whatever hooks do",
  async (t) => {
    await configure(t, [`set-hook -g after-new-session 'run-shell "sleep 0.2"; split-window -h'`]);
    const { runner, define } = setUpTmux(t.world);
    for (let round = 0; round < 3; round++) {
      await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 0 });
      const session = await existing(runner, "astro");
      deepEqual([session.status.managed, session.status.state], [true, "running"]);
      equal((await session.stop(FORCE)).state, "stopped");
    }
  },
);

tmuxTest("tmux: of many starts under hooks that split one wins", async (t) => {
  await configure(t, ["set-hook -g after-new-session 'split-window -h'"]);
  const setup = setUpTmux(t.world);
  const { runner, define } = setup;
  const starts = await Promise.allSettled(
    Array.from(
      { length: 8 },
      () => runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 }),
    ),
  );
  equal(starts.filter(({ status }) => status === "fulfilled").length, 1);
  for (const each of starts) {
    if (each.status === "rejected") equal(each.reason.code, "session_exists");
  }
  deepEqual(await managed(setup), ["astro"]);
});

tmuxTest("tmux: a session that a hook renames is started, and known by its mark", async (t) => {
  await configure(t, ["set-hook -g after-new-session 'rename-session zz'"]);
  const { runner, define } = setUpTmux(t.world);
  const status = await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 });
  deepEqual([status.state, status.managed], ["running", true]);
  const session = await existing(runner, "astro");
  deepEqual([session.status.managed, session.status.pid], [true, status.pid]);
  equal(session.status.reason, "tmux calls it zz by now");
  await t.waitFor(async () => await printed(session) === "ready\n", "its output");
  equal((await session.stop(AS_DEFINED)).exitCode, 7);
});

for (const hook of ["kill-pane", "kill-session"]) {
  tmuxTest(`tmux: ${hook} when a program ends does not hide how it ended`, async (t) => {
    // Another session keeps the server.
    await t.tmux("new-session", "-d", "-s", "keep", "sleep", "60");
    await t.tmux("set-hook", "-g", "pane-died", hook);
    const { runner, define } = setUpTmux(t.world);
    const done = await runner.start(define({ name: "astro", argv: sh("echo done") }), {
      waitMs: 5000,
    });
    deepEqual([done.state, done.exitCode, done.signal], ["exited", 0, null]);
    ok(done.finishedAt !== null);
    const error = await failure(
      runner.start(define({ name: "fails", argv: FAILS }), { waitMs: 5000 }),
    );
    deepEqual([error.code, error.details["exit_code"]], ["start_failed", 3]);
    deepEqual(error.details["output"], ["one", "two"]);
  });
}

for (const hook of ["kill-session", "kill-server"]) {
  tmuxTest(`tmux: ${hook} after a session is made is a failed start`, async (t) => {
    await configure(t, [`set-hook -g after-new-session '${hook}'`]);
    const { runner, define } = setUpTmux(t.world);
    const error = await failure(
      runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 }),
    );
    equal(error.code, "start_failed");
    match(error.message, /closed/);
    equal(await find(runner, "astro"), null);
  });
}

tmuxTest("tmux: a server that ends unattached is said to be why nothing stays", async (t) => {
  await configure(t, ["set -s exit-unattached on"]);
  const { runner, define } = setUpTmux(t.world);
  for (const waitMs of [0, 100]) {
    const error = await failure(runner.start(define({ name: "astro", argv: POLITE }), { waitMs }));
    equal(error.code, "start_failed");
    match(error.message, /exit-unattached/);
    ok(error.hint?.includes("tmux.conf"));
  }
  await configure(t, []);
  await t.waitFor(async () => (await t.processes()).length === 0, "the end of its server");
  equal(
    (await runner.start(define({ name: "astro", argv: POLITE }), { waitMs: 100 })).state,
    "running",
  );
});

tmuxTest("tmux: what a foreign session shows is its log, whatever hooks print", async (t) => {
  await t.tmux("new-session", "-d", "-s", "mine", "sh", "-c", "echo one; echo two; exec sleep 60");
  for (const name of ["capture-pane", "display-message"]) {
    await t.tmux("set-hook", "-g", `after-${name}`, PRINTS);
  }
  const session = await existing(setUpTmux(t.world).runner, "mine");
  await t.waitFor(async () => await printed(session) === "one\ntwo\n", "its output");
});

tmuxTest("tmux: a path with control characters and backslashes is told as it is", async (t) => {
  const path = `${t.work}/a\x1b[31m\x07\r\x7f\\033\\a "q" $x é`;
  await Deno.mkdir(path);
  await t.tmux("new-session", "-d", "-s", "mine", "-c", path, "sleep", "60");
  equal((await existing(setUpTmux(t.world).runner, "mine")).status.workingDir, path);
});
