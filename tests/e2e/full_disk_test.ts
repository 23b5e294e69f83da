/** A disk that is full where kstops keeps things: nothing stops for want of it. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { ExecResult } from "../../src/world/world.ts";
import { install, KSTOPS } from "../support/kstops.ts";
import { ignoreWithoutTmux, type TmuxSandbox, withTmux } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

/** A small disk of the test's own. Only root can mount one, and not in every container. */
async function mount(directory: string): Promise<boolean> {
  const { success } = await new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", directory],
    stderr: "null",
  }).output().catch(() => ({ success: false }));
  return success;
}

async function unmount(directory: string): Promise<void> {
  // Whoever still writes there keeps it until he has ended.
  await new Deno.Command("umount", { args: ["-l", directory] }).output();
}

async function canMount(): Promise<boolean> {
  const directory = await Deno.makeTempDir({ dir: "/tmp", prefix: "k-" });
  const can = await mount(directory);
  if (can) await unmount(directory);
  await Deno.remove(directory);
  return can;
}

/** Runs `body` with a kstops that keeps all in a directory on a small disk. */
async function withSmallDisk(
  body: (
    t: TmuxSandbox,
    disk: string,
    kstops: (...args: readonly string[]) => Promise<ExecResult>,
  ) => Promise<void>,
): Promise<void> {
  await withTmux(async (t) => {
    await install(t);
    const disk = `${t.directory}/disk`;
    await Deno.mkdir(disk);
    ok(await mount(disk));
    const world = t.worldWith({ KSTOPS_STATE_DIR: `${disk}/state` });
    try {
      await body(
        t,
        disk,
        (...args) =>
          world.exec(["env", "--chdir", t.work, KSTOPS, ...args], { timeoutMs: LIMIT_MS }),
      );
    } finally {
      await unmount(disk);
    }
  });
}

/** Fills what is left of a disk. */
async function fill(disk: string): Promise<void> {
  const argv = ["-c", 'cat /dev/zero > "$1/ballast" 2>/dev/null', "sh", disk];
  await new Deno.Command("sh", { args: argv }).output();
}

const CONFIG = `ops:
  start_wait: 100
  sessions:
    loud: { command: [sh, -c, "echo up; until [ -e go ]; do sleep 0.1; done; seq 1 300000; echo > done; until [ -e more ]; do sleep 0.1; done; until [ -e enough ]; do echo later; sleep 0.1; done; exec sleep 300"] }
    next: { command: [sh, -c, "echo next; exec sleep 300"] }
`;

Deno.test({
  name: "a disk that becomes full stops neither a program, nor a look at it, nor its stop",
  ignore: ignoreWithoutTmux() || !await canMount(),
  fn: () =>
    withSmallDisk(async (t, disk, kstops) => {
      await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
      equal((await kstops("start", "loud")).code, 0);
      await fill(disk);
      await Deno.writeTextFile(`${t.work}/go`, "");
      await t.waitFor(() => Deno.readTextFile(`${t.work}/done`), "the program to print it all");
      const list = await kstops("list", "--state", "running", "--json");
      deepEqual([list.code, JSON.parse(list.stdout)[0].name], [0, "loud"]);
      for (const command of ["status", "logs", "why"]) {
        const { code, stderr } = await kstops(command, "loud");
        deepEqual([command, code, stderr], [command, 0, ""]);
      }

      // With room again, it is kept again.
      await Deno.remove(`${disk}/ballast`);
      await Deno.writeTextFile(`${t.work}/more`, "");
      const newest = async () => (await kstops("logs", "loud", "--lines", "1")).stdout;
      await t.waitFor(async () => (await newest()).endsWith("later\n"), "what it prints later");
      await Deno.writeTextFile(`${t.work}/enough`, "");

      await fill(disk);
      const stop = await kstops("stop", "loud");
      deepEqual([stop.code, stop.stdout], [0, "Stopped loud (tmux, ended by SIGINT)\n"]);
      equal(JSON.parse((await kstops("list", "--json")).stdout).length, 2);

      const start = await kstops("start", "next");
      equal(start.code, 0, start.stderr);
      match(start.stderr, /not kept: .*No space left/);
      match(start.stdout, /^Started next/);
      equal((await kstops("logs", "next")).stdout, "next\n");

      await Deno.remove(`${disk}/ballast`);
      const again = await kstops("restart", "next");
      deepEqual([again.code, again.stderr], [0, ""]);
      equal((await kstops("stop", "next")).code, 0);
      equal((await kstops("logs", "next")).stdout, "next\n");
    }),
});
