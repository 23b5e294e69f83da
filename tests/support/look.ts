/** Fakes the call that looks at all processes. */
import { LOOK_CALLS } from "../../src/backends/tmux/look.ts";

/** One process in its answer. */
export interface LookRow {
  readonly pid: number;
  readonly ppid?: number;
  readonly group?: number;
  readonly session?: number;
  readonly foreground?: number;
  readonly state?: string;
  readonly name?: string;
  /** Clock ticks. */
  readonly began?: number;
  /** The signals that it ignores, as a bit mask. */
  readonly ignored?: number;
  /** The id of the run in its environment. */
  readonly mark?: string | null;
}

/** Whether a call is the one that looks at all processes. */
export function isLook(argv: readonly string[]): boolean {
  return LOOK_CALLS.some((call) => call.join("\n") === argv.join("\n"));
}

/** The answer of this call, as Linux 6.1 and grep 3.8 give it. */
export function formatLook(rows: readonly LookRow[], clock = "106.47"): string {
  return [
    `uptime:${clock} 95.54\n`,
    "sys/kernel/random/boot_id:ca42afa4-7895-447b-8c7d-d2d8cf56e42d\n",
    ...rows.map((row) => `${row.pid}/stat:${formatStat(row)}`),
    ...rows.flatMap(({ pid, mark }) => mark ? [`${pid}/environ:KSTOPS_ID=${mark}`] : []),
  ].map((record) => `${record}\0`).join("");
}

function formatStat(row: LookRow): string {
  const { pid, ppid = 1, group = pid, session = pid, foreground = -1 } = row;
  const { state = "S", name = "sleep", began = 3040, ignored = 0 } = row;
  const before = `${ppid} ${group} ${session} 0 ${foreground} 4194304 43 10 0 4 1 7 2 1 20 0 1 0`;
  return `${pid} (${name}) ${state} ${before} ${began} 5697408 50 18446744073709551615 1 1 0 0 0 ` +
    `0 0 ${ignored} 1256 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n`;
}
