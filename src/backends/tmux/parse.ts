/** What tmux says, as facts: pure functions from its output. */
import {
  DEFAULT_LOG,
  howItEnded,
  isExitCode,
  momentOf,
  type SessionStatus,
  signalName,
} from "../../model.ts";
import {
  booleanOr,
  decodeRecord,
  numberOr,
  type Shape,
  TEXT,
  TEXT_OR_NULL,
  TEXTS,
  TEXTS_OR_NONE,
} from "../record.ts";
import {
  fieldSeparator,
  PANE_FIELD_COUNT,
  type PaneFacts,
  rowEnd,
  type RunRecord,
  SERVER_FIELDS,
} from "./args.ts";

/** One pane, as tmux reports it. A window that is linked to several sessions is in each of them. */
export interface Pane {
  readonly id: string;
  /** The process that tmux started in it; stale once the pane is dead. */
  readonly pid: number;
  /** Whether the user sees it in its session; false for every pane of a managed session. */
  readonly active: boolean;
  readonly dead: boolean;
  /** How its process ended; null while it runs, and when tmux lost it. */
  readonly exit: { readonly exitCode: number; readonly signal: string | null } | null;
  readonly finishedAt: Date | null;
  readonly startCommand: string;
  /** Id of the run that this pane was made for; null also for every pane of a foreign session. */
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
  /** Its directory; null for a managed session, whose record has it. */
  readonly path: string | null;
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

/**
 * The fields of every row.
 *
 * @throws {GarbledAnswerError} it is no rows of so many fields
 */
export function rowsOf(stdout: string, fieldCount: number, nonce: string): string[][] {
  const pieces = stdout.split(`${rowEnd(nonce)}\n`);
  const rest = pieces.pop();
  if (rest !== "") {
    throw new GarbledAnswerError(`unexpected answer of tmux: ${stdout.trim().slice(0, 80)}`);
  }
  const separator = fieldSeparator(nonce);
  return pieces.map((piece) => {
    const fields = piece.split(separator);
    if (fields.length !== fieldCount) throw new GarbledAnswerError("unexpected answer of tmux");
    return fields;
  });
}

/**
 * The sessions of a server, in the order in which it tells them.
 *
 * What is done for each row, here and up to the JSON, is done too seldom to be compiled: plain code
 * is fast, and what makes no objects that nobody keeps.
 */
export function parsePanes(stdout: string, nonce: string): TmuxSession[] {
  const groups = new Map<string, Group>();
  const firstShownBy = new Map<string, string>();
  const linked = new Set<string>();
  for (const fields of rowsOf(stdout, PANE_FIELD_COUNT, nonce)) {
    const facts = factsOf(fields[0] ?? "");
    const id = facts[2];
    const pane = paneOf(facts, fields);
    const group = groups.get(id);
    const shownBy = firstShownBy.get(pane.id);
    if (group === undefined) groups.set(id, { facts, fields, panes: [pane] });
    else if (shownBy === undefined) group.panes.push(pane);
    else addShownBefore(group.panes, pane);
    if (shownBy === undefined) firstShownBy.set(pane.id, id);
    else if (shownBy !== id) linked.add(pane.id);
  }
  return Array.from(groups.values(), (group) => sessionOf(group, linked));
}

/** The first row of a session, and the panes of all its rows. */
interface Group {
  readonly facts: PaneFacts;
  readonly fields: readonly string[];
  readonly panes: Pane[];
}

function factsOf(text: string): PaneFacts {
  let facts: unknown;
  try {
    facts = JSON.parse(text);
  } catch {
    facts = null;
  }
  if (!areFacts(facts)) throw new GarbledAnswerError("unexpected answer of tmux");
  return facts;
}

function areFacts(value: unknown): value is PaneFacts {
  if (!Array.isArray(value) || value.length !== 9) return false;
  const [version, serverPid, id, created, attached, windows, paneId, panePid, end] = value;
  return isText(version) && isCount(serverPid) && isText(id) && isCount(created) &&
    isCount(attached) && isCount(windows) && isText(paneId) && isCount(panePid) &&
    (end === null || isText(end));
}

/** A window may be linked twice into one session: its pane is in the one that is active. */
function addShownBefore(panes: Pane[], pane: Pane): void {
  const index = panes.findIndex(({ id }) => id === pane.id);
  if (index === -1) panes.push(pane);
  else if (pane.active) panes[index] = pane;
}

function sessionOf({ facts, fields, panes }: Group, linked: ReadonlySet<string>): TmuxSession {
  const runId = fields[2] || null;
  const shown = linked.size === 0
    ? panes
    : panes.map((pane) => linked.has(pane.id) ? { ...pane, linked: true } : pane);
  return {
    id: facts[2],
    name: fields[1] ?? "",
    createdAt: timeOf(facts[3]),
    attached: facts[4],
    windowCount: facts[5],
    path: runId === null ? fields[4] || null : null,
    runId,
    record: runId === null ? null : recordOf(fields[5] ?? ""),
    panes: shown,
    managedPane: runId === null ? null : shown.find((pane) => pane.runId === runId) ?? null,
    serverVersion: facts[0],
    serverPid: facts[1],
  };
}

function paneOf(facts: PaneFacts, fields: readonly string[]): Pane {
  const managed = fields[2] !== "";
  const end = facts[8]?.split(" ") ?? null;
  return {
    id: facts[6],
    pid: facts[7],
    active: !managed && fields[3] === "11",
    dead: end !== null,
    exit: end === null ? null : exitOf(numberOf(end[0]), numberOf(end[1])),
    finishedAt: end === null ? null : timeOf(numberOf(end[2])),
    startCommand: managed ? "" : unquoted(fields[5] ?? ""),
    runId: managed ? fields[3] || null : null,
    programPid: managed ? numberOf(fields[4]) : null,
    linked: false,
  };
}

function exitOf(status: number | null, signal: number | null): Pane["exit"] {
  if (status !== null && isExitCode(status)) return howItEnded(status);
  if (signal === null || !isExitCode(128 + signal)) return null;
  return { exitCode: 128 + signal, signal: signalName(signal) };
}

/** tmux shows a start command the way its own config would have it, in quotes. */
function unquoted(command: string): string {
  if (command.length < 2 || !command.startsWith('"') || !command.endsWith('"')) return command;
  return command.slice(1, -1).replaceAll(/\\(["\\$])/g, "$1");
}

/** A number as tmux writes it: digits, and nothing else. */
export function numberOf(text = ""): number | null {
  const number = Number(text);
  return isCount(number) && String(number) === text ? number : null;
}

/** A moment, from seconds since 1970; null where there is none. */
export function timeOf(seconds: number | null): Date | null {
  return seconds === null || seconds === 0 ? null : momentOf(seconds * 1000);
}

const RECORD_SHAPE: Shape<RunRecord> = {
  command: TEXTS,
  working_dir: TEXT,
  env: TEXTS_OR_NONE,
  log: TEXT_OR_NULL,
  log_capture: booleanOr(DEFAULT_LOG.capture),
  log_max_bytes: numberOr(DEFAULT_LOG.maxBytes),
  log_keep: numberOr(DEFAULT_LOG.keep),
  stop_signal: TEXT_OR_NULL,
  stop_timeout: numberOr(10),
  protected: booleanOr(false),
};

function recordOf(text: string): RunRecord | null {
  return text === "" ? null : decodeRecord(RECORD_SHAPE, text);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
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
  const { record } = session;
  const pane = mainPane(session);
  const managed = session.runId !== null;
  const dead = pane !== null && pane.dead;
  // All keys at once: to spread one object over another took longer than to parse the row.
  return {
    name: session.name,
    backend: "tmux",
    state: pane === null ? "stopped" : dead ? "exited" : "running",
    pid: pane === null || dead ? null : managed ? pane.programPid : pane.pid,
    exitCode: pane?.exit?.exitCode ?? null,
    signal: pane?.exit?.signal ?? null,
    createdAt: session.createdAt,
    finishedAt: pane?.finishedAt ?? null,
    managed,
    defined: false,
    engine: "tmux",
    engineState: dead ? "dead" : null,
    socketName,
    windowCount: session.windowCount,
    attached: session.attached,
    id: session.id,
    image: null,
    ports: null,
    command: managed
      ? record?.command ?? null
      : pane === null || pane.startCommand === ""
      ? null
      : [pane.startCommand],
    workingDir: record?.working_dir ?? session.path,
    reason: reasonOf(pane),
  };
}

function reasonOf(pane: Pane | null): string | null {
  if (pane === null) return "the pane of its program was closed";
  return pane.dead && pane.exit === null ? "tmux does not know how it ended" : null;
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
  const [row] = stdout.trim() === "" ? [] : rowsOf(stdout, SERVER_FIELDS.length, nonce);
  if (row === undefined) return null;
  const [pid = "", socketPath = "", prefix = ""] = row;
  return { pid, socketPath, prefix };
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
