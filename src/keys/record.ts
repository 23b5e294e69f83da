/**
 * What a session remembers of its definition: JSON on the session itself (a user option of tmux, a
 * label of a container) and in the record of its runs. Sessions outlive the kstops that started
 * them. So a record of an older kstops lacks keys, which get their defaults here, and a record of a
 * newer one has more keys, which are kept. It never contains values of variables. Pure.
 */
import type { Json } from "../errors.ts";
import { BACKENDS, type BackendType, type Definition, type Owner } from "../model.ts";
import type { Form } from "./form.ts";
import { fromJson, toJson } from "./json.ts";
import { objectWith, valueAt } from "./paths.ts";
import { ALL_SESSION_KEYS, appliesTo, defaultOf } from "./session_keys.ts";

/** Rises when a key changes its meaning; a new key is no new version. */
const VERSION = 1;

/** The recorded part of a definition: without its place, and with only the names of variables. */
type Recorded<D extends Definition> =
  & Omit<D, "backend" | "name" | "env" | "socketName" | "runtime" | "inherited">
  & { readonly envNames: readonly string[] };

/** A record with additional texts that only this kind of session has. */
export type RecordOf<D extends Definition, Fact extends string = never> =
  & Recorded<D>
  & { readonly facts: Readonly<Record<Fact, string | null>> };

/** A key of records. */
interface Field {
  /** Its name in records. */
  readonly name: string;
  /** Where it is in {@link Recorded}. */
  readonly path: string;
  readonly form: Form;
  /** The meaning of a record without this key; undefined: then it is not a record. */
  readonly missing: unknown;
  /** Whether a stop needs it for a run that only the record of runs describes. */
  readonly isOfEnding: boolean;
}

const NAMES: Form = {
  kind: "list",
  item: { kind: "text", check: "text" },
  limit: null,
  orOne: false,
};

function fieldsOf(backend: BackendType): readonly Field[] {
  return ALL_SESSION_KEYS.flatMap(([name, key]): Field[] => {
    const { part, form, field } = key;
    if (part === undefined || part.record === null || !appliesTo(key, backend)) return [];
    const isNames = form.kind === "variables";
    return [{
      name: part.record ?? name,
      path: isNames ? "envNames" : part.at ?? field,
      form: isNames ? NAMES : form,
      missing: part.needed?.includes(backend) === true ? undefined : defaultOf(key),
      isOfEnding: part.ending === true,
    }];
  });
}

const FIELDS = new Map(BACKENDS.map((backend) => [backend, fieldsOf(backend)]));

/** The record of a definition as text, with additional facts. */
export function encodeRecord(
  definition: Definition,
  facts: Readonly<Record<string, string | null>> = {},
): string {
  const envNames = Object.keys(definition.env);
  const { project, configFile } = definition.owner;
  return JSON.stringify({
    ...definition.unknown,
    version: VERSION,
    ...facts,
    ...encoded(FIELDS.get(definition.backend) ?? [], { ...definition, envNames }),
    project,
    config_file: configFile,
  });
}

/**
 * The record in a text, of any version; null: it is not a record.
 *
 * @param facts the names of the additional facts
 */
export function decodeRecord<B extends BackendType, Fact extends string = never>(
  text: string,
  backend: B,
  facts: readonly Fact[] = [],
): RecordOf<Extract<Definition, { readonly backend: B }>, Fact> | null {
  const found = parsed(text);
  const fields = FIELDS.get(backend) ?? [];
  const values = found && decoded(fields, found);
  if (found === null || values === null) return null;
  const texts = [...facts, "project", "config_file"].map((name) => [name, found.get(name) ?? null]);
  // Anybody can write an option or a label.
  if (texts.some(([, value]) => value !== null && typeof value !== "string")) return null;
  const known = new Set(["version", ...texts.map(([name]) => name)]);
  for (const { name } of fields) known.add(name);
  const unknown = [...found].filter(([name]) => !known.has(name));
  const said = Object.fromEntries(texts);
  const record = {
    ...objectWith(values),
    owner: { project: said["project"], configFile: said["config_file"] } satisfies Owner,
    facts: Object.fromEntries(facts.map((name) => [name, said[name]])),
    ...(unknown.length === 0 ? {} : { unknown: Object.fromEntries(unknown) }),
  };
  // Every key of the table is there, with the type of its form.
  return record as unknown as RecordOf<Extract<Definition, { readonly backend: B }>, Fact>;
}

/** What a stop needs to know about a run that only the record of runs describes. */
export type EndingParts =
  & Pick<Extract<Definition, { readonly backend: "tmux" }>, "stopSignal" | "stopScope">
  & Pick<Definition, "stopTimeoutSeconds" | "protected">;

const OF_ENDING = fieldsOf("tmux").filter(({ isOfEnding }) => isOfEnding);

/** The keys of the session's record that a stop needs. */
export function encodeEnding(ending: EndingParts): { readonly [key: string]: Json } {
  return encoded(OF_ENDING, ending);
}

/** Reads what {@link encodeEnding} wrote; null: it is something else. */
export function decodeEnding(fields: Readonly<Record<string, unknown>>): EndingParts | null {
  const values = decoded(OF_ENDING, new Map(Object.entries(fields)));
  // As in `decodeRecord`.
  return values && objectWith(values) as EndingParts;
}

function encoded(fields: readonly Field[], values: object): { readonly [key: string]: Json } {
  return Object.fromEntries(
    fields.map(({ name, path, form }) => [name, toJson(form, valueAt(values, path))]),
  );
}

/** Null: a required value is missing, or a value has the wrong type. */
function decoded(
  fields: readonly Field[],
  found: ReadonlyMap<string, unknown>,
): readonly (readonly [path: string, value: unknown])[] | null {
  const values: [string, unknown][] = [];
  for (const { name, path, form, missing } of fields) {
    const json = found.get(name) ?? null;
    const value = json === null ? null : fromJson(form, json);
    if (value === undefined || value === null && missing === undefined) return null;
    values.push([path, value ?? missing]);
  }
  return values;
}

function parsed(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(text);
    const isMapping = typeof found === "object" && found !== null && !Array.isArray(found);
    return isMapping ? new Map(Object.entries(found)) : null;
  } catch {
    return null;
  }
}
