/** The rows that a format of ours makes tmux print, and the numbers in them. Pure. */
import { momentOf } from "../../model.ts";
import { fieldSeparator, rowBegin, rowEnd } from "./args.ts";

/** The texts of all rows, and of one that was cut off; what stands around them, hooks have printed. */
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

/** What is said of an answer that has no row. */
export function unexpectedText(stdout: string): string {
  return `unexpected answer of tmux: ${stdout.trim().slice(0, 80)}`;
}

/** The fields of every row that has so many; whatever else is printed is left out. */
export function rowsOf(stdout: string, fieldCount: number, nonce: string): string[][] {
  const separator = fieldSeparator(nonce);
  return rowTexts(stdout, nonce).rows.map((text) => text.split(separator))
    .filter((fields) => fields.length === fieldCount);
}

/** A number as tmux writes it: digits, and nothing else. */
export function numberOf(text = ""): number | null {
  const number = Number(text);
  return isCount(number) && String(number) === text ? number : null;
}

/** A moment, from seconds since 1970; null where there is none. */
export function timeOf(seconds: number | null): Date | null {
  return seconds === null || seconds === 0 ? null : momentOf(seconds * 1000);
}

/** Whether it is a whole number from 0 on. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
