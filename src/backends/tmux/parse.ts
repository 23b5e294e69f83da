/** Parses what tmux says about its sessions. Pure. */
import { decodeRecord } from "../../keys/record.ts";
import {
  fieldSeparator,
  PANE_FIELD_COUNT,
  type PaneFacts,
  RUN_FACTS,
  type RunRecord,
} from "./args.ts";
import { decodeQuoted, writesEscapes } from "./escapes.ts";
import { factsOf, type Pane, paneOf } from "./pane.ts";
import { numberOf, rowTexts, timeOf, unexpectedText } from "./rows.ts";

/** One tmux session with all its panes. */
export interface TmuxSession {
  /** Id of its tmux session, or of the one that its pane is in. */
  readonly id: string;
  /**
   * For a managed session the name that it was started with, whatever tmux calls it now. Empty when
   * it could not be read.
   */
  readonly name: string;
  /** What tmux calls it. */
  readonly tmuxName: string;
  /** Whether the tmux session belongs to it; false: only a pane in somebody else's does. */
  readonly isOwn: boolean;
  /** Id of its managed pane in somebody else's tmux session, or null. */
  readonly strayPane: string | null;
  /** Why tmux's description of it cannot be read; null: it can. */
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
  /** The pane that the run was started in; null when it is gone, or the session is foreign. */
  readonly managedPane: Pane | null;
  readonly serverVersion: string;
  readonly serverPid: number;
}

/** The answer could not be understood. */
export class GarbledAnswerError extends Error {}

/**
 * The sessions of a server, in its order. A row that cannot be read makes only its own session
 * unreadable.
 *
 * The work for each row, here and up to the JSON, is too rare to be compiled: plain code that
 * creates few objects is fast.
 *
 * @throws {GarbledAnswerError} there is text, but no row
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
    // The other facts of a stray pane describe itself; the record comes from the managed pane.
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

/** The row of a session's managed pane, or another of its rows, and the panes of all its rows. */
interface Group {
  readonly facts: PaneFacts;
  readonly fields: readonly string[];
  readonly panes: Pane[];
  /** Whether the row is that of a managed pane in a foreign session. */
  readonly isStray: boolean;
}

/** The readable part of a session whose row cannot be read. */
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
    unreadable: `tmux describes it in a way that cannot be read: ${facts.trim().slice(0, 80)}`,
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

/** If one pane of a session cannot be read, the whole session is unknown. */
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

/** A window may be linked twice into one session: its pane is in the active one. */
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

/** The name that a session was started with; null: unknown. */
function startedName(record: RunRecord | null): string | null {
  // An older kstops wrote it only into the path of its output.
  return record?.facts.name ?? OUTPUT_PATH.exec(record?.facts.log ?? "")?.[1] ?? null;
}

const OUTPUT_PATH = /\/logs\/([A-Za-z][A-Za-z0-9_-]{0,63})\/\d{8}T\d{6}\.\d{3}Z-[0-9a-f]+$/;

/**
 * The sessions, including those whose managed pane somebody moved. tmux then only has the pane of
 * such a session; a foreign session that shows nothing else is not listed beside it.
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
    // A later run replaced it, while a session group or a link still shows where it ended.
    return pane.dead && replaced.has(session.name) ? [] : session;
  });
  const rest = own.flatMap((session) => {
    if (session.runId !== null) return [session];
    const panes = session.panes.filter(({ id }) => !movedIds.has(id));
    return panes.length === 0 ? [] : [{ ...session, panes }];
  });
  return [...rest, ...alone];
}

/** A managed session without the panes of others that were moved into it. */
function withoutStrays(session: TmuxSession): TmuxSession {
  const { runId, panes } = session;
  if (runId === null) return session;
  return { ...session, panes: panes.filter((pane) => pane.runId === null || pane.runId === runId) };
}

/** A session of which only the pane exists, in a foreign session. */
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

function recordOf(text: string): RunRecord | null {
  return text === "" ? null : decodeRecord(text, "tmux", RUN_FACTS);
}
