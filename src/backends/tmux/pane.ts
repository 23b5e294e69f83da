/** Parses what tmux says about a pane. Pure. */
import { howItEnded, isExitCode, signalName } from "../../model.ts";
import type { PaneFacts } from "./args.ts";
import { isCount, numberOf, timeOf } from "./rows.ts";

/** One pane, as tmux reports it. A window that is linked to several sessions is in each of them. */
export interface Pane {
  readonly id: string;
  /** The process that tmux started in it; 0 for a dead pane. */
  readonly pid: number;
  /** Whether the user sees it in its session; false for every pane of a managed session. */
  readonly active: boolean;
  readonly dead: boolean;
  /** How its process ended; null while it runs, and when tmux lost the status. */
  readonly exit: { readonly exitCode: number; readonly signal: string | null } | null;
  readonly finishedAt: Date | null;
  readonly startCommand: string;
  /** Id of the run that this pane was made for; also null for every pane of a foreign session. */
  readonly runId: string | null;
  /** The program itself, below its keeper. */
  readonly programPid: number | null;
  /** The pid of the keeper; null: unknown. */
  readonly keeperPid: number | null;
  /** The state of its restart policy; null: it has none. */
  readonly supervision: Supervision | null;
  /**
   * Whether other sessions show the pane's window, too; unknown when only one session was asked
   * for.
   */
  readonly linked: boolean;
}

/** What the keeper of a program with a restart policy reports. */
interface Supervision {
  readonly restarts: number;
  /** How the program last ended; null: it runs. */
  readonly ended: {
    readonly exitCode: number;
    readonly failures: number;
    readonly at: Date | null;
    /** When it is executed again; null: the policy gave up. */
    readonly dueAt: Date | null;
  } | null;
}

/** The facts at the beginning of a row; null: they cannot be read. */
export function factsOf(text: string): PaneFacts | null {
  let facts: unknown;
  try {
    facts = JSON.parse(text);
  } catch {
    return null;
  }
  return areFacts(facts) ? facts : null;
}

function areFacts(value: unknown): value is PaneFacts {
  if (!Array.isArray(value) || value.length !== 8) return false;
  const [version, serverPid, id, created, attached, windows, paneId, life] = value;
  return isText(version) && isCount(serverPid) && isText(id) && isCount(created) &&
    isCount(attached) && isCount(windows) && isText(paneId) &&
    (isText(life) || isCount(life) && life > 0);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** The pane of a row. */
export function paneOf(facts: PaneFacts, fields: readonly string[]): Pane {
  const active = fields[3] ?? "";
  // In a foreign session these are two digits; for a pane with a mark, its run.
  const managed = fields[2] !== "" || active.length > 2;
  const life = facts[7];
  const words = managed ? (fields[4] ?? "").split(" ") : [];
  const [programPid, keeperPid] = words;
  const end = typeof life === "string" ? life.split(" ") : null;
  return {
    id: facts[6],
    pid: typeof life === "number" ? life : 0,
    active: !managed && active === "11",
    dead: end !== null,
    exit: end === null ? null : exitOf(numberOf(end[0]), numberOf(end[1])),
    finishedAt: end === null ? null : timeOf(numberOf(end[2])),
    startCommand: managed ? "" : unquoted(fields[5] ?? ""),
    runId: managed ? active || null : null,
    programPid: numberOf(programPid),
    keeperPid: numberOf(keeperPid),
    supervision: words.length < 3 ? null : supervisionOf(words),
    linked: false,
  };
}

/** Parses `PID KEEPER RESTARTS`, or `wait | gave_up KEEPER RESTARTS CODE FAILURES [ENDED DUE]`. */
function supervisionOf(words: readonly string[]): Supervision | null {
  const [word, , restarts, code, failures, endedAt, dueAt] = words;
  const count = numberOf(restarts);
  if (count === null) return null;
  const exitCode = numberOf(code);
  if (word !== "wait" && word !== "gave_up" || exitCode === null) {
    return { restarts: count, ended: null };
  }
  return {
    restarts: count,
    ended: {
      exitCode,
      failures: numberOf(failures) ?? 0,
      at: timeOf(numberOf(endedAt)),
      dueAt: word === "wait" ? timeOf(numberOf(dueAt)) : null,
    },
  };
}

function exitOf(status: number | null, signal: number | null): Pane["exit"] {
  if (status !== null && isExitCode(status)) return howItEnded(status);
  if (signal === null || !isExitCode(128 + signal)) return null;
  return { exitCode: 128 + signal, signal: signalName(signal) };
}

/** tmux quotes a start command as in its own config. */
function unquoted(command: string): string {
  if (command.length < 2 || !command.startsWith('"') || !command.endsWith('"')) return command;
  return command.slice(1, -1).replaceAll(/\\(["\\$])/g, "$1");
}
