/** Makes the sessions of a config come back after a boot, and undoes exactly that. */
import { USER_UNIT } from "../boot/groups.ts";
import { hasSystemd, lingers, nameOfUser, runtimeDirectory } from "../boot/machine.ts";
import { type Whose, whoseFile } from "../boot/mark.ts";
import { crontabLine, MOST_CRON_BYTES, SCOPES } from "../boot/unit.ts";
import type { Config } from "../config/config.ts";
import { OpsError, quote, SessionConfigError, SessionNotFoundError } from "../errors.ts";
import { shellWord } from "../shell.ts";
import { FileError, ProgramMissingError, type World } from "../world/world.ts";
import { mayStart } from "./boot.ts";
import { neededVariables } from "./boot_needs.ts";
import {
  commandsFor,
  crontabOf,
  crontabStep,
  crontabSteps,
  doStep,
  filesFor,
  type Manager,
  managerOf,
  planBoot,
  type Step,
  systemUnit,
  userUnits,
} from "./boot_plan.ts";

/** What to set up. */
export interface BootRequest {
  readonly system: boolean;
  readonly names: readonly string[];
  /** Whether nothing is done. */
  readonly dryRun: boolean;
}

/** What was, or would be, done. */
export interface BootChange {
  readonly manager: Manager;
  readonly steps: readonly Step[];
  /** What is left to do for a person. */
  readonly notes: readonly string[];
}

/**
 * Writes what starts the sessions of a config at boot, and starts it now.
 *
 * @throws {OpsError} `config_invalid`: nothing would start, or it would start in another way than here, or
 *   somebody else's file is in the way
 */
export async function enableBoot(
  world: World,
  config: Config & { readonly path: string },
  request: BootRequest,
): Promise<BootChange> {
  await refuseUseless(world, config, request.names);
  const manager = await managerOf(world, request);
  await refuseWithoutManager(world, config, { manager, ...request });
  const plan = await planBoot(world, config, request);
  const files = await filesFor(world, manager, plan);
  for (const { path } of files) await refuseOthers(world, path, "write");
  if (manager === "crontab" && crontabLine(plan).length > MOST_CRON_BYTES) {
    throw new OpsError(
      "config_invalid",
      "Cannot use the crontab: its line would be too long for cron",
      {
        hint: `a PATH of ${
          plan.env["PATH"]?.length ?? 0
        } bytes is a part of it: give a shorter one`,
      },
    );
  }
  const steps: readonly Step[] = [
    ...files.map(({ path, text }): Step => ({ kind: "write", path, text })),
    ...manager === "crontab" ? await crontabSteps(world, plan) : commandsFor(world, manager, plan),
  ];
  if (!request.dryRun) await doAll(world, steps);
  return { manager, steps, notes: await notesFor(world, manager) };
}

/** Removes what {@link enableBoot} wrote. */
export async function disableBoot(
  world: World,
  { system, dryRun }: Pick<BootRequest, "system" | "dryRun">,
): Promise<BootChange> {
  const manager = await managerOf(world, { system });
  const steps = await stepsBack(world, manager);
  if (!dryRun) await doAll(world, steps);
  return { manager, steps, notes: [] };
}

async function stepsBack(world: World, manager: Manager): Promise<readonly Step[]> {
  const run = (...argv: string[]): Step => ({ kind: "run", argv });
  const remove = (path: string): Step => ({ kind: "remove", path });
  const there = async (...paths: string[]): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const path of paths) {
      if (await refuseOthers(world, path, "remove") !== null) found.push(path);
    }
    return found;
  };
  const user = world.env("SUDO_USER") || await nameOfUser(world) || "root";
  switch (manager) {
    case "systemd-user": {
      const units = userUnits(world);
      const dropIns = SCOPES.map((scope) => `${units}/${scope}.d/kstops.conf`);
      const found = await there(`${units}/${USER_UNIT}`, ...dropIns);
      if (found.length === 0) return [];
      return [
        // Nothing ends by that: the unit only asks sessions to end when the machine goes down.
        ...found.includes(`${units}/${USER_UNIT}`)
          ? [run("systemctl", "--user", "disable", "--now", USER_UNIT)]
          : [],
        ...found.map(remove),
        ...found.filter((path) => dropIns.includes(path)).map((path) =>
          remove(path.replace(/\/[^/]*$/, ""))
        ),
        run("systemctl", "--user", "daemon-reload"),
      ];
    }
    case "systemd-system": {
      const unit = systemUnit(user);
      const found = await there(`/etc/systemd/system/${unit}`);
      if (found.length === 0) return [];
      return [
        run("systemctl", "disable", "--now", unit),
        ...found.map(remove),
        run("systemctl", "daemon-reload"),
      ];
    }
    case "launchd": {
      const plan = { ...NO_PLAN, program: world.program() };
      const found = await there(...(await filesFor(world, manager, plan)).map(({ path }) => path));
      if (found.length === 0) return [];
      return [
        run("launchctl", "bootout", `gui/${world.uid()}/dev.kstops.boot`),
        ...found.map(remove),
      ];
    }
    case "openrc": {
      const found = await there(`/etc/init.d/kstops-${user}`);
      if (found.length === 0) return [];
      return [run("rc-update", "del", `kstops-${user}`, "default"), ...found.map(remove)];
    }
    case "crontab": {
      const step = await crontabStep(await crontabOf(world), null);
      return step === null ? [] : [step];
    }
  }
}

