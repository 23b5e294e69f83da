/**
 * The rules that the shape of the source follows, and a proof that each of them can be broken: who
 * may import whom, which file reaches outside, which one prints.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSyntax } from "../support/syntax.ts";

/**
 * The layers, lowest first. An entry is a file or a folder (with a final slash). A file may import
 * what is lower, its own layer, and of its own row what `beside` names.
 */
const ROWS: readonly Readonly<Record<string, { readonly beside: readonly string[] }>>[] = [
  {
    "src/model.ts": { beside: ["src/errors.ts", "src/suggest.ts", "src/keys/"] },
    "src/model/": { beside: ["src/model.ts", "src/errors.ts", "src/keys/", "src/shell.ts"] },
    "src/keys/": { beside: ["src/model.ts", "src/errors.ts"] },
    "src/errors.ts": { beside: ["src/model.ts", "src/suggest.ts", "src/escape.ts"] },
    "src/escape.ts": { beside: [] },
    "src/suggest.ts": { beside: ["src/model.ts", "src/errors.ts"] },
    "src/mask.ts": { beside: ["src/errors.ts"] },
    "src/version.ts": { beside: [] },
    "src/locale.ts": { beside: [] },
    "src/shell.ts": { beside: [] },
    "src/wire.ts": { beside: ["src/model.ts", "src/errors.ts"] },
    "src/owner.ts": { beside: ["src/model.ts", "src/errors.ts"] },
  },
  {
    "src/supervise/": { beside: [] },
    "src/validate/": { beside: [] },
    "src/world/": { beside: [] },
    "src/boot/": { beside: ["src/world/"] },
  },
  {
    "src/backends/": { beside: ["src/logs/"] },
    "src/config/": { beside: [] },
    "src/operations/": { beside: [] },
    "src/logs/": { beside: [] },
  },
  { "src/sessions/": { beside: [] } },
  { "src/actions/": { beside: [] } },
  { "src/doctor/": { beside: [] } },
  { "src/output/": { beside: [] }, "src/library/": { beside: [] } },
  { "src/cli/": { beside: [] } },
  { "main.ts": { beside: [] } },
];

/** The library door is above everything but what belongs to the command line. */
const DOOR = "src/mod.ts";
const NOT_THROUGH_THE_DOOR = ["src/output/", "src/cli/", "main.ts"];

/** A longer file has two jobs. */
const MOST_LINES = 400;

/** Only this folder reaches outside of the program. */
const WORLD = "src/world/";
/** Only these know what backends and engines are called, and what is different about each. */
const KNOWS_BACKENDS = ["src/backends/", "src/keys/session_keys.ts"];
const ENGINES = ["tmux", "container", "podman", "docker"];
/** Only this file prints. */
const PRINTER = "src/cli/app.ts";
/** Names that reach outside without an import; the linter refuses `process`. */
const OUTSIDE = ["Deno", "globalThis", "fetch"];
/** Modules of the runtime that only compute. The others reach outside, which is the world's part. */
const PURE_MODULES = ["node:buffer", "node:path", "node:path/posix", "node:url", "node:util"];

type Sources = Readonly<Record<string, string>>;

/** The row and the layer that a file belongs to. */
function placeOf(file: string): { readonly row: number; readonly layer: string } | null {
  for (const [row, layers] of ROWS.entries()) {
    const layer = Object.keys(layers).find((name) =>
      name.endsWith("/") ? file.startsWith(name) : file === name
    );
    if (layer !== undefined) return { row, layer };
  }
  return null;
}

