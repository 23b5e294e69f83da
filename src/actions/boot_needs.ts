/** What definitions take from the environment of their caller, and will not find there at boot. */
import type { Config } from "../config/config.ts";
import { defineWith } from "../config/define.ts";
import { loadConfig } from "../config/load.ts";
import { resolve } from "../config/resolve.ts";
import { OpsError } from "../errors.ts";
import type { World } from "../world/world.ts";

/** The variables that a session needs. */
export interface Needed {
  readonly name: string;
  readonly variables: readonly string[];
}

/** Variables that a service manager and cron set. */
const SET = new Set(["HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TZ"]);
/** Variables that lead kstops itself, and no session. */
const OWN = /^(KSTOPS|SUDO|XDG|LC)_/;

/**
 * The variables of the caller that definitions of sessions use: those that are asked for while the
 * definitions are made, and that a boot does not set.
 */
export async function neededVariables(
  world: World,
  config: Config & { readonly path: string },
  names: readonly string[],
): Promise<readonly Needed[]> {
  const used = new Set<string>();
  const env: World["env"] = (name) => {
    const value = world.env(name);
    if (value === undefined || SET.has(name) || OWN.test(name)) return value;
    used.add(name);
    return undefined;
  };
  const atBoot: World = { ...world, env };
  const loaded = await loadConfig(atBoot, config.path);
  const ofConfig = [...used];
  const needed: Needed[] = [];
  for (const name of names) {
    used.clear();
    try {
      await defineWith(resolve, { world: atBoot, config: loaded, name, flags: {} });
    } catch (error) {
      // It could not be started here either; or it lacks what was just noted.
      if (!(error instanceof OpsError)) throw error;
    }
    const entry = loaded.sessions.get(name);
    // Some keys are filled in as the file is read: which session they belong to, their places tell.
    const early = entry?.kind === "usable" && entry.unset.length > 0
      ? ofConfig.filter((each) => entry.unset.some(({ message }) => message.includes(each)))
      : [];
    const variables = [...new Set([...early, ...used])].toSorted();
    if (variables.length > 0) needed.push({ name, variables });
  }
  return needed;
}
