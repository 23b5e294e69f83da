import { deepEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  cyclesIn,
  dependenciesOf,
  type Needs,
  withNeeds,
} from "../../../src/config/dependencies.ts";
import { configOf, problemsIn } from "./files.ts";
import { property } from "../../support/property.ts";

Deno.test("a list of names means that they are started; a mapping says what else", () => {
  deepEqual(dependenciesOf(null), []);
  deepEqual(dependenciesOf(["a", "b", "a"]), [
    { name: "a", condition: "started" },
    { name: "b", condition: "started" },
  ]);
  deepEqual(dependenciesOf({ a: "healthy", b: "completed" }), [
    { name: "a", condition: "healthy" },
    { name: "b", condition: "completed" },
  ]);
});

function config(sessions: Readonly<Record<string, string>>): string {
  const lines = Object.entries(sessions).map(([name, needs]) =>
    `    ${name}: {command: "true", depends_on: ${needs}}`
  );
  return ["ops:", "  sessions:", ...lines, ""].join("\n");
}

const MISTAKES: Record<string, [Readonly<Record<string, string>>, readonly string[]]> = {
  "no mistake": [{ web: "db", db: "[]", all: "{web: ready, db: completed}" }, []],
  "names that nobody has, each at its place": [
    { web: "[db, nope]", db: "{dc: ready}" },
    [
      "3:45: ops.sessions.web.depends_on[1]: no session has that name " +
      "(name a session of this config)",
      "4:44: ops.sessions.db.depends_on.dc: no session has that name " +
      "(name a session of this config)",
    ],
  ],
  "a session that needs itself": [{ web: "web" }, [
    "3:40: ops.sessions.web.depends_on: a cycle: web needs web (take one of them out)",
  ]],
  "a cycle, told whole": [{ a: "[b]", b: "{c: ready}", c: "a", d: "[a]" }, [
    "3:39: ops.sessions.a.depends_on[0]: a cycle: a needs b needs c needs a " +
    "(take one of them out)",
  ]],
  "two cycles": [{ a: "b", b: "a", c: "d", d: "c" }, [
    "3:38: ops.sessions.a.depends_on: a cycle: a needs b needs a (take one of them out)",
    "5:38: ops.sessions.c.depends_on: a cycle: c needs d needs c (take one of them out)",
  ]],
  "a condition that there is not": [{ a: "{b: up}", b: "[]" }, [
    "3:42: ops.sessions.a.depends_on.b: must be started, ready, healthy or completed",
  ]],
};

for (const [name, [sessions, problems]] of Object.entries(MISTAKES)) {
  Deno.test(`what sessions need: ${name}`, async () => {
    deepEqual(problemsIn(await configOf(config(sessions))), problems);
  });
}

Deno.test("a session with a mistake in what it needs cannot be started, the others can", async () => {
  const { sessions, problems } = await configOf(config({ web: "nope", db: "[]" }));
  deepEqual(problems, []);
  deepEqual([...sessions.values()].map(({ kind }) => kind), ["invalid", "usable"]);
});

/** What sessions with such names need: only those before them, so that there is no cycle. */
const acyclic: fc.Arbitrary<Needs> = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, at) =>
      fc.subarray(Array.from({ length: at }, (_, before) => `s${before}`))),
  ).map((all) =>
    new Map(all.map((names, at) => [`s${at}`, dependenciesOf(names)]))
  )
);

property("what sessions need comes before them, and nothing else is added", {
  input: acyclic.chain((needs) =>
    fc.record({ needs: fc.constant(needs), names: fc.subarray([...needs.keys()]) })
  ),
  holds: ({ needs, names }) => {
    const ordered = withNeeds(names, needs);
    deepEqual(cyclesIn(needs), []);
    ok(names.every((name) => ordered.includes(name)));
    deepEqual(new Set(ordered).size, ordered.length);
    ordered.forEach((name, at) => {
      for (const { name: needed } of needs.get(name) ?? []) {
        ok(ordered.slice(0, at).includes(needed), `${needed} comes behind ${name}`);
      }
    });
    const wanted = new Set(names);
    for (const name of ordered.toReversed()) {
      if (wanted.has(name)) { for (const each of needs.get(name) ?? []) wanted.add(each.name); }
    }
    deepEqual(new Set(ordered), wanted);
  },
});

property("every cycle is found", {
  input: acyclic,
  holds: (needs) => {
    const names = [...needs.keys()];
    const [first = "", last = ""] = [names[0], names.at(-1)];
    // Closed by a way back from the first to the last, if the last needs the first at all.
    const closed = new Map(needs).set(first, [{ name: last, condition: "started" }]);
    const isCycle = withNeeds([last], needs).includes(first);
    deepEqual(cyclesIn(closed).length > 0, isCycle);
  },
});
