/** Parses the rows that our formats make tmux print, and the numbers in them. Pure. */
import { momentOf } from "../../model.ts";
import { fieldSeparator, rowBegin, rowEnd } from "./args.ts";

/** The texts of all rows, including a cut one. Hooks have printed everything around them. */
export function rowTexts(
  stdout: string,
  nonce: string,
): { readonly rows: readonly string[]; readonly cut: string | null } {
  const begin = rowBegin(nonce);
  const pieces = stdout.split(rowEnd(nonce));
  const rest = pieces.pop() ?? "";
  const rows: string[] = [];
  for (const piece of pieces) {
    const start = piece.indexOf(begin);
    if (start !== -1) rows.push(piece.slice(start + begin.length));
  }
  const start = rest.indexOf(begin);
  return { rows, cut: start === -1 ? null : rest.slice(start + begin.length) };
}

/** The text about an answer without any row. */
export function unexpectedText(stdout: string): string {
  return `unexpected answer of tmux: ${stdout.trim().slice(0, 80)}`;
}

/** The fields of every row with this many fields. Everything else is left out. */
export function rowsOf(stdout: string, fieldCount: number, nonce: string): string[][] {
  const separator = fieldSeparator(nonce);
  return rowTexts(stdout, nonce).rows.map((text) => text.split(separator))
    .filter((fields) => fields.length === fieldCount);
}

/** A number as tmux writes it: only digits. */
export function numberOf(text = ""): number | null {
  const number = Number(text);
  return isCount(number) && String(number) === text ? number : null;
}

/** A moment, from seconds since 1970, or null. */
export function timeOf(seconds: number | null): Date | null {
  return seconds === null || seconds === 0 ? null : momentOf(seconds * 1000);
}

/** Whether it is a whole number, at least 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
