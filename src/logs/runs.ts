/** What is remembered of a session's runs: one line of JSON for each event. Pure. */
import { decodeEnding, encodeEnding, type EndingParts } from "../keys/record.ts";
import {
  BACKENDS,
  type BackendType,
  type Engine,
  ENGINES,
  howItEnded,
  isExitCode,
  momentOf,
  type Owner,
} from "../model.ts";

/** A run began. Its command is left out, since it may contain secrets. */
export interface Begun {
  readonly event: "begun";
  readonly run: string;
  readonly at: Date;
  readonly backend: BackendType;
  readonly engine: Engine;
  /** Which of the engines of that kind: see `where.ts`. */
  readonly where: string;
  /** Null for a container. */
  readonly socketName: string | null;
  readonly image: string | null;
  readonly workingDir: string | null;
  /** A fingerprint of its definition, without secrets. */
  readonly definition: string;
  /** Its owner; nobody for a run of an older kstops. */
  readonly owner: Owner;
  /** How to stop it when its engine has lost it; null: an older kstops did not record this. */
  readonly ending: Ending | null;
  /** Whether its engine did not answer the start: then nobody knows whether the run began. */
  readonly isUncertain?: boolean;
  /** Whether it was started since the machine had booted. */
  readonly atBoot?: boolean;
}

/** What a stop needs to know about a run that only this record describes. */
export interface Ending extends EndingParts {
  /** The file that its keeper watches; null: none. */
  readonly holdFile: string | null;
  /** Whether its program is an interactive shell, which may have left its user's programs behind. */
  readonly interactive: boolean;
}

/**
 * Its program was executed, or the system was just asked to. The shell that became the program
 * writes this: see `execute.sh`.
 */
export interface Executed {
  readonly event: "executed";
  readonly run: string;
  readonly pid: number;
  /**
   * When that process began: in clock ticks since the machine booted, or in the words of `ps` (UTC)
   * where there is no such number. Together with pid and boot it names one process and no later
   * one.
   */
  readonly began: string;
  /** Identifies the boot of the machine; empty when unknown. */
  readonly boot: string;
}

/** Its program ended; null: nobody saw how. */
export interface Ended {
  readonly event: "ended";
  readonly run: string;
  readonly at: Date;
  readonly exitCode: number | null;
  /** What the engine says besides, such as that memory ran out. */
  readonly reason: string | null;
  /** What its restart policy decided; missing: it has none, or the policy does not apply. */
  readonly policy?: Supervised;
  /** How often its engine had executed it again until then; missing: not once, or nobody knows. */
  readonly again?: ExecutedAgain;
}

/** Executions that an engine started by itself. */
export interface ExecutedAgain {
  /** How many. */
  readonly restarts: number;
  /** When the last of them began; null: the engine does not say. */
  readonly startedAt: Date | null;
  /** Whether each of them followed a failure. */
  readonly areFailures: boolean;
}

/** What a restart policy decided after an end. */
interface Supervised {
  /** The number of failures in a row. */
  readonly failures: number;
  /** The delay before the next execution; null: the policy gave up. */
  readonly restartInMs: number | null;
}

/** kstops stopped it. */
export interface Stopped {
  readonly event: "stopped";
  readonly run: string;
  readonly at: Date;
  /** Whether its program had already ended by itself. */
  readonly hadEnded: boolean;
  /** Whether it was killed, because it did not end when asked, or was not asked. */
  readonly forced?: boolean;
  /** Whether it was stopped since the machine went down: nobody wanted it to stop. */
  readonly atShutdown?: boolean;
}

/** One line. */
export type RunEvent = Begun | Executed | Ended | Stopped;

/** One run of a session, put together from its lines. */
export interface Run {
  readonly id: string;
  /** Null when that line is lost. */
  readonly begun: Begun | null;
  /**
   * The last execution; null: its program was not executed, or the kstops that did it recorded
   * none.
   */
  readonly executed: Executed | null;
  /** How the last execution ended; null: it runs, or nobody saw it end. */
  readonly ended: Ended | null;
  readonly stopped: Stopped | null;
  /** How earlier executions ended, before a policy restarted the program: oldest first. */
  readonly earlier: readonly Ended[];
}

