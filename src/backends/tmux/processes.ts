/** The process table, and which part of it belongs to a session. Pure. */
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
  /** When it began, as a look has it: with the pid it names one process and no later one. */
  readonly began: string;
  /** The signals that it ignores, as bits; none where nobody knows. */
  readonly ignored: number;
  /** The name of the program: on Linux the first 15 bytes of it, or what the process calls itself. */
  readonly name: string;
}

/** The processes of this machine, by pid. */
export type ProcessTable = ReadonlyMap<number, Process>;

/** What one look at this machine's processes tells. */
export interface Look {
  readonly table: ProcessTable;
  /** The run that a process says it belongs to, by its environment. */
  readonly marks: ReadonlyMap<number, string>;
  /** Which time the machine was booted; empty: began is the time of day. */
  readonly boot: string;
  /** The clock that keepers look at, in hundredths of a second; null: nobody knows. */
  readonly clock: number | null;
  readonly tookMs: number;
}

/** What names one process, and no later one of the same pid. */
export interface Identity {
  readonly pid: number;
  readonly began: string;
  readonly boot: string;
}

/** The process of an identity, where it still lives. */
export function findProcess({ table, boot }: Look, identity: Identity): Process | null {
  const process = table.get(identity.pid);
  const isSame = process?.began === identity.began && boot === identity.boot;
  return process !== undefined && isSame && !process.zombie ? process : null;
}

/** Where a session's processes are looked for. */
export interface Roots {
  /** The first processes of its panes: their process sessions count as well. */
  readonly panes: readonly number[];
  /** The run whose mark its processes have; null where there is no such mark. */
  readonly run: string | null;
  /** Processes that are known to belong to it, and may have lost their parent since. */
  readonly known: readonly Identity[];
  /** The process that asks: neither it nor its children count. */
  readonly self: number;
}

/**
 * The living processes of a session: the trees below its panes, their process sessions, what carries
 * its mark, and what is known to belong to it. A server of a multiplexer, the monitor of a container
 * or an agent that holds keys is there for others, whoever started it, and what has the mark of another
 * run is that run's: with all that is below them, they are left alone.
 */
export function belongings(look: Look, roots: Roots): Process[] {
  const [found = []] = belongingsOfEach(look, [roots], roots.self);
  return found;
}

/** The same for many sessions at once, in their order. */
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
    // Whose mark it has it belongs to; a session without a mark may be anywhere below one that has.
    const isOthers = ({ pid }: Process): boolean =>
      run !== null && (look.marks.get(pid) ?? run) !== run;
    // A server that was started inside of a run has its mark, and so has all that it serves.
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

/** What is looked up in a look again and again. */
interface Index {
  readonly children: ReadonlyMap<number, readonly Process[]>;
  readonly bySession: ReadonlyMap<number, readonly Process[]>;
  readonly byGroup: ReadonlyMap<number, readonly Process[]>;
  readonly services: readonly Process[];
  /** The pids that carry the mark of a run. */
  readonly marked: ReadonlyMap<string, readonly number[]>;
}
const INDEXES = new WeakMap<Look, Index>();

/** The index of a look, which all stops in flight share. */
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
 * Those processes, their children, the children's children and so on, as far as `isWanted` lets them
 * in. The work grows with their number alone: a chain of children may be as long as the table.
 */
function withAllBelow(
  from: readonly Process[],
  children: ReadonlyMap<number, readonly Process[]>,
  isWanted: (process: Process) => boolean = () => true,
): ReadonlySet<Process> {
  const found = new Set(from);
  // A set goes on with what is added to it meanwhile.
  for (const { pid } of found) {
    for (const child of children.get(pid) ?? []) if (isWanted(child)) found.add(child);
  }
  return found;
}

const MULTIPLEXER = /^(tmux|tmux: server|screen|SCREEN|zellij|dtach|abduco)$/;
/** Linux cuts a name off after 15 bytes. */
const MONITOR = /^(conmon|containerd-shim.*|dockerd|containerd|ssh-agent|gpg-agent)$/;

/** Whether it serves others than whoever started it. What has a terminal is a client. */
export function isService({ name, foreground }: Process): boolean {
  return MONITOR.test(name) || (foreground <= 0 && MULTIPLEXER.test(name));
}

const NUMBERS: Partial<Record<Signal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGTERM: 15,
};

/** Whether a process ignores a signal, as far as anybody knows: then it has not got it. */
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

/** Whether these are the arguments of a shell that talks to a person: one without a script or `-c`. */
export function isInteractiveShell(args: string): boolean {
  return SHELL.test(args) && !/\s-[a-zA-Z]*c/.test(args);
}
