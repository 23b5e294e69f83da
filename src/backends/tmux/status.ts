/** Turns what tmux says about a session into its status. Pure. */
import { howItEnded, type SessionStatus, statusOf } from "../../model.ts";
import { formatFailureCount, formatGivenUp } from "../../model/failures.ts";
import type { Pane } from "./pane.ts";
import type { TmuxSession } from "./parse.ts";

/**
 * The pane that represents a session: the managed one; for a foreign session the active one. Null
 * when the managed pane was closed.
 */
export function mainPane(session: TmuxSession): Pane | null {
  if (session.runId !== null) return session.managedPane;
  return session.panes.find((pane) => pane.active && !pane.dead) ??
    session.panes.find((pane) => !pane.dead) ??
    session.panes.find((pane) => pane.active) ?? session.panes[0] ?? null;
}

/** The engine's word for a session whose program is executed again after a delay. */
export const BACKOFF = "backoff";
/** The same after its restart policy gave up. */
const GAVE_UP = "gave_up";

/** Whether its keeper waits to execute its program again. */
export function isWaiting({ dead, supervision }: Pane): boolean {
  return !dead && supervision?.ended != null && supervision.ended.dueAt !== null;
}

/** The status of one session. */
export function statusOfSession(session: TmuxSession, socketName: string): SessionStatus {
  const { record } = session;
  const pane = mainPane(session);
  const managed = session.runId !== null;
  const dead = pane !== null && pane.dead;
  const taken = pane !== null && isTaken(pane);
  const supervision = pane?.supervision ?? null;
  const waits = pane !== null && isWaiting(pane) && !taken;
  // For a keeper that was killed while it waited, tmux reports the keeper's own end.
  const last = supervision?.ended ?? null;
  const end = last === null || (!dead && !waits) ? pane?.exit ?? null : howItEnded(last.exitCode);
  if (session.unreadable !== null) {
    return statusOf({
      name: session.name || null,
      backend: "tmux",
      state: "unknown",
      managed,
      engine: "tmux",
      socketName,
      id: session.id || null,
      command: record?.argv ?? null,
      workingDir: record?.workingDir ?? null,
      reason: session.unreadable,
      project: record?.owner.project ?? null,
      configFile: record?.owner.configFile ?? null,
    });
  }
  // All keys at once: spreading one object over another took longer than parsing the row.
  return {
    name: session.name,
    backend: "tmux",
    state: pane === null || taken ? "stopped" : dead || waits ? "exited" : "running",
    pid: pane === null || dead || taken ? null : managed ? pane.programPid : pane.pid,
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    createdAt: session.createdAt,
    finishedAt: last?.at ?? pane?.finishedAt ?? null,
    managed,
    defined: false,
    engine: "tmux",
    engineState: waits
      ? BACKOFF
      : !dead
      ? null
      : last !== null && last.dueAt === null
      ? GAVE_UP
      : "dead",
    socketName,
    windowCount: session.windowCount,
    attached: session.attached,
    id: session.id,
    image: null,
    ports: null,
    command: managed
      ? record?.argv ?? null
      : pane === null || pane.startCommand === ""
      ? null
      : [pane.startCommand],
    workingDir: record?.workingDir ?? session.path,
    reason: reasonOf(session, pane),
    project: record?.owner.project ?? null,
    configFile: record?.owner.configFile ?? null,
    leftovers: null,
    restartPolicy: policyWords(record?.restart ?? null),
    restarts: supervision?.restarts ?? null,
    nextRestartAt: waits ? last?.dueAt ?? null : null,
    health: null,
    groups: [],
    drift: null,
  };
}

/** The restart policy in the words of the config; null: none. */
function policyWords(restart: string | null): string | null {
  return restart === "no" ? null : restart;
}

function reasonOf(
  { runId, name, tmuxName, strayPane }: TmuxSession,
  pane: Pane | null,
): string | null {
  if (pane === null) return "the pane of its program was closed";
  if (isTaken(pane)) return "its pane was given to another program (respawn-pane)";
  const ended = pane.supervision?.ended ?? null;
  if (pane.dead && ended !== null && ended.dueAt === null) return formatGivenUp(ended.failures);
  if (pane.dead && pane.exit === null) return "tmux does not know how it ended";
  if (runId === null) return null;
  if (strayPane !== null) return `somebody moved it into the tmux session ${tmuxName}`;
  return name === tmuxName ? null : `tmux calls it ${tmuxName} by now`;
}

/** Whether a managed pane now runs something else than its keeper. */
export function isTaken({ dead, pid, keeperPid }: Pane): boolean {
  return !dead && keeperPid !== null && keeperPid !== pid;
}

/**
 * The pid of a program that may live although its session does not show it: its pane was closed,
 * given to another program, or lost its keeper. Null: there is none.
 */
export function hiddenProgram(
  { runId, managedPane, unreadable }: TmuxSession,
): "any" | number | null {
  if (runId === null || unreadable !== null) return null;
  if (managedPane === null || isTaken(managedPane)) return "any";
  return managedPane.dead ? managedPane.programPid : null;
}

/**
 * Why a session with a waiting keeper does not run: `exit code 3; starts again in 8 s (4th failure
 * in a row)`.
 */
export function waitingWords({ supervision }: Pane, now: Date): string | null {
  const ended = supervision?.ended ?? null;
  if (ended === null || ended.dueAt === null) return null;
  const { exitCode, failures, dueAt } = ended;
  const how = howItEnded(exitCode).signal ?? `exit code ${exitCode}`;
  const seconds = Math.max(0, Math.ceil((dueAt.getTime() - now.getTime()) / 1000));
  const count = formatFailureCount(failures);
  return `${how}; starts again ${seconds === 0 ? "now" : `in ${seconds} s`}${count}`;
}
