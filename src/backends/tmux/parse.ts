/** What tmux says, as facts: pure functions from its output. */
import { decodeRecord } from "../../keys/record.ts";
import { howItEnded, isExitCode, momentOf, signalName } from "../../model.ts";
import {
  fieldSeparator,
  PANE_FIELD_COUNT,
  type PaneFacts,
  rowBegin,
  rowEnd,
  RUN_FACTS,
  type RunRecord,
} from "./args.ts";
import { decodeQuoted, writesEscapes } from "./escapes.ts";

/** One pane, as tmux reports it. A window that is linked to several sessions is in each of them. */
export interface Pane {
  readonly id: string;
  /** The process that tmux started in it; 0 once the pane is dead. */
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
  /** That shell; null: nobody knows its pid. */
  readonly keeperPid: number | null;
  /** What its restart policy is at; null: it has none. */
  readonly supervision: Supervision | null;
  /** Whether other sessions show the pane's window, too; unknown where only one was asked for. */
  readonly linked: boolean;
}

/** What the keeper of a program says that has a restart policy. */
export interface Supervision {
  readonly restarts: number;
  /** How the program ended last; null: it runs. */
  readonly ended: {
    readonly exitCode: number;
    readonly failures: number;
    readonly at: Date | null;
    /** When it is executed again; null: it was given up. */
    readonly dueAt: Date | null;
  } | null;
}

