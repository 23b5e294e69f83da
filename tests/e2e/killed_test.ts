/** `kill -9` of kstops itself at any moment: what it was at is whole or not there, and can be done again. */
import { equal, match } from "node:assert/strict";
import { install, KSTOPS } from "../support/kstops.ts";
import { tmuxTest } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

const ROUNDS = 5;
/** The moment is any before this: what takes longer than that is killed at the beginning of it. */
const MOST_MS = 400;

const CONFIG = `ops:
  start_wait: 100
  sessions:
    count: { command: [sh, -c, "seq 1 20000; echo done; exec sleep 300"] }
`;
const ALL = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join("") + "done\n";

for (const command of ["start", "restart", "stop"]) {
  tmuxTest(
    `a kill of kstops during a ${command} leaves nothing in the way of the next one`,
    async (t) => {
      await install(t);
      const kstops = (...args: readonly string[]) =>
        t.world.exec(["env", "--chdir", t.work, KSTOPS, ...args], { timeoutMs: LIMIT_MS });
      await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
      for (let round = 1; round <= ROUNDS; round++) {
        if (command !== "start") equal((await kstops("start", "count")).code, 0);
        const killedAfterMs = Math.random() * MOST_MS;
        const said = `round ${round}, killed after ${killedAfterMs} ms`;
        const child = new Deno.Command(`${t.work}/kstops`, {
          args: [command, "count"],
          cwd: t.work,
          clearEnv: true,
          env: { ...t.env },
          stdin: "null",
          stdout: "null",
          stderr: "null",
        }).spawn();
        const timer = setTimeout(() => {
          try {
            child.kill("SIGKILL");
          } catch {
            // It has just ended by itself.
          }
        }, killedAfterMs);
        await child.status;
        clearTimeout(timer);

        const list = await kstops("list", "--json");
        equal(list.code, 0, `${said}: ${list.stderr}`);
        equal(JSON.parse(list.stdout).length, 1, `${said}: ${list.stdout}`);
        const printed = async () => (await kstops("logs", "count", "--lines", "all")).stdout;
        // It may just be ending: the one that was killed had asked it to, and nobody is told of that.
        await t.waitFor(async () => {
          const start = await kstops("start", "count");
          if (start.code !== 0) match(start.stderr, /it is already running/, said);
          const { state } = JSON.parse((await kstops("status", "count", "--json")).stdout);
          return state === "running" && await printed() === ALL;
        }, `the next start, and all that it prints (${said})`);
        equal((await kstops("stop", "count")).code, 0, said);
        equal(await printed() === ALL, true, said);
      }
    },
  );
}
