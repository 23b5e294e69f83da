/**
 * The script that starts a session, and the parser of its output. Pure, like `args.ts` and
 * `parse.ts`; separate from these because most commands start nothing.
 */
import { encodeRecord } from "../../keys/record.ts";
import { type Capture, CAPTURE_PROGRAM, captureParameters } from "../../logs/capture.ts";
import { nameOfText } from "../../logs/digest.ts";
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
import { CARRIER, keeperArgv, type KeptPolicy } from "./keeper.ts";
import { millisecondsOf, restartPolicy, successCodes } from "../../supervise/policy.ts";
import { numberOf, rowsOf, timeOf } from "./rows.ts";

/** What {@link startScript} needs besides the definition. */
export interface StartPlan {
  readonly definition: TmuxDefinition;
  readonly runId: string;
  readonly nonce: string;
  /** Variables of the caller that a session gets unless its definition sets them. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Path of the tmux program, for the pane itself. */
  readonly binary: string;
  /** Where the output goes; null: nowhere. */
  readonly capture: Capture | null;
  /** The file that records how the program ended; null: none. */
  readonly story: string | null;
  /** The file in which a stop says how long it needs the terminal; null: none. */
  readonly holdFile: string | null;
}

/** The fields that a successful {@link startScript} prints. */
export const CREATED_FIELDS = [
  "version",
  "session_id",
  "session_created",
  "pane_id",
  "pane_pid",
  "exit-unattached",
  // The number of clients of each session.
  "S:#{session_attached}",
];

/**
 * The option of a server that holds the program which keeps output. It stands there once, and not in
 * the script of every session: reading long texts is most of what a server does for a start.
 */
const PROGRAM_OPTION = `@kstops_capture_${nameOfText(CAPTURE_PROGRAM)}`;

/** What has to be run once before any {@link startScript} that keeps output. */
export const PREPARATION = `${line(["set-option", "-s", PROGRAM_OPTION, CAPTURE_PROGRAM])}\n`;

/**
 * Creates a session, in one step that no other client can interrupt. An ended managed session of
 * that name is replaced; over any other one `new-session` fails.
 */
export function startScript(plan: StartPlan): string {
  const { definition, runId, nonce } = plan;
  const target = `=${definition.name}:`;
  const own = { ...definition.inherited, ...definition.env };
  const carried = SET_BY_TMUX.filter((name) => own[name] !== undefined);
  const env = {
    ...plan.inherited,
    ...definition.env,
    ...Object.fromEntries(carried.map((name) => [CARRIER + name, own[name] ?? ""])),
    [RUN_ID_VARIABLE]: runId,
  };
  const replaceEnded = line([
    ...["if-shell", "-F", "-t", target, MANAGED_AND_ENDED],
    line(["kill-session", "-t", target]),
  ]);
  // One line is one group: if new-session fails, nothing after it runs, and so nothing happens to
  // the session in its way.
  const create = [
    [
      ...["new-session", "-d", "-P", "-F"],
      rowFormat(CREATED_FIELDS, nonce),
      ...["-s", definition.name, "-c", literalFormat(definition.workingDir)],
      ...Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]),
      ...[
        "--",
        ...keeperArgv({
          ...{ ...plan, carried, argv: definition.argv },
          marks: marksInPane(plan),
          policy: policyOf(definition),
        }),
      ],
    ],
    // The user's hooks run before this: the name may now belong to another session, and another
    // pane may be active. The session's own variable and the command of the pane tell. Marks come
    // together: a managed session without its pane would count as one that may be replaced.
    ifTrue(target, `#{==:#{${RUN_ID_VARIABLE}},${runId}}`, [
      ["set-option", "-t", target, "destroy-unattached", "off"],
      ifTrue(target, `#{m:*${runId}*,#{pane_start_command}}`, [
        ...marks(plan, { session: target, pane: target }),
        ["display-message", "-p", "-t", target, rowFormat(MARKED_FIELDS, nonce)],
      ]),
    ]),
  ];
  return `${replaceEnded}\n${create.map(line).join(" ; ")}\n`;
}

/** What the keeper does after the end of the program. */
function policyOf(definition: TmuxDefinition): KeptPolicy {
  return {
    ...restartPolicy(definition),
    successCodes: successCodes(definition),
    graceMs: millisecondsOf(definition.stopTimeoutSeconds),
  };
}

/** What {@link startScript} also prints when it has marked session and pane. */
const MARKED_FIELDS = [PANE_OPTION];

/**
 * Marks a session and its pane by their ids, when hooks got in the way of the start script. The
 * pane also does it itself before its program begins: whichever comes first does it.
 */
export function markScript(plan: StartPlan, ids: Pick<Created, "sessionId" | "paneId">): string {
  const commands = marks(plan, { session: `${ids.sessionId}:`, pane: ids.paneId });
  // Separately: hooks may have taken the pane out of its session.
  return commands.map((each) => `${line(each)}\n`).join("");
}

