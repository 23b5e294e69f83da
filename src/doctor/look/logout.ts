/** Looks at what ends the processes of a user who logs out. */
import type { World } from "../../world/world.ts";
import { cgroupIn, killsIn, type LogoutFacts } from "../logout.ts";
import { ask } from "../../backends/doctor.ts";

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
  // Looks for systemd as sd_booted(3) does.
  if ((await world.files.facts("/run/systemd/system"))?.kind !== "directory") return null;
  const [linger, kills, here, ...cgroups] = await Promise.all([
    world.files.facts(`/var/lib/systemd/linger/${user}`),
    ask(world, LOGIND, { read: (stdout) => killsIn(stdout, user) ?? undefined }),
    cgroupOf(world, "self"),
    ...servers.map(({ pid }) => cgroupOf(world, String(pid))),
  ]);
  return {
    user,
    linger: linger !== null,
    kills,
    here,
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

/** A child process, which is in our group, reads it: the executable may not read below /proc. */
async function cgroupOf(world: World, pid: string): Promise<string | null> {
  const answer = await ask(world, ["cat", `/proc/${pid}/cgroup`], {
    read: (stdout) => cgroupIn(stdout) ?? undefined,
  });
  return answer.kind === "answered" ? answer.value : null;
}
