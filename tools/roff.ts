/** Writes roff for pages of man(7): turns any text into one or more lines. */

/** Characters that a formatter would interpret or replace, and their escapes (groff_char(7)). */
const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  '"': "\\(dq",
};

/** Text that may be copied: every character comes out unchanged. */
export function literal(text: string): string {
  return text
    .replaceAll(/[\\'`^~"-]/g, (character) => SPECIAL[character] ?? character)
    .replaceAll(/[^\x20-\x7e]/gu, unicode);
}

function unicode(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `\\[u${hex.padStart(4, "0")}]`;
}

/** A sentence of Markdown: text in backticks is literal and bold. */
export function prose(markdown: string): string {
  const parts = markdown.replaceAll(/\s+/g, " ").split("`");
  return parts.map((part, index) => index % 2 === 0 ? spoken(part) : bold(part)).join("");
}

/** A hyphen inside a word stays a hyphen: a line may be broken behind it. */
function spoken(text: string): string {
  return text.split(/(?<=\p{L})-(?=\p{L})/u).map(literal).join("-");
}

/** Literal text in bold. */
export function bold(text: string): string {
  return text === "" ? "" : `\\fB${literal(text)}\\fP`;
}

/** A usage, such as `-e, --env <key[=value]>`: placeholders are in italics. */
export function usage(text: string): string {
  return text.split(/<([^>]*)>/).map((part, index) =>
    index % 2 === 0
      ? part.replaceAll(/[^\s,[\]|.]+/g, "\0$&\0").split("\0").map(boldWord).join("")
      : `\\fI${literal(part)}\\fP`
  ).join("");
}

/** Between two marks is a bold word; around it are signs, which are not bold. */
function boldWord(text: string, index: number): string {
  return index % 2 === 0 ? literal(text) : bold(text);
}

/** A line of text: a dot or a quote at its beginning would make it a request. */
export function line(roff: string): string {
  return /^[.']/.test(roff) ? `\\&${roff}` : roff;
}

/** The length of source lines, which does not show in print. */
const SOURCE_COLUMNS = 80;

/** A paragraph, in lines that a formatter fills again. */
export function filled(roff: string): readonly string[] {
  const lines: string[] = [];
  for (const word of roff.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > SOURCE_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map(line);
}

/** Lines that stay unchanged, set off from the text around them. */
export function verbatim(lines: readonly string[]): readonly string[] {
  return [".RS 4", ".nf", ...lines.map((each) => line(literal(each))), ".fi", ".RE"];
}
