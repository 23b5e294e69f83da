/** What attaching to a container does to the terminal, and what a terminal does to the container. */
import { deepEqual, equal, match } from "node:assert/strict";
import { install, KSTOPS } from "../support/kstops.ts";
import { openTerminal } from "../support/pty.ts";
import { containerTest } from "./container_setup.ts";
import { existing, printed, sh, unique } from "./suite.ts";

containerTest("leaving a foreign container gives the terminal back as it was", async (t) => {
  const name = unique("shell");
  await t.make({ name, argv: ["sh"], flags: ["--interactive", "--tty"] });
  await install(t.sandbox);
  const terminal = await openTerminal(t.sandbox);
  await terminal.enter("modes=$(stty -g)");
  await terminal.enter(`${KSTOPS} attach ${name}; echo "left with $?"`);
  await terminal.shows(/Ctrl-p Ctrl-q/);
  await terminal.press("Enter");
  await terminal.shows(/\/ #/);
  await t.sandbox.waitFor(async () => {
    // podman takes keys for its own only where each of them arrives alone.
    for (const key of ["C-p", "C-q"]) await terminal.press(key);
    return (await terminal.screen()).includes("left with 0");
  }, "the end of attach");
  await terminal.shows(/left with 0\nready>/);
  await terminal.press("C-u");
  await terminal.enter('[ "$modes" = "$(stty -g)" ] && echo "same modes"');
  await terminal.shows(/^same modes$/m);
  equal((await existing(t.runner, name)).status.state, "running");
});

containerTest("no key reaches a container that is attached to read-only", async (t) => {
  const { runner, define } = t;
  const name = unique("watched");
  const script = "trap 'echo interrupted' INT TERM QUIT HUP; echo up; " +
    'while :; do read -t 1 line && echo "got $line"; echo tick; done';
  await runner.start(define({ name, argv: sh(script) }), { waitMs: 100 });
  await install(t.sandbox);
  const terminal = await openTerminal(t.sandbox);
  await terminal.enter(`${KSTOPS} attach --read-only ${name}; echo "left with $?"`);
  match(await terminal.shows(/^tick$/m), /Ctrl-c/);
  await terminal.press("h", "i", "Enter");
  await terminal.press("C-c");
  await terminal.shows(/left with 0/);
  const session = await existing(runner, name);
  equal(session.status.state, "running");
  const words = new Set((await printed(session)).split("\n"));
  deepEqual([...words].toSorted(), ["", "tick", "up"]);
});
