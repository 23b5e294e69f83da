/**
 * What the operating system says of the programs of a proof, whatever kstops says: their processes,
 * found by a variable in their environment and by a word of their arguments (Linux only).
 */

/** The variable that every process of a proof's session has; its value is that of {@link markOf}. */
export const MARK_VARIABLE = "FLEET_MARK";

/** What the processes of one session have in their environment, and its programs in their arguments. */
export function markOf(nonce: string, session: string): string {
  return `${nonce}.${session}`;
}

/** A process that lives: no zombie. */
export interface Living {
  readonly pid: number;
  readonly parent: number;
  /** When it began, in clock ticks since the machine did: with the pid it means one process for ever. */
  readonly startTicks: number;
  readonly name: string;
  /** The session of the proof that it belongs to; null: to none. */
  readonly session: string | null;
  /** The run of kstops that its environment names. */
  readonly run: string | null;
  /** The socket of the tmux server in whose pane it was started, as a path; null: in none. */
  readonly socket: string | null;
  readonly command: string;
}

/**
 * The processes of a proof. Those that its marks do not name are tmux servers and keepers of it, known
 * by the variable `WORK`.
 */
export function livingProcesses(
  { nonce, work }: { readonly nonce: string; readonly work: string },
): readonly Living[] {
  const found: Living[] = [];
  for (const { name: entry } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      const argv = Deno.readTextFileSync(`/proc/${entry}/cmdline`).split("\0");
      const environ = Deno.readTextFileSync(`/proc/${entry}/environ`).split("\0");
      const value = (name: string) =>
        environ.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
      const prefix = markOf(nonce, "");
      const mark = [value(MARK_VARIABLE), ...argv.map((word) => word.replace(/^--mark=/, ""))]
        .find((word) => word?.startsWith(prefix));
      if (mark === undefined && value("WORK") !== work) continue;
      const stat = statOf(Deno.readTextFileSync(`/proc/${entry}/stat`));
      if (stat === null) continue;
      found.push({
        pid: Number(entry),
        ...stat,
        session: mark?.slice(prefix.length) ?? null,
        run: value("KSTOPS_ID"),
        socket: value("TMUX")?.replace(/(,[^,]*){2}$/, "") ?? null,
        command: argv.join(" ").trim().slice(0, 200),
      });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return found;
}

/** The facts of a line of `/proc/PID/stat`; null: it is a zombie. */
function statOf(line: string): Pick<Living, "name" | "parent" | "startTicks"> | null {
  const end = line.lastIndexOf(")");
  const fields = line.slice(end + 2).split(" ");
  if (["Z", "X"].includes(fields[0] ?? "")) return null;
  return {
    name: line.slice(line.indexOf("(") + 1, end),
    parent: Number(fields[1]),
    startTicks: Number(fields[19]),
  };
}

/** Whether a process went while it was looked at, or is a stranger's. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    (error instanceof Error && /ESRCH|No such process|os error 3\b/.test(error.message));
}

/** Whether it is a tmux server. */
export function isTmuxServer({ name }: Living): boolean {
  return name.startsWith("tmux: server");
}

/** Kills one process; it may have gone meanwhile. */
export function kill(pid: number): void {
  if (pid <= 1) throw new Error(`Not a process of a proof: ${pid}`);
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** One line about processes. */
export function described(processes: readonly Living[]): string {
  return processes.map(({ pid, parent, command }) => `${pid} (parent ${parent}) ${command}`)
    .join("; ");
}
