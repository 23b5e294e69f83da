/** Signals in the middle of a change: no half-made session, and the truth about what is there. */
import { equal, match } from "node:assert/strict";
import { install, KSTOPS } from "../support/kstops.ts";
import { openTerminal } from "../support/pty.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof SIGNALS;

/** Runs kstops, signals it once `ready` holds, and gives its exit code and standard error. */
async function interrupted(
  t: TmuxSandbox,
  args: readonly string[],
  { signal, ready }: { signal: Signal; ready: () => Promise<boolean> },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = new Deno.Command(`${t.work}/kstops`, {
    args: [...args],
    cwd: t.work,
    clearEnv: true,
    env: { ...t.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await t.waitFor(ready, "the right moment");
  child.kill(signal);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A program that says when it is asked to end, and does not. */
const STUBBORN = ["sh", "-c", "trap 'echo asked' INT; echo up; while :; do sleep 0.1; done"];

for (const signal of Object.keys(SIGNALS) as Signal[]) {
  tmuxTest(`${signal} during a start leaves a whole session and says that it runs`, async (t) => {
    const kstops = await install(t);
    await Deno.writeTextFile(`${t.work}/kstops.yml`, "ops: {start_wait: 60000}\n");
    const logged = async () => (await kstops("logs", "astro")).stdout === "up\n";
    const args = ["start", "astro", "--config", `${t.work}/kstops.yml`, "--", ...STUBBORN];
    const { code, stdout, stderr } = await interrupted(t, args, { signal, ready: logged });
    equal(code, SIGNALS[signal]);
    equal(stdout, "");
    match(
      stderr,
      new RegExp(`^kstops: Interrupted by ${signal}: "astro" is running \\(pid \\d+\\)`),
    );
    equal(JSON.parse((await kstops("status", "astro", "--json")).stdout).state, "running");
    equal((await kstops("logs", "astro")).stdout, "up\n");
  });

  tmuxTest(`${signal} during a stop says that the session still runs`, async (t) => {
    const kstops = await install(t);
    await kstops("start", "astro", "--", ...STUBBORN);
    const asked = async () => /asked/.test((await kstops("logs", "astro")).stdout);
    const args = ["stop", "astro", "--timeout", "60", "--json"];
    const { code, stdout, stderr } = await interrupted(t, args, { signal, ready: asked });
    equal(code, SIGNALS[signal]);
    equal(stdout, "");
    const { error } = JSON.parse(stderr);
    equal(error.code, "interrupted");
    equal(error.details.signal, signal);
    match(error.message, /"astro" is running \(pid \d+\)$/);
    equal(JSON.parse((await kstops("status", "astro", "--json")).stdout).state, "running");
  });

  tmuxTest(`${signal} during a restart never starts a second program`, async (t) => {
    const kstops = await install(t);
    await kstops("start", "astro", "--", ...STUBBORN);
    const { pid } = JSON.parse((await kstops("status", "astro", "--json")).stdout);
    const asked = async () => /asked/.test((await kstops("logs", "astro")).stdout);
    const args = ["restart", "astro", "--timeout", "60"];
    const { code, stderr } = await interrupted(t, args, { signal, ready: asked });
    equal(code, SIGNALS[signal]);
    match(stderr, new RegExp(`Interrupted by ${signal}: "astro" is running \\(pid ${pid}\\)`));
    equal(JSON.parse((await kstops("status", "astro", "--json")).stdout).pid, pid);
  });
}

tmuxTest("Ctrl-C on the terminal during a stop reaches kstops only", async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", ...STUBBORN);
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} stop astro --timeout 60; echo "left with $?"`);
  await t.waitFor(async () => /asked/.test((await kstops("logs", "astro")).stdout), "the signal");
  await terminal.shows(/^astro {2}stopping/m);
  await terminal.press("C-c");
  match(await terminal.shows(/left with 130/), /"astro" is running \(pid \d+\)/);
  equal((await kstops("logs", "astro")).stdout, "up\nasked\n");
});

tmuxTest("Ctrl-C at a question touches nothing", async (t) => {
  const kstops = await install(t);
  await t.tmux("-L", "default", "new-session", "-d", "-s", "notes", "sleep 60");
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} stop notes; echo "left with $?"`);
  await terminal.shows(/Stop "notes"\?/);
  await terminal.press("C-c");
  await terminal.shows(/left with 130/);
  equal(JSON.parse((await kstops("status", "notes", "--json")).stdout).state, "running");
});

tmuxTest("a question is answered on the terminal", async (t) => {
  const kstops = await install(t);
  await t.tmux("-L", "default", "new-session", "-d", "-s", "notes", "sleep 60");
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} stop notes; echo "left with $?"`);
  await terminal.shows(/Stop "notes"\?/);
  await terminal.press("Enter");
  await terminal.shows(/left with 8/);
  await terminal.enter(`clear; echo again; ${KSTOPS} stop notes; echo "left with $?"`);
  await terminal.shows(/^again\n(.*\n)*.*Stop "notes"\?/);
  await terminal.press("y", "Enter");
  await terminal.shows(/left with 0/);
  equal((await kstops("status", "notes")).code, 5);
});