const NO_PLAN = { config: "", names: [], env: {}, stopSeconds: 0, system: null } as const;

async function doAll(world: World, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    try {
      await doStep(world, step);
    } catch (error) {
      // Somebody else's drop-ins are in there, too.
      if (step.kind === "remove" && step.path.endsWith(".d") && error instanceof FileError) {
        continue;
      }
      if (error instanceof ProgramMissingError) {
        throw new OpsError("backend_not_found", `Cannot set up the boot: ${error.message}`, {
          hint: "install it, or start the sessions yourself: kstops up --boot",
        });
      }
      if (error instanceof FileError) {
        throw new OpsError("config_invalid", `Cannot set up the boot: ${error.message}`);
      }
      throw error;
    }
  }
}

/** Whose a file is, unless it is somebody else's; null: there is none. */
async function refuseOthers(
  world: World,
  path: string,
  verb: "write" | "remove",
): Promise<Whose | null> {
  if (await world.files.facts(path) === null) return null;
  const whose = await whoseFile(await world.files.readText(path));
  if (whose === "ours") return whose;
  const why = whose === "edited" ? "it was edited since" : "kstops did not write it";
  throw new OpsError("config_invalid", `Cannot ${verb} ${quote(path)}: ${why}`, {
    hint: "look what it does, and remove it yourself",
    details: { path },
  });
}

async function refuseUseless(
  world: World,
  config: Config & { readonly path: string },
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    if (config.sessions.has(name)) continue;
    throw new SessionNotFoundError("start", name, {
      reason: `${config.path} does not define it`,
      hint: `it defines ${[...config.sessions.keys()].join(", ") || "none"}`,
    });
  }
  const chosen = mayStart(config, names);
  if (chosen.length === 0) {
    throw new SessionConfigError("Cannot enable the boot: no session would start", {
      code: "config_invalid",
      hint: "give sessions restart: unless-stopped, or name them: kstops boot enable NAME",
    });
  }
  const needed = await neededVariables(world, config, chosen.map(({ name }) => name));
  const [first] = needed;
  if (first === undefined) return;
  const lines = needed.map(({ name, variables }) => `${name} needs ${variables.join(", ")}`);
  throw new SessionConfigError(
    [`Cannot enable the boot: variables of your environment will not be there`, ...lines].join(
      "\n",
    ),
    { code: "config_invalid", hint: "put them into a file, and name that with env_file" },
  );
}

async function refuseWithoutManager(
  world: World,
  { path }: { readonly path: string },
  { manager, names, dryRun }: Pick<BootRequest, "names" | "dryRun"> & { readonly manager: Manager },
): Promise<void> {
  if (manager === "systemd-system" && !await hasSystemd(world)) {
    throw new OpsError("config_invalid", "Cannot use --system: this machine has no systemd", {
      hint: "leave out --system: then a line in your crontab does it",
    });
  }
  if (dryRun) return;
  if ((manager === "systemd-system" || manager === "openrc") && world.uid() !== 0) {
    const words = ["--config", path, ...names].map(shellWord).join(" ");
    throw new OpsError(
      "config_invalid",
      "Cannot enable a unit of the system: only root may do that",
      {
        hint: `run: sudo kstops boot enable --system ${words}`,
      },
    );
  }
  if (manager === "systemd-user" && await runtimeDirectory(world) === null) {
    throw new OpsError(
      "backend_not_found",
      "Cannot enable the boot: no service manager of yours runs",
      {
        hint: "log in over SSH or at the machine, not by su or sudo; or use --system",
      },
    );
  }
}

async function notesFor(world: World, manager: Manager): Promise<readonly string[]> {
  if (manager === "systemd-user") {
    const user = await nameOfUser(world);
    if (user === null || await lingers(world, user)) return [];
    return [
      "your sessions start only when you log in, since you do not linger; " +
      `run: loginctl enable-linger ${shellWord(user)}`,
    ];
  }
  if (manager === "crontab") {
    return ["cron starts your sessions, and nobody asks them to end when the machine goes down"];
  }
  if (manager === "launchd" || manager === "openrc") {
    return [`this was never tried on a machine with ${manager}: please tell how it went`];
  }
  return [];
}
