/** Says which owners of files are trusted, and which file a path means. */
import type { Owner } from "../model.ts";
import { FileError, type World } from "../world/world.ts";
import { absolutePath } from "./config.ts";

/**
 * Users who could run commands as me anyway: me, root, and under sudo the user who called it. Null:
 * all.
 */
export function trustedOwners(world: World): readonly number[] | null {
  const me = world.uid();
  if (me === null) return null;
  const sudo = world.env("SUDO_UID") ?? "";
  return me === 0 && /^[0-9]+$/.test(sudo) ? [me, Number(sudo)] : [me, 0];
}

/** The path of a file without symbolic links. The path of a missing file stays as it is. */
export async function realPathOf({ files }: World, path: string): Promise<string> {
  try {
    return await files.realPath(path);
  } catch (error) {
    if (error instanceof FileError) return path;
    throw error;
  }
}

/**
 * The words of `--project` with the same meaning in every directory: words that cannot name a
 * project are the path of a config.
 */
export function lastingWords(world: World, words: string): string {
  return /[^A-Za-z0-9_-]/.test(words) ? absolutePath(world.workingDirectory(), words) : words;
}

/**
 * The owner that the words of `--project` mean: a project of that name, or the config with that
 * path.
 */
export async function ownerNamed(world: World, words: string): Promise<Owner> {
  const path = absolutePath(world.workingDirectory(), words);
  return { project: words, configFile: await realPathOf(world, path) };
}
