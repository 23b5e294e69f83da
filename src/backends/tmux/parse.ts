/** What tmux says, as facts: pure functions from its output. */
import { DEFAULT_LOG, howItEnded, type SessionStatus, signalName, statusOf } from "../../model.ts";
import {
  CREATED_FIELDS,
  fieldSeparator,
  PANE_FIELDS,
  PANE_OPTION,
  PID_OPTION,
  RECORD_OPTION,
  rowEnd,
  RUN_ID_OPTION,
  type RunRecord,
  SERVER_FIELDS,
} from "./args.ts";

/** One pane, as tmux reports it. A window that is linked to several sessions is in each of them. */
export interface Pane {
  readonly id: string;
  /** The process that tmux started in it; stale once the pane is dead. */
  readonly pid: number;
  readonly active: boolean;
  readonly dead: boolean;
  /** How its process ended; null while it runs, or when tmux lost it. */
  readonly exit: { readonly exitCode: number; readonly signal: string | null } | null;
  readonly finishedAt: Date | null;
  readonly startCommand: string;
  /** Id of the run that this pane was made for. */
  readonly runId: string | null;
  /** The program itself, below the shell that keeps it. */
  readonly programPid: number | null;
  /** Whether other sessions show the pane's window, too; unknown where only one was asked for. */
  readonly linked: boolean;
}

/** One tmux session with all its panes. */
export interface TmuxSession {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date | null;
  readonly attached: number;
  readonly windowCount: number;
  readonly path: string;
  /** Id of the run; null for a foreign session. */
  readonly runId: string | null;
  readonly record: RunRecord | null;
  readonly panes: readonly Pane[];
  /** The pane that the run was started in; null when it is gone, or the session foreign. */
  readonly managedPane: Pane | null;
  readonly serverVersion: string;
  readonly serverPid: number;
}

/** The answer could not be understood. */
export class GarbledAnswerError extends Error {}

/** The value of a field; a function, since building objects takes longer than all the rest. */
type Row = (field: string) => string;

function rowsOf(stdout: string, fields: readonly string[], nonce: string): Row[] {
  const pieces = stdout.split(`${rowEnd(nonce)}\n`);
  const rest = pieces.pop();
  if (rest !== "") {
    throw new GarbledAnswerError(`unexpected answer of tmux: ${stdout.trim().slice(0, 80)}`);
  }
  const separator = fieldSeparator(nonce);
  const indexes = new Map(fields.map((field, index) => [field, index]));
  return pieces.map((piece) => {
    const values = piece.split(separator);
    if (values.length !== fields.length) throw new GarbledAnswerError("unexpected answer of tmux");
    return (field) => values[indexes.get(field) ?? -1] ?? "";
  });
}

/** The sessions of a server, in the order of their ids. */
export function parsePanes(stdout: string, nonce: string): TmuxSession[] {
  const groups = new Map<string, Map<string, Row>>();
  const shownBy = new Map<string, number>();
  for (const row of rowsOf(stdout, PANE_FIELDS, nonce)) {
    const [id, pane] = [row("session_id"), row("pane_id")];
    const group = groups.get(id) ?? new Map<string, Row>();
    groups.set(id, group);
    // A window may be linked twice into one session: its pane is in the one that is active.
    const seen = group.get(pane);
    if (seen === undefined) shownBy.set(pane, (shownBy.get(pane) ?? 0) + 1);
    if (seen === undefined || row("window_active") === "1") group.set(pane, row);
  }
  const isLinked = (pane: string): boolean => (shownBy.get(pane) ?? 0) > 1;
  return [...groups.values()].map((rows) => sessionOf([...rows.values()], isLinked));
}

