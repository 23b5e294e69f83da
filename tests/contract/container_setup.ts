/** The container backend on the private engines of the tests: see `.ci/engines`. */
import { containerRunner } from "../../src/backends/container/runner.ts";
import { logStore } from "../../src/logs/store.ts";
import { type ContainerDefinition, DEFAULT_LOG, type Runtime, RUNTIMES } from "../../src/model.ts";
import type { World } from "../../src/world.ts";
import { ignoreWithoutEngines } from "../support/engines.ts";
import { withTmux } from "../support/tmux.ts";
import type { Harness, SuiteTest } from "./suite.ts";

/** What is known of the container backend besides what every backend has. */
export interface ContainerSetup extends SuiteTest {
  readonly world: World;
  readonly runtime: Runtime;
  readonly define: (
    wanted: Pick<ContainerDefinition, "name" | "argv"> & Partial<ContainerDefinition>,
  ) => ContainerDefinition;
  /** Runs the runtime's own client, and gives what it printed; its exit code may be anything. */
  readonly client: (...args: readonly string[]) => Promise<string>;
}

/** The image of the private engines: busybox alone. */
export function testImage(): string {
  return Deno.env.get("KSTOPS_TEST_IMAGE") ?? "localhost/kstops-test:1";
}

/** How a runtime joins the suite of all backends. */
export function containerHarness(runtime: Runtime): Harness {
  return {
    engine: runtime,
    ignore: ignoreWithoutEngines(),
    python: null,
    isolated: true,
    // docker's usual log is JSON (json-file).
    logsAreText: runtime === "docker",
    // docker 20.10 names.go.
    shortestName: runtime === "docker" ? 2 : 1,
    within: (body) => withContainers(runtime, body),
  };
}

/** A test on both runtimes. */
export function containerTest(name: string, body: (t: ContainerSetup) => Promise<void>): void {
  for (const runtime of RUNTIMES) {
    Deno.test({
      name: `${runtime}: ${name}`,
      ignore: ignoreWithoutEngines(),
      fn: () => withContainers(runtime, body),
    });
  }
}

/** Runs `body` with a runner of one runtime, and removes the containers that it has made. */
export async function withContainers(
  runtime: Runtime,
  body: (t: ContainerSetup) => Promise<void>,
): Promise<void> {
  await withTmux(async ({ world }) => {
    const directory = world.workingDirectory();
    const client: ContainerSetup["client"] = async (...args) =>
      (await world.exec([runtime, ...args], { timeoutMs: 60_000 })).stdout.trim();
    // Everything that a test makes mounts its directory, and nothing else does.
    const mine = ["ps", "--all", "--quiet", "--no-trunc", "--filter", `volume=${directory}`];
    try {
      await body({
        runner: containerRunner(world, { logs: logStore(world, () => {}) }),
        logs: logStore(world, () => {}),
        world,
        runtime,
        directory,
        client,
        define: (wanted) => ({
          backend: "container",
          image: testImage(),
          env: {},
          workingDir: directory,
          volumes: [`${directory}:${directory}`],
          logVolume: null,
          ports: [],
          runtime,
          network: null,
          user: null,
          restart: null,
          runArgs: [],
          stopSignal: null,
          stopTimeoutSeconds: 10,
          protected: false,
          log: DEFAULT_LOG,
          ...wanted,
        }),
      });
    } finally {
      const left = (await client(...mine)).split("\n").filter((id) => id !== "");
      if (left.length > 0) {
        const force = runtime === "podman" ? ["--force", "--time", "0"] : ["--force"];
        await client("rm", ...force, "--volumes", ...left);
      }
    }
  }, { containers: true });
}
