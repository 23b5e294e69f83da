/** `kstops attach` on a real terminal, from the source or the binary in KSTOPS_BIN. */
import { deepEqual, equal, match } from "node:assert/strict";
import { openTerminal, type TestTerminal } from "../support/pty.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { install, KSTOPS } from "../support/kstops.ts";

/** A cycle of the binary takes a tenth of one of the source. */
const CYCLES = Deno.env.get("KSTOPS_BIN") ? 100 : 5;

async function attachedClients(t: TmuxSandbox): Promise<string> {
  return await t.tmux("-L", "default", "list-clients", "-F", "#{client_session}");
}

/**
 * Presses the prefix key until tmux has taken it for one: keys that come right behind others count as
 * pasted text (assume-paste-time).
 */
async function pressPrefix(t: TmuxSandbox, terminal: TestTerminal): Promise<void> {
  await t.waitFor(async () => {
    await terminal.press("C-b");
    for (let look = 0; look < 10; look++) {
      const prefix = await t.tmux("-L", "default", "list-clients", "-F", "#{client_prefix}");
      if (prefix === "1") return true;
    }
    return false;
  }, "the prefix key");
}

async function detach(t: TmuxSandbox, terminal: TestTerminal): Promise<void> {
  await pressPrefix(t, terminal);
  await terminal.press("d");
}

tmuxTest("attach shows the session, says how to detach, and gives the terminal back", async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", "sh", "-c", "echo hello there; exec sleep 60");
  const terminal = await openTerminal(t);
  await terminal.enter("modes=$(stty -g)");
  await terminal.shows(/stty -g\)\nready>$/);
  await terminal.enter(`${KSTOPS} attach astro; echo "left with $?"`);
  await terminal.shows(/hello there/);
  await detach(t, terminal);
  const screen = await terminal.shows(/left with 0\nready>$/);
  match(screen, /kstops: to detach, press Ctrl-b, then d$/m);
  await terminal.enter('[ "$modes" = "$(stty -g)" ] && echo "same modes"');
  await terminal.shows(/^same modes$/m);
  equal(JSON.parse((await kstops("status", "astro", "--json")).stdout).state, "running");
});

tmuxTest("Ctrl-C goes to the program, whose exit code is then that of attach", async (t) => {
  const kstops = await install(t);
  await kstops(
    ...["start", "astro", "--", "sh", "-c"],
    "trap 'echo bye; exit 4' INT; echo up; while :; do sleep 0.1; done",
  );
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} attach astro; echo "left with $?"`);
  await terminal.shows(/^up$/m);
  await terminal.press("C-c");
  match(await terminal.shows(/left with 4/), /kstops: astro has ended, exit code 4/);
  const { state, exit_code } = JSON.parse((await kstops("status", "astro", "--json")).stdout);
  deepEqual({ state, exit_code }, { state: "exited", exit_code: 4 });
  match((await kstops("logs", "astro")).stdout, /bye/);
});

tmuxTest("Ctrl-\\ and Ctrl-Z go to the program, and attach stays", async (t) => {
  const kstops = await install(t);
  await kstops(
    ...["start", "astro", "--", "sh", "-c"],
    "trap 'echo got quit' QUIT; trap 'echo got tstp' TSTP; echo up; while :; do sleep 0.1; done",
  );
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} attach astro; echo "left with $?"`);
  await terminal.shows(/^up$/m);
  await terminal.press("C-\\");
  await terminal.shows(/got quit/);
  await terminal.press("C-z");
  await terminal.shows(/got tstp/);
  equal(await attachedClients(t), "astro");
  await detach(t, terminal);
  await terminal.shows(/left with 0/);
});

tmuxTest("a client that suspends itself gives the shell back, and fg resumes it", async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", "sh", "-c", "echo up; exec sleep 60");
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} attach astro; echo "left with $?"`);
  await terminal.shows(/^up$/m);
  await pressPrefix(t, terminal);
  await terminal.press("C-z");
  await terminal.shows(/Stopped[^]*ready> $|Stopped[^]*ready>$/);
  await terminal.enter("fg");
  await terminal.shows(/^up$/m);
  await detach(t, terminal);
  await terminal.shows(/detached[^]*ready>$/);
});

tmuxTest("the session follows the size of the terminal", async (t) => {
  const kstops = await install(t);
  await kstops(
    ...["start", "astro", "--", "sh", "-c"],
    "trap 'stty size' WINCH; echo up; while :; do sleep 0.1; done",
  );
  const terminal = await openTerminal(t, { columns: 90, rows: 25 });
  await terminal.enter(`${KSTOPS} attach astro`);
  await terminal.shows(/^24 90$/m);
  await terminal.resize(110, 32);
  await terminal.shows(/^31 110$/m);
  await detach(t, terminal);
  await terminal.shows(/detached/);
});

tmuxTest("--read-only keeps keys from the session", async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", "cat");
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} attach --read-only astro; echo "left with $?"`);
  await t.waitFor(() => attachedClients(t), "a client");
  await terminal.press("x", "Enter");
  await detach(t, terminal);
  await terminal.shows(/left with 0/);
  equal((await kstops("logs", "astro")).stdout, "");
});

