/**
 * What to say to tmux: pure functions from an intent to an argument list or a script.
 *
 * Two rules keep the wrong session safe. A name is only ever a target as `=name:`, which matches
 * exactly that session (`=name` alone falls back to another one for list-panes, tmux 3.3a); and what
 * was looked up before is addressed by its id (`$3`, `%7`), which a server never gives out twice.
 */
import type { RecordOf } from "../../keys/record.ts";
import type { TmuxDefinition } from "../../model.ts";

/** The user option on a session that makes it a managed one: the id of its run. */
export const RUN_ID_OPTION = "@kstops";
/** The user option with the facts of the run, a {@link RunRecord} as JSON. */
export const RECORD_OPTION = "@kstops_run";
/** The option of the managed pane: the id of the run that it belongs to. */
export const PANE_OPTION = "@kstops_pane";
/**
 * The option of the managed pane with the pid of the program itself, and that of the shell which keeps
 * it: an older kstops did not say the second one.
 */
const PID_OPTION = "@kstops_pid";
/** The variable that marks every process of a run, also those that left its process session. */
export const RUN_ID_VARIABLE = "KSTOPS_ID";

/**
 * What a session remembers besides its definition: its name (tmux may call it otherwise by now), what the
 * names of the files begin with that have what the pane printed, and the file in which a stop says
 * how long it needs the terminal. Null: there are none, or an older kstops did not say.
 */
export const RUN_FACTS = ["name", "log", "hold_file"] as const;

/** What kstops remembers of a run on the session itself. No value of a variable is in it. */
export type RunRecord = RecordOf<TmuxDefinition, typeof RUN_FACTS[number]>;

/** A tmux program and the socket it talks over. */
export interface Server {
  readonly binary: string;
  readonly socketName: string;
}

/**
 * The beginning of every call. `-u`, since under the C locale tmux otherwise writes `_` for every
 * control character and every letter outside ASCII, the separators of our formats included.
 */
function tmux(server: Server): string[] {
  return [server.binary, "-u", "-L", server.socketName];
}

/**
 * Marks of a row, made of printable characters: tmux 3.4 to 3.5a writes any other one as `\ooo`. The
 * nonce keeps a path or a command from looking like one. What stands outside of a row is none of it:
 * hooks of the user's print into any answer.
 */
export function rowBegin(nonce: string): string {
  return `<${nonce}:`;
}

/** What separates fields. */
export function fieldSeparator(nonce: string): string {
  return `:${nonce}:`;
}

/** What ends a row: fields may hold newlines. */
export function rowEnd(nonce: string): string {
  return `:${nonce}>`;
}

/** The fields as tmux prints them, in their order. */
export function rowFormat(fields: readonly string[], nonce: string): string {
  return rowBegin(nonce) + fields.map(formatOf).join(fieldSeparator(nonce)) + rowEnd(nonce);
}

function formatOf(field: string): string {
  return `#{${field}}`;
}

/**
 * What tmux knows of every pane, as JSON: to parse it takes a fifth of the time that taking words
 * apart takes. Of these fields, the texts can hold no quotes. A dead pane has no pid (tmux 3.8).
 */
const PANE_FACTS = `["#{version}",#{pid},"#{session_id}",#{session_created},#{session_attached},` +
  `#{session_windows},"#{pane_id}",` +
  `#{?pane_dead,"#{pane_dead_status} #{pane_dead_signal} #{pane_dead_time}",#{pane_pid}}]`;

/** What {@link PANE_FACTS} is once it is parsed. */
export type PaneFacts = readonly [
  serverVersion: string,
  serverPid: number,
  sessionId: string,
  /** Seconds since 1970. */
  createdAt: number,
  attached: number,
  windowCount: number,
  paneId: string,
  /** The pid; of a dead pane exit status, signal, and the second of the end, each of which may be empty. */
  life: number | string,
];

/**
 * One row for a pane, of {@link PANE_FIELD_COUNT} fields: its facts, the name of the session, the id
 * of its run; then of a managed session, and of a managed pane that was moved into a foreign one, the
 * pane's run, the pids and the record; of any other pane whether it is active, the path of the session
 * and the start command of the pane.
 *
 * The server looks for each `#{}` among all of its options first (tmux 3.3a format.c): that is most
 * of the work of listing many sessions. So nothing is asked for that does not apply.
 */
