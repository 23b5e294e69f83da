/** The container backend: containers of podman and docker. */
import type { ContainerDefinition, Definition, Runtime } from "../../model.ts";
import type { World } from "../../world/world.ts";
import type { Runner, Survey } from "../backend.ts";
import type { ContainerSettings, Context } from "./ask.ts";
import { findClients, installHint } from "./clients.ts";

/** The container backend. */
export function containerRunner(world: World, settings: ContainerSettings): Runner {
  const context: Context = { world, ...settings };
  return {
    backend: "container",
    survey: async (where, asked) => {
      // A socket is tmux's own.
      if (where.socketName !== undefined) return [];
      const clients = (await findClients(world)).filter(({ runtime }) =>
        where.runtime === undefined || runtime === where.runtime
      );
      if (clients.length === 0) return [missing(world, where.runtime)];
      // Loaded here: many machines have neither.
      const { list } = await import("./list.ts");
      const answers = clients.map((client) => ({ client, answer: list(context, client) }));
      asked?.();
      // Loaded while they work: it takes as long as their first question.
      const { surveyAll } = await import("./survey.ts");
      return await surveyAll(context, answers, where.names ?? []);
    },
    check: async (definition, replaced = null) => {
      const { check } = await import("./start.ts");
      await check(context, containerOnly(definition), replaced);
    },
    rehearse: async (definition, options) => {
      const { rehearse } = await import("./rehearse.ts");
      await rehearse(context, containerOnly(definition), options);
    },
    place: async (definition) => {
      const { clientFor } = await import("./prepare.ts");
      const { runtime } = await clientFor(world, containerOnly(definition));
      return { backend: "container", engine: runtime, socketName: null };
    },
    plan: async (definition) => {
      const { plan } = await import("./start.ts");
      return await plan(context, containerOnly(definition));
    },
    start: async (definition, options) => {
      const { start } = await import("./start.ts");
      return await start(context, containerOnly(definition), options);
    },
  };
}

function containerOnly(definition: Definition): ContainerDefinition {
  if (definition.backend === "container") return definition;
  throw new TypeError("the container backend was given the definition of a tmux session");
}

function missing(world: World, asked: Runtime | undefined): Survey {
  return {
    place: { backend: "container", engine: asked ?? "podman", socketName: null },
    sessions: [],
    trouble: {
      kind: "not_running",
      missing: true,
      reason: asked === undefined
        ? "neither podman nor docker is installed"
        : `${asked} is not installed`,
      hint: installHint(world),
    },
  };
}
