/** What can be waited for, and what the status of a session says about it. Pure. */
import type { SessionStatus } from "../model.ts";
import { parseRegex } from "../validate/probe.ts";

/** What sessions can be waited for by name alone. */
export const AWAITED = ["running", "ready", "healthy", "exited", "stopped"] as const;

/** What is waited for. */
export type Condition =
  | { readonly kind: typeof AWAITED[number] }
  /** That the output has a line which this regular expression fits. */
  | { readonly kind: "log"; readonly pattern: string };

/**
 * What `--for` says; null: nothing that can be waited for.
 *
 * @throws {SessionConfigError} `value_invalid`: it is no regular expression
 */
export function parseCondition(text: string): Condition | null {
  const kind = AWAITED.find((each) => each === text);
  if (kind !== undefined) return { kind };
  if (!text.startsWith("log=")) return null;
  const pattern = text.slice("log=".length);
  parseRegex(pattern);
  return { kind: "log", pattern };
}

/** What a look has found. */
export interface Seen {
  /** Null: no engine and no config has it. */
  readonly status: SessionStatus | null;
  /** As it was at an earlier look, where an engine had it; null: none had it. */
  readonly before: SessionStatus | null;
  /** Whether one end of its program is enough, also where it is executed again. */
  readonly any: boolean;
}

/**
 * What a look says: it is so, it is not so yet, or it cannot come to that; `ask`: its program runs or
 * has run, and more than its status has to tell.
 */
export type Verdict =
  | { readonly kind: "met" }
  | { readonly kind: "ask" }
  | { readonly kind: "not_yet" | "never"; readonly why: string };

const MET: Verdict = { kind: "met" };
const ASK: Verdict = { kind: "ask" };

/** What the status of a session says about a condition. */
export function judge(condition: Condition, seen: Seen): Verdict {
  const { status } = seen;
  const phase = phaseOf(seen);
  const why = status === null ? "it is gone" : stateText(status);
  const notYet: Verdict = { kind: "not_yet", why };
  const never: Verdict = { kind: "never", why };
  if (phase === "silent") return notYet;
  switch (condition.kind) {
    case "stopped":
      return phase === "lives" || phase === "delayed" ? notYet : MET;
    case "exited":
      if (phase === "ended" || seen.any && (phase === "delayed" || hasRestarted(seen))) return MET;
      return phase === "over" ? never : notYet;
    case "log":
      return phase === "lives" || phase === "delayed" || phase === "ended"
        ? ASK
        : phase === "over"
        ? never
        : notYet;
  }
  if (phase === "ended" || phase === "over") return never;
  if (phase !== "lives") return notYet;
  switch (condition.kind) {
    case "running":
      return MET;
    case "ready":
      return ASK;
    case "healthy": {
      const health = status?.health ?? null;
      if (health === "healthy") return MET;
      return health === null
        ? { kind: "never", why: "it has no health check" }
        : { kind: "not_yet", why: `its health is ${health}` };
    }
  }
}

/**
 * Where a session is in its life: `comes` before its program is executed, `delayed` between two
 * executions, `ended` by itself, `over` otherwise, `silent` when its engine does not tell.
 */
type Phase = "comes" | "lives" | "delayed" | "ended" | "over" | "silent";

function phaseOf({ status, before }: Seen): Phase {
  if (status === null) return "over";
  const { state, engineState, nextRestartAt } = status;
  switch (state) {
    case "unknown":
      return "silent";
    case "running":
      return "lives";
    case "exited":
      return nextRestartAt !== null || engineState === "restarting" || engineState === "backoff"
        ? "delayed"
        : "ended";
    case "defined":
      return before === null ? "comes" : "over";
    case "stopped":
      return engineState === "created" || engineState === "paused" ? "comes" : "over";
  }
}

function hasRestarted({ status, before }: Seen): boolean {
  return before !== null && (status?.restarts ?? 0) > (before.restarts ?? 0);
}

function stateText({ state, reason, exitCode, signal, engineState }: SessionStatus): string {
  switch (state) {
    case "exited": {
      if (reason !== null) return `it has ended: ${reason}`;
      if (exitCode === null) return "it has ended";
      return `it has ended, ${signal === null ? `exit code ${exitCode}` : `by ${signal}`}`;
    }
    case "unknown":
      return reason ?? "its engine does not answer";
    case "defined":
      return "it is not started";
    case "stopped":
      return `it is ${engineState === "paused" || engineState === "created" ? engineState : state}`;
    case "running":
      return "it runs";
  }
}

/** A condition that did not come, in words: `it was not ready`. */
export function notMetText(condition: Condition): string {
  switch (condition.kind) {
    case "running":
      return "it did not run";
    case "ready":
    case "healthy":
      return `it was not ${condition.kind}`;
    case "exited":
      return "it had not ended";
    case "stopped":
      return "it had not stopped";
    case "log":
      return `it had not printed ${condition.pattern}`;
  }
}

/** A condition that has come, in words: `is ready`. */
export function metText(condition: Condition): string {
  switch (condition.kind) {
    case "running":
    case "ready":
    case "healthy":
      return `is ${condition.kind}`;
    case "exited":
      return "has ended";
    case "stopped":
      return "runs no more";
    case "log":
      return `has printed ${condition.pattern}`;
  }
}