function marks(
  plan: StartPlan,
  { session, pane }: { readonly session: string; readonly pane: string },
): string[][] {
  const { runId, capture } = plan;
  const record = [RECORD_OPTION, inAscii(recordOf(plan))];
  const pipe = capture === null ? [] : [["pipe-pane", "-t", pane, pipeCommand(capture)]];
  return [
    // Only once: a second pipe would end the first one.
    ifTrue(pane, `#{!=:#{${PANE_OPTION}},${runId}}`, [
      ["set-option", "-p", "-t", pane, "remain-on-exit", "on"],
      ["set-option", "-p", "-t", pane, PANE_OPTION, runId],
      // On the pane, which may be moved into another session, and on the session, which may lose
      // it.
      ["set-option", "-p", "-t", pane, ...record],
      ...pipe,
    ]),
    ["set-option", "-t", session, "destroy-unattached", "off"],
    ["set-option", "-t", session, ...record],
    ["set-option", "-t", session, RUN_ID_OPTION, runId],
  ];
}

function ifTrue(
  target: string,
  condition: string,
  commands: readonly (readonly string[])[],
): string[] {
  return ["if-shell", "-F", "-t", target, condition, commands.map(line).join(" ; ")];
}

/** JSON in printable ASCII only, which every tmux passes on unchanged. */
function inAscii(json: string): string {
  return json.replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * True when a session is managed and its managed pane does not run. Looks through all windows: a
 * user may have added some, and a window that is linked twice comes twice. Panes carry the run id,
 * so that a pane moved in from elsewhere does not match.
 */
const MANAGED_AND_ENDED = `#{&&:#{${RUN_ID_OPTION}},#{?#{m:*0*,#{W:#{P:` +
  `#{?#{==:#{${PANE_OPTION}},#{${RUN_ID_OPTION}}},#{pane_dead},}}}},0,1}}`;

/** Variables that tmux sets in every pane over those of its session (tmux 3.3a spawn.c, environ.c). */
const SET_BY_TMUX = [
  "PATH",
  "SHELL",
  "TERM",
  "TERM_PROGRAM",
  "TERM_PROGRAM_VERSION",
  "TMUX",
  "TMUX_PANE",
];

/**
 * The commands by which the program's own shell marks the pane if the start script did not, as
 * words of a shell for printf. The script may still wait for a hook of the user's, or a hook may
 * have made another pane the active one, while this pane would begin without a pipe, and be gone
 * with its end. Here the pane is known for sure.
 */
function marksInPane(plan: StartPlan): string {
  const script = markScript(plan, { sessionId: SESSION, paneId: PANE });
  return script.split(new RegExp(`(${SESSION}|${PANE})`)).map((part) =>
    part === SESSION ? '"\\$${TMUX##*,}"' : part === PANE ? '"$TMUX_PANE"' : shellQuoted(part)
  ).join("");
}

/** Stand for ids that only the pane knows. */
const SESSION = "\x01SESSION\x01";
const PANE = "\x01PANE\x01";

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function recordOf({ definition, capture, holdFile }: StartPlan): string {
  const facts: RunRecord["facts"] = {
    name: definition.name,
    log: capture === null ? null : outputOf(capture),
    hold_file: holdFile,
  };
  return encodeRecord(definition, facts);
}

/**
 * The shell command of a pipe. tmux first expands formats and `strftime` in it, and leaves what an
 * option holds as it is.
 */
function pipeCommand(capture: Capture): string {
  const parameters = literalFormat(captureParameters(capture)).replaceAll("%", "%%");
  return `${parameters}#{${PROGRAM_OPTION}}`;
}

/** Text that survives the expansion of formats, which keeps `#[` and `##[` (tmux 3.3a format.c). */
function literalFormat(text: string): string {
  return text.replaceAll(/#+(\[?)/g, (run, bracket) => bracket === "" ? run + run : run);
}

/** What `new-session` printed about the new session; null: it made none. */
export interface Created {
  readonly serverVersion: string;
  readonly sessionId: string;
  readonly createdAt: Date | null;
  readonly paneId: string;
  readonly panePid: number;
  /** Whether the server ends without an attached client, and none is attached. */
  readonly endsUnattached: boolean;
  /** Whether session and pane are already marked. */
  readonly marked: boolean;
}

/** Parses the output of a start script. */
export function parseCreated(stdout: string, nonce: string): Created | null {
  const [row] = rowsOf(stdout, CREATED_FIELDS.length, nonce);
  if (row === undefined) return null;
  const [serverVersion = "", sessionId = "", createdAt = "", paneId = "", panePid = ""] = row;
  const [marked] = rowsOf(stdout, MARKED_FIELDS.length, nonce);
  return {
    serverVersion,
    sessionId,
    createdAt: timeOf(numberOf(createdAt)),
    paneId,
    panePid: numberOf(panePid) ?? 0,
    endsUnattached: row[5] === "1" && !/[1-9]/.test(row[6] ?? ""),
    marked: marked !== undefined && marked[0] !== "",
  };
}
