/** What this machine has for starting and keeping sessions: systemd, and whether its user lingers. */
import { ProgramMissingError, ProgramNotStartedError, type World } from "../world/world.ts";
import { ExecKilledError } from "../world/world.ts";
import { cgroupIn } from "./groups.ts";

/** Whether systemd runs this machine, as sd_booted(3) asks. */
export async function hasSystemd({ files, operatingSystem }: World): Promise<boolean> {
  return operatingSystem === "linux" && (await files.facts(SYSTEMD))?.kind === "directory";
}

const SYSTEMD = "/run/systemd/system";

/** Whether the service manager of a user runs without a login. */
export async function lingers({ files }: World, user: string): Promise<boolean> {
  return await files.facts(`/var/lib/systemd/linger/${user}`) !== null;
}

/**
 * The directory of this user's service manager, for `XDG_RUNTIME_DIR`: some logins (sudo -u, cron)
 * do not set it. Null: no manager runs.
 */
export async function runtimeDirectory(world: World): Promise<string | null> {
  const uid = world.uid();
  if (uid === null) return null;
  for (const directory of [world.env("XDG_RUNTIME_DIR"), `/run/user/${uid}`]) {
    if (!directory?.startsWith("/")) continue;
    if ((await world.files.facts(`${directory}/systemd/private`))?.kind === "socket") {
      return directory;
    }
  }
  return null;
}

/** How long a program that only tells something may take. */
const ANSWER_TIMEOUT_MS = 10_000;

/** What a program says, or null where it does not work. */
export async function said(
  { exec }: World,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<string | null> {
  try {
    const { code, stdout } = await exec(argv, {
      timeoutMs: ANSWER_TIMEOUT_MS,
      env: { LC_ALL: "C", ...env },
    });
    return code === 0 ? stdout : null;
  } catch (error) {
    if (
      error instanceof ProgramMissingError || error instanceof ProgramNotStartedError ||
      error instanceof ExecKilledError
    ) return null;
    throw error;
  }
}

/** The name of this user: the variable `USER` may be left over from another one. */
export async function nameOfUser(world: World): Promise<string | null> {
  return (await said(world, ["id", "-un"]))?.trim() || null;
}

/**
 * The control group of a process; null: it cannot be read. A child process, which is in our group,
 * reads it: the executable may not read below /proc.
 */
export async function cgroupOf(world: World, pid: number | "self"): Promise<string | null> {
  const text = await said(world, ["cat", `/proc/${pid}/cgroup`]);
  return text === null ? null : cgroupIn(text);
}

/** Identifies the boot of this machine; null: unknown. */
export async function bootId(world: World): Promise<string | null> {
  return (await said(world, ["cat", "/proc/sys/kernel/random/boot_id"]))?.trim() || null;
}
