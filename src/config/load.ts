/**
 * Finds and reads config and env files. Mistakes in a config are data in {@link Config} and never
 * thrown: only some commands must stop for them.
 */
import { SessionConfigError } from "../errors.ts";
import { FileError, type FileFacts, type World } from "../world/world.ts";
import {
  absolutePath,
  type Config,
  directoryOf,
  emptyConfig,
  type Problem,
  problemText,
  problemToWire,
} from "./config.ts";
import { defaultSettings } from "../keys/file_keys.ts";
import { trustedOwners } from "./owners.ts";
import type { Unreadable } from "./trusted.ts";

/** In this file, which is kstlib's, only `ops` and `include` belong to kstops. */
const KSTLIB_NAME = "kstlib.conf.yml";

/**
 * The absolute path of the config file: `explicit` (`--config`), else `$KSTOPS_CONFIG` (both even
 * when there is no such file), else the first of {@link configPlaces} that exists, else null.
 */
export async function findConfig(world: World, explicit: string | null): Promise<string | null> {
  const named = explicit ?? (world.env("KSTOPS_CONFIG") || null);
  if (named !== null) return absolutePath(currentDirectory(world) ?? "/", named);
  for (const path of await configPlaces(world)) {
    if (await world.files.facts(path) !== null) return path;
  }
  return null;
}

/** The file names of a config in a project. */
const NAMES = ["kstops.yml", "kstops.yaml", KSTLIB_NAME];

/**
 * The paths where a config file is looked for, in order: `kstops.yml`, `kstops.yaml` and
 * `kstlib.conf.yml` in the current directory, then in each above it (see {@link directoriesAbove}),
 * `kstops/kstops.yml` in `$XDG_CONFIG_HOME` (default `~/.config`), and `/etc/kstops/kstops.yml`.
 */
export async function configPlaces(world: World): Promise<readonly string[]> {
  const here = currentDirectory(world);
  const home = world.env("HOME");
  const configHome = [world.env("XDG_CONFIG_HOME"), home && `${home}/.config`]
    .find((path) => path?.startsWith("/"));
  const directories = here === null ? [] : [here, ...await directoriesAbove(world, here)];
  return [
    ...directories.flatMap((directory) => NAMES.map((name) => absolutePath(directory, name))),
    ...configHome === undefined ? [] : [absolutePath(configHome, "kstops/kstops.yml")],
    "/etc/kstops/kstops.yml",
  ];
}

/**
 * The directories above one, nearest first. The walk ends at the home directory, at a file system's
 * boundary, and before a directory that belongs to another user or that everybody can write (a
 * config in /tmp is nobody's).
 */
async function directoriesAbove(world: World, here: string): Promise<readonly string[]> {
  const owners = trustedOwners(world);
  const home = world.env("HOME");
  const start = await world.files.facts(here);
  const isMine = (facts: FileFacts | null): boolean =>
    facts !== null && facts.device === start?.device && (facts.mode & 0o002) === 0 &&
    owners?.includes(facts.uid) !== false;
  const above: string[] = [];
  let facts = start;
  for (let at = here; at !== "/" && at !== home && isMine(facts);) {
    at = directoryOf(at);
    facts = await world.files.facts(at);
    if (isMine(facts)) above.push(at);
  }
  return above;
}

/** Reads the config that {@link findConfig} finds. Without a file it is an empty config. */
export async function loadConfig(world: World, explicit: string | null): Promise<Config> {
  const settings = defaultSettings();
  const path = await findConfig(world, explicit);
  if (path === null) {
    return emptyConfig(null, { settings, directory: currentDirectory(world) ?? "/" });
  }
  // These load late: usually there is no config, and loading its reader costs milliseconds.
  const [{ readTrusted }, { readConfigFiles }] = await Promise.all([
    import("./trusted.ts"),
    import("./include.ts"),
  ]);
  const directory = directoryOf(path);
  const file = await readTrusted(world, path);
  if (file.text === null) {
    const namedBy = explicit !== null ? "--config" : world.env("KSTOPS_CONFIG") && "KSTOPS_CONFIG";
    const hint = file.mistake.hint ?? (namedBy ? `${namedBy} names it` : null);
    const problems = [wholeFile(path, { ...file.mistake, hint })];
    return emptyConfig(path, { settings, directory, problems });
  }
  return await readConfigFiles(world, {
    file: path,
    text: file.text,
    foreignKeys: path.endsWith(`/${KSTLIB_NAME}`),
    defaults: settings,
  });
}

/**
 * Reads env files, by absolute path.
 *
 * @throws {SessionConfigError} `config_invalid`, when some are missing or can be written by others
 */
export async function readEnvFiles(
  world: World,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const problems: Problem[] = [];
  if (paths.length === 0) return texts;
  const { readTrusted } = await import("./trusted.ts");
  for (const path of new Set(paths)) {
    const { text, mistake } = await readTrusted(world, path);
    if (text === null) problems.push(wholeFile(path, mistake));
    else texts.set(path, text);
  }
  const [first, ...others] = problems;
  if (first === undefined) return texts;
  const all = problems.map(problemText).join("\n");
  throw new SessionConfigError(
    others.length === 0
      ? `Cannot use the env file ${problemText(first)}`
      : `Cannot use ${problems.length} env files\n${all}`,
    {
      code: "config_invalid",
      hint: others.length === 0 ? first.hint : null,
      details: others.length === 0
        ? { file: first.file }
        : { problems: problems.map(problemToWire) },
    },
  );
}

/** The mistake of a file that cannot be read. */
function wholeFile(file: string, { message, hint, position }: Unreadable): Problem {
  const { line, column } = position ?? { line: null, column: null };
  return { file, line, column, path: "", message, hint, excerpt: null };
}

/** Null when the directory has been removed. */
function currentDirectory(world: World): string | null {
  try {
    return world.workingDirectory();
  } catch (error) {
    if (error instanceof FileError) return null;
    throw error;
  }
}
