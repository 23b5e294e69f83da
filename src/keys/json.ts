/** Converts values of keys to JSON and back: for scripts, and for the records of sessions. Pure. */
import type { Json } from "../errors.ts";
import { STOP_SIGNALS } from "../model.ts";
import type { Form } from "./form.ts";

/** Converts a value without inner values. */
export type Leaf<T> = (form: Form, value: string | number | boolean, path: readonly Step[]) => T;

/** A key or an index. */
type Step = string | number;

/**
 * A value with everything in it converted; null stays null.
 *
 * @param how `named`: whether the properties of objects get the names of their keys instead of
 *   their fields
 */
export function mapValue<T>(
  form: Form,
  value: unknown,
  how: { readonly leaf: Leaf<T>; readonly named: boolean; readonly path?: readonly Step[] },
): unknown {
  const { leaf, named, path = [] } = how;
  const inner = (below: Form, each: unknown, step: Step) =>
    mapValue(below, each, { ...how, path: [...path, step] });
  if (form.kind === "either") {
    const fitting = form.forms.find((each) => holds(each, value));
    return fitting === undefined ? null : mapValue(fitting, value, how);
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return leaf(form, value, path);
  }
  if (typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) {
    const item: Form = form.kind === "list" ? form.item : form;
    return value.map((each, index) => inner(item, each, index));
  }
  const pairs = form.kind === "object"
    ? Object.entries(form.keys).map(([name, { field, form: below }]) => [
      named ? name : field,
      inner(below, Reflect.get(value, field), name),
    ])
    : Object.entries(value).map(([name, each]) => [
      name,
      inner(form.kind === "map" ? form.item : form, each, name),
    ]);
  return Object.fromEntries(pairs);
}

/**
 * A value as JSON, with the names of keys as properties.
 *
 * @param sizes how to write a size in bytes
 */
export function toJson(
  form: Form,
  value: unknown,
  sizes: (bytes: number) => Json = (bytes) => bytes,
): Json {
  const leaf: Leaf<Json> = ({ kind }, each) => kind === "size" ? sizes(Number(each)) : each;
  // Leaves are JSON, and so are lists and objects of them.
  return mapValue(form, value, { leaf, named: true }) as Json;
}

function holds({ kind }: Form, value: unknown): boolean {
  if (Array.isArray(value)) return kind === "list" || kind === "command";
  const isMapping = kind === "map" || kind === "object";
  return typeof value === "object" ? isMapping : !isMapping && kind !== "list";
}

/**
 * The value of JSON from {@link toJson}, with sizes in bytes; null for a word that this kstops does
 * not know. Undefined: it is not such JSON.
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
      const pairs = Object.entries(form.keys).map(([name, inner]) => {
        const value: unknown = Reflect.get(json, name) ?? null;
        const { field, form: below, default: unsaid = null } = inner;
        return [field, value === null ? unsaid : fromJson(below, value)];
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
