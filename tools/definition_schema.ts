/** The JSON Schema of a definition, `config/definition.schema.json`, from the table of keys. */
import type { Json } from "../src/errors.ts";
import type { Form } from "../src/keys/form.ts";
import { ALL_SESSION_KEYS, defaultOf, type SessionKey } from "../src/keys/session_keys.ts";

type Rules = { readonly [key: string]: Json };

/** The schema: every part of a definition, in the order in which it is printed. */
export function definitionSchema(): Rules {
  const keys = ALL_SESSION_KEYS.flatMap(([name, key]): [string, Rules][] => {
    if (key.part === undefined) return [];
    const rules = rulesOf(key.form);
    const description = key.part.about;
    return [[name, { ...(mayBeNull(key) ? orNull(rules) : rules), description }]];
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "What a session of kstops is started from",
    description: "The keys of a session in a config, with everything filled in; those of the " +
      "other backend are null. Keys are only ever added.",
    type: "object",
    properties: Object.fromEntries(keys),
    required: keys.map(([name]) => name),
  };
}

function mayBeNull(key: SessionKey): boolean {
  return key.only !== undefined || defaultOf(key) === null;
}

function orNull(rules: Rules): Rules {
  if (Array.isArray(rules["enum"])) return { ...rules, enum: [...rules["enum"], null] };
  return "type" in rules
    ? { ...rules, type: [rules["type"] ?? null, "null"].flat() }
    : { anyOf: [rules, { type: "null" }] };
}

function rulesOf(form: Form): Rules {
  switch (form.kind) {
    case "text":
    case "size":
    case "signal":
      return { type: "string" };
    case "flag":
      return { type: "boolean" };
    case "choice":
      return { enum: form.words };
    case "integer":
      return { type: "integer", minimum: form.min };
    case "duration":
      return { type: ["number", "integer"], minimum: form.min };
    case "command":
      return { type: "array", items: { type: "string" } };
    case "list":
      return { type: "array", items: rulesOf(form.item) };
    case "variables":
      return { type: "object", additionalProperties: { type: "string" } };
    case "map":
      return { type: "object", additionalProperties: rulesOf(form.item) };
    case "object": {
      const keys = Object.entries(form.keys).map(([name, key]): [string, Rules] => {
        const mayBeNull = key.missing === undefined && key.default === undefined;
        const rules = mayBeNull ? orNull(rulesOf(key.form)) : rulesOf(key.form);
        return [name, key.about === undefined ? rules : { ...rules, description: key.about }];
      });
      const required = Object.keys(form.keys);
      return { type: "object", properties: Object.fromEntries(keys), required };
    }
    case "either":
      return { anyOf: form.forms.map(rulesOf) };
  }
}