/** What is wrong with one import of a file, or null. */
function wrongWithImport(file: string, specifier: string): string | null {
  if (specifier.startsWith("node:")) {
    if (file.startsWith(WORLD) || PURE_MODULES.includes(specifier)) return null;
    return `${file} imports ${specifier}, which only ${WORLD} may`;
  }
  if (specifier.includes(":")) return `${file} imports ${specifier}, which deno.json does not pin`;
  if (!specifier.startsWith(".")) return null;
  const target = join(dirname(file), specifier);
  // Text and JSON that is embedded.
  if (!/\.[jt]sx?$/.test(target)) return null;
  const broken = `${file} must not import ${target}`;
  if (file === DOOR) {
    return NOT_THROUGH_THE_DOOR.some((layer) => target.startsWith(layer)) ? broken : null;
  }
  const from = placeOf(file);
  const to = placeOf(target);
  if (from === null) return null;
  if (to === null || to.row > from.row) return broken;
  if (to.row < from.row || to.layer === from.layer) return null;
  return ROWS[from.row]?.[from.layer]?.beside.includes(to.layer) ? null : broken;
}

/** The rings of files that import each other, each once; imports of types do not count. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const since = path.indexOf(file);
    if (since >= 0) found.push([...path.slice(since), file].join(" -> "));
    if (since >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

/** Everything that breaks a rule in these files, given as path below the project -> text. */
function violations(sources: Sources): readonly string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [file, source] of Object.entries(sources)) {
    const { imports, names, compared } = parseSyntax(file, source);
    if (file !== DOOR && placeOf(file) === null) found.push(`${file} belongs to no layer`);
    const lines = source.split("\n").length - 1;
    if (lines > MOST_LINES) found.push(`${file} has ${lines} lines: find its two jobs`);
    const targets: string[] = [];
    graph.set(file, targets);
    for (const { specifier, typeOnly } of imports) {
      if (specifier === null) {
        found.push(`${file} has an import() of something that is no plain string`);
        continue;
      }
      const wrong = wrongWithImport(file, specifier);
      if (wrong !== null) found.push(wrong);
      if (specifier.startsWith(".") && !typeOnly) {
        targets.push(normalize(join(dirname(file), specifier)));
      }
    }
    if (names.has("console")) found.push(`${file} names console`);
    for (const name of OUTSIDE) {
      if (names.has(name) && !file.startsWith(WORLD) && file !== "main.ts") {
        found.push(`${file} names ${name}`);
      }
    }
    if (!KNOWS_BACKENDS.some((path) => file.startsWith(path))) {
      for (const name of ENGINES) {
        if (compared.has(name)) found.push(`${file} compares with "${name}"`);
      }
    }
    if (!file.startsWith(WORLD) && file !== PRINTER) {
      for (const method of ["writeOut", "writeError"]) {
        if (names.has(method)) found.push(`${file} prints with ${method}`);
      }
    }
  }
  return [...found, ...cycles(graph).map((ring) => `files import each other: ${ring}`)];
}

/** Every TypeScript file of the program. */
async function programSources(): Promise<Sources> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const sources: Record<string, string> = {};
  const read = async (path: string) => {
    sources[relative(root, path).replaceAll("\\", "/")] = await Deno.readTextFile(path);
  };
  const walk = async (folder: string) => {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory) await walk(path);
      else if (/\.[jt]sx?$/.test(entry.name)) await read(path);
    }
  };
  await walk(join(root, "src"));
  await read(join(root, "main.ts"));
  return sources;
}

Deno.test("the source follows the rules of its architecture", async () => {
  const sources = await programSources();
  for (const file of ["main.ts", `${WORLD}deno.ts`, PRINTER, DOOR]) {
    ok(file in sources, `${file} is missing`);
  }
  deepEqual(violations(sources), []);
});

