/** The tmux backend: sessions on all tmux sockets of this user. */
import type { Definition, TmuxDefinition } from "../../model.ts";
import type { World } from "../../world/world.ts";
import type { Runner } from "../backend.ts";
import { type Context, list, type TmuxSettings } from "./list.ts";
import { socketsOf } from "./sockets.ts";

/** The tmux backend. */
export function tmuxRunner(world: World, settings: TmuxSettings): Runner {
  const context: Context = { world, ...settings };
  return {
    backend: "tmux",
    survey: async (where, asked) => {
      const { names, trouble } = where.socketName === undefined
        ? await socketsOf(world)
        : { names: [where.socketName], trouble: null };
      const answers = names.map((name) => list(context, name));
      asked?.();
      if (answers.length === 0 && trouble === null) return [];
      // Loaded while they work: it takes about as long as their answer.
      const { surveyAll, unreachable } = await import("./survey.ts");
      return trouble === null
        ? await surveyAll(context, answers)
        : [unreachable(null, { reason: trouble, missing: false })];
    },
    check: async (definition, replaced = null) => {
      const { check } = await import("./check.ts");
      await check(context, tmuxOnly(definition), replaced);
    },
    place: (definition) => {
      const { socketName } = tmuxOnly(definition);
      return Promise.resolve({ backend: "tmux", engine: "tmux", socketName });
    },
    plan: async (definition) => {
      const { plan } = await import("./start.ts");
      return await plan(context, tmuxOnly(definition));
    },
    start: async (definition, options) => {
      const { start } = await import("./start.ts");
      return await start(context, tmuxOnly(definition), options);
    },
  };
}

function tmuxOnly(definition: Definition): TmuxDefinition {
  if (definition.backend === "tmux") return definition;
  throw new TypeError("the tmux backend was given the definition of a container");
}
