/**
 * Fills in variables in the values of a config: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`,
 * and `$${` for a literal `${`. Nothing else is expanded, and filled-in text is not expanded again.
 *
 * As in a POSIX shell, `:-` and `:?` treat an empty variable as unset. A default may contain
 * variables with defaults of their own, `${A:-${B:-c}}`, which count only when the default is used.
 * Env files accept more forms (see `env_expand.ts`), and refuse others.
 */

/** Looks up a variable of the environment. */
export type Lookup = (name: string) => string | undefined;

/** A mistake in a value, described without the value. */
export interface Mistake {
  readonly message: string;
  readonly hint: string | null;
  /** The part of the value that is wrong; without it, the whole value is. */
  readonly spot?: Spot;
}

/** A place in a value: the distance from its begin, in UTF-16 code units, and the text there. */
export interface Spot {
  readonly offset: number;
  readonly text: string;
}

/** A text with its variables filled in. */
interface Interpolated {
  readonly text: string;
  /** Values from the environment. They may be secret. */
  readonly secrets: readonly string[];
  /** Variables that are not set and have no default. Nothing is filled in for them. */
  readonly mistakes: readonly Mistake[];
}

/** A variable in a text; `fallback` is the text's own provision for when it is not set. */
interface Variable {
  readonly name: string;
  /** Where it begins. */
  readonly at: number;
  readonly fallback:
    | { readonly kind: "default"; readonly parts: readonly Part[] }
    | { readonly kind: "message"; readonly text: string }
    | null;
}

/** A piece of a text: plain text or a variable. `source` is how it was written. */
type Part =
  | { readonly kind: "text"; readonly source: string; readonly text: string }
  | { readonly kind: "variable"; readonly source: string; readonly variable: Variable };

function spotAt(offset: number): Spot {
  return { offset, text: "${" };
}

const OPENING = /\$\{([A-Za-z_][A-Za-z0-9_]*)(\}|:[-?])/y;
/** How deep one variable may stand in the default of another. */
const MAX_DEPTH = 50;

/** Whether a text has variables to fill in, or an escaped `$${`. */
export function hasVariables(text: string): boolean {
  return text.includes("${");
}

/** Names of the variables in a text, in order and without repeats. */
export function variablesIn(text: string): readonly string[] {
  return shellText(text, () => "").names;
}

/** Misspelt variables in a text. Whether the variables are set does not matter here. */
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
    unset.push(...value.mistakes);
    secrets.push(...value.secrets);
    return value.text;
  });
  return { text: filled.join(""), secrets, mistakes: [...mistakes, ...unset] };
}

/** The words of a command with their variables filled in. */
interface InterpolatedWords {
  readonly words: readonly string[];
  readonly secrets: readonly string[];
  readonly mistakes: readonly Mistake[];
}

/**
 * Splits a command first and fills in its variables afterwards, so that a value never adds words.
 *
 * @param split splits a text; it gets a text in which every variable is one word character
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
  // Filled-in text is not read again: a quoted dollar sign before it starts no variable.
  const words = split(masked).map((word) =>
    word.replace(placeholder, (_, index) => {
      const part = parts[Number(index)];
      if (part?.kind !== "variable") return part?.text ?? "";
      const value = fill(part.variable, lookup);
      unset.push(...value.mistakes);
      secrets.push(...value.secrets);
      return value.text;
    })
  );
  return { words, secrets, mistakes: unset };
}

/** Replaces every variable and `$${` by a placeholder that any splitter takes for a part of a word. */
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

/** What a shell needs for a text whose variables it expands itself. */
interface ShellText {
  /** The text with `$${` written as `${`. */
  readonly text: string;
  /** Variables in the text, in order and without repeats. */
  readonly names: readonly string[];
  readonly mistakes: readonly Mistake[];
}

/**
 * A shell expands `${NAME}`, `${NAME:-default}` and `${NAME:?message}` itself. Its text stays as it
 * is, since a value filled into it would be run as code: the shell gets the variables in its
 * environment.
 *
 * @param lookup tells which variables are set; an unset one without a default is a mistake
 */
export function shellText(text: string, lookup: Lookup): ShellText {
  const { parts, mistakes } = read(text);
  const unset = parts.flatMap((part) =>
    part.kind === "text" ? [] : fill(part.variable, lookup).mistakes
  );
  return {
    text: forShell(parts),
    names: [...new Set(namesIn(parts))],
    mistakes: [...mistakes, ...unset],
  };
}

