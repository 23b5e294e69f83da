import { ok } from "node:assert/strict";

/**
 * Reads a script as tmux does (3.3a cmd-parse.y) with regard to quotes, separators and line ends:
 * lines of commands of words.
 */
export function readScript(script: string): string[][][] {
  // The reader drops these first.
  const text = script.replaceAll("\\\n", "");
  const lines: string[][][] = [[[]]];
  let word: string | null = null;
  const command = (): string[] => lines.at(-1)?.at(-1) ?? [];
  const endWord = (): void => {
    if (word !== null) command().push(word);
    word = null;
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === "'") {
      const end = text.indexOf("'", index + 1);
      ok(end > 0, `unbalanced quote in ${script}`);
      word = (word ?? "") + text.slice(index + 1, end);
      index = end;
    } else if (character === '"') {
      for (index++; text[index] !== '"'; index++) {
        ok(index < text.length, `unbalanced quote in ${script}`);
        if (text[index] !== "\\") {
          word = (word ?? "") + text[index];
        } else {
          const escaped = text[++index] ?? "";
          word = (word ?? "") + ({ n: "\n", r: "\r" }[escaped] ?? escaped);
        }
      }
    } else if (character === "\\") {
      word = (word ?? "") + text[++index];
    } else if (character === " ") {
      endWord();
    } else if (character === ";") {
      ok(word === null, "a separator in a word");
      lines.at(-1)?.push([]);
    } else if (character === "\n") {
      endWord();
      lines.push([[]]);
    } else {
      // Any other character could begin a variable, a format condition or a comment: it must be
      // quoted.
      throw new Error(`not quoted: ${JSON.stringify(character)} in ${script}`);
    }
  }
  endWord();
  return lines.filter((line) => line.flat().length > 0);
}
