/** Stops of programs that start other ones: each may finish, and hears of it once. */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { StopScope, StopSignal } from "../../src/model.ts";
import { writeExecutable } from "../support/executable.ts";
import { type ProcessRow, type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { existing, find, sh } from "./suite.ts";
import { setUpTmux } from "./tmux_setup.ts";

/** Says in the file `said` what it gets, and takes a while to finish after the first signal. */
const SERVER = `#!/bin/bash
say() { echo "$1" >>"$WORK/said"; }
for name in INT TERM HUP; do trap "say $name; asked=1" $name; done
say up
while [ -z "$asked" ]; do sleep 0.05; done
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 0.1; echo "line $i"; done
say drained
`;

const NODE = `const fs = require("fs");
const say = (text) => fs.appendFileSync(process.env.WORK + "/said", text + "\\n");
for (const name of ["INT", "TERM", "HUP"]) {
  process.on("SIG" + name, () => {
    say(name);
    setTimeout(() => { say("drained"); process.exit(0); }, 1500);
  });
}
setInterval(() => {}, 1000);
say("up");
`;

function has(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" })
    .outputSync().success;
}

async function said(t: TmuxSandbox): Promise<readonly string[]> {
  try {
    return (await Deno.readTextFile(`${t.work}/said`)).split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

async function writeServers(t: TmuxSandbox): Promise<void> {
  await writeExecutable(`${t.work}/server`, SERVER);
  await Deno.writeTextFile(`${t.work}/server.js`, NODE);
  const scripts = { start: "node server.js" };
  await Deno.writeTextFile(`${t.work}/package.json`, JSON.stringify({ name: "x", scripts }));
}

const PATIENT = { timeoutSeconds: 60, force: false };

interface Drain {
  readonly argv: readonly string[];
  readonly stopSignal: StopSignal;
  readonly stopScope?: StopScope;
  /** What the server gets. */
  readonly gets: string;
  /** What the terminal shows in the end. */
  readonly shows?: string;
  readonly needs?: string;
}

const DRAINS: Record<string, Drain> = {
  "npm start": {
    argv: ["npm", "start"],
    ...{ stopSignal: "SIGTERM", gets: "TERM", needs: "npm" },
  },
  "sh -c 'server & wait'": {
    argv: sh("./server & wait"),
    ...{ stopSignal: "SIGTERM", gets: "TERM" },
  },
  "sh -c 'server & wait', whose server ignores Ctrl-C": {
    argv: sh("trap '' INT; ./server & trap - INT; wait"),
    ...{ stopSignal: "SIGINT", gets: "TERM" },
  },
  "bash -c 'server | cat'": {
    argv: ["bash", "-c", "./server | cat"],
    ...{ stopSignal: "SIGTERM", gets: "TERM", shows: "line 15" },
  },
  "sh -c 'server; echo after'": {
    argv: sh("./server; echo after"),
    ...{ stopSignal: "SIGTERM", gets: "TERM", shows: "line 15" },
  },
  "the server alone": { argv: ["./server"], stopSignal: "SIGINT", gets: "INT", shows: "line 15" },
  "a wrapper that passes the signal on": {
    argv: sh("./server & trap 'kill -TERM $!' TERM; wait; wait"),
    ...{ stopSignal: "SIGTERM", gets: "TERM" },
  },
  "a group that is asked as a whole": {
    argv: sh("./server; echo after"),
    ...{ stopSignal: "SIGTERM", stopScope: "group", gets: "TERM", shows: "line 15" },
  },
};
/** Nothing of the session lives; its tmux server and what captured its output go soon. */
async function nothingIsLeft(t: TmuxSandbox): Promise<void> {
  const own = ({ command }: ProcessRow): boolean =>
    !/^(\S*tmux |dd bs=|stat )/.test(command) && !command.includes("umask 077");
  deepEqual((await t.processes()).filter(own), []);
  await t.waitFor(async () => (await t.processes()).length === 0, "the end of its tmux");
}

for (
  const [what, { argv, stopSignal, stopScope = null, gets, shows, needs }] of Object.entries(DRAINS)
) {
  if (needs !== undefined && !has(needs)) continue;
  tmuxTest(`tmux: a stop by ${stopSignal} lets ${what} finish`, async (t) => {
    await writeServers(t);
    const { runner, define } = setUpTmux(t.world);
    await runner.start(define({ name: "astro", argv, stopSignal, stopScope }), { waitMs: 0 });
    await t.waitFor(async () => (await said(t)).includes("up"), "the server");
    const session = await existing(runner, "astro");
    equal((await session.stop(PATIENT)).state, "stopped");
    deepEqual(await said(t), ["up", gets, "drained"]);
    await nothingIsLeft(t);
    if (shows !== undefined) {
      const text = new TextDecoder().decode(await session.logs({ lines: 1 }));
      equal(text.trim(), shows);
    }
  });
}

tmuxTest("tmux: a worker whose master waits for it hears nothing of the stop", async (t) => {
  await writeServers(t);
  const { runner, define } = setUpTmux(t.world);
  // The master asks its worker in its own way, and waits for it.
  const master = `./server & worker=$!; trap : TERM; wait $worker; kill -INT $worker; ` +
    "while kill -0 $worker 2>/dev/null; do wait $worker; done";
  // A shell without job control starts it with SIGINT ignored, which a trap cannot change.
  await writeExecutable(`${t.work}/master`, `#!/bin/bash\nset -m\n${master}\n`);
  const argv = [`${t.work}/master`];
  await runner.start(define({ name: "astro", argv, stopSignal: "SIGTERM" }), { waitMs: 0 });
  await t.waitFor(async () => (await said(t)).includes("up"), "the worker");
  await (await existing(runner, "astro")).stop(PATIENT);
  deepEqual(await said(t), ["up", "INT", "drained"]);
  await nothingIsLeft(t);
});

tmuxTest("tmux: a program that minds nothing is killed, with all that it started", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const argv = sh("trap '' INT TERM HUP; (while :; do sleep 1; done) & while :; do sleep 1; done");
  await runner.start(define({ name: "astro", argv, stopSignal: "SIGTERM" }), { waitMs: 100 });
  const session = await existing(runner, "astro");
  const status = await session.stop({ timeoutSeconds: 1, force: false });
  deepEqual([status.state, status.signal], ["stopped", "SIGKILL"]);
  await nothingIsLeft(t);
});

tmuxTest("tmux: what a program left in process sessions of its own is ended with it", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const argv = sh("setsid sleep 300 & setsid sh -c 'trap : HUP; sleep 300; :' & exec sleep 300");
  await runner.start(define({ name: "astro", argv }), { waitMs: 100 });
  await t.waitFor(
    async () => (await t.processes()).filter(({ command }) => command === "sleep 300").length === 3,
    "all",
  );
  await (await existing(runner, "astro")).stop(PATIENT);
  await nothingIsLeft(t);
});

/** Starts what a kstops would have that was released before keepers could be held. */
async function startWithOlderKeeper(t: TmuxSandbox, argv: readonly string[]): Promise<void> {
  const text = await Deno.readTextFile(
    new URL("../fixtures/keeper/0.1.0.sh", import.meta.url),
  );
  const run = "0123456789ab";
  const record = {
    ...{ command: argv, working_dir: t.work, env: [], log: null, log_capture: false },
    ...{ log_max_bytes: 65536, log_keep: 2, stop_signal: "SIGTERM", stop_timeout: 60 },
    protected: false,
  };
  const options: readonly (readonly string[])[] = [
    ["-p", "remain-on-exit", "on"],
    ["-p", "@kstops_pane", run],
    ["@kstops_run", JSON.stringify(record)],
    ["@kstops", run],
  ];
  const keeper = ["/bin/sh", "-c", text, "kstops", "tmux", ...argv];
  await t.tmux(
    ...[
      "new-session",
      "-d",
      "-s",
      "astro",
      "-c",
      t.work,
      "-e",
      `KSTOPS_ID=${run}`,
      "--",
      ...keeper,
    ],
    ...options.flatMap((words) => {
      const flags = words[0] === "-p" ? ["-p"] : [];
      return [";", "set-option", ...flags, "-t", "=astro:", ...words.slice(flags.length)];
    }),
  );
}

for (
  const [what, argv] of Object.entries({
    "sh -c 'server & wait'": sh("./server & wait"),
    "bash -c 'server | cat'": ["bash", "-c", "./server | cat"],
    "sh -c 'server; echo after'": sh("./server; echo after"),
  })
) {
  tmuxTest(`tmux: under the keeper of an older kstops ${what} finishes as well`, async (t) => {
    await writeServers(t);
    await startWithOlderKeeper(t, argv);
    await t.waitFor(async () => (await said(t)).includes("up"), "the server");
    const { runner } = setUpTmux(t.world);
    await t.waitFor(async () => (await existing(runner, "astro")).status.pid !== null, "its pid");
    equal((await (await existing(runner, "astro")).stop(PATIENT)).state, "stopped");
    deepEqual(await said(t), ["up", "TERM", "drained"]);
    await nothingIsLeft(t);
    equal(await find(runner, "astro"), null);
  });
}

tmuxTest("tmux: a keeper leaves by itself after a stop that somebody cut off", async (t) => {
  await writeServers(t);
  const { runner, define, logs } = setUpTmux(t.world);
  await runner.start(define({ name: "astro", argv: ["./server"] }), { waitMs: 0 });
  await t.waitFor(async () => (await said(t)).includes("up"), "the server");
  const { status } = await existing(runner, "astro");
  const [run] = await logs.runs("astro");
  const file = logs.holdFileOf("astro", run?.id ?? "") ?? "";
  // As a stop that is killed now leaves it.
  const [seconds = "", part = ""] = (await Deno.readTextFile("/proc/uptime")).split(/[. ]/);
  const until = Number(`${seconds}${part}`) + 300;
  await Deno.writeTextFile(file, `${until}\n`);
  Deno.kill(status.pid ?? 0, "SIGKILL");
  await t.waitFor(async () => (await find(runner, "astro"))?.status.state === "exited", "its end");
  const [now = "", more = ""] = (await Deno.readTextFile("/proc/uptime")).split(/[. ]/);
  ok(Number(`${now}${more}`) >= until, "it left while it was held");
  await (await existing(runner, "astro")).stop(PATIENT);
});

tmuxTest(
  "tmux: a program that ends with 126 or 127 itself was executed all the same",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    for (const code of [126, 127]) {
      // What a shell would say of a program that it cannot execute.
      const argv = sh(`echo 'kstops: 1: exec: bot: not found'; sleep 0.1; exit ${code}`);
      let message = "";
      await runner.start(define({ name: "astro", argv }), { waitMs: 5000 }).catch((error) => {
        message = String(error);
      });
      ok(/ended at once/.test(message), message);
      const session = await existing(runner, "astro");
      equal(session.status.exitCode, code);
      await session.stop(PATIENT);
    }
  },
);

tmuxTest("tmux: of a program that could not be executed nothing is left", async (t) => {
  const { runner, define, logs } = setUpTmux(t.world);
  await writeExecutable(`${t.work}/bot`, "#!/nowhere/interpreter\n");
  let message = "";
  await runner.start(define({ name: "astro", argv: ["./bot"] }), { waitMs: 5000 }).catch(
    (error) => {
      message = String(error);
    },
  );
  ok(/"\.\/bot" cannot be executed/.test(message), message);
  equal(await find(runner, "astro"), null);
  deepEqual(await logs.runs("astro"), []);
});
