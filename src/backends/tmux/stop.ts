/** Ends a program and everything that it started, and proves that they are gone. */
import type { StopScope } from "../../model.ts";
import type { Signal, World } from "../../world/world.ts";
import { type Crowd, watchCrowd, type Watched } from "./crowd.ts";
import { type Hold, holdTerminal, NO_HOLD } from "./hold.ts";
import { argsOf, lookAround, pipesOf } from "./look.ts";
import { isInteractiveShell, isShellName, type Look, type Process } from "./processes.ts";

/** What to end, and how patiently. */
export interface Ending extends Watched {
  /** The signal that asks it to end; null: kill it at once. */
  readonly signal: Signal | null;
  /**
   * Who gets it; null: for SIGINT and SIGQUIT the group that a terminal would signal, else only the
   * program.
   */
  readonly scope: StopScope | null;
  /** How long everything may take to finish. */
  readonly timeoutMs: number;
  /** The file that its keeper watches; null: none. */
  readonly holdFile: string | null;
  /** Keeps its keeper from executing it again; missing: that is not necessary. */
  readonly hold?: Hold;
}

/** The result. */
interface Ended {
  /** What is still alive; empty: nothing is, which is proven. */
  readonly survivors: readonly Process[];
  /** What did not end in time, and was killed. */
  readonly killed: readonly Process[];
}

/** How long each step of force lasts before the next one. */
const TERM_GRACE_MS = 2000;
const KILL_GRACE_MS = 3000;
/** How long a keeper may take to leave by itself. */
const KEEPER_GRACE_MS = 5000;
const POLL_MS = 20;
/** A look costs a child process, so looks are rarer than checks of a pid. */
const LOOK_EVERY_MS = 250;
/** How long the reader of a pipe may take to end after its last writer. */
const PIPE_GRACE_MS = 2000;

/** Signals that Ctrl-C and Ctrl-\ send to a foreground group. */
const OF_KEYS: readonly Signal[] = ["SIGINT", "SIGQUIT"];

/**
 * Ends the processes of a session: asks the program, lets all of them finish, then sends SIGTERM
 * and SIGHUP, then SIGKILL. No process gets the same signal twice.
 *
 * @param look takes a look at all processes
 */
export async function endProcesses(
  world: World,
  ending: Ending,
  look: () => Promise<Look> = () => lookAround(world),
): Promise<Ended> {
  const crowd = watchCrowd(world, ending, look);
  await crowd.look();
  let isEmpty = crowd.isEmpty();
  const { signal } = ending;
  const hold = ending.hold ?? (isEmpty || signal === null ? NO_HOLD : await holdTerminal(
    world,
    { keepers: crowd.keepers(), file: ending.holdFile },
    crowd.last(),
  ));
  try {
    await hold.asking();
    if (!isEmpty && signal !== null) {
      isEmpty = await finish(world, { ...ending, signal, crowd, hold }) ||
        await terminate(world, crowd, hold);
    }
  } finally {
    await hold.release();
  }
  const killed = isEmpty ? [] : crowd.members();
  if (!isEmpty) crowd.killMembers();
  if (await allGone(world, crowd, isEmpty ? KEEPER_GRACE_MS : 500)) {
    return { survivors: [], killed };
  }
  const deadline = world.now().getTime() + KILL_GRACE_MS;
  while (world.now().getTime() < deadline) {
    // Repeated, to catch a program that forks faster than it dies.
    crowd.killAll();
    if (await allGone(world, crowd, 500)) return { survivors: [], killed };
  }
  return { survivors: [...crowd.members(), ...crowd.keeping()], killed };
}

interface Finishing extends Ending {
  readonly signal: Signal;
  readonly crowd: Crowd;
  readonly hold: Hold;
}

/** Asks, and waits until all members have ended, or the time is up. */
async function finish(world: World, finishing: Finishing): Promise<boolean> {
  const { crowd, hold } = finishing;
  const shells = interactiveShells(world);
  await ask(finishing, shells);
  const terminateOthers = terminator(world, crowd);
  const deadline = world.now().getTime() + finishing.timeoutMs;
  let nextLook = world.now().getTime() + LOOK_EVERY_MS;
  for (;;) {
    const awaited = crowd.programs().length > 0 ? crowd.programs() : crowd.members();
    const now = world.now().getTime();
    const isAlive = await anyAlive(world, awaited);
    if (!isAlive || now >= Math.min(nextLook, deadline)) {
      await crowd.look();
      if (crowd.isEmpty()) return true;
      await hold.refresh(crowd.last());
      await hangUpShells(finishing, shells);
      if (crowd.programs().length === 0) await terminateOthers();
      nextLook = world.now().getTime() + LOOK_EVERY_MS;
    }
    if (world.now().getTime() >= deadline) return false;
    await world.sleep(POLL_MS);
  }
}

/** Who gets a signal, unless somebody says so. */
export function usualScope(signal: Signal): StopScope {
  return OF_KEYS.includes(signal) ? "group" : "main";
}

