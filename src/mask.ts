/** Keeps secrets out of all output. Pure. */
import type { Json } from "./errors.ts";

/** Shorter texts are hardly secrets, and would be found everywhere. In characters. */
const SHORTEST = 8;
const MASK = "***";

/** What to look for: every secret, and each of its lines. Longer ones first. */
export function needles(secrets: readonly string[]): readonly string[] {
  const texts = secrets.flatMap((secret) => [secret, ...secret.split("\n")]);
  return [...new Set(texts)].filter((text) => text.length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length);
}

/** The text with every needle masked. */
export function masked(text: string, needles: readonly string[]): string {
  return needles.reduce((result, needle) => result.replaceAll(needle, MASK), text);
}

/** The value with every needle masked in all its texts. */
export function maskedJson(value: Json, needles: readonly string[]): Json {
  if (typeof value === "string") return masked(value, needles);
  if (Array.isArray(value)) return value.map((each) => maskedJson(each, needles));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, maskedJson(each, needles)]),
  );
}
