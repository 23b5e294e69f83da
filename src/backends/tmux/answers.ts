/** Parses what tmux answers about one session. Pure. */
import { CLIENT_FIELDS, SERVER_FIELDS } from "./args.ts";
import { decodeQuoted, writesEscapes } from "./escapes.ts";
import { rowsOf } from "./rows.ts";

/** What attaching needs to know about a server. */
export interface ServerFacts {
  readonly pid: string;
  readonly socketPath: string;
  /** The key that begins a command, such as `C-b`; null: none. */
  readonly prefix: string | null;
}

/** Parses the answer to `describeServer`; null: the session is gone. */
export function parseServer(stdout: string, nonce: string): ServerFacts | null {
  // For a missing target, display-message prints nothing and succeeds (tmux 3.3a).
  const row = rowsOf(stdout, SERVER_FIELDS.length, nonce).at(0);
  if (row === undefined) return null;
  const [pid = "", socketPath = "", prefix = "", prefix2 = "", version = ""] = row;
  const prefixes = [prefix, prefix2].filter((key) => key !== "" && key !== "None");
  return {
    pid,
    socketPath: decodeQuoted(socketPath, writesEscapes(version)),
    prefix: prefixes[0] ?? null,
  };
}

/** The names of a process' clients, from the answer to `listClients`. */
export function parseClients(stdout: string, pid: number, nonce: string): string[] {
  return rowsOf(stdout, CLIENT_FIELDS.length, nonce).flatMap(([client, name]) =>
    client === String(pid) && name ? [name] : []
  );
}

/**
 * The content of a pane, from the answer to `capturePane`: the text between the first two nonces,
 * without the output of hooks, which is what they print around the single line between the next
 * two.
 */
export function parseCapture(stdout: string, nonce: string): string {
  const [, all = "", line = "", behind = ""] = stdout.split(`${nonce}\n`);
  const text = all.startsWith(behind) ? all.slice(behind.length) : all;
  const only = line.startsWith(behind) ? line.slice(behind.length) : line;
  const printed = only.slice(only.indexOf("\n") + 1);
  return text.endsWith(printed) ? text.slice(0, text.length - printed.length) : text;
}

/**
 * Values of variables, from the answers to `environmentScript`. Variables without a value are left
 * out.
 */
export function parseEnvironment(
  stdout: string,
  names: readonly string[],
  { nonce, serverVersion }: { readonly nonce: string; readonly serverVersion: string },
): Record<string, string> {
  // What stands before the first nonce are the answers to other scripts.
  const [, ...answers] = stdout.split(new RegExp(`^${nonce}\n`, "m"));
  const escapes = writesEscapes(serverVersion);
  return Object.fromEntries(names.flatMap((name, index) => {
    const found = new RegExp(`(?:^|\\n)${name}="((?:[^"\\\\]|\\\\.)*)"; export ${name};\n`, "s")
      .exec(answers[index] ?? "");
    return found === null ? [] : [[name, decodeQuoted(found[1] ?? "", escapes)]];
  }));
}
