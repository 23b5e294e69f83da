/** Programs that outlive their tmux session, or leave something behind: none of them is forgotten. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { install, KSTOPS } from "../support/kstops.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** kstops in the corner of a test, and what lives of its fixtures there. */
interface Corner {
  readonly t: TmuxSandbox;
  readonly kstops: (...args: readonly string[]) => Promise<Answer>;
  /** The same under another environment. */
  readonly kstopsWith: (
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ) => Promise<Answer>;
  readonly status: (name: string) => Promise<Readonly<Record<string, unknown>>>;
  /** The pids of the programs whose command line is exactly that. */
  readonly living: (command: string) => Promise<readonly number[]>;
}

function outlivingTest(name: string, body: (corner: Corner) => Promise<void>): void {
  tmuxTest(name, async (t) => {
    await install(t);
    const kstopsWith: Corner["kstopsWith"] = (env, ...args) =>
      t.worldWith(env).exec(["env", "--chdir", t.work, KSTOPS, ...args], { timeoutMs: 120_000 });
    const kstops: Corner["kstops"] = (...args) => kstopsWith({}, ...args);
    const status: Corner["status"] = async (of) => {
      const answer = await kstops("status", of, "--json");
      equal(answer.code, 0, answer.stderr);
      return JSON.parse(answer.stdout);
    };
    const living: Corner["living"] = async (command) =>
      (await t.processes()).filter((each) => each.command === command).map(({ pid }) => pid);
    await body({ t, kstops, kstopsWith, status, living });
  });
}

async function killServer(t: TmuxSandbox): Promise<void> {
  const pid = Number(await t.tmux("display-message", "-p", "#{pid}"));
  await t.tmux("kill-server");
  await t.waitFor(async () => !(await t.processes()).some((each) => each.pid === pid), "its end");
}

/** What every command says of a session whose program goes on, while no tmux shows it. */
async function isOrphan(
  { kstops, status, living }: Corner,
  { name, command, reason }: {
    readonly name: string;
    readonly command: readonly string[];
    readonly reason: RegExp;
  },
): Promise<void> {
  const [program] = await living(
    command.at(-2) === "nohup" ? command.slice(-2).join(" ") : command.join(" "),
  );
  ok(program);
  const found = await status(name);
  deepEqual([found["state"], found["engine_state"], found["pid"]], [
    "running",
    "orphaned",
    program,
  ]);
  match(String(found["reason"]), reason);
  match((await kstops("list")).stdout, new RegExp(`^${name}\ttmux\trunning\t${program}\t`, "m"));
  const again = await kstops("start", name, "--", ...command);
  deepEqual([again.code, again.stdout], [6, ""]);
  match(again.stderr, /it is already running/);
  equal((await kstops("attach", name)).code, 2);
}

async function isGone(corner: Corner, name: string, command: string): Promise<void> {
  const stopped = await corner.kstops("stop", name);
  deepEqual([stopped.code, stopped.stderr], [0, ""]);
  // Of one that had ended it says that it was taken away.
  match(stopped.stdout, new RegExp(`^(Stopped|Removed) ${name} `));
  deepEqual(await corner.living(command), []);
  equal((await corner.kstops("status", name)).code, 5);
}

const NOHUP = ["nohup", "sleep", "7102"];

outlivingTest(
  "a program that outlives its tmux server is running, and a stop ends it",
  async (corner) => {
    const { t, kstops, living } = corner;
    equal((await kstops("start", "n7", "--", ...NOHUP)).code, 0);
    await killServer(t);
    const [program] = await living("sleep 7102");
    ok(program);
    const found = await corner.status("n7");
    deepEqual([found["state"], found["engine_state"], found["pid"]], [
      "running",
      "orphaned",
      program,
    ]);
    match(String(found["reason"]), /its tmux pane is gone, and it goes on without a terminal/);
    match((await kstops("list")).stdout, /^n7\ttmux\trunning\t/m);
    const again = await kstops("start", "n7", "--", ...NOHUP);
    equal(again.code, 6);
    match(again.stderr, /it is already running/);
    equal((await kstops("logs", "n7")).code, 0);
    await isGone(corner, "n7", "sleep 7102");
  },
);

outlivingTest("a program whose tmux server has lost its socket is running", async (corner) => {
  const { t, kstops } = corner;
  equal((await kstops("start", "n8", "--", "sleep", "7103")).code, 0);
  const server = Number(await t.tmux("display-message", "-p", "#{pid}"));
  const socket = await t.tmux("display-message", "-p", "#{socket_path}");
  await Deno.remove(socket);
  await isOrphan(corner, {
    name: "n8",
    command: ["sleep", "7103"],
    reason: new RegExp(`socket of its tmux server .*kill -USR1 ${server} makes it again`),
  });
  // What helps, helps.
  Deno.kill(server, "SIGUSR1");
  await t.waitFor(async () => (await corner.status("n8"))["engine_state"] === null, "its socket");
  await Deno.remove(socket);
  await isGone(corner, "n8", "sleep 7103");
  Deno.kill(server, "SIGKILL");
});

