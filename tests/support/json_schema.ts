/**
 * A validator of JSON Schemas that knows only our keywords; an unknown keyword fails the test. It
 * is stricter than the schemas: it refuses keys that are not published.
 */
import { equal, ok } from "node:assert/strict";

/** A published schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** A schema of `config/`, by the name of its file: `status.schema.json`. */
export function published(file: string): Schema {
  const known = SCHEMAS.get(file);
  if (known !== undefined) return known;
  const text = Deno.readTextFileSync(new URL(`../../config/${file}`, import.meta.url));
  const schema: Schema = JSON.parse(text);
  SCHEMAS.set(file, schema);
  return schema;
}

const SCHEMAS = new Map<string, Schema>();

/** Keywords that restrict a value, and the problem of a value; null: none. */
const KEYWORDS: Record<string, (rule: never, value: unknown) => string | null> = {
  type: (types: string | readonly string[], value) => {
    // Every integer is a number.
    const wanted = [types].flat().flatMap((type) => type === "number" ? [type, "integer"] : type);
    return wanted.includes(typeOf(value)) ? null : `is ${typeOf(value)}, not ${types}`;
  },
  enum: (values: readonly unknown[], value) =>
    values.includes(value) ? null : `is none of ${values}`,
  minimum: (least: number, value) =>
    typeof value !== "number" || value >= least ? null : `is less than ${least}`,
  maximum: (most: number, value) =>
    typeof value !== "number" || value <= most ? null : `is more than ${most}`,
  pattern: (pattern: string, value) =>
    typeof value !== "string" || new RegExp(pattern, "u").test(value) ? null : `is not ${pattern}`,
  format: (format: string, value) => {
    equal(format, "date-time");
    return typeof value !== "string" || isTime(value) ? null : "is no time in UTC";
  },
  items: (items: Schema, value) => Array.isArray(value) ? firstProblem(items, value) : null,
  required: (keys: readonly string[], value) => {
    const missing = isObject(value) ? keys.filter((key) => !Object.hasOwn(value, key)) : [];
    return missing.length === 0 ? null : `lacks ${missing}`;
  },
  properties: (properties: Readonly<Record<string, Schema>>, value) => {
    if (!isObject(value)) return null;
    for (const [key, rules] of Object.entries(properties)) {
      const problem = Object.hasOwn(value, key) ? problemWith(rules, value[key]) : null;
      if (problem !== null) return `${key} ${problem}`;
    }
    return null;
  },
  additionalProperties: (rules: Schema | boolean, value) => {
    if (typeof rules === "boolean" || !isObject(value)) return null;
    for (const [key, each] of Object.entries(value)) {
      const problem = problemWith(rules, each);
      if (problem !== null) return `${key} ${problem}`;
    }
    return null;
  },
  $ref: (file: string, value) => problemWith(published(file), value),
  // Keys that one of the schemas does not know may belong to the others.
  allOf: (all: readonly Schema[], value) =>
    all.map((rules) => violation(wholeOf(rules), value)).find((problem) => problem !== null) ??
      null,
  anyOf: (all: readonly Schema[], value) => {
    const problems = all.map((rules) => problemWith(rules, value));
    return problems.includes(null) ? null : `is none of these: ${problems.join("; ")}`;
  },
  $schema: () => null,
  title: () => null,
  description: () => null,
};

/** The problem of a value, or null. */
export function problemWith(rules: Schema, value: unknown): string | null {
  const problem = violation(rules, value);
  if (problem !== null) return problem;
  // Strict, although readers must expect new keys: kstops prints nothing that is not published.
  const known = keysOf(rules);
  if (!isObject(value) || known === null) return null;
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  return unknown.length === 0 ? null : `has ${unknown} besides`;
}

function violation(rules: Schema, value: unknown): string | null {
  for (const [keyword, rule] of Object.entries(rules)) {
    const check = KEYWORDS[keyword];
    ok(check, `no test knows the keyword ${keyword}`);
    const problem = check(rule as never, value);
    if (problem !== null) return problem;
  }
  return null;
}

/** The schema itself, if it only names another one. */
function wholeOf(rules: Schema): Schema {
  const { $ref } = rules;
  return typeof $ref === "string" ? published($ref) : rules;
}

/** The keys that an object may have; null: any. */
function keysOf(rules: Schema): readonly string[] | null {
  const { properties, allOf, additionalProperties } = rules;
  if (isObject(additionalProperties)) return null;
  const parts = Array.isArray(allOf) ? allOf : [];
  const own = isObject(properties) ? [Object.keys(properties)] : [];
  const all = [...own, ...parts.flatMap((part) => [keysOf(wholeOf(part)) ?? []])];
  return all.length === 0 ? null : all.flat();
}

function firstProblem(rules: Schema, values: readonly unknown[]): string | null {
  for (const [index, value] of values.entries()) {
    const problem = problemWith(rules, value);
    if (problem !== null) return `${index} ${problem}`;
  }
  return null;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeOf(value) === "object";
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(text) &&
    !Number.isNaN(Date.parse(text));
}
