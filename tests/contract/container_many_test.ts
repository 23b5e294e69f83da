/** What is promised of several containers that are changed at the same time, on real podman and docker. */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Session } from "../../src/backends/backend.ts";
import type { World } from "../../src/world/world.ts";
import { waitFor } from "../support/tmux.ts";
import { type ContainerSetup, containerTest } from "./container_setup.ts";
import { existing, find, sh, unique } from "./suite.ts";

const AS_DEFINED = { timeoutSeconds: null, force: false };
const FORCE = { timeoutSeconds: null, force: true };

/** Ends when it is told to. */
const SERVE = sh("echo ready; exec sleep 3600");
/** Hears no signal but the last. */
const STUBBORN = sh("trap '' TERM; echo ready; while :; do sleep 1; done");

/** Starts sessions, and finds them by a runner in another world. */
async function started(
  { runner, runnerIn, define }: ContainerSetup,
  world: World,
  programs: readonly (readonly string[])[],
): Promise<readonly Session[]> {
  const names = programs.map((_, index) => unique(`many${index + 1}`));
  await Promise.all(
    names.map((name, index) =>
      runner.start(define({ name, argv: programs[index] ?? SERVE, stopTimeoutSeconds: 1 }), {
        waitMs: 50,
      })
    ),
  );
  const other = runnerIn(world);
  return await Promise.all(names.map((name) => existing(other, name)));
}

const nameOf = ({ status }: Session): string => status.name ?? "";

/** A world that notes what clients are told to do, and lets something happen before. */
function watched(
  { world }: ContainerSetup,
  before: (verb: string) => Promise<void> = () => Promise.resolve(),
): { readonly world: World; readonly told: (verb: string) => readonly number[] } {
  const calls: { readonly verb: string; readonly ids: number }[] = [];
  return {
    world: {
      ...world,
      exec: async (argv, options) => {
        const verb = argv[1] ?? "";
        calls.push({ verb, ids: argv.slice(argv.indexOf("--") + 1).length });
        await before(verb);
        return await world.exec(argv, options);
      },
    },
    told: (verb) => calls.filter((call) => call.verb === verb).map(({ ids }) => ids),
  };
}

containerTest(
  "containers that are stopped together are ended and removed by few clients",
  async (t) => {
    const { world, told } = watched(t);
    const sessions = await started(t, world, [SERVE, SERVE, SERVE]);
    const statuses = await Promise.all(sessions.map((session) => session.stop(AS_DEFINED)));
    deepEqual(statuses.map(({ state }) => state), ["stopped", "stopped", "stopped"]);
    for (const [index, session] of sessions.entries()) {
      equal(statuses[index]?.name, nameOf(session));
      equal(await find(t.runner, nameOf(session)), null);
    }
    deepEqual(told("stop"), [3]);
    ok(told("rm").length < 3, `${told("rm")}`);
  },
);

containerTest("by force they are all ended at once", async (t) => {
  const sessions = await started(t, t.world, [STUBBORN, SERVE, STUBBORN]);
  const statuses = await Promise.all(sessions.map((session) => session.stop(FORCE)));
  deepEqual(statuses.map(({ signal }) => signal), ["SIGKILL", "SIGKILL", "SIGKILL"]);
});

containerTest("one that takes its time keeps no other waiting", async (t) => {
  const [slow, ...others] = await started(t, t.world, [STUBBORN, SERVE, SERVE]);
  ok(slow);
  const patient = { timeoutSeconds: 600, force: false };
  const slowStop = slow.stop(patient);
  const stops = await Promise.all(others.map((session) => session.stop(patient)));
  deepEqual(stops.map(({ state }) => state), ["stopped", "stopped"]);
  // Its stop still goes on.
  equal((await existing(t.runner, nameOf(slow))).status.state, "running");
  await t.client("kill", nameOf(slow));
  equal((await slowStop).state, "stopped");
  for (const session of [slow, ...others]) equal(await find(t.runner, nameOf(session)), null);
});

containerTest("one that somebody else removes keeps the others from nothing", async (t) => {
  let removal: Promise<void> | null = null;
  const names: string[] = [];
  const { world } = watched(t, async (verb) => {
    // podman stops none of them then.
    if (verb === "stop") await (removal ??= t.clear("rm", "--force", names[1] ?? ""));
  });
  const sessions = await started(t, world, [SERVE, SERVE, SERVE]);
  names.push(...sessions.map(nameOf));
  const statuses = await Promise.all(sessions.map((session) => session.stop(AS_DEFINED)));
  deepEqual(statuses.map(({ state }) => state), ["stopped", "stopped", "stopped"]);
  for (const name of names) {
    await waitFor(async () => await find(t.runner, name) === null, `the end of ${name}`);
  }
});

containerTest("of several that are started together each is told the truth", async (t) => {
  const programs = [SERVE, sh("echo no disk; exit 3"), SERVE, sh("exit 0"), SERVE, SERVE, SERVE];
  const starts = await Promise.allSettled(
    programs.map((argv, index) =>
      t.runner.start(t.define({ name: unique(`many${index + 1}`), argv }), { waitMs: 500 })
    ),
  );
  const outcomes = starts.map((start) => {
    if (start.status === "fulfilled") return start.value.state;
    const { code, details } = start.reason;
    return [code, details["exit_code"], details["output"]];
  });
  const failed = ["start_failed", 3, ["no disk"]];
  deepEqual(outcomes, ["running", failed, "running", "exited", "running", "running", "running"]);
});
