/** Finds what is left of runs that tmux no longer shows, or whose program has ended. */
import { SessionStopError } from "../../errors.ts";
import type { Ending, Run } from "../../logs/runs.ts";
import type { World } from "../../world/world.ts";
import type { StopOptions } from "../backend.ts";
import { NO_PROGRAM } from "./crowd.ts";
import { holdKeeper } from "./hold.ts";
import { lookAround } from "./look.ts";
import { belongingsOfEach, findProcess, isService, type Look, type Process } from "./processes.ts";
import { endProcesses } from "./stop.ts";

/** The processes of one run. */
export interface Remains {
  /** Its program; null: it has ended. */
  readonly program: Process | null;
  /** Its keeper; null: it has gone. */
  readonly keeper: Process | null;
  /** Whether the keeper waits to execute the program again: then nothing is left behind. */
  readonly isWaiting: boolean;
  /** All of them, including the program and its keeper. */
  readonly processes: readonly Process[];
  /** Pid of the tmux server that still has its pane; null: none has it. */
  readonly serverPid: number | null;
}

/** The parts of a run to look for. */
type Sought = Pick<Run, "id" | "executed" | "ended">;

/**
 * Looks for the processes of runs, all in one look: by their mark, and by the records of their
 * programs.
 *
 * @returns what is left of each run, by its id
 */
export async function findRemains(
  world: World,
  runs: readonly Sought[],
): Promise<ReadonlyMap<string, Remains>> {
  if (runs.length === 0) return new Map();
  const look = await lookAround(world);
  const sought = runs.map(({ id, executed }) => ({
    panes: [],
    run: id,
    known: executed === null ? [] : [executed],
  }));
  const each = belongingsOfEach(look, sought, world.processes.self);
  return new Map(runs.map((run, index) => [run.id, remainsOf(run, each[index] ?? [], look)]));
}

function remainsOf(run: Sought, processes: readonly Process[], look: Look): Remains {
  const serverOf = ({ ppid }: Process): Process | null => {
    const parent = look.table.get(ppid);
    return parent !== undefined && isService(parent) ? parent : null;
  };
  const keeper = processes.find((process) => serverOf(process) !== null) ?? null;
  const recorded = run.executed === null ? null : findProcess(look, run.executed);
  // An older kstops did not record its program: what lives of a run without an end may be the
  // program.
  const isUnknown = run.executed === null && run.ended === null;
  const guess = processes.find(({ ppid }) => ppid === keeper?.pid) ??
    processes.find((process) => process !== keeper);
  return {
    program: recorded ?? (isUnknown ? guess ?? null : null),
    keeper,
    isWaiting: keeper !== null && recorded === null && isToBeExecuted(run),
    processes,
    serverPid: keeper === null ? null : keeper.ppid,
  };
}

/** Whether the restart policy executes the ended program of a run again. */
function isToBeExecuted({ ended }: Sought): boolean {
  return (ended?.policy?.restartInMs ?? null) !== null;
}

/** A run to end. */
interface RunToEnd {
  readonly name: string;
  readonly run: Sought;
  /** How to stop it; null: unknown. */
  readonly ending: Ending | null;
  readonly remains: Remains;
  readonly options: StopOptions;
}

/**
 * Ends everything that lives of a run that no pane of a tmux shows, and proves it.
 *
 * @returns whether something had to be killed
 * @throws {SessionStopError} `stop_failed`, with what is still alive
 */
export async function endRemains(
  world: World,
  { name, run, ending, remains, options }: RunToEnd,
): Promise<boolean> {
  const { program, keeper } = remains;
  const timeoutSeconds = options.timeoutSeconds ?? ending?.stopTimeoutSeconds ?? 10;
  const holdFile = ending?.holdFile ?? null;
  // After its program has ended, what a keeper runs belongs to the keeper.
  const programPid = program?.pid ?? (run.ended === null ? null : NO_PROGRAM);
  const kept = keeper === null ? null : { pid: keeper.pid, program: programPid };
  const { survivors, killed } = await endProcesses(world, {
    panes: kept === null ? [] : [{ ...kept, isKept: true }],
    run: run.id,
    known: run.executed === null ? [] : [run.executed],
    sessions: [],
    signal: options.force ? null : ending?.stopSignal ?? "SIGINT",
    scope: ending?.stopScope ?? null,
    timeoutMs: timeoutSeconds * 1000,
    holdFile,
    ...(kept === null || holdFile === null
      ? {}
      : { hold: await holdKeeper(world, kept, holdFile) }),
  });
  if (survivors.length > 0) throw survived(name, survivors);
  return killed.length > 0;
}

/** The error of a stop that left processes alive. */
export function survived(name: string, survivors: readonly Process[]): SessionStopError {
  return new SessionStopError(name, `still alive after SIGKILL: ${namedProcesses(survivors)}`, {
    backend: "tmux",
    hint: "a process that waits for a disk or a network file system cannot be killed",
    details: { pids: survivors.map(({ pid }) => pid) },
  });
}

/** `4711 (node), 4712 (sh)`: without arguments, which may contain secrets. */
export function namedProcesses(processes: readonly Process[]): string {
  return processes.map(({ pid, name }) => `${pid} (${name})`).join(", ");
}
