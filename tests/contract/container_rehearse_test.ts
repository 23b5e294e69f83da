/** Whether a container could start is found out beside the one that it replaces, and leaves no trace. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Session } from "../../src/backends/backend.ts";
import { InterruptedError } from "../../src/errors.ts";
import { lookAtContainers } from "../../src/backends/container/doctor.ts";
import type { ContainerDefinition, Runtime } from "../../src/model.ts";
import type { ExecOptions, World } from "../../src/world/world.ts";
import { failure } from "../support/failure.ts";
import { type ContainerSetup, containerTest, testImage } from "./container_setup.ts";
import { existing, sh, unique } from "./suite.ts";

const SERVE = sh("exec sleep 3600");
const FORCE = { timeoutSeconds: null, force: true };

/** A port of this machine that nobody has, on its loopback. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** The abandoned trials that `doctor` names. */
async function trialsIn(world: World, runtime: Runtime): Promise<readonly string[]> {
  const { clients } = await lookAtContainers(world, Promise.resolve("root"));
  const reached = clients.find(({ program }) => program === runtime)?.seen?.reached;
  return reached?.kind === "answered" ? reached.value.trials ?? [] : [`${runtime} did not answer`];
}

/** What a trial of that definition says and finds; null: it could start. */
async function rehearsed(
  { runner }: ContainerSetup,
  definition: ContainerDefinition,
  replaced: Session | null,
): Promise<{ readonly said: readonly string[]; readonly error: Error | null }> {
  const said: string[] = [];
  ok(runner.rehearse !== undefined);
  const trial = runner.rehearse(definition, { replaced, say: (text) => said.push(text) });
  const error = await trial.then(() => null, (error: Error) => error);
  return { said, error };
}

/** The containers that this test made to try something, by their names. */
async function trials({ client, directory }: ContainerSetup): Promise<string> {
  const filters = ["label=io.kstops.trial", `volume=${directory}`];
  const flags = filters.flatMap((filter) => ["--filter", filter]);
  return await client("ps", "--all", ...flags, "--format", "{{.Names}}");
}

/** A session that runs, with what it was started from. */
async function running(
  { runner, define }: ContainerSetup,
  more: Partial<ContainerDefinition> = {},
): Promise<{ readonly definition: ContainerDefinition; readonly session: Session }> {
  const definition = define({ name: unique("again"), argv: SERVE, ...more });
  await runner.start(definition, { waitMs: 0 });
  return { definition, session: await existing(runner, definition.name) };
}

interface Case {
  /** What is changed of a definition that runs. */
  readonly change: (t: ContainerSetup) => Partial<ContainerDefinition>;
  readonly message: RegExp;
  /** What is there besides. */
  readonly with?: (t: ContainerSetup) => Promise<void>;
}

/** A word for names that no other test has. */
function suffixOf(directory: string): string {
  return directory.replaceAll(/[^A-Za-z0-9]/g, "");
}

const REFUSED: Record<string, Case> = {
  "an image that nobody has": {
    change: () => ({ image: "localhost/kstops-none:1" }),
    message: /has no image "localhost\/kstops-none:1" and cannot get it/,
  },
  "a network that is not there": {
    change: () => ({ network: "kstops-none" }),
    message: /kstops-none.*not found/,
  },
  // As it went with docker compose: the container whose network is shared had been made anew.
  "the network of a container that has gone": {
    change: () => ({ network: "container:kstops-none" }),
    message: /kstops-none/,
  },
  "the network of a container that has ended": {
    change: ({ directory }) => ({ network: `container:ended${suffixOf(directory)}` }),
    message: /the container "ended.*", whose network it shares, does not run$/,
    with: async ({ make, directory }) => {
      await make({ verb: "create", name: `ended${suffixOf(directory)}`, argv: SERVE });
    },
  },
  "a mount whose source is not there": {
    change: ({ directory }) => ({ volumes: [`${directory}/none:/x`] }),
    message: /Cannot mount ".*\/none": there is no such file/,
  },
  "a mount in other words": {
    change: ({ directory }) => ({
      runArgs: ["--mount", `type=bind,source=${directory}/none,target=/x`],
    }),
    message: /none/,
  },
  "a flag that the runtime does not know": {
    change: () => ({ runArgs: ["--no-such-flag"] }),
    message: /unknown flag: --no-such-flag/,
  },
};

for (const [what, { change, message, with: prepare }] of Object.entries(REFUSED)) {
  containerTest(`${what} is found beside what runs`, async (t) => {
    await prepare?.(t);
    const { definition, session } = await running(t);
    const { error } = await rehearsed(t, { ...definition, ...change(t) }, session);
    ok(error !== null);
    match(error.message, message);
    const { status } = await existing(t.runner, definition.name);
    deepEqual([status.state, status.id], ["running", session.status.id]);
    equal(await trials(t), "");
  });
}

containerTest("ports are those of the container that is replaced, or nobody's", async (t) => {
  const { runtime, make } = t;
  const [own, others, listened] = [freePort(), freePort(), freePort()];
  const { definition, session } = await running(t, { ports: [`127.0.0.1:${own}:80`] });
  const wants = async (...ports: readonly string[]): Promise<string | null> =>
    (await rehearsed(t, { ...definition, ports }, session)).error?.message ?? null;
  equal(await wants(`127.0.0.1:${own}:80`), null);
  equal(await wants(`${own}:80`, "81"), null);
  const other = unique("holder");
  await make({ name: other, argv: SERVE, flags: ["--publish", `${others}:80`] });
  const taken = (port: string, by: string) =>
    `Cannot start "${definition.name}": its port ${port}/tcp is taken by ${by}`;
  equal(
    await wants(`127.0.0.1:${own}:80`, `127.0.0.1:${others}:81`),
    taken(`127.0.0.1:${others}`, `the ${runtime} container "${other}"`),
  );
  equal(await wants(`${others}:81/udp`), null);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: listened });
  try {
    equal(await wants(`${listened}:80`), taken(`${listened}`, "another program of this machine"));
    equal(await wants(`127.0.0.9:${listened}:80`), null);
  } finally {
    listener.close();
  }
  equal(await wants(`${listened}:80`), null);
  equal(await trials(t), "");
});