export function paneFormat(nonce: string): string {
  const separator = fieldSeparator(nonce);
  const marked = [PANE_OPTION, PID_OPTION, RECORD_OPTION].map(formatOf);
  const managed = [formatOf(RUN_ID_OPTION), ...marked];
  const moved = ["", ...marked];
  const foreign = [
    "",
    "#{window_active}#{pane_active}",
    // Quoted, so that a backslash of its own is not taken for one that tmux wrote.
    "#{q:session_path}",
    "#{pane_start_command}",
  ];
  const others = `#{?${PANE_OPTION},${moved.join(separator)},${foreign.join(separator)}}`;
  const rest = `#{?${RUN_ID_OPTION},${managed.join(separator)},${others}}`;
  return rowBegin(nonce) + [PANE_FACTS, "#{session_name}", rest].join(separator) + rowEnd(nonce);
}

/** How many fields a row of {@link paneFormat} has. */
export const PANE_FIELD_COUNT = 6;

/** The pid of a pane's program, or `none` where it could not be executed. */
export function showProgram(server: Server, paneId: string): string[] {
  return [...tmux(server), "show-options", "-p", "-q", "-v", "-t", paneId, PID_OPTION];
}

/** Every pane of a server. */
export function listPanes(server: Server, nonce: string): string[] {
  return [...tmux(server), "list-panes", "-a", "-F", paneFormat(nonce)];
}

/**
 * The same, after the server has collected the exit status of programs that ended. Now and then it
 * misses the signal that tells it (a race with utempter, tmux 3.3a); any child of its own that ends
 * makes it look at all of them.
 */
export function listPanesCollected(server: Server, nonce: string): string[] {
  return [...tmux(server), ...COLLECT, "list-panes", "-a", "-F", paneFormat(nonce)];
}

const COLLECT = ["run-shell", "true", ";"];

/** The call that runs a script after the server has collected the programs that ended. */
export function collectAndRunScript(server: Server): string[] {
  return [...tmux(server), ...COLLECT, "source-file", "-"];
}

/**
 * The panes of one session a last time, and its end; of a session that is only a pane in somebody
 * else's, that of the pane. Ids are those of one server: where another one took its place meanwhile,
 * nothing is said and nothing is done.
 */
export function closeScript(
  session: {
    readonly id: string;
    readonly serverPid: number;
    /** Whether the session is its own. */
    readonly isOwn: boolean;
    /** A pane that is its own, in somebody else's session; null: there is none. */
    readonly strayPane: string | null;
    /** A pane of its own that other sessions show, too, and that goes with it. */
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

/** The fields of {@link describeServer}. */
export const SERVER_FIELDS = ["pid", "q:socket_path", "prefix", "prefix2", "version"];

/** What attaching needs to know of the server of a session, and nothing else does. */
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

/** Takes one client off its session. */
export function detachClient(server: Server, client: string): string[] {
  return [...tmux(server), "detach-client", "-t", client];
}

/**
 * Everything that a pane still shows, wrapped lines joined, colours kept. Behind it a single line of
 * the pane: whatever hooks print besides is told apart by what stands there, too.
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
 * The call that runs a script from standard input: nothing of it is visible in `ps`, and its length
 * has no limit, which arguments have (16 KB, tmux 3.3a client.c).
 */
export function runScript(server: Server): string[] {
  return [...tmux(server), "source-file", "-"];
}

/** The same, and it starts a server where none is running. */
export function startServerAndRunScript(server: Server): string[] {
  return [...tmux(server), "start-server", ";", "source-file", "-"];
}

/**
 * Asks for the values of variables in a session's environment, as a shell would set them: in quotes,
 * so that it is plain where one ends, and that a backslash is its own. Each answer is followed by the
 * nonce; there is none for a variable that somebody took away.
 */
export function environmentScript(
  sessionId: string,
  names: readonly string[],
  nonce: string,
): string {
  const questions = names.flatMap((name) => [
    line(["show-environment", "-s", "-t", sessionId, name]),
    line(["display-message", "-p", nonce]),
  ]);
  return `${questions.join("\n")}\n`;
}

/** One command of a tmux script. */
export function line(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/**
 * One word of a tmux script. Single quotes keep everything but themselves and a backslash before a
 * newline, which the reader drops before it looks at quotes (tmux 3.3a cmd-parse.y, yylex_getc).
 */
export function quoteWord(word: string): string {
  const quoted = word.replaceAll("'", `'\\''`).replaceAll("\n", `'"\\n"'`).replaceAll(
    "\r",
    `'"\\r"'`,
  );
  return `'${quoted}'`;
}
