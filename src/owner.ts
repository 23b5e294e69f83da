/**
 * Whose a session is: that of the config which it was started from. Two configs may well have the same
 * name for two sessions, and neither may touch the other's. Pure.
 */
import { quote } from "./errors.ts";
import { NOBODY, type Owner } from "./model.ts";

/** The config that is in force, as an owner of sessions. */
export interface Self extends Owner {
  /**
   * Whether there is one, and it can be used. Without one, nobody can tell mine from others', and a
   * session that is named exactly is as good as one's own.
   */
  readonly isUsable: boolean;
}

/** No config is in force. */
export const NO_CONFIG: Self = { ...NOBODY, isUsable: false };

/** What a config is as an owner. */
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

/** Whether it is nobody's: made up on the spot, by an older kstops, or by none. */
export function isNobodys({ project, configFile }: Owner): boolean {
  return project === null && configFile === null;
}

/** Whether two owners are one: by their project, or by their file. */
export function isSameOwner(a: Owner, b: Owner): boolean {
  return (a.project !== null && a.project === b.project) ||
    (a.configFile !== null && a.configFile === b.configFile);
}

/** Whether a session is another config's than that. What is nobody's is not. */
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

/** What `--project` is to say for it: the project, or where it has none the file. */
export function ownerName({ project, configFile }: Owner): string {
  return project ?? configFile ?? "";
}

/** As people are told: `project "bots" (/srv/bots/kstops.yml)`, or the path alone. */
export function ownerWords({ project, configFile }: Owner): string {
  if (project === null) return configFile ?? "nobody";
  return `project ${quote(project)}${configFile === null ? "" : ` (${configFile})`}`;
}
