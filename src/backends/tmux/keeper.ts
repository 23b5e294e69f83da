/** The shell that keeps a program in its pane, as an argument list. Its text is `keeper.sh`. */
import execute from "./execute.sh" with { type: "text" };
import keeper from "./keeper.sh" with { type: "text" };
import leftovers from "./leftovers.sh" with { type: "text" };
import type { RestartPolicy } from "../../supervise/policy.ts";

/** What a keeper has to know. */
export interface Kept {
  readonly runId: string;
  /** Path of the tmux program, for the pane itself. */
  readonly binary: string;
  /** The file that remembers how the program began and ended; null: none does. */
  readonly story: string | null;
  /** The file in which a stop says how long it needs the terminal; null: none does. */
  readonly holdFile: string | null;
  /** Variables that tmux sets itself, and that the program gets from {@link CARRIER}. */
  readonly carried: readonly string[];
  /** Words for the printf of a shell: what prints the tmux commands that mark the pane. */
  readonly marks: string;
  readonly policy: KeptPolicy;
  readonly argv: readonly string[];
}

/** A restart policy, with what only the keeper has to know for it. */
export interface KeptPolicy extends RestartPolicy {
  readonly successCodes: readonly number[];
  /** How long what an execution has left may take to end before the next one. */
  readonly graceMs: number;
}

/** How the values of variables that tmux sets itself get past that: under another name. */
export const CARRIER = "KSTOPS_ENV_";

/** The argument list of the keeper of a program. No value of a variable is in it. */
export function keeperArgv(kept: Kept): string[] {
  const { runId, binary, story, holdFile, carried, marks, policy, argv } = kept;
  return [
    ...["/bin/sh", "-c", withoutComments(keeper), "kstops"],
    ...[withoutComments(execute), runId, binary, story ?? "", holdFile ?? "", carried.join(" ")],
    ...[marks, formatPolicy(policy), policy.kind === "no" ? "" : withoutComments(leftovers)],
    ...argv,
  ];
}

/** The words of a policy: see `keeper.sh`. */
export function formatPolicy(policy: KeptPolicy): string {
  if (policy.kind === "no") return "no";
  const { kind, mostRestarts, delayMs, maxDelayMs, resetMs, graceMs, successCodes } = policy;
  const times = [delayMs, maxDelayMs, resetMs, graceMs];
  return [kind, mostRestarts ?? "-", ...times, successCodes.join()].join(" ");
}

/** A shell program without the lines that are for its readers: it stays in the process table. */
function withoutComments(program: string): string {
  return program.split("\n").filter((line) => !/^\s*(#|$)/.test(line)).join("\n");
}
