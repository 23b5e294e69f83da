/** Whether what kstops says of a session is what the operating system says of it. */
import type { Step } from "./chaos_plan.ts";
import type { Said } from "./subject.ts";

/** What lives of a session. */
export interface Truth {
  /** Programs as kstops started them: never more than one. */
  readonly mains: readonly number[];
  /** Other processes of the programs: what they started. */
  readonly children: readonly number[];
  /** What somebody else started in the session's pane. */
  readonly strangers: readonly number[];
  /** The runs of kstops that they belong to. */
  readonly runs: readonly string[];
}

/** A false answer: its kind, the same words for all of its kind, and this one's details. */
export interface Wrong {
  readonly kind: string;
  readonly detail: string;
}

/** A step of the chaos, with what lived before and after it. */
export interface Done {
  readonly step: Step;
  /** Null: the command was killed. */
  readonly code: number | null;
  readonly output: string;
  readonly before: Truth;
  readonly after: Truth;
}

/** Compares what the list says of one session with the truth. */
export function judgeList(rows: readonly Said[], truth: Truth): readonly Wrong[] {
  const wrongs: Wrong[] = [];
  const add = (kind: string) => wrongs.push({ kind, detail: detailsOf({ rows, truth }) });
  const { mains, strangers } = truth;
  if (mains.length > 1) add("two copies of one program");
  const [row] = rows;
  if (row === undefined || rows.length > 1) {
    add(
      row === undefined ? "a session of the config is not listed" : "one session is listed twice",
    );
    return wrongs;
  }
  if (mains.length > 0) {
    if (row.state !== "running") add(`${row.state}, and its program lives`);
    else if (row.pid === null || !mains.includes(row.pid)) {
      add("running with a pid that is not its own");
    }
  } else if (row.state === "running") {
    // What somebody put into its pane may count as the session's program, or may not.
    if (row.pid === null || !strangers.includes(row.pid)) add("running, and its program is dead");
  } else if (row.state === "unknown") {
    add("unknown, and tmux can be asked");
  }
  return wrongs;
}

/** Whether what the ended program left is named by its status. */
export function judgeLeftovers(status: Said, truth: Truth): readonly Wrong[] {
  // What runs there without its program is judged by the list.
  if (truth.mains.length > 0 || status.state === "running") return [];
  const named = new Set(status.leftovers ?? []);
  if (truth.children.every((pid) => named.has(pid))) return [];
  return [{
    kind: `${status.state}, and what the program left is not named`,
    detail: detailsOf({ rows: [status], truth }),
  }];
}

/** Compares what a command came to with what it left. */
export function judgeStep({ step, code, output, before, after }: Done): readonly Wrong[] {
  const wrongs: Wrong[] = [];
  const add = (kind: string) =>
    wrongs.push({
      kind,
      detail: `exit ${code}: ${output.trim()}; before ${told(before)}; after ${told(after)}`,
    });
  const { action, event } = step;
  // What an event ends, the command did not.
  const isDisturbed = event !== null;
  const isHarmless = event === null || event === "rename session" || event === "move window";
  if (after.mains.length > 1) add(`${action}: two copies of one program`);
  if (code === null) return wrongs;
  if (code === 1) add(`${action}: exit 1, which is a fault of kstops`);
  if (action.startsWith("stop")) {
    const isRespawned = event === "respawn pane";
    if (code === 0 && !isRespawned && livingIn(after).length > 0) {
      add(`${action} says Stopped, and something of it lives`);
    }
    if (code !== 0 && !isDisturbed) add(`${action} fails`);
    return wrongs;
  }
  const wasRunning = before.mains.length > 0;
  if (action === "start") {
    if (wasRunning && isHarmless && code !== 6) {
      add("start over a living program is not session_exists");
    }
    if (!wasRunning && before.strangers.length === 0 && !isDisturbed && code !== 0) {
      add("start of what does not run fails");
    }
  }
  if (action === "restart" && !isDisturbed && code !== 0) add("restart fails");
  if (code !== 0 || isDisturbed) return wrongs;
  if (after.mains.length === 0) add(`${action} succeeds, and no program runs`);
  if (after.runs.length > 1) add(`${action} succeeds, and something of the run before lives`);
  const isOld = after.mains.some((pid) => before.mains.includes(pid));
  if (action === "restart" && isOld) add("restart succeeds, and the program is the old one");
  return wrongs;
}

/** All that lives of it. */
export function livingIn({ mains, children, strangers }: Truth): readonly number[] {
  return [...mains, ...children, ...strangers];
}

function told({ mains, children, strangers, runs }: Truth): string {
  return `program [${mains}] children [${children}] others [${strangers}] runs [${runs}]`;
}

function detailsOf(
  { rows, truth }: { readonly rows: readonly Said[]; readonly truth: Truth },
): string {
  const said = rows.map(({ state, engineState, pid, reason, leftovers }) =>
    JSON.stringify({ state, engineState, pid, reason, leftovers })
  );
  return `kstops says ${said.join(" and ")}; in truth ${told(truth)}`;
}
