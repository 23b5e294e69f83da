/**
 * Builds the JSON Schema of a config file, for editors, from the table of keys. Only this file
 * imports zod, and nothing else loads it: reading a config with zod would cost every command more
 * than all other work on the config.
 *
 * The schema describes what an editor sees: YAML values before kstops takes them as the text that
 * is written. It refuses nothing that kstops accepts, and finds wrong types. Only kstops checks the
 * text of images, ports and the like.
 */
import * as z from "zod/mini";
import type { Json } from "../errors.ts";
import { DEFAULTS, OPS_KEYS, TOP_KEYS } from "../keys/file_keys.ts";
import type { Form, Key, Keys, ObjectForm } from "../keys/form.ts";
import { foreignKeys, SESSION_KEYS } from "../keys/session_keys.ts";
import { BACKENDS, type BackendType, STOP_SIGNALS } from "../model.ts";
import { MAX_ENV_KEY_LENGTH, MAX_ENV_VARIABLES } from "../validate/env.ts";
import { isFreeKey } from "./read_value.ts";

/** A value that kstops takes as the text in the file. */
const scalar = () => z.union([z.string(), z.number(), z.boolean()]);
/** A text with variables to fill in, allowed in place of any value. */
const variable = () => z.string().check(z.regex(/\$\{/));

/** The schema of a key's value. */
function zodOf(form: Form): z.ZodMiniType {
  switch (form.kind) {
    case "text":
    case "size":
      return scalar();
    case "flag":
      return z.union([
        z.boolean(),
        z.string().check(z.regex(/^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$/)),
        variable(),
      ]);
    case "choice":
      return z.union([z.enum(form.words), variable()]);
    case "signal": {
      const short = STOP_SIGNALS.map((signal) => signal.slice(3));
      return z.union([z.enum([...STOP_SIGNALS, ...short]), variable()]);
    }
    case "integer":
      return z.union([
        z.int().check(z.gte(form.min), z.lte(form.max)),
        z.string().check(z.regex(/^(?:0|[1-9][0-9]*)$/)),
        variable(),
      ]);
    case "duration":
      return z.union([
        z.number().check(z.gte(form.min), z.lte(form.max)),
        z.string().check(z.regex(/^[0-9][0-9.hms]*$/)),
        variable(),
      ]);
    case "variables": {
      const name = z.string().check(
        z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
        z.maxLength(MAX_ENV_KEY_LENGTH),
      );
      return z.union([
        // zod's record cannot limit its number of entries.
        z.record(name, z.nullable(scalar())).check(z.meta({ maxProperties: MAX_ENV_VARIABLES })),
        z.array(
          // A variable may be called `true`.
          z.union([z.boolean(), z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*(?:=|$)/))]),
        ).check(z.maxLength(MAX_ENV_VARIABLES)),
      ]);
    }
    case "object":
      return form.short === undefined ? zodInner(form) : z.union([scalar(), zodInner(form)]);
    case "command":
      return z.union([scalar(), z.array(scalar())]);
    case "map":
      return z.record(z.string(), zodOf(form.item)).check(z.meta({ maxProperties: form.limit }));
    case "either":
      return z.union(form.forms.map(zodOf));
    case "list": {
      const items = z.array(zodOf(form.item));
      const list = form.limit === null ? items : items.check(z.maxLength(form.limit));
      return form.orOne ? z.union([zodOf(form.item), list]) : list;
    }
  }
}

/** The schema of an object's keys. */
function zodInner({ keys }: ObjectForm): z.ZodMiniType {
  const shape = Object.entries(keys).map(([name, { form, missing }]) => {
    const value = zodOf(form);
    return [name, missing === undefined ? z.optional(z.nullable(value)) : value];
  });
  return zodObject(Object.fromEntries(shape));
}

/** A null means the same as a missing key. */
function zodKey({ form, description }: Key): z.ZodMiniType {
  return z.optional(z.nullable(zodOf(form))).check(z.describe(description));
}

function zodKeys(keys: Keys): Record<string, z.ZodMiniType> {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, zodKey(key)]));
}

/** A mapping with these keys, and any that begin with `x-`. */
function zodObject(shape: Record<string, z.ZodMiniType>): z.ZodMiniType {
  const isKnown = (key: string) => Object.hasOwn(shape, key) || isFreeKey(key);
  return z.looseObject(shape).check(
    z.refine((value) => Object.keys(value).every(isKnown)),
    z.meta({ additionalProperties: false, patternProperties: { "^x-": {} } }),
  );
}

/** The session keys of one backend. */
function zodDefaults(backend: BackendType): z.ZodMiniType {
  const foreign = foreignKeys(backend);
  const keys = Object.entries(SESSION_KEYS).filter(([key]) =>
    key !== "backend" && !foreign.has(key)
  );
  return z.optional(z.nullable(zodObject(zodKeys(Object.fromEntries(keys))))).check(
    z.describe(`Defaults of sessions in ${backend} alone.`),
  );
}

/** A config file, as an editor sees it. */
export function configShape(): z.ZodMiniType {
  const session = zodObject(zodKeys(SESSION_KEYS)).check(
    z.describe("A named program that runs in tmux or in a container."),
  );
  const name = z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/));
  const sessions = z.record(name, z.nullable(session)).check(
    z.describe("The sessions, by name: letters, digits, `_` and `-`, beginning with a letter."),
  );
  const defaults = zodObject({
    ...zodKeys(SESSION_KEYS),
    ...Object.fromEntries(BACKENDS.map((backend) => [backend, zodDefaults(backend)])),
  }).check(z.describe(DEFAULTS.description));
  const ops = zodObject({
    ...zodKeys(OPS_KEYS),
    defaults: z.optional(z.nullable(defaults)),
    sessions: z.optional(z.nullable(sessions)),
  }).check(z.describe("What holds for all sessions, and the sessions."));
  return zodObject({ ...zodKeys(TOP_KEYS), ops: z.optional(z.nullable(ops)) });
}

/** The JSON Schema (draft 2020-12). */
export function jsonSchema(): { readonly [key: string]: Json } {
  const schema = z.toJSONSchema(configShape(), { io: "input" });
  const { $schema, ...rest } = JSON.parse(JSON.stringify(schema)) as { [key: string]: Json };
  return {
    $schema: $schema ?? null,
    title: "Config of kstops",
    description: "The sessions that kstops starts, stops and shows: kstops.yml.",
    ...rest,
  };
}
