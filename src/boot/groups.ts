/** What control groups tell of a process: who ends it, and when. Pure. */

/**
 * The control group in a `/proc/PID/cgroup`, as systemd sees it (cgroups(7)), or null. On a hybrid
 * machine the line of systemd's own hierarchy may be empty.
 */
export function cgroupIn(text: string): string | null {
  const groups = text.split("\n").flatMap((line) => {
    const [number, controllers, ...path] = line.split(":");
    const isSystemd = controllers === "name=systemd" || (number === "0" && controllers === "");
    return isSystemd && path.length > 0 ? [path.join(":")] : [];
  });
  return groups.find((group) => group !== "/") ?? groups[0] ?? null;
}

/** The scope of the login session in which a group is (`session-3.scope`), or null. */
export function loginScopeIn(cgroup: string): string | null {
  return /\/(session-[^/]+\.scope)(\/|$)/.exec(cgroup)?.[1] ?? null;
}

/** Whether a group is below the service manager of a user. */
export function isBelowUserManager(cgroup: string): boolean {
  return /\/user@\d+\.service(\/|$)/.test(cgroup);
}

/** The unit that starts the sessions of a user. Scopes of tmux servers are ordered before it. */
export const USER_UNIT = "kstops.service";

/** Whether a group is that of a unit that starts sessions at boot, of a user or of the system. */
export function isOfBootUnit(cgroup: string): boolean {
  return /\/kstops(-[^/]*)?\.service(\/|$)/.test(cgroup);
}

/**
 * Whether a new tmux server started in that group needs a scope of its own: the end of a login, or of
 * the unit, would end it.
 */
export function needsScope(cgroup: string): boolean {
  return loginScopeIn(cgroup) !== null || isOfBootUnit(cgroup);
}
