/** Masks the values of variables in a command line, so that it may be recorded. Pure. */

const MASK = "***";
/** The words before `KEY=VALUE`: `-e`, short flags that end in it, `--env`. */
const BEFORE_VALUE = /^(--env|-[A-Za-z]*e)$/;
/**
 * The beginning of a word that contains `KEY=VALUE`, even with an invalid key: its value must still
 * be masked.
 */
const JOINED = /^(?:--env=|-[A-Za-z]*?e)/;

/**
 * The arguments with every value of `-e KEY=VALUE` and `--env KEY=VALUE` masked, however they are
 * joined. Words behind `--`, and the text of a command, are the user's own and stay.
 */
export function maskedArgv(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return argv.map((word, index) => {
    if (end !== -1 && index > end) return word;
    if (BEFORE_VALUE.test(argv[index - 1] ?? "")) return maskedAssignment(word);
    const flag = JOINED.exec(word)?.[0];
    return flag === undefined ? word : flag + maskedAssignment(word.slice(flag.length));
  });
}

function maskedAssignment(text: string): string {
  const sign = text.indexOf("=");
  return sign === -1 ? text : text.slice(0, sign + 1) + MASK;
}
