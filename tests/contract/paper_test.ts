/** A third backend, made of one folder and one entry of the registry: it passes the suite of all backends. */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { REGISTRY } from "../../src/backends/registry.ts";
import { examine } from "../../src/doctor/doctor.ts";
import { noConfig } from "../../src/library/session_config.ts";
import { logStore } from "../../src/logs/store.ts";
import { formatPlace } from "../../src/model/place.ts";
import { sessionsOf } from "../../src/sessions/machine.ts";
import { attachTo } from "../../src/actions/attach.ts";
import type { World } from "../../src/world/world.ts";
import { tmuxDefinition } from "../support/definitions.ts";
import { LIMIT_MS } from "../support/limits.ts";
import { PAPER } from "../support/paper/descriptor.ts";
import { addWords, type PaperDefinition } from "../support/paper/words.ts";
import { paperRunner } from "../support/paper/runner.ts";
import { ignoreWithoutTmux, withTmux } from "../support/tmux.ts";
import { runnerSuite, unique, type Wanted } from "./suite.ts";

addWords();
REGISTRY.push(PAPER);

function definePaper(world: World, wanted: Wanted): PaperDefinition {
  const { socketName: _, ...definition } = tmuxDefinition({
    workingDir: world.workingDirectory(),
    ...wanted,
  });
  return { ...definition, backend: "paper" };
}

runnerSuite({
  engine: "paper",
  // The sandbox of tmux is one for any processes.
  ignore: ignoreWithoutTmux(),
  python: null,
  isolated: false,
  shortestName: 1,
  within: (body) =>
    withTmux(async ({ world }) => {
      const logs = logStore(world, () => {});
      const runner = paperRunner(world, { logs });
      try {
        await body({
          runner,
          logs,
          directory: world.workingDirectory(),
          define: (wanted) => definePaper(world, wanted),
        });
      } finally {
        const [paper] = await runner.survey({});
        for (const session of paper?.sessions ?? []) {
          await session.stop({ timeoutSeconds: null, force: true });
        }
      }
    }),
});

Deno.test({
  name: "a session of a third backend is listed, found, chosen and stopped like any other",
  ignore: ignoreWithoutTmux(),
  fn: () =>
    withTmux(async ({ world }) => {
      const logs = logStore(world, () => {});
      const sessions = sessionsOf(world, { config: () => Promise.resolve(noConfig(world)), logs });
      const definition = definePaper(world, { name: unique("astro"), argv: ["sleep", "60"] });
      const { name } = definition;
      equal(formatPlace(await sessions.place(definition)), "paper");
      await sessions.start(definition, { waitMs: 50 });
      const { statuses } = await sessions.list({ backend: "paper" });
      deepEqual(statuses.map((status) => [status.name, status.engine, status.state]), [
        [name, "paper", "running"],
      ]);
      for (const selection of [{}, { backend: "paper" }, { engine: "paper" }] as const) {
        equal((await sessions.find("show", name, selection)).kind, "session");
      }
      const restarted = { ...definition, restart: "always" };
      await rejects(sessions.start(restarted, { waitMs: 0 }), {
        code: "value_invalid",
        message: `Cannot start "${name}": nothing executes a program again on paper`,
      });
      const again = sessions.start(definition, { waitMs: LIMIT_MS });
      equal(await again.catch(({ code }) => code), "session_exists");
      const match = await sessions.find("stop", name, {});
      if (match.kind !== "session") throw new Error("it is not there");
      await rejects(attachTo(match.session, { readOnly: false, say: () => {} }), {
        code: "attach_failed",
        message: `Cannot attach to "${name}": a program on paper has no terminal`,
      });
      await match.session.stop({ timeoutSeconds: null, force: true });
      deepEqual((await sessions.list({ backend: "paper" })).statuses, []);
    }),
});

Deno.test({
  name: "the doctor says what a third backend has to say, beside the others",
  ignore: ignoreWithoutTmux(),
  fn: () =>
    withTmux(async ({ world }) => {
      const findings = await examine(world, noConfig(world));
      const checks = findings.map(({ check }) => check);
      deepEqual(checks.filter((check) => check === "paper" || check === "tmux.version"), [
        ...["tmux.version", "paper"],
      ]);
    }),
});
