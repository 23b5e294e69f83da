/** Env files, by the rules of `docker run --env-file` (docker/cli 28 opts/file.go). */
import { SessionConfigError } from "../errors.ts";

/** One variable of an env file. */
export interface EnvLine {
  /** Null: it is taken from the environment. */
  readonly value: string | null;
  /** From 1 on. */
  readonly line: number;
}

/**
 * The variables of an env file; a null value is taken from the environment of whoever starts the
 * session.
 *
 * Every line is `KEY=value` or `KEY`; blanks before a key, empty lines and lines that begin with `#`
 * are skipped. A value goes to the end of its line as it is: quotes, blanks, `#`, `\` and `${NAME}`
 * mean nothing. The last line for a key wins.
 *
 * ```ts
 * parseEnvFile("# comment\nMODE=a b # c\nTOKEN\n", "/srv/astro.env");
 * // MODE: { value: "a b # c", line: 2 }, TOKEN: { value: null, line: 3 }
 * ```
 *
 * @throws {SessionConfigError} `config_invalid`, saying which line is wrong, and nothing of its value
 */
export function parseEnvFile(text: string, file: string): ReadonlyMap<string, EnvLine> {
  const variables = new Map<string, EnvLine>();
  for (const [index, whole] of text.replace(/^\ufeff/, "").split(/\r?\n/).entries()) {
    const line = whole.trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    const key = equals === -1 ? line.trimEnd() : line.slice(0, equals);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) throw lineError(key, { file, line: index + 1 });
    variables.delete(key);
    const value = equals === -1 ? null : line.slice(equals + 1);
    variables.set(key, { value, line: index + 1 });
  }
  return variables;
}

function lineError(
  key: string,
  { file, line }: { file: string; line: number },
): SessionConfigError {
  const hint = /^export\s/.test(key)
    ? "remove export: this is no shell script"
    : "write KEY=value, the key in letters, digits and _, with no blank before the =";
  return new SessionConfigError(
    `Cannot use the env file ${file}:${line}: the line does not begin with the name of a variable`,
    { code: "config_invalid", hint, details: { file, line } },
  );
}
