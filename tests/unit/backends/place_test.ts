/** Where a start would put a session: the name of the lock on it hangs on that. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { noConfig } from "../../../src/library/session_config.ts";
import { logStore } from "../../../src/logs/store.ts";
import type { Definition, Runtime } from "../../../src/model.ts";
import { formatPlace, type Place } from "../../../src/model/place.ts";
import { sessionsOf } from "../../../src/sessions/machine.ts";
import { containerDefinition, tmuxDefinition } from "../../support/definitions.ts";
import { type FakeFile, withFakeWorld } from "../../support/fake_world.ts";

const PROGRAM: FakeFile = { mode: 0o755, content: "x".repeat(20_000) };

async function placeOf(definition: Definition, programs: readonly string[]): Promise<Place> {
  let place: Place | null = null;
  const files = Object.fromEntries(programs.map((program) => [`/usr/bin/${program}`, PROGRAM]));
  await withFakeWorld({ files, env: { PATH: "/usr/bin" } }, async (world) => {
    const config = () => Promise.resolve(noConfig(world));
    place = await sessionsOf(world, { config, logs: logStore(world, () => {}) }).place(definition);
  });
  return place!;
}

const RUNTIMES: Record<string, readonly [Runtime | null, readonly string[], Runtime]> = {
  "podman where both are there": [null, ["podman", "docker"], "podman"],
  "docker where only that is there": [null, ["docker"], "docker"],
  "the one that its definition names": ["docker", ["podman", "docker"], "docker"],
};

for (const [what, [runtime, programs, expected]] of Object.entries(RUNTIMES)) {
  Deno.test(`a container will be in ${what}`, async () => {
    const place = await placeOf(containerDefinition({ runtime }), programs);
    deepEqual(place, { host: null, backend: "container", engine: expected, scope: null });
    equal(formatPlace(place), expected);
  });
}

Deno.test("where no runtime is installed, a container has no place", async () => {
  await rejects(placeOf(containerDefinition(), []), { code: "backend_not_found" });
});

Deno.test("a tmux session will be on the socket of its definition", async () => {
  const definition = tmuxDefinition({ socketName: "bots" });
  equal(formatPlace(await placeOf(definition, [])), "tmux:bots");
});
