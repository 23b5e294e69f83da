/** What the chaos does, from a seed: the same seed is the same list of steps. */
import { randomFrom } from "./random.ts";

/** The sessions of the chaos: what each is made of stands in `programs/program.sh`. */
export const SESSIONS = ["plain", "stubborn", "family", "daemon", "wrapper"] as const;
export type Session = typeof SESSIONS[number];

export const ACTIONS = ["start", "stop", "restart", "stop --force"] as const;
export type Action = typeof ACTIONS[number];

/** What happens to a session or its tmux meanwhile. */
export const EVENTS = [
  "kill kstops",
  "kill program",
  "kill keeper",
  "kill server",
  "remove socket",
  "respawn pane",
  "move window",
  "rename session",
] as const;
export type Event = typeof EVENTS[number];

/** One command of kstops, and what happens while it works, or just after it ended. */
export interface Step {
  readonly action: Action;
  readonly session: Session;
  readonly event: Event | null;
  /** After the command began, on a quiet machine; null: as soon as it has ended. */
  readonly eventAfterMs: number | null;
  /** The command has another `TMUX_TMPDIR` than most others. */
  readonly isElsewhere: boolean;
}

/** How late an event may come while a command works: beyond the end of most commands. */
const LATEST_MS = 1_000;
/** How many of a hundred steps are without any event, are elsewhere, and have their event behind them. */
const QUIET_PERCENT = 30;
const ELSEWHERE_PERCENT = 8;
const BEHIND_PERCENT = 50;

/** What is done to a session that probably does not run, and to one that probably does. */
const FOR_ENDED: readonly [Action, ...Action[]] = ["start", "start", "start", "restart", "stop"];
const FOR_RUNNING: readonly [Action, ...Action[]] = [
  "stop",
  "stop",
  "restart",
  "start",
  "stop --force",
];

/** The steps of a seed. */
export function planSteps(seed: number, count: number): readonly Step[] {
  const random = randomFrom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(values: readonly [T, ...T[]]): T => values[below(values.length)] ?? values[0];
  // Most events would meet nothing if it were all the same what was done before.
  const running = new Set<Session>();
  return Array.from({ length: count }, () => {
    const session = pick<Session>(SESSIONS);
    const action = pick(running.has(session) ? FOR_RUNNING : FOR_ENDED);
    if (action.startsWith("stop")) running.delete(session);
    else running.add(session);
    const event = below(100) < QUIET_PERCENT ? null : pick<Event>(EVENTS);
    const isBehind = below(100) < BEHIND_PERCENT && event !== "kill kstops";
    const afterMs = below(LATEST_MS);
    const isElsewhere = below(100) < ELSEWHERE_PERCENT;
    return { action, session, event, eventAfterMs: isBehind ? null : afterMs, isElsewhere };
  });
}

/** A step in words. */
export function stepWords({ action, session, event, eventAfterMs, isElsewhere }: Step): string {
  return `kstops ${action} ${session}` + (isElsewhere ? " with another TMUX_TMPDIR" : "") +
    (event === null
      ? ""
      : `; ${eventAfterMs === null ? "then" : `after ${eventAfterMs} ms`}: ${event}`);
}
