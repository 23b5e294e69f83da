/** Findings about podman and docker. Pure. */
import type { LogSize } from "./podman_log.ts";
import type { Runtime } from "../../model.ts";
import { shellWord } from "../../shell.ts";
import {
  type Answer,
  counted,
  type Finding,
  namesText,
  ok,
  skipped,
  withoutPassword,
  wrong,
} from "../../model/finding.ts";
import type { Needs } from "../doctor.ts";

/** The facts about a program that speaks to a container runtime. */
export interface ClientFacts {
  readonly program: Runtime;
  /** Null: it is not installed. */
  readonly seen: {
    /** Absolute path. */
    readonly path: string;
    /** The runtime whose containers it works on. */
    readonly runtime: Runtime;
    /** The runtime whose command line it has. */
    readonly dialect: Runtime;
    /** Whether another program is used for those containers. */
    readonly isSpare: boolean;
    /** The host that the environment names, `DOCKER_HOST` or `CONTAINER_HOST`, or null. */
    readonly host: string | null;
    readonly version: Answer<string>;
    /** Null: it is not used, and so was not asked. */
    readonly reached: Answer<Reached> | null;
  } | null;
}

/** What a runtime reports about itself. */
export interface Reached {
  /** The version of the daemon, or of podman itself; null: unknown. */
  readonly version: string | null;
  /** Null: unknown. */
  readonly rootless: boolean | null;
  /** The sizes of its logs of sessions; missing: they are limited, or elsewhere. */
  readonly logs?: readonly LogSize[];
  /** The names of trial containers that nobody removed. */
  readonly trials?: readonly string[];
}

/** Other needs of rootless podman. */
export interface RootlessFacts {
  readonly user: string;
  readonly uid: number;
  /** How many ids of /etc/subuid and /etc/subgid belong to this user. */
  readonly subordinate: { readonly users: number; readonly groups: number };
  readonly runtimeDirectory: string | null;
  /** Why that directory cannot be used. */
  readonly runtimeDirectoryTrouble: string | null;
}

/** The facts about containers. */
export interface ContainerFacts {
  readonly clients: readonly ClientFacts[];
  /** Null: podman is not rootless, or missing. */
  readonly rootless: RootlessFacts | null;
  /** How to get a runtime. */
  readonly installHint: string;
}

/** Findings about clients, daemons, and the needs of rootless podman. */
export function containerFindings(
  { clients, rootless, installHint }: ContainerFacts,
  needs: Needs,
): readonly Finding[] {
  if (clients.every(({ seen }) => seen === null)) {
    const message = "neither podman nor docker is installed";
    const check = "containers.runtime";
    return [
      needs.any === null
        ? skipped(check, message, { fix: `for sessions in containers, ${installHint}` })
        : wrong("failure", check, { message: `${message} (${needs.any})`, fix: installHint }),
    ];
  }
  return [
    ...clients.flatMap((client) => clientFindings(client, needs)),
    ...rootless === null ? [] : rootlessFindings(rootless, needs.of.podman ?? null),
  ];
}

function clientFindings({ program, seen }: ClientFacts, needs: Needs): readonly Finding[] {
  const check = `${program}.version`;
  if (seen === null) {
    const need = needs.of[program] ?? null;
    const message = `${program} is not installed`;
    const fix = `install ${program}, or leave it: sessions can name another runtime`;
    const details = { engine: program, path: null, version: null, milliseconds: null };
    return [
      need === null
        ? skipped(check, message, { details })
        : wrong("failure", check, { message: `${message} (${need})`, fix, details }),
    ];
  }
  const { path, version, dialect, runtime, isSpare } = seen;
  const { milliseconds } = version;
  const details = {
    engine: runtime,
    path,
    version: version.kind === "answered" ? version.value : null,
    milliseconds,
  };
  const need = needs.of[runtime] ?? null;
  if (version.kind === "failed") {
    return [
      wrong(need === null || isSpare ? "warning" : "failure", check, {
        message: `${path} does not tell its version: ${withoutPassword(version.reason)}`,
        fix: `try it by hand: ${shellWord(path)} --version`,
        details,
      }),
      ...reachedFindings(seen, program, need),
    ];
  }
  const disguise = dialect !== program
    ? `, which is ${dialect} by another name`
    : runtime !== program
    ? `, which DOCKER_HOST leads to ${runtime}`
    : "";
  return [
    ok(check, `${program} ${version.value} (${path})${disguise}`, details),
    ...reachedFindings(seen, program, need),
  ];
}

function reachedFindings(
  { reached, runtime, dialect, host: given }: NonNullable<ClientFacts["seen"]>,
  program: Runtime,
  need: string | null,
): readonly Finding[] {
  if (reached === null) return [];
  const check = `${program}.reachable`;
  const { milliseconds } = reached;
  const host = given === null ? null : withoutPassword(given);
  if (reached.kind === "answered") {
    const { version, rootless } = reached.value;
    const daemon = `the ${runtime} daemon${version === null ? "" : ` ${version}`}`;
    const who = dialect === "docker" ? daemon : runtime;
    const mode = rootless === null ? "" : rootless ? ", rootless" : ", as root";
    return [
      ok(check, `${who} answers in ${milliseconds} ms${mode}`, {
        engine: runtime,
        version,
        rootless,
        host,
        milliseconds,
      }),
      ...logFindings(reached.value.logs ?? []),
      ...trialFindings(program, reached.value.trials ?? []),
    ];
  }
  const reason = withoutPassword(reached.reason);
  const because = need === null ? "" : ` (${need})`;
  return [wrong(need === null ? "warning" : "failure", check, {
    message: `${runtime} cannot be asked: ${reason}${because}`,
    fix: reachFix(reason, { runtime, program, host, dialect }),
    details: { engine: runtime, version: null, rootless: null, host, milliseconds },
  })];
}