const FOLLOWED: Record<string, Sources> = {
  "an import of a lower layer": {
    "src/backends/tmux/args.ts": `import { quote } from "../../validate/command.ts";`,
    "src/validate/command.ts": `import { KstopsError } from "../errors.ts";`,
    "src/errors.ts": `export {};`,
  },
  "a backend that uses the logs beside it": {
    "src/backends/tmux/runner.ts": `import { capture } from "../../logs/capture.ts";`,
  },
  "packages, data and modules that only compute": {
    "src/config/load.ts":
      `import { parse } from "js-yaml"; import text from "../../config/defaults.yml" with { type: "text" }; import { join } from "node:path";`,
  },
  "a command that is loaded lazily": {
    "src/cli/app.ts": `const list = () => import("./commands/list.ts");`,
    "src/cli/commands/list.ts": `import type { Reply } from "../app.ts";`,
  },
  "two files that know each other's types": {
    "src/model.ts": `import { type A, type B } from "./errors.ts"; export type M = A | B;`,
    "src/errors.ts": `import { m } from "./model.ts"; export type A = typeof m;`,
  },
  "forbidden words in comments, strings, templates and regular expressions": {
    "src/model.ts": [
      "// Deno.run, console.log",
      "/** import('./cli/app.ts'); Deno */",
      'const a = \'Deno.exit()\', b = "console", c = `Deno ${a} console`, d = /Deno[/"]console/;',
      "const e = 4 / 2 / 1, f = { console_: 1, type: 'x' };",
    ].join("\n"),
  },
  "the world, the printer and the entry doing their parts": {
    "src/world/world.ts": `const { kill } = await import("node:process"); Deno.stdout; writeOut();`,
    "src/cli/app.ts": `world.terminal.writeOut(text); world.terminal.writeError(text);`,
    "main.ts":
      `import { main } from "./src/cli/app.ts"; import { denoWorld } from "./src/world/deno.ts"; Deno.exitCode = await main(Deno.args, denoWorld());`,
  },
  "the names of engines where nothing is compared with them, and in their own folders": {
    "src/model.ts": `export const BACKENDS = ["tmux"]; const a = { backend: "tmux" }, b = "tmux";`,
    "src/backends/container/ask.ts": `if (runtime === "docker") throw error;`,
  },
  "the library door to the sessions": {
    "src/mod.ts": `export { SessionManager } from "./sessions.ts"; export * from "./errors.ts";`,
  },
};
for (const [what, sources] of Object.entries(FOLLOWED)) {
  Deno.test(`the rules allow ${what}`, () => deepEqual(violations(sources), []));
}