outlivingTest("another TMUX_TMPDIR makes no second copy", async (corner) => {
  const { t, kstops, kstopsWith, living } = corner;
  equal((await kstops("start", "n9", "--", "sleep", "7104")).code, 0);
  const elsewhere = `${t.work}/elsewhere`;
  await Deno.mkdir(elsewhere, { mode: 0o700 });
  const env = { TMUX_TMPDIR: elsewhere };
  const again = await kstopsWith(env, "start", "n9", "--", "sleep", "7104");
  equal(again.code, 6);
  equal((await living("sleep 7104")).length, 1);
  const found = JSON.parse((await kstopsWith(env, "status", "n9", "--json")).stdout);
  deepEqual([found.state, found.engine_state], ["running", "orphaned"]);
  match(found.reason, new RegExp(`was started with TMUX_TMPDIR=${t.env["TMUX_TMPDIR"]}`));
  equal((await kstopsWith(env, "stop", "n9")).code, 0);
  deepEqual(await living("sleep 7104"), []);
});

outlivingTest("what a run left behind is ended before the next one begins", async (corner) => {
  const { kstops, status, living } = corner;
  const argv = ["--", "sh", "-c", "setsid -f sleep 2004; exit 0"];
  equal((await kstops("start", "svc", ...argv)).code, 0);
  const first = await living("sleep 2004");
  equal(first.length, 1);
  const again = await kstops("start", "svc", ...argv);
  equal(again.code, 0);
  match(
    again.stderr,
    new RegExp(`svc: ended what its last run left behind: ${first[0]} \\(sleep\\)`),
  );
  const second = await living("sleep 2004");
  equal(second.length, 1);
  deepEqual([(await status("svc"))["state"], (await status("svc"))["leftovers"]], [
    "exited",
    second,
  ]);
  match(
    (await kstops("why", "svc")).stdout,
    new RegExp(`left behind +1 process \\(pid ${second[0]}\\)`),
  );
  equal((await kstops("stop", "svc")).code, 0);
  deepEqual(await living("sleep 2004"), []);
});

outlivingTest("a child that keeps a port is ended before the next start", async (corner) => {
  const { t, kstops, status } = corner;
  const child = "import os, socket, time\n" +
    "port = int(open('port').read()) if os.path.exists('port') else 0\n" +
    "s = socket.socket(); s.bind(('127.0.0.1', port)); s.listen()\n" +
    "open('port.new', 'w').write(str(s.getsockname()[1])); os.rename('port.new', 'port')\n" +
    "print('listens', flush=True); time.sleep(600)\n";
  const master = "import subprocess, sys\n" +
    "sys.exit(subprocess.call([sys.executable, 'child.py'], start_new_session=True))\n";
  await Deno.writeTextFile(`${t.work}/child.py`, child);
  await Deno.writeTextFile(`${t.work}/master.py`, master);
  const listens = () =>
    t.waitFor(async () => (await kstops("logs", "web")).stdout.includes("listens"), "its port");
  const running = async () =>
    (await t.processes()).filter(({ command }) => /child\.py/.test(command)).map(({ pid }) => pid);
  equal((await kstops("start", "web", "--", "python3", "master.py")).code, 0);
  await listens();
  const first = await running();
  Deno.kill(Number((await status("web"))["pid"]), "SIGKILL");
  await t.waitFor(async () => (await status("web"))["state"] === "exited", "its end");
  deepEqual((await status("web"))["leftovers"], first);
  const again = await kstops("start", "web", "--", "python3", "master.py");
  equal(again.code, 0);
  match(again.stderr, new RegExp(`web: ended what its last run left behind: ${first[0]} `));
  await listens();
  equal((await running()).length, 1);
  equal((await kstops("stop", "web")).code, 0);
  deepEqual(await running(), []);
});

