/** Finds a quote that a file never closes: the parser of YAML fails only far behind it. Pure. */

/** What may stand before a value on its line. */
const BEFORE_VALUE = /(?:^|[\s[{,])(?:[-?:]\s+)*$|["']?:$/;
/**
 * The start of a block of text, with its line ending. Lines below that are indented more belong to
 * it.
 */
const BLOCK = /[|>][-+0-9]*[ \t]*(?:#.*)?$/y;

/** What is said of a quote that is never closed. */
export const OPEN_QUOTE = {
  message: "the quote that begins here is not closed",
  hint: "close it, or put the value between quotes of the other kind",
};

/**
 * The offset of the quote that explains why a parser failed at `wrong`, or null. That quote is
 * still open there, or it was closed by the first quote of a value further down.
 */
export function openQuote(source: string, wrong: number): number | null {
  let at = 0;
  let line = 0;
  while (at < wrong && at < source.length) {
    const character = source[at] ?? "";
    if (character === "\n") {
      at++;
      line = at;
    } else if (character === "#" && /^$|\s/.test(source.slice(at - 1, at))) {
      at = endOfLine(source, at);
    } else if (isQuote(character) && BEFORE_VALUE.test(source.slice(line, at))) {
      const end = closing(source, at);
      if (end === null || end >= wrong) return at;
      const isSpread = source.slice(at, end).includes("\n");
      if (isSpread && !source.slice(end, wrong).includes("\n")) return at;
      line = source.lastIndexOf("\n", end) + 1;
      at = end + 1;
    } else if (isBlock(source, at) && BEFORE_VALUE.test(source.slice(line, at))) {
      at = endOfBlock(source, { line, at });
    } else at++;
  }
  return null;
}

function isQuote(character: string): boolean {
  return character === '"' || character === "'";
}

/** The offset of the quote that closes the one at `opening`. */
function closing(source: string, opening: number): number | null {
  const quote = source[opening] ?? "";
  for (let at = opening + 1; at < source.length; at++) {
    if (quote === '"' && source[at] === "\\") at++;
    else if (source[at] === quote) {
      if (quote === '"' || source[at + 1] !== quote) return at;
      at++;
    }
  }
  return null;
}

function isBlock(source: string, at: number): boolean {
  if (source[at] !== "|" && source[at] !== ">") return false;
  BLOCK.lastIndex = 0;
  return BLOCK.test(source.slice(at, endOfLine(source, at)));
}

function endOfBlock(source: string, { line, at }: { line: number; at: number }): number {
  const indent = indentAt(source, line);
  let end = endOfLine(source, at);
  while (end < source.length) {
    const next = endOfLine(source, end + 1);
    const isBlank = source.slice(end + 1, next).trim() === "";
    if (!isBlank && indentAt(source, end + 1) <= indent) break;
    end = next;
  }
  return end;
}

function indentAt(source: string, line: number): number {
  return /^ */.exec(source.slice(line, endOfLine(source, line)))?.[0].length ?? 0;
}

function endOfLine(source: string, at: number): number {
  const end = source.indexOf("\n", at);
  return end === -1 ? source.length : end;
}
