/** Findings about whether sessions would come back after a boot. Pure. */
import type { Manager } from "../actions/boot_plan.ts";
import type { Whose } from "../boot/mark.ts";
import { MOST_USER_SECONDS } from "../boot/unit.ts";
import { quote } from "../errors.ts";
import { type Finding, namesText, ok, skipped, wrong } from "../model/finding.ts";
import { shellWord } from "../shell.ts";

/** The facts about the boot. */
export interface BootFacts {
  readonly manager: Manager;
  /** Where it is enabled: the path of the unit, or the crontab; null: nowhere. */
  readonly enabled: {
    readonly where: string;
    readonly whose: Whose;
    /** The config that it starts; null: it cannot be read. */
    readonly config: string | null;
    /** The words of the executable, and whether it can be executed. */
    readonly program: string | null;
    readonly isExecutable: boolean;
    /** Directories of its PATH that are gone. */
    readonly lostDirectories: readonly string[];
    /** How long it lets sessions end. */
    readonly stopSeconds: number | null;
    /** Whether it says what `boot enable` would say now. */
    readonly isCurrent: boolean;
    /** Whether the service manager has started it, so that it is asked at a shutdown; null: unknown. */
    readonly isActive: boolean | null;
  } | null;
  /** The user, and whether that user lingers. */
  readonly user: string;
  readonly linger: boolean;
  /** The config in force; null: there is none. */
  readonly config: string | null;
  /** How long its sessions may take to end. */
  readonly longestStop: number;
  /** Programs that are not found with the PATH of the unit, by session. */
  readonly lostPrograms: readonly { readonly name: string; readonly program: string }[];
  readonly needed: readonly { readonly name: string; readonly variables: readonly string[] }[];
  /** The sessions that may start. */
  readonly starts: readonly string[];
  /** The names that were given to `boot enable`. */
  readonly names: readonly string[];
  /** Whether cron runs; null: unknown, or it does not matter. */
  readonly cronRuns: boolean | null;
}

/** Whether the sessions of the config would come back now, and why not. */
export function bootFindings(facts: BootFacts): readonly Finding[] {
  const { enabled, manager, starts, config } = facts;
  const system = manager === "systemd-system" || manager === "openrc" ? " --system" : "";
  const again = `run: kstops boot enable${system}`;
  if (enabled === null) {
    return [
      skipped("boot.enabled", "nothing starts the sessions when the machine boots", {
        fix: again,
        details: { manager },
      }),
    ];
  }
  const { where, whose, program, isExecutable, lostDirectories, stopSeconds, isActive } = enabled;
  const found: Finding[] = [];
  if (whose === "edited") {
    found.push(wrong("warning", "boot.enabled", {
      message: `${where} was edited: kstops neither changes nor removes it`,
      fix: "remove it yourself, then enable the boot again",
      details: { where },
    }));
  } else if (config !== null && enabled.config !== config) {
    found.push(wrong("warning", "boot.enabled", {
      message: `${where} starts the sessions of ${
        enabled.config ?? "another config"
      }, not of ${config}`,
      fix: `${again}: then those of this config; or include the other one in it`,
      details: { where, config: enabled.config },
    }));
  } else if (!enabled.isCurrent) {
    found.push(wrong("warning", "boot.enabled", {
      message: `${where} says something else than it would say now`,
      fix: again,
      details: { where },
    }));
  } else {
    found.push(ok("boot.enabled", `${where} starts the sessions of ${enabled.config}`, { where }));
  }
  if (!isExecutable) {
    found.push(wrong("failure", "boot.executable", {
      message: `${program ?? "its executable"} is gone, or cannot be executed`,
      fix: again,
      details: { program },
    }));
  }
  if (lostDirectories.length > 0) {
    found.push(wrong("warning", "boot.path", {
      message: `its PATH has directories that are gone: ${namesText(lostDirectories)}`,
      fix: again,
      details: { directories: lostDirectories },
    }));
  }
  for (const { name, program: lost } of facts.lostPrograms) {
    found.push(wrong("failure", "boot.program", {
      message: `${quote(name)} would not start: ${quote(lost)} is not in the PATH of ${where}`,
      fix: `${again}, with a PATH that has it; or give its whole path in the config`,
      details: { session: name, program: lost },
    }));
  }
  for (const { name, variables } of facts.needed) {
    found.push(wrong("failure", "boot.environment", {
      message: `${quote(name)} needs ${variables.join(", ")} of your environment`,
      fix: "put them into a file, and name that with env_file",
      details: { session: name, variables },
    }));
  }
  if (manager === "systemd-user") found.push(lingerFinding(facts));
  if (isActive === false) {
    found.push(wrong("warning", "boot.active", {
      message: `${where} is not active: nobody would ask the sessions to end at a shutdown`,
      fix: "run: systemctl --user start kstops.service",
    }));
  }
  found.push(...timeFindings(facts, stopSeconds));
  if (facts.cronRuns === false) {
    found.push(wrong("failure", "boot.cron", {
      message: "cron does not run, so it starts nothing",
      fix: "install cron, or start it",
    }));
  }
  found.push(
    starts.length === 0
      ? wrong("warning", "boot.sessions", {
        message: "no session would start: none has a restart policy",
        fix: "give sessions restart: unless-stopped, or name them: kstops boot enable NAME",
      })
      : ok("boot.sessions", `these may start: ${namesText(starts)}`, { sessions: starts }),
  );
  return found;
}

function lingerFinding({ user, linger }: BootFacts): Finding {
  return linger
    ? ok("boot.linger", `${user} lingers: the sessions start without a login`, { user })
    : wrong("failure", "boot.linger", {
      message: `${user} does not linger: the sessions start only at a login`,
      fix: `run: loginctl enable-linger ${shellWord(user)}`,
      details: { user },
    });
}

function timeFindings(
  { manager, longestStop }: BootFacts,
  stopSeconds: number | null,
): readonly Finding[] {
  if (stopSeconds === null) return [];
  if (manager === "systemd-user" && longestStop > MOST_USER_SECONDS) {
    return [
      wrong("warning", "boot.time", {
        message:
          `the sessions may take ${longestStop} s to end, and the service manager of a user ` +
          `gives ${MOST_USER_SECONDS} s at most`,
        fix: "lower stop_timeout, or run: kstops boot disable, then: kstops boot enable --system",
        details: { seconds: longestStop },
      }),
    ];
  }
  return stopSeconds > longestStop ? [] : [
    wrong("warning", "boot.time", {
      message: `the sessions may take ${longestStop} s to end, and the unit gives ${stopSeconds} s`,
      fix: "run: kstops boot enable",
      details: { seconds: longestStop },
    }),
  ];
}
