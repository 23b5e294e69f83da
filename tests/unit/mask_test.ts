import { deepEqual, equal } from "node:assert/strict";
import { masked, maskedJson, needles } from "../../src/mask.ts";

const MASKED: Record<string, readonly [string, readonly string[], string]> = {
  "a secret": ["token is hunter2-hunter2.", ["hunter2-hunter2"], "token is ***."],
  "every place of it": ["abcdefgh abcdefgh", ["abcdefgh"], "*** ***"],
  "the longer of two that overlap": ["abcdefghij", ["abcdefgh", "abcdefghij"], "***"],
  "each line of one with several": ["| second-line", ["first-line\nsecond-line"], "| ***"],
  "nothing as short as seven characters": ["port 8080808", ["8080808"], "port 8080808"],
  "characters that mean something in patterns": ["a $&.*(x) b", ["$&.*(x) b"], "a ***"],
};
for (const [what, [text, secrets, expected]] of Object.entries(MASKED)) {
  Deno.test(`masked() hides ${what}`, () => equal(masked(text, needles(secrets)), expected));
}

Deno.test("maskedJson() hides in all texts, and keeps the rest", () => {
  const value = { a: ["secret-secret", 1, null, true], b: { c: "x secret-secret" } };
  const expected = { a: ["***", 1, null, true], b: { c: "x ***" } };
  deepEqual(maskedJson(value, needles(["secret-secret"])), expected);
});
