/**
 * What to say to tmux: pure functions from an intent to an argument list or a script.
 *
 * Two rules keep the wrong session safe. A name is only ever a target as `=name:`, which matches
 * exactly that session (`=name` alone falls back to another one for list-panes, tmux 3.3a); and what
 * was looked up before is addressed by its id (`$3`, `%7`), which a server never gives out twice.
 */
import { type Capture, captureScript } from "../../logs/capture.ts";
import { shellEndedLine } from "../../logs/runs.ts";
import { outputOf } from "../../logs/store.ts";
import type { TmuxDefinition } from "../../model.ts";

/** The user option on a session that makes it a managed one: the id of its run. */
export const RUN_ID_OPTION = "@kstops";
/** The user option with the facts of the run, a {@link RunRecord} as JSON. */
export const RECORD_OPTION = "@kstops_run";
/** The option of the managed pane: the id of the run that it belongs to. */
export const PANE_OPTION = "@kstops_pane";
/** The option of the managed pane with the pid of the program itself. */
export const PID_OPTION = "@kstops_pid";
/** The variable that marks every process of a run, also those that left its process session. */
export const RUN_ID_VARIABLE = "KSTOPS_ID";

/** What kstops remembers of a run on the session itself. No value of a variable is in it. */
export interface RunRecord {
  readonly command: readonly string[];
  readonly working_dir: string;
  /** Names of the variables that the definition set. */
  readonly env: readonly string[];
  /** What the names of the files begin with that have what the pane printed; null: none have. */
  readonly log: string | null;
  readonly log_capture: boolean;
  readonly log_max_bytes: number;
  readonly log_keep: number;
  readonly stop_signal: string | null;
  readonly stop_timeout: number;
  readonly protected: boolean;
}

/** A tmux program and the socket it talks over. */
export interface Server {
  readonly binary: string;
  readonly socketName: string;
}

/**
 * The beginning of every call. `-u`, since under the C locale tmux otherwise writes `_` for every
 * control character and every letter outside ASCII, the separators of our formats included.
 */
export function tmux(server: Server): string[] {
  return [server.binary, "-u", "-L", server.socketName];
}

/** The fields of one pane, in the order of {@link paneFormat}. */
export const PANE_FIELDS = [
  "version",
  "pid",
  "session_id",
  "session_name",
  "session_created",
  "session_attached",
  "session_windows",
  "session_path",
  "window_active",
  "pane_active",
  "pane_id",
  "pane_pid",
  "pane_dead",
  "pane_dead_status",
  "pane_dead_signal",
  "pane_dead_time",
  "pane_start_command",
  RUN_ID_OPTION,
  RECORD_OPTION,
  PANE_OPTION,
  PID_OPTION,
] as const;

/** What separates fields: a nonce in it keeps a path or a command from looking like one. */
export function fieldSeparator(nonce: string): string {
  return `\x1f${nonce}\x1f`;
}

/** What ends a row: fields may hold newlines. */
export function rowEnd(nonce: string): string {
  return `\x1e${nonce}\x1e`;
}

function paneFormat(nonce: string): string {
  return PANE_FIELDS.map(formatOf).join(fieldSeparator(nonce)) + rowEnd(nonce);
}