/** Sends the stop signal to the processes in its scope. */
async function ask(finishing: Finishing, shells: Shells): Promise<void> {
  const { crowd, signal } = finishing;
  const scope = finishing.scope ?? usualScope(signal);
  await hangUpShells(finishing, shells);
  for (const program of crowd.programs()) {
    if (crowd.hasHad(program, "SIGHUP")) continue;
    if (scope === "main") crowd.signal(program, signal);
    else crowd.signalGroup(crowd.foregroundOf(program), signal);
  }
}

/** Hangs up interactive shells: on a terminal such a shell heeds nothing else. */
async function hangUpShells({ crowd }: Finishing, shells: Shells): Promise<void> {
  for (const program of crowd.programs()) {
    const leader = crowd.members().find(({ pid }) => pid === crowd.foregroundOf(program));
    if (leader === undefined || crowd.hasHad(leader, "SIGHUP")) continue;
    if (!await shells(leader)) continue;
    crowd.signalGroup(leader.group, "SIGHUP");
    crowd.signalGroup(leader.group, "SIGCONT");
  }
}

/** Whether a process is an interactive shell. */
type Shells = (process: Process) => Promise<boolean>;

function interactiveShells(world: World): Shells {
  const known = new Map<string, boolean>();
  return async (process) => {
    if (!isShellName(process.name)) return false;
    const key = `${process.pid} ${process.began}`;
    const is = known.get(key) ??
      isInteractiveShell((await argsOf(world, [process.pid])).get(process.pid) ?? "");
    known.set(key, is);
    return is;
  };
}

/**
 * Sends SIGTERM to the others, once their program is gone. A process that reads what another of
 * them still writes is spared until the writer has ended, and some time longer, since that end
 * makes it end by itself. What one of them started to finish its own work is part of that work.
 */
function terminator(world: World, crowd: Crowd): () => Promise<void> {
  const spared = new Map<string, number>();
  const before = new Set(crowd.members().map(keyOf));
  let isFirst = true;
  return async () => {
    const members = crowd.members();
    if (isFirst) { for (const each of members) before.add(keyOf(each)); }
    isFirst = false;
    const isHelper = (process: Process): boolean =>
      !before.has(keyOf(process)) &&
      members.some((parent) => parent.pid === process.ppid && crowd.wasSignalled(parent));
    const others = members.filter((each) => !crowd.wasSignalled(each) && !isHelper(each));
    if (others.length === 0) return;
    const pipes = members.length < 2 ? null : await pipesOf(world, members.map(({ pid }) => pid));
    const isFed = ({ pid }: Process): boolean => {
      const pipe = pipes?.input.get(pid);
      const writers = pipe === undefined ? [] : pipes?.output.get(pipe) ?? [];
      return writers.some((writer) => writer !== pid);
    };
    for (const process of others) {
      const now = world.now().getTime();
      if (isFed(process)) spared.set(keyOf(process), now + PIPE_GRACE_MS);
      else if (now >= (spared.get(keyOf(process)) ?? 0)) crowd.signal(process, "SIGTERM");
    }
  };
}

function keyOf({ pid, began }: Process): string {
  return `${pid} ${began}`;
}

/** The time is up: signals all members, and gives them a moment. */
async function terminate(world: World, crowd: Crowd, hold: Hold): Promise<boolean> {
  for (const process of crowd.members()) {
    crowd.signal(process, "SIGTERM");
    crowd.signal(process, "SIGHUP");
    // A stopped process acts on a signal only after it continues.
    crowd.signal(process, "SIGCONT");
  }
  const deadline = world.now().getTime() + TERM_GRACE_MS;
  let nextLook = world.now().getTime() + LOOK_EVERY_MS;
  for (;;) {
    const now = world.now().getTime();
    if (now >= Math.min(nextLook, deadline) || !await anyAlive(world, crowd.members())) {
      await crowd.look();
      if (crowd.isEmpty()) return true;
      await hold.refresh(crowd.last());
      nextLook = world.now().getTime() + LOOK_EVERY_MS;
    }
    if (now >= deadline) return false;
    await world.sleep(POLL_MS);
  }
}

async function anyAlive(world: World, processes: readonly Process[]): Promise<boolean> {
  for (const { pid } of processes) if (await world.processes.alive(pid)) return true;
  return false;
}

/** Waits until nothing is left, keepers included. */
async function allGone(world: World, crowd: Crowd, withinMs: number): Promise<boolean> {
  const deadline = world.now().getTime() + withinMs;
  let nextLook = world.now().getTime() + LOOK_EVERY_MS;
  for (;;) {
    const now = world.now().getTime();
    const all = [...crowd.members(), ...crowd.keeping()];
    if (all.length === 0) return true;
    // The table is the proof: a pid alone may be a zombie that nobody collects.
    if (now >= Math.min(nextLook, deadline) || !await anyAlive(world, all)) {
      await crowd.look();
      nextLook = world.now().getTime() + LOOK_EVERY_MS;
      if (crowd.members().length + crowd.keeping().length === 0) return true;
    }
    if (now >= deadline) return false;
    await world.sleep(POLL_MS);
  }
}
