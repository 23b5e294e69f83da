/** What happened to sessions, one event at a time, as the story of their runs tells it. Pure. */
import { type BackendType, type Engine, howItEnded } from "../model.ts";
import { formatFailureCount, formatGivenUp } from "../model/failures.ts";
import type { Begun, Ended, RunEvent } from "./runs.ts";

/** What can happen to a session. */
export const SESSION_EVENTS = ["started", "exited", "restarted", "gave_up", "stopped"] as const;

/** One thing that happened to a session. */
export interface SessionEvent {
  readonly event: typeof SESSION_EVENTS[number];
  readonly session: string;
  /** The id of its run. */
  readonly run: string;
  /** Which execution of its program it was, counted from 1. */
  readonly execution: number;
  readonly at: Date;
  /** Null: the beginning of the run is no longer remembered. */
  readonly backend: BackendType | null;
  readonly engine: Engine | null;
  /** Of `exited`; null: nobody knows. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What else is known: why it ended, when it is executed again. */
  readonly reason: string | null;
  /** Whether nobody saw it happen, and an engine told of it afterwards. */
  readonly late: boolean;
}

/** What is known of a run so far. */
interface Told {
  begun: Begun | null;
  /** Whether its beginning is not waited for. */
  isWithoutBegin: boolean;
  /** What is told when its beginning is. */
  readonly waiting: RunEvent[];
  execution: number;
  ended: Ended | null;
}

/** Reads the story of one session. */
export interface Storyteller {
  /** What a line tells of, with the lines before it that it explains. */
  readonly tell: (line: RunEvent) => readonly SessionEvent[];
  /**
   * What is known of runs whose beginning was not told yet. A shell writes down how its program ended,
   * and kstops that it began: a short program may end first. Of an old run the beginning is forgotten.
   */
  readonly rest: () => readonly SessionEvent[];
}

/** Reads the story of one session, line by line. */
export function storyteller(session: string): Storyteller {
  const runs = new Map<string, Told>();
  const tell: Storyteller["tell"] = (line) => {
    const told: Told = runs.get(line.run) ??
      { begun: null, isWithoutBegin: false, waiting: [], execution: 1, ended: null };
    runs.set(line.run, told);
    if (line.event === "begun") {
      told.begun = line;
      return [line, ...told.waiting.splice(0)].flatMap((each) => eventsOf(session, told, each));
    }
    if (told.begun !== null || told.isWithoutBegin) return eventsOf(session, told, line);
    told.waiting.push(line);
    return [];
  };
  return {
    tell,
    rest: () =>
      [...runs.values()].filter(({ waiting }) => waiting.length > 0).flatMap((told) => {
        told.isWithoutBegin = true;
        return told.waiting.splice(0).flatMap((each) => eventsOf(session, told, each));
      }),
  };
}

/** What one line of a run tells of. */
function eventsOf(session: string, told: Told, line: RunEvent): readonly SessionEvent[] {
  const event = (
    kind: SessionEvent["event"],
    at: Date,
    more: Partial<SessionEvent> = {},
  ): SessionEvent => ({
    event: kind,
    session,
    run: line.run,
    execution: told.execution,
    at,
    backend: told.begun?.backend ?? null,
    engine: told.begun?.engine ?? null,
    ...NOTHING_MORE,
    ...more,
  });
  switch (line.event) {
    case "begun":
      return line.isUncertain
        ? []
        : [event("started", line.at, line.atBoot ? { reason: AFTER_REBOOT } : {})];
    case "executed": {
      const { ended } = told;
      // The first execution is the start itself.
      if (ended === null) return [];
      told.ended = null;
      told.execution++;
      return [event("restarted", againAt(ended))];
    }
    case "ended": {
      // A failed start and the stop behind it both tell of one end.
      if (told.ended?.at.getTime() === line.at.getTime()) return [];
      const again = restartsBetween(told, line);
      told.ended = line;
      const restarted = again === null ? [] : [event("restarted", again, { late: true })];
      const end = line.exitCode === null ? null : howItEnded(line.exitCode);
      const exited = event("exited", line.at, {
        exitCode: end?.exitCode ?? null,
        signal: end?.signal ?? null,
        reason: line.reason ?? nextText(line),
      });
      const gaveUp = line.policy !== undefined && line.policy.restartInMs === null
        ? [event("gave_up", line.at, { reason: formatGivenUp(line.policy.failures) })]
        : [];
      return [...restarted, exited, ...gaveUp];
    }
    case "stopped": {
      const reason = line.hadEnded
        ? "it had ended before"
        : line.forced
        ? "it had to be killed"
        : line.atShutdown
        ? "the machine went down"
        : null;
      return [event("stopped", line.at, { reason })];
    }
  }
}

/** Why a session was started that the boot of the machine started. */
export const AFTER_REBOOT = "after a reboot";

const NOTHING_MORE = { exitCode: null, signal: null, reason: null, late: false } as const;

/** When the program was executed again that had ended like that. */
function againAt({ at, policy }: Ended): Date {
  return new Date(at.getTime() + (policy?.restartInMs ?? 0));
}

/** When its engine executed the program last, where it did so by itself since the run began. */
function restartsBetween(told: Told, { again }: Ended): Date | null {
  if (again === undefined || again.startedAt === null) return null;
  if (again.restarts < told.execution) return null;
  told.execution = again.restarts + 1;
  return again.startedAt;
}

function nextText({ policy }: Ended): string | null {
  if (policy === undefined || policy.restartInMs === null) return null;
  const seconds = Math.round(policy.restartInMs / 100) / 10;
  return `starts again in ${seconds} s${formatFailureCount(policy.failures)}`;
}
