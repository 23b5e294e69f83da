/** `kstops config path`: which config file is in force. */
import type { Config } from "../../../config/config.ts";
import { SessionConfigError } from "../../../errors.ts";
import type { Context, Reply } from "../../command.ts";

/** Prints which file it is. Only `validate` reports other mistakes in it. */
export async function path(context: Context): Promise<Reply> {
  const { path, files } = await requireConfig(context, "find a config file");
  return { data: { path, files }, text: () => `${path}\n` };
}

/**
 * The config, which must exist.
 *
 * @throws {SessionConfigError} `config_invalid`: there is none, or not in the named place
 */
export async function requireConfig(
  context: Context,
  task: string,
): Promise<Config & { readonly path: string }> {
  const config = await context.config();
  const { path, problems } = config;
  if (path === null) {
    const { configPlaces } = await import("../../../config/load.ts");
    const places = await configPlaces(context.world);
    throw new SessionConfigError(
      [`Cannot ${task}: none of these exists`, ...places].join("\n"),
      {
        code: "config_invalid",
        hint: "write one with kstops config init, or say where it is: --config FILE",
        details: { looked_at: places },
      },
    );
  }
  if (await context.world.files.facts(path) === null) {
    const { configInvalid } = await import("../../../config/problems.ts");
    throw configInvalid(task, problems);
  }
  return { ...config, path };
}