const BROKEN: Record<string, { readonly sources: Sources; readonly says: string }> = {
  "an import of a higher layer": {
    sources: { "src/errors.ts": `import { list } from "./sessions/sessions.ts";` },
    says: "src/errors.ts must not import src/sessions/sessions.ts",
  },
  "an import of types from a higher layer": {
    sources: { "src/sessions/list.ts": `import type { Reply } from "../cli/app.ts";` },
    says: "src/sessions/list.ts must not import src/cli/app.ts",
  },
  "an import() of a higher layer": {
    sources: { "src/logs/follow.ts": `const s = await import("../sessions/list.ts");` },
    says: "src/logs/follow.ts must not import src/sessions/list.ts",
  },
  "an import in the place of a type": {
    sources: { "src/model.ts": `export type World = import("./world/world.ts").World;` },
    says: "src/model.ts must not import src/world/world.ts",
  },
  "an import() in the middle of a template": {
    sources: { "src/model.ts": "const a = `x ${`y ${await import('./world/world.ts')}`} z`;" },
    says: "src/model.ts must not import src/world/world.ts",
  },
  "an import for its effects alone": {
    sources: { "src/model.ts": `import "./world/world.ts";` },
    says: "src/model.ts must not import src/world/world.ts",
  },
  "a re-export": {
    sources: { "src/model.ts": `export * as world from "./world/world.ts";` },
    says: "src/model.ts must not import src/world/world.ts",
  },
  "a re-export of types": {
    sources: { "src/model.ts": `export type { World } from "./world/world.ts";` },
    says: "src/model.ts must not import src/world/world.ts",
  },
  "a default and named import over several lines": {
    sources: {
      "src/model.ts": `import world, {\n  type World,\n  exec,\n} from "./world/world.ts";`,
    },
    says: "src/model.ts must not import src/world/world.ts",
  },
  "an import behind a regular expression with a quote": {
    sources: {
      "src/model.ts": `const quote = /["'\`]/;\nimport { exec } from "./world/world.ts";`,
    },
    says: "src/model.ts must not import src/world/world.ts",
  },
  "a validator that knows the world": {
    sources: { "src/validate/name.ts": `import type { World } from "../world/world.ts";` },
    says: "src/validate/name.ts must not import src/world/world.ts",
  },
  "the config knowing a backend": {
    sources: { "src/config/resolve.ts": `import { x } from "../backends/backend.ts";` },
    says: "src/config/resolve.ts must not import src/backends/backend.ts",
  },
  "the logs knowing a backend": {
    sources: { "src/logs/runs.ts": `import { x } from "../backends/backend.ts";` },
    says: "src/logs/runs.ts must not import src/backends/backend.ts",
  },
  "the library door opening the command line": {
    sources: { "src/mod.ts": `export { main } from "./cli/app.ts";` },
    says: "src/mod.ts must not import src/cli/app.ts",
  },
  "the library door opening the output": {
    sources: { "src/mod.ts": `import { table } from "./output/table.ts";` },
    says: "src/mod.ts must not import src/output/table.ts",
  },
  "the library knowing the output": {
    sources: { "src/library/work.ts": `import { paint } from "../output/screen.ts";` },
    says: "src/library/work.ts must not import src/output/screen.ts",
  },
  "a file using the library door": {
    sources: { "src/cli/app.ts": `import { SessionManager } from "../mod.ts";` },
    says: "src/cli/app.ts must not import src/mod.ts",
  },
  "code from outside of the source": {
    sources: { "src/cli/app.ts": `import { x } from "../../tests/support/world.ts";` },
    says: "src/cli/app.ts must not import tests/support/world.ts",
  },
  "a file without a layer": {
    sources: { "src/helpers.ts": "" },
    says: "src/helpers.ts belongs to no layer",
  },
  "a file that is too long for one job": {
    sources: { "src/model.ts": "export {};\n".repeat(401) },
    says: "src/model.ts has 401 lines: find its two jobs",
  },
  "an import() that cannot be read": {
    sources: {
      "src/cli/app.ts": "const load = (name: string) => import(`./commands/${name}.ts`);",
    },
    says: "src/cli/app.ts has an import() of something that is no plain string",
  },
  "files that import each other": {
    sources: {
      "src/validate/a.ts": `import { b } from "./b.ts";`,
      "src/validate/b.ts": `import { c } from "./c.ts";`,
      "src/validate/c.ts": `const a = () => import("./a.ts");`,
    },
    says:
      "files import each other: src/validate/a.ts -> src/validate/b.ts -> src/validate/c.ts -> src/validate/a.ts",
  },
  "files that import each other for more than a type": {
    sources: {
      "src/model.ts": `import { type A, b } from "./errors.ts";`,
      "src/errors.ts": `export { m } from "./model.ts";`,
    },
    says: "files import each other: src/model.ts -> src/errors.ts -> src/model.ts",
  },
  "Deno outside of the world": {
    sources: { "src/logs/capture.ts": "const { readTextFile } = Deno;" },
    says: "src/logs/capture.ts names Deno",
  },
  "Deno in the middle of a template": {
    sources: { "src/cli/app.ts": "const a = `${Deno.args}`;" },
    says: "src/cli/app.ts names Deno",
  },
  "Deno in a file that the linter leaves alone": {
    sources: { "src/cli/app.ts": "// deno-lint-ignore-file\nDeno.exit();" },
    says: "src/cli/app.ts names Deno",
  },
  "Deno by its name as a text": {
    sources: { "src/cli/app.ts": 'const { args } = globalThis["De" + "no"];' },
    says: "src/cli/app.ts names globalThis",
  },
  "a type of Deno's": {
    sources: { "src/backends/tmux/ask.ts": "export type Child = Deno.ChildProcess;" },
    says: "src/backends/tmux/ask.ts names Deno",
  },
  "a call of the network": {
    sources: { "src/backends/container/dial.ts": "await fetch('http://127.0.0.1/');" },
    says: "src/backends/container/dial.ts names fetch",
  },
  "a module that reaches outside": {
    sources: { "src/config/load.ts": `import { readFileSync } from "node:fs";` },
    says: "src/config/load.ts imports node:fs, which only src/world/ may",
  },
  "a database of its own": {
    sources: { "src/operations/store.ts": `import { DatabaseSync } from "node:sqlite";` },
    says: "src/operations/store.ts imports node:sqlite, which only src/world/ may",
  },
  "a package with its version in the source": {
    sources: { "src/cli/app.ts": `const { load } = await import("npm:js-yaml@5");` },
    says: "src/cli/app.ts imports npm:js-yaml@5, which deno.json does not pin",
  },
  "a command that prints": {
    sources: { "src/cli/commands/list.ts": "options.world.terminal.writeOut('x');" },
    says: "src/cli/commands/list.ts prints with writeOut",
  },
  "a backend that complains": {
    sources: { "src/backends/registry.ts": "const { writeError } = world.terminal;" },
    says: "src/backends/registry.ts prints with writeError",
  },
  "a command that tells one backend from another": {
    sources: { "src/cli/commands/stop.ts": `const a = backend === "tmux" ? 1 : 2;` },
    says: `src/cli/commands/stop.ts compares with "tmux"`,
  },
  "a layer that tells one engine from another, the other way round": {
    sources: { "src/sessions/list.ts": `if ("docker" !== engine) { f(); }` },
    says: `src/sessions/list.ts compares with "docker"`,
  },
  "a layer with a case for a backend": {
    sources: { "src/output/wire.ts": `switch (b) { case "container": break; }` },
    says: `src/output/wire.ts compares with "container"`,
  },
  "a layer that looks for an engine among others": {
    sources: { "src/config/read.ts": `const is = engines.includes("podman");` },
    says: `src/config/read.ts compares with "podman"`,
  },
  "console": {
    sources: { "src/world/world.ts": "console.log(1);" },
    says: "src/world/world.ts names console",
  },
};
for (const [what, { sources, says }] of Object.entries(BROKEN)) {
  Deno.test(`the rules refuse ${what}`, () => deepEqual(violations(sources), [says]));
}