containerTest("what listens where a session has ended is somebody else's", async (t) => {
  const [one, two] = [freePort(), freePort()];
  const { definition, session } = await running(t, { ports: [`127.0.0.1:${one}:80`] });
  await session.stop(FORCE);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: one });
  try {
    // It had ended: what listens there now is somebody else's.
    const { error } = await rehearsed(t, definition, null);
    match(error?.message ?? "", /is taken by another program of this machine$/);
    const moved = { ...definition, ports: [`127.0.0.1:${two}:80`] };
    equal((await rehearsed(t, moved, null)).error, null);
  } finally {
    listener.close();
  }
});

containerTest("a container that kstops did not make is found in the way", async (t) => {
  const { runtime, make, define, runner, client } = t;
  const name = unique("foreign");
  const id = await make({ name, argv: SERVE });
  const definition = define({ name, argv: SERVE });
  for (
    const error of [
      (await rehearsed(t, definition, null)).error,
      await failure(runner.check(definition)),
    ]
  ) {
    match(error?.message ?? "", new RegExp(`a ${runtime} container of that name, not made by`));
  }
  equal(await client("inspect", "--format", "{{.Id}}", id), id);
});

containerTest("a trial leaves nothing that the start would find in its way", async (t) => {
  const { define, runner, runnerIn, world, directory, client } = t;
  const name = unique("traces");
  let volumes = "";
  const exec: World["exec"] = async (argv, options) => {
    const result = await world.exec(argv, options);
    const format = "{{range .Mounts}}{{.Name}} {{end}}";
    if (argv[1] === "create") {
      volumes = await client("inspect", "--format", format, result.stdout.trim());
    }
    return result;
  };
  const definition = define({
    name,
    argv: SERVE,
    volumes: [`${directory}:${directory}`, "/anonymous"],
    runArgs: ["--cidfile", `${directory}/${name}.id`, "--restart=always"],
    env: { TOKEN: "secret" },
  });
  const watched = { ...t, runner: runnerIn({ ...world, exec }) };
  equal((await rehearsed(watched, definition, null)).error, null);
  match(volumes, /^\S+$/);
  ok(!(await client("volume", "ls", "--quiet")).includes(volumes));
  await runner.start({ ...definition, runArgs: [] }, { waitMs: 0 });
  equal((await existing(runner, name)).status.state, "running");
});

/** A world in which a signal comes as soon as a container was made. */
function interruptedWorld(world: World): World {
  let isInterrupted = false;
  return {
    ...world,
    exec: async (argv: readonly string[], options: ExecOptions) => {
      if (isInterrupted && !options.cleanUp) throw new InterruptedError("SIGTERM");
      const result = await world.exec(argv, options);
      isInterrupted ||= argv[1] === "create";
      return result;
    },
  };
}

containerTest("a signal takes a trial away, too", async (t) => {
  const { runnerIn, world } = t;
  const { definition, session } = await running(t);
  const runner = runnerIn(interruptedWorld(world));
  const { error } = await rehearsed({ ...t, runner }, definition, session);
  ok(error instanceof InterruptedError, String(error));
  equal(await trials(t), "");
});

// docker compose took what it had left behind for the service, and failed at its name for ever.
containerTest(
  "a trial that a kill has left is no session, and goes with the next one",
  async (t) => {
    const { client, directory, runner, runnerIn, world } = t;
    const { definition, session } = await running(t);
    const id = unique("killed");
    const left = `kstops-trial-${id}`;
    await client(
      ...["create", "--name", left, "--label", `io.kstops.trial=${id}`],
      ...["--volume", `${directory}:${directory}`, testImage(), "sleep", "1"],
    );
    const names = async (): Promise<readonly (string | null)[]> =>
      (await runner.survey({})).flatMap(({ sessions }) =>
        sessions.map(({ status }) => status.name)
      );
    ok(!(await names()).includes(left));
    // It may be somebody's who is at work.
    equal((await rehearsed(t, definition, session)).error, null);
    equal(await trials(t), left);
    const later = new Date(world.now().getTime() + 3_600_000);
    const inAnHour = { ...world, now: () => later };
    ok(!(await trialsIn(world, t.runtime)).includes(left));
    ok((await trialsIn(inAnHour, t.runtime)).includes(left));
    const next = { ...t, runner: runnerIn(inAnHour) };
    equal((await rehearsed(next, definition, session)).error, null);
    equal(await trials(t), "");
    equal((await existing(runner, definition.name)).status.state, "running");
  },
);

containerTest("what runs under the name of a trial is a container like any other", async (t) => {
  const { make, runner } = t;
  const name = `kstops-trial-${unique("runs")}`;
  const label = `io.kstops.trial=${name.slice("kstops-trial-".length)}`;
  await make({ name, argv: SERVE, flags: ["--label", label] });
  equal((await existing(runner, name)).status.managed, false);
});
