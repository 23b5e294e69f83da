/** The container backend on the private engines of the tests: see `.ci/engines`. */
import { containerRunner } from "../../src/backends/container/runner.ts";
import { logStore } from "../../src/logs/store.ts";
import { type ContainerDefinition, type Runtime, RUNTIMES } from "../../src/model.ts";
import type { ExecResult, World } from "../../src/world/world.ts";
import { containerDefinition } from "../support/definitions.ts";
import { ignoreWithoutEngines } from "../support/engines.ts";
import { type TmuxSandbox, withTmux } from "../support/tmux.ts";
import type { Runner } from "../../src/backends/backend.ts";
import type { Harness, SuiteTest } from "./suite.ts";
import { LIMIT_MS } from "../support/limits.ts";

if (ignoreWithoutEngines()) {
  console.log("Tests of containers are ignored: . <(.ci/engines up) brings up engines for them");
}

/** What is known of the container backend besides what every backend has. */
export interface ContainerSetup extends SuiteTest {
  readonly sandbox: TmuxSandbox;
  readonly world: World;
  readonly runtime: Runtime;
  readonly define: (
    wanted: Pick<ContainerDefinition, "name" | "argv"> & Partial<ContainerDefinition>,
  ) => ContainerDefinition;
  /** A backend at work in another world. */
  readonly runnerIn: (world: World) => Runner;
  /**
   * Runs the runtime's own client, and gives what it printed.
   *
   * @throws when it fails
   */
  readonly client: (...args: readonly string[]) => Promise<string>;
  /** The same to clear something away, which may have gone already. */
  readonly clear: (...args: readonly string[]) => Promise<void>;
  /**
   * Makes a container by the runtime's own client, of the test's image unless told, and gives its id.
   *
   * @throws when the client fails
   */
  readonly make: (foreign: Foreign) => Promise<string>;
}

/** A container that kstops does not make. */
export interface Foreign {
  /** `run` unless told. */
  readonly verb?: "run" | "create";
  readonly name: string;
  readonly argv: readonly string[];
  /** Flags of the client. */
  readonly flags?: readonly string[];
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
    // docker 20.10, driver local.
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
  await withTmux(async (sandbox) => {
    const { world } = sandbox;
    const directory = world.workingDirectory();
    const call = (...args: readonly string[]): Promise<ExecResult> =>
      // podman 4.3 leaves a file where it was called when the memory of a container is used up.
      world.exec(["env", "--chdir", directory, runtime, ...args], { timeoutMs: LIMIT_MS });
    const client: ContainerSetup["client"] = async (...args) => {
      const { code, stdout, stderr } = await call(...args);
      if (code !== 0) throw new Error(`${runtime} ${args.join(" ")}: ${stderr}`);
      return stdout.trim();
    };
    const runnerIn = (world: World): Runner =>
      containerRunner(world, { logs: logStore(world, () => {}) });
    // Everything that a test makes mounts its directory, and nothing else does.
    const mine = ["ps", "--all", "--quiet", "--no-trunc", "--filter", `volume=${directory}`];
    try {
      await body({
        runner: runnerIn(world),
        runnerIn,
        logs: logStore(world, () => {}),
        sandbox,
        world,
        runtime,
        directory,
        client,
        clear: async (...args) => void await call(...args),
        make: async ({ verb = "run", name, argv, flags = [] }) => {
          const mount = ["--volume", `${directory}:${directory}`];
          const args = verb === "run" ? [verb, "--detach"] : [verb];
          return await client(...args, "--name", name, ...mount, ...flags, testImage(), ...argv);
        },
        define: (wanted) =>
          containerDefinition({
            image: testImage(),
            workingDir: directory,
            volumes: [`${directory}:${directory}`],
            runtime,
            ...wanted,
          }),
      });
    } finally {
      const left = (await client(...mine)).split("\n").filter((id) => id !== "");
      if (left.length > 0) {
        const force = runtime === "podman" ? ["--force", "--time", "0"] : ["--force"];
        // Some of them remove themselves.
        await call("rm", ...force, "--volumes", ...left);
      }
    }
  }, { containers: true });
}
