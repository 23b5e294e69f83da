import { deepEqual, equal, ok } from "node:assert/strict";
import type { Session } from "../../../../src/backends/backend.ts";
import { type ContainerDefinition, statusOf } from "../../../../src/model.ts";
import { ProgramMissingError } from "../../../../src/world/world.ts";
import { containerDefinition } from "../../../support/definitions.ts";
import type { ExpectedCall } from "../../../support/fake_world.ts";
import { dialled, DOCKER, idOf, inspectAnswer, type Inspected, type Listed } from "./containers.ts";
import { createTrial, removeTrial } from "../../../../src/backends/container/trial.ts";
import { SHOW_SOCKETS } from "../../../../src/backends/container/holders.ts";
import { ONLY_DOCKER, withRunner } from "./machine.ts";

const TRIAL = idOf("7");
/** The first random id of a fake world. */
const RUN = "000000000001";
const PORTS = { ports: ["8080:80"] };

const made = (
  define: Partial<ContainerDefinition>,
  { init = true, ...answer }: Partial<ExpectedCall> & { readonly init?: boolean } = {},
): ExpectedCall => {
  const plan = { definition: containerDefinition(define), runId: RUN, init };
  return { argv: createTrial(DOCKER, plan).argv, stdout: `${TRIAL}\n`, ...answer };
};
const failed = (stderr: string) => ({ code: 1, stdout: "", stderr });

/** What docker says of the trial, with the ports that it would get. */
function looked(ports: Readonly<Record<string, unknown>> = {}): ExpectedCall {
  const inspected: Inspected = { id: TRIAL, name: `kstops-trial-${RUN}`, status: "created" };
  const [row] = JSON.parse(inspectAnswer(inspected));
  const HostConfig = { ...row.HostConfig, PortBindings: ports, NetworkMode: "default" };
  return {
    argv: ["docker", "container", "inspect", "--", TRIAL],
    stdout: JSON.stringify([{ ...row, HostConfig }]),
  };
}
const removed: ExpectedCall = { argv: removeTrial(DOCKER, RUN) };
const AT_8080 = { "80/tcp": [{ HostIp: "", HostPort: "8080" }] };

/** Tries out whether astro could start, with exactly these calls behind the list of these containers. */
async function rehearse(
  calls: readonly ExpectedCall[],
  { define = {}, listed = [] }: {
    readonly define?: Partial<ContainerDefinition>;
    readonly listed?: readonly Listed[];
  } = {},
): Promise<{ readonly said: readonly string[]; readonly problem: string | null }> {
  const said: string[] = [];
  let problem: string | null = null;
  const machine = { ...ONLY_DOCKER, calls: [dialled(...listed), ...calls] };
  await withRunner(machine, async ({ runner }) => {
    const options = { replaced: null, say: (text: string) => void said.push(text) };
    await runner.rehearse?.(containerDefinition(define), options).catch((error: Error) => {
      problem = error.message;
    });
  });
  return { said, problem };
}

Deno.test("a trial is made, looked at, and taken away", async () => {
  deepEqual(await rehearse([made({}), looked(), removed]), { said: [], problem: null });
});

Deno.test("a trial gets its image, and does without an init, as a start does", async () => {
  const { said, problem } = await rehearse([
    made({}, failed("Error response from daemon: No such image: busybox:1\n")),
    { argv: ["docker", "pull", "--", "busybox:1"] },
    made({}, failed('exec: "docker-init": executable file not found in $PATH\n')),
    made({}, { init: false }),
    looked(),
    removed,
  ]);
  equal(problem, null);
  deepEqual(said, ["astro: docker does not have the image busybox:1, and gets it now"]);
});

Deno.test("a trial that docker refuses is taken away, too", async () => {
  const { problem } = await rehearse([
    made({}, failed("Error response from daemon: no such flag\n")),
    removed,
  ]);
  equal(problem, 'Cannot start "astro": no such flag');
});

Deno.test("a trial that cannot be taken away is named, and in nobody's way", async () => {
  const { said, problem } = await rehearse([
    made({}),
    looked(),
    { ...removed, ...failed("Error response from daemon: device or resource busy\n") },
  ]);
  equal(problem, null);
  deepEqual(said, [
    `astro: the container of its trial is left, remove it: ${removed.argv.join(" ")} ` +
    "(device or resource busy)",
  ]);
});

Deno.test("a port is looked for among containers first, then among programs", async () => {
  const listed = { id: idOf("b"), name: "web", labels: null };
  const [row] = JSON.parse(inspectAnswer(listed));
  const described = { ...row, HostConfig: { ...row.HostConfig, PortBindings: AT_8080 } };
  const answer = { status: 200, body: JSON.stringify(described) };
  const byContainer = await rehearse([made(PORTS), looked(AT_8080), removed], {
    define: PORTS,
    listed: [{ ...listed, answer }],
  });
  equal(
    byContainer.problem,
    'Cannot start "astro": its port 8080/tcp is taken by the docker container "web"',
  );
  const stdout = "/proc/net/tcp:   0: 00000000:1F90 00000000:0000 0A 0:0 0:0 0 0 0 1 1\n";
  const calls = [made(PORTS), looked(AT_8080), removed];
  const byProgram = await rehearse([...calls, { argv: SHOW_SOCKETS, stdout, code: 2 }], {
    define: PORTS,
  });
  ok(byProgram.problem?.endsWith("is taken by another program of this machine"));
});

Deno.test("where nobody can say who listens, that keeps nothing from starting", async () => {
  const fails = new ProgramMissingError("grep", "missing");
  const { problem } = await rehearse(
    [made(PORTS), looked(AT_8080), removed, { argv: SHOW_SOCKETS, fails }],
    { define: PORTS },
  );
  equal(problem, null);
});

for (const engineState of ["paused", "restarting"]) {
  Deno.test(`the ports of a container that is ${engineState} are not those of another program`, async () => {
    const stdout = "/proc/net/tcp:   0: 00000000:1F90 00000000:0000 0A 0:0 0:0 0 0 0 1 1\n";
    const id = idOf("a");
    const calls = [made(PORTS), lookedBoth(id), removed, { argv: SHOW_SOCKETS, stdout }];
    const machine = { ...ONLY_DOCKER, calls: [dialled({ id }), ...calls] };
    await withRunner(machine, async ({ runner }) => {
      const ports = [{ hostIp: null, hostPort: 8080, containerPort: 80, protocol: "tcp" }] as const;
      const state = engineState === "paused" ? "stopped" : "exited";
      const status = statusOf({
        ...{ name: "astro", backend: "container", state, engine: "docker", id, ports, engineState },
      });
      const replaced = { status } as Session;
      await runner.rehearse?.(containerDefinition(PORTS), { replaced, say: () => {} });
    });
  });
}

/** The same, with what docker says of the container that is replaced. */
function lookedBoth(old: string): ExpectedCall {
  const trial = looked(AT_8080);
  const rows = [...JSON.parse(String(trial.stdout)), ...JSON.parse(inspectAnswer({ id: old }))];
  return { argv: [...trial.argv, old], stdout: JSON.stringify(rows) };
}