outlivingTest("what was left in a shell is ended only after a yes", async (corner) => {
  const { t, kstops, living } = corner;
  equal((await kstops("start", "sh1", "--", "bash", "--norc")).code, 0);
  await t.tmux("send-keys", "-t", "=sh1:", "setsid -f sleep 7105; exit", "Enter");
  await t.waitFor(async () => (await corner.status("sh1"))["state"] === "exited", "its end");
  const left = await living("sleep 7105");
  equal(left.length, 1);
  const refused = await kstops("start", "sh1", "--", "bash", "--norc");
  equal(refused.code, 8);
  match(refused.stderr, new RegExp(`the shell that it was left ${left[0]} \\(sleep\\)`));
  // What it was given is nowhere written down.
  match(refused.stderr, /^hint: say yes: kstops start sh1 --yes, with its other flags$/m);
  const id = await waitingId(corner);
  const why = "what it was given with -- ARGV may hold secrets and is not recorded";
  const shown = (await kstops("operations", "show", id, "--json")).stdout;
  equal(JSON.parse(shown).pending_input.not_resumable, why);
  const resumed = await kstops("operations", "resume", id, "--yes");
  equal(resumed.code, 5);
  match(resumed.stderr, new RegExp(`Cannot resume "${id}": ${why}`));
  deepEqual(await living("sleep 7105"), left);
  equal((await kstops("start", "sh1", "--yes", "--", "bash", "--norc")).code, 0);
  deepEqual(await living("sleep 7105"), []);
  equal((await kstops("stop", "sh1")).code, 0);
});

/** The operation that waits for a yes. */
async function waitingId({ kstops }: Corner): Promise<string> {
  const { stdout } = await kstops("operations", "list", "--state", "input_required");
  const [id = "", ...others] = stdout.trimEnd().split("\n").map((row) => row.split("\t")[0]);
  deepEqual(others, []);
  return id;
}