/** The start command of a managed session is long, and in its record anyway. */
function formatOf(field: string): string {
  return field === "pane_start_command" ? `#{?${RUN_ID_OPTION},,#{${field}}}` : `#{${field}}`;
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

/**
 * The panes of one session a last time, and its end. Ids are those of one server: where another one
 * took its place meanwhile, nothing is said and nothing is done.
 */
export function closeSession(
  server: Server,
  session: { readonly id: string; readonly serverPid: number },
  nonce: string,
): string[] {
  const target = `${session.id}:`;
  const close = [
    line(["list-panes", "-s", "-t", target, "-F", paneFormat(nonce)]),
    line(["kill-session", "-t", target]),
  ].join(" ; ");
  const isSame = `#{==:#{pid},${session.serverPid}}`;
  return [...tmux(server), ...COLLECT, "if-shell", "-F", isSame, close];
}

/** The fields of {@link describeServer}. */
export const SERVER_FIELDS = ["pid", "socket_path", "prefix"];

/** What attaching needs to know of the server of a session, and nothing else does. */
export function describeServer(server: Server, sessionId: string, nonce: string): string[] {
  const format = SERVER_FIELDS.map(formatOf).join(fieldSeparator(nonce)) + rowEnd(nonce);
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

/** Pid and name of every client, separated by a tab. */
export function listClients(server: Server): string[] {
  return [...tmux(server), "list-clients", "-F", "#{client_pid}\t#{client_name}"];
}

/** Takes one client off its session. */
export function detachClient(server: Server, client: string): string[] {
  return [...tmux(server), "detach-client", "-t", client];
}

/** Everything that a pane still shows, wrapped lines joined, colours kept. */
export function capturePane(server: Server, paneId: string): string[] {
  return [...tmux(server), "capture-pane", "-p", "-e", "-J", "-S", "-", "-t", paneId];
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
 * Asks for the values of variables in a session's environment. Each answer is followed by the nonce;
 * there is none for a variable that somebody took away.
 */
export function environmentScript(
  sessionId: string,
  names: readonly string[],
  nonce: string,
): string {
  const questions = names.flatMap((name) => [
    line(["show-environment", "-t", sessionId, name]),
    line(["display-message", "-p", nonce]),
  ]);
  return `${questions.join("\n")}\n`;
}

/** What {@link startScript} needs besides the definition. */
export interface StartPlan {
  readonly definition: TmuxDefinition;
  readonly runId: string;
  readonly nonce: string;
  /** Variables of the caller that a session gets below its own. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Path of the tmux program, for the pane itself. */
  readonly binary: string;
  /** Where the output goes; null: nowhere. */
  readonly capture: Capture | null;
  /** The file that remembers how the program ended; null: none does. */
  readonly story: string | null;
}

/** The fields that a successful {@link startScript} prints. */
export const CREATED_FIELDS = ["version", "session_id", "session_created", "pane_id", "pane_pid"];

/**
 * Creates a session, in one step that no other client can get between: an ended session of that
 * name that kstops made is replaced; over any other one `new-session` fails.
 */
export function startScript(plan: StartPlan): string {
  const { definition, runId, nonce } = plan;
  const target = `=${definition.name}:`;
  const carried = SET_BY_TMUX.filter((name) => definition.env[name] !== undefined);
  const env = {
    ...plan.inherited,
    ...definition.env,
    ...Object.fromEntries(carried.map((name) => [CARRIER + name, definition.env[name] ?? ""])),
    [RUN_ID_VARIABLE]: runId,
  };
  const replaceEnded = line([
    ...["if-shell", "-F", "-t", target, MANAGED_AND_ENDED],
    line(["kill-session", "-t", target]),
  ]);
  // One line is one group: if new-session fails, nothing behind it runs, and so nothing is done to
  // the session that was in its way.
  const create = [
    [
      ...["new-session", "-d", "-P", "-F"],
      CREATED_FIELDS.map((field) => `#{${field}}`).join(fieldSeparator(nonce)) + rowEnd(nonce),
      ...["-s", definition.name, "-c", literalFormat(definition.workingDir)],
      ...Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]),
      ...["--", "/bin/sh", "-c", keeper(plan, carried), "kstops", plan.binary, ...definition.argv],
    ],
    ["set-option", "-p", "-t", target, "remain-on-exit", "on"],
    ["set-option", "-t", target, "destroy-unattached", "off"],
    ["set-option", "-p", "-t", target, PANE_OPTION, runId],
    ["set-option", "-t", target, RECORD_OPTION, JSON.stringify(recordOf(plan))],
    ["set-option", "-t", target, RUN_ID_OPTION, runId],
    ...(plan.capture === null
      ? []
      : [["pipe-pane", "-t", target, pipeCommand(captureScript(plan.capture))]]),
  ];
  return `${replaceEnded}\n${create.map(line).join(" ; ")}\n`;
}

/**
 * True where a session is managed and its managed pane does not run. Looks through all windows: a
 * user may have added some, and one that is linked twice comes twice. Panes carry the run id, so that
 * one moved in from elsewhere is no match.
 */
const MANAGED_AND_ENDED = `#{&&:#{${RUN_ID_OPTION}},#{?#{m:*0*,#{W:#{P:` +
  `#{?#{==:#{${PANE_OPTION}},#{${RUN_ID_OPTION}}},#{pane_dead},}}}},0,1}}`;

/** What tmux sets in every pane over the variables of its session (tmux 3.3a spawn.c, environ.c). */
const SET_BY_TMUX = [
  "PATH",
  "SHELL",
  "TERM",
  "TERM_PROGRAM",
  "TERM_PROGRAM_VERSION",
  "TMUX",
  "TMUX_PANE",
];
/** How the values of the definition get past that: under another name, until the program begins. */
const CARRIER = "KSTOPS_ENV_";

/**
 * The shell that keeps a program in its pane. It outlives the signals that ask the program to end
 * (the traps do nothing, and unlike ignored signals they are not inherited), so that it can report
 * how the program ended, to tmux and to the log store, and it stays 0.1 s longer, so that tmux gets
 * the last output (tmux 3.3a loses it otherwise). Only SIGHUP ends it: the kernel tells the program of a closed terminal, as
 * when the server is killed, only once the leader of its process session is gone. What it would say
 * itself (`Killed`) is nothing that the program printed, so it has no standard error; only within
 * the parentheses is the terminal that of the program again. Its own shell tells tmux the pid and
 * then becomes the program.
 */
function keeper({ runId, story }: StartPlan, carried: readonly string[]): string {
  const restored = carried.map((name) =>
    `${name}=$${CARRIER}${name}; export ${name}; unset ${CARRIER}${name}\n`
  );
  return `trap : INT QUIT TERM USR1 USR2
exec 3>&2 2>/dev/null
(exec /bin/sh -c '"$1" -u set-option -p -t "$TMUX_PANE" ${PID_OPTION} $$ </dev/null >/dev/null 2>&1
shift
${restored.join("")}exec "$@"' kstops "$@" 2>&3 3>&-)
s=$?
${story === null ? ":" : shellEndedLine(runId, story)}
PATH=/bin:/usr/bin sleep 0.1
exit $s`;
}

function recordOf({ definition, capture }: StartPlan): RunRecord {
  return {
    command: definition.argv,
    working_dir: definition.workingDir,
    env: Object.keys(definition.env),
    log: capture === null ? null : outputOf(capture),
    log_capture: definition.log.capture,
    log_max_bytes: definition.log.maxBytes,
    log_keep: definition.log.keep,
    stop_signal: definition.stopSignal,
    stop_timeout: definition.stopTimeoutSeconds,
    protected: definition.protected,
  };
}

/** The shell command of a pipe; tmux expands formats and `strftime` in it first. */
function pipeCommand(script: string): string {
  return literalFormat(script).replaceAll("%", "%%");
}

/** Text that survives the expansion of formats, which keeps `#[` and `##[` (tmux 3.3a format.c). */
function literalFormat(text: string): string {
  return text.replaceAll(/#+(\[?)/g, (run, bracket) => bracket === "" ? run + run : run);
}

function line(words: readonly string[]): string {
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
