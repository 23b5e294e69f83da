/** Sizes in bytes, as people write them. Pure. */
import { quote, SessionConfigError } from "../errors.ts";

const UNITS = ["", "K", "M", "G"];

/** `10MiB`, `512k` or `65536`: as with docker, a unit is a power of 1024 however it is spelled. */
const SIZE = /^([0-9]{1,15}) ?(?:([kmg])(?:i?b)?|b)?$/i;

/**
 * The number of bytes.
 *
 * @throws {SessionConfigError} `value_invalid`: it is not a size, or out of bounds
 */
export function parseSize(
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const [, digits, unit = ""] = SIZE.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase());
  if (bytes >= least && bytes <= most) return bytes;
  throw new SessionConfigError(
    `Cannot use ${quote(text)} as a size: it must be ${formatSize(least)} to ${formatSize(most)}`,
    { hint: "write it like 10MiB, or as a number of bytes" },
  );
}

/** The shortest text for the exact number: `10MiB`, `1000`. */
export function formatSize(bytes: number): string {
  const unit = UNITS.findLastIndex((_, power) => bytes > 0 && bytes % 1024 ** power === 0);
  return unit <= 0 ? String(bytes) : `${bytes / 1024 ** unit}${UNITS[unit]}iB`;
}
