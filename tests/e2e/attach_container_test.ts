/** `kstops attach` to containers on a real terminal, from the source or the binary in KSTOPS_BIN. */
import { equal, match } from "node:assert/strict";
import { RUNTIMES } from "../../src/model.ts";
import { aloneOnEngines, engineVariables, ignoreWithoutEngines } from "../support/engines.ts";
import { install, KSTOPS } from "../support/kstops.ts";
import { openTerminal, type TestTerminal } from "../support/pty.ts";
import { ignoreWithoutTmux, type TmuxSandbox, withTmux } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

const IMAGE = engineVariables()?.["KSTOPS_TEST_IMAGE"] ?? "";

/** A test on each runtime, with a terminal and a session that runs a script in a container. */
function attachTest(
  { name, script }: { readonly name: string; readonly script: string },
  body: (
    given: { readonly t: TmuxSandbox; readonly terminal: TestTerminal; readonly session: string },
    kstops: Awaited<ReturnType<typeof install>>,
  ) => Promise<void>,
): void {
  for (const runtime of RUNTIMES) {
    Deno.test({
      name: `${name} (${runtime})`,
      ignore: ignoreWithoutTmux() || ignoreWithoutEngines(),
      fn: () =>
        aloneOnEngines(() =>
          withTmux(async (t) => {
            const session = `attach-${crypto.randomUUID().slice(0, 8)}`;
            const kstops = await install(t);
            try {
              const flags = ["--runtime", runtime, "--image", IMAGE];
              await kstops("start", session, ...flags, "--", "sh", "-c", script);
              const terminal = await openTerminal(t);
              await terminal.enter(`${KSTOPS} attach ${session}; echo "left with $?"`);
              await body({ t, terminal, session }, kstops);
            } finally {
              await t.world.exec([runtime, "rm", "-f", session], { timeoutMs: LIMIT_MS });
            }
          }, { containers: true })
        ),
    });
  }
}

async function stateOf(
  kstops: Awaited<ReturnType<typeof install>>,
  session: string,
): Promise<{ readonly state: string; readonly exit_code: number | null }> {
  return JSON.parse((await kstops("status", session, "--json")).stdout);
}

/** Presses the keys, one after the other, until the screen shows it. */
async function pressUntil(
  keys: readonly string[],
  { t, terminal, shown }: { t: TmuxSandbox; terminal: TestTerminal; shown: RegExp },
): Promise<void> {
  await t.waitFor(async () => {
    for (const key of keys) await terminal.press(key);
    return shown.test(await terminal.screen());
  }, String(shown));
}

attachTest(
  {
    name: "a container is attached to, says how to leave it, and goes on",
    script: 'while read line; do echo "got $line"; done',
  },
  async ({ t, terminal, session }, kstops) => {
    await terminal.shows(/Ctrl-p Ctrl-q/);
    await terminal.press("h", "i", "Enter");
    await terminal.shows(/^got hi$/m);
    // podman takes keys for its own only where each of them arrives alone.
    await pressUntil(["C-p", "C-q"], { t, terminal, shown: /left with 0/ });
    equal((await stateOf(kstops, session)).state, "running");
  },
);

attachTest(
  {
    name: "Ctrl-C goes to the program of a container, whose exit code is then that of attach",
    script: "trap 'echo bye; exit 4' INT; while :; do echo up; sleep 0.1; done",
  },
  async ({ terminal, session }, kstops) => {
    await terminal.shows(/^up$/m);
    await terminal.press("C-c");
    match(await terminal.shows(/left with 4/), /has ended, exit code 4/);
    const { state, exit_code } = await stateOf(kstops, session);
    equal(`${state} ${exit_code}`, "exited 4");
  },
);

attachTest(
  {
    name: "start --attach starts a container again and attaches at once",
    script: "echo first; sleep 0.1",
  },
  async ({ t, terminal, session }, kstops) => {
    await terminal.shows(/left with [0-9]+/);
    const { stdout } = await kstops("list", "--managed", "--json");
    const { engine } = JSON.parse(stdout).find((each: { name: string }) => each.name === session);
    await terminal.enter(
      `${KSTOPS} start ${session} --attach --runtime ${engine} -i ${IMAGE} ` +
        `-- sh -c 'read line; exit 5'; echo "now left with $?"`,
    );
    // What it prints before the terminal is there is not shown: nothing says when it reads.
    await pressUntil(["Enter"], { t, terminal, shown: /now left with 5/ });
  },
);
