/** The process table, and which part of it belongs to a session. Pure. */

/** One process, as `ps` reports it. */
export interface Process {
  readonly pid: number;
  readonly ppid: number;
  readonly group: number;
  /** Process session: the pid of the process that called setsid(2). */
  readonly session: number;
  /** Foreground process group of its terminal; -1 without one. */
  readonly foreground: number;
  readonly zombie: boolean;
  /** When it began, as text: with the pid it names one process and no later one. */
  readonly began: string;
  readonly args: string;
}

/** The processes of this machine, by pid. */
export type ProcessTable = ReadonlyMap<number, Process>;

/** The call that prints the process table. */
export const PS = ["ps", "-e", "-ww", "-o", "pid=,ppid=,pgid=,sess=,tpgid=,stat=,lstart=,args="];

const PS_LINE =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s(.*)$/s;

/** Reads what {@link PS} printed. Lines that are none of its own (a newline in an argument) are skipped. */
export function parseProcesses(stdout: string): ProcessTable {
  const table = new Map<number, Process>();
  for (const line of stdout.split("\n")) {
    const found = PS_LINE.exec(line);
    if (found === null) continue;
    const numbers = found.slice(1, 6).map(Number);
    if (!numbers.every(Number.isSafeInteger)) continue;
    const [pid = 0, ppid = 0, group = 0, session = 0, foreground = -1] = numbers;
    const [state = "", began = "", args = ""] = found.slice(6);
    table.set(pid, {
      ...{ pid, ppid, group, session, foreground },
      zombie: state.startsWith("Z"),
      began,
      args,
    });
  }
  return table;
}

/** The call that prints which of these processes carry `assignment` in their environment. Linux only. */
export function findTagged(assignment: string, pids: readonly number[]): string[] {
  return ["grep", "-slzxF", "-e", assignment, "--", ...pids.map((pid) => `/proc/${pid}/environ`)];
}

/** Reads what {@link findTagged} printed. */
export function parseTagged(stdout: string): number[] {
  return [...stdout.matchAll(/^\/proc\/(\d{1,10})\/environ$/gm)].map((found) => Number(found[1]));
}

/** Where a session's processes are looked for. */
export interface Roots {
  /** The first processes of its panes. */
  readonly panes: readonly number[];
  /** Processes that carry its mark in their environment. */
  readonly tagged: readonly number[];
  /** Processes that were seen to belong to it before, and may have lost their parent since. */
  readonly known: readonly Process[];
  /** The process that asks: neither it nor its children count. */
  readonly self: number;
}

/**
 * The living processes of a session: the trees below its panes, their process sessions, what carries
 * its mark, and what belonged to it before. A tmux server or the monitor of a container is a service
 * for others, whoever started it: with all that is below it, it is left alone.
 */
export function belongings(table: ProcessTable, roots: Roots): Process[] {
  const all = [...table.values()];
  const children = Map.groupBy(all, ({ ppid }) => ppid);
  const serving = withAllBelow(all.filter(isService), children);
  const asking = withAllBelow(all.filter(({ pid }) => pid === roots.self), children);
  const first = [
    ...roots.known.flatMap(({ pid, began }) => {
      const now = table.get(pid);
      return now !== undefined && now.began === began ? [now] : [];
    }),
    ...all.filter(({ pid, session }) => roots.panes.includes(pid) || roots.panes.includes(session)),
    ...roots.tagged.flatMap((pid) => {
      const process = table.get(pid);
      return process === undefined || serving.has(process) ? [] : [process];
    }),
  ];
  const ours = withAllBelow(first, children, (process) => !isService(process));
  return all.filter((process) => ours.has(process) && !process.zombie && !asking.has(process));
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

function isService(process: Process): boolean {
  return isMultiplexer(process) ||
    /^(\S*\/)?(conmon|containerd-shim\S*|dockerd) /.test(process.args);
}

/** Whether it is a tmux server. */
export function isMultiplexer({ args, session, pid }: Process): boolean {
  return /^(\S*\/)?tmux(:| |$)/.test(args) && session === pid;
}

const SHELL =
  /^-?(?:\S*\/)?(?:sh|ash|bash|dash|fish|ksh|mksh|zsh|csh|tcsh)(?:\s+(?:-[a-zA-Z]+|--[a-z]+))*\s*$/;

/** Whether a command line is that of a shell which talks to a person: one without a script or `-c`. */
export function isInteractiveShell(args: string): boolean {
  return SHELL.test(args) && !/\s-[a-zA-Z]*c/.test(args);
}
