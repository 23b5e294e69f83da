/** The keeper of a program with a restart policy, in each shell that may be `/bin/sh`. */
import { deepEqual, equal, ok } from "node:assert/strict";
import keeper from "../../../../src/backends/tmux/keeper.sh" with { type: "text" };
import { formatPolicy, type KeptPolicy } from "../../../../src/backends/tmux/keeper.ts";
import { writeExecutable } from "../../../support/executable.ts";
import { type Bench, clock, keeperTest, SHELLS } from "../../../support/keepers.ts";
import { RESTART_CASES } from "../../../support/restart_cases.ts";
import { waitFor } from "../../../support/tmux.ts";

const POLICY: KeptPolicy = {
  kind: "on-failure",
  mostRestarts: null,
  delayMs: 100,
  maxDelayMs: 200,
  resetMs: 60_000,
  successCodes: [0],
  graceMs: 2000,
};

for (const shell of SHELLS) {
  Deno.test(`${shell}: the arithmetic of the keeper is that of the rules`, async () => {
    const functions = keeper.slice(
      keeper.indexOf("kstops_decide() {"),
      keeper.indexOf("# Tells tmux"),
    );
    const cases = Object.values(RESTART_CASES).filter(({ policy }) => policy.kind !== "no");
    const calls = cases.map(({ policy, outcome }) => {
      const { exitCode, failures, ranMs, successCodes } = outcome;
      const words = formatPolicy({ ...policy, successCodes, graceMs: 0 });
      return `kstops_failures=${failures} kstops_ran=${ranMs} kstops_delay=-\n` +
        `kstops_decide ${exitCode} ${words}\n` +
        'echo "$kstops_next $kstops_failures $kstops_delay"';
    });
    const [program = "", ...options] = shell.split(" ");
    const args = [...options, "-c", `${functions}\n${calls.join("\n")}`];
    const { stdout, stderr } = await new Deno.Command(program, { args }).output();
    equal(new TextDecoder().decode(stderr), "");
    const decided = new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
      const [kind, failures, delayMs] = line.split(" ");
      if (kind === "over") return { kind };
      if (kind === "gave_up") return { kind, failures: Number(failures) };
      return { kind, delayMs: Number(delayMs), failures: Number(failures) };
    });
    deepEqual(decided, cases.map(({ follows }) => follows));
  });
}

/** A program that counts how often it is executed, and ends as a file says: one line for each time. */
async function counted(bench: Bench, script: string): Promise<readonly string[]> {
  const path = `${bench.directory}/program`;
  await writeExecutable(
    path,
    '#!/bin/bash\ncd "${0%/*}" || exit\necho >>times\nn=$(($(wc -l <times)))\n' + script + "\n",
  );
  return [path];
}

const WITHOUT_MARKS =
  // deno-lint-ignore no-control-regex
  /\x18\x1b\]5379;kstops;[0-9a-f]+;\d+;\d+\x07.*?\x1b\]5379;end\x07/g;

keeperTest("a program is executed again after failures, until it succeeds", async (bench) => {
  const argv = await counted(bench, 'echo "execution $n"; [ "$n" -ge 4 ] || exit "$n"');
  const { code, stdout, stderr } = await bench.run({ argv, policy: POLICY });
  deepEqual([code, stderr], [0, ""]);
  equal(
    stdout.replaceAll(WITHOUT_MARKS, ""),
    "execution 1\nexecution 2\nexecution 3\nexecution 4\n",
  );
  const told = bench.told().filter((each) => each.includes("@kstops_pid")).map((each) =>
    each.replace(/^.*@kstops_pid /, "").replace(/ ; .*$/, "").replaceAll(/\b\d{3,}\b/g, "N")
  );
  deepEqual(told, [
    ...["N N 0", "wait N 0 1 1 N N", "N N 1", "wait N 1 2 2 N N", "N N 2", "wait N 2 3 3 N N"],
    "N N 3",
  ]);
});

keeperTest("it gives up after as many restarts as it is told", async (bench) => {
  const argv = await counted(bench, 'exit "$n"');
  const { code } = await bench.run({ argv, policy: { ...POLICY, mostRestarts: 2 } });
  equal(code, 3);
  equal(
    bench.told().at(-1)?.replaceAll(/\b\d{3,}\b/g, "N"),
    "-u set-option -p -t %7 @kstops_pid gave_up N 2 3 3",
  );
});

keeperTest(
  "what cannot be executed at first ends the run, and later it is a failure",
  async (bench) => {
    const argv = [`${bench.directory}/nowhere`];
    const { code } = await bench.run({ argv, policy: POLICY });
    ok(code === 126 || code === 127);
    equal(bench.told().at(-1), "-u set-option -p -t %7 @kstops_pid none");
    const again = await counted(bench, 'if [ "$n" = 1 ]; then mv program aside; exit 9; fi');
    const running = bench.run({ argv: again, policy: POLICY });
    await waitFor(
      () => bench.told().some((each) => /wait \d+ 1 12[67] 2 /.test(each)),
      "a failure",
    );
    await Deno.rename(`${bench.directory}/aside`, `${bench.directory}/program`);
    equal((await running).code, 0);
  },
);

