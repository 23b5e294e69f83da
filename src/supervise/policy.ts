/**
 * Decides when an ended program is executed again, and after how long. Pure. In a pane of tmux the
 * keeper follows the same rules, in the arithmetic of a shell: `tests/unit/backends/tmux` tries
 * both with the same cases.
 */

import { RESTART_KINDS, type RestartKind, type TmuxDefinition } from "../model.ts";

/** Whether, how often and how soon a program is executed again. */
export interface RestartPolicy {
  readonly kind: RestartKind;
  /** The most restarts after failures in a row, with `on-failure`; null: no limit. */
  readonly mostRestarts: number | null;
  /** The delay after the first failure; it doubles with every further one in a row. */
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** After so long without an end, earlier failures are forgotten. */
  readonly resetMs: number;
}

/** The parts of a definition that make its restart policy. */
type Defined = Pick<
  TmuxDefinition,
  "restart" | "restartDelaySeconds" | "restartMaxDelaySeconds" | "restartResetSeconds"
>;

/** The restart policy of a definition. */
export function restartPolicy(definition: Defined): RestartPolicy {
  const [word, most] = (definition.restart ?? "no").split(":");
  return {
    kind: RESTART_KINDS.find((kind) => kind === word) ?? "no",
    mostRestarts: most === undefined ? null : Number(most),
    delayMs: millisecondsOf(definition.restartDelaySeconds),
    maxDelayMs: millisecondsOf(definition.restartMaxDelaySeconds),
    resetMs: millisecondsOf(definition.restartResetSeconds),
  };
}

/** A length of time as a whole number: shells have no others. */
export function millisecondsOf(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** The exit codes of a program that are not failures. */
export function successCodes(
  { successExitCodes }: Pick<TmuxDefinition, "successExitCodes">,
): readonly number[] {
  return [0, ...successExitCodes];
}

/** How one execution of a program ended. */
export interface Outcome {
  readonly exitCode: number;
  /** Exit codes that are not failures. */
  readonly successCodes: readonly number[];
  readonly ranMs: number;
  /** The number of failures in a row before this end. */
  readonly failures: number;
}

/** The next step. */
export type Decision =
  /** The run is over: its program has ended. */
  | { readonly kind: "over" }
  /** The run is over: there were too many failures in a row. */
  | { readonly kind: "gave_up"; readonly failures: number }
  /** It is executed again, so long after its end, give or take a tenth. */
  | { readonly kind: "restart"; readonly delayMs: number; readonly failures: number };

/** The next step after a program has ended by itself. */
export function decideRestart(policy: RestartPolicy, outcome: Outcome): Decision {
  const { kind, mostRestarts, delayMs, maxDelayMs, resetMs } = policy;
  const isSuccess = outcome.successCodes.includes(outcome.exitCode);
  if (kind === "no" || (kind === "on-failure" && isSuccess)) return { kind: "over" };
  const before = outcome.ranMs >= resetMs ? 0 : outcome.failures;
  const failures = isSuccess ? 0 : before + 1;
  if (mostRestarts !== null && failures > mostRestarts) return { kind: "gave_up", failures };
  const doublings = Math.max(0, failures - 1);
  return { kind: "restart", delayMs: Math.min(maxDelayMs, delayMs * 2 ** doublings), failures };
}
