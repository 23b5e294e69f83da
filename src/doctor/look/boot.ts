/** Looks at what starts the sessions of a config when the machine boots. */
import { mayStart } from "../../actions/boot.ts";
import { neededVariables } from "../../actions/boot_needs.ts";
import {
  crontabOf,
  filesFor,
  longestStop,
  type Manager,
  managerOf,
  planBoot,
} from "../../actions/boot_plan.ts";
import { findProgram } from "../../backends/program.ts";
import { USER_UNIT } from "../../boot/groups.ts";
import { lingers, nameOfUser, said } from "../../boot/machine.ts";
import { type Whose, whoseFile, whoseLine } from "../../boot/mark.ts";
import { type BootPlan, crontabLine } from "../../boot/unit.ts";
import type { Config } from "../../config/config.ts";
import { absolutePath } from "../../config/config.ts";
import type { World } from "../../world/world.ts";
import type { BootFacts } from "../boot.ts";

/** What is written where the boot is enabled. */
interface Written {
  readonly where: string;
  readonly whose: Whose;
  readonly text: string;
}

/** The facts about the boot of this machine. */
export async function lookAtBoot(
  world: World,
  config: Config,
  { system }: { readonly system: boolean },
): Promise<BootFacts> {
  const manager = await managerOf(world, { system });
  const path = config.path ?? "";
  const own = { ...config, path };
  const empty = await planBoot(world, own, { system, names: [] });
  const written = await writtenFor(world, manager, empty);
  const said = written === null ? null : wordsIn(written.text);
  const names = said?.names ?? [];
  const plan = { ...empty, names };
  const chosen = config.path === null ? [] : mayStart(config, names).map(({ name }) => name);
  const user = await nameOfUser(world) ?? "";
  const PATH = said?.env["PATH"] ?? empty.env["PATH"] ?? "";
  return {
    manager,
    enabled: written === null || said === null ? null : {
      where: written.where,
      whose: written.whose,
      config: said.config,
      program: said.program,
      isExecutable: await isExecutable(world, said.program),
      lostDirectories: await lostIn(world, said.env["PATH"] ?? ""),
      stopSeconds: said.stopSeconds,
      isCurrent: await isCurrent(world, manager, { plan: { ...plan, env: said.env }, written }),
      isActive: manager === "systemd-user" ? await isActive(world, ["--user"], USER_UNIT) : null,
    },
    user,
    linger: await lingers(world, user),
    config: config.path,
    longestStop: longestStop(config),
    lostPrograms: await lostPrograms(world, config, { names: chosen, path: PATH }),
    needed: config.path === null ? [] : await neededVariables(world, own, chosen),
    starts: chosen,
    names,
    cronRuns: manager === "crontab" ? await doesCronRun(world) : null,
  };
}

/** Whether a unit of the user starts sessions; the doctor looks only then. */
export async function isBootEnabled(world: World): Promise<boolean> {
  const manager = await managerOf(world, { system: false });
  if (manager !== "systemd-user") return false;
  const plan = { program: [""], config: "", names: [], env: {}, stopSeconds: 0, system: null };
  return await writtenFor(world, manager, plan) !== null;
}

async function writtenFor(
  world: World,
  manager: Manager,
  plan: BootPlan,
): Promise<Written | null> {
  if (manager === "crontab") {
    for (const line of await crontabOf(world)) {
      const whose = await whoseLine(line);
      if (whose !== "others") return { where: "your crontab", whose, text: line };
    }
    return null;
  }
  const [first] = await filesFor(world, manager, plan);
  if (first === undefined || await world.files.facts(first.path) === null) return null;
  const text = await world.files.readText(first.path);
  return { where: first.path, whose: await whoseFile(text), text };
}

