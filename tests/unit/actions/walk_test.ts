import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { walk, type Walked } from "../../../src/actions/walk.ts";
import type { Condition } from "../../../src/model.ts";
import { property } from "../../support/property.ts";

function step(name: string, ...needs: readonly string[]): Walked {
  return { name, needs: needs.map((each) => ({ name: each, condition: "started" })) };
}

/** Walks, and tells what happened in which order; steps whose names are in `failing` fail. */
async function walked(
  steps: readonly Walked[],
  { failing = [], unmet = [] }: {
    readonly failing?: readonly string[];
    readonly unmet?: readonly Condition[];
  } = {},
): Promise<{ readonly log: readonly string[]; readonly results: readonly string[] }> {
  const log: string[] = [];
  const outcomes = await walk<Walked, string>(steps, {
    begin: (together) => {
      log.push(`begin ${together.map(({ name }) => name).join(" ")}`);
      return Promise.resolve(together.map(async ({ name }) => {
        await Promise.resolve();
        log.push(`end ${name}`);
        if (failing.includes(name)) throw new Error(`${name} failed`);
        return name;
      }));
    },
    meets: ({ name }, done, condition) => {
      equal(done, name);
      if (unmet.includes(condition)) {
        return Promise.reject(new Error(`${name} is not ${condition}`));
      }
      return Promise.resolve();
    },
    blocked: ({ name }, needed) => new Error(`${name} needs ${needed.name}`),
  });
  const results = outcomes.map((each) =>
    each.status === "fulfilled" ? each.value : String(each.reason.message)
  );
  return { log, results };
}

Deno.test("steps that need nothing begin together, and each other one behind its needs", async () => {
  const { log, results } = await walked([step("a"), step("b"), step("c", "a", "b"), step("d")]);
  deepEqual(log, ["begin a b d", "end a", "end b", "end d", "begin c", "end c"]);
  deepEqual(results, ["a", "b", "c", "d"]);
});

Deno.test("what needs a failed one is not begun, all else is", async () => {
  const { log, results } = await walked([step("a"), step("b", "a"), step("c", "b"), step("d")], {
    failing: ["a"],
  });
  deepEqual(log, ["begin a d", "end a", "end d"]);
  deepEqual(results, ["a failed", "b needs a", "c needs b", "d"]);
});

Deno.test("a condition that is not met holds up only who needs it", async () => {
  const steps: Walked[] = [
    step("a"),
    { name: "b", needs: [{ name: "a", condition: "ready" }] },
    step("c", "a"),
  ];
  const { results } = await walked(steps, { unmet: ["ready"] });
  deepEqual(results, ["a", "b needs a", "c"]);
});

Deno.test("needs that are no steps are not waited for", async () => {
  deepEqual((await walked([step("a", "gone")])).results, ["a"]);
});

Deno.test("an error before any of them begins is the error of each", async () => {
  const outcomes = await walk<Walked, string>([step("a"), step("b")], {
    begin: () => Promise.reject(new Error("no")),
    meets: () => Promise.resolve(),
    blocked: (_step, _needed, error) => error,
  });
  deepEqual(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
});

property("nothing begins before what it needs has ended, and nothing is left out", {
  input: fc.integer({ min: 1, max: 10 }).chain((count) =>
    fc.record({
      needs: fc.tuple(...Array.from({ length: count }, (_, at) =>
        fc.subarray(Array.from({ length: at }, (_, before) =>
          `s${before}`)))),
      failing: fc.subarray(Array.from({ length: count }, (_, at) =>
        `s${at}`)),
    })
  ),
  holds: async ({ needs, failing }) => {
    const steps = needs.map((names, at) => step(`s${at}`, ...names));
    const { log, results } = await walked(steps, { failing });
    const begun = log.flatMap((line, at) =>
      line.startsWith("begin ") ? line.slice(6).split(" ").map((name) => ({ name, at })) : []
    );
    const isSound = new Map<string, boolean>();
    steps.forEach(({ name, needs }, index) => {
      const mayBegin = needs.every((each) => isSound.get(each.name));
      isSound.set(name, mayBegin && !failing.includes(name));
      const own = begun.filter((each) => each.name === name);
      equal(own.length, mayBegin ? 1 : 0, name);
      equal(results[index] === name, isSound.get(name), name);
      for (const each of needs) {
        const [first] = own;
        if (first !== undefined) ok(log.indexOf(`end ${each.name}`) < first.at);
      }
    });
  },
});