tmuxTest("a session that is stopped by somebody else ends the attach", async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", "sh", "-c", "echo up; exec sleep 60");
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} attach astro; echo "left with $?"`);
  await terminal.shows(/^up$/m);
  await kstops("stop", "astro");
  await terminal.shows(/kstops: astro has ended[^]*left with/);
});

tmuxTest("other windows of the session keep it attached when the program ends", async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", "sh", "-c", "echo up; read line; exit 6");
  const terminal = await openTerminal(t);
  await t.tmux("-L", "default", "new-window", "-t", "=astro:", "echo second; exec sleep 60");
  await terminal.enter(`${KSTOPS} attach astro; echo "left with $?"`);
  await terminal.shows(/^second$/m);
  await t.tmux("-L", "default", "send-keys", "-t", "=astro:0", "Enter");
  await t.waitFor(
    async () => JSON.parse((await kstops("status", "astro", "--json")).stdout).exit_code === 6,
    "the end of the program",
  );
  equal(await attachedClients(t), "astro");
  await detach(t, terminal);
  await terminal.shows(/left with 6/);
});

tmuxTest("inside of the same tmux server, attach switches the client", async (t) => {
  const kstops = await install(t);
  await kstops("start", "one", "--", "sh", "-c", "echo first; exec sleep 60");
  await t.tmux("-L", "default", "new-session", "-d", "-s", "two", "-c", t.work, "sh");
  const terminal = await openTerminal(t);
  await terminal.enter("tmux -L default attach -t two");
  await t.waitFor(async () => await attachedClients(t) === "two", "the outer client");
  await terminal.enter(`${KSTOPS} attach one; echo "left with $?"`);
  await terminal.shows(/first/);
  equal(await attachedClients(t), "one");
  await detach(t, terminal);
  await t.waitFor(
    async () =>
      /left with 0/.test(await t.tmux("-L", "default", "capture-pane", "-p", "-t", "=two:")),
    "the end of the command in the other session",
  );
});

tmuxTest("inside of another tmux server, attach nests and says how to detach", async (t) => {
  const kstops = await install(t);
  await kstops("start", "one", "--socket", "inner", "--", "sh", "-c", "echo first; exec sleep 60");
  await t.tmux("-L", "default", "new-session", "-d", "-s", "two", "-c", t.work, "sh");
  const terminal = await openTerminal(t);
  await terminal.enter("tmux -L default attach -t two");
  await t.waitFor(async () => await attachedClients(t) === "two", "the outer client");
  await terminal.enter(`${KSTOPS} attach one; echo "left with $?"`);
  await terminal.shows(/first/);
  await terminal.press("C-b", "C-b", "d");
  match(await terminal.shows(/left with 0/), /press Ctrl-b twice/);
});

tmuxTest("start --attach starts and attaches at once", async (t) => {
  await install(t);
  const terminal = await openTerminal(t);
  await terminal.enter(
    `${KSTOPS} start astro --attach -- sh -c 'echo up; read line; exit 5'; echo "left with $?"`,
  );
  await terminal.shows(/^up$/m);
  // A key that comes while the client still asks what terminal this is may be lost.
  await t.waitFor(async () => {
    await terminal.press("Enter");
    for (let look = 0; look < 50; look++) {
      if (/left with 5/.test(await terminal.screen())) return true;
    }
    return false;
  }, "the end of the program");
});

tmuxTest("attach without a terminal is a usage error, and nothing is started", async (t) => {
  const kstops = await install(t);
  for (const args of [["attach", "astro"], ["start", "astro", "--attach", "--", "sleep", "60"]]) {
    const { code, stdout, stderr } = await kstops(...args);
    deepEqual({ code, stdout }, { code: 2, stdout: "" });
    match(stderr, /^kstops: Cannot attach to "astro": this is not a terminal\nhint: .*ssh -t/);
  }
  equal((await kstops("list", "-q")).stdout, "");
});

tmuxTest("attach to what does not run says what to do", async (t) => {
  const kstops = await install(t);
  await Deno.writeTextFile(`${t.work}/kstops.yml`, "ops: {sessions: {idle: {command: sleep 9}}}\n");
  await kstops("start", "done", "--", "sh", "-c", "exit 3");
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} attach idle; echo "idle left with $?"`);
  match(
    await terminal.shows(/idle left with 7/),
    /Cannot attach to "idle": it is not running\nhint: /,
  );
  await terminal.enter(`clear; ${KSTOPS} attach done; echo "done left with $?"`);
  match(
    await terminal.shows(/done left with 7/),
    /"done": it ended with exit code 3\nhint: kstops logs/,
  );
  await terminal.enter(`clear; ${KSTOPS} attach nobody; echo "nobody left with $?"`);
  await terminal.shows(/nobody left with 5/);
});

