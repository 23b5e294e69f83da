/** `kstops config init`: writes a first config. */
import starter from "../../../../config/starter.yml" with { type: "text" };
import { absolutePath } from "../../../config/config.ts";
import { escapeControls, OpsError, quote, SessionConfigError } from "../../../errors.ts";
import { FileError } from "../../../world/world.ts";
import type { Context, Reply } from "../../command.ts";

/** Flags of `config init`. */
interface InitFlags {
  readonly file?: string | undefined;
}

/**
 * Writes a commented config that can be started at once. Nobody else can read it (0600), since it
 * will contain values of variables.
 */
export async function init({ world }: Context, { file = "kstops.yml" }: InitFlags): Promise<Reply> {
  const path = absolutePath(world.workingDirectory(), file);
  try {
    await world.files.create(path, starter);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.why === "exists") {
      throw new SessionConfigError(`Cannot write ${quote(path)}: there is a file already`, {
        code: "config_invalid",
        hint: "choose another name: kstops config init FILE",
        details: { path },
      });
    }
    const reason = error.why === "missing" ? "there is no such directory" : error.reason;
    throw new OpsError("config_invalid", `Cannot write ${quote(path)}: ${reason}`);
  }
  return {
    data: { path },
    text: () => `Wrote ${escapeControls(path)}. Try: kstops start hello && kstops logs hello\n`,
  };
}
