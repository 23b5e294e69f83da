import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { exactWord, groupsOf, parseSelector, selectFrom } from "../../../src/config/select.ts";

const SESSIONS = [
  { name: "web-1", groups: ["web", "eu"] },
  { name: "web-2", groups: ["web", "us"] },
  { name: "worker", groups: ["eu"] },
  { name: "Db", groups: [] },
];

/** What a word means: names of the config, or the one name that it is. */
function meant(word: string): readonly string[] | string {
  const selector = parseSelector(word);
  return selector.kind === "name" ? selector.name : selectFrom(SESSIONS, selector);
}

const WORDS: Record<string, readonly string[] | string> = {
  "web-1": "web-1",
  "@web": ["web-1", "web-2"],
  "@eu": ["web-1", "worker"],
  "@nope": [],
  // No group is called so.
  "@": "@",
  "@1": "@1",
  "*": ["web-1", "web-2", "worker", "Db"],
  "web-*": ["web-1", "web-2"],
  "w*": ["web-1", "web-2", "worker"],
  "web-?": ["web-1", "web-2"],
  "web?": [],
  "[A-Z]*": ["Db"],
  "[!A-Z]*": ["web-1", "web-2", "worker"],
  "web-[13]": ["web-1"],
  "web-[0-1]": ["web-1"],
  "web-[!0-1]": ["web-2"],
  "web-[2-1]": [],
  "*-*": ["web-1", "web-2"],
  "*[12]": ["web-1", "web-2"],
  "d*": [],
  "WEB-*": [],
  "*.*": [],
  // What is no pattern after all.
  "[": "[",
  "a[]b": "a[]b",
  "a\\b": "a\\b",
  // Names of engines, said as they are.
  "a\\*b": "a*b",
  "\\@web": "@web",
  "a\\?\\[b]": "a?[b]",
  "a\\\\*": [],
};
for (const [word, means] of Object.entries(WORDS)) {
  Deno.test(`the word ${word} means ${JSON.stringify(means)}`, () => deepEqual(meant(word), means));
}

Deno.test("every name can be said exactly, whatever is in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."\\@*?[]-ab"), minLength: 1 }), (name) => {
      deepEqual(parseSelector(exactWord(name)), { kind: "name", name });
    }),
  );
});

Deno.test("no word makes a pattern that cannot be read", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."ab-]![\\^*?@"), maxLength: 12 }),
      (word) => {
        const selector = parseSelector(word);
        if (selector.kind === "pattern") selector.matches("a-b");
      },
    ),
    { numRuns: 5000 },
  );
});

Deno.test("the groups of a config are told once each", () => {
  deepEqual(groupsOf(SESSIONS), ["eu", "us", "web"]);
  equal(groupsOf([]).length, 0);
});
