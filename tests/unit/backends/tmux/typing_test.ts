import { deepEqual, doesNotMatch, ok } from "node:assert/strict";
import { pasteText, pressKeys, typedMark } from "../../../../src/backends/tmux/typing.ts";

const SERVER = { binary: "tmux", socketName: "bots" };
const PANES = [{ pane: "%7", serverPid: 42 }, { pane: "%12", serverPid: 42 }];

Deno.test("the mark of a pane has nothing that tmux reads as a time", () => {
  // tmux 3.3a prints `%12` with blanks before it.
  doesNotMatch(typedMark("abc", "%12"), /%/);
  ok(typedMark("abc", "%12") !== typedMark("abc", "%1"));
});

Deno.test("a text is loaded once for all panes, and dropped in the end", () => {
  const argv = pasteText(SERVER, PANES, { nonce: "abc", isPaste: false });
  deepEqual(argv.slice(4, 9), ["load-buffer", "-b", "kstops-abc", "-", ";"]);
  deepEqual(argv.slice(-3), ["delete-buffer", "-b", "kstops-abc"]);
  deepEqual(argv.filter((word) => word === "if-shell").length, 2);
});

Deno.test("keys are pressed behind what ends the view of the history", () => {
  const script = pressKeys(SERVER, PANES, { nonce: "abc", keys: ["-", ";"] }).at(-1) ?? "";
  ok(script.startsWith("'copy-mode' '-q' '-t' '%12' ; 'send-keys' '-t' '%12' '--' '-' ';' ; "));
});
