/** Variables and escapes in one value of an env file, as compose has them. Pure. */
import type { Lookup, Mistake } from "./interpolate.ts";

/** A remark about a place in an env file. It never contains a value. */
export interface Remark extends Mistake {
  readonly line: number;
  readonly column: number;
}

/** A remark about a place in a value. */
interface ValueRemark extends Mistake {
  /** Offset in the value as written. */
  readonly at: number;
}

/** A value with everything filled in. */
interface Expanded {
  readonly text: string;
  readonly mistakes: readonly ValueRemark[];
  /** Variables that are not set. Nothing is filled in for them. */
  readonly unset: readonly ValueRemark[];
  /** Values from the environment. */
  readonly secrets: readonly string[];
}

/** compose-go dotenv, expandEscapes. A backslash before any other character stays. */
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "\\": "\\",
  $: "$",
};

const OPENING = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(\})|(:?[-?+]))/y;

const MISSPELLED = {
  message: '"${" begins no variable',
  hint: "write ${NAME} or ${NAME:-default}, and '${' or $${ for a literal ${",
};
const NOT_CLOSED = { message: 'this "${" has no "}"', hint: MISSPELLED.hint };

/** How deep one variable may stand in the default of another. */
const MAX_DEPTH = 50;

/**
 * Fills in `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `${NAME:+other}`. Without the
 * colon, an empty variable counts as set. `$${` is a literal `${`, any other `$` is itself.
 *
 * @param how `escapes`: whether a backslash has a meaning; `ofFile`: the lines above, which win
 *   over `lookup`, the environment
 */
export function expand(
  source: string,
  { escapes, ofFile, lookup }: {
    readonly escapes: boolean;
    readonly ofFile: Lookup;
    readonly lookup: Lookup;
  },
): Expanded {
  const mistakes: ValueRemark[] = [];
  const unset: ValueRemark[] = [];
  const secrets: string[] = [];
  let at = 0;

  /** Reads up to the end, or to the `}` of the enclosing variable. Unused text is skipped. */
  function text(depth: number, isUsed: boolean): string {
    let filled = "";
    while (at < source.length) {
      const character = source[at] ?? "";
      if (depth > 0 && character === "}") break;
      if (escapes && character === "\\") {
        const next = source[at + 1] ?? "";
        filled += Object.hasOwn(ESCAPES, next) ? ESCAPES[next] : `\\${next}`;
        at += 2;
      } else if (source.startsWith("$${", at)) {
        filled += "${";
        at += 3;
      } else if (source.startsWith("${", at)) {
        filled += variable(depth, isUsed);
      } else {
        filled += character;
        at++;
      }
    }
    return filled;
  }

  function variable(depth: number, isUsed: boolean): string {
    const begin = at;
    OPENING.lastIndex = at;
    const [opening, name, closed, sign] = OPENING.exec(source) ?? [];
    if (opening === undefined || name === undefined || depth === MAX_DEPTH) {
      mistakes.push({ at: begin, ...MISSPELLED });
      at = source.length;
      return "";
    }
    at += opening.length;
    const value = valueOf(name);
    const isSet = value !== undefined && (sign?.startsWith(":") !== true || value !== "");
    const kind = sign?.at(-1);
    const isWordUsed = isUsed && (kind === "+" ? isSet : kind === "-" && !isSet);
    const wordAt = at;
    const word = closed === undefined ? text(depth + 1, isWordUsed) : "";
    if (closed === undefined && source[at] !== "}") {
      mistakes.push({ at: begin, ...NOT_CLOSED });
      return "";
    }
    const message = source.slice(wordAt, at);
    if (closed === undefined) at++;
    if (!isUsed) return "";
    if (kind === "+" || kind === "-" && !isSet) return kind === "+" && !isSet ? "" : word;
    if (isSet) return used(name, value);
    if (kind === "?") {
      const why = `the variable ${name} is not set${message === "" ? "" : `: ${message}`}`;
      mistakes.push({ at: begin, message: why, hint: null });
    } else {
      unset.push({
        at: begin,
        message: `the variable ${name} is not set: nothing is filled in`,
        hint: `set it, or write \${${name}:-default}`,
      });
    }
    return "";
  }

  function valueOf(name: string): string | undefined {
    return ofFile(name) ?? lookup(name);
  }

  function used(name: string, value: string): string {
    if (ofFile(name) === undefined && value !== "") secrets.push(value);
    return value;
  }

  return { text: text(0, true), mistakes, unset, secrets };
}
