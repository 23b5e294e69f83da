/**
 * Fuzzes every parser: `deno task fuzz [--seed N] [--cases N] [--path PATH] [TARGET...]`. A target is
 * named by a part of its name. Ends with 1 when something is found, and says how to see it again.
 */
import { parseArgs } from "node:util";
import { again, type Found, type Target } from "./target.ts";
import { shares, TARGETS } from "./targets.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    cases: { type: "string", default: "1000000" },
    path: { type: "string" },
  },
});
const seed = wholeNumber("--seed", values.seed);
const cases = wholeNumber("--cases", values.cases);
const chosen = TARGETS.filter(({ name }) =>
  positionals.length === 0 || positionals.some((part) => name.includes(part))
);
if (chosen.length === 0) fail(`no target has ${positionals.join(" or ")} in its name`);

console.log(`seed ${seed}, ${cases} cases\n`);
console.log(row("target", "cases", "seconds", "found"));
const found: (readonly [Target, Found])[] = [];
const counts = shares(chosen, cases);
const begun = performance.now();
for (const [index, target] of chosen.entries()) {
  const count = counts[index] ?? 1;
  const since = performance.now();
  const problem = await target.run({ seed, cases: count, path: values.path });
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  console.log(row(target.name, String(count), seconds, problem === null ? "-" : "1"));
  if (problem !== null) found.push([target, problem]);
}
const total = counts.reduce((sum, count) => sum + count, 0);
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
console.log(row(`${chosen.length} targets`, String(total), seconds, String(found.length)));

for (const [{ name }, { input, error, path }] of found) {
  console.log(`\n${name}\ninput: ${input}\n${error}`);
  console.log(again(name, { seed, path }));
}
Deno.exitCode = found.length === 0 ? 0 : 1;

function row(name: string, ...columns: readonly string[]): string {
  return name.padEnd(74) + columns.map((column) => column.padStart(9)).join("");
}

function wholeNumber(flag: string, text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) fail(`${flag} must be a whole number`);
  return Number(text);
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}
