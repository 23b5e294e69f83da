/** What a change of several sessions shows on a real terminal while it goes on. */
import { doesNotMatch, equal, match } from "node:assert/strict";
import { install, KSTOPS } from "../support/kstops.ts";
import { openTerminal } from "../support/pty.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";

/** Runs of sessions that end only when there is a file `go`, however they are asked. */
async function withStubborn(t: TmuxSandbox, names: readonly string[]): Promise<void> {
  const kstops = await install(t);
  const script = `trap : INT; until [ -e '${t.work}/go' ]; do sleep 0.1; done`;
  const sessions = Object.fromEntries(
    names.map((name) => [name, { command: ["sh", "-c", script], stop_timeout: 600 }]),
  );
  const ops = { start_wait: 100, sessions };
  await Deno.writeTextFile(`${t.work}/kstops.yml`, JSON.stringify({ ops }));
  const { code, stderr } = await kstops("start", "--all", "--config", `${t.work}/kstops.yml`);
  equal(code, 0, stderr);
}

tmuxTest(
  "a change of several sessions shows each that is not done, and then only its results",
  async (t) => {
    await withStubborn(t, ["web", "worker", "db"]);
    const terminal = await openTerminal(t, { rows: 20 });
    await terminal.enter(`clear; ${KSTOPS} stop --all; echo end`);
    await terminal.shows(
      /^web {5}stopping, \d.*\nworker {2}stopping, \d.*\ndb {6}stopping, \d.*$/,
    );
    // A terminal of another size has all of it once.
    await terminal.resize(60, 3);
    await terminal.shows(/^web {5}stopping, \d.*\nand 2 more$/);
    await terminal.resize(100, 20);
    await terminal.shows(/^db {6}stopping/m);
    await Deno.writeTextFile(`${t.work}/go`, "");
    match(
      await terminal.shows(/^end$/m),
      /Stopped web \(tmux, .+\)\nStopped worker \(tmux, .+\)\nStopped db \(tmux, .+\)\n3 stopped\nend\n/,
    );
    doesNotMatch(await terminal.screen(), /stopping,/);
  },
);
