/**
 * The script that starts a session, and what it prints. Pure, as are `args.ts` and `parse.ts`, which
 * do not have it because most commands start nothing.
 */
import { encodeRecord } from "../record.ts";
import { type Capture, captureScript } from "../../logs/capture.ts";
import { shellEndedLine } from "../../logs/runs.ts";
import { outputOf } from "../../logs/store.ts";
import type { TmuxDefinition } from "../../model.ts";
import {
  line,
  PANE_OPTION,
  PID_OPTION,
  RECORD_OPTION,
  rowFormat,
  RUN_ID_OPTION,
  RUN_ID_VARIABLE,
  type RunRecord,
} from "./args.ts";
import { numberOf, rowsOf, timeOf } from "./parse.ts";

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
      rowFormat(CREATED_FIELDS, nonce),
      ...["-s", definition.name, "-c", literalFormat(definition.workingDir)],
      ...Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]),
      ...["--", "/bin/sh", "-c", keeper(plan, carried), "kstops", plan.binary, ...definition.argv],
    ],
    ["set-option", "-p", "-t", target, "remain-on-exit", "on"],
    ["set-option", "-t", target, "destroy-unattached", "off"],
    ["set-option", "-p", "-t", target, PANE_OPTION, runId],
    ["set-option", "-t", target, RECORD_OPTION, encodeRecord(recordOf(plan))],
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

/** What `new-session` printed about the session that it made; null: it made none. */
export interface Created {
  readonly serverVersion: string;
  readonly sessionId: string;
  readonly createdAt: Date | null;
  readonly panePid: number;
}

/** Reads what a start script printed. */
export function parseCreated(stdout: string, nonce: string): Created | null {
  const [row] = rowsOf(stdout, CREATED_FIELDS.length, nonce);
  if (row === undefined) return null;
  const [serverVersion = "", sessionId = "", createdAt = "", , panePid = ""] = row;
  return {
    serverVersion,
    sessionId,
    createdAt: timeOf(numberOf(createdAt)),
    panePid: numberOf(panePid) ?? 0,
  };
}
