/** The keeper of a program as an argument list. Its text is `keeper.sh`. */
import execute from "./execute.sh" with { type: "text" };
import keeper from "./keeper.sh" with { type: "text" };
import leftovers from "./leftovers.sh" with { type: "text" };
import type { RestartPolicy } from "../../supervise/policy.ts";

/** The parameters of a keeper. */
export interface Kept {
  readonly runId: string;
  /** Path of the tmux program, for the pane itself. */
  readonly binary: string;
  /** The file that records how the program began and ended; null: none. */
  readonly story: string | null;
  /** The file in which a stop says how long it needs the terminal; null: none. */
  readonly holdFile: string | null;
  /** Variables that tmux sets itself, and that the program gets from {@link CARRIER}. */
  readonly carried: readonly string[];
  /** Text for a shell's printf that prints the tmux commands which mark the pane. */
  readonly marks: string;
  readonly policy: KeptPolicy;
  readonly argv: readonly string[];
}

/** A restart policy, with what only the keeper needs. */
export interface KeptPolicy extends RestartPolicy {
  readonly successCodes: readonly number[];
  /** How long the remains of an execution may take to end before the next one. */
  readonly graceMs: number;
}

/** Carries the values of variables that tmux sets itself past it, under another name. */
export const CARRIER = "KSTOPS_ENV_";

/** The argument list of a program's keeper. It contains no value of a variable. */
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

/** A shell program without comments: its text stays in the process table. */
function withoutComments(program: string): string {
  return program.split("\n").filter((line) => !/^\s*(#|$)/.test(line)).join("\n");
}
