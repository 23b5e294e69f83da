/** Builds the parts of a definition that need nothing but the table of keys. Pure. */
import { OPS_KEYS } from "../keys/file_keys.ts";
import type { Form } from "../keys/form.ts";
import { type Leaf, mapValue } from "../keys/json.ts";
import { objectWith, valueAt } from "../keys/paths.ts";
import {
  ALL_SESSION_KEYS,
  appliesTo,
  type SESSION_KEYS,
  type SessionKey,
} from "../keys/session_keys.ts";
import type { BackendType, Definition } from "../model.ts";
import { validateCommand } from "../validate/command.ts";
import { checkList, CHECKS } from "./rules.ts";
import type { Filler } from "./filler.ts";
import { flagged } from "./flags.ts";
import { hasVariables } from "./interpolate.ts";
import type { Start } from "./starting.ts";

type Table = typeof SESSION_KEYS;

/** The places in definitions of keys for which `resolve` has code of its own. */
type MadeField = {
  [N in keyof Table]: Table[N] extends { readonly part: { readonly made: true } }
    ? Table[N] extends { readonly part: { readonly at: infer At } } ? At : Table[N]["field"]
    : never;
}[keyof Table];

/** The part of a definition that the table describes. */
type Parts<B extends BackendType> = Omit<
  Extract<Definition, { readonly backend: B }>,
  MadeField | "name" | "owner" | "inherited"
>;

/**
 * For every key of a backend: the flag, else the session's value, else the one in `ops`, else the
 * default.
 */
export function partsOf<B extends BackendType>(start: Start, backend: B): Parts<B> {
  const values = ALL_SESSION_KEYS.flatMap(([name, key]): readonly [string, unknown][] => {
    if (key.part === undefined || key.part.made || !appliesTo(key, backend)) return [];
    return [[key.part.at ?? key.field, partOf(start, name, key)]];
  });
  // The types of definitions come from the same table: see `fields.ts`.
  return objectWith(values) as Parts<B>;
}

function partOf(
  { flags, settings, config, filler }: Start,
  name: string,
  key: SessionKey,
): unknown {
  const { field, form } = key;
  const flag = flagged(flags, field);
  if (flag !== null) {
    checkFlag(form, flag);
    return flag;
  }
  const said: unknown = Reflect.get(settings, field);
  if (said !== null && !(Array.isArray(said) && said.length === 0)) {
    return key.filled === "start"
      ? mapValue(form, said, { leaf: filledIn(filler), named: false, path: [name] })
      : said;
  }
  const common = key.ops === undefined ? null : valueAt(config.settings, OPS_KEYS[key.ops].field);
  return common ?? key.default ?? (form.kind === "list" ? [] : null);
}

/** Only the shell has looked at this value: throws when it is not allowed. */
function checkFlag(form: Form, value: unknown): void {
  if (form.kind === "text") CHECKS[form.check](String(value));
  if (form.kind === "list" && form.item.kind === "text" && Array.isArray(value)) {
    checkList(form.item.check, value);
  }
}

/** Texts with their variables filled in; a command below a key becomes its words. */
function filledIn(filler: Filler): Leaf<unknown> {
  return (form, value, path) => {
    if (typeof value !== "string") return value;
    if (form.kind === "text") return filler.text(path, value, CHECKS[form.check]);
    if (form.kind !== "command") return value;
    const isWord = typeof path.at(-1) === "number";
    return isWord
      ? filler.text(path, value, (word) => validateCommand(["program", word]))
      : filler.words(filler.command(value, path), hasVariables(value), path);
  };
}
