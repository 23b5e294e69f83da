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
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s(.*)$/;

/** Reads what {@link PS} printed. Lines that are none of its own (a newline in an argument) are skipped. */
export function parseProcesses(stdout: string): ProcessTable {
  const table = new Map<number, Process>();
  for (const line of stdout.split("\n")) {
    const found = PS_LINE.exec(line);
    if (found === null) continue;
    const [, pid, ppid, group, session, foreground, state = "", began = "", args = ""] = found;
    table.set(Number(pid), {
      pid: Number(pid),
      ppid: Number(ppid),
      group: Number(group),
      session: Number(session),
      foreground: Number(foreground),
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
  return [...stdout.matchAll(/^\/proc\/(\d+)\/environ$/gm)].map((found) => Number(found[1]));
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
  const ours = new Set<number>();
  const add = (candidate: Process): boolean => {
    if (ours.has(candidate.pid)) return false;
    ours.add(candidate.pid);
    return true;
  };
  for (const { pid, began } of roots.known) {
    const now = table.get(pid);
    if (now !== undefined && now.began === began) add(now);
  }
  for (const process of table.values()) {
    if (roots.panes.includes(process.pid) || roots.panes.includes(process.session)) add(process);
  }
  for (const pid of roots.tagged) {
    const process = table.get(pid);
    if (process !== undefined && !servesOthers(process, table)) add(process);
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const process of table.values()) {
      if (ours.has(process.ppid) && !isService(process) && add(process)) grown = true;
    }
  }
  return [...table.values()].filter((process) =>
    ours.has(process.pid) && !process.zombie && !isBelow(process, roots.self, table)
  );
}

function isBelow(process: Process, ancestor: number, table: ProcessTable): boolean {
  return lineage(process, table).some(({ pid }) => pid === ancestor);
}

function servesOthers(process: Process, table: ProcessTable): boolean {
  return lineage(process, table).some(isService);
}

/** A process, its parent, the parent's parent and so on. */
function lineage(process: Process, table: ProcessTable): Process[] {
  const line: Process[] = [];
  for (
    let next: Process | undefined = process;
    next !== undefined && !line.includes(next);
    next = table.get(next.ppid)
  ) line.push(next);
  return line;
}

function isService(process: Process): boolean {
  const isServer = /^(\S*\/)?tmux(:| |$)/.test(process.args) && process.session === process.pid;
  return isServer || /^(\S*\/)?(conmon|containerd-shim\S*|dockerd) /.test(process.args);
}

const SHELL =
  /^-?(?:\S*\/)?(?:sh|ash|bash|dash|fish|ksh|mksh|zsh|csh|tcsh)(?:\s+(?:-[a-zA-Z]+|--[a-z]+))*\s*$/;

/** Whether it is a shell that talks to a person: one without a script or `-c`. */
export function isInteractiveShell(process: Process): boolean {
  return SHELL.test(process.args) && !/\s-[a-zA-Z]*c/.test(process.args);
}
