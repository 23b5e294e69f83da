/** Commands: program and arguments, as one string or as a list of words. */
import {
  characterName,
  findControlButTabAndNewline,
  lengthProblem,
  refusal,
  requireText,
  requireTextList,
  shown,
} from "./refusal.ts";
import type { SessionConfigError } from "../errors.ts";

/** Longest command, in code points; for a list, its words with one space between each two. */
export const MAX_COMMAND_LENGTH = 4096;

/** Characters with a meaning for a shell when they are not quoted. */
const SHELL_CHARACTERS = ";&|<>`()\n";
/** Characters that a backslash escapes between double quotes (POSIX 2.2.3). */
const ESCAPED_IN_DOUBLE_QUOTES = '$`"\\';

const NOTHING_TO_RUN = {
  reason: "there is nothing to run",
  hint: "give a program and its arguments",
};
const EMPTY_PROGRAM = {
  reason: "its first word, the program, is empty",
  hint: "start with the program to run",
};
const SHELL_HINT =
  "quote it, write it as a list of words, or ask for a shell (--shell, shell: true)";

/** How to read a command. */
interface CommandOptions {
  /** Whether the string goes to `sh -c` as it is. Default false: it is split into words. */
  readonly shell?: boolean;
}

/**
 * A command: 1 to 4096 characters in one string, which must split as {@link splitCommand} does, or a
 * list of words, of which the first is not empty. Words of a list, and the string when `shell` is
 * true, are not looked into: only control characters other than tab and newline are refused.
 *
 * ```ts
 * validateCommand("python -c 'import time; time.sleep(1)'"); // the same string
 * validateCommand(["echo", "a | b"]); // the same list
 * validateCommand("sleep 1 && date", { shell: true }); // the same string
 * ```
 *
 * @returns the command, unchanged
 * @throws {SessionConfigError} `value_invalid`; of a list, the error shows no word, since words may
 * have interpolated secrets, and `details.index` tells which of them
 */
export function validateCommand<T extends string | readonly string[]>(
  command: T,
  options: CommandOptions = {},
): T {
  if (Array.isArray(command)) validateWords(command, options);
  else validateText(command, options);
  return command;
}

/**
 * The words of a command string, split and unquoted as a POSIX shell would (POSIX.1-2017, XCU 2.2),
 * and nothing else: no expansion of any kind happens.
 *
 * What is not quoted and only a shell understands is refused: `;` `&` `|` `<` `>` `` ` `` `(` `)`, a
 * newline, a word that starts with `~`, and `$` also between double quotes. A backslash quotes the
 * character after it; before a newline it continues the line. Blanks are space and tab.
 *
 * ```ts
 * splitCommand("python -c 'print(1)' a\\ b"); // ["python", "-c", "print(1)", "a b"]
 * ```
 *
 * @throws {SessionConfigError} `value_invalid`; where it is about one character, `details.character`
 * counts which, in code points from 1
 */
export function splitCommand(text: string): string[] {
  requireText(text, "a command");
  const words: string[] = [];
  /** The word begun; null between words. It may be empty: `''` is a word. */
  let word: string | null = null;
  let quoting: "'" | '"' | null = null;
  let opening = 0;
  let escaped = false;
  let position = 0;
  // Looked for once: character by character it would take longer than all the rest.
  const control = findControlButTabAndNewline(text);
  for (const character of text) {
    position++;
    if (character === control) throw controlError(text, character);
    let added = character;
    if (escaped) {
      escaped = false;
      if (character === "\n") continue;
      if (quoting === '"' && !ESCAPED_IN_DOUBLE_QUOTES.includes(character)) {
        added = `\\${character}`;
      }
    } else if (quoting === null && (character === "'" || character === '"')) {
      quoting = character;
      opening = position;
      added = "";
    } else if (character === quoting) {
      quoting = null;
      added = "";
    } else if (quoting !== "'") {
      if (character === "\\") {
        escaped = true;
        continue;
      }
      const isBare = quoting === null;
      if (
        character === "$" || (isBare && SHELL_CHARACTERS.includes(character)) ||
        (character === "~" && word === null)
      ) throw shellError(text, { character, position });
      if (isBare && (character === " " || character === "\t")) {
        if (word !== null) words.push(word);
        word = null;
        continue;
      }
    }
    word = (word ?? "") + added;
  }
  if (quoting !== null) {
    throw commandError(text, {
      reason: `a ${
        quoting === "'" ? "single" : "double"
      } quote is not closed, at character ${opening}`,
      hint: "close it, or put a backslash before it if it is meant as a character",
      details: { character: opening },
    });
  }
  if (escaped) {
    throw commandError(text, {
      reason: "it ends with a backslash",
      hint: "write two backslashes for one",
    });
  }
  if (word !== null) words.push(word);
  return words;
}

function validateText(command: unknown, options: CommandOptions): void {
  requireText(command, "a command");
  const tooLong = lengthProblem(command, { limit: MAX_COMMAND_LENGTH });
  if (tooLong !== null) {
    throw commandError(command, { reason: tooLong, hint: "put it into a script, and run that" });
  }
  if (options.shell === true) {
    const control = findControlButTabAndNewline(command);
    if (control !== undefined) throw controlError(command, control);
    if (/^[ \t\n]*$/.test(command)) throw commandError(command, NOTHING_TO_RUN);
    return;
  }
  const [program] = splitCommand(command);
  if (program === undefined) throw commandError(command, NOTHING_TO_RUN);
  if (program === "") throw commandError(command, EMPTY_PROGRAM);
}

function validateWords(command: readonly string[], options: CommandOptions): void {
  const subject = "a list of words as a command";
  requireTextList(command, {
    one: "a word of a command",
    many: "words of a command",
    limit: MAX_COMMAND_LENGTH,
  });
  if (options.shell === true) {
    throw refusal(subject, {
      reason: "shell: true takes one string",
      hint: "write the command as one string, or leave shell out",
    });
  }
  const [program] = command;
  if (program === undefined) throw refusal(subject, NOTHING_TO_RUN);
  if (program === "") throw refusal(subject, { ...EMPTY_PROGRAM, details: { index: 0 } });
  const tooLong = lengthProblem(command.join(" "), { limit: MAX_COMMAND_LENGTH });
  if (tooLong !== null) {
    throw refusal(subject, { reason: tooLong, hint: "put it into a script, and run that" });
  }
  for (const [index, word] of command.entries()) {
    const control = findControlButTabAndNewline(word);
    if (control === undefined) continue;
    throw refusal(subject, {
      reason: `word ${index + 1} has ${characterName(control)}`,
      hint: "remove that character",
      details: { index },
    });
  }
}

function commandError(
  text: string,
  problem: Parameters<typeof refusal>[1],
): SessionConfigError {
  return refusal(`${shown(text)} as a command`, problem);
}

function controlError(text: string, character: string): SessionConfigError {
  return commandError(text, {
    reason: `it has ${characterName(character)}`,
    hint: "remove that character",
  });
}

function shellError(
  text: string,
  found: { readonly character: string; readonly position: number },
): SessionConfigError {
  const { character, position } = found;
  const name = characterName(character);
  const where = character === "$" ? "outside single quotes" : "outside quotes";
  const what = character === "~" ? `a word that starts with ${name}` : name;
  return commandError(text, {
    reason: `it has ${what} ${where}, at character ${position}`,
    hint: SHELL_HINT,
    details: { character: position },
  });
}
