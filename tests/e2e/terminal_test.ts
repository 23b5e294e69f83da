/** What people see: tables, colours and hints on a real terminal. */
import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { install, KSTOPS } from "../support/kstops.ts";
import { writeExecutable } from "../support/executable.ts";
import { openTerminal } from "../support/pty.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";

/** Three sessions: one runs, one has failed, one is only defined. */
async function withSessions(t: TmuxSandbox): Promise<void> {
  const kstops = await install(t);
  const long = `sleep 100 ${"x".repeat(200)}`;
  await Deno.writeTextFile(
    `${t.work}/kstops.yml`,
    `ops: { start_wait: 100, sessions: { defined: { command: ${long} } } }\n`,
  );
  equal((await kstops("start", "astro", "--", "sleep", "100")).code, 0);
  equal((await kstops("start", "crash", "--", "sh", "-c", "exit 3")).code, 7);
}

const LIST = `clear; ${KSTOPS} list -L default; echo end`;

tmuxTest("list on a terminal is a table that fits its width", async (t) => {
  await withSessions(t);
  const terminal = await openTerminal(t, { columns: 90 });
  await terminal.enter(LIST);
  const [head = "", ...rows] = (await terminal.shows(/^end$/m)).split("\n");
  // All of them are in tmux and on its default socket: that says nothing.
  deepEqual(head.split(/ {2,}/), ["NAME", "STATE", "PID", "EXIT", "SINCE", "COMMAND"]);
  const [astro = "", crash = "", defined = ""] = rows;
  match(astro, /^astro {4}running {2}\d+ +- {5}\d+ s ago +sleep 100$/);
  match(crash, /^crash {4}exited {3}- +3 {5}\d+ s ago +sh -c 'exit 3'$/);
  match(defined, /^defined {2}defined {2}- +- {5}- +sleep 100 x+…$/);
  for (const row of [astro, crash, defined]) ok([...row].length <= 90, row);
  equal(astro.indexOf("sleep"), head.indexOf("COMMAND"));
});

tmuxTest("an engine that does not answer yet is said on a terminal, once", async (t) => {
  await install(t);
  await Deno.writeTextFile(`${t.work}/kstops.yml`, "ops: { engine_timeout: 5, start_wait: 100 }\n");
  await Deno.mkdir(`${t.work}/mute`);
  await writeExecutable(`${t.work}/mute/docker`, "#!/bin/sh\nexec sleep 600\n");
  const terminal = await openTerminal(t, { columns: 120 });
  const start = `PATH="$PWD/mute:$PATH" ${KSTOPS} start web -- sleep 100`;
  await terminal.enter(`clear; ${start}; echo end`);
  const screen = await terminal.shows(/^end$/m);
  equal(
    screen.match(/kstops: docker does not answer yet: kstops waits up to 5 s for it/g)?.length,
    1,
  );
  match(screen, /^Started web \(tmux, pid \d+\)$/m);
  // Nobody reads that in a script.
  await terminal.enter(`clear; ${start.replace("web", "two")} 2> said; cat said; echo over`);
  doesNotMatch(await terminal.shows(/^over$/m), /answer/);
});

tmuxTest("a terminal that has no size gets a table all the same", async (t) => {
  await withSessions(t);
  const terminal = await openTerminal(t);
  await terminal.enter(`stty columns 0; ${LIST}`);
  match(await terminal.shows(/^end$/m), /^astro {4}running {2}\d+ /m);
});

