/** Recorded sessions that no engine shows any more and that nobody stopped. */
import type { Session, StopOptions } from "../backends/backend.ts";
import { descriptorOf } from "../backends/registry.ts";
import type { Remains } from "../backends/tmux/remains.ts";
import { BackendUnavailableError, SessionAttachError } from "../errors.ts";
import { type Begun, endOf, type Run } from "../logs/runs.ts";
import type { LogStore } from "../logs/store.ts";
import { isOfThisMachine, whereIs } from "../logs/where.ts";
import { NOBODY, type Owner, type SessionStatus, statusOf } from "../model.ts";
import { mayBeSame } from "../owner.ts";
import type { World } from "../world/world.ts";

/** What the engines show. Runs in it need no record. */
export interface Shown {
  /** The names of all sessions, foreign ones included. */
  readonly names: ReadonlySet<string>;
  /** The names of managed sessions that run. */
  readonly managed: ReadonlySet<string>;
  /** The runs of managed sessions. */
  readonly runs: ReadonlySet<string>;
}

/** Recorded sessions whose end nobody has yet noted by stopping or starting them. */
export interface Recorded {
  /** Those with these names that no engine shows and nobody stopped: at most one for each owner. */
  readonly named: (names: readonly string[], shown: Shown) => Promise<readonly Session[]>;
  /** All that no engine shows. */
  readonly others: (shown: Shown) => Promise<readonly Session[]>;
  /** The newest runs of that name that were not stopped and of which something lives. */
  readonly living: (name: string) => Promise<readonly LivingRun[]>;
  /**
   * The newest runs of that name that were neither stopped nor seen to end, and that only their
   * engine can tell about.
   */
  readonly openIn: (name: string) => Promise<readonly OpenRun[]>;
}

/** A run that nobody stopped or saw end, and that only its engine can tell about. */
export type OpenRun = Pick<Begun, "backend" | "engine" | "owner">;

/** A run that nobody stopped, and of which something lives. */
export interface LivingRun {
  readonly run: Run;
  readonly remains: Remains;
  /** What lives, in words for a person: `4711 (node), 4712 (sh)`. */
  readonly names: string;
  /**
   * Ends all of it.
   *
   * @throws {SessionStopError} `stop_failed`, with what is still alive
   */
  readonly end: () => Promise<void>;
}

/** The recorded sessions of a log store. */
export function recordedIn(store: LogStore, world: World): Recorded {
  const newest = async (name: string): Promise<readonly Lost[]> =>
    (await store.newestRuns(name))
      .map((run, index) => ({ name, run, begun: begunOf(world, run), isNewest: index === 0 }))
      .filter(({ run }) => run.stopped === null);
  /** Sessions that live, and ended ones that the engine asked now would show if it still had them. */
  const sessions = async (lost: readonly Lost[], shown: Shown): Promise<readonly Session[]> => {
    const remains = await remainsOf(world, lost.filter(({ run }) => !shown.runs.has(run.id)));
    return lost.flatMap((each) => {
      if (shown.runs.has(each.run.id)) return [];
      const found = remains.get(each.run.id) ?? null;
      if (found instanceof BackendUnavailableError) {
        const { name, begun } = each;
        const status = statusOf({ ...ofRun(name, begun), state: "unknown", reason: found.reason });
        return over({ store, world, ...each, status });
      }
      if (found?.program) return orphan({ store, world, ...each, remains: found });
      // The engine that is asked now may not be the one that has it.
      const isLeft = found !== null && found.processes.length > 0;
      if (!isLeft && (isElsewhere(world, each) || !each.isNewest)) return [];
      const run = isLeft ? { ...each.run, begun: each.begun } : each.run;
      const status = shown.names.has(each.name)
        ? null
        : statusOfRun(each.name, run, wordsOfLoss(world, each));
      return status === null ? [] : over({ store, world, ...each, status });
    });
  };
  return {
    named: async (names, shown) =>
      await sessions((await Promise.all(names.map(newest))).flat(), shown),
    others: async (shown) => {
      // For a session that an engine shows running, the newest run is known: skipping those saves
      // most of the work. An ended session may have gone on elsewhere.
      const names = (await store.names()).filter((name) => !shown.managed.has(name));
      return await sessions((await Promise.all(names.map(newest))).flat(), shown);
    },
    living: async (name) => {
      const maybe = (await newest(name)).filter((lost) => mayLive(world, lost));
      if (maybe.length === 0) return [];
      const { findRemains, namedProcesses } = await import("../backends/tmux/remains.ts");
      const found = await findRemains(world, maybe.map(({ run }) => run));
      return maybe.flatMap((lost) => {
        const remains = found.get(lost.run.id);
        if (remains === undefined || remains.processes.length === 0) return [];
        const names = namedProcesses(remains.processes);
        const end = async () => {
          await endRun({ world, ...lost, remains, options: AS_DEFINED });
        };
        return { run: lost.run, remains, names, end };
      });
    },
    openIn: async (name) =>
      (await newest(name)).flatMap((lost) => {
        const { backend, engine, owner } = lost.begun;
        const isOpen = lost.run.ended === null && !isElsewhere(world, lost);
        return isOpen && !descriptorOf(backend).can.pid ? { backend, engine, owner } : [];
      }),
  };
}

