/**
 * Variables in the values of a config: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, and `$${`
 * for a literal `${`. Nothing else is expanded, and nothing inside of what was filled in.
 *
 * As in a POSIX shell, `:-` and `:?` take an empty variable for an unset one. A default or message
 * ends at the first `}`.
 */

/** One variable of the environment. */
export type Lookup = (name: string) => string | undefined;

/** What is wrong with a value, said without the value. */
export interface Mistake {
  readonly message: string;
  readonly hint: string | null;
}

/** A text with its variables filled in. */
export interface Interpolated {
  readonly text: string;
  /** What came from the environment: it may be secret. */
  readonly secrets: readonly string[];
  /** Variables that are not set and have no default; the text has nothing in their place. */
  readonly mistakes: readonly Mistake[];
}

/** A variable in a text; `fallback` is what the text says for when it is not set. */
interface Variable {
  readonly name: string;
  readonly fallback: { readonly kind: "default" | "message"; readonly text: string } | null;
}

/** A piece of a text: either as it is, or a variable. `source` is how it was written. */
type Part =
  | { readonly kind: "text"; readonly source: string; readonly text: string }
  | { readonly kind: "variable"; readonly source: string; readonly variable: Variable };

const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([-?])([^}]*))?\}$/;

/** Whether a text has anything to fill in, or an escaped `$${`. */
export function hasVariables(text: string): boolean {
  return text.includes("${");
}

/** Names of the variables in a text, in order, each once. */
export function variablesIn(text: string): readonly string[] {
  return shellText(text, () => "").names;
}

/** What is wrong with the spelling of the variables in a text; whether they are set does not matter. */
export function spellingMistakes(text: string): readonly Mistake[] {
  return read(text).mistakes;
}

/**
 * Fills in the variables of a text.
 *
 * @example
 * ```ts
 * interpolate("127.0.0.1:${PORT:-8080}:80", () => undefined).text; // "127.0.0.1:8080:80"
 * ```
 */
export function interpolate(text: string, lookup: Lookup): Interpolated {
  const { parts, mistakes } = read(text);
  const secrets: string[] = [];
  const unset: Mistake[] = [];
  const filled = parts.map((part) => {
    if (part.kind === "text") return part.text;
    const value = fill(part.variable, lookup);
    if (value.mistake !== null) unset.push(value.mistake);
    if (value.secret && value.text !== "") secrets.push(value.text);
    return value.text;
  });
  return { text: filled.join(""), secrets, mistakes: [...mistakes, ...unset] };
}

/** The words of a command, with their variables filled in. */
export interface InterpolatedWords {
  readonly words: readonly string[];
  readonly secrets: readonly string[];
  readonly mistakes: readonly Mistake[];
}

/**
 * Splits a command first and fills in its variables afterwards, so that a value never adds words.
 *
 * @param split how to split a text; every variable is one word character in the one that it gets
 */
export function interpolateCommand(
  text: string,
  { lookup, split }: { lookup: Lookup; split: (text: string) => readonly string[] },
): InterpolatedWords {
  const { parts, mistakes } = read(text);
  if (mistakes.length > 0) return { words: [], secrets: [], mistakes };
  const { masked, placeholder } = mask(text, parts);
  const secrets: string[] = [];
  const unset: Mistake[] = [];
  // What is put in is not looked at again: next to it, a quoted dollar sign is no part of it.
  const words = split(masked).map((word) =>
    word.replace(placeholder, (_, index) => {
      const part = parts[Number(index)];
      if (part?.kind !== "variable") return part?.text ?? "";
      const value = fill(part.variable, lookup);
      if (value.mistake !== null) unset.push(value.mistake);
      if (value.secret && value.text !== "") secrets.push(value.text);
      return value.text;
    })
  );
  return { words, secrets, mistakes: unset };
}

/**
 * A text with a placeholder for every variable and `$${`, which no splitter takes for anything but
 * a part of a word.
 */
export function maskVariables(text: string): string {
  return mask(text, read(text).parts).masked;
}

