/** What is recorded of changes on a real terminal, by several processes, and when they are ended. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Operation } from "../../src/operations/machine.ts";
import { OperationStore } from "../../src/operations/store.ts";
import { install, KSTOPS } from "../support/kstops.ts";
import { openTerminal, withPty } from "../support/pty.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

/** The operations of a sandbox as another process sees them, so long after now. */
async function recorded(t: TmuxSandbox, later: { readonly ms: number } = { ms: 0 }): Promise<
  readonly Operation[]
> {
  const world = { ...t.world, now: () => new Date(Date.now() + later.ms) };
  const store = await OperationStore.inDirectory(world, {
    directory: `${t.env["XDG_STATE_HOME"]}/kstops`,
    warn: (text) => {
      throw new Error(text);
    },
  });
  const operations = store.list();
  await store.dispose();
  return operations;
}

async function statesOf(t: TmuxSandbox): Promise<readonly (readonly [string, string])[]> {
  return (await recorded(t)).map(({ kind, state }) => [kind, state] as const);
}

const HOUR_MS = 3_600_000;

tmuxTest(
  "a terminal that is lost at a question leaves the session, and the question for an hour",
  async (t) => {
    const kstops = await install(t);
    await t.tmux("-L", "default", "new-session", "-d", "-s", "notes", "sleep 60");
    await withPty(t, { argv: [KSTOPS, "stop", "notes"] }, async (pty) => {
      await pty.shows(/Stop "notes"\?/);
      await pty.hangUp();
    });
    const [waiting] = await recorded(t);
    const { pid = 0, host = "" } = waiting?.owner ?? {};
    equal(host, t.world.hostname());
    await t.waitFor(async () => !(await t.world.processes.alive(pid)), "the end of kstops");
    const stateAfter = async (ms: number) => {
      const [{ state = null, result = null, lastHeartbeat = new Date() } = {}] = await recorded(t, {
        ms,
      });
      return { state, result, lastHeartbeat };
    };
    // Somebody may still answer it.
    equal((await stateAfter(HOUR_MS - 60_000)).state, "input_required");
    equal(JSON.parse((await kstops("status", "notes", "--json")).stdout).state, "running");
    const { state, result } = await stateAfter(HOUR_MS + 60_000);
    equal(state, "aborted");
    deepEqual(result, { code: "session_abandoned", reason: "no client heartbeat for >1h" });
    equal(JSON.parse((await kstops("status", "notes", "--json")).stdout).state, "running");
  },
);

tmuxTest("a question is recorded as answered, or declined", async (t) => {
  await install(t);
  await t.tmux("-L", "default", "new-session", "-d", "-s", "notes", "sleep 60");
  const terminal = await openTerminal(t);
  for (const [key, code] of [["n", 8], ["y", 0]] as const) {
    await terminal.enter(`clear; ${KSTOPS} stop notes; echo "left with $?"`);
    await terminal.shows(/Stop "notes"\?/);
    await terminal.press(key, "Enter");
    await terminal.shows(new RegExp(`left with ${code}`));
  }
  deepEqual(await statesOf(t), [["stop", "done"], ["stop", "aborted"]]);
  const [done, declined] = await recorded(t);
  deepEqual(declined?.result, { code: "declined", reason: "the answer was no" });
  match(done?.actor?.tty ?? "no terminal", /^\/dev\/|^no terminal$/);
});

/** A program that says when it is asked to end, and does not. */
const STUBBORN = ["sh", "-c", "trap 'echo asked' INT; echo up; while :; do sleep 0.1; done"];

