/**
 * Builds what to say to tmux: pure functions from an intent to an argument list or a script.
 *
 * Two rules protect other sessions. A name is only used as a target in the form `=name:`, which
 * matches exactly that session (`=name` alone falls back to another one for list-panes, tmux 3.3a).
 * Anything that was looked up before is addressed by its id (`$3`, `%7`), which a server never
 * reuses.
 */
import type { RecordOf } from "../../keys/record.ts";
import type { TmuxDefinition } from "../../model.ts";

/** The user option that makes a session a managed one: the id of its run. */
export const RUN_ID_OPTION = "@kstops";
/** The user option with the facts of the run, a {@link RunRecord} as JSON. */
export const RECORD_OPTION = "@kstops_run";
/** The option of the managed pane: the id of the run that it belongs to. */
export const PANE_OPTION = "@kstops_pane";
/**
 * The option of the managed pane with the pids of the program and of its keeper; an older kstops
 * did not record the second.
 */
const PID_OPTION = "@kstops_pid";
/** The variable that marks every process of a run, even one that left its process session. */
export const RUN_ID_VARIABLE = "KSTOPS_ID";

/**
 * What a session remembers besides its definition: its name (tmux may call it otherwise by now),
 * how the names of its output files begin, and the file in which a stop says how long it needs the
 * terminal. Null: there are none, or an older kstops did not record them.
 */
export const RUN_FACTS = ["name", "log", "hold_file"] as const;

/** What kstops stores about a run on the session itself. It contains no value of a variable. */
export type RunRecord = RecordOf<TmuxDefinition, typeof RUN_FACTS[number]>;

/** A tmux program and the socket that it uses. */
export interface Server {
  readonly binary: string;
  readonly socketName: string;
}

/**
 * The beginning of every call. Without `-u`, tmux in the C locale writes `_` for every control
 * character and every letter outside ASCII, including the separators of our formats.
 */
export function tmux(server: Server): string[] {
  return [server.binary, "-u", "-L", server.socketName];
}

/**
 * Marks of a row, made of printable characters: tmux 3.4 to 3.5a writes any other as `\ooo`. The
 * nonce keeps a path or a command from looking like a mark. Text outside of a row does not count:
 * the user's hooks print into any answer.
 */
export function rowBegin(nonce: string): string {
  return `<${nonce}:`;
}

/** Separates fields. */
export function fieldSeparator(nonce: string): string {
  return `:${nonce}:`;
}

/** Ends a row: fields may contain newlines. */
export function rowEnd(nonce: string): string {
  return `:${nonce}>`;
}

/** The fields as tmux prints them, in order. */
export function rowFormat(fields: readonly string[], nonce: string): string {
  return rowBegin(nonce) + fields.map(formatOf).join(fieldSeparator(nonce)) + rowEnd(nonce);
}

function formatOf(field: string): string {
  return `#{${field}}`;
}

/**
 * What tmux knows of every pane, as JSON: parsing it takes a fifth of the time of splitting words.
 * The texts among these fields cannot contain quotes. A dead pane has no pid (tmux 3.8).
 */
const PANE_FACTS = `["#{version}",#{pid},"#{session_id}",#{session_created},#{session_attached},` +
  `#{session_windows},"#{pane_id}",` +
  `#{?pane_dead,"#{pane_dead_status} #{pane_dead_signal} #{pane_dead_time}",#{pane_pid}}]`;

/** The parsed {@link PANE_FACTS}. */
export type PaneFacts = readonly [
  serverVersion: string,
  serverPid: number,
  sessionId: string,
  /** Seconds since 1970. */
  createdAt: number,
  attached: number,
  windowCount: number,
  paneId: string,
  /**
   * The pid; for a dead pane exit status, signal, and the second of the end, each of which may be
   * empty.
   */
  life: number | string,
];

