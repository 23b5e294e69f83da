/** Restart policies in tmux: who is executed again, and that a stop ends it. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { failure } from "../support/failure.ts";
import { type TmuxSandbox, tmuxTest, waitFor } from "../support/tmux.ts";
import { existing, find, processesOf, sh } from "./suite.ts";
import { setUpTmux, type TmuxSetup } from "./tmux_setup.ts";

const ASKED = { timeoutSeconds: 10, force: false };
const FORCE = { timeoutSeconds: null, force: true };

function restartTest(
  name: string,
  body: (t: TmuxSetup & { readonly sandbox: TmuxSandbox }) => Promise<void>,
): void {
  tmuxTest(`tmux: ${name}`, async (sandbox) => {
    await body({ ...setUpTmux(sandbox.world), sandbox });
  });
}

/** Says that it was executed, and then does that. */
function counted(script: string): readonly string[] {
  return sh(`echo >>times; n=$(($(wc -l <times))); ${script}`);
}

async function executions({ directory }: TmuxSetup): Promise<number> {
  return (await Deno.readTextFile(`${directory}/times`)).length;
}

restartTest("a program that fails is executed again, and the record tells of each", async (t) => {
  const { runner, define, logs } = t;
  const argv = counted('echo "execution $n"; [ "$n" -lt 4 ] || exec sleep 300; exit "$n"');
  const policy = { restart: "on-failure", restartDelaySeconds: 0.1, restartMaxDelaySeconds: 0.2 };
  await runner.start(define({ name: "astro", argv, ...policy }), { waitMs: 0 });
  const session = await waitFor(async () => {
    const found = await existing(runner, "astro");
    return found.status.state === "running" && found.status.restarts === 3 && found;
  }, "the fourth execution");
  const [run] = await logs.runs("astro");
  deepEqual(run?.earlier.map(({ exitCode, policy }) => [exitCode, policy?.failures]), [
    ...[[1, 1], [2, 2], [3, 3]],
  ]);
  equal(run?.ended, null);
  const printed = () => session.logs({ lines: Infinity });
  const text = await waitFor(async () => {
    const found = new TextDecoder().decode(await printed());
    return found.includes("execution 4\n") && found;
  }, "what the fourth one prints");
  equal(text, "execution 1\nexecution 2\nexecution 3\nexecution 4\n");
  const output = (await logs.outputs("astro")).at(-1) ?? "";
  const previous = await logs.readPrevious(output, { lines: 10 });
  equal(new TextDecoder().decode(previous ?? new Uint8Array()), "execution 3\n");
  equal((await session.stop(ASKED)).signal, "SIGINT");
  equal(await executions(t), 4);
});

restartTest("a stop ends a session that waits, and a session that runs", async (t) => {
  const { runner, define, logs } = t;
  const policy = { restart: "always", restartDelaySeconds: 300, restartMaxDelaySeconds: 300 };
  for (const options of [ASKED, FORCE]) {
    await runner.start(define({ name: "astro", argv: sh("exit 3"), ...policy }), { waitMs: 0 });
    const waiting = await waitFor(async () => {
      const found = await existing(runner, "astro");
      return found.status.engineState === "backoff" && found;
    }, "the delay");
    deepEqual(
      [waiting.status.state, waiting.status.exitCode, waiting.status.pid],
      ["exited", 3, null],
    );
    ok((waiting.status.nextRestartAt?.getTime() ?? 0) > Date.now() + 200_000);
    await waiting.stop(options);
    equal(await find(runner, "astro"), null);
    deepEqual((await logs.runs("astro")).at(-1)?.stopped?.hadEnded, true);

    const argv = ["sleep", `${1_000_000 + Math.floor(Math.random() * 1e6)}`];
    await runner.start(define({ name: "astro", argv, ...policy, restartDelaySeconds: 0.1 }), {
      waitMs: 100,
    });
    await (await existing(runner, "astro")).stop(options);
    deepEqual(await processesOf(argv.join(" ")), []);
    equal(await find(runner, "astro"), null);
  }
});

restartTest("whenever a stop comes, nothing is executed behind it", async (t) => {
  const { runner, define } = t;
  const policy = { restart: "always", restartDelaySeconds: 0.1, restartMaxDelaySeconds: 0.1 };
  const argv = counted('[ "$((n % 3))" -ne 0 ] || sleep 0.1; exit 1');
  for (let round = 0; round < 12; round++) {
    await Deno.writeTextFile(`${t.directory}/times`, "");
    await runner.start(define({ name: "astro", argv, ...policy }), { waitMs: 0 });
    const wanted = 1 + round % 4;
    await waitFor(async () => await executions(t) >= wanted, "some executions");
    await new Promise((resolve) => setTimeout(resolve, round * 17));
    await (await existing(runner, "astro")).stop(ASKED);
    const before = await executions(t);
    equal(await find(runner, "astro"), null);
    // The program by its own text: what keeps the output may have a moment to end.
    const left = (await t.sandbox.processes()).filter(({ command }) => command.includes(">>times"));
    deepEqual(left, []);
    equal(await executions(t), before);
  }
});

restartTest("an early failure is a failed start, which says that it goes on", async (t) => {
  const { runner, define } = t;
  const policy = { restart: "always", restartDelaySeconds: 60 };
  const definition = define({ name: "astro", argv: sh("echo no; exit 3"), ...policy });
  const error = await failure(runner.start(definition, { waitMs: 60_000 }));
  equal(error.code, "start_failed");
  ok(error.hint?.includes("it is started again (restart: always)"), error.hint ?? "");
  await (await existing(runner, "astro")).stop(ASKED);
});

restartTest("a program gives up after as many restarts as it may have", async (t) => {
  const { runner, define } = t;
  const policy = { restart: "on-failure:2", restartDelaySeconds: 0.1 };
  await runner.start(define({ name: "astro", argv: counted("exit 7"), ...policy }), { waitMs: 0 });
  const { status, stop } = await waitFor(async () => {
    const found = await existing(runner, "astro");
    return found.status.engineState === "gave_up" && found;
  }, "the end of it");
  deepEqual([status.state, status.exitCode, status.restarts], ["exited", 7, 2]);
  equal(status.reason, "gave up after 2 restarts");
  equal(await executions(t), 3);
  await stop(ASKED);
});

restartTest("a code that is no failure is none, at the start as well", async (t) => {
  const { runner, define } = t;
  const policy = { restart: "on-failure", successExitCodes: [3] };
  const definition = define({ name: "astro", argv: counted("exit 3"), ...policy });
  equal((await runner.start(definition, { waitMs: 60_000 })).exitCode, 3);
  const { status, stop } = await existing(runner, "astro");
  deepEqual([status.state, status.engineState, status.restarts], ["exited", "dead", 0]);
  await stop(ASKED);
});

restartTest("a program that is killed comes back, with another pid", async (t) => {
  const { runner, define } = t;
  const policy = { restart: "on-failure", restartDelaySeconds: 0.1 };
  const argv = sh("trap '' INT; while :; do sleep 0.1; done");
  const first = await runner.start(define({ name: "astro", argv, ...policy }), { waitMs: 100 });
  Deno.kill(first.pid ?? 0, "SIGKILL");
  const second = await waitFor(async () => {
    const found = await existing(runner, "astro");
    return found.status.state === "running" && found.status.restarts === 1 && found;
  }, "its return");
  ok(second.status.pid !== first.pid);
  await second.stop({ timeoutSeconds: 1, force: false });
  equal(await find(runner, "astro"), null);
});
