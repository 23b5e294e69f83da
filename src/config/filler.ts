/** The texts of a session with their variables filled in, at a start. Pure. */
import { SessionConfigError } from "../errors.ts";
import { splitCommand, validateCommand } from "../validate/command.ts";
import type { Config, Path, Problem, UsableEntry } from "./config.ts";
import {
  hasVariables,
  interpolate,
  interpolateCommand,
  type Lookup,
  type Mistake,
  shellText,
} from "./interpolate.ts";

/** Throws {@link SessionConfigError} for a value that is not allowed. */
type Check = (value: string) => unknown;

/**
 * Fills in the variables of a session's texts, and collects what goes wrong. Texts without
 * variables were checked when the config was loaded.
 */
export interface Filler {
  readonly text: (path: Path, text: string, check: Check) => string;
  readonly optional: (path: Path, text: string | null, check: Check) => string | null;
  readonly list: (path: Path, texts: readonly string[], check: Check) => readonly string[];
  /** @param path where it stands; without it, under `command` */
  readonly command: (text: string, path?: Path) => readonly string[];
  /**
   * Checks the words of a command if something was filled in.
   *
   * @param path as of `command`
   */
  readonly words: (words: readonly string[], isFilled: boolean, path?: Path) => readonly string[];
  /** @param lookup the environment of the shell, which expands the variables itself */
  readonly shell: (
    text: string,
    lookup: Lookup,
  ) => { readonly text: string; readonly names: readonly string[] };
  readonly fail: (path: Path, mistake: Mistake) => void;
  readonly problems: readonly Problem[];
  readonly secrets: readonly string[];
}

/** The message says no more, since the value may be secret. */
const FILLED_WRONG = {
  message: "with its variables filled in, the value is not allowed",
  hint: null,
};

/**
 * Makes a filler for a session of the config. With null (the session is not in the config) there
 * are no texts to fill.
 *
 * @param how `checked`: whether to check the results
 */
export function filler(
  entry: UsableEntry | null,
  { config, lookup, checked }: { config: Config; lookup: Lookup; checked: boolean },
): Filler {
  const problems: Problem[] = [];
  const secrets: string[] = [...entry?.secrets ?? []];

  function fail(path: Path, mistake: Mistake): void {
    problems.push(config.written.problem(["ops", "sessions", entry?.name ?? "", ...path], mistake));
  }

  function note(path: Path, found: { secrets?: readonly string[]; mistakes: readonly Mistake[] }) {
    secrets.push(...found.secrets ?? []);
    for (const mistake of found.mistakes) fail(path, mistake);
  }

  function check(path: Path, work: () => unknown): void {
    if (!checked) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof SessionConfigError)) throw error;
      fail(path, FILLED_WRONG);
    }
  }

  function text(path: Path, text: string, rule: Check): string {
    if (!hasVariables(text)) return text;
    const filled = interpolate(text, lookup);
    note(path, filled);
    if (filled.mistakes.length === 0) check(path, () => rule(filled.text));
    return filled.text;
  }

  return {
    text,
    optional: (path, value, rule) => value === null ? null : text(path, value, rule),
    list: (path, texts, rule) => texts.map((value, index) => text([...path, index], value, rule)),
    command: (text, path = ["command"]) => {
      if (!hasVariables(text)) return splitCommand(text);
      const filled = interpolateCommand(text, { lookup, split: splitCommand });
      note(path, filled);
      return filled.words;
    },
    words: (words, isFilled, path = ["command"]) => {
      if (isFilled && problems.length === 0) check(path, () => validateCommand(words));
      return words;
    },
    shell: (text, lookup) => {
      const filled = shellText(text, lookup);
      note(["command"], filled);
      return filled;
    },
    fail,
    problems,
    secrets,
  };
}