tmuxTest("states have colours on a terminal, but not where nobody wants them", async (t) => {
  await withSessions(t);
  const terminal = await openTerminal(t);
  const coloured = async (line: string) => {
    await terminal.enter(line);
    await terminal.shows(/^end$/m);
    const screen = await terminal.coloured();
    await terminal.enter("clear; echo cleared");
    await terminal.shows(/^cleared$/m);
    return screen;
  };
  const screen = await coloured(LIST);
  match(screen, /ESC\[32mrunning(ESC|$)/m);
  match(screen, /ESC\[31mexitedESC/);
  match(screen, /ESC\[1mNAMEESC/);
  match(await coloured(`clear; ${KSTOPS} status astro; echo end`), /ESC\[32mrunning(ESC|$)/m);
  for (
    const plain of [
      `clear; NO_COLOR=1 ${KSTOPS} list; echo end`,
      `clear; TERM=dumb ${KSTOPS} list; echo end`,
      `clear; ${KSTOPS} list --color never; echo end`,
      `clear; ${KSTOPS} list --color auto | cat; echo end`,
    ]
  ) doesNotMatch(await coloured(plain), /ESC/, plain);
  match(await coloured(`clear; NO_COLOR=1 ${KSTOPS} list --color always; echo end`), /ESC\[32m/);
});

tmuxTest("where the locale has only ASCII, kstops adds nothing else", async (t) => {
  await withSessions(t);
  const terminal = await openTerminal(t, { columns: 60, env: { LC_ALL: "C" } });
  await terminal.enter(`${LIST}`);
  match(await terminal.shows(/^end$/m), /^defined .* sleep 100 x+~$/m);
});

tmuxTest("errors on a terminal are red, and broken between words", async (t) => {
  await install(t);
  const terminal = await openTerminal(t, { columns: 40 });
  await terminal.enter(`clear; ${KSTOPS} status nope; echo end`);
  match(
    await terminal.shows(/^end$/m),
    /^kstops: Cannot show "nope": no such\n {2}session\nhint: kstops list shows every session\nend$/m,
  );
  match(await terminal.coloured(), /^ESC\[31mkstops:ESC/m);
  const words = `${"x".repeat(30)} ${"y".repeat(30)}`;
  await terminal.enter(`clear; ${KSTOPS} start crash -- sh -c 'echo ${words}; exit 3'; echo end`);
  match(
    await terminal.shows(/exit code 3[^]*\nend$/m),
    /exit code 3\n {2}\| x{30}\n {4}y{30}\nhint: the whole output:\n {2}kstops logs crash\nend$/m,
  );
});

tmuxTest("an empty list says on a terminal that it is empty", async (t) => {
  await install(t);
  const terminal = await openTerminal(t);
  await terminal.enter(LIST);
  match(
    await terminal.shows(/^end$/m),
    /^No such sessions. All of them: kstops list\nend$/m,
  );
  await terminal.enter(`clear; ${KSTOPS} list -L default | cat; echo piped`);
  match(await terminal.shows(/^piped$/m), /^piped\n/);
});

tmuxTest("status on a terminal shows what is known, and times as people say them", async (t) => {
  await withSessions(t);
  const terminal = await openTerminal(t);
  await terminal.enter(`clear; ${KSTOPS} status crash; echo end`);
  const screen = await terminal.shows(/^end$/m);
  match(screen, /^name {10}crash$/m);
  match(screen, /^exit code {5}3$/m);
  match(screen, /^finished {6}\d+ s ago \(\d{4}-.*Z\)$/m);
  doesNotMatch(screen, /^(pid|signal|image|ports) /m);
});

tmuxTest("no name or command of another tool can act on the terminal", async (t) => {
  await install(t);
  // U+202E turns the direction of what follows.
  await t.tmux("new-session", "-d", "-s", "a\x1b[31mb\u202ec", "exec sleep 100 # \x1b]0;title\x07");
  const terminal = await openTerminal(t);
  await terminal.enter(`clear; ${KSTOPS} list -L default; ${KSTOPS} stop --yes nope; echo end`);
  const screen = await terminal.shows(/^end$/m);
  match(screen, /^a\\033\[31mb\\u202ec /m);
  match(screen, /exec sleep 100 # .*title/);
  doesNotMatch(await terminal.coloured(), /ESC\[31m(?!kstops:)|\u202e/);
  doesNotMatch(await terminal.title(), /title/);
});
