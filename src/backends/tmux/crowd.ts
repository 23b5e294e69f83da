/** The processes of a session while it is being ended, and the signals that they got. */
import type { Signal, World } from "../../world/world.ts";
import {
  belongings,
  findProcess,
  groupIn,
  type Identity,
  ignores,
  isShellName,
  type Look,
  type Process,
} from "./processes.ts";
import type { Pane } from "./pane.ts";
import type { TmuxSession } from "./parse.ts";
import { isWaiting } from "./status.ts";

/** A pane with a running process. */
interface WatchedPane {
  /** Its first process. */
  readonly pid: number;
  /** Whether that is a keeper: it ends by itself after its program. */
  readonly isKept: boolean;
  /** The pid of that program; null: unknown, or none. */
  readonly program: number | null;
}

/** How to watch a pane of a session. */
export function watchedPane(
  pane: Pane,
  session: Pick<TmuxSession, "managedPane"> | null,
): WatchedPane {
  return {
    pid: pane.pid,
    isKept: pane === session?.managedPane,
    program: isWaiting(pane) ? NO_PROGRAM : pane.programPid,
  };
}

/** A keeper, with the pid of its program if that is known. */
export interface Keeper {
  readonly pid: number;
  readonly program: number | null;
}

/** Stands for the pid of a program that does not run: what its keeper runs belongs to the keeper. */
export const NO_PROGRAM = 0;

/** Where to look for the processes of a session. */
export interface Watched {
  /** Its panes; empty: the remains of a run that no pane shows any more. */
  readonly panes: readonly WatchedPane[];
  /** The id of the run, which is in the environment of all its processes; null: a foreign session. */
  readonly run: string | null;
  /** Processes that are known to belong to it, wherever they are now. The first is its program. */
  readonly known: readonly Identity[];
  /** Process sessions that belong to it, besides those of its panes. */
  readonly sessions: readonly number[];
}

/** The processes of a session at the last look. */
export interface Crowd {
  /** Looks again. */
  readonly look: () => Promise<void>;
  readonly last: () => Look;
  /** All processes except keepers. */
  readonly members: () => readonly Process[];
  /** Whether there are no members. */
  readonly isEmpty: () => boolean;
  /** The programs themselves, one for each pane, among the first members. */
  readonly programs: () => readonly Process[];
  /** The group in the foreground of a program's terminal; without a terminal, its own group. */
  readonly foregroundOf: (program: Process) => number;
  /** The keepers, with the pids of their programs. */
  readonly keepers: () => readonly Keeper[];
  /** The keepers that still live, and what they run themselves. */
  readonly keeping: () => readonly Process[];
  /** Sends a signal to a member, unless it already got it. */
  readonly signal: (process: Process, signal: Signal) => void;
  /** Signals all members of a process group, in one step if that is safe. */
  readonly signalGroup: (group: number, signal: Signal) => void;
  readonly hasHad: (process: Process, signal: Signal) => boolean;
  /** Whether it got any signal that it does not ignore. */
  readonly wasSignalled: (process: Process) => boolean;
  readonly killMembers: () => void;
  /** Includes keepers. */
  readonly killAll: () => void;
}

/** Signals that a keeper does not outlive. */
const ENDS_KEEPERS: readonly Signal[] = ["SIGHUP", "SIGKILL"];

