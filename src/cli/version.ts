/** The answer to `kstops --version --json`: which kstops this is, for a report or a script. */
import { VERSION } from "../version.ts";
import type { World } from "../world/world.ts";
import type { Reply } from "./command.ts";

/**
 * The commit that this program was compiled from, with `-dirty` behind it if the tree had
 * uncommitted changes; null: it runs from the source, or was compiled outside of a repository.
 * `tools/stamp.ts` writes it into the bundle.
 */
const COMMIT: string | null = null;

/**
 * The version of the shapes in `config/*.schema.json`. Under one number keys are only added: it
 * goes up when a key is removed or changes its meaning.
 */
const JSON_SCHEMA_VERSION = 1;

/** The answer to `--version --json`. */
export function versionReply(world: Pick<World, "deno">): Reply {
  const { version, target } = world.deno();
  return {
    data: {
      version: VERSION,
      commit: COMMIT,
      deno: version,
      target,
      schema_version: JSON_SCHEMA_VERSION,
    },
  };
}