outlivingTest("a start of the config that waits for a yes is resumed", async (corner) => {
  const { t, kstops, living } = corner;
  await Deno.writeTextFile(
    `${t.work}/kstops.yml`,
    "ops: { sessions: { sh2: { command: bash --norc, env: { WHO: ada } } } }\n",
  );
  equal((await kstops("start", "sh2", "--socket", "other")).code, 0);
  const end = "setsid -f sleep 7108; exit";
  await t.tmux("-L", "other", "send-keys", "-t", "=sh2:", end, "Enter");
  await t.waitFor(async () => (await corner.status("sh2"))["state"] === "exited", "its end");
  const refused = await kstops("start", "sh2", "--socket", "other", "--no-wait");
  equal(refused.code, 8);
  const id = await waitingId(corner);
  match(
    refused.stderr,
    new RegExp(
      `^hint: say yes: kstops start sh2 --socket other --yes, or .* resume ${id} --yes$`,
      "m",
    ),
  );
  equal((await living("sleep 7108")).length, 1);
  const resumed = await kstops("operations", "resume", id, "--yes");
  equal(resumed.code, 0, resumed.stderr);
  match(resumed.stdout, /^Started sh2 \(tmux/);
  deepEqual(await living("sleep 7108"), []);
  const status = await corner.status("sh2");
  deepEqual([status["state"], status["socket_name"]], ["running", "other"]);
  equal((await kstops("stop", "sh2")).code, 0);
});

outlivingTest("a session that somebody renamed is found by its own name", async (corner) => {
  const { t, kstops, status, living } = corner;
  equal((await kstops("start", "a", "--", "sleep", "7106")).code, 0);
  await t.tmux("rename-session", "-t", "=a:", "zz");
  const found = await status("a");
  deepEqual([found["state"], found["reason"]], ["running", "tmux calls it zz by now"]);
  equal((await kstops("start", "a", "--", "sleep", "7106")).code, 6);
  equal((await kstops("status", "zz")).code, 5);
  deepEqual((await kstops("list", "-q")).stdout, "a\n");
  await isGone(corner, "a", "sleep 7106");
  equal((await living("sleep 7106")).length, 0);
});

outlivingTest(
  "a session whose window was moved is the pane, and a stop spares the rest",
  async (corner) => {
    const { t, kstops, status } = corner;
    await t.tmux("new-session", "-d", "-s", "other", "sleep", "7200");
    equal((await kstops("start", "a", "--", "sleep", "7107")).code, 0);
    await t.tmux("move-window", "-s", "=a:0", "-t", "=other:7");
    const found = await status("a");
    deepEqual(
      [found["state"], found["managed"], found["reason"], found["pid"]],
      [
        "running",
        true,
        "somebody moved it into the tmux session other",
        (await corner.living("sleep 7107"))[0],
      ],
    );
    equal((await kstops("start", "a", "--", "sleep", "7107")).code, 6);
    equal((await kstops("list", "-q")).stdout, "a\nother\n");
    await isGone(corner, "a", "sleep 7107");
    equal((await corner.living("sleep 7200")).length, 1);
    equal((await t.tmux("list-panes", "-a")).split("\n").length, 1);
  },
);

outlivingTest("what the program left is named where its pane was respawned", async (corner) => {
  const { t, kstops, status, living } = corner;
  const line = "trap '' HUP; sleep 7108 & trap - HUP; exec sleep 7109";
  equal((await kstops("start", "a", "--", "sh", "-c", line)).code, 0);
  const left = await living("sleep 7108");
  equal(left.length, 1);
  await t.tmux("respawn-pane", "-k", "-t", "=a:", "--", "sleep", "7110");
  await t.waitFor(async () => (await living("sleep 7109")).length === 0, "the end of the program");
  const found = await status("a");
  deepEqual([found["state"], found["pid"], found["leftovers"]], ["stopped", null, left]);
  match(String(found["reason"]), /given to another program/);
  await isGone(corner, "a", "sleep 7108");
  deepEqual(await living("sleep 7110"), []);
});

outlivingTest(
  "a window that is moved while its session is stopped goes with it",
  async (corner) => {
    const { t, kstops } = corner;
    await t.tmux("new-session", "-d", "-s", "other", "sleep", "7201");
    const line = "trap 'touch asked; until [ -e moved ]; do sleep 0.1; done; exit 3' INT; " +
      "touch up; while :; do sleep 0.1; done";
    const exists = (file: string) => Deno.stat(`${t.work}/${file}`).then(() => true, () => false);
    for (const others of ["", "new-window"]) {
      for (const file of ["up", "asked", "moved"]) {
        await Deno.remove(`${t.work}/${file}`).catch(() => {});
      }
      equal((await kstops("start", "a", "--", "sh", "-c", line)).code, 0);
      if (others !== "") await t.tmux("new-window", "-d", "-t", "=a:", "sleep", "7202");
      await t.waitFor(() => exists("up"), "its beginning");
      const stopping = kstops("stop", "a", "--timeout", "60");
      await t.waitFor(() => exists("asked"), "its signal");
      await t.tmux("move-window", "-s", "=a:0", "-t", "=other:7");
      await Deno.writeTextFile(`${t.work}/moved`, "");
      const { code, stderr } = await stopping;
      deepEqual([code, stderr], [0, ""]);
      equal((await kstops("list", "-q")).stdout, "other\n");
      equal((await t.tmux("list-panes", "-a")).split("\n").length, 1);
    }
  },
);

outlivingTest("another TMUX_TMPDIR hides nothing that an ended run left", async (corner) => {
  const { t, kstops, kstopsWith, living } = corner;
  const argv = ["--", "sh", "-c", "setsid -f sleep 7111; exec sleep 7112"];
  const elsewhere = `${t.work}/elsewhere`;
  await Deno.mkdir(elsewhere, { mode: 0o700 });
  equal((await kstopsWith({ TMUX_TMPDIR: elsewhere }, "start", "a", ...argv)).code, 0);
  const left = await living("sleep 7111");
  Deno.kill((await living("sleep 7112"))[0] ?? 0, "SIGKILL");
  await t.waitFor(async () => (await corner.status("a"))["state"] === "exited", "its end");
  const found = await corner.status("a");
  deepEqual([found["signal"], found["leftovers"]], ["SIGKILL", left]);
  match(String(found["reason"]), /its tmux server was started with TMUX_TMPDIR=.*elsewhere/);
  match((await kstops("list")).stdout, /^a\ttmux\texited\t/m);
  await isGone(corner, "a", "sleep 7111");
  // Its tmux, where it is asked, has the ended pane.
  equal((await kstopsWith({ TMUX_TMPDIR: elsewhere }, "stop", "a")).code, 0);
});

outlivingTest("a session that was restarted under another TMUX_TMPDIR runs", async (corner) => {
  const { t, kstops, kstopsWith, living } = corner;
  const elsewhere = `${t.work}/elsewhere`;
  await Deno.mkdir(elsewhere, { mode: 0o700 });
  await Deno.writeTextFile(
    `${t.work}/kstops.yml`,
    "ops: { start_wait: 100, sessions: { a: { command: sleep 7113 } } }\n",
  );
  equal((await kstops("start", "a")).code, 0);
  equal((await kstopsWith({ TMUX_TMPDIR: elsewhere }, "restart", "a")).code, 0);
  const [program] = await living("sleep 7113");
  const { stdout } = await kstops("list");
  match(stdout, new RegExp(`^a\ttmux\trunning\t${program}\t.*\n$`));
  const found = await corner.status("a");
  deepEqual([found["state"], found["engine_state"], found["pid"]], [
    "running",
    "orphaned",
    program,
  ]);
  equal((await kstops("start", "a")).code, 6);
  equal((await kstops("stop", "a")).code, 0);
  deepEqual(await living("sleep 7113"), []);
  match((await kstops("list")).stdout, /^a\ttmux\tdefined\t.*\n$/);
  equal((await kstopsWith({ TMUX_TMPDIR: elsewhere }, "stop", "a")).code, 0);
});
