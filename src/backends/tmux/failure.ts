/** Interprets failed calls of tmux. Pure. */

/** The meaning of a failed call. */
export type Failure =
  /** No server runs there: it holds no sessions. */
  | { readonly kind: "no_server" }
  /** The server ended in the middle; asking again may work. */
  | { readonly kind: "ending" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "not_found" }
  | { readonly kind: "other"; readonly reason: string };

/** Reads the standard error of tmux (texts of tmux 3.3a client.c, cmd-find.c, cmd-new-session.c). */
export function parseFailure(stderr: string): Failure {
  if (/^duplicate session: /m.test(stderr)) return { kind: "duplicate" };
  if (/^server exited unexpectedly|^lost server/m.test(stderr)) return { kind: "ending" };
  if (/^no server running on |^error connecting to .*\(No such file or directory\)/m.test(stderr)) {
    return { kind: "no_server" };
  }
  if (/^can't find (session|window|pane)|^no such session: |^no current target/m.test(stderr)) {
    return { kind: "not_found" };
  }
  const last = stderr.split("\n").map((line) => line.trim()).findLast((line) => line !== "");
  // A server that is just ending leaves its client without a word (seen: tmux 3.5a).
  return last === undefined ? { kind: "ending" } : { kind: "other", reason: last };
}
