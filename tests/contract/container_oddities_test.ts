/** Containers that do not play along: too quick, without a readable log, removed by themselves. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { findClients } from "../../src/backends/container/clients.ts";
import type { Session } from "../../src/backends/backend.ts";
import { denoWorld } from "../../src/world/deno.ts";
import type { World } from "../../src/world/world.ts";
import { ignoreWithoutEngines } from "../support/engines.ts";
import { containerTest, withContainers } from "./container_setup.ts";
import { failure } from "../support/failure.ts";
import { ended, existing, find, printed, sh, unique } from "./suite.ts";
import { LIMIT_MS } from "../support/limits.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };
const SERVE = sh("echo ready; exec sleep 3600");

containerTest("a session whose output nobody can read is told, replaced and stopped", async (t) => {
  const { runner, define } = t;
  const name = unique("mute");
  const runArgs = ["--log-driver", "none"];
  const failed = define({ name, argv: sh("exit 3"), runArgs });
  const { message, hint } = await failure(runner.start(failed, { waitMs: LIMIT_MS }));
  match(message, /it ended at once with exit code 3$/);
  match(hint ?? "", /^what it printed cannot be read: /);
  const started = await runner.start(
    define({ name, argv: SERVE, runArgs, stopTimeoutSeconds: 0 }),
    {
      waitMs: 50,
    },
  );
  equal(started.state, "running");
  const session = await existing(runner, name);
  const error = await failure(session.logs({ lines: 5 }));
  equal(error.code, "backend_unavailable");
  match(error.message, /^Cannot read what "mute-.*" printed: /);
  equal((await session.stop(AS_DEFINED)).state, "stopped");
  equal(await find(runner, name), null);
});

containerTest("a stop by force asks nobody, however fast it would answer", async (t) => {
  const { runner, define } = t;
  const argv = sh("trap 'exit 0' TERM INT; echo ready; while :; do sleep 0.01; done");
  for (let round = 1; round <= 3; round++) {
    const name = unique("quick");
    await runner.start(define({ name, argv }), { waitMs: 300 });
    const session = await existing(runner, name);
    const { exitCode, signal } = await session.stop({ timeoutSeconds: null, force: true });
    deepEqual([exitCode, signal], [137, "SIGKILL"]);
  }
});

containerTest("a session that ended by itself is no stopped one after it was kept", async (t) => {
  const { runner, define } = t;
  const name = unique("done");
  await runner.start(define({ name, argv: sh("exit 0") }), { waitMs: LIMIT_MS });
  const session = await ended(runner, name);
  await session.stop({ ...AS_DEFINED, keep: true });
  const { state, exitCode } = (await existing(runner, name)).status;
  deepEqual([state, exitCode], ["exited", 0]);
});

containerTest("a container that goes when it ends says how it ended", async (t) => {
  const { runner, define } = t;
  const started = (script: string) => {
    const wanted = define({ name: unique("brief"), argv: sh(script), runArgs: ["--rm"] });
    return runner.start(wanted, { waitMs: LIMIT_MS });
  };
  // Late enough to be waited for: what went before that cannot be asked any more.
  const { state, exitCode } = await started("sleep 3; exit 0");
  deepEqual([state, exitCode], ["exited", 0]);
  const { message, details } = await failure(started("sleep 3; exit 4"));
  match(message, /it ended at once with exit code 4/);
  equal(details["exit_code"], 4);
});

Deno.test({
  name: "podman: a session whose monitor was killed is stopped, and nothing of it is left",
  ignore: ignoreWithoutEngines(),
  fn: () =>
    withContainers("podman", async ({ runner, define, client, world }) => {
      const name = unique("orphan");
      const wanted = define({ name, argv: SERVE, stopTimeoutSeconds: 0 });
      const { pid } = await runner.start(wanted, { waitMs: 50 });
      ok(pid !== null);
      const monitor = await client(
        "container",
        "inspect",
        "--format",
        "{{.State.ConmonPid}}",
        name,
      );
      equal(world.processes.signal(Number(monitor), "SIGKILL"), "sent");
      const session = await existing(runner, name);
      const status = await session.stop(AS_DEFINED);
      deepEqual([status.state, status.pid], ["stopped", null]);
      equal(await find(runner, name), null);
    }),
});

Deno.test({
  name: "docker on podman's socket: sessions of podman are started, listed, read and stopped",
  ignore: ignoreWithoutEngines(),
  fn: () =>
    withContainers("podman", async ({ runner, runnerIn, define, world, directory, sandbox }) => {
      const socket = `${directory}/podman.sock`;
      const service = new Deno.Command("podman", {
        args: ["system", "service", "--time", "0", `unix://${socket}`],
        stdout: "null",
        stderr: "null",
        clearEnv: true,
        env: { ...world.environment() },
      }).spawn();
      try {
        await sandbox.waitFor(
          async () => (await world.files.facts(socket))?.kind === "socket",
          "podman's socket",
        );
        const led = await withDockerAlone(world, directory, socket);
        deepEqual(await findClients(led), [
          { runtime: "podman", dialect: "docker", program: "docker" },
        ]);
        const name = unique("led");
        const byDocker = runnerIn(led);
        const wanted = define({ name, argv: SERVE, runtime: null, stopTimeoutSeconds: 0 });
        const started = await byDocker.start(wanted, { waitMs: 50 });
        deepEqual([started.state, started.engine], ["running", "podman"]);
        const session: Session = await existing(byDocker, name);
        equal(session.status.id, (await existing(runner, name)).status.id);
        equal(await printed(session), "ready\n");
        equal((await session.stop(AS_DEFINED)).state, "stopped");
        equal(await find(runner, name), null);
      } finally {
        service.kill("SIGTERM");
        await service.status;
      }
    }),
});

/** A world that has docker's client, and no podman, and leads it to that socket. */
async function withDockerAlone(world: World, directory: string, socket: string): Promise<World> {
  const path = `${directory}/only-docker`;
  await Deno.mkdir(path);
  const { stdout } = await denoWorld().exec(["which", "docker"], { timeoutMs: LIMIT_MS });
  await Deno.symlink(stdout.trim(), `${path}/docker`);
  const changes: Readonly<Record<string, string>> = { PATH: path, DOCKER_HOST: `unix://${socket}` };
  return {
    ...world,
    env: (name) => changes[name] ?? world.env(name),
    environment: () => ({ ...world.environment(), ...changes }),
    exec: ([program = "", ...args], options) =>
      world.exec([program === "docker" ? `${path}/docker` : program, ...args], {
        ...options,
        env: { ...changes, ...options.env },
      }),
    execBytes: ([program = "", ...args], options) =>
      world.execBytes([program === "docker" ? `${path}/docker` : program, ...args], {
        ...options,
        env: { ...changes, ...options.env },
      }),
  };
}
