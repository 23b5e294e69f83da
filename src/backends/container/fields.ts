/**
 * Reads JSON of unknown shape. Missing, null and empty values are unknown: older and newer versions
 * of a runtime have other keys. A value of the wrong type cannot be understood. Pure.
 */

/** An answer that cannot be understood. */
export class GarbledAnswerError extends Error {
  constructor() {
    super("its answer could not be understood");
  }
}

/** The keys of an object. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * The result of `read`.
 *
 * @throws {GarbledAnswerError}
 */
export function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isMisunderstanding(error) ? new GarbledAnswerError() : error;
  }
}

function isMisunderstanding(error: unknown): boolean {
  return error instanceof GarbledAnswerError || error instanceof SyntaxError;
}

/** Reads the fields of one row, each by itself. */
export interface RowReader {
  /** The result of `parse` for a field, or `otherwise` when the field cannot be understood. */
  readonly read: <T>(field: string, parse: () => T, otherwise: T) => T;
  /** The fields that could not be understood. */
  readonly unread: () => readonly string[];
}

/** A reader for the next row. */
export function rowReader(): RowReader {
  const unread = new Set<string>();
  return {
    read: (field, parse, otherwise) => {
      try {
        return parse();
      } catch (error) {
        if (!(error instanceof GarbledAnswerError)) throw error;
        unread.add(field);
        return otherwise;
      }
    },
    unread: () => [...unread],
  };
}

export function parseJson(text: string): unknown {
  // podman 4 prints nothing at all when it has no container.
  return text.trim() === "" ? [] : JSON.parse(text);
}

function isNothing(value: unknown): value is null | undefined | "" {
  return value === null || value === undefined || value === "";
}

/** Whether a value can be a row with fields. */
export function isRow(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  if (!isFields(value)) throw new GarbledAnswerError();
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function entriesOf(value: unknown): [string, unknown][] {
  return isNothing(value) ? [] : Object.entries(fieldsOf(value));
}

export function listOf(value: unknown): readonly unknown[] {
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) throw new GarbledAnswerError();
  return value;
}

export function wordsOf(value: unknown): readonly string[] | null {
  return isNothing(value) ? null : listOf(value).map(textOf);
}

export function textOf(value: unknown): string {
  if (isNothing(value)) return "";
  if (typeof value !== "string") throw new GarbledAnswerError();
  return value;
}

/** A required text. */
export function wordOf(value: unknown): string {
  const text = textOf(value);
  if (text === "") throw new GarbledAnswerError();
  return text;
}

export function numberOf(value: unknown): number {
  if (isNothing(value)) return 0;
  if (!Number.isSafeInteger(value)) throw new GarbledAnswerError();
  return Number(value);
}

/** A number of things. */
export function countOf(value: unknown): number {
  const number = numberOf(value);
  if (number < 0) throw new GarbledAnswerError();
  return number;
}

export function labelsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(entriesOf(value).map(([key, text]) => [key, textOf(text)]));
}