/** The line for an event, with its newline. */
export function formatEvent(event: RunEvent): string {
  if (event.event === "executed") {
    const { run, pid, began, boot } = event;
    return line({ run, event: event.event, pid, began, boot });
  }
  const { run, at } = event;
  const head = { run, event: event.event, at: at.toISOString() };
  switch (event.event) {
    case "begun":
      return line({
        ...head,
        backend: event.backend,
        engine: event.engine,
        where: event.where,
        socket_name: event.socketName,
        image: event.image,
        working_dir: event.workingDir,
        definition: event.definition,
        project: event.owner.project,
        config_file: event.owner.configFile,
        ...(event.isUncertain ? { uncertain: true } : {}),
        ...(event.atBoot ? { at_boot: true } : {}),
        ...(event.ending === null ? {} : {
          ...encodeEnding(event.ending),
          hold_file: event.ending.holdFile,
          interactive: event.ending.interactive,
        }),
      });
    case "ended":
      return line({
        ...head,
        exit_code: event.exitCode,
        reason: event.reason,
        ...(event.policy === undefined ? {} : {
          failures: event.policy.failures,
          ...(event.policy.restartInMs === null
            ? { gave_up: true }
            : { restart_in_ms: event.policy.restartInMs }),
        }),
        ...(event.again === undefined ? {} : {
          restarts: event.again.restarts,
          started_at: event.again.startedAt?.toISOString() ?? null,
          after_failures: event.again.areFailures,
        }),
      });
    case "stopped":
      return line({
        ...head,
        had_ended: event.hadEnded,
        ...(event.forced === undefined ? {} : { forced: event.forced }),
        ...(event.atShutdown ? { at_shutdown: true } : {}),
      });
  }
}

function line(fields: unknown): string {
  return `${JSON.stringify(fields)}\n`;
}

/** A run before anything is known of it. */
const NOTHING: Omit<Run, "id"> = {
  begun: null,
  executed: null,
  ended: null,
  stopped: null,
  earlier: [],
};

/** The runs in a file, in the order in which they began. Unreadable lines are left out. */
export function parseRuns(text: string): Run[] {
  const runs = new Map<string, Run>();
  for (const event of parseEvents(text)) {
    const run = runs.get(event.run) ?? { id: event.run, ...NOTHING };
    runs.set(event.run, withEvent(run, event));
  }
  return [...runs.values()];
}

/** What the lines of a file say, in their order. What cannot be read is left out. */
export function parseEvents(text: string): RunEvent[] {
  return text.split("\n").flatMap((each) => parseEvent(each) ?? []);
}

function withEvent(run: Run, event: RunEvent): Run {
  // The end of an execution before the next one is not the end of the run.
  const before = event.event === "executed" && run.ended !== null
    ? { ended: null, earlier: [...run.earlier, run.ended] }
    : {};
  return { ...run, ...before, [event.event]: event };
}

function parseEvent(text: string): RunEvent | null {
  let fields: Readonly<Record<string, unknown>>;
  try {
    // Half a line may come first, where a write was cut off.
    fields = JSON.parse(text.slice(Math.max(0, text.lastIndexOf('{"run":'))));
  } catch {
    // The end of the file after a crash, or a line that is not ours.
    return null;
  }
  const { run, event, at, exit_code: exitCode, reason } = fields ?? {};
  if (typeof run !== "string") return null;
  if (event === "executed") return executed(fields, run);
  const time = momentOf(typeof at === "string" ? Date.parse(at) : NaN);
  if (time === null) return null;
  if (event === "stopped") {
    const forced = fields["forced"];
    return {
      event,
      run,
      at: time,
      hadEnded: fields["had_ended"] === true,
      ...(typeof forced === "boolean" ? { forced } : {}),
      ...(fields["at_shutdown"] === true ? { atShutdown: true } : {}),
    };
  }
  if (event === "ended") {
    return {
      event,
      run,
      at: time,
      exitCode: typeof exitCode === "number" && isExitCode(exitCode) ? exitCode : null,
      reason: textOrNull(reason),
      ...supervisedIn(fields),
      ...executedAgainIn(fields),
    };
  }
  return event === "begun" ? begun(fields, run, time) : null;
}

