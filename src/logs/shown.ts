/** Renders printed output as a terminal would finally show it, line by line, for excerpts. Pure. */
import { CUT_MARK } from "./lines.ts";

/** The most characters of a line that are shown. */
const MOST_CHARACTERS = 500;
/** How many lines can still be overwritten: the rows of a screen of any size. */
const MOST_ROWS = 200;
/** The screen that `ESC [ H` addresses: at most this many lines above the last one. */
const SCREEN_ROWS = 24;
/** The most accents and joiners kept on one character. */
const MOST_ACCENTS = 8;
/** The longest numbers of a meaningful sequence. */
const MOST_PARAMETERS = 64;
const TAB_COLUMNS = 8;
/** Enough for everything shown of a line, including colours and its end. */
const MOST_LINE_BYTES = 16 * 1024;
/** No program moves farther on purpose. */
const MOST_COLUMNS = 1_000_000;
/** The first character that may be an accent, or wide. */
const FIRST_ODD = 0x300;

/** Drawn over the previous character. */
const ACCENT = /^[\p{M}\u200d\ufe0e\ufe0f]$/u;
/** East Asian letters and emoji, which take two columns. */
const WIDE = new RegExp(
  "^[\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60" +
    "\\uffe0-\\uffe6\\u{1f300}-\\u{1f64f}\\u{1f680}-\\u{1f6ff}\\u{1f900}-\\u{1faff}" +
    "\\u{20000}-\\u{3fffd}]$",
  "u",
);

/** The second column of a wide character. */
const NOTHING = "";

/** One line of the screen. */
class Row {
  readonly #cells: string[] = [];
  /** Whether more was drawn than is kept. */
  #hasMore = false;
  /** Whether something was overwritten: then blanks at the end may hide it. */
  #isDrawnOver = false;