function forShell(parts: readonly Part[]): string {
  return parts.map((part) => {
    if (part.kind === "text") return part.text;
    const { name, fallback } = part.variable;
    return fallback?.kind === "default" ? `\${${name}:-${forShell(fallback.parts)}}` : part.source;
  }).join("");
}

function namesIn(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === "text") return [];
    const { name, fallback } = part.variable;
    return [name, ...fallback?.kind === "default" ? namesIn(fallback.parts) : []];
  });
}

function read(text: string): { parts: readonly Part[]; mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = [];
  let at = 0;

  /** Reads up to the end, or to the `}` of the enclosing variable. */
  function partsUntilClosed(depth: number): readonly Part[] {
    const parts: Part[] = [];
    let plain = at;
    const end = (): void => {
      const source = text.slice(plain, at);
      if (source !== "") parts.push({ kind: "text", source, text: source });
    };
    while (at < text.length && !(depth > 0 && text[at] === "}")) {
      const isEscaped = text.startsWith("$${", at);
      if (!isEscaped && !text.startsWith("${", at)) {
        at++;
        continue;
      }
      end();
      if (isEscaped) {
        parts.push({ kind: "text", source: "$${", text: "${" });
        at += 3;
      } else {
        const part = variable(depth);
        if (part !== null) parts.push(part);
      }
      plain = at;
    }
    end();
    return parts;
  }

  /** Null when this is no variable. */
  function variable(depth: number): Part | null {
    const begin = at;
    OPENING.lastIndex = at;
    const [opening, name, sign] = OPENING.exec(text) ?? [];
    if (opening === undefined || name === undefined || depth === MAX_DEPTH) {
      return misspelled(begin, depth);
    }
    at += opening.length;
    if (sign === "}") return made({ name, at: begin, fallback: null });
    const [from, before] = [at, mistakes.length];
    const parts = partsUntilClosed(depth + 1);
    if (mistakes.length > before) return null;
    if (text[at] !== "}") return misspelled(begin, depth);
    const message = text.slice(from, at);
    at++;
    const fallback = sign === ":-"
      ? { kind: "default", parts } as const
      : { kind: "message", text: message } as const;
    return made({ name, at: begin, fallback });
  }

  function made(variable: Variable): Part {
    return { kind: "variable", source: text.slice(variable.at, at), variable };
  }

  /** Inside another variable the parts cannot be told apart: the rest is skipped. */
  function misspelled(begin: number, depth: number): null {
    mistakes.push({
      message: '"${" begins no variable',
      hint: "write ${NAME}, ${NAME:-default} or ${NAME:?message}, and $${ for a literal ${",
      spot: spotAt(begin),
    });
    const closed = depth === 0 ? text.indexOf("}", at) : -1;
    at = closed === -1 ? text.length : closed + 1;
    return null;
  }

  return { parts: partsUntilClosed(0), mistakes };
}

/** A value, the environment values in it, and its unset variables. */
interface Filled {
  readonly text: string;
  readonly secrets: readonly string[];
  readonly mistakes: readonly Mistake[];
}

function fill({ name, at, fallback }: Variable, lookup: Lookup): Filled {
  const value = lookup(name);
  if (value !== undefined && (value !== "" || fallback === null)) {
    return { text: value, secrets: value === "" ? [] : [value], mistakes: [] };
  }
  if (fallback?.kind === "default") {
    const filled = fallback.parts.map((part): Filled =>
      part.kind === "variable"
        ? fill(part.variable, lookup)
        : { text: part.text, secrets: [], mistakes: [] }
    );
    return {
      text: filled.map(({ text }) => text).join(""),
      secrets: filled.flatMap(({ secrets }) => secrets),
      mistakes: filled.flatMap(({ mistakes }) => mistakes),
    };
  }
  const mistake = fallback === null
    ? {
      message: `the variable ${name} is not set`,
      hint: `set it, write \${${name}:-default}, or $\${ for a literal \${`,
    }
    : {
      message: `the variable ${name} is not set${fallback.text === "" ? "" : `: ${fallback.text}`}`,
      hint: null,
    };
  return { text: "", secrets: [], mistakes: [{ ...mistake, spot: spotAt(at) }] };
}

/** A private-use character that the text does not contain. */
function unusedCharacter(text: string): string {
  for (let code = 0xe000; code <= 0xf8ff; code++) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) return character;
  }
  // The text has all 6,400 of these characters, which nobody can type: it stays as written.
  return "\u{f0000}";
}
