/** The rows and the tests: none without the other. */
import { deepEqual, ok } from "node:assert/strict";
import { FAULTS } from "./rows.ts";

const root = new URL("../../", import.meta.url);

for (const file of new Set(FAULTS.map((row) => row.file))) {
  Deno.test(`every row that ${file} shows has its test there`, async () => {
    const text = await Deno.readTextFile(new URL(file, root));
    for (const { test } of FAULTS.filter((row) => row.file === file)) {
      ok(hasTest(text, file, test), `no such test: ${test}`);
    }
  });
}

Deno.test("every test of tests/faults has its row, and each row stands once", async () => {
  const named = FAULTS.map(({ fault }) => fault);
  deepEqual(named.filter((fault, index) => named.indexOf(fault) !== index), []);
  for (const { name } of Deno.readDirSync(new URL("tests/faults/", root))) {
    if (!name.endsWith("_test.ts") || name === "rows_test.ts") continue;
    const text = await Deno.readTextFile(new URL(`tests/faults/${name}`, root));
    // Each of its tests is made by faultTest(), which throws without a row.
    ok(text.includes("faultTest(") && !text.includes("Deno.test("), name);
  }
});

/** Whether a file has a test of that name; one in a loop is written as a template. */
function hasTest(text: string, file: string, name: string): boolean {
  if (file.endsWith(".txt")) return text.split("\n").some((line) => line.startsWith(`# ${name}`));
  const written = Array.from(text.matchAll(/(["`])((?:(?!\1).)+)\1/g), ([, , each = ""]) => each);
  return written.some((each) => each === name || matchesTemplate(each, name));
}

function matchesTemplate(template: string, name: string): boolean {
  if (!template.includes("${")) return false;
  const fixed = template.split(/\$\{[^}]+\}/);
  const literal = fixed.map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  // Only a template with words of its own says anything.
  return fixed.join("").length > 20 && new RegExp(`^${literal.join("\\S+")}$`).test(name);
}
