/** From flags and config to a definition, with the files that they name. */
import type { World } from "../world/world.ts";
import type { Config } from "./config.ts";
import { readEnvFiles } from "./load.ts";
import { envFilesOf, resolve, type Resolved } from "./resolve.ts";
import type { StartFlags } from "./flags.ts";

/**
 * What `start NAME` with these flags is to start here and now.
 *
 * @throws what {@link resolve} and {@link readEnvFiles} throw
 */
export async function define(
  world: World,
  config: Config,
  wanted: { readonly name: string; readonly flags: StartFlags },
): Promise<Resolved> {
  return await defineWith(resolve, { world, config, ...wanted });
}

/** The same by another function than {@link resolve}, such as one that explains it, too. */
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
