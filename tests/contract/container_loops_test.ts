/** Containers that their restart policy starts again and again, on real podman and docker. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { SessionStopError } from "../../src/errors.ts";
import { waitFor } from "../support/tmux.ts";
import { type ContainerSetup, containerTest } from "./container_setup.ts";
import { failure } from "../support/failure.ts";
import { existing, find, sh, unique } from "./suite.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };

/** Says which execution it is, in its output, in a file and in its exit code. */
const counting = (file: string) =>
  sh(`n=$(($(cat ${file}) + 1)); echo $n >${file}; echo execution $n; exit $((n % 100 + 1))`);

/** Starts one that ends again and again, and waits until its policy has started it again. */
async function loop(t: ContainerSetup, restart: string): Promise<{ name: string; file: string }> {
  const { runner, define, directory, world } = t;
  const name = unique("loop");
  const file = `${directory}/${name}`;
  await world.files.create(file, "0\n");
  const error = await failure(
    runner.start(define({ name, argv: counting(file), restart }), { waitMs: 500 }),
  );
  equal(error.code, "start_failed");
  await waitFor(async () => Number(await world.files.readText(file)) > 1, "another execution");
  return { name, file };
}

/** How often each of them is tried: once in three times is what a fault of this kind shows at least. */
const ROUNDS = 4;

containerTest("a container in a crash loop is stopped every time, and is gone", async (t) => {
  const { runner, logs, world } = t;
  for (let round = 0; round < ROUNDS; round++) {
    const { name, file } = await loop(t, "always");
    const session = await existing(runner, name);
    const stopped = await session.stop(AS_DEFINED);
    equal(stopped.state, "stopped");
    equal(await find(runner, name), null);
    const executions = Number(await world.files.readText(file));
    const output = (await logs.outputs(name)).at(-1) ?? "";
    const kept = new TextDecoder().decode(await logs.read(output, { lines: Infinity }));
    const [told = ""] = kept.match(/\d+(?=\n$)/) ?? [];
    // podman 4 may execute it once more before it is gone: what is told of it is one execution.
    ok(Number(told) >= executions - 1, `${told} of ${executions}`);
    const own = Number(told) % 100 + 1;
    const run = (await logs.runs(name)).at(-1);
    // The stop came before its program was executed: runc's own first process, written in Go, ends with
    // 2 when it gets SIGTERM.
    const printedNothing = (run?.ended?.again?.restarts ?? 0) >= Number(told);
    ok(
      [own, 137, 143, ...(printedNothing ? [2] : [])].includes(stopped.exitCode ?? -1),
      `${stopped.exitCode} after ${told} of ${executions}: ${JSON.stringify(run)}, ${kept}`,
    );
    ok(run?.begun && run.ended && run.stopped);
    equal(run.ended.exitCode, stopped.exitCode);
    ok(run.begun.at <= run.ended.at, `${run.begun.at.toISOString()} ${run.ended.at.toISOString()}`);
  }
});

containerTest("one that is kept stays down, or is said not to", async (t) => {
  const { runner, world, runtime } = t;
  const { name, file } = await loop(t, "on-failure:1000");
  const kept = await (await existing(runner, name)).stop({ ...AS_DEFINED, keep: true })
    .catch((error: unknown) => error);
  if (kept instanceof SessionStopError) {
    // podman 4 can neither take the policy away nor stop what ends that fast.
    equal(runtime, "podman");
    match(kept.message, /podman starts it again and again \(restart: on-failure\)$/);
  } else {
    const { status } = await existing(runner, name);
    deepEqual([status.state, status.pid], ["stopped", null]);
    const executions = await world.files.readText(file);
    equal(await t.client("container", "inspect", "--format", "{{.State.Status}}", name), "exited");
    equal(await world.files.readText(file), executions);
  }
  const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
  equal(stopped.state, "stopped");
  equal(await find(runner, name), null);
});

containerTest("a foreign one in a crash loop keeps its policy", async (t) => {
  const { runner, runtime, directory, world } = t;
  const name = unique("strange");
  const file = `${directory}/${name}`;
  await world.files.create(file, "0\n");
  await t.make({ name, argv: counting(file), flags: ["--restart", "on-failure:1000"] });
  await waitFor(async () => Number(await world.files.readText(file)) > 1, "another execution");
  const stopped = await (await existing(runner, name)).stop(AS_DEFINED)
    .catch((error: unknown) => error);
  if (stopped instanceof SessionStopError) equal(runtime, "podman");
  const policy = "{{.HostConfig.RestartPolicy.Name}}";
  equal(await t.client("container", "inspect", "--format", policy, name), "on-failure");
});
