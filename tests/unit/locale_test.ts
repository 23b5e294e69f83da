import { deepEqual } from "node:assert/strict";
import { localeOf } from "../../src/locale.ts";

const CASES: Record<string, [Record<string, string>, [string | null, string, boolean]]> = {
  "none": [{}, [null, "C", false]],
  "an empty one": [{ LC_ALL: "", LANG: "C.UTF-8" }, ["LANG", "C.UTF-8", true]],
  "LC_ALL over the others": [
    { LC_ALL: "C", LC_CTYPE: "C.UTF-8", LANG: "C.UTF-8" },
    ["LC_ALL", "C", false],
  ],
  "LC_CTYPE over LANG": [{ LC_CTYPE: "de_DE.utf8", LANG: "C" }, ["LC_CTYPE", "de_DE.utf8", true]],
  "another character set": [{ LANG: "de_DE.ISO-8859-1" }, ["LANG", "de_DE.ISO-8859-1", false]],
};

for (const [what, [env, [variable, value, isUnicode]]] of Object.entries(CASES)) {
  Deno.test(`localeOf() reads ${what}`, () => {
    deepEqual(localeOf((name) => env[name]), { variable, value, isUnicode });
  });
}
