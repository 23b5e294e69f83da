import { equal, notEqual } from "node:assert/strict";
import { REGISTRY } from "../../../src/backends/registry.ts";
import { whereIs } from "../../../src/logs/where.ts";
import { enginesOf } from "../../../src/model/place.ts";
import type { Engine } from "../../../src/model.ts";
import { type FakeWorldSpec, withFakeWorld } from "../../support/fake_world.ts";

const HOME = { HOME: "/home/user" };

/** The variables that lead a client of it. */
function ledBy(engine: Engine): readonly string[] {
  return REGISTRY.find(({ backend }) => enginesOf(backend).includes(engine))!.ledBy(engine);
}

/** Where an engine is, on such a machine. */
async function where(
  engine: Engine,
  env: FakeWorldSpec["env"] = {},
): Promise<string> {
  let found = "";
  await withFakeWorld({ env: { ...HOME, ...env } }, (world) => {
    found = whereIs(ledBy(engine), world);
  });
  return found;
}

for (
  const [engine, variable] of [
    ["tmux", "TMUX_TMPDIR"],
    ["podman", "CONTAINER_HOST"],
    ["podman", "CONTAINER_CONNECTION"],
    ["podman", "CONTAINERS_STORAGE_CONF"],
    ["docker", "DOCKER_HOST"],
    ["docker", "DOCKER_CONTEXT"],
  ] as const
) {
  Deno.test(`${engine} is another one where ${variable} leads elsewhere`, async () => {
    const usual = await where(engine);
    equal(await where(engine), usual);
    equal(await where(engine, { [variable]: "" }), usual);
    notEqual(await where(engine, { [variable]: "/elsewhere" }), usual);
    equal(await where(engine, { UNRELATED: "x" }), usual);
  });
}

Deno.test("what leads docker elsewhere does not lead tmux anywhere", async () => {
  equal(await where("tmux", { DOCKER_HOST: "tcp://other" }), await where("tmux"));
});
