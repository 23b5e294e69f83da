/**
 * Owners of sessions. The owner is the config that a session was started from. Two configs may use
 * the same name for two sessions, and neither may touch the other's. Pure.
 */
import { quote } from "./errors.ts";
import { NOBODY, type Owner } from "./model.ts";

/** The config that is in force, as an owner of sessions. */
export interface Self extends Owner {
  /**
   * Whether there is a usable config. Without one, nobody can tell my sessions from others', and an
   * exact name counts as mine.
   */
  readonly isUsable: boolean;
}

/** No config is in force. */
export const NO_CONFIG: Self = { ...NOBODY, isUsable: false };

/** A config as an owner. */
export function selfOf(
  { realPath, settings, problems }: {
    readonly realPath: string | null;
    readonly settings: { readonly project: string | null };
    readonly problems: readonly unknown[];
  },
): Self {
  return {
    project: settings.project,
    configFile: realPath,
    isUsable: realPath !== null && problems.length === 0,
  };
}

/** Whether nobody owns the session: made up on the spot, by an older kstops, or not by kstops. */
export function isNobodys({ project, configFile }: Owner): boolean {
  return project === null && configFile === null;
}

/** Whether two owners are the same, by project or by file. */
export function isSameOwner(a: Owner, b: Owner): boolean {
  return (a.project !== null && a.project === b.project) ||
    (a.configFile !== null && a.configFile === b.configFile);
}

/** Whether a session belongs to another config than this one. A session of nobody does not. */
export function isAnothers(owner: Owner, self: Owner): boolean {
  return !isNobodys(owner) && !isSameOwner(owner, self);
}

/** The same for a session that was named exactly. */
export function isStrange(owner: Owner, self: Self): boolean {
  return self.isUsable && isAnothers(owner, self);
}

/** Whether two runs of one name may be runs of one session. */
export function mayBeSame(a: Owner, b: Owner): boolean {
  return isNobodys(a) || isNobodys(b) || isSameOwner(a, b);
}

/** The value of `--project` for an owner: the project, or the file without one. */
export function ownerName({ project, configFile }: Owner): string {
  return project ?? configFile ?? "";
}

/** An owner in words: `project "bots" (/srv/bots/kstops.yml)`, or only the path. */
export function ownerWords({ project, configFile }: Owner): string {
  if (project === null) return configFile ?? "nobody";
  return `project ${quote(project)}${configFile === null ? "" : ` (${configFile})`}`;
}
