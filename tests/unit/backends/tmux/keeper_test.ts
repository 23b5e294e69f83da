/** The shell that keeps a program, run by each shell that may be `/bin/sh`. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { keeperArgv, type Kept } from "../../../../src/backends/tmux/keeper.ts";
import { parseRuns, type Run } from "../../../../src/logs/runs.ts";
import { writeExecutable } from "../../../support/executable.ts";

const SHELLS = ["dash", "bash --posix", "busybox sh"].filter((shell) => isInstalled(shell));

function isInstalled(shell: string): boolean {
  try {
    const [program = "", ...args] = shell.split(" ");
    return new Deno.Command(program, { args: [...args, "-c", ":"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** A directory with a program that stands for tmux, and keepers in it. */
interface Bench {
  readonly directory: string;
  /** The argument list of a keeper, of whose text each shell is the one that is tried. */
  readonly argv: (kept: Partial<Kept>) => readonly string[];
  readonly run: (
    kept: Partial<Kept>,
    env?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** What tmux was told. */
  readonly told: () => readonly string[];
  readonly runs: () => readonly Run[];
}

function keeperTest(name: string, body: (bench: Bench) => Promise<void>): void {
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
    runs: () => parseRuns(Deno.readTextFileSync(story)),
  };
}

/** What a process is, as the system says it: its pid, the time of its start, the boot. */
const WHO = "IFS= read -r stat </proc/$$/stat; set -- ${stat##*) }; " +
  "read -r boot </proc/sys/kernel/random/boot_id; echo $$ ${20} $boot";

keeperTest("the record says which process the program was, and how it ended", async (bench) => {
  const before = Date.now();
  // Without a path that leads to `date`, as the environment of a session may be.
  const argv = ["/bin/bash", "-c", `${WHO}; exit 143`];
  const { code, stdout, stderr } = await bench.run({ argv }, { PATH: "/nowhere:/usr/bin" });
  deepEqual([code, stderr], [143, ""]);
  const [pid, began, boot] = stdout.trim().split(" ");
  deepEqual(bench.told(), [`-u set-option -p -t %7 @kstops_pid ${pid}`]);
  const [run, ...more] = bench.runs();
  deepEqual(more, []);
  deepEqual(run?.executed, {
    ...{ event: "executed", run: "0123456789ab", pid: Number(pid), began, boot },
  });
  deepEqual([run?.ended?.exitCode, run?.ended?.reason], [143, null]);
  const at = run?.ended?.at.getTime() ?? 0;
  ok(at > before - 1000 && at <= Date.now(), `${at}`);
});

keeperTest(
  "the program gets its environment as it is, and nothing of the shells'",
  async (bench) => {
    const env = {
      ...{
        kstops_run: "a",
        status: "b",
        stop: "c",
        KSTOPS_ENV_SHELL: "it's $HOME `x`",
        SHELL: "no",
      },
      KSTOPS_ID: "0123456789ab",
    };
    const argv = ["/bin/bash", "-c", "cat /proc/$$/environ"];
    const { stdout } = await bench.run({ argv, carried: ["SHELL"] }, env);
    const got = Object.fromEntries(
      stdout.split("\0").filter(Boolean).map((each) => {
        const at = each.indexOf("=");
        return [each.slice(0, at), each.slice(at + 1)];
      }),
    );
    const { KSTOPS_ENV_SHELL, kstops_run: _, ...kept } = env;
    for (const [key, value] of Object.entries({ ...kept, SHELL: KSTOPS_ENV_SHELL })) {
      equal(got[key], value, key);
    }
    const names = Object.keys(got).filter((key) => /^kstops_(?!run)|^KSTOPS_(?!ID)/.test(key));
    deepEqual(names, []);
  },
);

for (const name of ["runs.ndjson", `it's "a" $HOME \`x\` %s.ndjson`]) {
  keeperTest(`the record may be called ${name}`, async (bench) => {
    const story = `${bench.directory}/${name}`;
    await bench.run({ story });
    const [run] = parseRuns(await Deno.readTextFile(story));
    equal(run?.ended?.exitCode, 0);
  });
}

keeperTest(
  "where nothing can be remembered the program runs, and hears nothing of it",
  async (bench) => {
    for (const story of [null, `${bench.directory}/nowhere/runs.ndjson`, "/dev/full"]) {
      const { code, stdout, stderr } = await bench.run({
        story,
        argv: ["/bin/sh", "-c", "echo up"],
      });
      deepEqual([code, stdout, stderr], [0, "up\n", ""]);
    }
  },
);

keeperTest(
  "a program that cannot be executed says why, under the name of kstops",
  async (bench) => {
    const { code, stderr } = await bench.run({ argv: [`${bench.directory}/nowhere`] });
    equal(code, 127);
    match(stderr, /^kstops: /);
  },
);
