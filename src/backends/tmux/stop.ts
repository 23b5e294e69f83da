/** Ending a program and all that it started, and proving that it is gone. */
import { SessionStopError } from "../../errors.ts";
import { ExecKilledError, ProgramMissingError, type Signal, type World } from "../../world.ts";
import {
  belongings,
  findTagged,
  isInteractiveShell,
  parseProcesses,
  parseTagged,
  type Process,
  type ProcessTable,
  PS,
} from "./processes.ts";

/** What to end, and how patiently. */
export interface Ending {
  /** First processes of the panes. */
  readonly panes: readonly number[];
  /** Those of them that are the shell which keeps a program: it ends by itself after the program. */
  readonly keepers: readonly number[];
  /** `NAME=value` in the environment of all its processes; null where there is no such mark. */
  readonly tag: string | null;
  /** The signal that asks it to end; null: end it by force at once. */
  readonly signal: Signal | null;
  readonly timeoutMs: number;
}

/** How long each step of force gets before the next one. */
const TERM_GRACE_MS = 2000;
const KILL_GRACE_MS = 3000;
const POLL_MS = 20;
/** The process table costs a child process: it is read more seldom than a pid is looked at. */
const TABLE_EVERY_MS = 250;

/**
 * Ends the processes of a session: asks, waits, then SIGTERM and SIGHUP, then SIGKILL.
 *
 * @returns what is still alive after all that; empty: it is proven that nothing is
 */
export async function endProcesses(world: World, ending: Ending): Promise<readonly Process[]> {
  const crowd = watchedCrowd(world, ending);
  await crowd.look();
  if (ending.signal !== null) await askToEnd(world, ending, ending.signal, crowd);
  if ((await crowd.look()).length === 0) return [];
  if (ending.signal !== null) {
    for (const pid of pidsOf(crowd)) {
      if (ending.keepers.includes(pid)) continue;
      world.processes.signal(pid, "SIGTERM");
      world.processes.signal(pid, "SIGHUP");
      // A stopped process acts on a signal only once it goes on.
      world.processes.signal(pid, "SIGCONT");
    }
    if (await allGone(world, crowd, TERM_GRACE_MS)) return [];
  }
  for (const pid of pidsOf(crowd)) {
    if (!ending.keepers.includes(pid)) world.processes.signal(pid, "SIGKILL");
  }
  if (await allGone(world, crowd, 500)) return [];
  const deadline = world.now().getTime() + KILL_GRACE_MS;
  while (world.now().getTime() < deadline) {
    // Again and again: a program that forks faster than it dies is caught in the end.
    for (const pid of pidsOf(crowd)) world.processes.signal(pid, "SIGKILL");
    if (await allGone(world, crowd, 500)) return [];
  }
  return crowd.living();
}

/** The processes of a session as they were last seen. */
interface Crowd {
  /** Reads the process table again. */
  look(): Promise<readonly Process[]>;
  living(): readonly Process[];
  table(): ProcessTable;
}

function watchedCrowd(world: World, { panes, tag }: Ending): Crowd {
  let known: readonly Process[] = [];
  let table: ProcessTable = new Map();
  return {
    look: async () => {
      table = parseProcesses((await world.exec(PS, { timeoutMs: 5000 })).stdout);
      const tagged = tag === null ? [] : await taggedProcesses(world, tag, table);
      known = belongings(table, { panes, tagged, known, self: world.processes.self });
      return known;
    },
    living: () => known,
    table: () => table,
  };
}

async function taggedProcesses(world: World, tag: string, table: ProcessTable): Promise<number[]> {
  try {
    const { stdout } = await world.exec(findTagged(tag, [...table.keys()]), { timeoutMs: 5000 });
    return parseTagged(stdout);
  } catch (error) {
    // Without grep the process tree and the process session still tell nearly all.
    if (error instanceof ProgramMissingError || error instanceof ExecKilledError) return [];
    throw error;
  }
}