tmuxTest("two at once on one session: the second one is told who works on it", async (t) => {
  const kstops = await install(t);
  equal((await kstops("start", "astro", "--", ...STUBBORN)).code, 0);
  const first = kstops("stop", "astro", "--timeout", "5");
  await t.waitFor(
    async () => (await kstops("logs", "astro")).stdout.includes("asked"),
    "the first one at work",
  );
  const [{ id = "" } = {}] = await recorded(t);
  const { code, stderr } = await kstops("restart", "astro", "--json");
  equal(code, 6);
  const { error } = JSON.parse(stderr);
  equal(error.code, "operation_running");
  equal(error.details.operation_id, id);
  // Whoever wants to know how it ends waits for it.
  const watched = await kstops("operations", "watch", id.slice(0, 8), "--exit-status", "--json");
  equal((await first).code, 0);
  equal(watched.code, 0);
  const states = watched.stdout.trim().split("\n").map((line) => JSON.parse(line).state);
  deepEqual(states, ["pending", "validating", "planning", "applying", "verifying", "done"]);
  deepEqual(await statesOf(t), [["restart", "failed"], ["stop", "done"], ["start", "done"]]);
});

tmuxTest("what a killed kstops left is taken over by the next one", async (t) => {
  const kstops = await install(t);
  equal((await kstops("start", "astro", "--", ...STUBBORN)).code, 0);
  const child = new Deno.Command(`${t.work}/kstops`, {
    args: ["stop", "astro", "--timeout", "60"],
    cwd: t.work,
    clearEnv: true,
    env: { ...t.env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await t.waitFor(
    async () => (await kstops("logs", "astro")).stdout.includes("asked"),
    "the first one at work",
  );
  child.kill("SIGKILL");
  await child.status;
  equal((await kstops("stop", "astro", "--force")).code, 0);
  deepEqual(await statesOf(t), [["stop", "done"], ["stop", "failed"], ["start", "done"]]);
  const [, killed] = await recorded(t);
  equal((killed?.error as { code: string }).code, "operation_abandoned");
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  tmuxTest(`a stop that ${signal} ended is recorded as that, with what it left`, async (t) => {
    const kstops = await install(t);
    equal((await kstops("start", "astro", "--", ...STUBBORN)).code, 0);
    const child = new Deno.Command(`${t.work}/kstops`, {
      args: ["stop", "astro", "--timeout", "60"],
      cwd: t.work,
      clearEnv: true,
      env: { ...t.env },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await t.waitFor(
      async () => (await kstops("logs", "astro")).stdout.includes("asked"),
      "the stop at work",
    );
    child.kill(signal);
    await child.status;
    const [operation] = await recorded(t);
    equal(operation?.state, "aborted");
    const { code, message } = operation?.result as { code: string; message: string };
    equal(code, "interrupted");
    match(message, new RegExp(`^Interrupted by ${signal}: "astro" is running \\(pid \\d+\\)$`));
  });
}

tmuxTest(
  "nobody but its user can read what is recorded, and no value of a variable is",
  async (t) => {
    const kstops = await install(t);
    const secret = "correct-horse-battery";
    await Deno.writeTextFile(`${t.work}/secrets.env`, `FROM_FILE=${secret}-1\n`);
    await Deno.writeTextFile(
      `${t.work}/kstops.yml`,
      `ops: { start_wait: 100, sessions: { astro: { command: "sleep 100 \${PART}", env: { A: ${secret}-2 } } } }\n`,
    );
    const world = t.worldWith({ PART: `${secret}-3` });
    const given = ["--config", `${t.work}/kstops.yml`, "--env-file", `${t.work}/secrets.env`];
    const args = ["start", "astro", ...given, "-e", `B=${secret}-4`];
    const { code, stderr } = await world.exec([`${t.work}/kstops`, ...args], {
      timeoutMs: LIMIT_MS,
    });
    // "sleep" refuses a word that is no number: it fails, and that is recorded with its reason.
    equal(code, 7, stderr);
    equal((await kstops("stop", "astro")).code, 0);
    const directory = `${t.env["XDG_STATE_HOME"]}/kstops`;
    for (const suffix of ["", "-wal", "-shm"]) {
      const path = `${directory}/operations.db${suffix}`;
      equal((Deno.statSync(path).mode ?? 0) & 0o077, 0, path);
      const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
      ok(!text.includes(secret), `${path} has a secret`);
    }
    equal((await recorded(t)).length, 2);
  },
);
