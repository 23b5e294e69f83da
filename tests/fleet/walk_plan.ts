/** What the walk does, from a seed: the same seed is the same list of steps. */
import { randomFrom } from "./random.ts";

/** The sessions of the walk: what each does stands in `programs/walker.sh`. */
export const SESSIONS = ["plain", "stubborn", "chatty", "family"] as const;
export type Session = typeof SESSIONS[number];

/** What the config, or flags, can say of a session's place; `tmux` and `container` leave it open. */
export const MEANINGS = [
  "tmux",
  "tmux:default",
  "tmux:bots",
  "container",
  "podman",
  "docker",
] as const;
export type Meaning = typeof MEANINGS[number];

export const VERBS = [
  "start",
  "stop",
  "restart",
  "stop --force",
  "stop --keep",
  "status",
  "logs",
  "logs --previous",
  "why",
  "list",
] as const;
export type Verb = typeof VERBS[number];

/** What happens behind the back of kstops. */
export const EVENTS = [
  "rename",
  "remove",
  "kill program",
  "kill pane",
  "kill server",
  "engine's own stop",
  "engine's own start",
] as const;
export type Event = typeof EVENTS[number];

/** A command of kstops. */
export interface Command {
  readonly kind: "command";
  readonly session: Session;
  readonly verb: Verb;
  /** The place that flags choose; null: there are none. */
  readonly flags: Meaning | null;
  /** kstops is killed so long after it began, on a quiet machine; null: it is not. */
  readonly killAfterMs: number | null;
  /** The same command runs twice at the same time. */
  readonly isTwice: boolean;
}

/** One thing that is done: a command, an edit of the config, or an event. */
export type Step =
  | Command
  | { readonly kind: "edit"; readonly session: Session; readonly meaning: Meaning }
  | { readonly kind: "event"; readonly session: Session; readonly event: Event };

/** What the config says of the place of each session in the beginning. */
export const FIRST_MEANING: Meaning = "tmux";

/** How many of a hundred steps are edits and events. */
const EDIT_PERCENT = 14;
const EVENT_PERCENT = 26;
/** How many of a hundred commands have flags for the place, are killed, run twice. */
const FLAGS_PERCENT = 25;
const KILLED_PERCENT = 6;
const TWICE_PERCENT = 6;
/** How late kstops may be killed: beyond the end of most commands. */
const LATEST_MS = 1_200;

type Choice<T> = readonly [T, ...T[]];

/** What is done to a session that probably does not run, and to one that probably does. */
const FOR_ENDED: Choice<Verb> = [
  ...["start", "start", "start", "start", "start", "restart", "stop", "why"] as const,
  ...["logs --previous", "list", "status"] as const,
];
const FOR_RUNNING: Choice<Verb> = [
  ...["stop", "stop", "restart", "restart", "restart", "start", "start", "stop --force"] as const,
  ...["stop --keep", "status", "logs", "why", "logs --previous", "list"] as const,
];
const CHANGES: ReadonlySet<Verb> = new Set(
  ["start", "stop", "restart", "stop --force", "stop --keep"] as const,
);
/** What ends most programs. */
const ENDING: ReadonlySet<Event> = new Set(
  ["remove", "kill program", "kill pane", "kill server", "engine's own stop"] as const,
);

/** The steps of a seed. */
export function planSteps(seed: number, count: number): readonly Step[] {
  const random = randomFrom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(values: Choice<T>): T => values[below(values.length)] ?? values[0];
  // Most events would meet nothing if it were all the same what was done before.
  const running = new Set<Session>();
  return Array.from({ length: count }, (): Step => {
    const session = pick<Session>(SESSIONS);
    const kind = below(100);
    const event = pick<Event>(EVENTS);
    const meaning = pick<Meaning>(MEANINGS);
    if (kind < EDIT_PERCENT) return { kind: "edit", session, meaning };
    const meets = event === "engine's own start" ? !running.has(session) : running.has(session);
    if (kind < EDIT_PERCENT + EVENT_PERCENT && meets) {
      if (ENDING.has(event)) running.delete(session);
      return { kind: "event", session, event };
    }
    const verb = pick(running.has(session) ? FOR_RUNNING : FOR_ENDED);
    if (verb.startsWith("stop")) running.delete(session);
    else if (CHANGES.has(verb)) running.add(session);
    const isPlaced = below(100) < FLAGS_PERCENT && verb !== "list";
    const isKilled = below(100) < KILLED_PERCENT && CHANGES.has(verb);
    const isTwice = below(100) < TWICE_PERCENT && CHANGES.has(verb) && !isKilled;
    const killAfterMs = below(LATEST_MS);
    return {
      kind: "command",
      session,
      verb,
      flags: isPlaced ? meaning : null,
      killAfterMs: isKilled ? killAfterMs : null,
      isTwice,
    };
  });
}

/** The flags that choose a place. */
export function flagsOf(meaning: Meaning | null): readonly string[] {
  if (meaning === null) return [];
  if (meaning === "tmux" || meaning === "container") return ["--backend", meaning];
  const [engine, socket] = meaning.split(":");
  return engine === "tmux"
    ? ["--backend", "tmux", "--socket", socket ?? ""]
    : ["--backend", "container", "--runtime", meaning];
}

/** A step in words. */
export function stepWords(step: Step): string {
  if (step.kind === "edit") return `the config means ${step.meaning} for ${step.session}`;
  if (step.kind === "event") return `${step.event} of ${step.session}`;
  const { session, verb, flags, killAfterMs, isTwice } = step;
  return ["kstops", verb, ...(verb === "list" ? [] : [session]), ...flagsOf(flags)].join(" ") +
    (isTwice ? ", twice at once" : "") +
    (killAfterMs === null ? "" : `, killed after ${killAfterMs} ms`);
}
