/** The definition of a session, for people and scripts. */
import type { Origin } from "../config/config.ts";
import { escapeControls, type Json } from "../errors.ts";
import { toJson } from "../keys/json.ts";
import { valueAt } from "../keys/paths.ts";
import { ALL_SESSION_KEYS, appliesTo } from "../keys/session_keys.ts";
import type { Definition } from "../model.ts";
import { formatSize } from "../validate/size.ts";
import { paint, type Screen } from "./screen.ts";

/** Keys and values. Every value may have an origin, by the path of its key. */
export interface Explanation {
  readonly values: { readonly [key: string]: Json };
  readonly origins: ReadonlyMap<string, Origin>;
}

/** The JSON of a definition: the keys of a config file. Those of the other backend are null. */
export function definitionToWire(definition: Definition): { [key: string]: Json } {
  const pairs = ALL_SESSION_KEYS.flatMap(([name, key]): [string, Json][] => {
    const { part, field, form } = key;
    if (part === undefined) return [];
    const isOwn = appliesTo(key, definition.backend);
    const value = isOwn ? valueAt(definition, part.at ?? field) : null;
    return [[name, toJson(form, value, formatSize)]];
  });
  return Object.fromEntries(pairs);
}

/** The JSON of origins: by key `{from: "flag", flag}`, `{from: "file", file, line, column}`, `{from: "default"}`. */
export function originsToWire(origins: ReadonlyMap<string, Origin>): { [key: string]: Json } {
  return Object.fromEntries(
    [...origins].map(([key, origin]): [string, Json] => {
      if (origin.kind === "default") return [key, { from: "default" }];
      if (origin.kind === "flag") return [key, { from: "flag", flag: origin.flag }];
      const { file, line, column } = origin.place;
      return [key, { from: "file", file, line, column }];
    }),
  );
}

/** `/srv/kstops.yml:5:16`, `--env`, `default`. */
export function originText(origin: Origin): string {
  if (origin.kind === "default") return "default";
  if (origin.kind === "flag") return origin.flag;
  const { file, line, column } = origin.place;
  return escapeControls(`${file}:${line}:${column}`);
}

/**
 * Lines of YAML for a config file, one value each. Null and empty values are left out.
 *
 * @param withOrigins whether each line ends with a comment that names the origin of its value
 */
export function yamlLines(
  { values, origins }: Explanation,
  { withOrigins, screen }: { readonly withOrigins: boolean; readonly screen: Screen },
): readonly string[] {
  const line = (text: string, path: string): string => {
    const origin = origins.get(path);
    if (!withOrigins || origin === undefined) return text;
    return `${text} ${paint(`# ${originText(origin)}`, "dim", screen)}`;
  };
  return Object.entries(values).flatMap(([key, value]): readonly string[] => {
    if (value === null) return [];
    if (typeof value !== "object") return [line(`${key}: ${yamlScalar(value)}`, key)];
    const isList = Array.isArray(value);
    const entries = Object.entries(value);
    if (entries.length === 0) return [];
    const hasOrigin = origins.has(key);
    if (hasOrigin) return [line(`${key}: ${yamlFlow(value)}`, key)];
    return [
      `${key}:`,
      ...entries.map(([name, each]) => {
        const path = isList ? `${key}[${name}]` : `${key}.${name}`;
        return line(`  ${isList ? "-" : `${name}:`} ${yamlScalar(each)}`, path);
      }),
    ];
  });
}

/** A value on one line. */
function yamlFlow(value: Json): string {
  if (typeof value !== "object" || value === null) return yamlScalar(value);
  if (Array.isArray(value)) return `[${value.map(yamlFlow).join(", ")}]`;
  const pairs = Object.entries(value).filter(([, each]) => each !== null)
    .map(([name, each]) => `${name}: ${yamlFlow(each)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** Words that some YAML readers do not take as text. */
const NO_TEXT = /^(?:~|null|true|false|yes|no|on|off|y|n|[-+.\d].*)$/i;

/** A value in YAML. `${` is escaped as kstops wants it in texts that are filled in. */
function yamlScalar(value: Json): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const text = value.replaceAll("${", () => "$${");
  const isPlain = /^[A-Za-z0-9_./][A-Za-z0-9_./@%+=:-]*$/.test(text) && !NO_TEXT.test(text) &&
    !text.endsWith(":");
  return isPlain ? text : escapeControls(JSON.stringify(text));
}
