/** A short run of what `deno task fuzz` does, with all inputs that were wrong once. */
import { fail } from "node:assert/strict";
import { again } from "../fuzz/target.ts";
import { shares, TARGETS } from "../fuzz/targets.ts";

const CASES = 4000;
/** Another one in each run: what it finds, it finds again with that number. */
const SEED = Math.floor(Math.random() * 2 ** 31);
const counts = shares(TARGETS, CASES);

for (const [index, { name, run }] of TARGETS.entries()) {
  Deno.test(`fuzzing finds nothing in ${name}`, async () => {
    const found = await run({ seed: SEED, cases: counts[index] ?? 1 });
    if (found === null) return;
    fail(`${found.input}\n${found.error}\n${again(name, { seed: SEED, path: found.path })}`);
  });
}
