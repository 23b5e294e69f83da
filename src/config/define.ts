/** From flags and config to a definition, with the files that they name. */
import type { World } from "../world.ts";
import type { Config } from "./config.ts";
import { readEnvFiles } from "./load.ts";
import { envFilesOf, resolve, type Resolved, type StartFlags } from "./resolve.ts";

/**
 * What `start NAME` with these flags is to start here and now.
 *
 * @throws what {@link resolve} and {@link readEnvFiles} throw
 */
export async function define(
  world: World,
  config: Config,
  { name, flags }: { readonly name: string; readonly flags: StartFlags },
): Promise<Resolved> {
  const workingDirectory = world.workingDirectory();
  const files = envFilesOf(name, flags, config, { workingDirectory });
  const envFiles = await readEnvFiles(world, files);
  return resolve(name, flags, config, { workingDirectory, env: world.env, envFiles });
}
