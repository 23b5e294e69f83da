/** What makes the sessions of a config come back after a boot, as files and commands. */
import { USER_UNIT } from "../boot/groups.ts";
import { hasSystemd, nameOfUser, said } from "../boot/machine.ts";
import { markFile, markLine, whoseLine } from "../boot/mark.ts";
import {
  type BootPlan,
  crontabLine,
  LAUNCHD_LABEL,
  launchdAgent,
  openrcScript,
  scopeDropIn,
  SCOPES,
  systemdUnit,
} from "../boot/unit.ts";
import type { Config } from "../config/config.ts";
import { withNeeds } from "../config/dependencies.ts";
import { INHERITED_NAMES } from "../backends/tmux/inherited.ts";
import { BackendUnavailableError, OpsError } from "../errors.ts";
import type { World } from "../world/world.ts";
import { needsOf } from "./plan.ts";

/** What starts sessions on a machine. */
export type Manager = "systemd-user" | "systemd-system" | "crontab" | "launchd" | "openrc";

/** A step on the way. */
export type Step =
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "run"; readonly argv: readonly string[]; readonly stdin?: string };

/** What starts sessions here. */
export async function managerOf(
  world: World,
  { system }: { readonly system: boolean },
): Promise<Manager> {
  if (world.operatingSystem === "darwin") return "launchd";
  if (await hasSystemd(world)) return system ? "systemd-system" : "systemd-user";
  if (!system) return "crontab";
  const isOpenrc = (await world.files.facts("/run/openrc"))?.kind === "directory";
  return isOpenrc ? "openrc" : "systemd-system";
}

/** Variables that lead to another place than usual, if the caller has them. */
const LEADING = [
  ...INHERITED_NAMES.filter((name) => name !== "VIRTUAL_ENV"),
  ...["TMUX_TMPDIR", "KSTOPS_STATE_DIR", "XDG_STATE_HOME", "DOCKER_HOST", "CONTAINER_HOST"],
];

/** The most that a stop takes besides the time of the programs. */
const STOP_EXTRA_SECONDS = 10;

/** What is started at boot. */
export async function planBoot(
  world: World,
  config: Config & { readonly path: string },
  { system, names }: { readonly system: boolean; readonly names: readonly string[] },
): Promise<BootPlan> {
  return {
    program: await programOf(world),
    config: config.path,
    names,
    env: Object.fromEntries(LEADING.flatMap((name): [string, string][] => {
      const value = world.env(name);
      return value ? [[name, value]] : [];
    })),
    stopSeconds: longestStop(config) + STOP_EXTRA_SECONDS,
    system: system ? await userOf(world) : null,
  };
}

/** How long the sessions may take to end: those that need others end first. */
export function longestStop(config: Pick<Config, "sessions" | "settings">): number {
  const { sessions, settings } = config;
  const needs = needsOf(config);
  const names = withNeeds([...sessions.keys()], needs);
  /** When each has ended, counted from the end of all backwards. */
  const ends = new Map<string, number>();
  for (const name of names) {
    const entry = sessions.get(name);
    const own = entry?.kind === "usable" ? entry.settings.stopTimeoutSeconds : null;
    const behind = (needs.get(name) ?? []).map((needed) => ends.get(needed.name) ?? 0);
    ends.set(name, Math.max(0, ...behind) + (own ?? settings.stopTimeoutSeconds));
  }
  return Math.ceil(Math.max(settings.stopTimeoutSeconds, ...ends.values()));
}

/** The words that run kstops, by the name under which an update replaces it. */
async function programOf(world: World): Promise<readonly string[]> {
  const words = world.program();
  const [path = ""] = words;
  if (words.length > 1) return words;
  for (const directory of (world.env("PATH") ?? "").split(":")) {
    if (!directory.startsWith("/")) continue;
    const candidate = `${directory}/kstops`;
    const real = await world.files.realPath(candidate).catch(() => null);
    if (real === path) return [candidate];
  }
  return [path];
}

/** The user of a unit of the system: who asked for it, also through sudo. */
async function userOf(world: World): Promise<{ readonly user: string; readonly uid: number }> {
  const user = world.env("SUDO_USER") || await nameOfUser(world) || "root";
  const uid = Number((await said(world, ["id", "-u", user]))?.trim() ?? world.uid() ?? 0);
  return { user, uid };
}

/** The directory of the units of this user. */
export function userUnits(world: World): string {
  const home = world.env("XDG_CONFIG_HOME");
  return home?.startsWith("/")
    ? `${home}/systemd/user`
    : `${world.env("HOME")}/.config/systemd/user`;
}

/** The unit of the system that starts the sessions of a user. */
export function systemUnit(user: string): string {
  return `kstops-${user}.service`;
}

