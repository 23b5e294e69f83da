import { equal } from "node:assert/strict";
import { closest } from "../../src/suggest.ts";

const KEYS = ["command", "env", "env_file", "image", "ports", "working_dir"];

const NEAR: Record<string, [string, string | null]> = {
  "a letter dropped": ["comand", "command"],
  "two letters swapped": ["prots", "ports"],
  "a letter replaced": ["imagr", "image"],
  "a letter added": ["portss", "ports"],
  "other case and dashes": ["Working-Dir", "working_dir"],
  "a beginning": ["work", "working_dir"],
  "the shortest of several continuations": ["en", "env"],
  "the word itself": ["env_file", "env_file"],
  "nothing of the kind": ["volumes", null],
  "too many edits for so few letters": ["ev_x", null],
  "nothing at all": ["", null],
  "a word nobody types": ["x".repeat(100_000), null],
};

for (const [why, [word, expected]] of Object.entries(NEAR)) {
  Deno.test(`closest() finds ${expected ?? "nothing"} for ${why}`, () => {
    equal(closest(word, KEYS), expected);
  });
}

Deno.test("closest() prefers the first of two that are equally near", () => {
  equal(closest("astra", ["astro", "astri"]), "astro");
});
