/** Builds a definition from flags, config and the files that they name. */
import type { World } from "../world/world.ts";
import type { Config } from "./config.ts";
import { readEnvFiles } from "./load.ts";
import { envFilesOf, type resolve, type Resolved } from "./resolve.ts";
import type { StartFlags } from "./flags.ts";

/**
 * The definition that `start NAME` would start here and now with these flags.
 *
 * @param work {@link resolve}, or a function that does more, such as `explain`
 * @throws what `work` and {@link readEnvFiles} throw
 */
export async function defineWith<Result extends Resolved>(
  work: (...given: Parameters<typeof resolve>) => Result,
  { world, config, name, flags }: {
    readonly world: World;
    readonly config: Config;
    readonly name: string;
    readonly flags: StartFlags;
  },
): Promise<Result> {
  const workingDirectory = world.workingDirectory();
  const files = envFilesOf(name, flags, config, { workingDirectory });
  const envFiles = await readEnvFiles(world, files);
  return work(name, flags, config, { workingDirectory, env: world.env, envFiles });
}