function supervisedIn(
  { failures, restart_in_ms: restartInMs }: Readonly<Record<string, unknown>>,
): Pick<Ended, "policy"> {
  if (typeof failures !== "number") return {};
  return {
    policy: { failures, restartInMs: typeof restartInMs === "number" ? restartInMs : null },
  };
}

function executedAgainIn(
  { restarts, started_at: startedAt, after_failures: areFailures }: Readonly<
    Record<string, unknown>
  >,
): Pick<Ended, "again"> {
  if (typeof restarts !== "number" || !Number.isSafeInteger(restarts) || restarts < 1) return {};
  const at = typeof startedAt === "string" ? momentOf(Date.parse(startedAt)) : null;
  return { again: { restarts, startedAt: at, areFailures: areFailures === true } };
}

function begun(fields: Readonly<Record<string, unknown>>, run: string, at: Date): Begun | null {
  const backend = BACKENDS.find((each) => each === fields["backend"]);
  const engine = ENGINES.find((each) => each === fields["engine"]);
  if (backend === undefined || engine === undefined) return null;
  return {
    event: "begun",
    run,
    at,
    backend,
    engine,
    where: textOrNull(fields["where"]) ?? "",
    socketName: textOrNull(fields["socket_name"]),
    image: textOrNull(fields["image"]),
    workingDir: textOrNull(fields["working_dir"]),
    definition: textOrNull(fields["definition"]) ?? "",
    owner: {
      project: textOrNull(fields["project"]),
      configFile: textOrNull(fields["config_file"]),
    },
    ending: parseEnding(fields),
    ...(fields["uncertain"] === true ? { isUncertain: true } : {}),
    ...(fields["at_boot"] === true ? { atBoot: true } : {}),
  };
}

function parseEnding(fields: Readonly<Record<string, unknown>>): Ending | null {
  // An older kstops did not record how to stop it.
  const parts = typeof fields["stop_timeout"] === "number" ? decodeEnding(fields) : null;
  return parts && {
    ...parts,
    holdFile: textOrNull(fields["hold_file"]),
    interactive: fields["interactive"] === true,
  };
}

function executed(fields: Readonly<Record<string, unknown>>, run: string): Executed | null {
  const { pid, began, boot } = fields;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 1) return null;
  if (typeof began !== "string" || typeof boot !== "string") return null;
  // `ps` pads what it prints.
  return { event: "executed", run, pid, began: began.trim().replaceAll(/\s+/g, " "), boot };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** How a run ended, in the fields of a status. */
export function endOf({ ended, stopped }: Run): {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly finishedAt: Date | null;
} {
  const known = ended === null || ended.exitCode === null ? null : howItEnded(ended.exitCode);
  return {
    exitCode: known?.exitCode ?? null,
    signal: known?.signal ?? null,
    finishedAt: ended?.at ?? stopped?.at ?? null,
  };
}

/**
 * Whether the run that ended then was stopped: an engine may have started the same run again
 * without kstops. A time without milliseconds stands for the whole second.
 */
export function wasStopped(
  runs: readonly Run[],
  { run, at }: { readonly run: string; readonly at: Date },
): boolean {
  const stopped = runs.find(({ id }) => id === run)?.stopped?.at;
  if (stopped === undefined) return false;
  const unit = at.getMilliseconds() === 0 ? 1000 : 1;
  return Math.floor(stopped.getTime() / unit) === Math.floor(at.getTime() / unit);
}

/** The exit code of a killed program: 128 plus the number of SIGKILL. */
const KILLED = 137;

/** Whether kstops had to kill a run to stop it, if that is known. */
export function wasForced({ ended, stopped }: Run): boolean {
  if (stopped === null || stopped.hadEnded) return false;
  return stopped.forced ?? (ended?.exitCode === KILLED && ended.reason === null);
}

/** Whether a run ended by itself with an exit code other than 0. */
export function hasFailed({ ended, stopped }: Run): boolean {
  const byItself = stopped === null || stopped.hadEnded;
  return byItself && ended !== null && ended.exitCode !== null && ended.exitCode !== 0;
}
