/** What a command does not need is not loaded for it: a walk over what is imported at once. */
import { deepEqual, ok } from "node:assert/strict";
import { parseSyntax } from "../support/syntax.ts";

const ROOT = new URL("../../", import.meta.url);

/** The files that a file imports at once; types alone are gone when it runs. */
async function importsAtOnce(file: URL): Promise<readonly URL[]> {
  const { imports } = parseSyntax(file.pathname, await Deno.readTextFile(file));
  return imports.flatMap(({ specifier, typeOnly, lazy }) =>
    specifier === null || typeOnly || lazy || !/^\..*\.ts$/.test(specifier)
      ? []
      : [new URL(specifier, file)]
  );
}

/** All files that are loaded with some files, by their paths below the root. */
async function loadedWith(...paths: readonly string[]): Promise<ReadonlySet<string>> {
  const loaded = new Set<string>();
  const left = paths.map((path) => new URL(path, ROOT));
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    const path = file.href.slice(ROOT.href.length);
    if (loaded.has(path)) continue;
    loaded.add(path);
    left.push(...await importsAtOnce(file));
  }
  return loaded;
}

/** What is loaded for every command line, before it is known what is asked for, or with it. */
const ALWAYS = ["main.ts", "src/cli/parse.ts", "src/cli/context.ts"];

const LOOKING: Readonly<Record<string, readonly string[]>> = {
  "list": ["src/cli/commands/list.ts"],
  "logs": ["src/cli/commands/logs.ts"],
  "status": ["src/cli/commands/status.ts"],
  "attach": ["src/cli/commands/attach.ts"],
  "the help": ["src/cli/help.ts"],
  "the completions": ["src/cli/completions.ts", "src/cli/commands/completions.ts"],
};

for (const [what, files] of Object.entries(LOOKING)) {
  Deno.test(`nothing of operations is loaded for ${what}`, async () => {
    const loaded = await loadedWith(...ALWAYS, ...files);
    deepEqual([...loaded].filter((path) => path.startsWith("src/operations/")), []);
  });
}

Deno.test("operations are loaded for what records a change", async () => {
  // Otherwise the walk would miss what it looks for.
  const loaded = await loadedWith("src/cli/recording.ts");
  ok(loaded.has("src/operations/operate.ts") && loaded.has("src/operations/sqlite.ts"));
});
