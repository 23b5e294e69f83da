/** Writing roff, for pages of man(7): text in, one or more lines out, whatever the text has in it. */

/** Characters that a formatter would read or replace, and how to say them (groff_char(7)). */
const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  '"': "\\(dq",
};

/** Text that somebody may copy: every character comes out as it went in. */
export function literal(text: string): string {
  return text
    .replaceAll(/[\\'`^~"-]/g, (character) => SPECIAL[character] ?? character)
    .replaceAll(/[^\x20-\x7e]/gu, unicode);
}

function unicode(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `\\[u${hex.padStart(4, "0")}]`;
}

/** A sentence of Markdown: what stands in backticks is literal and bold. */
export function prose(markdown: string): string {
  const parts = markdown.replaceAll(/\s+/g, " ").split("`");
  return parts.map((part, index) => index % 2 === 0 ? spoken(part) : bold(part)).join("");
}

/** A hyphen inside of a word is one: a line may be broken behind it. */
function spoken(text: string): string {
  return text.split(/(?<=\p{L})-(?=\p{L})/u).map(literal).join("-");
}

/** Literal text in bold. */
export function bold(text: string): string {
  return text === "" ? "" : `\\fB${literal(text)}\\fP`;
}

/** A usage, such as `-e, --env <key[=value]>`: what is to be replaced is in italics. */
export function usage(text: string): string {
  return text.split(/<([^>]*)>/).map((part, index) =>
    index % 2 === 0
      ? part.replaceAll(/[^\s,[\]|.]+/g, "\0$&\0").split("\0").map(boldWord).join("")
      : `\\fI${literal(part)}\\fP`
  ).join("");
}

/** Between two marks is a word, which is bold; around it are signs, which are not. */
function boldWord(text: string, index: number): string {
  return index % 2 === 0 ? literal(text) : bold(text);
}

/** A line of text: at its beginning a dot, or a quote, would make a request of it. */
export function line(roff: string): string {
  return /^[.']/.test(roff) ? `\\&${roff}` : roff;
}

/** How long lines of the source are, which nobody sees in what is printed. */
const SOURCE_COLUMNS = 80;

/** A paragraph, in lines that a formatter fills anew. */
export function filled(roff: string): readonly string[] {
  const lines: string[] = [];
  for (const word of roff.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > SOURCE_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map(line);
}

/** Lines that are kept as they are, set off from the text around them. */
export function verbatim(lines: readonly string[]): readonly string[] {
  return [".RS 4", ".nf", ...lines.map((each) => line(literal(each))), ".fi", ".RE"];
}
