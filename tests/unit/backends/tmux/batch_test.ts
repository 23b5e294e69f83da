import { deepEqual, equal, rejects } from "node:assert/strict";
import { runTogether } from "../../../../src/backends/tmux/batch.ts";
import type { Context } from "../../../../src/backends/tmux/list.ts";
import { logStore } from "../../../../src/logs/store.ts";
import { ExecTimeoutError } from "../../../../src/world/world.ts";
import { type ExpectedCall, withFakeWorld } from "../../../support/fake_world.ts";

const ARGV = ["tmux", "-u", "-L", "default", "source-file", "-"];

/** Runs scripts that all begin at once; each is told of by its own text. */
async function running(
  texts: readonly string[],
  calls: readonly Omit<ExpectedCall, "argv">[],
  body: (answers: readonly PromiseSettledResult<{ stdout: string; stderr: string }>[]) => void,
): Promise<void> {
  await withFakeWorld({ calls: calls.map((call) => ({ argv: ARGV, ...call })) }, async (world) => {
    const context: Context = { world, binary: "tmux", logs: logStore(world, () => {}) };
    body(
      await Promise.allSettled(texts.map((text) =>
        runTogether(context, {
          argv: ARGV,
          socketName: "default",
          text: `${text}\n`,
          isToldIn: (stdout) => stdout.includes(`<${text}>`),
        })
      )),
    );
  });
}

Deno.test("what is asked for while a client works is done by the next one, for all together", () =>
  running(["a", "b", "c"], [
    { stdin: "a\n", stdout: "<a>" },
    { stdin: "b\nc\n", stdout: "<b><c>" },
  ], (answers) => {
    deepEqual(
      answers.map((answer) => answer.status === "fulfilled" && answer.value.stdout),
      ["<a>", "<b><c>", "<b><c>"],
    );
  }));

Deno.test("what has to run first does so once for all that run together", async () => {
  const preparation = "p\n";
  await withFakeWorld({
    calls: [
      { argv: ARGV, stdin: "p\na\n", stdout: "<a>" },
      { argv: ARGV, stdin: "p\nb\nc\n", stdout: "<b><c>" },
    ],
  }, async (world) => {
    const context: Context = { world, binary: "tmux", logs: logStore(world, () => {}) };
    await Promise.all(["a", "b", "c"].map((text) =>
      runTogether(context, {
        ...{ argv: ARGV, socketName: "default", preparation, text: `${text}\n` },
        isToldIn: (stdout) => stdout.includes(`<${text}>`),
      })
    ));
  });
});

Deno.test("one of many that nothing is told of is run alone, and hears its own reason", () =>
  running(["a", "b", "c"], [
    { stdin: "a\n", stdout: "<a>" },
    { stdin: "b\nc\n", stdout: "<c>", code: 1, stderr: "duplicate session: b\n" },
    { stdin: "b\n", code: 1, stderr: "duplicate session: b\n" },
  ], (answers) => {
    deepEqual(
      answers.map((answer) => answer.status === "fulfilled" && answer.value.stderr),
      ["", "duplicate session: b\n", ""],
    );
  }));

Deno.test("a server that falls silent is silent for all that were asked together", async () => {
  await running(["a", "b", "c"], [
    { stdin: "a\n", stdout: "<a>" },
    { stdin: "b\nc\n", fails: new ExecTimeoutError("tmux", 60_000) },
  ], (answers) => {
    deepEqual(answers.map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
  });
});

Deno.test("one that comes after a failure has a client of its own", async () => {
  await withFakeWorld({
    calls: [
      { argv: ARGV, stdin: "a\n", fails: new ExecTimeoutError("tmux", 60_000) },
      { argv: ARGV, stdin: "b\n", stdout: "<b>" },
    ],
  }, async (world) => {
    const context: Context = { world, binary: "tmux", logs: logStore(world, () => {}) };
    const run = (text: string) =>
      runTogether(context, {
        ...{ argv: ARGV, socketName: "default", text: `${text}\n` },
        isToldIn: () => true,
      });
    await rejects(run("a"), { code: "backend_unavailable" });
    equal((await run("b")).stdout, "<b>");
  });
});
