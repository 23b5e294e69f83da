/** Turns a container into the status of its session. Pure. */
import { quote } from "../../errors.ts";
import {
  howItEnded,
  OUT_OF_MEMORY,
  type Runtime,
  type SessionState,
  type SessionStatus,
} from "../../model.ts";
import { isManaged, recordOf } from "./labels.ts";
import { type Container, type Details, IS_ALIVE } from "./parse.ts";
import type { Executions } from "../backend.ts";

/** The state for a runtime's word; null: the word is unknown. */
function stateOf({ state, finishedAt }: Container): SessionState | null {
  switch (state) {
    case "running":
    // podman has asked it to end, and it has not ended yet.
    case "stopping":
      return "running";
    case "exited":
    // podman 4, for a moment: ended, but not yet cleaned up.
    case "stopped":
    // Ended, and its restart policy waits before the next start.
    case "restarting":
      return "exited";
    case "dead":
    case "removing":
      return finishedAt === null ? "stopped" : "exited";
    case "paused":
    case "created":
    case "configured":
    case "initialized":
      return "stopped";
    default:
      return null;
  }
}

/** Its restart policy, in the words of the config; null: nothing restarts it. */
function policyOf(container: Container): string | null {
  const { details } = container;
  const policy = recordOf(container)?.restart ?? details?.restartPolicy ?? null;
  if (policy === null || policy === "no") return null;
  const most = details?.mostRestarts ?? 0;
  return policy.includes(":") || most === 0 ? policy : `${policy}:${most}`;
}

/** The status of a container's session. */
export function statusOfContainer(
  container: Container,
  { runtime, kept }: {
    readonly runtime: Runtime;
    /** Whether kstops is known to have stopped it. */
    readonly kept: boolean;
  },
): SessionStatus {
  const { id, name, pid, exitCode, image, ports, details } = container;
  // podman's list knows only seconds, and one time must not have two values.
  const time = runtime === "podman" ? inSeconds : (date: Date | null) => date;
  const record = recordOf(container);
  const isUnclear = container.unread?.isKnown === false;
  const known = isUnclear ? null : stateOf(container);
  const state = known === "exited" && kept ? "stopped" : known ?? "unknown";
  const isAlive = IS_ALIVE.has(container.state);
  const ended = exitCode === null || isAlive ? null : howItEnded(exitCode);
  return {
    name: name || null,
    backend: "container",
    state,
    // podman 4 keeps the pid of a container that ended while nobody watched it.
    pid: isAlive ? pid : null,
    exitCode: ended?.exitCode ?? null,
    signal: ended?.signal ?? null,
    createdAt: time(container.createdAt),
    finishedAt: time(container.finishedAt),
    managed: isManaged(container),
    defined: false,
    engine: runtime,
    engineState: container.state || null,
    socketName: null,
    windowCount: null,
    attached: null,
    id: id || null,
    image,
    ports,
    // The requested command: a runtime puts its entry point and its init before it.
    command: record === null ? container.command : record.argv ?? container.command,
    workingDir: record?.workingDir ?? details?.workingDir ?? null,
    reason: known !== null ? reasonOf(container, runtime) : container.unread?.reason ??
      `${runtime} calls its state ${container.state}, which this version of kstops does not know`,
    project: record?.owner.project ?? null,
    configFile: record?.owner.configFile ?? null,
    leftovers: null,
    restartPolicy: policyOf(container),
    restarts: policyOf(container) === null ? null : details?.restarts ?? null,
    nextRestartAt: null,
    health: state === "running" ? container.health : null,
    groups: [],
    drift: null,
  };
}

function inSeconds(date: Date | null): Date | null {
  return date === null ? null : new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function reasonOf(container: Container, runtime: Runtime): string | null {
  const { engineName } = container;
  const reason = stateReason(container, runtime);
  if (engineName === undefined) return reason;
  const renamed = `${runtime} calls it ${quote(engineName)}`;
  return reason === null ? renamed : `${reason}; ${renamed}`;
}

function stateReason({ state, details, unread }: Container, runtime: Runtime): string | null {
  if (details?.outOfMemory) return OUT_OF_MEMORY;
  if (state === "restarting") {
    return `${runtime} starts it again and again (${details?.restarts ?? 0} times so far)`;
  }
  const restarts = details?.restarts ?? 0;
  const again = state === "running" && restarts > 0
    ? `${runtime} has started it again ${restarts === 1 ? "once" : `${restarts} times`}`
    : null;
  return details?.error ?? unread?.reason ?? again;
}

/** How often the runtime has executed a container, and when it did so last. */
export function executionsIn(container: Container, details: Details): Executions {
  const { startedAt, restarts } = details;
  const policy = recordOf(container)?.restart ?? details.restartPolicy ?? "";
  return {
    startedAt,
    // docker counts the one that it waits for, too.
    restarts: container.state === "restarting" ? Math.max(0, restarts - 1) : restarts,
    areFailures: /^on-failure(:|$)/.test(policy),
  };
}
