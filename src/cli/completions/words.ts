/** Reads and writes the words of a shell's command line as text: nothing is ever run or expanded. */

/** Which quote is open: none, `'`, `"` or `$'`. */
export type Quote = "" | "'" | '"' | "$'";

/** A word as typed, or the beginning of one. */
interface Word {
  /**
   * The value that a program would get. Text that the shell would expand (`$HOME`, `$(date)`) stays
   * as typed.
   */
  readonly value: string;
  /** The quote that is still open at its end. */
  readonly open: Quote;
}

/** A command line up to the cursor. */
interface Line {
  /** The words before the cursor, including the name of the program. */
  readonly words: readonly string[];
  /** The word at the cursor as typed, with its quotes. */
  readonly current: string;
  /** Whether that word is the file of a redirection. */
  readonly redirection: boolean;
}

/** Reads the beginning of a command line of bash. */
export function readLine(text: string): Line {
  let words: string[] = [];
  let redirection = false;
  let at = 0;
  while (true) {
    at += /^[ \t\n]*/.exec(text.slice(at))?.[0].length ?? 0;
    const from = at;
    const word = readWord(text, { from, whole: false });
    at = word.end;
    const raw = text.slice(from, at);
    const operator = /^[<>]+[&|-]?|^&>+|^[;&|()]+/.exec(text.slice(at))?.[0] ?? "";
    if (at === text.length) return { words, current: raw, redirection };
    at += operator.length;
    const isRedirection = /[<>]/.test(operator);
    // In `2>file` the number belongs to the operator.
    if (raw !== "" && !redirection && !(isRedirection && /^\d+$/.test(raw))) words.push(word.value);
    redirection = isRedirection || (raw === "" && redirection);
    if (operator !== "" && !isRedirection) words = [];
  }
}

/** The value of one word, or of its beginning. */
export function unquoted(raw: string): Word {
  const { value, open } = readWord(raw, { from: 0, whole: true });
  return { value, open };
}

/** Reads one word, up to a blank or an operator, or the `whole` text. */
function readWord(
  text: string,
  { from, whole }: { from: number; whole: boolean },
): Word & { readonly end: number } {
  let value = "";
  let open: Quote = "";
  let at = from;
  while (at < text.length) {
    const character = text.charAt(at);
    const next = text.charAt(at + 1);
    if (character === open.slice(-1)) {
      open = "";
      at += 1;
    } else if (open === "'") {
      value += character;
      at += 1;
    } else if (character === "\\") {
      const kept = open === '"' && !'$`"\\\n'.includes(next);
      value += kept ? character + next : next === "\n" ? "" : next;
      at += 2;
    } else if (open === "$'") {
      value += character;
      at += 1;
    } else if (open === "" && (character === "'" || character === '"')) {
      open = character;
      at += 1;
    } else if (open === "" && character === "$" && next === "'") {
      open = "$'";
      at += 2;
    } else if (character === "`" || (character === "$" && (next === "(" || next === "{"))) {
      const end = substitutionEnd(text, at);
      value += text.slice(at, end);
      at = end;
    } else if (!whole && open === "" && /[ \t\n;&|()<>]/.test(character)) {
      break;
    } else {
      value += character;
      at += 1;
    }
  }
  return { value, open, end: Math.min(at, text.length) };
}

/** The end of a part that begins at `from` and that the shell would run or expand. */
function substitutionEnd(text: string, from: number): number {
  const closers: string[] = [];
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    const closer = closers.at(-1);
    if (closer === "'") {
      if (character === closer) closers.pop();
    } else if (character === "\\") {
      at += 1;
    } else if (character === closer) {
      closers.pop();
    } else if (character === "(" || character === "{") {
      // In double quotes a bracket only counts behind a dollar.
      const counts = closer !== '"' || text.charAt(at - 1) === "$";
      if (counts) closers.push(character === "(" ? ")" : "}");
    } else if (character === "`" || character === '"' || (character === "'" && closer !== '"')) {
      closers.push(character);
    }
    if (closers.length === 0 && at > from) return at + 1;
  }
  return text.length;
}

/**
 * The text to type in bash behind an open quote, so that the word has exactly that value. It must
 * not have control characters.
 */
export function typed(text: string, open: Quote): string {
  const inner = typedWithin(text, open);
  const quote = open.slice(-1);
  if (quote === "" || inner === "") return inner;
  // The line editor takes a quote at the beginning for the open one and leaves it out, and closes
  // the quote unless the text ends with one (readline 8.2 complete.c).
  const [first, last] = [inner.startsWith(quote) ? quote : "", inner.endsWith(quote) ? quote : ""];
  return first + inner + last;
}

function typedWithin(text: string, open: Quote): string {
  switch (open) {
    case "":
      return text.replaceAll(/[^\w@%+=:,./\u0080-\u{10ffff}-]/gu, "\\$&");
    case "'":
      return text.replaceAll("'", "'\\''");
    case "$'":
      return text.replaceAll(/[\\']/g, "\\$&");
    case '"':
      // A backslash in double quotes does not keep `!` from the history: it has to stand outside.
      return text.replaceAll(/[$`"\\]/g, "\\$&").replaceAll("!", '"\\!"');
  }
}
