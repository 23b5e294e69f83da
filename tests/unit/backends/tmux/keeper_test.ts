/** The shell that keeps a program, run by each shell that may be `/bin/sh`. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parseRuns } from "../../../../src/logs/runs.ts";
import { writeExecutable } from "../../../support/executable.ts";
import { clock, keeperTest } from "../../../support/keepers.ts";
import { waitFor } from "../../../support/tmux.ts";

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
  const [told = "", ...others] = bench.told();
  match(
    told,
    new RegExp(`^-u set-option -p -t %7 @kstops_pid ${pid} \\d+ ; display-message -p -t %7 `),
  );
  // The pane has no mark: it marks itself.
  deepEqual(others, ["-u source-file -"]);
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
    // What this test itself was given is no fault of the shells.
    const names = Object.keys(got).filter((key) =>
      /^kstops_(?!run)|^KSTOPS_(?!ID)/.test(key) && !Deno.env.has(key)
    );
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

/** What cannot be executed, and by which exit code a shell says so. */
const UNEXECUTABLE: Record<string, { readonly path: string; readonly code: number }> = {
  "a program that is not there": { path: "nowhere", code: 127 },
  "a directory": { path: "", code: 126 },
  "a program with an interpreter that is not there": { path: "script", code: 127 },
};
for (const [what, { path, code: expected }] of Object.entries(UNEXECUTABLE)) {
  keeperTest(`${what} is told apart from a program that ends so`, async (bench) => {
    await writeExecutable(`${bench.directory}/script`, "#!/nowhere/interpreter\n");
    const { code, stderr } = await bench.run({ argv: [`${bench.directory}/${path}`] });
    ok(code === expected || code === 126, String(code));
    match(stderr, /^kstops: /);
    equal(bench.told().at(-1), "-u set-option -p -t %7 @kstops_pid none");
    const [run] = bench.runs();
    deepEqual([run?.ended?.exitCode, run?.ended?.reason], [code, "it could not be executed"]);
  });
}

keeperTest("a program that ends with 126 or 127 itself was executed", async (bench) => {
  for (const code of [126, 127]) {
    const argv = ["/bin/sh", "-c", `exit ${code}`];
    equal((await bench.run({ argv })).code, code);
    ok(!bench.told().some((each) => each.endsWith("none")));
    const [run] = bench.runs();
    deepEqual([run?.ended?.exitCode, run?.ended?.reason], [code, null]);
  }
});

keeperTest("a keeper stays while a stop needs it, and no longer than that says", async (bench) => {
  const holdFile = `${bench.directory}/it's a run.hold`;
  // An older kstops does not say who it is.
  for (const holder of [`${Deno.pid}\n`, ""]) {
    const until = clock() + 100;
    await Deno.writeTextFile(holdFile, `${until}\n${holder}`);
    equal((await bench.run({ holdFile })).code, 0);
    ok(clock() >= until);
  }
});

keeperTest("a keeper leaves where nobody needs it", async (bench) => {
  const holdFile = `${bench.directory}/run.hold`;
  // Where one of these held it, the test would never end.
  const gone = new Deno.Command("true").spawn();
  await gone.status;
  const texts = [`${clock() - 1}\n`, "", "soon\n", "0\n", `${clock() + 1e7}\n${gone.pid}\n`];
  for (const text of texts) {
    await Deno.writeTextFile(holdFile, text);
    equal((await bench.run({ holdFile })).code, 0);
  }
  equal((await bench.run({ holdFile: `${bench.directory}/nowhere/run.hold` })).code, 0);
});

keeperTest("a keeper outlives what asks its program to end, and what wakes it", async (bench) => {
  const holdFile = `${bench.directory}/run.hold`;
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGURG"] as const) {
    await Deno.writeTextFile(holdFile, `${clock() + 60_000}\n`);
    const [command = "", ...args] = bench.argv({ holdFile, argv: ["/bin/sh", "-c", "exit 5"] });
    const env = { TMUX_PANE: "%7" };
    const child = new Deno.Command(command, { args, env, stderr: "null" }).spawn();
    await waitFor(() => bench.runs()[0]?.ended, "its end");
    child.kill(signal);
    child.kill(signal);
    await Deno.remove(holdFile);
    equal((await child.status).code, 5, signal);
    await Deno.remove(`${bench.directory}/runs.ndjson`);
  }
});