/**
 * One row for a pane, of {@link PANE_FIELD_COUNT} fields: its facts, the name of the session, the
 * id of its run. A managed session, and a managed pane that was moved into a foreign one, then have
 * the pane's run, the pids and the record. Any other pane has whether it is active, the path of the
 * session and the start command of the pane.
 *
 * The server first looks for each `#{}` among all of its options (tmux 3.3a format.c), which is
 * most of the work of listing many sessions. So the format only asks for what applies.
 */
export function paneFormat(nonce: string): string {
  const separator = fieldSeparator(nonce);
  const marked = [PANE_OPTION, PID_OPTION, RECORD_OPTION].map(formatOf);
  const managed = [formatOf(RUN_ID_OPTION), ...marked];
  const moved = ["", ...marked];
  const foreign = [
    "",
    "#{window_active}#{pane_active}",
    // Quoted, so that a backslash in the path does not count as an escape by tmux.
    "#{q:session_path}",
    "#{pane_start_command}",
  ];
  const others = `#{?${PANE_OPTION},${moved.join(separator)},${foreign.join(separator)}}`;
  const rest = `#{?${RUN_ID_OPTION},${managed.join(separator)},${others}}`;
  return rowBegin(nonce) + [PANE_FACTS, "#{session_name}", rest].join(separator) + rowEnd(nonce);
}

/** How many fields a row of {@link paneFormat} has. */
export const PANE_FIELD_COUNT = 6;

/** The pid of a pane's program, or `none` if it could not be executed. */
export function showProgram(server: Server, paneId: string): string[] {
  return [...tmux(server), "show-options", "-p", "-q", "-v", "-t", paneId, PID_OPTION];
}

/** Every pane of a server. */
export function listPanes(server: Server, nonce: string): string[] {
  return [...tmux(server), "list-panes", "-a", "-F", paneFormat(nonce)];
}

/**
 * The same, after the server has collected the exit status of ended programs. It sometimes misses
 * the signal for that (a race with utempter, tmux 3.3a); any end of a child of its own makes it
 * look at all of them.
 */
export function listPanesCollected(server: Server, nonce: string): string[] {
  return [...tmux(server), ...COLLECT, "list-panes", "-a", "-F", paneFormat(nonce)];
}

const COLLECT = ["run-shell", "true", ";"];

/** The call that runs a script after the server has collected ended programs. */
export function collectAndRunScript(server: Server): string[] {
  return [...tmux(server), ...COLLECT, "source-file", "-"];
}

/**
 * Prints the panes of one session a last time, and ends it; for a session that is only a pane in
 * somebody else's, ends the pane. Ids are valid for one server: if another one has replaced it,
 * nothing is printed and nothing done.
 */
export function closeScript(
  session: {
    readonly id: string;
    readonly serverPid: number;
    /** Whether the tmux session belongs to it. */
    readonly isOwn: boolean;
    /** Its own pane in somebody else's session, or null. */
    readonly strayPane: string | null;
    /** Its own pane that other sessions show, too, and that ends with it. */
    readonly sharedPane?: string | null;
  },
  nonce: string,
): string {
  const { id, isOwn, strayPane, sharedPane = null } = session;
  const target = strayPane ?? `${id}:`;
  const close = [
    line(["list-panes", "-s", "-t", target, "-F", paneFormat(nonce)]),
    ...(strayPane === null ? [] : [line(["kill-pane", "-t", strayPane])]),
    ...(isOwn ? [line(["kill-session", "-t", `${id}:`])] : []),
    ...(sharedPane === null ? [] : [killPaneIfThere(sharedPane)]),
  ].join(" ; ");
  const isSame = `#{==:#{pid},${session.serverPid}}`;
  return `${line(["if-shell", "-F", isSame, close])}\n`;
}

function killPaneIfThere(pane: string): string {
  const isThere = `#{==:#{pane_id},${pane}}`;
  return line(["if-shell", "-F", "-t", pane, isThere, line(["kill-pane", "-t", pane])]);
}

