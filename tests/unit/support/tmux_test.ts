import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { clearSandbox, makeSandbox, tmuxTest, waitFor, withTmux } from "../../support/tmux.ts";

tmuxTest("a private tmux is seen by its world and by nobody else", async (t) => {
  await t.tmux("new-session", "-d", "-s", "astro", "sleep", "60");
  equal(await t.tmux("list-sessions", "-F", "#{session_name}"), "astro");
  const argv = ["tmux", "list-sessions", "-F", "#{socket_path}"];
  const { stdout } = await t.world.exec(argv, { timeoutMs: 5000 });
  equal(stdout, `${t.env["TMUX_TMPDIR"]}/tmux-${Deno.uid()}/default\n`);
  const sleep = await t.waitFor(
    async () => (await t.processes()).find(({ command }) => command === "sleep 60"),
    "the program",
  );
  equal(`${sleep.pid}`, await t.tmux("list-panes", "-t", "=astro:", "-F", "#{pane_pid}"));
  equal(sleep.session, sleep.pid);
});

tmuxTest("raw tmux commands that fail are failures of the test", async (t) => {
  await rejects(t.tmux("has-session", "-t", "=none:"), /^Error: tmux .* exit 1: /);
});

tmuxTest("the world of a private tmux has its environment only", async (t) => {
  const own = { HOME: t.env["HOME"], TMUX: undefined, XDG_RUNTIME_DIR: undefined };
  for (const [name, value] of Object.entries(own)) equal(t.world.env(name), value);
  deepEqual(t.world.environment(), t.env);
  equal(t.world.workingDirectory(), t.work);
  const { stdout } = await t.world.exec(["env"], { timeoutMs: 5000, env: { A: "1" } });
  deepEqual(
    stdout.trim().split("\n").sort(),
    Object.entries({ ...t.env, A: "1" }).map((pair) => pair.join("=")).sort(),
  );
  const other = t.worldWith({ LANG: "C", TERM: undefined });
  deepEqual([other.env("LANG"), other.env("TERM"), other.env("HOME")], ["C", undefined, own.HOME]);
  match((await other.exec(["env"], { timeoutMs: 5000 })).stdout, /^LANG=C$/m);
});

tmuxTest("withTmux() ends every server and leaves no directory", async () => {
  let directory = "";
  await withTmux(async (t) => {
    directory = t.directory;
    ok(`${t.env["TMUX_TMPDIR"]}/tmux-${Deno.uid()}/${"x".repeat(64)}`.length < 108);
    await t.tmux("new-session", "-d", "-s", "astro");
    await t.tmux("-L", "other", "new-session", "-d", "-s", "astro");
    await Deno.writeTextFile(`${t.env["TMUX_TMPDIR"]}/tmux-${Deno.uid()}/no-socket`, "");
    // For a moment a new pane is a copy of its server.
    await t.waitFor(async () => {
      const servers = (await t.processes()).filter(({ command }) =>
        command.includes("new-session")
      );
      return servers.length === 2;
    }, "two servers");
  });
  await rejects(Deno.stat(directory), Deno.errors.NotFound);
});

tmuxTest("withTmux() fails for what outlives its server, and kills it", async () => {
  let pid = 0;
  const run = withTmux(async (t) => {
    const script = "trap '' HUP; echo ready; exec sleep 61";
    await t.tmux("new-session", "-d", "-s", "astro", "sh", "-c", script);
    await t.waitFor(() => t.tmux("capture-pane", "-p", "-t", "=astro:"), "ready");
    pid = Number(await t.tmux("list-panes", "-t", "=astro:", "-F", "#{pane_pid}"));
    ok(await t.world.processes.alive(pid));
  }, { graceMs: 500 });
  await rejects(run, /^Error: Left behind, and killed: [0-9]+ \S+ sleep 61$/);
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", `${pid}`] })
    .output();
  match(new TextDecoder().decode(stdout), /^(Z.*\n)?$/);
});

tmuxTest("withTmux() throws what the body throws, and clears up", async () => {
  let directory = "";
  const run = withTmux(async (t) => {
    directory = t.directory;
    await t.tmux("new-session", "-d", "-s", "astro");
    throw new Error("mine");
  });
  await rejects(run, /^Error: mine$/);
  await rejects(Deno.stat(directory), Deno.errors.NotFound);
});

Deno.test("waitFor() gives the first answer that is neither false nor empty", async () => {
  let asked = 0;
  const answers = [false, "", null, "yes"];
  equal(await waitFor(() => answers[asked++], "an answer"), "yes");
  equal(asked, 4);
});

Deno.test("waitFor() says what it waited for, and what came last", async () => {
  const options = { timeoutMs: 50 };
  await rejects(
    waitFor(() => null, "the moon", options),
    /^Error: Waited 0.05 s in vain for the moon: the last answer was null$/,
  );
  const failing = () => Promise.reject(new Error("no server"));
  await rejects(waitFor(failing, "tmux", options), /the last answer was an error: no server$/);
});

Deno.test("a sandbox goes with everything in it", async () => {
  const sandbox = await makeSandbox();
  await Deno.mkdir(`${sandbox.work}/a/b`, { recursive: true });
  await Deno.chmod(`${sandbox.work}/a`, 0o500);
  deepEqual(await clearSandbox(sandbox, { graceMs: 0 }), []);
  await rejects(Deno.stat(sandbox.directory), Deno.errors.NotFound);
});