/** Watches the processes of a session. Before the first look there are no members. */
export function watchCrowd(world: World, watched: Watched, look: () => Promise<Look>): Crowd {
  const { panes, run, sessions } = watched;
  const self = world.processes.self;
  let last: Look = { table: new Map(), marks: new Map(), boot: "", clock: null, tookMs: 0 };
  let all: readonly Process[] = [];
  let members: readonly Process[] = [];
  let keeping: readonly Process[] = [];
  let programs: readonly Identity[] | null = null;
  const had = new Map<string, Set<Signal>>();
  const kept = new Map<number, Keeper>();

  const identify = (process: Process): Identity => ({ ...process, boot: last.boot });
  const isProgram = (process: Process): boolean => {
    const keeper = kept.get(process.ppid);
    return keeper !== undefined && (keeper.program === null || keeper.program === process.pid);
  };
  const firstPrograms = (): Identity[] => {
    const first = panes.flatMap(({ pid }) =>
      kept.has(pid)
        ? all.filter((process) => process.ppid === pid && isProgram(process))
        : all.filter((process) => process.pid === pid)
    );
    const [known] = watched.known;
    const recorded = known === undefined ? null : findProcess(last, known);
    return (recorded === null || first.includes(recorded) ? first : [...first, recorded])
      .map(identify);
  };
  const send = (pid: number, signal: Signal): void => {
    // The system takes a group or process of 1 or less for all processes.
    if (Math.abs(pid) > 1 && pid !== self) world.processes.signal(pid, signal);
  };
  const hasHad = (process: Process, signal: Signal): boolean =>
    had.get(keyOf(process))?.has(signal) ?? false;
  const note = (process: Process, signal: Signal): void => {
    had.set(keyOf(process), (had.get(keyOf(process)) ?? new Set()).add(signal));
  };
  const signal: Crowd["signal"] = (process, name) => {
    if (hasHad(process, name)) return;
    note(process, name);
    send(process.pid, name);
  };
  return {
    look: async () => {
      last = await look();
      all = belongings(last, {
        panes: [...panes.map(({ pid }) => pid), ...sessions].filter((pid) => pid > 1),
        run,
        known: [...watched.known, ...all.map(identify)],
        self,
      });
      if (programs === null) {
        for (const { pid, isKept, program } of panes) {
          const first = last.table.get(pid);
          // Somebody may have put another program into the pane.
          if (isKept && first !== undefined && isShellName(first.name)) {
            kept.set(pid, { pid, program });
          }
        }
        programs = firstPrograms();
      }
      // What a keeper runs itself, such as the sleep before it leaves, belongs to it.
      const isKeeping = (process: Process): boolean =>
        kept.has(process.pid) || (kept.has(process.ppid) && !isProgram(process));
      keeping = all.filter(isKeeping);
      members = all.filter((process) => !isKeeping(process));
    },
    last: () => last,
    members: () => members,
    isEmpty: () => members.length === 0,
    programs: () =>
      members.filter(({ pid, began }) =>
        programs?.some((program) => program.pid === pid && program.began === began)
      ),
    foregroundOf: ({ ppid, foreground, group }) => {
      // The program itself may have left the terminal, but its keeper has not.
      const shown = kept.has(ppid) ? last.table.get(ppid)?.foreground ?? -1 : foreground;
      return shown > 1 ? shown : group;
    },
    keepers: () => [...kept.values()],
    keeping: () => keeping,
    signal,
    signalGroup: (group, name) => {
      const inGroup = groupIn(last, group);
      const own = members.filter((each) => each.group === group);
      const isWhole = inGroup.every((each) => each.zombie || all.includes(each));
      const endsKeeper = ENDS_KEEPERS.includes(name) && inGroup.some(({ pid }) => kept.has(pid));
      const isNews = own.every((each) => !hasHad(each, name));
      if (group <= 1 || !isWhole || endsKeeper || !isNews) {
        for (const each of own) signal(each, name);
        return;
      }
      for (const each of own) note(each, name);
      send(-group, name);
    },
    hasHad,
    wasSignalled: (process) =>
      [...had.get(keyOf(process)) ?? []].some((name) =>
        name !== "SIGCONT" && !ignores(process, name)
      ),
    killMembers: () => {
      for (const { pid } of members) send(pid, "SIGKILL");
    },
    killAll: () => {
      for (const { pid } of [...members, ...keeping]) send(pid, "SIGKILL");
    },
  };
}

function keyOf({ pid, began }: Process): string {
  return `${pid} ${began}`;
}
