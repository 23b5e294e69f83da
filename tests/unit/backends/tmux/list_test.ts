import { deepEqual, equal, rejects } from "node:assert/strict";
import { type Context, list } from "../../../../src/backends/tmux/list.ts";
import { type LogStore, logStore } from "../../../../src/logs/store.ts";
import { type Exec, ExecTimeoutError } from "../../../../src/world/world.ts";
import { withFakeWorld } from "../../../support/fake_world.ts";

/** A tmux that takes 100 ms for each answer, which tells how many questions it has had. */
async function withSlowTmux(
  body: (context: Context, calls: { readonly most: () => number }) => Promise<void>,
  fails: readonly number[] = [],
): Promise<void> {
  await withFakeWorld({}, async (fake) => {
    let count = 0;
    let now = 0;
    let most = 0;
    const exec: Exec = async () => {
      const number = ++count;
      most = Math.max(most, ++now);
      await fake.sleep(100);
      now--;
      if (fails.includes(number)) throw new ExecTimeoutError("tmux", 100);
      return { code: 0, stdout: String(number), stderr: "" };
    };
    const world = { ...fake, exec };
    const logs: LogStore = logStore(world, () => {});
    await body({ world, binary: "tmux", logs }, { most: () => most });
  });
}

const saidBy = async (asked: ReturnType<typeof list>) => (await asked.answer).stdout;

Deno.test("however many ask a server at once, one client asks it at a time", () =>
  withSlowTmux(async (context, { most }) => {
    const many = Array.from({ length: 30 }, () => list(context, "default"));
    // Those who asked while the first question was asked share the one after it.
    deepEqual(await Promise.all(many.map(saidBy)), ["1", ...Array(29).fill("2")]);
    equal(most(), 1);
    equal(await saidBy(list(context, "default")), "3");
  }));

Deno.test("a question is put after it was asked, also while others are answered", () =>
  withSlowTmux(async (context) => {
    const [first, second] = [list(context, "default"), list(context, "default")];
    await first.answer;
    await context.world.sleep(10);
    const third = list(context, "default");
    deepEqual([await saidBy(second), await saidBy(third)], ["2", "3"]);
  }));

Deno.test("another server is asked beside it", () =>
  withSlowTmux(async (context, { most }) => {
    await Promise.all([list(context, "a"), list(context, "b")].map(saidBy));
    equal(most(), 2);
  }));

Deno.test("a question that is not answered is no answer to the next one", () =>
  withSlowTmux(async (context) => {
    const [first, second] = [list(context, "default"), list(context, "default")];
    await rejects(first.answer, ExecTimeoutError);
    equal(await saidBy(second), "2");
  }, [1]));