/** A placeholder is the index of a part between two characters that the text does not have. */
function mask(text: string, parts: readonly Part[]): { masked: string; placeholder: RegExp } {
  const mark = unusedCharacter(text);
  const masked = parts.map((part, index) =>
    part.kind === "text" && part.source === part.text ? part.text : `${mark}${index}${mark}`
  ).join("");
  return { masked, placeholder: new RegExp(`${mark}([0-9]+)${mark}`, "g") };
}

/** What a shell has to be given for a text whose variables it expands by itself. */
export interface ShellText {
  /** The text with `$${` written as `${`. */
  readonly text: string;
  /** Variables in it, in order, each once. */
  readonly names: readonly string[];
  readonly mistakes: readonly Mistake[];
}

/**
 * A shell knows `${NAME}`, `${NAME:-default}` and `${NAME:?message}` by itself. Its text is left as
 * it is, since a value that is put into it would be run: it gets the variables in its environment.
 *
 * @param lookup tells which variables are set; an unset one without a default is a mistake
 */
export function shellText(text: string, lookup: Lookup): ShellText {
  const { parts, mistakes } = read(text);
  const names = new Set<string>();
  const unset: Mistake[] = [];
  for (const part of parts) {
    if (part.kind === "text") continue;
    names.add(part.variable.name);
    const { mistake } = fill(part.variable, lookup);
    if (mistake !== null) unset.push(mistake);
  }
  return {
    text: parts.map((part) => part.kind === "text" ? part.text : part.source).join(""),
    names: [...names],
    mistakes: [...mistakes, ...unset],
  };
}

function read(text: string): { parts: readonly Part[]; mistakes: readonly Mistake[] } {
  const parts: Part[] = [];
  const mistakes: Mistake[] = [];
  let position = 0;
  while (position < text.length) {
    const start = text.indexOf("${", position);
    if (start === -1) break;
    const escaped = start > position && text[start - 1] === "$";
    const plain = text.slice(position, escaped ? start - 1 : start);
    if (plain !== "") parts.push({ kind: "text", source: plain, text: plain });
    if (escaped) {
      parts.push({ kind: "text", source: "$${", text: "${" });
      position = start + 2;
      continue;
    }
    const end = text.indexOf("}", start);
    if (end === -1) {
      mistakes.push(misspelled(false));
      position = text.length;
      break;
    }
    const source = text.slice(start, end + 1);
    const [, name, sign, rest = ""] = REFERENCE.exec(source) ?? [];
    if (name === undefined || rest.includes("${")) {
      mistakes.push(misspelled(name !== undefined));
    } else {
      const kind = sign === "-" ? "default" : "message";
      const fallback = sign === undefined ? null : { kind, text: rest } as const;
      parts.push({ kind: "variable", source, variable: { name, fallback } });
    }
    position = end + 1;
  }
  const last = text.slice(position);
  if (last !== "") parts.push({ kind: "text", source: last, text: last });
  return { parts, mistakes };
}

function misspelled(nested: boolean): Mistake {
  return nested
    ? { message: "a variable inside the default of another is not supported", hint: null }
    : {
      message: '"${" begins no variable',
      hint: "write ${NAME}, ${NAME:-default} or ${NAME:?message}, and $${ for a literal ${",
    };
}

function fill(
  { name, fallback }: Variable,
  lookup: Lookup,
): { text: string; secret: boolean; mistake: Mistake | null } {
  const value = lookup(name);
  if (value !== undefined && (value !== "" || fallback === null)) {
    return { text: value, secret: true, mistake: null };
  }
  if (fallback?.kind === "default") return { text: fallback.text, secret: false, mistake: null };
  const mistake = fallback === null
    ? {
      message: `the variable ${name} is not set`,
      hint: `set it, write \${${name}:-default}, or $\${ for a literal \${`,
    }
    : {
      message: `the variable ${name} is not set${fallback.text === "" ? "" : `: ${fallback.text}`}`,
      hint: null,
    };
  return { text: "", secret: false, mistake };
}

/** A character of the private use area that the text does not have. */
function unusedCharacter(text: string): string {
  for (let code = 0xe000; code <= 0xf8ff; code++) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) return character;
  }
  // 6,400 different characters that nobody can type: the text stays as it is written.
  return "\u{f0000}";
}