function sessionOf(rows: readonly Row[], isLinked: (pane: string) => boolean): TmuxSession {
  const field: Row = (name) => rows[0]?.(name) ?? "";
  const panes = rows.map((row) => paneOf(row, isLinked(row("pane_id"))));
  const runId = field(RUN_ID_OPTION) || null;
  return {
    id: field("session_id"),
    name: field("session_name"),
    createdAt: timeOf(field("session_created")),
    attached: numberOf(field("session_attached")) ?? 0,
    windowCount: numberOf(field("session_windows")) ?? 0,
    path: field("session_path"),
    runId,
    record: recordOf(field(RECORD_OPTION)),
    panes,
    managedPane: runId === null ? null : panes.find((pane) => pane.runId === runId) ?? null,
    serverVersion: field("version"),
    serverPid: numberOf(field("pid")) ?? 0,
  };
}

function paneOf(field: Row, linked: boolean): Pane {
  return {
    id: field("pane_id"),
    pid: numberOf(field("pane_pid")) ?? 0,
    active: field("window_active") === "1" && field("pane_active") === "1",
    dead: field("pane_dead") === "1",
    exit: exitOf(numberOf(field("pane_dead_status")), numberOf(field("pane_dead_signal"))),
    finishedAt: timeOf(field("pane_dead_time")),
    startCommand: unquoted(field("pane_start_command")),
    runId: field(PANE_OPTION) || null,
    programPid: numberOf(field(PID_OPTION)),
    linked,
  };
}

function exitOf(status: number | null, signal: number | null): Pane["exit"] {
  if (status !== null) return howItEnded(status);
  if (signal !== null) return { exitCode: 128 + signal, signal: signalName(signal) };
  return null;
}

