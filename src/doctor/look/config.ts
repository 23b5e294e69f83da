/** Looks at the config. */
import type { Config } from "../../config/config.ts";
import { configPlaces } from "../../config/load.ts";
import { validateConfig } from "../../config/validate.ts";
import type { World } from "../../world/world.ts";
import type { ConfigFacts } from "../config.ts";

/** The files that exist, and the mistakes in the config. */
export async function lookAtConfig(world: World, config: Config): Promise<ConfigFacts> {
  const [{ problems, warnings }, ...places] = await Promise.all([
    validateConfig(world, config),
    ...(await configPlaces(world)).map(async (path) => ({
      path,
      exists: await world.files.facts(path) !== null,
    })),
  ]);
  return { config, places, problems, warnings };
}
