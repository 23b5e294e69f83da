/** Values of keys as JSON, and back: what scripts get, and what sessions remember. Pure. */
import type { Json } from "../errors.ts";
import { STOP_SIGNALS } from "../model.ts";
import type { Form } from "./form.ts";

/**
 * A value as JSON, with the names of keys for its properties.
 *
 * @param sizes how a size is written, in bytes
 */
export function toJson(form: Form, value: unknown, sizes: (bytes: number) => Json): Json {
  const inner = (below: Form, each: unknown) => toJson(below, each, sizes);
  if (typeof value === "number") return form.kind === "size" ? sizes(value) : value;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return null;
  if (form.kind === "either") {
    const fitting = form.forms.find((each) => holds(each, value));
    return fitting === undefined ? null : inner(fitting, value);
  }
  if (Array.isArray(value)) {
    return value.map((each) => form.kind === "list" ? inner(form.item, each) : String(each));
  }
  const pairs = form.kind === "object"
    ? Object.entries(form.keys).map(([name, key]): [string, Json] => [
      name,
      inner(key.form, Reflect.get(value, key.field)),
    ])
    : Object.entries(value).map(([name, each]): [string, Json] => [
      name,
      form.kind === "map" ? inner(form.item, each) : String(each),
    ]);
  return Object.fromEntries(pairs);
}

function holds({ kind }: Form, value: object): boolean {
  return Array.isArray(value)
    ? kind === "list" || kind === "command"
    : kind === "map" || kind === "object";
}

/**
 * The value that JSON of {@link toJson} stands for, sizes in bytes; null for a word that this kstops does
 * not know. Undefined: it is no such JSON.
 */
export function fromJson(form: Form, json: unknown): unknown {
  switch (form.kind) {
    case "text":
      return typeof json === "string" ? json : undefined;
    case "choice":
      return wordIn(form.words, json);
    case "signal":
      return wordIn(STOP_SIGNALS, json);
    case "flag":
      return typeof json === "boolean" ? json : undefined;
    case "integer":
    case "duration":
    case "size":
      return typeof json === "number" ? json : undefined;
    case "command":
    case "list": {
      if (!Array.isArray(json)) return undefined;
      const item: Form = form.kind === "list" ? form.item : { kind: "text", check: "text" };
      const items = json.map((each) => fromJson(item, each));
      return items.includes(undefined) ? undefined : items;
    }
    case "map":
    case "variables": {
      const item: Form = form.kind === "map" ? form.item : { kind: "text", check: "text" };
      if (!isMapping(json)) return undefined;
      const pairs = Object.entries(json).map(([name, each]) => [name, fromJson(item, each)]);
      return pairs.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(pairs);
    }
    case "object": {
      if (!isMapping(json)) return undefined;
      const pairs = Object.entries(form.keys).map(([name, { field, form: below }]) => {
        const value: unknown = Reflect.get(json, name) ?? null;
        return [field, value === null ? null : fromJson(below, value)];
      });
      return pairs.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(pairs);
    }
    case "either":
      return form.forms.map((each) => fromJson(each, json)).find((value) => value !== undefined);
  }
}

function wordIn(words: readonly string[], json: unknown): string | null | undefined {
  if (typeof json !== "string") return undefined;
  return words.includes(json) ? json : null;
}

function isMapping(json: unknown): json is object {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
