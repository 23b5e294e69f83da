/**
 * Finding and reading config and env files. What is wrong with a config is data in {@link Config},
 * never thrown: only some commands must stop for it.
 */
import { SessionConfigError } from "../errors.ts";
import { FileError, type FileFacts, type World } from "../world.ts";
import { absolutePath, type Config, directoryOf, type Problem, problemText } from "./config.ts";
import { defaultSettings } from "./defaults.ts";
import type { Mistake } from "./interpolate.ts";

/** Larger files are not read. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** In this file of kstlib's, only `ops` is ours. */
const KSTLIB_NAME = "kstlib.conf.yml";

/**
 * The absolute path of the config file: `explicit` (`--config`), else `$KSTOPS_CONFIG`, both whether
 * it is there or not; else the first that exists of `kstops.yml`, `kstops.yaml` and
 * `kstlib.conf.yml` in the current directory, `kstops/kstops.yml` in `$XDG_CONFIG_HOME` (default
 * `~/.config`) and `/etc/kstops/kstops.yml`; else null.
 */
export async function findConfig(world: World, explicit: string | null): Promise<string | null> {
  const here = currentDirectory(world);
  const named = explicit ?? (world.env("KSTOPS_CONFIG") || null);
  if (named !== null) return absolutePath(here ?? "/", named);
  const home = world.env("HOME");
  const configHome = [world.env("XDG_CONFIG_HOME"), home && `${home}/.config`]
    .find((path) => path?.startsWith("/"));
  const candidates = [
    ...here === null
      ? []
      : ["kstops.yml", "kstops.yaml", KSTLIB_NAME].map((name) => absolutePath(here, name)),
    ...configHome === undefined ? [] : [absolutePath(configHome, "kstops/kstops.yml")],
    "/etc/kstops/kstops.yml",
  ];
  const found = await Promise.all(candidates.map((path) => world.files.facts(path)));
  return candidates.find((_, index) => found[index] !== null) ?? null;
}

/** Reads the config that {@link findConfig} finds; without one, an empty config. */
export async function loadConfig(world: World, explicit: string | null): Promise<Config> {
  const settings = defaultSettings();
  const path = await findConfig(world, explicit);
  if (path === null) {
    const directory = currentDirectory(world) ?? "/";
    return { path, directory, settings, sessions: new Map(), problems: [] };
  }
  const directory = directoryOf(path);
  const file = await readTrusted(world, path);
  if (file.text === null) {
    const namedBy = explicit !== null ? "--config" : world.env("KSTOPS_CONFIG") && "KSTOPS_CONFIG";
    const hint = file.mistake.hint ?? (namedBy ? `${namedBy} names it` : null);
    const problems = [wholeFile(path, { ...file.mistake, hint })];
    return { path, directory, settings, sessions: new Map(), problems };
  }
  // Loaded here, since most of the time there is no config, and together they cost 20 ms.
  const [{ parseYaml }, { readConfig }] = await Promise.all([
    import("./yaml.ts"),
    import("./read.ts"),
  ]);
  const read = readConfig(parseYaml(file.text), {
    file: path,
    directory,
    lookup: world.env,
    defaults: settings,
    foreignKeys: path.endsWith(`/${KSTLIB_NAME}`),
  });
  return { path, directory, ...read };
}

/**
 * Reads env files, by absolute path.
 *
 * @throws {SessionConfigError} `config_invalid`, when one is missing or can be written by others
 */
export async function readEnvFiles(
  world: World,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const path of new Set(paths)) {
    const { text, mistake } = await readTrusted(world, path);
    if (text === null) {
      throw new SessionConfigError(
        `Cannot use the env file ${problemText(wholeFile(path, mistake))}`,
        { code: "config_invalid", hint: mistake.hint, details: { file: path } },
      );
    }
    texts.set(path, text);
  }
  return texts;
}

type Trusted =
  | { readonly text: string; readonly mistake: null }
  | { readonly text: null; readonly mistake: Mistake };

/** The text of a file that nobody else can have written. */
async function readTrusted(world: World, path: string): Promise<Trusted> {
  const facts = await world.files.facts(path);
  const mistake = facts === null
    ? null
    : kindMistake(facts) ?? await ownerMistake(world, { path, facts });
  if (mistake !== null) return { text: null, mistake };
  try {
    return { text: await world.files.readText(path), mistake: null };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { text: null, mistake: { message: error.reason, hint: null } };
  }
}

function kindMistake(facts: FileFacts): Mistake | null {
  if (facts.kind === "directory") return { message: "it is a directory", hint: null };
  if (facts.kind !== "file") return { message: "it is no regular file", hint: null };
  if (facts.bytes <= MAX_FILE_BYTES) return null;
  return { message: `it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`, hint: null };
}

/** Whoever can write a config can run commands as its reader. */
async function ownerMistake(
  world: World,
  { path, facts }: { path: string; facts: FileFacts },
): Promise<Mistake | null> {
  const me = world.uid();
  if (me === null) return null;
  const { mode, uid } = facts;
  if (!trustedOwners(world, me).includes(uid)) {
    return {
      message: `it belongs to another user (uid ${uid}), who could run commands as you`,
      hint: `copy it, or make it yours: chown ${me} ${path}`,
    };
  }
  const hint = `run: chmod go-w ${path}`;
  if ((mode & 0o002) !== 0) return { message: "everybody can write it", hint };
  if ((mode & 0o020) === 0 || await isPrivateGroup(world, facts)) return null;
  return { message: "its group can write it, and others are in that group", hint };
}

function trustedOwners(world: World, me: number): readonly number[] {
  const sudo = world.env("SUDO_UID") ?? "";
  return me === 0 && /^[0-9]+$/.test(sudo) ? [me, Number(sudo)] : [me, 0];
}

/**
 * Whether the file's group is its owner's own and has nobody else in it, as with umask 002 (see
 * login.defs(5), USERGROUPS_ENAB). A group that the files under /etc do not tell of is not.
 */
async function isPrivateGroup(world: World, { uid, gid }: FileFacts): Promise<boolean> {
  const users = await readTable(world, "/etc/passwd");
  const groups = await readTable(world, "/etc/group");
  const owner = users.find((user) => user[2] === String(uid));
  if (owner === undefined || owner[3] !== String(gid)) return false;
  const others = users.filter((user) => user[3] === String(gid) && user[2] !== String(uid));
  const own = groups.filter((group) => group[2] === String(gid));
  const members = own.flatMap((group) => group[3]?.split(",") ?? []).filter((name) => name !== "");
  return own.length > 0 && others.length === 0 && members.every((name) => name === owner[0]);
}

/** passwd(5) and group(5). */
async function readTable(world: World, path: string): Promise<readonly (readonly string[])[]> {
  try {
    return (await world.files.readText(path)).split("\n").map((line) => line.trim().split(":"));
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}

function wholeFile(file: string, { message, hint }: Mistake): Problem {
  return { file, line: null, column: null, path: "", message, hint };
}

/** Null when it has been removed. */
function currentDirectory(world: World): string | null {
  try {
    return world.workingDirectory();
  } catch (error) {
    if (error instanceof FileError) return null;
    throw error;
  }
}
