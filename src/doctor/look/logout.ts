/** Looks at what ends the processes of a user who logs out. */
import type { World } from "../../world/world.ts";
import { ask } from "../../backends/doctor.ts";
import { needsScope } from "../../boot/groups.ts";
import { cgroupOf, hasSystemd, lingers, runtimeDirectory } from "../../boot/machine.ts";
import { killsIn, type LogoutFacts } from "../logout.ts";

/** What logind and the control groups tell. */
export async function lookAtLogout(
  world: World,
  { user, servers, rootlessPodman }: {
    readonly user: string;
    /** The running tmux servers. */
    readonly servers: readonly { readonly socketName: string; readonly pid: number }[];
    readonly rootlessPodman: boolean;
  },
): Promise<LogoutFacts> {
  if (!await hasSystemd(world)) return null;
  const [linger, manager, kills, here, ...cgroups] = await Promise.all([
    lingers(world, user),
    runtimeDirectory(world),
    ask(world, LOGIND, { read: (stdout) => killsIn(stdout, user) ?? undefined }),
    cgroupOf(world, "self"),
    ...servers.map(({ pid }) => cgroupOf(world, pid)),
  ]);
  return {
    user,
    linger,
    kills,
    here,
    scoped: linger && manager !== null && here !== null && needsScope(here),
    rootlessPodman,
    servers: servers.map(({ socketName }, index) => ({
      socketName,
      cgroup: cgroups[index] ?? null,
    })),
  };
}

const LOGIND = [
  ...["busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1"],
  ...["org.freedesktop.login1.Manager", "KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers"],
];
