/** The tmux backend: sessions on all tmux sockets of this user. */
import type { Definition, TmuxDefinition } from "../../model.ts";
import { FileError, type World } from "../../world.ts";
import type { Runner, Where } from "../backend.ts";
import { type Context, list, type TmuxSettings } from "./list.ts";

/** The tmux backend. */
export function tmuxRunner(world: World, settings: TmuxSettings): Runner {
  const context: Context = { world, ...settings };
  return {
    backend: "tmux",
    survey: async (where) => {
      const { names, trouble } = await socketsOf(context, where);
      const asked = names.map((name) => list(context, name));
      if (asked.length === 0 && trouble === null) return [];
      // Loaded while they work: it takes about as long as their answer.
      const { surveyAll, unreachable } = await import("./survey.ts");
      return trouble === null
        ? await surveyAll(context, asked)
        : [unreachable(null, { reason: trouble, missing: false })];
    },
    check: async (definition) => {
      const { check } = await import("./start.ts");
      await check(context.world, tmuxOnly(definition));
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

/**
 * The directory where tmux keeps its sockets: a `TMUX_TMPDIR` that does not exist silently means
 * `/tmp` (tmux 3.3a tmux.c, make_label).
 */
async function socketDirectory(world: World): Promise<string> {
  const wanted = world.env("TMUX_TMPDIR");
  const usable = wanted && (await world.files.facts(wanted))?.kind === "directory";
  return `${usable ? wanted : "/tmp"}/tmux-${world.uid() ?? 0}`;
}

interface Sockets {
  readonly names: readonly string[];
  /** Why nobody knows which there are. */
  readonly trouble: string | null;
}

async function socketsOf({ world }: Context, where: Where): Promise<Sockets> {
  if (where.socketName !== undefined) return { names: [where.socketName], trouble: null };
  const directory = await socketDirectory(world);
  let all: readonly string[];
  try {
    all = await world.files.list(directory);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { names: [], trouble: error.why === "missing" ? null : error.message };
  }
  const facts = await Promise.all(all.map((name) => world.files.facts(`${directory}/${name}`)));
  return { names: all.filter((_, index) => facts[index]?.kind === "socket"), trouble: null };
}
