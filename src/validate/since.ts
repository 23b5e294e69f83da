/** Parses the start of a period: a length of time before now, or a time. Pure. */
import { momentOf } from "../model.ts";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * `10m`, `1h30m`, `2026-01-02`, `2026-01-02T03:04:05Z` as a moment, or null. A date without a time
 * is its beginning in UTC, and a time without a zone is in the zone of this machine.
 */
export function sinceOf(text: string, now: Date): Date | null {
  const lengths = [...text.matchAll(/(\d{1,9})([smhdw])/g)];
  if (text !== "" && lengths.map(([length]) => length).join("") === text) {
    const seconds = lengths.reduce(
      (sum, [, count, unit]) => sum + Number(count) * (SECONDS[unit ?? ""] ?? 0),
      0,
    );
    return sinceTheBeginning(now.getTime() - seconds * 1000);
  }
  const form = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;
  if (!form.test(text) || !isDay(text.slice(0, 10))) return null;
  return sinceTheBeginning(Date.parse(text.replace(" ", "T")));
}

/** Before 1970 nothing was printed, and engines only read years of four digits. */
function sinceTheBeginning(ms: number): Date | null {
  return Number.isNaN(new Date(ms).getTime()) ? null : momentOf(Math.max(0, ms));
}

/** Whether a month has that day: a `Date` reads the 30th of February as the 2nd of March. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