/** A run that nobody stopped. */
interface Lost {
  readonly name: string;
  readonly run: Run;
  readonly begun: Begun;
  /** Whether no other owner has started this name since: only then its end is news. */
  readonly isNewest: boolean;
}

/** How a run began. When its start was cut off after that of its program: what is known of it. */
function begunOf(world: World, { id, begun }: Run): Begun {
  return begun ?? {
    event: "begun",
    run: id,
    at: world.now(),
    backend: "tmux",
    engine: "tmux",
    where: whereAsked(world, { backend: "tmux", engine: "tmux" }),
    socketName: null,
    image: null,
    workingDir: null,
    definition: "",
    owner: NOBODY,
    ending: null,
  };
}

/** Which engine of that kind is asked now. */
function whereAsked(world: World, { backend, engine }: Pick<Begun, "backend" | "engine">): string {
  return whereIs(descriptorOf(backend).ledBy(engine), world);
}

/** Whether a process of this machine can belong to the run. */
function mayLive(world: World, { begun, run }: Lost): boolean {
  // Hosts change their names, but the id of a boot is unique.
  return descriptorOf(begun.backend).can.pid &&
    (isOfThisMachine(begun.where, world) || Boolean(run.executed?.boot));
}

/** Why the engine that is asked now does not have a run. */
function wordsOfLoss(world: World, lost: Lost): string | undefined {
  return isElsewhere(world, lost) ? `its tmux server was started ${ledBy(lost.begun)}` : undefined;
}

/** The variables that led a tmux client to its server. */
function ledBy({ where }: Begun): string {
  const led = /TMUX_TMPDIR=(.*)$/.exec(where)?.[1];
  return led === undefined ? "without TMUX_TMPDIR" : `with TMUX_TMPDIR=${led}`;
}

/** Whether it began in another engine than the one that is asked now. */
function isElsewhere(world: World, { begun }: Pick<Lost, "begun">): boolean {
  return begun.where !== whereAsked(world, begun);
}

/**
 * The remains of runs whose program may live, and of runs that no engine is asked about. Other runs
 * cost nothing: a free pid is known without a look at the process table.
 */
async function remainsOf(
  world: World,
  lost: readonly Lost[],
): Promise<ReadonlyMap<string, Remains | BackendUnavailableError>> {
  const maybe = await Promise.all(lost.map(async (each) => {
    const { executed, ended } = each.run;
    if (!mayLive(world, each)) return [];
    // An older kstops did not record the program.
    const isCandidate = each.run.begun === null || isElsewhere(world, each) ||
      (executed === null ? ended === null : await world.processes.alive(executed.pid));
    return isCandidate ? [each.run] : [];
  }));
  const runs = maybe.flat();
  if (runs.length === 0) return new Map();
  const { findRemains } = await import("../backends/tmux/remains.ts");
  try {
    return await findRemains(world, runs);
  } catch (error) {
    // It is unknown whether they live.
    if (!(error instanceof BackendUnavailableError)) throw error;
    return new Map(runs.map(({ id }) => [id, error]));
  }
}

/**
 * Whether the output of a session can be read. When its engine has lost it, only the store is left:
 * without kept output nobody can say whether it printed anything.
 */
export async function hasOutput(
  store: LogStore,
  { recorded, run, status }: Session,
): Promise<boolean> {
  if (!recorded || run === null) return true;
  return await outputOfRun(store, status.name ?? "", run) !== undefined;
}

async function outputOfRun(
  store: LogStore,
  name: string,
  run: string,
): Promise<string | undefined> {
  return (await store.outputs(name)).findLast((output) => output.endsWith(`-${run}`));
}

/**
 * The status of a session that its engine no longer has; null: it was stopped, or never ran.
 *
 * @param gone what became of it
 */
export function statusOfRun(
  name: string,
  run: Run,
  gone = `${run.begun?.engine} no longer has this session`,
): SessionStatus | null {
  const { begun, ended, stopped } = run;
  if (begun === null || stopped !== null) return null;
  const known = ended === null
    ? `${gone}, and nobody saw how it ended`
    : `${gone}: only its record is left`;
  const reason = ended?.reason ?? null;
  return statusOf({
    ...ofRun(name, begun),
    state: "exited",
    ...endOf(run),
    reason: reason === null ? known : `${reason}; ${known}`,
  });
}

function ofRun(name: string, begun: Begun) {
  return {
    name,
    backend: begun.backend,
    createdAt: begun.at,
    managed: true,
    engine: begun.engine,
    socketName: begun.socketName,
    image: begun.image,
    workingDir: begun.workingDir,
    ...begun.owner,
  };
}