/** One tmux session with all its panes. */
export interface TmuxSession {
  /** Id of the tmux session that it is, or that its pane is in. */
  readonly id: string;
  /**
   * Of a managed session the name that it was started with, whatever tmux calls it now. Empty where it
   * could not be read.
   */
  readonly name: string;
  /** What tmux calls it. */
  readonly tmuxName: string;
  /** Whether the tmux session is its own; false: only a pane in somebody else's is. */
  readonly isOwn: boolean;
  /** Id of its managed pane, where that is in somebody else's tmux session; null: it is not. */
  readonly strayPane: string | null;
  /** Why nobody knows what it is: what tmux says of it cannot be read. Null: it can. */
  readonly unreadable: string | null;
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

/** The texts of all rows, and of one that was cut off; what stands around them, hooks have printed. */
function rowTexts(
  stdout: string,
  nonce: string,
): { readonly rows: readonly string[]; readonly cut: string | null } {
  const begin = rowBegin(nonce);
  const pieces = stdout.split(rowEnd(nonce));
  const rest = pieces.pop() ?? "";
  const rows: string[] = [];
  for (const piece of pieces) {
    const start = piece.indexOf(begin);
    if (start !== -1) rows.push(piece.slice(start + begin.length));
  }
  const start = rest.indexOf(begin);
  return { rows, cut: start === -1 ? null : rest.slice(start + begin.length) };
}

/** What is said of an answer that has no row. */
export function unexpectedText(stdout: string): string {
  return `unexpected answer of tmux: ${stdout.trim().slice(0, 80)}`;
}

/** The fields of every row that has so many; whatever else is printed is left out. */
export function rowsOf(stdout: string, fieldCount: number, nonce: string): string[][] {
  const separator = fieldSeparator(nonce);
  return rowTexts(stdout, nonce).rows.map((text) => text.split(separator))
    .filter((fields) => fields.length === fieldCount);
}

/**
 * The sessions of a server, in the order in which it tells them. A row that cannot be read makes its
 * session unreadable, and no other one.
 *
 * What is done for each row, here and up to the JSON, is done too seldom to be compiled: plain code
 * is fast, and what makes no objects that nobody keeps.
 *
 * @throws {GarbledAnswerError} there is text, and no row
 */
export function parsePanes(stdout: string, nonce: string): TmuxSession[] {
  const separator = fieldSeparator(nonce);
  const groups = new Map<string, Group>();
  const firstShownBy = new Map<string, string>();
  const linked = new Set<string>();
  const moved: Group[] = [];
  const { rows, cut } = rowTexts(stdout, nonce);
  const lost = cut === null ? [] : [unreadable(cut.split(separator))];
  if (rows.length === 0 && cut === null && stdout.trim() !== "") {
    throw new GarbledAnswerError(unexpectedText(stdout));
  }
  for (const text of rows) {
    const fields = text.split(separator);
    const facts = fields.length === PANE_FIELD_COUNT ? factsOf(fields[0] ?? "") : null;
    if (facts === null) {
      lost.push(unreadable(fields));
      continue;
    }
    const id = facts[2];
    const pane = paneOf(facts, fields);
    const isStray = pane.runId !== null && pane.runId !== fields[2];
    if (isStray) moved.push({ facts, fields, panes: [pane], isStray });
    const group = groups.get(id);
    // What a stray pane says besides is about itself, and the record is that of the managed pane.
    if (group !== undefined && !isStray && (group.isStray || pane.runId !== null)) {
      Object.assign(group, { fields, isStray });
    }
    const shownBy = firstShownBy.get(pane.id);
    if (group === undefined) groups.set(id, { facts, fields, panes: [pane], isStray });
    else if (shownBy === undefined) group.panes.push(pane);
    else addShownBefore(group.panes, pane);
    if (shownBy === undefined) firstShownBy.set(pane.id, id);
    else if (shownBy !== id) linked.add(pane.id);
  }
  const sessions = withMoved(
    Array.from(groups.values(), (group) => sessionOf(group, linked)),
    moved,
  );
  return lost.length === 0 ? sessions : withUnreadable(sessions, lost);
}

/** A row of a session, that of its managed pane if there is one, and the panes of all its rows. */
interface Group {
  readonly facts: PaneFacts;
  readonly fields: readonly string[];
  readonly panes: Pane[];
  /** Whether the row is that of a managed pane in a session that is not its own. */
  readonly isStray: boolean;
}

function factsOf(text: string): PaneFacts | null {
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

/** What can be had of a session from a row that cannot be read. */
function unreadable(fields: readonly string[]): TmuxSession {
  const [facts = "", name = "", runId = ""] = fields;
  const [, serverPid] = /^\["[^"]*",(\d+),/.exec(facts) ?? [];
  const isWhole = fields.length === PANE_FIELD_COUNT;
  return {
    id: /"(\$\d+)"/.exec(facts)?.[1] ?? "",
    name: fields.length > 1 ? name : "",
    tmuxName: fields.length > 1 ? name : "",
    isOwn: true,
    strayPane: null,
    unreadable: `tmux says of it what cannot be read: ${facts.trim().slice(0, 80)}`,
    createdAt: null,
    attached: 0,
    windowCount: 0,
    path: null,
    runId: isWhole ? runId || null : null,
    record: isWhole && runId !== "" ? recordOf(fields[5] ?? "") : null,
    panes: [],
    managedPane: null,
    serverVersion: /^\["([^"]*)"/.exec(facts)?.[1] ?? "",
    serverPid: numberOf(serverPid) ?? 0,
  };
}

/** Of a session that has one pane that cannot be read, nobody knows what it is. */
function withUnreadable(
  sessions: readonly TmuxSession[],
  lost: readonly TmuxSession[],
): TmuxSession[] {
  const reasons = new Map(lost.map(({ id, unreadable }) => [id, unreadable]));
  const known = new Set(sessions.map(({ id }) => id));
  const rest = lost.filter(({ id }, index) =>
    id === "" || !known.has(id) && lost.findIndex((other) => other.id === id) === index
  );
  return [
    ...sessions.map((session) => ({ ...session, unreadable: reasons.get(session.id) ?? null })),
    ...rest,
  ];
}

/** A window may be linked twice into one session: its pane is in the one that is active. */
function addShownBefore(panes: Pane[], pane: Pane): void {
  const index = panes.findIndex(({ id }) => id === pane.id);
  if (index === -1) panes.push(pane);
  else if (pane.active) panes[index] = pane;
}

function sessionOf(
  { facts, fields, panes, isStray }: Group,
  linked: ReadonlySet<string>,
): TmuxSession {
  const runId = fields[2] || null;
  const shown = linked.size === 0
    ? panes
    : panes.map((pane) => linked.has(pane.id) ? { ...pane, linked: true } : pane);
  const tmuxName = fields[1] ?? "";
  const record = runId === null || isStray ? null : recordOf(fields[5] ?? "");
  return {
    id: facts[2],
    name: startedName(record) ?? tmuxName,
    tmuxName,
    isOwn: true,
    strayPane: null,
    unreadable: null,
    createdAt: timeOf(facts[3]),
    attached: facts[4],
    windowCount: facts[5],
    path: runId === null ? pathOf(fields[4] ?? "", facts[0]) : null,
    runId,
    record,
    panes: shown,
    managedPane: runId === null ? null : shown.find((pane) => pane.runId === runId) ?? null,
    serverVersion: facts[0],
    serverPid: facts[1],
  };
}

/** The name that a session was started with; null: nobody knows. */
function startedName(record: RunRecord | null): string | null {
  // An older kstops only wrote it into the path of its output.
  return record?.facts.name ?? OUTPUT_PATH.exec(record?.facts.log ?? "")?.[1] ?? null;
}

const OUTPUT_PATH = /\/logs\/([A-Za-z][A-Za-z0-9_-]{0,63})\/\d{8}T\d{6}\.\d{3}Z-[0-9a-f]+$/;

/**
 * The sessions, those that somebody moved the managed pane of included. What tmux has of such a
 * session is the pane; a foreign session that shows nothing else is no session beside it.
 */
function withMoved(sessions: TmuxSession[], moved: readonly Group[]): TmuxSession[] {
  if (moved.length === 0) return sessions;
  const movedIds = new Set(moved.flatMap(({ panes }) => panes.map(({ id }) => id)));
  const own = sessions.map((whole) => {
    const session = withoutStrays(whole);
    if (session.runId === null || session.managedPane !== null) return session;
    const group = moved.find(({ panes }) => panes[0]?.runId === session.runId);
    const pane = group?.panes[0];
    if (pane === undefined) return session;
    const panes = [...session.panes, pane];
    return { ...session, panes, managedPane: pane, strayPane: pane.id };
  });
  const managed = new Set(own.flatMap(({ runId }) => runId ?? []));
  const replaced = new Set(own.flatMap(({ runId, name }) => runId === null ? [] : name));
  const alone = moved.flatMap((group) => {
    const [pane] = group.panes;
    const runId = pane?.runId ?? null;
    if (pane === undefined || runId === null || managed.has(runId)) return [];
    managed.add(runId);
    const session = paneAlone(group, runId);
    // A later run took its place, while a session group or a link still shows where it ended.
    return pane.dead && replaced.has(session.name) ? [] : session;
  });
  const rest = own.flatMap((session) => {
    if (session.runId !== null) return [session];
    const panes = session.panes.filter(({ id }) => !movedIds.has(id));
    return panes.length === 0 ? [] : [{ ...session, panes }];
  });
  return [...rest, ...alone];
}

/** A managed session without the panes of other ones that were moved into it. */
function withoutStrays(session: TmuxSession): TmuxSession {
  const { runId, panes } = session;
  if (runId === null) return session;
  return { ...session, panes: panes.filter((pane) => pane.runId === null || pane.runId === runId) };
}

/** A session of which only the pane is there, in a session that somebody else made. */
function paneAlone(group: Group, runId: string): TmuxSession {
  const session = sessionOf(group, new Set());
  const record = recordOf(group.fields[5] ?? "");
  return {
    ...session,
    name: startedName(record) ?? session.tmuxName,
    isOwn: false,
    strayPane: group.panes[0]?.id ?? null,
    path: null,
    windowCount: 1,
    runId,
    record,
    managedPane: group.panes[0] ?? null,
  };
}

function pathOf(quoted: string, serverVersion: string): string | null {
  if (!quoted.includes("\\")) return quoted || null;
  return decodeQuoted(quoted, writesEscapes(serverVersion));
}

function paneOf(facts: PaneFacts, fields: readonly string[]): Pane {
  const active = fields[3] ?? "";
  // Of a foreign session these are two digits, of a pane with a mark its run.
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

/** Reads `PID KEEPER RESTARTS`, or `wait | gave_up KEEPER RESTARTS CODE FAILURES [ENDED DUE]`. */
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

function recordOf(text: string): RunRecord | null {
  return text === "" ? null : decodeRecord(text, "tmux", RUN_FACTS);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
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
  const last = stderr.split("\n").map((line) => line.trim()).findLast((line) => line !== "");
  // A server that ends just then leaves its client without a word (seen: tmux 3.5a).
  return last === undefined ? { kind: "ending" } : { kind: "other", reason: last };
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
