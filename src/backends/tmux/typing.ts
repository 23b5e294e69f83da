/** What to say to tmux to type into panes. Pure. */
import { line, rowBegin, type Server, tmux } from "./args.ts";

/** A pane of a session, and the server that it is in: ids are valid for one server. */
export interface Target {
  readonly pane: string;
  readonly serverPid: number;
}

/**
 * The call that types the text on its standard input into panes. `ps` shows nothing of it, and it
 * arrives unchanged. It prints the mark of each pane that has got it; an ended one gets nothing.
 */
export function pasteText(
  server: Server,
  panes: readonly Target[],
  { nonce, isPaste }: { readonly nonce: string; readonly isPaste: boolean },
): string[] {
  const flags = isPaste ? ["-p", "-r"] : ["-r"];
  return [
    ...[...tmux(server), "load-buffer", "-b", bufferOf(nonce), "-", ";"],
    ...panes.flatMap((target) => [
      ...ifAlive(target, nonce, [
        ["paste-buffer", ...flags, "-b", bufferOf(nonce), "-t", target.pane],
      ]),
      ";",
    ]),
    ...["delete-buffer", "-b", bufferOf(nonce)],
  ];
}

/** Drops the text of a call that failed in the middle. */
export function dropPasted(server: Server, nonce: string): string[] {
  return [...tmux(server), "delete-buffer", "-b", bufferOf(nonce)];
}

function bufferOf(nonce: string): string {
  return `kstops-${nonce}`;
}

/** The call that presses keys in panes. One that shows its history would keep them for itself. */
export function pressKeys(
  server: Server,
  panes: readonly Target[],
  { nonce, keys }: { readonly nonce: string; readonly keys: readonly string[] },
): string[] {
  const calls = panes.map((target) =>
    ifAlive(target, nonce, [
      ["copy-mode", "-q", "-t", target.pane],
      ["send-keys", "-t", target.pane, "--", ...keys],
    ])
  );
  return [...tmux(server), ...calls.flatMap((call, index) => index === 0 ? call : [";", ...call])];
}

/** The mark of a pane that has got what was typed. Its `%` is left out: tmux would read it as a time. */
export function typedMark(nonce: string, pane: string): string {
  return `${rowBegin(nonce)}${pane.slice(1)}>`;
}

function ifAlive(
  { pane, serverPid }: Target,
  nonce: string,
  commands: readonly (readonly string[])[],
): string[] {
  const isAlive = `#{==:#{?pane_dead,dead,#{pid}},${serverPid}}`;
  const told = ["display-message", "-p", "-t", pane, typedMark(nonce, pane)];
  return ["if-shell", "-F", "-t", pane, isAlive, [...commands, told].map(line).join(" ; ")];
}

/** The device of a pane's terminal. */
export function showTerminal(server: Server, pane: string): string[] {
  return [...tmux(server), "display-message", "-p", "-t", pane, "#{pane_tty}"];
}