/** A file this many times larger than promised deserves a warning. */
const TOO_LARGE = 4;

/** podman's files of output, which kstops trims when it looks at their sessions. */
function logFindings(logs: readonly LogSize[]): readonly Finding[] {
  if (logs.length === 0) return [];
  const bytes = logs.reduce((sum, each) => sum + each.bytes, 0);
  const details = {
    bytes,
    sessions: logs.map(({ name, ...size }) => ({
      name,
      bytes: size.bytes,
      promised_bytes: size.promisedBytes,
    })),
  };
  const large = logs.filter((each) => each.newestBytes > TOO_LARGE * each.promisedBytes);
  const [first] = large;
  if (first === undefined) {
    const text = `podman's logs of ${counted(logs.length, "session")} take ${sizeText(bytes)}`;
    return [ok("podman.logs", text, details)];
  }
  return [wrong("warning", "podman.logs", {
    message: `podman's log of ${namesText(large.map(({ name }) => name))} has grown larger than ` +
      `promised, since nobody looked (${sizeText(first.newestBytes)} of ${first.name})`,
    fix: `run: kstops status ${shellWord(first.name)}`,
    details,
  })];
}

/** Trial containers of a kstops that was killed during a trial. */
function trialFindings(program: Runtime, trials: readonly string[]): readonly Finding[] {
  if (trials.length === 0) return [];
  const message = `a restart that was killed has left ${namesText(trials)}: ` +
    "to see whether the new one could start; it never ran";
  const fix = `run: ${program} rm --force --volumes ${trials.map(shellWord).join(" ")} ` +
    "(the next restart of a container does it, too)";
  return [
    wrong("warning", `${program}.trials`, { message, fix, details: { containers: trials } }),
  ];
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024
    ? `${Math.ceil(bytes / 1024)} KiB`
    : `${Math.round(bytes / 1024 / 1024)} MiB`;
}

function reachFix(
  reason: string,
  { runtime, program, host, dialect }: {
    readonly runtime: Runtime;
    readonly program: Runtime;
    readonly host: string | null;
    readonly dialect: Runtime;
  },
): string {
  if (/permission denied/i.test(reason)) {
    return runtime === "docker"
      ? "join the group of its socket (usermod -aG docker USER, as root), then log in again"
      : `see who may use its socket; try it by hand: ${program} info`;
  }
  const isDown = /cannot connect|connection refused|is the docker daemon running/i.test(reason);
  if (isDown && host !== null) {
    const variable = dialect === "docker" ? "DOCKER_HOST" : "CONTAINER_HOST";
    return `start it, or unset ${variable}, which leads to ${host}`;
  }
  return isDown
    ? `start it (systemctl start ${runtime}), or see why it is down`
    : `try it by hand: ${program} ${dialect === "docker" ? "version" : "info"}`;
}

/** Most images need as many: every user id inside is one outside, and images have ids up to 65535. */
const ENOUGH_IDS = 65_536;

function rootlessFindings(facts: RootlessFacts, need: string | null): readonly Finding[] {
  const { user, uid, subordinate: { users, groups } } = facts;
  const { runtimeDirectory, runtimeDirectoryTrouble } = facts;
  const details = { user, user_ids: users, group_ids: groups };
  const least = Math.min(users, groups);
  const level = need !== null && least === 0 ? "failure" : "warning";
  const ids = least >= ENOUGH_IDS
    ? ok("podman.subids", `${user} has ${users} subordinate user ids, ${groups} group ids`, details)
    : wrong(level, "podman.subids", {
      message: `${user} has ${users} subordinate user ids and ${groups} group ids, and most ` +
        `images need ${ENOUGH_IDS}`,
      fix: "run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 " +
        `${shellWord(user)} && podman system migrate`,
      details,
    });
  const directory = runtimeDirectory !== null && runtimeDirectoryTrouble === null
    ? ok("podman.runtime_directory", `XDG_RUNTIME_DIR is ${runtimeDirectory}`, {
      path: runtimeDirectory,
    })
    : wrong("warning", "podman.runtime_directory", {
      message: runtimeDirectory === null
        ? "XDG_RUNTIME_DIR is not set: podman may not find containers of a login session"
        : `XDG_RUNTIME_DIR is ${runtimeDirectory}: ${runtimeDirectoryTrouble}`,
      fix: `log in as ${user} (ssh, machinectl shell), or: export XDG_RUNTIME_DIR=/run/user/${uid}`,
      details: { path: runtimeDirectory },
    });
  return [ids, directory];
}

/** How many ids subuid(5) or subgid(5) give a user, by name or number. */
export function subordinateIds(
  text: string,
  { user, uid }: { readonly user: string; readonly uid: number },
): number {
  return text.split("\n").map((line) => line.trim().split(":"))
    .filter(([owner]) => owner === user || owner === String(uid))
    .reduce((sum, [, , count = ""]) => sum + (/^\d{1,10}$/.test(count) ? Number(count) : 0), 0);
}
