/** `start --wait-ready` reaches what listens on this machine, also as the executable. */
import { equal, match, ok } from "node:assert/strict";
import type { ExecResult } from "../../src/world/world.ts";
import { install } from "../support/kstops.ts";
import { LIMIT_MS } from "../support/limits.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";

/** A server that says no so many times at first, and how often it was asked. */
function serve(
  noes = 2,
): { readonly port: number; readonly asked: () => number } & AsyncDisposable {
  let asked = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    asked++;
    return new Response(null, { status: asked <= noes ? 503 : 204 });
  });
  return {
    port: server.addr.port,
    asked: () => asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Starts a session that says when it is ready, and waits for that. */
async function start(t: TmuxSandbox, ready: string): Promise<ExecResult> {
  const config = `${t.work}/kstops.yml`;
  const session = `{command: sleep 300, ready: {${ready}}}`;
  await Deno.writeTextFile(config, `ops:\n  sessions:\n    web: ${session}\n`);
  const kstops = await install(t);
  return await kstops("start", "web", "--wait-ready", "--config", config);
}

for (const host of ["127.0.0.1", "localhost"]) {
  tmuxTest(`a session is ready when http://${host} answers so`, async (t) => {
    await using server = serve();
    const ready = `http: "http://${host}:${server.port}/ready", interval: 100ms`;
    const { code, stderr, stdout } = await start(t, ready);
    equal(stderr, "");
    equal(code, 0);
    match(stdout, /^Started web /);
    equal(server.asked(), 3);
  });
}

tmuxTest("a session is ready when somebody listens on a port of this machine", async (t) => {
  await using server = serve();
  equal((await start(t, `tcp: "localhost:${server.port}"`)).code, 0);
  equal(server.asked(), 0);
});

tmuxTest("an answer that is no yes is told when the time is up", async (t) => {
  await using server = serve(Infinity);
  const ready = `http: "http://127.0.0.1:${server.port}/", interval: 1h, timeout: 1s`;
  const { code, stderr } = await start(t, ready);
  match(stderr, /was not ready within 1 s: http:\S+: the answer is 503\n/);
  equal(code, 9);
});

tmuxTest("every address of the loopback device can be reached", async (t) => {
  await using server = serve();
  const { code, stderr } = await start(t, `tcp: "127.0.0.2:${server.port}", timeout: 1s`);
  match(stderr, /the connection was refused\n/);
  equal(code, 9);
});

tmuxTest("what looks at a session has its variables, and is no part of any run", async (t) => {
  await install(t);
  const session = "{command: sleep 300, env: {MODE: odd}, ready: {command: [sh, -c, env > seen]}}";
  await Deno.writeTextFile(`${t.work}/kstops.yml`, `ops:\n  sessions:\n    web: ${session}\n`);
  // As from within another session.
  const words = 'cd "$WORK" && KSTOPS_ID=another TMUX_PANE=%9 exec ./kstops start web --wait-ready';
  const { code, stderr } = await t.world.exec(["sh", "-c", words], { timeoutMs: LIMIT_MS });
  equal(stderr, "");
  equal(code, 0);
  const seen = (await Deno.readTextFile(`${t.work}/seen`)).split("\n");
  ok(seen.includes("MODE=odd"));
  equal(
    seen.find((line) => /^(?:KSTOPS_ID|KSTOPS_EXECUTION|TMUX|TMUX_PANE)=/.test(line)),
    undefined,
  );
});
