/** `kill -9` of each process that takes part in keeping what a session prints, while it prints. */
import { equal, ok } from "node:assert/strict";
import { type ProcessRow, type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { existing, find, sh } from "./suite.ts";
import { setUpTmux, type TmuxSetup } from "./tmux_setup.ts";

const FORCE = { timeoutSeconds: null, force: true };
/** Small files: many kills come while one file is full and the next one is begun. */
const LOG = { capture: true, maxBytes: 64 * 1024, keep: 1000 };
/** Prints the numbers from 1 on, each in one write, and remembers which of them are printed. */
const COUNT = sh("exec 3>printed; i=0; while :; do i=$((i+1)); echo $i; echo $i >&3; done");
/** How often each kind of process is killed. */
const ROUNDS = 4;
/** The kill comes once so many lines are kept, at most: far enough for some files. */
const MOST_LINES = 20_000;

/** Who is killed; the session runs on without some of them. */
interface Victim {
  readonly pid: (t: TmuxSandbox, output: string) => Promise<number | null>;
  readonly survives: boolean;
  /** How many bytes may be missing in the middle: those that the process had in its hands. */
  readonly gapBytes: number;
}

const VICTIMS: Readonly<Record<string, Victim>> = {
  "the program": { pid: (t) => programPid(t), survives: false, gapBytes: 0 },
  "the shell that keeps it": { pid: (t) => asked(t, "pane_pid"), survives: false, gapBytes: 0 },
  "the tmux server": { pid: (t) => asked(t, "pid"), survives: false, gapBytes: 0 },
  "the shell that captures": {
    pid: async (t, output) => capturer(await t.processes(), output)?.pid ?? null,
    survives: true,
    gapBytes: 0,
  },
  "the dd that copies": {
    pid: async (t, output) => {
      const shell = capturer(await t.processes(), output)?.pid;
      return shell === undefined ? null : await firstChild(shell);
    },
    survives: true,
    // One block that was read, and not written.
    gapBytes: 64 * 1024,
  },
};

async function asked(t: TmuxSandbox, fact: string): Promise<number> {
  return Number(await t.tmux("display-message", "-p", "-t", "=astro:", `#{${fact}}`));
}

async function programPid(t: TmuxSandbox): Promise<number | null> {
  return (await existing(setUpTmux(t.world).runner, "astro")).status.pid;
}

/** The shell that writes these files: its script names them, as does that of the pane, which begins it. */
function capturer(rows: readonly ProcessRow[], output: string): ProcessRow | undefined {
  const run = output.slice(output.lastIndexOf("/") + 1);
  return rows.find(({ command }) =>
    command.includes("umask 077") && command.includes(run) && !command.includes("TMUX_PANE")
  );
}

/** Asked again and again, at once: a `dd` lives for some blocks only (Linux only). */
async function firstChild(pid: number): Promise<number | null> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
    const [first] = children.split(" ").filter((each) => each !== "");
    if (first !== undefined) return Number(first);
  }
  return null;
}

/** Kills what may come and go meanwhile. */
async function kill(t: TmuxSandbox, victim: Victim, output: string): Promise<void> {
  await t.waitFor(async () => {
    const pid = await victim.pid(t, output);
    if (pid === null) return false;
    Deno.kill(pid, "SIGKILL");
    return true;
  }, "the process to kill");
}

async function kept({ logs }: TmuxSetup, output: string): Promise<string> {
  return new TextDecoder().decode(await logs.read(output, { lines: Infinity }));
}

/**
 * How many bytes are missing before the end of the numbers from 1 on; the last number may be cut off.
 *
 * @throws when a number comes twice, or something else comes
 */
function missingBytes(text: string): number {
  const lines = text.split("\n").slice(0, -1);
  let missing = 0;
  let next = 1;
  for (const [index, line] of lines.entries()) {
    if (line === String(next)) {
      next++;
      continue;
    }
    const isLast = index === lines.length - 1;
    if (isLast && String(next).startsWith(line)) break;
    // Where something is missing, the line there is the beginning of one number and the end of another.
    const after = lines[index + 1];
    const following = after === undefined ? next : Number(after);
    ok(following > next, `${lines.slice(index - 2, index + 3)} where ${next} should be`);
    const between = Array.from({ length: following - next }, (_, more) => `${next + more}\n`);
    missing += between.join("").length - line.length - 1;
    next = following;
  }
  return missing;
}

for (const [who, victim] of Object.entries(VICTIMS)) {
  tmuxTest(`tmux: a kill of ${who} loses no more than it had in its hands`, async (t) => {
    const setup = setUpTmux(t.world);
    const { runner, define, logs } = setup;
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = Math.floor(Math.random() * MOST_LINES);
      const said = `round ${round}, killed after ${lines} lines`;
      await runner.start(define({ name: "astro", argv: COUNT, log: LOG }), { waitMs: 0 });
      const output = (await logs.outputs("astro")).at(-1) ?? "";
      await t.waitFor(
        async () => Number((await kept(setup, output)).split("\n").at(-2) ?? 0) >= lines,
        "its lines",
      );
      await kill(t, victim, output);
      if (victim.survives) {
        const before = Number((await Deno.readTextFile(`${t.work}/printed`)).split("\n").at(-2));
        await t.waitFor(
          async () =>
            Number((await Deno.readTextFile(`${t.work}/printed`)).split("\n").at(-2)) > before,
          "the program to go on",
        );
        equal((await existing(runner, "astro")).status.state, "running", said);
        await (await existing(runner, "astro")).stop(FORCE);
      } else {
        await t.waitFor(
          async () => (await find(runner, "astro"))?.status.state !== "running",
          "the end of the session",
        );
      }
      const missing = missingBytes(await kept(setup, output));
      ok(missing <= victim.gapBytes, `${said}: ${missing} bytes are missing`);
      if (who === "the program") {
        const printed = await Deno.readTextFile(`${t.work}/printed`);
        await t.waitFor(
          async () => (await kept(setup, output)).startsWith(printed),
          `all that it printed (${said})`,
        );
      }
    }
    // And nothing of all that is in the way of the next one.
    await runner.start(define({ name: "astro", argv: sh("echo again; exec sleep 60") }), {
      waitMs: 100,
    });
    const last = await existing(runner, "astro");
    await t.waitFor(
      async () => new TextDecoder().decode(await last.logs({ lines: Infinity })) === "again\n",
      "its line",
    );
    equal(setup.warnings.length, 0, setup.warnings.join("; "));
  });
}
