/**
 * The script that starts a session, and what it prints. Pure, as are `args.ts` and `parse.ts`, which
 * do not have it because most commands start nothing.
 */
import { type Capture, captureScript } from "../../logs/capture.ts";
import { outputOf } from "../../logs/store.ts";
import type { TmuxDefinition } from "../../model.ts";
import {
  line,
  PANE_OPTION,
  RECORD_OPTION,
  rowFormat,
  RUN_ID_OPTION,
  RUN_ID_VARIABLE,
  type RunRecord,
} from "./args.ts";
import { CARRIER, keeperArgv } from "./keeper.ts";
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
  /** The file in which a stop says how long it needs the terminal; null: none does. */
  readonly holdFile: string | null;
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
      ...["--", ...keeperArgv({ ...plan, carried, argv: definition.argv })],
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

function recordOf({ definition, capture, holdFile }: StartPlan): RunRecord {
  return {
    command: definition.argv,
    working_dir: definition.workingDir,
    env: Object.keys(definition.env),
    log: capture === null ? null : outputOf(capture),
    log_capture: definition.log.capture,
    log_max_bytes: definition.log.maxBytes,
    log_keep: definition.log.keep,
    stop_signal: definition.stopSignal,
    stop_scope: definition.stopScope,
    stop_timeout: definition.stopTimeoutSeconds,
    hold_file: holdFile,
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
