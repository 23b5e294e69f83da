/**
 * Variables in the values of a config: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, and `$${`
 * for a literal `${`. Nothing else is expanded, and nothing inside of what was filled in.
 *
 * As in a POSIX shell, `:-` and `:?` take an empty variable for an unset one, and a default may have
 * variables with defaults of their own: `${A:-${B:-c}}`. They count only where the default does. Env
 * files know more (see `env_expand.ts`), and take other things for mistakes.
 */

/** One variable of the environment. */
export type Lookup = (name: string) => string | undefined;

/** What is wrong with a value, said without the value. */
export interface Mistake {
  readonly message: string;
  readonly hint: string | null;
  /** What in the value it is about; without it, the whole. */
  readonly spot?: Spot;
}

/** A place in a value: how far from its begin, in UTF-16 code units, and what stands there. */
export interface Spot {
  readonly offset: number;
  readonly text: string;
}

/** A text with its variables filled in. */
interface Interpolated {
  readonly text: string;
  /** What came from the environment: it may be secret. */
  readonly secrets: readonly string[];
  /** Variables that are not set and have no default; the text has nothing in their place. */
  readonly mistakes: readonly Mistake[];
}

/** A variable in a text; `fallback` is what the text says for when it is not set. */
interface Variable {
  readonly name: string;
  /** Where it begins. */
  readonly at: number;
  readonly fallback:
    | { readonly kind: "default"; readonly parts: readonly Part[] }
    | { readonly kind: "message"; readonly text: string }
    | null;
}

/** A piece of a text: either as it is, or a variable. `source` is how it was written. */
type Part =
  | { readonly kind: "text"; readonly source: string; readonly text: string }
  | { readonly kind: "variable"; readonly source: string; readonly variable: Variable };

function spotAt(offset: number): Spot {
  return { offset, text: "${" };
}

const OPENING = /\$\{([A-Za-z_][A-Za-z0-9_]*)(\}|:[-?])/y;
/** How deep one variable may stand in the default of another. */
const MAX_DEPTH = 50;

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
    unset.push(...value.mistakes);
    secrets.push(...value.secrets);
    return value.text;
  });
  return { text: filled.join(""), secrets, mistakes: [...mistakes, ...unset] };
}

/** The words of a command, with their variables filled in. */
interface InterpolatedWords {
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
      unset.push(...value.mistakes);
      secrets.push(...value.secrets);
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
interface ShellText {
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

  /** Up to the end, or to the `}` that closes the variable around it. */
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

  /** Null: it is none. */
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

  /** Inside of another one nobody knows what belongs to what: the rest is not looked at. */
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

/** A value, what came from the environment into it, and what is not set. */
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

/** A character of the private use area that the text does not have. */
function unusedCharacter(text: string): string {
  for (let code = 0xe000; code <= 0xf8ff; code++) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) return character;
  }
  // 6,400 different characters that nobody can type: the text stays as it is written.
  return "\u{f0000}";
}
