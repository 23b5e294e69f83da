/** What holds of many parsers. */
import { equal, fail, ok } from "node:assert/strict";
import { type ErrorCode, ERRORS, type Json, toEnvelope } from "../../src/errors.ts";
import type { SessionStatus } from "../../src/model.ts";
import { statusToWire } from "../../src/wire.ts";
import { problemWith, published } from "../support/json_schema.ts";

/** What a terminal obeys, or what reorders what it shows. */
// deno-lint-ignore no-control-regex
export const HARMFUL = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Makes sure that a text can be shown in one line. */
export function isSafe(text: string, what = "a text"): void {
  const found = HARMFUL.exec(text);
  if (found !== null) fail(`${what} has ${JSON.stringify(found[0])}: ${JSON.stringify(text)}`);
}

/**
 * What work comes to; null where it fails with an error that is meant: one of these codes, fit to be
 * printed, with none of the secrets.
 */
export function orRefused<T>(
  work: () => T,
  codes: readonly ErrorCode[],
  secrets: readonly string[] = [],
): T | null {
  try {
    return work();
  } catch (error) {
    isRefusal(error, codes, secrets);
    return null;
  }
}

/** Makes sure that an error is one that is meant. */
export function isRefusal(
  thrown: unknown,
  codes: readonly ErrorCode[],
  secrets: readonly string[] = [],
): void {
  const { error } = toEnvelope(thrown);
  if (!codes.includes(error.code)) throw thrown;
  ok(ERRORS[error.code].exit > 1);
  // Its lines are those of a report, which are printed one by one.
  for (const line of error.message.split("\n")) isSafe(line, "a message");
  if (error.hint !== null) isSafe(error.hint, "a hint");
  ok(!/[.\s]$/.test(error.message.split("\n")[0] ?? ""), `it ends wrong: ${error.message}`);
  hasNone(JSON.stringify({ error }), secrets);
  equal(problemWith(published("error.schema.json"), plain({ error })), null);
}

/** Makes sure that no secret is in a text. */
export function hasNone(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) ok(!text.includes(secret), `it has ${secret}: ${text}`);
}

/** Makes sure that the JSON of a status is what is published. */
export function isStatus(status: SessionStatus): void {
  equal(problemWith(published("status.schema.json"), plain(statusToWire(status))), null);
}

/** A value as it comes out of JSON. */
export function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

/** Work that may throw errors of that class, and no other; null where it does. */
export function orThrown<T>(
  work: () => T,
  Expected: abstract new (...given: never[]) => Error,
): T | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Expected)) throw error;
    return null;
  }
}
