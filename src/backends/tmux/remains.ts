/** What is left of runs that tmux no longer shows, or whose program has ended. */
import type { Ending, Executed, Run } from "../../logs/runs.ts";
import { ExecKilledError, ProgramMissingError, type World } from "../../world.ts";
import type { StopOptions } from "../backend.ts";
import { RUN_ID_VARIABLE } from "./args.ts";
import {
  belongings,
  isMultiplexer,
  parseProcesses,
  type Process,
  type ProcessTable,
  PS,
} from "./processes.ts";
import { endProcesses, namedProcesses, survived } from "./stop.ts";

export { namedProcesses };

/** The processes of one run. */
export interface Remains {
  /** Its program; null: it has ended. */
  readonly program: Process | null;
  /** The shell that keeps it; null: it has gone. */
  readonly keeper: Process | null;
  /** All of them, the program and the shell that keeps it included. */
  readonly processes: readonly Process[];
  /** Pid of the tmux server that still has its pane; null: none has. */
  readonly serverPid: number | null;
}

/** What to look for of a run. */
export type Sought = Pick<Run, "id" | "executed" | "ended">;

/**
 * Looks for the processes of runs, all at once: by their mark, and by what is recorded of their
 * programs.
 *
 * @returns what is left of each run, by its id
 */
export async function findRemains(
  world: World,
  runs: readonly Sought[],
): Promise<ReadonlyMap<string, Remains>> {
  if (runs.length === 0) return new Map();
  const table = parseProcesses((await world.exec(PS, { timeoutMs: LOOK_TIMEOUT_MS })).stdout);
  const [marked, programs] = await Promise.all([
    findMarked(world, table),
    findPrograms(world, runs, table),
  ]);
  return new Map(runs.map((run) => {
    const program = programs.get(run.id) ?? null;
    const tagged = marked.get(run.id) ?? [];
    const keeper = keeperOf(program, tagged, table);
    const processes = belongings(table, {
      panes: [],
      tagged,
      known: [program, keeper].filter((process) => process !== null),
      self: world.processes.self,
    });
    const isServed = keeper !== null && isMultiplexerAt(keeper.ppid, table);
    // An older kstops did not record its program: what lives of a run without an end may be it.
    const isRecorded = run.executed !== null || run.ended !== null;
    return [run.id, {
      program: program ?? (isRecorded ? null : processes[0] ?? null),
      keeper,
      processes,
      serverPid: isServed ? keeper.ppid : null,
    }];
  }));
}

/** A limit for a machine on which nothing goes on any more: to be slow is no fault. */
const LOOK_TIMEOUT_MS = 30_000;

/** The shell that keeps a program: its parent, with the mark of the run; null: it has gone. */
function keeperOf(
  program: Process | null,
  tagged: readonly number[],
  table: ProcessTable,
): Process | null {
  if (program === null || !tagged.includes(program.ppid)) return null;
  const parent = table.get(program.ppid);
  return parent === undefined || isMultiplexer(parent) ? null : parent;
}

function isMultiplexerAt(pid: number, table: ProcessTable): boolean {
  const process = table.get(pid);
  return process !== undefined && isMultiplexer(process);
}

/** The processes that carry the mark of a run in their environment, by run. Linux only. */
async function findMarked(
  world: World,
  table: ProcessTable,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const marked = new Map<string, number[]>();
  for (const [, pid, run = ""] of (await marksIn(world, table)).matchAll(MARK)) {
    const pids = marked.get(run);
    if (pids === undefined) marked.set(run, [Number(pid)]);
    else pids.push(Number(pid));
  }
  return marked;
}

const MARK = new RegExp(`/proc/(\\d{1,10})/environ:${RUN_ID_VARIABLE}=([0-9a-f]+)\\0`, "g");

async function marksIn(world: World, table: ProcessTable): Promise<string> {
  const pattern = `${RUN_ID_VARIABLE}=[0-9a-f]+`;
  const files = [...table.keys()].map((pid) => `/proc/${pid}/environ`);
  try {
    const { stdout } = await world.exec(["grep", "-aszxHE", "-e", pattern, "--", ...files], {
      timeoutMs: LOOK_TIMEOUT_MS,
    });
    return stdout;
  } catch (error) {
    // Without grep what is recorded of the programs still tells nearly all.
    if (error instanceof ProgramMissingError || error instanceof ExecKilledError) return "";
    throw error;
  }
}

/** The programs of runs that live: a pid alone may be somebody else's by now. */
async function findPrograms(
  world: World,
  runs: readonly Sought[],
  table: ProcessTable,
): Promise<ReadonlyMap<string, Process>> {
  const there = runs.flatMap(({ id, executed }) => {
    const process = executed === null ? undefined : table.get(executed.pid);
    return executed === null || process === undefined || process.zombie
      ? []
      : [{ id, executed, process }];
  });
  if (there.length === 0) return new Map();
  const files = there.map(({ executed }) => `/proc/${executed.pid}/stat`);
  const { stdout } = await world.exec(["cat", BOOT_ID, ...files], { timeoutMs: LOOK_TIMEOUT_MS });
  const [boot = "", ...lines] = stdout.split("\n");
  const began = new Map(lines.flatMap((line) => {
    const found = /^(\d+) \(.*\) \S+ (?:\S+ ){18}(\d+) /.exec(line);
    return found === null ? [] : [[Number(found[1]), found[2] ?? ""]];
  }));
  return new Map(
    there.filter(({ executed }) => isSame(executed, { boot, began: began.get(executed.pid) }))
      .map(({ id, process }) => [id, process]),
  );
}

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

function isSame(
  executed: Executed,
  { boot, began }: { readonly boot: string; readonly began: string | undefined },
): boolean {
  return executed.boot === boot && executed.began === began;
}

/** What is to be ended of a run. */
export interface RunToEnd {
  readonly name: string;
  readonly run: Sought;
  /** How it is to be stopped; null: nobody knows. */
  readonly ending: Ending | null;
  readonly remains: Remains;
  readonly options: StopOptions;
}

/**
 * Ends all that lives of a run that has no pane, and proves it.
 *
 * @throws {SessionStopError} `stop_failed`, with what is still alive
 */
export async function endRemains(
  world: World,
  { name, run, ending, remains, options }: RunToEnd,
): Promise<void> {
  const { program, keeper } = remains;
  const timeoutSeconds = options.timeoutSeconds ?? ending?.stopTimeoutSeconds ?? 10;
  const survivors = await endProcesses(world, {
    panes: [keeper ?? program].flatMap((process) => process?.pid ?? []),
    keepers: keeper === null ? [] : [keeper.pid],
    tag: `${RUN_ID_VARIABLE}=${run.id}`,
    signal: options.force ? null : ending?.stopSignal ?? "SIGINT",
    timeoutMs: timeoutSeconds * 1000,
  });
  if (survivors.length > 0) throw survived(name, survivors);
}
