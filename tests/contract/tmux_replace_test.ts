/** What would keep a tmux session from being replaced is found while the old one runs. */
import { deepEqual, equal, match } from "node:assert/strict";
import { failure } from "../support/failure.ts";
import { tmuxTest } from "../support/tmux.ts";
import { ended, existing, sh } from "./suite.ts";
import { setUpTmux } from "./tmux_setup.ts";

const SERVE = sh("exec sleep 3600");

tmuxTest(
  "a session that kstops did not make is found in the way, on that socket alone",
  async (t) => {
    const { runner, define } = setUpTmux(t.world);
    await t.tmux("-L", "bots", "new-session", "-d", "-s", "astro", "sleep 3600");
    const error = await failure(
      runner.check(define({ name: "astro", argv: SERVE, socketName: "bots" })),
    );
    match(error.message, /a tmux session of that name, not made by kstops, is there$/);
    await runner.check(define({ name: "astro", argv: SERVE }));
    await runner.check(define({ name: "ast", argv: SERVE, socketName: "bots" }));
  },
);

tmuxTest("what is replaced is not in its own way, and nor is what has ended", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  const definition = define({ name: "astro", argv: SERVE });
  await runner.start(definition, { waitMs: 0 });
  const session = await existing(runner, "astro");
  await runner.check(definition, session);
  equal((await failure(runner.check(definition))).message.includes("already running"), true);
  const over = define({ name: "over", argv: sh("exit 0") });
  await runner.start(over, { waitMs: 0 });
  await ended(runner, "over");
  await runner.check(over);
  const { status } = await existing(runner, "astro");
  deepEqual([status.state, status.id], ["running", session.status.id]);
});

tmuxTest("another session that has come to be called so is found in the way", async (t) => {
  const { runner, define } = setUpTmux(t.world);
  await runner.start(define({ name: "other", argv: SERVE }), { waitMs: 0 });
  await t.tmux("rename-session", "-t", "=other:", "astro");
  const error = await failure(runner.check(define({ name: "astro", argv: SERVE })));
  match(error.message, /tmux calls the session "other" that way by now$/);
});