for (const term of [undefined, "no-such-terminal", "dumb"]) {
  tmuxTest(
    `attach with TERM ${term ?? "unset"} says so and leaves the session alone`,
    async (t) => {
      const kstops = await install(t);
      await kstops("start", "astro", "--", "sleep", "60");
      const terminal = await openTerminal(t, { env: { TERM: term } });
      await terminal.enter(`${KSTOPS} attach astro; echo "left with $?"`);
      match(await terminal.shows(/left with 7/), /Cannot attach to "astro"[^]*hint: set TERM/);
      equal(JSON.parse((await kstops("status", "astro", "--json")).stdout).state, "running");
    },
  );
}

tmuxTest(`${CYCLES} times attached and detached, nothing is left or changed`, async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", "sh", "-c", "echo up; exec sleep 600");
  const before = (await kstops("status", "astro", "--json")).stdout;
  const terminal = await openTerminal(t);
  await terminal.enter("modes=$(stty -g)");
  await terminal.shows(/stty -g\)\nready>$/);
  for (let cycle = 1; cycle <= CYCLES; cycle++) {
    await terminal.enter(`clear; ${KSTOPS} attach astro; echo "cycle ${cycle} left with $?"`);
    await t.waitFor(() => attachedClients(t), "a client");
    await detach(t, terminal);
    await terminal.shows(new RegExp(`cycle ${cycle} left with 0`));
  }
  await terminal.enter('[ "$modes" = "$(stty -g)" ] && echo "same modes"');
  await terminal.shows(/^same modes$/m);
  equal((await kstops("status", "astro", "--json")).stdout, before);
  await noneAttached(t);
});

tmuxTest(`${CYCLES} times the terminal is closed, nothing is left or changed`, async (t) => {
  const kstops = await install(t);
  await kstops("start", "astro", "--", "sh", "-c", "echo up; exec sleep 600");
  const before = (await kstops("status", "astro", "--json")).stdout;
  for (let cycle = 1; cycle <= CYCLES; cycle++) {
    const terminal = await openTerminal(t);
    await terminal.enter(`${KSTOPS} attach astro`);
    await t.waitFor(() => attachedClients(t), "a client");
    await terminal.hangUp();
    await t.waitFor(async () => await attachedClients(t) === "", "no client");
  }
  await noneAttached(t);
  equal((await kstops("status", "astro", "--json")).stdout, before);
});

/** No client and no kstops is left of any attach. */
async function noneAttached(t: TmuxSandbox): Promise<void> {
  await t.waitFor(async () => {
    const rows = await t.processes();
    // The shell that keeps the program says `destroy-unattached`.
    return !rows.some(({ command }) => /\battach/.test(command));
  }, "the end of every attach");
}

tmuxTest("without a prefix key, attach says how else to detach", async (t) => {
  await Deno.writeTextFile(`${t.env["HOME"]}/.tmux.conf`, "set -g prefix None\n");
  const kstops = await install(t);
  await kstops("start", "astro", "--", "sh", "-c", "echo up; exec sleep 60");
  const terminal = await openTerminal(t);
  await terminal.enter(`${KSTOPS} attach astro 2>said; echo "left with $?"`);
  await terminal.shows(/^up$/m);
  const [, command = ""] = /: (tmux .*)\n/.exec(await Deno.readTextFile(`${t.work}/said`)) ?? [];
  equal(command, "tmux detach-client -s '=astro'");
  await t.world.exec(["sh", "-c", command], { timeoutMs: 10_000 });
  await terminal.shows(/left with 0/);
});