/** Signals the foreground of each pane, then waits until the panes' own processes are gone. */
async function askToEnd(
  world: World,
  ending: Ending,
  signal: Signal,
  crowd: Crowd,
): Promise<void> {
  const hungUp = new Set<number>();
  const hangUpShells = (): void => {
    for (const pane of ending.panes) {
      const leader = crowd.table().get(foregroundOf(pane, crowd.table()));
      if (leader === undefined || hungUp.has(leader.pid) || !isInteractiveShell(leader.args)) {
        continue;
      }
      hungUp.add(leader.pid);
      signalGroup(world, ending, { group: leader.group, signal: "SIGHUP", table: crowd.table() });
      world.processes.signal(-leader.group, "SIGCONT");
    }
  };
  hangUpShells();
  for (const pane of ending.panes) {
    const group = foregroundOf(pane, crowd.table());
    if (group > 1 && !hungUp.has(group)) {
      signalGroup(world, ending, { group, signal, table: crowd.table() });
    }
  }
  const deadline = world.now().getTime() + ending.timeoutMs;
  let nextTable = world.now().getTime() + TABLE_EVERY_MS;
  while (world.now().getTime() < deadline) {
    if (!await anyAlive(world, ending.panes)) return;
    await world.sleep(POLL_MS);
    if (world.now().getTime() < nextTable) continue;
    const living = await crowd.look();
    if (!living.some(({ pid }) => ending.panes.includes(pid))) return;
    hangUpShells();
    nextTable = world.now().getTime() + TABLE_EVERY_MS;
  }
}

/** Signals that a keeper does not outlive. */
const ENDS_KEEPERS: readonly Signal[] = ["SIGHUP", "SIGKILL"];

function signalGroup(
  world: World,
  { keepers }: Ending,
  { group, signal, table }: { group: number; signal: Signal; table: ProcessTable },
): void {
  if (!ENDS_KEEPERS.includes(signal) || !keepers.some((pid) => table.get(pid)?.group === group)) {
    world.processes.signal(-group, signal);
    return;
  }
  for (const process of table.values()) {
    if (process.group === group && !keepers.includes(process.pid)) {
      world.processes.signal(process.pid, signal);
    }
  }
}

/** The group in the foreground of a pane's terminal; 0 when the pane's process is gone. */
function foregroundOf(pane: number, table: ProcessTable): number {
  const process = table.get(pane);
  return process === undefined || process.zombie ? 0 : process.foreground;
}

async function anyAlive(world: World, pids: readonly number[]): Promise<boolean> {
  for (const pid of pids) if (await world.processes.alive(pid)) return true;
  return false;
}

async function allGone(world: World, crowd: Crowd, withinMs: number): Promise<boolean> {
  const deadline = world.now().getTime() + withinMs;
  let nextTable = world.now().getTime() + TABLE_EVERY_MS;
  for (;;) {
    const now = world.now().getTime();
    // The table is the proof: a pid alone may be a zombie that nobody collects.
    if (now >= Math.min(nextTable, deadline) || !await anyAlive(world, pidsOf(crowd))) {
      if ((await crowd.look()).length === 0) return true;
      nextTable = now + TABLE_EVERY_MS;
    }
    if (now >= deadline) return false;
    await world.sleep(POLL_MS);
  }
}

function pidsOf(crowd: Crowd): number[] {
  return crowd.living().map(({ pid }) => pid);
}

/** The error of a stop that left something. */
export function survived(name: string, survivors: readonly Process[]): SessionStopError {
  const pids = survivors.map(({ pid }) => pid);
  return new SessionStopError(name, `still alive after SIGKILL: ${namedProcesses(survivors)}`, {
    backend: "tmux",
    hint: "a process that waits for a disk or a network file system cannot be killed",
    details: { pids },
  });
}

/** `4711 (node), 4712 (sh)`: without their arguments, which may have been filled in from secrets. */
export function namedProcesses(processes: readonly Process[]): string {
  return processes.map(({ pid, args }) => `${pid} (${programIn(args)})`).join(", ");
}

/** The name of the program at the beginning of a command line, as `ps` shows one. */
function programIn(args: string): string {
  const [path = ""] = args.split(" ", 1);
  return path.slice(path.lastIndexOf("/") + 1).slice(0, 40);
}
