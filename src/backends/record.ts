/**
 * What a session remembers of its definition: JSON on the session itself, a user option of tmux or a
 * label of a container. Sessions live longer than the kstops that started them, so a record of an older
 * one lacks keys, which get their defaults here, and one of a newer one has more, which are left alone.
 * Values of variables are never in it. Pure.
 */

/** Rises when a key comes to mean something else than before; another key is no new version. */
const VERSION = 1;

/** One key of a record. */
export interface Key<T> {
  readonly is: (value: unknown) => boolean;
  /** What a record means that lacks it; undefined: without it there is no record. */
  readonly missing: T | undefined;
}

/** Every key of a record: whoever adds one to the record adds a line to its shape. */
export type Shape<R> = { readonly [K in keyof R]-?: Key<R[K]> };

/** The text of a record. */
export function encodeRecord<R extends object>(record: R): string {
  return JSON.stringify({ version: VERSION, ...record });
}

/** The record that a text is, of any version; null: it is none. */
export function decodeRecord<R extends object>(shape: Shape<R>, text: string): R | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
  const values = new Map(Object.entries(found));
  const record: Partial<R> = {};
  for (const name in shape) {
    const { is, missing } = shape[name];
    const value = values.get(name) ?? missing;
    // Anybody can write an option or a label.
    if (value === undefined || !(value === missing || is(value))) return null;
    record[name] = value;
  }
  // Every key of the shape is there, and is what its key says.
  return record as R;
}

/** A text. */
export const TEXT: Key<string> = { is: isText, missing: undefined };

/** A text, or null, which it also is where it is missing. */
export const TEXT_OR_NULL: Key<string | null> = { is: isText, missing: null };

/** A list of texts. */
export const TEXTS: Key<readonly string[]> = { is: isTexts, missing: undefined };

/** A list of texts, empty where it is missing. */
export const TEXTS_OR_NONE: Key<readonly string[]> = { is: isTexts, missing: [] };

/** A list of texts, or null, which it also is where it is missing. */
export const TEXTS_OR_NULL: Key<readonly string[] | null> = { is: isTexts, missing: null };

/** A number, this one where it is missing. */
export function numberOr(missing: number): Key<number> {
  return { is: (value) => typeof value === "number", missing };
}

/** Whether or not, this where it is missing. */
export function booleanOr(missing: boolean): Key<boolean> {
  return { is: (value) => typeof value === "boolean", missing };
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}
