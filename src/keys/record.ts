/**
 * What a session remembers of its definition: JSON on the session itself (a user option of tmux, a label
 * of a container) and in the record of its runs. Sessions live longer than the kstops that started
 * them, so a record of an older one lacks keys, which get their defaults here, and one of a newer one
 * has more, which are kept. Values of variables are never in it. Pure.
 */
import type { Json } from "../errors.ts";
import { BACKENDS, type BackendType, type Definition, type Owner } from "../model.ts";
import type { Form } from "./form.ts";
import { fromJson, toJson } from "./json.ts";
import { objectWith, valueAt } from "./paths.ts";
import { ALL_SESSION_KEYS, appliesTo, defaultOf } from "./session_keys.ts";

/** Rises when a key comes to mean something else than before; another key is no new version. */
const VERSION = 1;

/** What a record says of a definition: not where it is, and of variables only the names. */
type Recorded<D extends Definition> =
  & Omit<D, "backend" | "name" | "env" | "socketName" | "runtime" | "inherited">
  & { readonly envNames: readonly string[] };

/** A record, with what it says besides: texts that only that kind of session has. */
export type RecordOf<D extends Definition, Fact extends string = never> =
  & Recorded<D>
  & { readonly facts: Readonly<Record<Fact, string | null>> };

/** A key as records have it. */
interface Field {
  /** Its name in records. */
  readonly name: string;
  /** Where it is in {@link Recorded}. */
  readonly path: string;
  readonly form: Form;
  /** What a record means that lacks it; undefined: without it there is no record. */
  readonly missing: unknown;
  /** Whether the end of a run that only the record of runs tells of needs it. */
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

/** The text of the record of a definition, with facts besides. */
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
 * The record that a text is, of any version; null: it is none.
 *
 * @param facts the names of what it says besides
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
  // Every key of the table is there, and is what its form says.
  return record as unknown as RecordOf<Extract<Definition, { readonly backend: B }>, Fact>;
}

/** What a stop has to know of a run that only the record of runs tells of. */
export type EndingParts =
  & Pick<Extract<Definition, { readonly backend: "tmux" }>, "stopSignal" | "stopScope">
  & Pick<Definition, "stopTimeoutSeconds" | "protected">;

const OF_ENDING = fieldsOf("tmux").filter(({ isOfEnding }) => isOfEnding);

/** The same keys as in the record of a session, as far as a stop needs them. */
export function encodeEnding(ending: EndingParts): { readonly [key: string]: Json } {
  return encoded(OF_ENDING, ending);
}

/** What {@link encodeEnding} wrote; null: it is none. */
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

/** Null: something that is needed is not there, or something is not what its form says. */
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
