/** The tmux backend: sessions on all tmux sockets of this user. */
import type { TmuxDefinition } from "../../model.ts";
import { isOpen } from "../../model/place.ts";
import type { World } from "../../world/world.ts";
import type { Runner } from "../backend.ts";
import { type Context, list, type TmuxSettings } from "./list.ts";
import { socketsOf } from "./sockets.ts";

/** The tmux backend. */
export function tmuxRunner(world: World, settings: TmuxSettings): Runner<TmuxDefinition> {
  const context: Context = { world, ...settings };
  return {
    backend: "tmux",
    survey: async ({ scope }, { asked } = {}) => {
      const { names, trouble } = isOpen(scope)
        ? await socketsOf(world)
        : { names: [scope], trouble: null };
      const answers = names.map((name) => list(context, name));
      asked?.();
      if (answers.length === 0 && trouble === null) return [];
      // Loaded while the servers work: this takes about as long as their answers.
      const { surveyAll, unreachable } = await import("./survey.ts");
      return trouble === null
        ? await surveyAll(context, answers)
        : [unreachable(null, { reason: trouble, missing: false })];
    },
    check: async (definition, replaced = null) => {
      const { check } = await import("./check.ts");
      await check(context, definition, replaced);
    },
    place: ({ socketName }) =>
      Promise.resolve({ host: null, backend: "tmux", engine: "tmux", scope: socketName }),
    plan: async (definition) => {
      const { plan } = await import("./start.ts");
      return await plan(context, definition);
    },
    start: async (definition, options) => {
      const { start } = await import("./start.ts");
      return await start(context, definition, options);
    },
  };
}
