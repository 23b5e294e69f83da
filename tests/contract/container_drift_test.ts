/** What podman and docker tell of a container that somebody has changed since it was started. */
import { deepEqual } from "node:assert/strict";
import type { Change } from "../../src/model/change.ts";
import {
  type ContainerSetup,
  containerTest,
  testImage,
  withContainers,
} from "./container_setup.ts";
import { ignoreWithoutEngines } from "../support/engines.ts";
import { existing, sh, unique } from "./suite.ts";

const FORCE = { timeoutSeconds: null, force: true };
const SERVE = sh("exec sleep 3600");

function dockerTest(name: string, body: (t: ContainerSetup) => Promise<void>): void {
  Deno.test({
    name: `docker: ${name}`,
    ignore: ignoreWithoutEngines(),
    fn: () => withContainers("docker", body),
  });
}

async function altered({ runner }: ContainerSetup, name: string): Promise<readonly Change[]> {
  const session = await existing(runner, name);
  return await session.altered?.() ?? [];
}

containerTest("a container that nobody has changed is what was started", async (t) => {
  const name = unique("same");
  const runArgs = ["--memory", "64m"];
  const session = t.define({ name, argv: SERVE, restart: "on-failure:3", runArgs });
  await t.runner.start(session, { waitMs: 0 });
  deepEqual(await altered(t, name), []);
  await (await existing(t.runner, name)).stop(FORCE);
});

containerTest("a name that is not here any more is no other image", async (t) => {
  const [name, image] = [unique("gone"), `localhost/${unique("gone")}:1`];
  await t.client("tag", testImage(), image);
  await t.runner.start(t.define({ name, argv: SERVE, image }), { waitMs: 0 });
  await t.client("image", "rm", "--force", image).catch(() => t.client("untag", image));
  deepEqual(await altered(t, name), []);
  await (await existing(t.runner, name)).stop(FORCE);
});

// podman 4.3 changes neither of a container that is there.
dockerTest("a policy or a limit of memory that was changed is told", async (t) => {
  const name = unique("other");
  const session = t.define({ name, argv: SERVE, restart: "always", runArgs: ["--memory=64m"] });
  await t.runner.start(session, { waitMs: 0 });
  await t.client("update", "--restart", "on-failure:2", name);
  deepEqual(await altered(t, name), [{ key: "restart", from: "on-failure:2", to: "always" }]);
  await t.client("update", "--memory", "96m", "--memory-swap", "96m", name);
  deepEqual((await altered(t, name)).at(-1), {
    key: "run_args",
    from: "--memory 96MiB",
    to: "--memory 64MiB",
  });
  await (await existing(t.runner, name)).stop(FORCE);
});
