/**
 * Decides which sessions the boot of the machine starts. Pure. docker's words: `always` comes back even
 * after a stop by hand, `unless-stopped` and `on-failure` only if they ran when the machine went down.
 */
import { RESTART_KINDS, type RestartKind } from "../model.ts";

/** What is remembered of the last run of a session. */
export interface LastRun {
  /** How its last execution ended; null: nobody saw it end. */
  readonly ended: { readonly policy?: { readonly restartInMs: number | null } } | null;
  readonly stopped: { readonly hadEnded: boolean; readonly atShutdown?: boolean } | null;
}

/** Whether a session starts, and why. */
export interface BootChoice {
  readonly starts: boolean;
  readonly why: string;
}

/** The kind of policy in a word such as `on-failure:5`. */
export function policyKind(restart: string | null): RestartKind {
  const [word] = (restart ?? "no").split(":");
  return RESTART_KINDS.find((kind) => kind === word) ?? "no";
}

/** Whether the boot starts a session. `named`: whether it was named to `boot enable`. */
export function chooseAtBoot(
  { restart, named }: { readonly restart: string | null; readonly named: boolean },
  last: LastRun | null,
): BootChoice {
  if (named) return { starts: true, why: "it was named" };
  const kind = policyKind(restart);
  if (kind === "no") return { starts: false, why: "it has no restart policy" };
  if (kind === "always") return { starts: true, why: "restart: always" };
  const why = whyNot(last);
  return why === null ? { starts: true, why: `restart: ${kind}` } : { starts: false, why };
}

function whyNot(last: LastRun | null): string | null {
  if (last === null) return "it was never started";
  const { ended, stopped } = last;
  if (stopped !== null && !stopped.atShutdown) return "it was stopped by hand";
  // In a delay, the policy would have executed it again.
  const isWaiting = (ended?.policy?.restartInMs ?? null) !== null;
  const hadEnded = stopped === null ? ended !== null : stopped.hadEnded;
  return hadEnded && !isWaiting ? "it had ended by itself" : null;
}