Deno.test("every kind of import is seen, and whether it is of types alone", () => {
  const source = `
    import a from "1"; import * as b from "2"; import { c } from "3"; import type { d } from "4";
    import type e from "5"; import { type f } from "6"; import { type g, h } from "7"; import "8";
    import type from "9"; import i, { type j } from "10"; export { k } from "11"; export * from "12";
    export type { l } from "13"; export { m }; export type N = { from: string }; import.meta.url;
    const o = await import("14"); const p = { import: 1 }; q.import("15"); export default "16";
    import r from "17" with { type: "json" }; export const s = { t: 1 }; type U = import("18").V;
    export type * from "19"; import {} from "20"; import w = require("21"); let x: typeof import("22");
    export { type y } from "23"; export * as z from "24"; import(\`25\${a}\`); import(a);
  `;
  const seen = parseSyntax("src/a.ts", source).imports.map(({ specifier, typeOnly, lazy }) =>
    [specifier ?? "?", ...typeOnly ? ["type"] : [], ...lazy ? ["lazy"] : []].join(" ")
  );
  equal(
    seen.join(", "),
    "1, 2, 3, 4 type, 5 type, 6 type, 7, 8, 9, 10, 11, 12, 13 type, 14 lazy, 17, 18 type, " +
      "19 type, 20, 21, 22 type, 23 type, 24, ? lazy, ? lazy",
  );
});
