/** What the validators share: how to refuse a value, and how to show it safely. */
import { type Json, quote, SessionConfigError } from "../errors.ts";

/** How much of a value a message shows, in code points. */
const SHOWN_LENGTH = 60;

/** Control characters, and halves of surrogate pairs, which no program could receive as UTF-8. */
// Ranges instead of \p{Cc} and \p{Cs}: V8 takes a millisecond to read the tables behind those.
// deno-lint-ignore no-control-regex
const CONTROL = /[\0-\x1f\x7f-\x9f\ud800-\udfff]/u;
// deno-lint-ignore no-control-regex
const CONTROL_BUT_TAB_AND_NEWLINE = /[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]/u;
const NUL_OR_HALF = /[\0\ud800-\udfff]/u;

const NAMES_OF_CHARACTERS: ReadonlyMap<string, string> = new Map([
  ["\0", "a NUL character"],
  ["\t", "a tab"],
  ["\n", "a newline"],
  ["\r", "a carriage return"],
  [" ", "a space"],
]);

/** Why a value is refused, and what to do about it. */
export interface Problem {
  readonly reason: string;
  readonly hint: string;
}

/** `Cannot use SUBJECT: REASON`, as an error to throw. The subject is safe text, see {@link shown}. */
export function refusal(
  subject: string,
  problem: Problem & { readonly details?: { readonly [key: string]: Json } },
): SessionConfigError {
  const { reason, hint, details = {} } = problem;
  return new SessionConfigError(`Cannot use ${subject}: ${reason}`, { hint, details });
}

/**
 * A value as messages show it: shortened, escaped and quoted. Of a value that is not text, only the
 * type.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") return quote(shorten(value));
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** At most 60 code points of a text, well-formed, with an ellipsis in place of the rest. */
export function shorten(text: string): string {
  // A code point has at most two units, so this slice holds at least one more than is shown.
  const points = [...text.slice(0, 2 * SHOWN_LENGTH + 2).toWellFormed()];
  if (points.length <= SHOWN_LENGTH) return points.join("");
  return `${points.slice(0, SHOWN_LENGTH).join("")}…`;
}

/** One character as messages name it: `";"`, `a newline`, `"é" (U+00E9)`, `U+200B`. */
export function characterName(character: string): string {
  const name = NAMES_OF_CHARACTERS.get(character);
  if (name !== undefined) return name;
  if (/^[!-~]$/.test(character)) return quote(character);
  if (/^[\ud800-\udfff]$/u.test(character)) return "half of a surrogate pair";
  const code = character.codePointAt(0) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  // deno-lint-ignore no-control-regex
  if (/^[\0-\x1f\x7f-\x9f]$/.test(character)) return `the control character ${number}`;
  const visible = new RegExp("^[\\p{L}\\p{N}\\p{P}\\p{S}]$", "u");
  return visible.test(character) ? `${quote(character)} (${number})` : number;
}

/** The first character that no value may contain, including a final newline. */
function findControl(text: string): string | undefined {
  return CONTROL.exec(text)?.[0];
}

/** The problem of a text with such a character, or null. */
export function controlProblem(text: string): Problem | null {
  const control = findControl(text);
  if (control === undefined) return null;
  return { reason: `it has ${characterName(control)}`, hint: "remove that character" };
}

/** Like {@link findControl}, but allows tab and newline. */
export function findControlButTabAndNewline(text: string): string | undefined {
  return CONTROL_BUT_TAB_AND_NEWLINE.exec(text)?.[0];
}

/** Like {@link findControl}, but allows everything that can be passed to a program at all. */
export function findNul(text: string): string | undefined {
  return NUL_OR_HALF.exec(text)?.[0];
}

/** The length that all limits use: Unicode code points. */
function codePointCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The problem of a text that is too long, or null. */
export function lengthProblem(
  text: string,
  rule: { readonly limit: number; readonly subject?: string },
): string | null {
  const { limit, subject = "it" } = rule;
  if (text.length <= limit) return null;
  const length = codePointCount(text);
  if (length <= limit) return null;
  return `${subject} has ${length} characters, at most ${limit} are allowed`;
}

/**
 * Refuses a value that is not text: callers in JavaScript have no types.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function requireText(value: unknown, kind: string): asserts value is string {
  if (typeof value !== "string") throw notText(value, { kind });
}

/**
 * Refuses a value that is not a list of at most `limit` texts.
 *
 * @throws {SessionConfigError} `value_invalid`
 */
export function requireTextList(
  list: unknown,
  words: { readonly one: string; readonly many: string; readonly limit: number },
): void {
  const { one, many, limit } = words;
  if (!Array.isArray(list)) {
    throw refusal(`${shown(list)} as ${many}`, {
      reason: "it must be a list",
      hint: `write a list of ${many}, each as text`,
    });
  }
  if (list.length > limit) {
    throw refusal(`${list.length} ${many}`, {
      reason: `at most ${limit} are allowed`,
      hint: `remove ${list.length - limit} of them`,
    });
  }
  // entries() also visits the holes of a sparse list, as undefined.
  for (const [index, value] of list.entries()) {
    if (typeof value !== "string") throw notText(value, { kind: one, details: { index } });
  }
}

/**
 * Refuses a value that is not a list of at most `limit` texts, and the first text with a problem.
 *
 * @throws {SessionConfigError} `value_invalid`; `details.index` tells which text
 */
export function requireEach(
  list: readonly string[],
  words: {
    readonly one: string;
    readonly many: string;
    readonly limit: number;
    readonly problem: (text: string) => Problem | null;
  },
): void {
  requireTextList(list, words);
  for (const [index, text] of list.entries()) {
    const problem = words.problem(text);
    if (problem === null) continue;
    throw refusal(`${shown(text)} as ${words.one}`, { ...problem, details: { index } });
  }
}

function notText(
  value: unknown,
  about: { readonly kind: string; readonly details?: { readonly index: number } },
): SessionConfigError {
  const { kind, details = {} } = about;
  return refusal(`${shown(value)} as ${kind}`, {
    reason: "it must be text",
    hint: "write it between quotes",
    details,
  });
}
