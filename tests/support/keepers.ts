/** Runs keepers of tmux panes in each shell that may be `/bin/sh`, with a program in place of tmux. */
import { equal } from "node:assert/strict";
import { keeperArgv, type Kept, type KeptPolicy } from "../../src/backends/tmux/keeper.ts";
import { parseRuns, type Run } from "../../src/logs/runs.ts";
import { writeExecutable } from "./executable.ts";

export const SHELLS = ["dash", "bash --posix", "busybox sh"].filter((shell) => isInstalled(shell));

function isInstalled(shell: string): boolean {
  try {
    const [program = "", ...args] = shell.split(" ");
    return new Deno.Command(program, { args: [...args, "-c", ":"] }).outputSync().success;
  } catch {
    return false;
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The policy of a program that is never executed again. */
const NO_POLICY: KeptPolicy = {
  kind: "no",
  mostRestarts: null,
  delayMs: 1000,
  maxDelayMs: 60_000,
  resetMs: 60_000,
  successCodes: [0],
  graceMs: 0,
};

/** A directory with keepers, and a program in place of tmux. */
export interface Bench {
  readonly directory: string;
  /** The argument list of a keeper whose shells are all the shell under test. */
  readonly argv: (kept: Partial<Kept>) => readonly string[];
  readonly run: (
    kept: Partial<Kept>,
    env?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** What tmux was told to do. */
  readonly told: () => readonly string[];
  readonly runs: () => readonly Run[];
}

export function keeperTest(name: string, body: (bench: Bench) => Promise<void>): void {
  for (const shell of SHELLS) {
    Deno.test(`${shell}: ${name}`, async () => {
      const directory = await Deno.makeTempDir();
      try {
        await writeExecutable(`${directory}/tmux`, '#!/bin/sh\necho "$*" >>"${0%/*}/told"\n');
        await body(bench(shell, directory));
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    });
  }
}

function bench(shell: string, directory: string): Bench {
  const [program = "", ...options] = shell.split(" ");
  const story = `${directory}/runs.ndjson`;
  const argv: Bench["argv"] = (kept) => {
    const whole = keeperArgv({
      ...{
        runId: "0123456789ab",
        binary: `${directory}/tmux`,
        story,
        carried: [],
        holdFile: null,
        marks: "",
        policy: NO_POLICY,
      },
      argv: ["true"],
      ...kept,
    });
    equal(whole[0], "/bin/sh");
    const own = whole.slice(1).map((word) => word.replaceAll("/bin/sh -c", `${shell} -c`));
    return [program, ...options, ...own];
  };
  return {
    directory,
    argv,
    run: async (kept, env = {}) => {
      const [command = "", ...args] = argv(kept);
      const { code, stdout, stderr } = await new Deno.Command(command, {
        args,
        cwd: directory,
        env: { TMUX_PANE: "%7", LC_ALL: "C", ...env },
      }).output();
      const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return { code, stdout: out ?? "", stderr: error ?? "" };
    },
    told: () => Deno.readTextFileSync(`${directory}/told`).split("\n").slice(0, -1),
    runs: () => parseRuns(isThere(story) ? Deno.readTextFileSync(story) : ""),
  };
}

/** The clock of a keeper, in hundredths of a second. */
export function clock(): number {
  const [seconds = "", part = ""] = Deno.readTextFileSync("/proc/uptime").split(/[. ]/);
  return Number(`${seconds}${part}`);
}
