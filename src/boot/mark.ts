/**
 * The mark of files and lines that kstops wrote: what somebody else wrote, or has edited since, is neither
 * overwritten nor removed. Pure.
 */

/** Whose a text is. */
export type Whose = "ours" | "edited" | "others";

const WORDS = "Made by kstops boot enable; kstops boot disable removes it; do not edit:";

/** A file with its mark, which is a comment: the first line, or the second behind `#!`. */
export async function markFile(
  body: string,
  { head = "", open = "# ", close = "" }: {
    readonly head?: string;
    readonly open?: string;
    readonly close?: string;
  } = {},
): Promise<string> {
  return `${head}${open}${WORDS} ${await digest(head + body)}${close}\n${body}`;
}

/** Whose a file is. */
export async function whoseFile(text: string): Promise<Whose> {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.includes(WORDS));
  if (at < 0) return "others";
  const said = /: ([0-9a-f]{16})\b/.exec(lines[at] ?? "")?.[1];
  const rest = lines.toSpliced(at, 1).join("\n");
  return said === await digest(rest) ? "ours" : "edited";
}

const LINE = / # kstops boot ([0-9a-f]{16})$/;

/** A line of a crontab with its mark. */
export async function markLine(line: string): Promise<string> {
  return `${line} # kstops boot ${await digest(line)}`;
}

/** Whose a line of a crontab is. */
export async function whoseLine(line: string): Promise<Whose> {
  const said = LINE.exec(line)?.[1];
  if (said === undefined) return "others";
  return said === await digest(line.replace(LINE, "")) ? "ours" : "edited";
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes).subarray(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