interface Parts extends Lost {
  readonly store: LogStore;
  readonly world: World;
}

/** What both kinds of recorded session share: a record, and no engine. */
function recordedSession(
  { store, name, run, begun }: Parts,
  { status, attach }: {
    readonly status: SessionStatus;
    readonly attach: { readonly reason: string; readonly hint: string };
  },
): Omit<Session, "stop" | "leftovers"> {
  return {
    status,
    protected: begun.ending?.protected ?? false,
    recorded: true,
    isUncertain: begun.isUncertain ?? false,
    hidesProgram: false,
    run: run.id,
    attach: () =>
      Promise.reject(
        new SessionAttachError(name, attach.reason, {
          backend: status.backend,
          hint: attach.hint,
        }),
      ),
    logs: async (options) => {
      const output = await outputOfRun(store, name, run.id);
      return output === undefined ? new Uint8Array() : await store.read(output, options);
    },
    follow: (options, abort) => {
      const isMeant = (owner: Owner): boolean => mayBeSame(owner, status);
      return store.follow(name, { ...options, isMeant }, abort);
    },
    definition: () => Promise.resolve(null),
  };
}

/** A session that has ended. Something that it started may still live. */
function over(parts: Parts & { readonly status: SessionStatus }): Session {
  const { store, world, name, run, status } = parts;
  const look = async (): Promise<Remains | null> => {
    if (!mayLive(world, parts)) return null;
    const { findRemains } = await import("../backends/tmux/remains.ts");
    return (await findRemains(world, [run])).get(run.id) ?? null;
  };
  return {
    ...recordedSession(parts, {
      status,
      attach: {
        reason: "it has ended",
        hint: `kstops logs ${name} shows what it printed, kstops start starts it again`,
      },
    }),
    leftovers: async () => (await look())?.processes.map(({ pid }) => pid) ?? null,
    stop: async (options) => {
      const remains = await look();
      if (remains !== null) await endRun({ ...parts, remains, options });
      await store.record(name, {
        ...{ event: "stopped", run: run.id, at: world.now(), hadEnded: true },
        ...(options.atShutdown ? { atShutdown: true } : {}),
      });
      return { ...status, state: "stopped", reason: null };
    },
  };
}

/** A session whose program goes on although no tmux shows it. */
function orphan(parts: Parts & { readonly remains: Remains }): Session {
  const { store, world, name, run, begun, remains } = parts;
  const { reason, help } = whyLost(world, parts);
  const status = statusOf({
    ...ofRun(name, begun),
    state: "running",
    pid: remains.program?.pid ?? null,
    engineState: "orphaned",
    reason: `${reason}; ${help}`,
  });
  return {
    ...recordedSession(parts, { status, attach: { reason, hint: help } }),
    leftovers: () => Promise.resolve(null),
    stop: async (options) => {
      const forced = await endRun({ ...parts, options });
      await store.record(name, {
        ...{ event: "stopped", run: run.id, at: world.now(), hadEnded: false },
        ...(forced ? { forced } : {}),
        ...(options.atShutdown ? { atShutdown: true } : {}),
      });
      // The shell around the program may have recorded its end.
      const seen = (await store.runs(name)).find(({ id }) => id === run.id) ?? run;
      const end = endOf(seen);
      return {
        ...status,
        ...end,
        state: "stopped",
        pid: null,
        finishedAt: end.finishedAt ?? world.now(),
        engineState: null,
        reason: null,
      };
    },
  };
}

/** What became of the tmux of a living run, and what helps. */
function whyLost(
  world: World,
  { begun, remains, name }: Lost & { readonly remains: Remains },
): { readonly reason: string; readonly help: string } {
  const { serverPid } = remains;
  const stop = `kstops stop ${name} ends it`;
  if (serverPid === null) {
    return { reason: "its tmux pane is gone, and it goes on without a terminal", help: stop };
  }
  if (isElsewhere(world, { begun })) {
    return {
      reason: `the tmux server that has it (pid ${serverPid}) was started ${ledBy(begun)}`,
      help: `${stop}; kstops shows all of it when it is called that way`,
    };
  }
  return {
    reason: `the socket of its tmux server (pid ${serverPid}) was removed`,
    help: `kill -USR1 ${serverPid} makes it again; ${stop}`,
  };
}

/** A stop with the settings of the run's definition. */
const AS_DEFINED: StopOptions = { timeoutSeconds: null, force: false };

/** Ends the processes of a run without a pane. Returns whether something had to be killed. */
async function endRun(
  { world, name, run, begun, remains, options }: Omit<Parts, "store"> & {
    readonly remains: Remains;
    readonly options: StopOptions;
  },
): Promise<boolean> {
  if (remains.processes.length === 0) return false;
  const { endRemains } = await import("../backends/tmux/remains.ts");
  return await endRemains(world, { name, run, ending: begun.ending, remains, options });
}