/** Only fails where no server runs; starts none. */
export function pingServer(server: Server): string[] {
  return [...tmux(server), "display-message", "-p", ""];
}

/** The fields of {@link describeServer}. */
export const SERVER_FIELDS = ["pid", "q:socket_path", "prefix", "prefix2", "version"];

/** What only attaching needs to know about the server of a session. */
export function describeServer(server: Server, sessionId: string, nonce: string): string[] {
  const format = rowFormat(SERVER_FIELDS, nonce);
  return [...tmux(server), "display-message", "-p", "-t", `${sessionId}:`, format];
}

/** The call that shows a session on this terminal. */
export function attachSession(
  server: Server,
  sessionId: string,
  { readOnly }: { readonly readOnly: boolean },
): string[] {
  const readOnlyFlag = readOnly ? ["-r"] : [];
  return [...tmux(server), "attach-session", ...readOnlyFlag, "-t", `${sessionId}:`];
}

/** Makes the client around this process show another session of the same server. */
export function switchClient(server: Server, sessionId: string): string[] {
  return [...tmux(server), "switch-client", "-t", `${sessionId}:`];
}

/** The fields of {@link listClients}. */
export const CLIENT_FIELDS = ["client_pid", "client_name"];

/** Pid and name of every client. */
export function listClients(server: Server, nonce: string): string[] {
  return [...tmux(server), "list-clients", "-F", rowFormat(CLIENT_FIELDS, nonce)];
}

/** Detaches one client. */
export function detachClient(server: Server, client: string): string[] {
  return [...tmux(server), "detach-client", "-t", client];
}

/**
 * Everything that a pane still shows, with wrapped lines joined and colours kept. A single line of
 * the pane follows: the text around it shows what hooks print.
 */
export function capturePane(server: Server, paneId: string, nonce: string): string[] {
  const mark = ["display-message", "-p", nonce];
  const capture = ["capture-pane", "-p", "-e", "-t", paneId];
  return [
    ...tmux(server),
    ...[...mark, ";", ...capture, "-J", "-S", "-", ";"],
    ...[...mark, ";", ...capture, "-S", "0", "-E", "0", ";", ...mark],
  ];
}

/**
 * The call that runs a script from standard input: `ps` shows nothing of it, and its length has no
 * limit, unlike arguments (16 KB, tmux 3.3a client.c).
 */
export function runScript(server: Server): string[] {
  return [...tmux(server), "source-file", "-"];
}

/** The same, but starts a server when none is running. */
export function startServerAndRunScript(server: Server): string[] {
  return [...tmux(server), "start-server", ";", "source-file", "-"];
}

/**
 * Asks for the values of variables in a session's environment, as a shell would set them: the
 * quotes show where a value ends, and that a backslash belongs to it. The nonce stands before the
 * first answer and follows each; a variable that somebody removed has no answer. The end says which
 * session was asked.
 */
export function environmentScript(
  sessionId: string,
  names: readonly string[],
  nonce: string,
): string {
  const said = line(["display-message", "-p", nonce]);
  const questions = names.flatMap((name) => [
    line(["show-environment", "-s", "-t", sessionId, name]),
    said,
  ]);
  const end = line(["display-message", "-p", "-t", sessionId, `${nonce} #{session_id}`]);
  return `${[said, ...questions, end].join("\n")}\n`;
}

/** The end of the answers about a session that is there. */
export function environmentEnd(sessionId: string, nonce: string): string {
  return `${nonce} ${sessionId}\n`;
}

/** One command of a tmux script. */
export function line(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/**
 * One word of a tmux script. Single quotes keep everything except themselves and a backslash before
 * a newline, which the reader drops before it looks at quotes (tmux 3.3a cmd-parse.y, yylex_getc).
 */
export function quoteWord(word: string): string {
  const quoted = word.replaceAll("'", `'\\''`).replaceAll("\n", `'"\\n"'`).replaceAll(
    "\r",
    `'"\\r"'`,
  );
  return `'${quoted}'`;
}
