/**
 * Explains why a session is what it is: what is known of it and of its last run, and what to do
 * next.
 */
import type { Executions } from "../backends/backend.ts";
import { BackendUnavailableError, OpsError, SessionNotFoundError } from "../errors.ts";
import { fingerprintOf } from "../logs/fingerprint.ts";
import { type Ended, endOf, hasFailed, type Run, wasForced } from "../logs/runs.ts";
import { excerptOf, lastShown } from "../logs/shown.ts";
import { type LogStore, logStore } from "../logs/store.ts";
import { type IsMeant, isRunMeant } from "../logs/story.ts";
import type { SessionStatus } from "../model.ts";
import { latestOn } from "../operations/last.ts";
import type { Operation } from "../operations/machine.ts";
import type { OperationStore } from "../operations/store.ts";
import { isSameOwner, ownerName } from "../owner.ts";
import { isElsewhere } from "../sessions/elsewhere.ts";
import type { PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import { hasOutput, statusOfRun } from "../sessions/recorded.ts";
import type { Match } from "../sessions/sessions.ts";
import { shellWord } from "../shell.ts";
import { definitionFor, isDefined } from "./definitions.ts";
import { inOrder, meaningOf } from "./meaning.ts";
import { lookAt } from "./status.ts";
import type { Tools } from "./tools.ts";
import { isAnothers, sayWhose } from "./whose.ts";

/** The tools for explaining a session. */
interface WhyTools extends Tools {
  /** The recorded changes of sessions. */
  readonly operations: () => Promise<Pick<OperationStore, "list">>;
}

/** Everything that was found out about a session. */
export interface Findings {
  readonly status: SessionStatus;
  /** The explanation of exit code or signal; null: none, or it has not ended. */
  readonly meaning: string | null;
  /** The time of its last execution, if it was executed again since its run began; else null. */
  readonly startedAt: Date | null;
  /** How long its last execution ran, or has run; null: unknown. */
  readonly seconds: number | null;
  /** How often it began and how it ended, as far as that is recorded. */
  readonly starts: Starts;
  /** How its program ended before it was executed again in this run, oldest first. */
  readonly earlier: readonly Ended[];
  /** Whether a start would now begin something else; null: unknown. */
  readonly definitionChanged: boolean | null;
  /** The last recorded change by kstops, or null. */
  readonly operation: Operation | null;
  /** Its last output; null: that cannot be read. */
  readonly lines: readonly string[] | null;
  /** What to do next. */
  readonly next: readonly Advice[];
}

/** How often a session began, since when, and how that ended. */
export interface Starts {
  readonly count: number;
  /** How many of them were made by its engine, or by somebody else, since its run began. */
  readonly again: number;
  /** How many of them ended with another exit code than 0. */
  readonly failures: number;
  /** When the first of them began. */
  readonly since: Date | null;
}

/** A command and its purpose. */
export interface Advice {
  readonly command: string;
  readonly about: string;
}

/** Finds out how a session came to be what it is, even after it was stopped. */
export async function explain(
  tools: WhyTools,
  name: string,
  flags: PlaceFlags,
): Promise<Findings> {
  const { world, warn } = tools;
  const store = logStore(world, warn);
  const all = await store.runs(name);
  const isOwn = await tools.sessions().meant(flags);
  const match = await found(
    tools,
    { name, flags },
    lastOf(all.filter((run) => isRunMeant(run, isOwn))),
  );
  const isStrange = await isAnothers(tools, match.status);
  await sayWhose(tools, match.status);
  const isMeant: IsMeant = isStrange ? (owner) => isSameOwner(owner, match.status) : isOwn;
  const runs = all.filter((run) => isRunMeant(run, isMeant));
  const last = lastOf(runs);
  const status = inOrder(
    match.kind === "session"
      ? await withReboot(world, await lookAt(tools, match), last)
      : withLastRun(match.status, last),
  );
  const ofStatus = match.kind === "session" && match.session.run !== last?.id ? null : last;
  const executions = match.kind === "session"
    ? match.session.executions ?? executionsIn(ofStatus)
    : ofStatus?.ended?.again ?? null;
  const again = executions === null ? 0 : executedAgain(executions, ofStatus);
  // For a session that was executed again, the time since then counts.
  const startedAt = again > 0 ? executions?.startedAt ?? null : null;
  const definitionChanged = isStrange
    ? null
    : status.drift === null
    ? await hasChanged(tools, name, ofStatus)
    : status.drift.length > 0;
  const [lines, operation] = await Promise.all([
    lastLines({ store, match, name, isMeant }),
    lastOperation(tools, match.status),
  ]);
  return {
    status,
    meaning: meaningOf(status, { isForced: ofStatus !== null && wasForced(ofStatus) }),
    startedAt,
    seconds: secondsOf({ ...status, createdAt: startedAt ?? status.createdAt }, world.now()),
    earlier: ofStatus?.earlier ?? [],
    starts: startsOf(runs, { status, again, areFailures: executions?.areFailures ?? false }),
    definitionChanged,
    operation,
    lines,
    next: adviceFor(status, {
      definitionChanged,
      hasLines: lines !== null && lines.length > 0,
      hasRun: runs.length > 0,
      isMistaken: !isStrange && await isMistaken(tools, name),
      whose: isStrange ? ` --project ${shellWord(ownerName(status))}` : "",
    }),
  };
}

/** The recorded executions of a program that its keeper has executed again, or null. */
function executionsIn(run: Run | null): Executions | null {
  const last = run?.earlier.at(-1);
  if (run === null || last === undefined) return null;
  return {
    startedAt: new Date(last.at.getTime() + (last.policy?.restartInMs ?? 0)),
    restarts: run.earlier.length,
    areFailures: run.earlier.every(({ exitCode }) => exitCode !== 0),
  };
}

function lastOf(runs: readonly Run[]): Run | null {
  return runs.findLast(({ begun }) => begun !== null) ?? null;
}

/** Whether the config defines it with mistakes, so that it cannot be started. */
async function isMistaken(tools: WhyTools, name: string): Promise<boolean> {
  const config = await tools.config();
  const entry = config.sessions.get(name);
  if (entry === undefined) return false;
  return entry.kind === "invalid" ||
    (await import("../config/defined.ts")).lackOf(entry, config) !== null;
}

/** The session; or, if it was stopped and nothing defines it, the record of its last run. */
async function found(
  tools: WhyTools,
  { name, flags }: { readonly name: string; readonly flags: PlaceFlags },
  last: Run | null,
): Promise<Match> {
  try {
    return await tools.sessions().find("explain", name, selectionOf(flags));
  } catch (error) {
    const recorded = last === null ? null : statusOfRun(name, { ...last, stopped: null });
    if (!(error instanceof SessionNotFoundError) || recorded === null) throw error;
    // The recorded run is not over.
    if (isElsewhere(error)) throw error;
    const status = { ...recorded, state: "stopped", reason: null } as const;
    return { kind: "defined", status, trouble: null };
  }
}

/** A session that does not run, with the end of its last run. */
function withLastRun(status: SessionStatus, last: Run | null): SessionStatus {
  if (last === null || status.state === "unknown") return status;
  return { ...status, ...endOf(last), createdAt: last.begun?.at ?? null };
}

/** Says that its machine was rebooted, of a session that ran until then and whose end nobody saw. */
async function withReboot(
  world: Tools["world"],
  status: SessionStatus,
  last: Run | null,
): Promise<SessionStatus> {
  if (status.state !== "exited" || status.finishedAt !== null || !last?.executed?.boot) {
    return status;
  }
  if (last.ended !== null || last.stopped !== null) return status;
  const { bootId } = await import("../boot/machine.ts");
  const boot = await bootId(world);
  if (boot === null || boot === last.executed.boot) return status;
  return { ...status, reason: "the machine was rebooted while it ran" };
}

function secondsOf(
  { state, createdAt, finishedAt }: SessionStatus,
  now: Date,
): number | null {
  const end = state === "running" ? now : finishedAt;
  if (createdAt === null || end === null) return null;
  // One of the times may be known to the second only.
  return Math.max(0, (end.getTime() - createdAt.getTime()) / 1000);
}

function startsOf(
  runs: readonly Run[],
  { status: { state, exitCode }, again, areFailures }: {
    readonly status: SessionStatus;
    readonly again: number;
    readonly areFailures: boolean;
  },
): Starts {
  const since = runs.find(({ begun }) => begun !== null)?.begun?.at ?? null;
  const last = runs.at(-1);
  const before = runs.slice(0, -1);
  const others = before.flatMap((run) => run.ended?.again ?? executionsIn(run) ?? []);
  const sum = (each: readonly Executions[]): number =>
    each.reduce((total, { restarts }) => total + restarts, 0);
  // The recorded part of a run that goes on is one of its executions: its engine knows them all.
  const hasLastFailed = state === "exited"
    ? exitCode !== null && exitCode !== 0
    : state !== "running" && last !== undefined && hasFailed(last);
  return {
    // A session that was started again was started before, whether or not that is recorded.
    count: Math.max(again > 0 ? 1 : 0, runs.length) + again + sum(others),
    again: again + sum(others),
    failures: before.filter(hasFailed).length + (hasLastFailed ? 1 : 0) +
      (areFailures ? again : 0) + sum(others.filter((each) => each.areFailures)),
    since,
  };
}

/** How far runtime and kstops may differ in the time when a program began. */
const SAME_START_MS = 1000;

/** How often the engine has executed a program again since its run began. */
function executedAgain({ startedAt, restarts }: Executions, run: Run | null): number {
  if (restarts > 0) return restarts;
  const begunAt = run?.begun?.at;
  if (startedAt === null || begunAt === undefined) return 0;
  // Somebody else has started it again, which no engine counts.
  return startedAt.getTime() - begunAt.getTime() > SAME_START_MS ? 1 : 0;
}

/** Whether the config now defines something else than the definition of a run. */
async function hasChanged(
  tools: WhyTools,
  name: string,
  run: Run | null,
): Promise<boolean | null> {
  if (run?.begun == null || !await isDefined(tools, name)) return null;
  try {
    const { definition } = await definitionFor({ ...tools, warn: () => {} }, name, {});
    return await fingerprintOf(definition) !== run.begun.definition;
  } catch (error) {
    // It cannot be started as it is: `config validate` says why.
    if (error instanceof OpsError) return null;
    throw error;
  }
}

/** The last change by kstops. */
async function lastOperation(tools: WhyTools, status: SessionStatus): Promise<Operation | null> {
  return latestOn(await tools.operations(), status)[0] ?? null;
}

const LAST_LINES = 20;

async function lastLines(
  { store, match, name, isMeant }: {
    readonly store: LogStore;
    readonly match: Match;
    readonly name: string;
    readonly isMeant: IsMeant;
  },
): Promise<readonly string[] | null> {
  try {
    if (match.kind === "session" && !await hasOutput(store, match.session)) return null;
    const bytes = match.kind === "session"
      ? await match.session.logs(excerptOf(LAST_LINES))
      : await newestLines(store, name, isMeant);
    return bytes === null ? null : lastShown(bytes, LAST_LINES);
  } catch (error) {
    if (error instanceof BackendUnavailableError || error instanceof SessionNotFoundError) {
      return null;
    }
    throw error;
  }
}

async function newestLines(
  store: LogStore,
  name: string,
  isMeant: IsMeant,
): Promise<Uint8Array | null> {
  const output = await store.newestOutput(name, isMeant);
  return output === null ? null : await store.read(output, excerptOf(LAST_LINES));
}

/** The next steps, most helpful first. */
function adviceFor(
  status: SessionStatus,
  { definitionChanged, hasLines, hasRun, isMistaken, whose }: {
    readonly definitionChanged: boolean | null;
    readonly hasLines: boolean;
    /** Whether it was ever started, as far as that is recorded. */
    readonly hasRun: boolean;
    /** Whether the config defines it with mistakes. */
    readonly isMistaken: boolean;
    /** The flag that a change needs; empty: none. */
    readonly whose: string;
  },
): readonly Advice[] {
  const { state, defined, managed } = status;
  const name = status.name ?? "";
  const say = (isWanted: boolean, command: string, about: string): readonly Advice[] =>
    isWanted ? [{ command, about }] : [];
  const isRunning = state === "running";
  const hasLeft = (status.leftovers ?? []).length > 0;
  const isOver = state === "exited" || state === "stopped" || state === "defined";
  return [
    ...say(isRunning, `kstops attach ${name}`, "look at it"),
    ...say(isRunning && hasLines, `kstops logs -f ${name}`, "see what it prints"),
    ...say(isRunning && definitionChanged === true, `kstops restart ${name}`, "apply the change"),
    ...say(isOver && defined, `kstops start ${name}`, hasRun ? "start it again" : "start it"),
    ...say(isOver && hasLines, `kstops logs -n all ${name}`, "everything that it printed"),
    ...say(
      state === "exited" && managed,
      `kstops stop ${name}${whose}`,
      hasLeft ? "end what it left behind" : "forget it",
    ),
    ...say(isMistaken, "kstops config validate", "see what is wrong with its definition"),
    ...say(state === "unknown" && !isMistaken, "kstops list --verbose", "see what engines answer"),
  ];
}
