/** A command line as it may be written down: without the values of variables. Pure. */

const MASK = "***";
/** What is followed by `KEY=VALUE`: `-e`, short flags that end in it, `--env`. */
const BEFORE_VALUE = /^(--env|-[A-Za-z]*e)$/;
/** What is joined to `KEY=VALUE`: also to a key that no variable can have, since its value is one. */
const JOINED = /^(?:--env=|-[A-Za-z]*?e)/;

/**
 * The arguments with every value of `-e KEY=VALUE` and `--env KEY=VALUE` masked, however they are
 * joined. What stands behind `--`, and the text of a command, is the user's own.
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