/** Starts a keeper in a process session of its own, as tmux does. */
function begin(bench: Bench, kept: Parameters<Bench["argv"]>[0]): Deno.ChildProcess {
  const args = ["--wait", ...bench.argv(kept)];
  return new Deno.Command("setsid", {
    args,
    env: { TMUX_PANE: "%7" },
    stdout: "null",
    stderr: "null",
  })
    .spawn();
}

const LONG: KeptPolicy = { ...POLICY, delayMs: 60_000, maxDelayMs: 60_000 };

function keeperPid(bench: Bench): number {
  return Number(/wait (\d+) /.exec(bench.told().join("\n"))?.[1]);
}

keeperTest("a stop during a delay ends it at once", async (bench) => {
  const holdFile = `${bench.directory}/run.hold`;
  const argv = await counted(bench, "exit 1");
  const child = begin(bench, { argv, holdFile, policy: LONG });
  await waitFor(() => keeperPid(bench) > 0, "the delay");
  await Deno.writeTextFile(holdFile, `${clock() + 20}\n${Deno.pid}\n`);
  Deno.kill(keeperPid(bench), "SIGURG");
  equal((await child.status).code, 1);
  equal(Deno.readTextFileSync(`${bench.directory}/times`), "\n");
});

keeperTest("a stop that can write no file ends a delay, too", async (bench) => {
  const argv = await counted(bench, "exit 1");
  const child = begin(bench, { argv, policy: LONG });
  await waitFor(() => keeperPid(bench) > 0, "the delay");
  Deno.kill(keeperPid(bench), "SIGURG");
  equal((await child.status).code, 1);
});

keeperTest("a signal of the terminal does not end a delay", async (bench) => {
  const argv = await counted(bench, '[ "$n" -gt 1 ] || exit 1');
  const policy = { ...POLICY, delayMs: 1500, maxDelayMs: 1500 };
  const child = begin(bench, { argv, policy });
  await waitFor(() => keeperPid(bench) > 0, "the delay");
  const before = clock();
  for (const signal of ["SIGINT", "SIGTERM", "SIGUSR1"] as const) {
    Deno.kill(keeperPid(bench), signal);
  }
  equal((await child.status).code, 0);
  ok(clock() - before > 100, String(clock() - before));
});

keeperTest("after a stop that asked and was killed nothing is executed any more", async (bench) => {
  const holdFile = `${bench.directory}/run.hold`;
  await Deno.writeTextFile(holdFile, `1\n1\nasked\n`);
  const argv = await counted(bench, "exit 1");
  equal((await bench.run({ argv, holdFile, policy: POLICY })).code, 1);
  equal(Deno.readTextFileSync(`${bench.directory}/times`), "\n");
});

keeperTest("a stop that was taken back, or asked for nothing, changes nothing", async (bench) => {
  const holdFile = `${bench.directory}/run.hold`;
  const gone = new Deno.Command("true").spawn();
  await gone.status;
  for (const text of ["go\n", `${clock() + 1e7}\n${gone.pid}\n`, "1\n"]) {
    await Deno.writeTextFile(holdFile, text);
    const argv = await counted(bench, 'kill -URG "$PPID"; [ "$n" -gt 1 ] || exit 1');
    if (text !== "go\n") await counted(bench, '[ "$n" -gt 1 ] || exit 1');
    equal((await bench.run({ argv, holdFile, policy: POLICY })).code, 0, text);
    await Deno.remove(`${bench.directory}/times`);
  }
});

keeperTest("what an execution has left is ended before the next one", async (bench) => {
  const script = `
case $n in
1) setsid --fork bash -c 'trap "" TERM; echo $$ >left; exec sleep 300' </dev/null >/dev/null 2>&1
   env -i bash -c 'echo $$ >unmarked; exec sleep 300' </dev/null >/dev/null 2>&1 &
   until [ -s left ] && [ -s unmarked ]; do sleep 0.05; done
   exit 1 ;;
esac
for file in left unmarked; do ! kill -0 "$(cat "$file")" || exit 7; done`;
  const argv = await counted(bench, script);
  const policy = { ...POLICY, graceMs: 300 };
  const child = new Deno.Command("setsid", {
    args: ["--wait", ...bench.argv({ argv, policy })],
    env: { TMUX_PANE: "%7", KSTOPS_ID: "0123456789ab" },
    stdout: "null",
    stderr: "null",
  }).spawn();
  equal((await child.status).code, 0);
});