/** tmux shows a start command the way its own config would have it, in quotes. */
function unquoted(command: string): string {
  if (command.length < 2 || !command.startsWith('"') || !command.endsWith('"')) return command;
  return command.slice(1, -1).replaceAll(/\\(["\\$])/g, "$1");
}

function numberOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function timeOf(text: string): Date | null {
  const seconds = numberOf(text);
  return seconds === null || seconds === 0 ? null : new Date(seconds * 1000);
}

function recordOf(text: string): RunRecord | null {
  if (text === "") return null;
  let found: Partial<Record<keyof RunRecord, unknown>>;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null) return null;
  const { command, working_dir, env, log, stop_signal, stop_timeout } = found;
  const { log_capture, log_max_bytes, log_keep } = found;
  if (!isWords(command) || !isWords(env) || typeof working_dir !== "string") return null;
  return {
    command,
    working_dir,
    env,
    log: typeof log === "string" ? log : null,
    log_capture: log_capture !== false,
    log_max_bytes: typeof log_max_bytes === "number" ? log_max_bytes : DEFAULT_LOG.maxBytes,
    log_keep: typeof log_keep === "number" ? log_keep : DEFAULT_LOG.keep,
    stop_signal: typeof stop_signal === "string" ? stop_signal : null,
    stop_timeout: typeof stop_timeout === "number" ? stop_timeout : 10,
    protected: found.protected === true,
  };
}

function isWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((word) => typeof word === "string");
}

/**
 * The pane that speaks for a session: the managed one; of a foreign session the active one. Null
 * when the managed pane was closed.
 */
export function mainPane(session: TmuxSession): Pane | null {
  if (session.runId !== null) return session.managedPane;
  return session.panes.find((pane) => pane.active && !pane.dead) ??
    session.panes.find((pane) => !pane.dead) ??
    session.panes.find((pane) => pane.active) ?? session.panes[0] ?? null;
}

/** The status of one session. */
export function statusOfSession(session: TmuxSession, socketName: string): SessionStatus {
  const pane = mainPane(session);
  const managed = session.runId !== null;
  const { record } = session;
  return statusOf({
    name: session.name,
    backend: "tmux",
    ...stateOf(pane),
    pid: pane === null || pane.dead ? null : managed ? pane.programPid : pane.pid,
    createdAt: session.createdAt,
    managed,
    engine: "tmux",
    engineState: pane?.dead ? "dead" : null,
    socketName,
    windowCount: session.windowCount,
    attached: session.attached,
    id: session.id,
    command: managed
      ? record?.command ?? null
      : pane === null || pane.startCommand === ""
      ? null
      : [pane.startCommand],
    workingDir: record?.working_dir ?? (session.path || null),
  });
}

function stateOf(
  pane: Pane | null,
): Pick<SessionStatus, "state" | "exitCode" | "signal" | "finishedAt" | "reason"> {
  const running = { exitCode: null, signal: null, finishedAt: null, reason: null };
  if (pane === null) {
    return { ...running, state: "stopped", reason: "the pane of its program was closed" };
  }
  if (!pane.dead) return { ...running, state: "running" };
  return {
    state: "exited",
    exitCode: pane.exit?.exitCode ?? null,
    signal: pane.exit?.signal ?? null,
    finishedAt: pane.finishedAt,
    reason: pane.exit === null ? "tmux does not know how it ended" : null,
  };
}

/** What `new-session` printed about the session that it made; null: it made none. */
export interface Created {
  readonly serverVersion: string;
  readonly sessionId: string;
  readonly createdAt: Date | null;
  readonly panePid: number;
}

/** Reads what a start script printed. */
export function parseCreated(stdout: string, nonce: string): Created | null {
  const [row] = rowsOf(stdout, CREATED_FIELDS, nonce);
  if (row === undefined) return null;
  return {
    serverVersion: row("version"),
    sessionId: row("session_id"),
    createdAt: timeOf(row("session_created")),
    panePid: numberOf(row("pane_pid")) ?? 0,
  };
}

/** What attaching needs to know of a server. */
export interface ServerFacts {
  readonly pid: string;
  readonly socketPath: string;
  /** The key that begins a command, such as `C-b`. */
  readonly prefix: string;
}

/** Reads what `describeServer` asked; null: the session is gone. */
export function parseServer(stdout: string, nonce: string): ServerFacts | null {
  // For an absent target, display-message prints nothing and succeeds (tmux 3.3a).
  const [row] = stdout.trim() === "" ? [] : rowsOf(stdout, SERVER_FIELDS, nonce);
  if (row === undefined) return null;
  return { pid: row("pid"), socketPath: row("socket_path"), prefix: row("prefix") };
}

/** Values of variables, from the answers to `environmentScript`; those without one are left out. */
export function parseEnvironment(
  stdout: string,
  names: readonly string[],
  nonce: string,
): Record<string, string> {
  const answers = stdout.split(new RegExp(`^${nonce}\n`, "m"));
  return Object.fromEntries(names.flatMap((name, index) => {
    const answer = answers[index]?.replace(/\n$/, "") ?? "";
    return answer.startsWith(`${name}=`) ? [[name, answer.slice(name.length + 1)]] : [];
  }));
}

/** What a failed call of tmux means. */
export type Failure =
  /** No server runs there: it holds no sessions. */
  | { readonly kind: "no_server" }
  /** The server ended in the middle; asking again may work. */
  | { readonly kind: "ending" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "not_found" }
  | { readonly kind: "other"; readonly reason: string };

/** Reads the standard error of tmux (texts of tmux 3.3a client.c, cmd-find.c, cmd-new-session.c). */
export function parseFailure(stderr: string): Failure {
  if (/^duplicate session: /m.test(stderr)) return { kind: "duplicate" };
  if (/^server exited unexpectedly|^lost server/m.test(stderr)) return { kind: "ending" };
  if (/^no server running on |^error connecting to .*\(No such file or directory\)/m.test(stderr)) {
    return { kind: "no_server" };
  }
  if (/^can't find (session|window|pane)|^no such session: |^no current target/m.test(stderr)) {
    return { kind: "not_found" };
  }
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return { kind: "other", reason: lines.at(-1) ?? "tmux failed without saying why" };
}

/** The oldest tmux that has all that is used here: `new-session -e` came last. */
export const OLDEST_TMUX = "3.2";

/** Whether a version such as `3.3a` or `next-3.4` is older than {@link OLDEST_TMUX}. */
export function isTooOld(version: string): boolean {
  const found = /^(?:next-)?(\d+)\.(\d+)/.exec(version.replace(/^tmux /, ""));
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major < 3 || (major === 3 && minor < 2);
}