/** What a unit, a script or a line of a crontab says. */
function wordsIn(text: string): {
  readonly program: string | null;
  readonly config: string | null;
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stopSeconds: number | null;
} {
  const command = /^ExecStart=-(.*)$/m.exec(text)?.[1] ??
    /^@reboot (.*?) >\/dev\/null/m.exec(text)?.[1] ?? "";
  const words = splitWords(command.replaceAll("\\%", "%"));
  const env = [
    ...Array.from(
      text.matchAll(/^Environment=(.*)$/gm),
      ([, word = ""]) => splitWords(word)[0] ?? "",
    ),
    ...words[0] === "/usr/bin/env" ? words.slice(1).filter((word) => /^[A-Z_]+=/.test(word)) : [],
  ];
  const kstops = words.filter((word, index) =>
    !(words[0] === "/usr/bin/env" && (index === 0 || /^[A-Z_]+=/.test(word)))
  );
  const at = kstops.indexOf("--config");
  const start = kstops.lastIndexOf("start");
  const seconds = /^TimeoutStopSec=(\d+)$/m.exec(text)?.[1];
  return {
    program: kstops[0] ?? null,
    config: at < 0 ? null : kstops[at + 1] ?? null,
    names: start < 0 ? [] : kstops.slice(start + 1),
    env: Object.fromEntries(env.map((each): [string, string] => {
      const equals = each.indexOf("=");
      return [each.slice(0, equals), each.slice(equals + 1)];
    })),
    stopSeconds: seconds === undefined ? null : Number(seconds),
  };
}

/** The words of a command as kstops wrote it into a unit or a crontab. */
function splitWords(text: string): string[] {
  return Array.from(
    text.matchAll(/"((?:[^"\\]|\\.)*)"|((?:[^\s'\\]|\\.|'[^']*')+)/g),
    ([, quoted, plain = ""]) =>
      (quoted?.replaceAll(
        /\\(.)/g,
        (_, each) => each === "n" ? "\n" : each === "t" ? "\t" : each,
      ) ??
        plain.replaceAll(/'([^']*)'|\\(.)/g, (_, inside, each) => inside ?? each))
        .replaceAll("%%", "%").replaceAll("$$", "$"),
  );
}

async function isCurrent(
  world: World,
  manager: Manager,
  { plan, written }: { readonly plan: BootPlan; readonly written: Written },
): Promise<boolean> {
  if (manager === "crontab") return written.text.startsWith(`${crontabLine(plan)} #`);
  const [first] = await filesFor(world, manager, plan);
  return first?.text === written.text;
}

async function isExecutable(world: World, program: string | null): Promise<boolean> {
  if (program === null) return false;
  const facts = await world.files.facts(program);
  return facts?.kind === "file" && (facts.mode & 0o111) !== 0;
}

async function lostIn(world: World, path: string): Promise<readonly string[]> {
  const directories = [...new Set(path.split(":").filter((each) => each.startsWith("/")))];
  const facts = await Promise.all(directories.map((each) => world.files.facts(each)));
  // Those of the system need not exist.
  return directories.filter((each, index) =>
    facts[index] === null && !/^\/(usr\/|opt\/|snap\/)?(local\/)?(s?bin|games)$/.test(each)
  );
}

/** Programs of tmux sessions that are not found with that PATH. */
async function lostPrograms(
  world: World,
  config: Config,
  { names, path }: { readonly names: readonly string[]; readonly path: string },
): Promise<BootFacts["lostPrograms"]> {
  const lost = await Promise.all(names.map(async (name) => {
    const entry = config.sessions.get(name);
    if (entry?.kind !== "usable" || !Array.isArray(entry.settings.command)) return [];
    const { command, image, workingDir, env } = entry.settings;
    const [program = ""] = command;
    const isOwn = Object.keys(env).includes("PATH");
    if (image !== null || program.includes("$") || workingDir?.includes("$") || isOwn) return [];
    const directory = config.written.directory(["ops", "sessions", name, "working_dir"]);
    const found = await findProgram(world, {
      program,
      path,
      workingDir: absolutePath(directory, workingDir ?? "."),
    });
    return found.kind === "found" ? [] : [{ name, program }];
  }));
  return lost.flat();
}

async function isActive(
  world: World,
  whose: readonly string[],
  unit: string,
): Promise<boolean | null> {
  const text = await said(world, [
    "systemctl",
    ...whose,
    "show",
    "-p",
    "ActiveState",
    "--value",
    unit,
  ]);
  return text === null ? null : text.trim() === "active";
}

async function doesCronRun(world: World): Promise<boolean | null> {
  const text = await said(world, ["ps", "-A", "-o", "comm="]);
  return text === null ? null : /^(cron|crond|fcron|busybox)$/m.test(text);
}
