/** What sessions that run use: processor, memory, processes. */
import { type Session, UNKNOWN_USAGE, type Usage } from "../backends/backend.ts";
import type { SessionStatus } from "../model.ts";
import type { PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { ReportedTrouble } from "../sessions/sessions.ts";
import { running } from "./reach.ts";
import { surveyOnce } from "./survey.ts";
import type { Tools } from "./tools.ts";

/** Of which sessions. */
export interface StatsRequest extends PlaceFlags {
  /** Empty: of all that run. */
  readonly names: readonly string[];
  /** Whether only sessions of this config are meant, since a group or a pattern selects them. */
  readonly all?: true | undefined;
}

/** What one session uses. */
export interface Stat {
  readonly status: SessionStatus;
  readonly usage: Usage;
  /** How long its program has run; null: unknown. */
  readonly uptimeSeconds: number | null;
}

/** What all of them use, and what kept kstops from telling. */
export interface Stats {
  readonly stats: readonly Stat[];
  readonly troubles: readonly ReportedTrouble[];
  readonly failures: readonly unknown[];
}

/** Looks at all of them together: it takes about as long as at one. */
export async function statsOf(
  tools: Pick<Tools, "world" | "sessions">,
  request: StatsRequest,
): Promise<Stats> {
  const { found, troubles, failures } = request.names.length === 0
    ? await everyOne(tools, request)
    : await namedOnes(tools, request);
  const stats = await Promise.all(found.map(async ({ session, status }): Promise<Stat> => {
    const began = session.executions?.startedAt ?? status.createdAt;
    const seconds = began === null ? null : (tools.world.now().getTime() - began.getTime()) / 1000;
    return {
      status,
      usage: await session.usage?.() ?? UNKNOWN_USAGE,
      uptimeSeconds: seconds === null ? null : Math.max(0, Math.round(seconds)),
    };
  }));
  return { stats, troubles, failures };
}

interface Running {
  readonly session: Session;
  readonly status: SessionStatus;
}

interface Found extends Omit<Stats, "stats"> {
  readonly found: readonly Running[];
}

async function everyOne({ sessions }: Pick<Tools, "sessions">, flags: PlaceFlags): Promise<Found> {
  const { statuses, sessionOf, troubles } = await sessions().list(selectionOf(flags));
  const found = statuses.flatMap((status): Running[] => {
    const session = status.state === "running" ? sessionOf(status) : null;
    return session === null ? [] : [{ session, status }];
  });
  return { found, troubles, failures: [] };
}

async function namedOnes(
  tools: Pick<Tools, "sessions">,
  { names, ...flags }: StatsRequest,
): Promise<Found> {
  const selection = selectionOf(flags);
  const lookFor = surveyOnce(tools, names, { verb: "show the use of", selection });
  const each = await Promise.allSettled(
    names.map(async (name) => running(await lookFor(name)(), "show the use of")),
  );
  return {
    found: each.flatMap((one) => one.status === "fulfilled" ? [one.value] : []),
    troubles: [],
    failures: each.flatMap((one) => one.status === "rejected" ? [one.reason] : []),
  };
}