/** The files that a manager reads, with their texts. */
export async function filesFor(
  world: World,
  manager: Manager,
  plan: BootPlan,
): Promise<readonly { readonly path: string; readonly text: string }[]> {
  switch (manager) {
    case "systemd-user": {
      const units = userUnits(world);
      const dropIn = await markFile(scopeDropIn());
      return [
        { path: `${units}/${USER_UNIT}`, text: await markFile(systemdUnit(plan)) },
        ...SCOPES.map((scope) => ({ path: `${units}/${scope}.d/kstops.conf`, text: dropIn })),
      ];
    }
    case "systemd-system": {
      const path = `/etc/systemd/system/${systemUnit(plan.system?.user ?? "root")}`;
      return [{ path, text: await markFile(systemdUnit(plan)) }];
    }
    case "launchd": {
      const path = `${world.env("HOME")}/Library/LaunchAgents/${LAUNCHD_LABEL}.plist`;
      const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
      return [{
        path,
        text: await markFile(launchdAgent(plan), { head, open: "<!-- ", close: " -->" }),
      }];
    }
    case "openrc": {
      const path = `/etc/init.d/kstops-${plan.system?.user ?? "root"}`;
      return [{ path, text: await markFile(openrcScript(plan), { head: "#!/sbin/openrc-run\n" }) }];
    }
    case "crontab":
      return [];
  }
}

/** What makes the manager use the files. */
export function commandsFor(world: World, manager: Manager, plan: BootPlan): readonly Step[] {
  const run = (...argv: string[]): Step => ({ kind: "run", argv });
  switch (manager) {
    case "systemd-user":
      return [
        run("systemctl", "--user", "daemon-reload"),
        run("systemctl", "--user", "enable", USER_UNIT),
        // A unit that was not started is not stopped at a shutdown either.
        run("systemctl", "--user", "start", USER_UNIT),
      ];
    case "systemd-system": {
      const unit = systemUnit(plan.system?.user ?? "root");
      return [
        run("systemctl", "daemon-reload"),
        run("systemctl", "enable", unit),
        run("systemctl", "start", unit),
      ];
    }
    case "launchd":
      return [
        run(
          "launchctl",
          "bootstrap",
          `gui/${world.uid()}`,
          `${world.env("HOME")}/Library/LaunchAgents/${LAUNCHD_LABEL}.plist`,
        ),
      ];
    case "openrc":
      return [run("rc-update", "add", `kstops-${plan.system?.user ?? "root"}`, "default")];
    case "crontab":
      return [];
  }
}

/** The lines of this user's crontab. */
export async function crontabOf(world: World): Promise<readonly string[]> {
  const text = await said(world, ["crontab", "-l"]);
  // Without one, crontab fails; without crontab, so does the step that writes.
  return text === null ? [] : text.replace(/\n$/, "").split("\n");
}

/** The step that gives the crontab our line, or takes it out. */
export async function crontabStep(
  lines: readonly string[],
  line: string | null,
): Promise<Step | null> {
  const whose = await Promise.all(lines.map(whoseLine));
  const others = lines.filter((_, index) => whose[index] === "others");
  const edited = whose.indexOf("edited");
  if (edited >= 0) {
    throw new OpsError(
      "config_invalid",
      `Cannot change the crontab: its line ${edited + 1} was edited`,
      {
        hint: "remove that line yourself: crontab -e",
      },
    );
  }
  const text = [...others, ...line === null ? [] : [await markLine(line)]];
  if (text.join("\n") === lines.join("\n")) return null;
  if (text.length === 0) return { kind: "run", argv: ["crontab", "-r"] };
  return { kind: "run", argv: ["crontab", "-"], stdin: `${text.join("\n")}\n` };
}

/** The steps that make a crontab start the sessions. */
export async function crontabSteps(world: World, plan: BootPlan): Promise<readonly Step[]> {
  const step = await crontabStep(await crontabOf(world), crontabLine(plan));
  return step === null ? [] : [step];
}

/** Does a step. */
export async function doStep(world: World, step: Step): Promise<void> {
  const { files } = world;
  if (step.kind === "write") {
    await files.makeDirectory(step.path.replace(/\/[^/]*$/, ""));
    await files.replace(step.path, new TextEncoder().encode(step.text));
    return;
  }
  if (step.kind === "remove") return await files.remove(step.path);
  const { argv, stdin } = step;
  const { code, stdout, stderr } = await world.exec(argv, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    interruptible: true,
    ...(stdin === undefined ? {} : { stdin }),
  });
  if (code === 0) return;
  const reason = (stderr || stdout).trim().split("\n").at(-1) || `it ended with ${code}`;
  throw new BackendUnavailableError(`Cannot run ${argv.join(" ")}: ${reason}`, { reason });
}

/** Starting all sessions takes its time. */
const COMMAND_TIMEOUT_MS = 600_000;
