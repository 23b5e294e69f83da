/** `kstops why NAME`: how a session came to be what it is, and what to do next. */
import type { Executions } from "../../backends/backend.ts";
import { isElsewhere } from "../../sessions/elsewhere.ts";
import { BackendUnavailableError, OpsError, SessionNotFoundError } from "../../errors.ts";
import { fingerprintOf } from "../../logs/fingerprint.ts";
import { endOf, hasFailed, type Run, wasForced } from "../../logs/runs.ts";
import { excerptOf, lastShown } from "../../logs/shown.ts";
import { type LogStore, logStore } from "../../logs/store.ts";
import { type IsMeant, isRunMeant } from "../../logs/story.ts";
import type { SessionStatus } from "../../model.ts";
import {
  type Advice,
  type Findings,
  findingsText,
  findingsToWire,
  inOrder,
  meaningOf,
  type Starts,
} from "../../output/findings.ts";
import { isSameOwner, ownerName } from "../../owner.ts";
import { operationsOn } from "../../operations/last.ts";
import type { Operation } from "../../operations/machine.ts";
import { hasOutput, statusOfRun } from "../../sessions/recorded.ts";
import type { Match } from "../../sessions/sessions.ts";
import { shellWord } from "../../shell.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { definitionFor, isDefined } from "../../actions/definitions.ts";
import { warnOfProblems } from "../warnings.ts";
import { isAnothers, sayWhose } from "../../actions/whose.ts";
import { withLeftovers } from "./status.ts";

/** Flags of `why`. */
interface WhyFlags extends PlaceFlags {
  readonly name: string;
}

/** Explains one session, also one that was stopped. */
export async function why(context: Context, flags: WhyFlags): Promise<Reply> {
  await warnOfProblems(context, { ...flags, names: [flags.name] });
  const findings = await findingsOf(context, flags);
  return {
    data: findingsToWire(findings),
    text: (screen) => findingsText(findings, screen),
  };
}

async function findingsOf(context: Context, flags: WhyFlags): Promise<Findings> {
  const { world, warn } = context;
  const { name } = flags;
  const store = logStore(world, warn);
  const all = await store.runs(name);
  const isOwn = await context.sessions().meant(flags);
  const match = await found(context, flags, lastOf(all.filter((run) => isRunMeant(run, isOwn))));
  const isStrange = await isAnothers(context, match.status);
  await sayWhose(context, match.status);
  const isMeant: IsMeant = isStrange ? (owner) => isSameOwner(owner, match.status) : isOwn;
  const runs = all.filter((run) => isRunMeant(run, isMeant));
  const last = lastOf(runs);
  const status = inOrder(
    match.kind === "session" ? await withLeftovers(match) : withLastRun(match.status, last),
  );
  const ofStatus = match.kind === "session" && match.session.run !== last?.id ? null : last;
  const executions = match.kind === "session"
    ? match.session.executions ?? executionsIn(ofStatus)
    : null;
  const again = executions === null ? 0 : executedAgain(executions, ofStatus);
  // Of one that was executed again, the time since then counts.
  const startedAt = again > 0 ? executions?.startedAt ?? null : null;
  const definitionChanged = isStrange ? null : await hasChanged(context, name, ofStatus);
  const [lines, operation] = await Promise.all([
    lastLines({ store, match, name, isMeant }),
    lastOperation(context, match.status),
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
      isMistaken: !isStrange && await isMistaken(context, name),
      whose: isStrange ? ` --project ${shellWord(ownerName(status))}` : "",
    }),
  };
}

/** What is recorded of a program that the shell in its pane has executed again; null: it has not. */
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

/** Whether the config defines it so that it cannot be started. */
async function isMistaken(context: Context, name: string): Promise<boolean> {
  const config = await context.config();
  const entry = config.sessions.get(name);
  if (entry === undefined) return false;
  return entry.kind === "invalid" ||
    (await import("../../config/defined.ts")).lackOf(entry, config) !== null;
}

/** The session; or, where it was stopped and nothing defines it, what is recorded of its last run. */
async function found(
  context: Context,
  flags: WhyFlags,
  last: Run | null,
): Promise<Match> {
  try {
    return await context.sessions().find("explain", flags.name, selectionOf(flags));
  } catch (error) {
    const recorded = last === null ? null : statusOfRun(flags.name, { ...last, stopped: null });
    if (!(error instanceof SessionNotFoundError) || recorded === null) throw error;
    // The run that is recorded is not over.
    if (isElsewhere(error)) throw error;
    const status = { ...recorded, state: "stopped", reason: null } as const;
    return { kind: "defined", status, trouble: null };
  }
}

/** A session that does not run, with how its last run ended. */
function withLastRun(status: SessionStatus, last: Run | null): SessionStatus {
  if (last === null || status.state === "unknown") return status;
  return { ...status, ...endOf(last), createdAt: last.begun?.at ?? null };
}

function secondsOf(
  { state, createdAt, finishedAt }: SessionStatus,
  now: Date,
): number | null {
  const end = state === "running" ? now : finishedAt;
  if (createdAt === null || end === null) return null;
  // The one may be known to the second only.
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
  const failed = runs.filter(hasFailed);
  if (again === 0) return { count: runs.length, again, failures: failed.length, since };
  // What is remembered of this run is one of its executions: its engine knows them all.
  const earlier = failed.filter((run) => run !== runs.at(-1)).length;
  const last = state === "exited" && exitCode !== null && exitCode !== 0 ? 1 : 0;
  return {
    // One that is started again was started before, whether or not that is remembered.
    count: Math.max(1, runs.length) + again,
    again,
    failures: earlier + last + (areFailures ? again : 0),
    since,
  };
}

/** What a runtime and kstops may differ by in the time at which a program began. */
const SAME_START_MS = 1000;

/** How often the engine has executed a program again since its run began. */
function executedAgain({ startedAt, restarts }: Executions, run: Run | null): number {
  if (restarts > 0) return restarts;
  const begunAt = run?.begun?.at;
  if (startedAt === null || begunAt === undefined) return 0;
  // Somebody else has started it again, which no engine counts.
  return startedAt.getTime() - begunAt.getTime() > SAME_START_MS ? 1 : 0;
}

/** Whether the config defines something else than what a run was started from. */
async function hasChanged(
  context: Context,
  name: string,
  run: Run | null,
): Promise<boolean | null> {
  if (run?.begun == null || !await isDefined(context, name)) return null;
  try {
    const { definition } = await definitionFor({ ...context, warn: () => {} }, name, {});
    return await fingerprintOf(definition) !== run.begun.definition;
  } catch (error) {
    // It could not be started as it is: `config validate` says why.
    if (error instanceof OpsError) return null;
    throw error;
  }
}

/** What kstops did to it last. */
async function lastOperation(context: Context, status: SessionStatus): Promise<Operation | null> {
  const recorded = (await (await context.recording()).store()).list({ session: status.name ?? "" });
  return operationsOn(status, recorded)[0] ?? null;
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

/** What helps next, the most likely first. */
function adviceFor(
  status: SessionStatus,
  { definitionChanged, hasLines, hasRun, isMistaken, whose }: {
    readonly definitionChanged: boolean | null;
    readonly hasLines: boolean;
    /** Whether it was ever started, as far as that is remembered. */
    readonly hasRun: boolean;
    /** Whether the config defines it with mistakes. */
    readonly isMistaken: boolean;
    /** The flag without which it is not changed; empty: none is needed. */
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
