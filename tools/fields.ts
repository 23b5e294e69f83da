/**
 * The types of keys in the library, written out from the table of keys: a package needs types that
 * nobody has to infer (JSR calls others slow), and comments.
 */
import type { Form } from "../src/keys/form.ts";
import { ALL_SESSION_KEYS, defaultOf, type SessionKey } from "../src/keys/session_keys.ts";
import { BACKENDS, type BackendType } from "../src/model.ts";

/** `src/keys/fields.ts`. */
export function fieldsFile(): string {
  const common = partsWhere(({ only, part }) => only === undefined && part?.needed === undefined);
  const own = BACKENDS.map((backend) => {
    const parts = partsWhere(
      ({ only, part }) => only === backend || only === undefined && part?.needed !== undefined,
      backend,
    );
    const name = backend === "tmux" ? "TmuxParts" : "ContainerParts";
    return interfaceText(
      name,
      `What only definitions of sessions in ${backend} have of it.`,
      parts,
    );
  });
  const options = ALL_SESSION_KEYS.flatMap(([, { option, field, form }]): readonly Line[] =>
    option === undefined ? [] : [{ doc: option, path: `${field}?`, type: optionType(form) }]
  );
  return [
    "/**",
    " * The types of what keys give, as the library shows them. Written by `deno task docs` from",
    " * `session_keys.ts`, and not by hand.",
    " */",
    'import type { BackendType, StopSignal } from "../model.ts";',
    "",
    interfaceText("CommonParts", "What every definition has of the table of keys.", common),
    ...own,
    interfaceText(
      "SessionOptions",
      "What a session is to be. What is left out is up to the config, the image or the defaults.",
      options,
    ),
  ].join("\n");
}

interface Line {
  readonly doc: string;
  /** Such as `log.keep`. */
  readonly path: string;
  readonly type: string;
}

function partsWhere(
  isMeant: (key: SessionKey) => boolean,
  backend: BackendType | null = null,
): readonly Line[] {
  return ALL_SESSION_KEYS.flatMap(([name, key]): readonly Line[] => {
    const { part, field, form } = key;
    // The backend tells the kinds of definitions apart.
    if (part === undefined || name === "backend" || !isMeant(key)) return [];
    const isNullable = mayBeNull(key) && !(backend !== null && part.needed?.includes(backend));
    const type = `${partType(form)}${isNullable ? " | null" : ""}`;
    return [{ doc: `${part.about}.`, path: part.at ?? field, type }];
  });
}

function mayBeNull(key: SessionKey): boolean {
  return defaultOf(key) === null;
}

function interfaceText(name: string, doc: string, lines: readonly Line[]): string {
  return `/** ${doc} */\nexport interface ${name} {\n${members(lines)}}\n`;
}

function members(lines: readonly Line[]): string {
  const outer = new Set(lines.map(({ path }) => path.replace(/\..*$/, "")));
  return [...outer].map((name) => {
    const own = lines.find(({ path }) => path === name);
    if (own !== undefined) return `  /** ${own.doc} */\n  readonly ${name}: ${own.type};\n`;
    const inner = lines.filter(({ path }) => path.startsWith(`${name}.`));
    const below = inner.map((line) => ({ ...line, path: line.path.slice(name.length + 1) }));
    return `  readonly ${name}: {\n${members(below)}};\n`;
  }).join("");
}

/** The type in a definition: words and variables after everything is filled in. */
function partType(form: Form): string {
  return form.kind === "command" ? "readonly string[]" : optionType(form);
}

function optionType(form: Form): string {
  switch (form.kind) {
    case "text":
      return "string";
    case "flag":
      return "boolean";
    case "choice":
      return form.words === BACKENDS
        ? "BackendType"
        : form.words.map((word) => JSON.stringify(word)).join(" | ");
    case "signal":
      return "StopSignal";
    case "integer":
    case "duration":
    case "size":
      return "number";
    case "command":
      return "string | readonly string[]";
    case "variables":
      return "Readonly<Record<string, string>>";
    case "list": {
      const item = optionType(form.item);
      return `readonly ${item.includes(" ") ? `(${item})` : item}[]`;
    }
    case "map":
      return `Readonly<Record<string, ${optionType(form.item)}>>`;
    case "object": {
      const lines = Object.values(form.keys).map((key) =>
        `readonly ${key.field}: ${partType(key.form)}${
          key.missing === undefined && key.default === undefined ? " | null" : ""
        };`
      );
      return `{ ${lines.join(" ")} }`;
    }
    case "either":
      return form.forms.map(optionType).join(" | ");
  }
}
