/**
 * Reads env files as `docker compose` does, or as `docker run --env-file` does (`raw`). Pure. No
 * message here contains a value: all values of env files are secret.
 */
import type { EnvFormat } from "../model.ts";
import { expand, type Remark } from "./env_expand.ts";
import type { Lookup } from "./interpolate.ts";
import { OPEN_QUOTE } from "./open_quote.ts";
import { positionsIn } from "./positions.ts";

/** One variable of an env file. */
interface EnvLine {
  /** Null: the value comes from the environment. */
  readonly value: string | null;
  /** Line of the name, counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** What an env file says. */
interface EnvFile {
  /** When a key is there twice, the last line counts, in value and position. */
  readonly variables: ReadonlyMap<string, EnvLine>;
  /** Every line that is wrong. */
  readonly mistakes: readonly Remark[];
  /** Variables that should be filled in but are not set. */
  readonly unset: readonly Remark[];
  /** Values that `raw` would read differently. Empty for a file that was read as `raw`. */
  readonly otherwise: readonly Remark[];
  /** Values filled in from the environment. They may be secret. */
  readonly secrets: readonly string[];
}

/**
 * Reads an env file.
 *
 * As compose does: `KEY=value` or `KEY: value`, with or without `export` before it; a `KEY` alone is
 * taken from the environment. A value without quotes ends at ` #` or at the end of its line. In `'...'`
 * nothing has a meaning but `\'`; `"..."` also knows `\n`, `\t`, `\"`, `\\`, `\$` and the like; both may
 * go over several lines. `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `${NAME:+other}` are
 * filled in where no single quotes are, from the lines above, then by `lookup`; any other `$` is itself.
 *
 * `raw`: a value goes to the end of its line as it is (docker/cli 28 opts/file.go).
 *
 * ```ts
 * parseEnvFile("export MODE='a b' # c\nTOKEN\n", { format: "compose", lookup: () => undefined });
 * // MODE: { value: "a b", line: 1, column: 8 }, TOKEN: { value: null, line: 2, column: 1 }
 * ```
 */
export function parseEnvFile(
  text: string,
  { format, lookup }: { readonly format: EnvFormat; readonly lookup: Lookup },
): EnvFile {
  // Files with a byte order mark may have been laid end to end.
  const source = text.replace(/^\ufeff/gm, "").replace(/\r\n/g, "\n").replace(/\r$/, "");
  return format === "raw" ? parseRaw(source) : parseCompose(source, lookup);
}

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

const NO_KEY = {
  message: "the line does not begin with the name of a variable",
  hint: "write KEY=value, the key in letters, digits and _",
};
const RAW_NO_KEY = {
  message: NO_KEY.message,
  hint: "with format: raw a line is KEY=value, with neither export nor a blank before the =",
};
const BEHIND_QUOTE = {
  message: "there is something behind the closing quote of this value",
  hint: "write \\ before a quote inside of the value, and a blank before a comment",
};

function parseRaw(source: string): EnvFile {
  const variables = new Map<string, EnvLine>();
  const mistakes: Remark[] = [];
  for (const [index, whole] of source.split("\n").entries()) {
    const place = { line: index + 1, column: whole.length - whole.trimStart().length + 1 };
    const found = rawLine(whole);
    if (found === null) continue;
    if (!KEY.test(found.key)) {
      mistakes.push({ ...place, ...RAW_NO_KEY });
      continue;
    }
    variables.delete(found.key);
    variables.set(found.key, { value: found.value, ...place });
  }
  return { variables, mistakes, unset: [], otherwise: [], secrets: [] };
}

/** One line as `raw` reads it; null for a line without a variable. */
function rawLine(whole: string): { readonly key: string; readonly value: string | null } | null {
  const line = whole.trimStart();
  if (line === "" || line.startsWith("#")) return null;
  const equals = line.indexOf("=");
  return equals === -1
    ? { key: line.trimEnd(), value: null }
    : { key: line.slice(0, equals), value: line.slice(equals + 1) };
}

/** A blank that does not end the line. */
const BLANKS = /[^\S\n]*/y;
const BLANKS_AND_LINES = /\s*/y;
const EXPORT = /export[^\S\n]+(?=[^\s=:#])/y;
/** Any characters up to the end of the name. */
const NAME = /[^=:\n]*/y;
const COMMENT = /[^\S\n]*(?:#[^\n]*)?(?=\n|$)/y;
const REST_OF_LINE = /[^\n]*/y;

/** A value as written. */
interface WrittenValue {
  readonly kind: "plain" | "single" | "double" | "broken";
  readonly text: string;
  /** Offset of the first character of the text. */
  readonly at: number;
}

function parseCompose(source: string, lookup: Lookup): EnvFile {
  const variables = new Map<string, EnvLine>();
  const mistakes: Remark[] = [];
  const unset: Remark[] = [];
  const otherwise: Remark[] = [];
  const secrets: string[] = [];
  const placeAt = positionsIn(source);
  let at = 0;

  /** Moves behind the match of a sticky pattern; null when it does not match here. */
  function take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found !== null) at = pattern.lastIndex;
    return found;
  }

  /** Reads a value in quotes. Reports a mistake in it and skips its line. */
  function takeQuoted(kind: "single" | "double"): WrittenValue {
    const begin = at + 1;
    const end = closingQuote(source, at);
    if (end === null) mistakes.push({ ...placeAt(at), ...OPEN_QUOTE });
    else {
      at = end + 1;
      if (take(COMMENT) !== null) return { kind, text: source.slice(begin, end), at: begin };
      mistakes.push({ ...placeAt(at), ...BEHIND_QUOTE });
    }
    take(REST_OF_LINE);
    return { kind: "broken", text: "", at: begin };
  }

  function takeValue(): WrittenValue {
    const begin = at;
    take(BLANKS);
    if (source[at] === "'") return takeQuoted("single");
    if (source[at] === '"') return takeQuoted("double");
    at = begin;
    const written = take(REST_OF_LINE)?.[0] ?? "";
    const [value = ""] = written.split(" #", 1);
    const blanks = value.length - value.trimStart().length;
    return { kind: "plain", text: value.trim(), at: begin + blanks };
  }

  function valueOf(written: WrittenValue): string {
    if (written.kind === "single") return written.text.replaceAll("\\'", "'");
    const expanded = expand(written.text, {
      escapes: written.kind === "double",
      ofFile: (name) => variables.get(name)?.value ?? undefined,
      lookup,
    });
    const toRemark = (
      { at, message, hint }: { at: number; message: string; hint: string | null },
    ) => ({
      ...placeAt(written.at + at),
      message,
      hint,
    });
    mistakes.push(...expanded.mistakes.map(toRemark));
    unset.push(...expanded.unset.map(toRemark));
    secrets.push(...expanded.secrets);
    return expanded.text;
  }

  for (;;) {
    take(BLANKS_AND_LINES);
    if (at >= source.length) break;
    if (source[at] === "#") {
      take(REST_OF_LINE);
      continue;
    }
    const begin = at;
    take(EXPORT);
    const place = placeAt(at);
    const name = take(NAME)?.[0] ?? "";
    const hasValue = at < source.length && source[at] !== "\n";
    const key = (hasValue ? name : name.split(" #", 1)[0] ?? "").trim();
    if (hasValue) at++;
    const written = hasValue ? takeValue() : null;
    if (!KEY.test(key)) {
      mistakes.push({ ...place, ...NO_KEY });
      continue;
    }
    if (written?.kind === "broken") continue;
    const value = written === null ? null : valueOf(written);
    variables.delete(key);
    variables.set(key, { value, ...place });
    const end = source.indexOf("\n", begin);
    const raw = rawLine(source.slice(begin, end === -1 ? undefined : end));
    if (value !== null && raw?.key === key && raw.value !== value) {
      otherwise.push({ ...place, ...readOtherwise(key) });
    }
  }
  return { variables, mistakes: inOrder(mistakes), unset, otherwise, secrets };
}

/** The offset of the quote that closes the one at `opening`, or null. */
function closingQuote(source: string, opening: number): number | null {
  for (let at = opening + 1; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === source[opening]) return at;
  }
  return null;
}

function readOtherwise(key: string): Pick<Remark, "message" | "hint"> {
  return {
    message: `${key} would be different with format: raw, which takes quotes, comments, ` +
      "blanks and ${} as they are",
    hint: "choose one in env_file: {path: FILE, format: raw}, or format: compose for this one",
  };
}

function inOrder(remarks: readonly Remark[]): readonly Remark[] {
  return remarks.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
