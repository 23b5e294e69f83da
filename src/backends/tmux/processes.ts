/** The process table, and the part of it that belongs to a session. Pure. */
import type { Signal } from "../../world/world.ts";

/** One process. */
export interface Process {
  readonly pid: number;
  readonly ppid: number;
  readonly group: number;
  /** Process session: the pid of the process that called setsid(2). */
  readonly session: number;
  /** Foreground process group of its terminal; -1 without one. */
  readonly foreground: number;
  readonly zombie: boolean;
  /**
   * When it began, as a look reports it: together with the pid it names one process and no later
   * one.
   */
  readonly began: string;
  /** The signals that it ignores, as a bit mask; 0 when unknown. */
  readonly ignored: number;
  /** How long it has computed, in hundredths of a second; missing: unknown. */
  readonly computed?: number;
  /** The name of the program: on Linux its first 15 bytes, or what the process calls itself. */
  readonly name: string;
}

/** The processes of this machine, by pid. */
export type ProcessTable = ReadonlyMap<number, Process>;

/** The result of one look at this machine's processes. */
export interface Look {
  readonly table: ProcessTable;
  /** The run in each process' environment. */
  readonly marks: ReadonlyMap<number, string>;
  /** Identifies the boot of the machine; empty: `began` is the time of day. */
  readonly boot: string;
  /** The clock that keepers use, in hundredths of a second; null: unknown. */
  readonly clock: number | null;
  readonly tookMs: number;
}

/** Identifies one process, and no later one with the same pid. */
export interface Identity {
  readonly pid: number;
  readonly began: string;
  readonly boot: string;
}

/** The process of an identity, if it still lives. */
export function findProcess({ table, boot }: Look, identity: Identity): Process | null {
  const process = table.get(identity.pid);
  const isSame = process?.began === identity.began && boot === identity.boot;
  return process !== undefined && isSame && !process.zombie ? process : null;
}

/** Where to look for a session's processes. */
export interface Roots {
  /** The first processes of its panes: their process sessions count as well. */
  readonly panes: readonly number[];
  /** The run whose mark its processes have; null: there is no mark. */
  readonly run: string | null;
  /** Processes that are known to belong to it, although they may have lost their parent. */
  readonly known: readonly Identity[];
  /** The process that asks: it and its children do not count. */
  readonly self: number;
}

/**
 * The living processes of a session: the trees below its panes, their process sessions, all that
 * carry its mark, and those known to belong to it. A server of a multiplexer, the monitor of a
 * container or an agent that holds keys serves others, whoever started it; and a process with the
 * mark of another run belongs to that run. These are left alone with everything below them.
 */
export function belongings(look: Look, roots: Roots): Process[] {
  const [found = []] = belongingsOfEach(look, [roots], roots.self);
  return found;
}

/** The same for many sessions at once, in order. */
export function belongingsOfEach(
  look: Look,
  sessions: readonly Omit<Roots, "self">[],
  self: number,
): Process[][] {
  const { children, bySession, services, marked } = indexOf(look);
  const at = (pid: number): Process[] => {
    const process = look.table.get(pid);
    return process === undefined ? [] : [process];
  };
  const asking = withAllBelow(at(self), children);
  return sessions.map(({ panes, run, known }) => {
    // A marked process belongs to its mark; a session without a mark may be anywhere below a marked
    // one.
    const isOthers = ({ pid }: Process): boolean =>
      run !== null && (look.marks.get(pid) ?? run) !== run;
    // A server that was started inside a run has its mark, and so has everything that it serves.
    const serving = withAllBelow(
      services.filter(({ pid }) => run !== null && look.marks.get(pid) === run),
      children,
    );
    const first = [
      ...known.flatMap((identity) => findProcess(look, identity) ?? []),
      ...panes.flatMap(at),
      ...panes.flatMap((pane) => bySession.get(pane) ?? []),
      ...(run === null ? [] : marked.get(run) ?? []).flatMap(at)
        .filter((process) => !serving.has(process)),
    ].filter((process) => !isOthers(process));
    const ours = withAllBelow(
      first,
      children,
      (process) => !isService(process) && !isOthers(process),
    );
    return [...ours].filter((process) =>
      process.pid > 1 && !process.zombie && !asking.has(process)
    );
  });
}

/** Lookups that are used again and again. */
interface Index {
  readonly children: ReadonlyMap<number, readonly Process[]>;
  readonly bySession: ReadonlyMap<number, readonly Process[]>;
  readonly byGroup: ReadonlyMap<number, readonly Process[]>;
  readonly services: readonly Process[];
  /** The pids that carry the mark of a run. */
  readonly marked: ReadonlyMap<string, readonly number[]>;
}
const INDEXES = new WeakMap<Look, Index>();

/** The index of a look, shared by all running stops. */
function indexOf(look: Look): Index {
  const known = INDEXES.get(look);
  if (known !== undefined) return known;
  const all = [...look.table.values()];
  const index = {
    children: Map.groupBy(all, ({ ppid }) => ppid),
    bySession: Map.groupBy(all, ({ session }) => session),
    byGroup: Map.groupBy(all, ({ group }) => group),
    services: all.filter(isService),
    marked: Map.groupBy(look.marks.keys(), (pid) => look.marks.get(pid) ?? ""),
  };
  INDEXES.set(look, index);
  return index;
}

/** The processes of a process group. */
export function groupIn(look: Look, group: number): readonly Process[] {
  return indexOf(look).byGroup.get(group) ?? [];
}

/**
 * These processes and all their descendants that `isWanted` accepts. The work grows with their
 * number alone: a chain of children may be as long as the table.
 */
function withAllBelow(
  from: readonly Process[],
  children: ReadonlyMap<number, readonly Process[]>,
  isWanted: (process: Process) => boolean = () => true,
): ReadonlySet<Process> {
  const found = new Set(from);
  // A Set iterates over elements that are added meanwhile.
  for (const { pid } of found) {
    for (const child of children.get(pid) ?? []) if (isWanted(child)) found.add(child);
  }
  return found;
}

const MULTIPLEXER = /^(tmux|tmux: server|screen|SCREEN|zellij|dtach|abduco)$/;
/** Linux cuts names off after 15 bytes. */
const MONITOR = /^(conmon|containerd-shim.*|dockerd|containerd|ssh-agent|gpg-agent)$/;

/** Whether it serves others than its starter. A process with a terminal is a client. */
export function isService({ name, foreground }: Process): boolean {
  return MONITOR.test(name) || (foreground <= 0 && MULTIPLEXER.test(name));
}

const NUMBERS: Partial<Record<Signal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGTERM: 15,
};

/** Whether a process is known to ignore a signal, and so did not get it. */
export function ignores({ ignored }: Process, signal: Signal): boolean {
  const number = NUMBERS[signal];
  return number !== undefined && Math.floor(ignored / 2 ** (number - 1)) % 2 === 1;
}

/** Whether a program of that name may be a shell. */
export function isShellName(name: string): boolean {
  return /^-?(sh|ash|bash|dash|fish|ksh|mksh|zsh|csh|tcsh|busybox)$/.test(name);
}

const SHELL =
  /^-?(?:\S*\/)?(?:busybox\s+)?(?:sh|ash|bash|dash|fish|ksh|mksh|zsh|csh|tcsh)(?:\s+(?:-[a-zA-Z]+|--[a-z]+))*\s*$/;

/** Whether these are the arguments of an interactive shell: one without a script or `-c`. */
export function isInteractiveShell(args: string): boolean {
  return SHELL.test(args) && !/\s-[a-zA-Z]*c/.test(args);
}
