/**
 * Runs the tests, group by group, also those behind a group that failed:
 *
 *     deno task test [GROUP...]
 *
 * At most three failed tests of a group are run once more, alone. Those that pass then do not fail
 * the run, and are named `unsteady`: mend them. The status is 0 only when no test has failed.
 */
import { runTests, summary } from "./support/run_tests.ts";

interface Group {
  readonly paths: readonly string[];
  /** The files of the others run side by side. */
  readonly parallel?: false;
}

const GROUPS: Readonly<Record<string, Group>> = {
  unit: { paths: ["tests/unit", "tests/fuzz"] },
  contract: { paths: ["tests/contract"] },
  library: { paths: ["tests/library"], parallel: false },
  e2e: { paths: ["tests/e2e", "tests/faults"] },
  fleet: { paths: ["tests/fleet"] },
  machines: { paths: ["tests/machines"] },
};

const chosen = Deno.args.length === 0 ? Object.keys(GROUPS) : Deno.args;
const unknown = chosen.filter((name) => !Object.hasOwn(GROUPS, name));
if (unknown.length > 0) {
  console.error(`No group is named ${unknown.join(", ")}: ${Object.keys(GROUPS).join(" ")}`);
  Deno.exit(2);
}
const cwd = decodeURIComponent(new URL("../", import.meta.url).pathname);
const lines: string[] = [];
for (const name of chosen) {
  const group = GROUPS[name];
  if (group === undefined) continue;
  try {
    const outcome = await runTests({ ...group, cwd });
    lines.push(summary(name, outcome));
    if (outcome.failed.length > 0) Deno.exitCode = 1;
  } catch (error) {
    lines.push(`failed: ${name}: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  }
}
console.log(`\n${lines.join("\n")}`);
