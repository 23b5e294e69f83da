/** Lengths of time, as people write them. Pure. */

/** Each unit at most once, largest first. */
const WITH_UNITS =
  /^(?=[0-9])(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?(?:([0-9]{1,9})ms)?$/;
const NUMBER = /^[0-9]{1,9}(?:\.[0-9]{1,3})?$/;

const UNITS = [3_600_000, 60_000, 1000, 1] as const;

/**
 * `500ms`, `10s`, `1m30s`, `2h` or a number, in milliseconds; null: the text is none of these.
 *
 * @param unitMs the unit of a number without one
 */
export function parseDuration(text: string, unitMs = 1000): number | null {
  // A fraction of a number of milliseconds was meant as a fraction of a second.
  if (unitMs === 1 && text.includes(".")) return null;
  if (NUMBER.test(text)) return Math.round(Number(text) * unitMs);
  const parts = WITH_UNITS.exec(text)?.slice(1);
  return parts?.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS[index] ?? 0), 0) ??
    null;
}
