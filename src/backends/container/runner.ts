/** The container backend: containers of podman and docker. */
import type { ContainerDefinition, Engine } from "../../model.ts";
import { isOpen } from "../../model/place.ts";
import type { World } from "../../world/world.ts";
import type { Runner, Survey } from "../backend.ts";
import type { ContainerSettings, Context } from "./ask.ts";
import { findClients, installHint } from "./clients.ts";

/** The container backend. */
export function containerRunner(
  world: World,
  settings: ContainerSettings,
): Runner<ContainerDefinition> {
  const context: Context = { world, ...settings };
  return {
    backend: "container",
    survey: async ({ engine, scope }, { names = [], asked } = {}) => {
      // Its engines have no scopes.
      if (!isOpen(scope)) return [];
      const clients = (await findClients(world)).filter(({ runtime }) =>
        isOpen(engine) || runtime === engine
      );
      if (clients.length === 0) return [missing(world, engine ?? null)];
      // Loaded late: many machines have neither runtime.
      const { list } = await import("./list.ts");
      const answers = clients.map((client) => ({ client, answer: list(context, client) }));
      asked?.();
      // Loaded while the runtimes work: this takes as long as their first question.
      const { surveyAll } = await import("./survey.ts");
      return await surveyAll(context, answers, names);
    },
    check: async (definition, replaced = null) => {
      const { check } = await import("./start.ts");
      await check(context, definition, replaced);
    },
    rehearse: async (definition, options) => {
      const { rehearse } = await import("./rehearse.ts");
      await rehearse(context, definition, options);
    },
    place: async (definition) => {
      const { clientFor } = await import("./prepare.ts");
      const { runtime } = await clientFor(world, definition);
      return { host: null, backend: "container", engine: runtime, scope: null };
    },
    plan: async (definition) => {
      const { plan } = await import("./start.ts");
      return await plan(context, definition);
    },
    start: async (definition, options) => {
      const { start } = await import("./start.ts");
      return await start(context, definition, options);
    },
    watch: async (tell, abort) => {
      const { watch } = await import("./events.ts");
      await watch(context, tell, abort);
    },
  };
}

function missing(world: World, asked: Engine | null): Survey {
  return {
    place: { host: null, backend: "container", engine: asked ?? "podman", scope: null },
    sessions: [],
    trouble: {
      kind: "not_running",
      missing: true,
      reason: asked === null
        ? "neither podman nor docker is installed"
        : `${asked} is not installed`,
      hint: installHint(world),
    },
  };
}
