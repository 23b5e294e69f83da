/**
 * Tries the random tests on more inputs: `deno task fuzz [--times N] [--seed N] [--path PATH] [PART...]`.
 * A test is named by a part of its name; without one all are run. Whatever fails says how to see it
 * again.
 */
import { parseArgs } from "node:util";
import { FUZZ, MARK } from "../support/property.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    times: { type: "string", default: "20" },
    path: { type: "string" },
  },
});
for (const flag of ["seed", "times"] as const) {
  if (/^[0-9]{1,10}$/.test(values[flag])) continue;
  console.error(`--${flag} must be a whole number`);
  Deno.exit(2);
}

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** The files below a folder that have random tests. */
function* filesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesIn(path);
    else if (name.endsWith("_test.ts") && imports(path)) yield path;
  }
}

function imports(path: string): boolean {
  return Deno.readTextFileSync(`${ROOT}${path}`).includes("support/property.ts");
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

const parts = positionals.length === 0 ? "" : `(?:${positionals.map(escaped).join("|")}).*`;
console.log(`seed ${values.seed}, ${values.times} times`);
const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    ...["test", "--allow-all", "--no-check", "--parallel"],
    ...["--filter", `/${parts}${escaped(MARK)}$/`],
    ...filesIn("tests/fuzz"),
    ...filesIn("tests/unit"),
  ],
  cwd: ROOT,
  env: {
    [FUZZ.seed]: values.seed,
    [FUZZ.times]: values.times,
    ...(values.path === undefined ? {} : { [FUZZ.path]: values.path }),
  },
  stdin: "null",
}).spawn().status;
Deno.exitCode = code;
