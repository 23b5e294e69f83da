/** How tmux writes characters that it does not print, and its quotes. Pure. */

/**
 * Whether a server writes control characters as `\ooo`, or as C does: tmux 3.4 to 3.5a does
 * (server-client.c, server_client_print), even with `-u`.
 */
export function writesEscapes(serverVersion: string): boolean {
  return /^(?:next-)?3\.[45](?!\d)/.test(serverVersion);
}

/** The escapes that are not `\ooo`; tab and newline come as they are (seen on tmux 3.5a). */
const C_STYLE: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  r: "\r",
  v: "\v",
};

/**
 * Removes the quoting that puts a backslash before characters with a meaning to a shell, including
 * the backslash (`#{q:}`, `show-environment -s`). After that, other escapes by tmux are plain to
 * see.
 *
 * @param escapes whether the server escapes characters: see {@link writesEscapes}
 */
export function decodeQuoted(text: string, escapes: boolean): string {
  if (!text.includes("\\")) return text;
  if (!escapes) return text.replaceAll(/\\(.)/gs, "$1");
  return text.replaceAll(/((?:\\[0-3][0-7]{2})+)|\\(.)/gs, (_, octal?: string, character = "") => {
    if (octal === undefined) return C_STYLE[character] ?? character;
    const bytes = octal.split("\\").slice(1).map((digits) => Number.parseInt(digits, 8));
    // Bytes, not characters: tmux escapes each byte of text that is not UTF-8.
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  });
}