  put(column: number, character: string): void {
    if (column >= MOST_CHARACTERS) {
      this.#hasMore = true;
      return;
    }
    if (column < this.#cells.length) {
      this.#isDrawnOver = true;
      this.#tear(column);
    }
    while (this.#cells.length < column) this.#cells.push(" ");
    this.#cells[column] = character;
  }

  /** Drawing over half of a wide character removes the other half, too. */
  #tear(column: number): void {
    if (this.#cells[column] === NOTHING) {
      for (let at = column - 1; at >= 0; at--) {
        const isHead = this.#cells[at] !== NOTHING;
        this.#cells[at] = " ";
        if (isHead) break;
      }
    }
    for (let at = column + 1; this.#cells[at] === NOTHING; at++) this.#cells[at] = " ";
  }

  /** Whether nothing is drawn from a column on. */
  isBehind(column: number): boolean {
    return column >= this.#cells.length;
  }

  accent(column: number, character: string): void {
    for (let at = Math.min(column, this.#cells.length) - 1; at >= 0; at--) {
      const cell = this.#cells[at] ?? NOTHING;
      if (cell === NOTHING) continue;
      if ([...cell].length <= MOST_ACCENTS) this.#cells[at] = cell + character;
      return;
    }
  }

  /** Clears the columns up to, but not including, the second one. */
  erase(from: number, to: number): void {
    this.#isDrawnOver = true;
    if (to >= this.#cells.length) {
      if (from < this.#cells.length) {
        this.#tear(from);
        this.#cells.length = from;
      }
      if (from < MOST_CHARACTERS && to === Infinity) this.#hasMore = false;
      return;
    }
    if (to <= from) return;
    this.#tear(from);
    this.#tear(to - 1);
    this.#cells.fill(" ", from, to);
  }

  remove(from: number, count: number): void {
    this.#isDrawnOver = true;
    this.#cells.splice(from, count);
  }

  insert(from: number, count: number): void {
    if (from >= this.#cells.length) return;
    this.#isDrawnOver = true;
    const room = Math.min(count, MOST_CHARACTERS - from);
    this.#cells.splice(from, 0, ...Array<string>(room).fill(" "));
    if (this.#cells.length <= MOST_CHARACTERS) return;
    this.#cells.length = MOST_CHARACTERS;
    this.#hasMore = true;
  }

  text(): string {
    const whole = this.#cells.join("");
    if (!this.#hasMore) {
      const text = this.#isDrawnOver ? whole.replace(/ +$/, "") : whole;
      const characters = [...text];
      // Accents can make it longer than its columns.
      if (characters.length <= MOST_CHARACTERS) return text;
      return `${characters.slice(0, MOST_CHARACTERS).join("")}${CUT_MARK}`;
    }
    return `${[...whole].slice(0, MOST_CHARACTERS).join("")}${CUT_MARK}`;
  }
}

/** Turns output into lines. */
interface Shown {
  /**
   * Takes more output.
   *
   * @returns the lines that can no longer change
   */
  readonly write: (bytes: Uint8Array) => string[];
  /** @returns the remaining lines, including one without a newline */
  readonly end: () => string[];
}

// deno-lint-ignore no-control-regex
const PRINTABLE = /[^\x00-\x1f\x7f-\x9f]+/y;

/** Includes the newline: an unfinished sequence must not hide everything after it. */
const ENDS_SEQUENCES = "\n\x18\x1a";

/** The state inside a sequence. */
type Place = "text" | "escape" | "charset" | "control" | "string" | "string end";

/**
 * Renders what a terminal finally shows: applies carriage returns, backspaces, erasures and cursor
 * movements, leaves out colours and titles, and cuts each line at 500 characters. Takes time in
 * proportion to the output, and memory for a few lines at most.
 *
 * A line ends where the program ended it: the terminal has no width here.
 *
 * @param rows how many lines can still be overwritten, at least one; earlier lines are handed out
 */
export function shown({ rows: mostRows = MOST_ROWS }: { readonly rows?: number } = {}): Shown {
  const decoder = new TextDecoder();
  const rows = [new Row()];
  /** Lines that can no longer be overwritten. */
  let done: string[] = [];
  let [at, column] = [0, 0];
  let saved: readonly [row: number, column: number] = [0, 0];
  /** The first line since the screen was cleared. */
  let page = 0;
  /** Whether the cursor was just sent to the first line of the screen. */
  let isHome = false;
  let place: Place = "text";
  let parameters = "";

  const row = (): Row => rows[at] ?? new Row();
  const moveTo = (toRow: number, toColumn: number): void => {
    // There is nothing yet below the last line.
    at = Math.max(0, Math.min(toRow, rows.length - 1));
    column = Math.max(0, Math.min(toColumn, MOST_COLUMNS));
  };
  /** Hands out the lines that are too far above to be overwritten. */
  const scroll = (): void => {
    const count = Math.max(0, rows.length - mostRows);
    for (const each of rows.splice(0, count)) done.push(each.text());
    at = Math.max(0, at - count);
    page = Math.max(0, page - count);
    saved = [Math.max(0, saved[0] - count), saved[1]];
  };
  const print = (text: string): void => {
    for (const character of text) {
      const isPlain = (character.codePointAt(0) ?? 0) < FIRST_ODD;
      if (!isPlain && ACCENT.test(character)) {
        row().accent(column, character);
        continue;
      }
      row().put(column++, character);
      if (!isPlain && WIDE.test(character)) row().put(column++, NOTHING);
    }
  };
  const tab = (): void => {
    const next = (Math.floor(column / TAB_COLUMNS) + 1) * TAB_COLUMNS;
    // A tab leaves existing characters alone.
    if (row().isBehind(column)) {
      row().put(column++, "\t");
      while (column < next) row().put(column++, NOTHING);
    }
    column = next;
  };
  /** Clearing the screen must not hide what was printed: a new screen begins below it. */
  const startPage = (): void => {
    if (rows.at(-1)?.text() !== "") rows.push(new Row());
    page = rows.length - 1;
    moveTo(page, 0);
    scroll();
  };
  const eraseScreen = (how: string, isWhole: boolean): void => {
    if (how === "2" || how === "3" || isWhole) return startPage();
    if (how === "1") return;
    row().erase(column, Infinity);
    rows.length = at + 1;
  };
  const control = (final: string): void => {
    const wasHome = isHome;
    isHome = false;
    // Switches to or from the screen of full-screen programs.
    if (/^\?(?:47|1047|1049)$/.test(parameters) && /[hl]/.test(final)) startPage();
    // Private sequences and those with more letters mean something else.
    if (!/^[\d;]*$/.test(parameters)) return;
    const [first = "", second = ""] = parameters.split(";");
    const numberIn = (text: string): number => Math.min(Number(text) || 1, MOST_COLUMNS);
    const count = numberIn(first);
    switch (final) {
      case "A":
        return moveTo(at - count, column);
      case "B":
        return moveTo(at + count, column);
      case "C":
        return moveTo(at, column + count);
      case "D":
        return moveTo(at, column - count);
      case "E":
        return moveTo(at + count, 0);
      case "F":
        return moveTo(at - count, 0);
      case "G":
        return moveTo(at, count - 1);
      case "H":
      case "f":
        isHome = count === 1 && numberIn(second) === 1;
        return moveTo(
          Math.max(page, rows.length - SCREEN_ROWS) + count - 1,
          numberIn(second) - 1,
        );
      case "J":
        return eraseScreen(first, wasHome);
      case "K":
        if (first === "1") return row().erase(0, column + 1);
        return row().erase(first === "2" ? 0 : column, Infinity);
      case "P":
        return row().remove(column, count);
      case "X":
        return row().erase(column, column + count);
      case "@":
        return row().insert(column, count);
      case "s":
        saved = [at, column];
        return;
      case "u":
        return moveTo(...saved);
    }
  };
  /** The state after an escape character and this one. */
  const escape = (character: string): Place => {
    if (character === "[") {
      parameters = "";
      return "control";
    }
    if ("]PX^_".includes(character)) return "string";
    if (character >= " " && character <= "/") return "charset";
    if (character === "7") saved = [at, column];
    else if (character === "8") moveTo(...saved);
    else if (character === "M") moveTo(at - 1, column);
    return "text";
  };
  const newline = (): void => {
    [at, column] = [at + 1, 0];
    if (at === rows.length) rows.push(new Row());
    scroll();
  };
  const draw = (character: string): void => {
    if (character === "\n") newline();
    else if (character === "\r") column = 0;
    else if (character === "\b") column = Math.max(0, column - 1);
    else if (character === "\t") tab();
  };
  const take = (text: string): string[] => {
    for (let from = 0; from < text.length;) {
      const character = text[from] ?? "";
      if (character === "\x1b") {
        place = place === "string" ? "string end" : "escape";
      } else if (place === "text" || ENDS_SEQUENCES.includes(character)) {
        place = "text";
        PRINTABLE.lastIndex = from;
        const printable = PRINTABLE.exec(text)?.[0];
        if (printable !== undefined) {
          isHome = false;
          print(printable);
          from += printable.length;
          continue;
        }
        draw(character);
      } else if (place === "escape" || place === "string end") {
        // A string ends with an escape character and a backslash.
        place = escape(character);
      } else if (place === "charset") {
        if (character < " " || character > "/") place = "text";
      } else if (place === "string") {
        if (character === "\x07") place = "text";
      } else if (character >= "@" && character <= "~") {
        control(character);
        place = "text";
      } else if (character < " ") {
        draw(character);
      } else if (parameters.length < MOST_PARAMETERS) {
        parameters += character;
      }
      from++;
    }
    const lines = done;
    done = [];
    return lines;
  };
  return {
    write: (bytes) => take(decoder.decode(bytes, { stream: true })),
    end: () => {
      const lines = take(decoder.decode());
      const rest = rows.map((each) => each.text());
      // There is no line behind the last newline.
      if (rest.at(-1) === "") rest.pop();
      return [...lines, ...rest];
    },
  };
}

/** The last lines of output, as {@link shown} renders them. */
export function lastShown(bytes: Uint8Array, lines: number): readonly string[] {
  const screen = shown();
  return [...screen.write(bytes), ...screen.end()].slice(-lines);
}

/**
 * What to read for an excerpt of some lines: more lines, since a program may overwrite them again
 * and again, and of each line no more than can matter.
 */
export function excerptOf(
  lines: number,
): { readonly lines: number; readonly mostLineBytes: number } {
  return { lines: lines + MOST_ROWS, mostLineBytes: MOST_LINE_BYTES };
}
