/**
 * The rules that the shape of the source follows, and a proof that each of them can be broken: who
 * may import whom, which file reaches outside, which one prints.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The layers, lowest first. An entry is a file or a folder (with a final slash). A file may import
 * what is lower, its own layer, and of its own row what `beside` names.
 */
const ROWS: readonly Readonly<Record<string, { readonly beside: readonly string[] }>>[] = [
  {
    "src/model.ts": { beside: ["src/errors.ts", "src/suggest.ts", "src/keys/"] },
    "src/keys/": { beside: ["src/model.ts", "src/errors.ts"] },
    "src/errors.ts": { beside: ["src/model.ts", "src/suggest.ts"] },
    "src/suggest.ts": { beside: ["src/model.ts", "src/errors.ts"] },
    "src/mask.ts": { beside: ["src/errors.ts"] },
    "src/version.ts": { beside: [] },
    "src/locale.ts": { beside: [] },
    "src/shell.ts": { beside: [] },
    "src/owner.ts": { beside: ["src/model.ts", "src/errors.ts"] },
  },
  {
    "src/supervise/": { beside: [] },
    "src/validate/": { beside: [] },
    "src/world/": { beside: [] },
  },
  {
    "src/backends/": { beside: ["src/logs/"] },
    "src/config/": { beside: [] },
    "src/operations/": { beside: [] },
    "src/logs/": { beside: [] },
  },
  {
    "src/sessions/": { beside: [] },
    "src/doctor/": { beside: [] },
  },
  { "src/output/": { beside: [] }, "src/library/": { beside: [] } },
  { "src/cli/": { beside: [] } },
  { "main.ts": { beside: [] } },
];

/** The library door is above everything but what belongs to the command line. */
const DOOR = "src/mod.ts";
const NOT_THROUGH_THE_DOOR = ["src/output/", "src/cli/", "main.ts"];

/** Only this folder reaches outside of the program. */
const WORLD = "src/world/";
/** Only this file prints. */
const PRINTER = "src/cli/app.ts";
/** Modules of the runtime that only compute. The others reach outside, which is the world's part. */
const PURE_MODULES = ["node:buffer", "node:path", "node:path/posix", "node:url", "node:util"];

interface Token {
  readonly kind: "word" | "string" | "mark";
  readonly text: string;
}

interface Import {
  readonly specifier: string;
  /** It is gone once the types are. */
  readonly typeOnly: boolean;
}

type Sources = Readonly<Record<string, string>>;

/** Words after which a slash begins a regular expression and does not divide. */
const BEFORE_REGEX = new Set(
  "await case delete do else in instanceof new of return throw typeof void yield".split(" "),
);

/**
 * The tokens of TypeScript, as far as these rules need them: comments, numbers, regular expressions
 * and the text of templates are left out, the code inside of templates is not.
 */
function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  // For every open brace, whether it is the `${` of a template.
  const braces: boolean[] = [];
  const pattern =
    /\s+|\/\/.*|\/\*[^]*?\*\/|(?<string>"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*')|\d[\w.]*|(?<word>[\p{L}_$#][\p{L}\p{N}_$]*)|(?<mark>[^])/uy;
  const regex = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
  const template = /(?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y;
  let at = 0;
  const skip = (what: RegExp): string => {
    what.lastIndex = at;
    const text = what.exec(source)?.[0] ?? "";
    at += text.length;
    return text;
  };
  const skipTemplateText = () => {
    if (skip(template).endsWith("${")) braces.push(true);
  };
  while (at < source.length) {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found === null) throw new Error(`Cannot read the source at offset ${at}`);
    const { string, word, mark } = found.groups ?? {};
    const last = tokens.at(-1);
    const valueBefore = last !== undefined &&
      (last.kind === "mark"
        ? [")", "]", "}"].includes(last.text)
        : last.kind === "string" || !BEFORE_REGEX.has(last.text));
    if (mark === "/" && !valueBefore && skip(regex) !== "") continue;
    at = pattern.lastIndex;
    if (string !== undefined) tokens.push({ kind: "string", text: string.slice(1, -1) });
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    if (mark === undefined) continue;
    if (mark === "`") {
      // A template is a value, so that a slash after it divides.
      tokens.push({ kind: "string", text: "" });
      skipTemplateText();
    } else if (mark === "{") {
      braces.push(false);
      tokens.push({ kind: "mark", text: mark });
    } else if (mark === "}" && braces.pop() === true) {
      skipTemplateText();
    } else {
      tokens.push({ kind: "mark", text: mark });
    }
  }
  return tokens;
}

/** Every import and re-export of a file; the specifier is null where it is no plain string. */
function importsOf(tokens: readonly Token[]): readonly (Import | null)[] {
  const found: (Import | null)[] = [];
  const at = (index: number): string => tokens[index]?.text ?? "";
  tokens.forEach((token, index) => {
    if (token.kind !== "word" || at(index - 1) === ".") return;
    if (token.text === "import" && at(index + 1) === "(") {
      const specifier = tokens[index + 2];
      const plain = specifier?.kind === "string" && specifier.text !== "" &&
        [")", ","].includes(at(index + 3));
      // `import("./x.ts").Name` where a type stands cannot be told apart here, and counts in full.
      found.push(plain ? { specifier: specifier.text, typeOnly: false } : null);
    } else if (token.text === "import" && tokens[index + 1]?.kind === "string") {
      found.push({ specifier: at(index + 1), typeOnly: false });
    } else if (token.text === "import" || token.text === "export") {
      // import|export [type] [name ,] [* as name | { ... }] from "..."
      let next = index + 1;
      const type = at(next) === "type" && ![",", "from"].includes(at(next + 1));
      if (type) next += 1;
      if (token.text === "export" && !["*", "{"].includes(at(next))) return;
      if (token.text === "import" && at(next + 1) === "=") return;
      const names: string[][] = [];
      while (next < tokens.length && at(next) !== "from") {
        if (at(next) === "{" || at(next) === ",") names.push([]);
        else if (at(next) === "}") {
          // `export { a };` without a source
          if (at(next + 1) !== "from") break;
        } else (names.at(-1) ?? names[names.push([]) - 1])?.push(at(next));
        next += 1;
      }
      if (at(next) !== "from" || tokens[next + 1]?.kind !== "string") return;
      const named = names.filter((words) => words.length > 0);
      found.push({
        specifier: at(next + 1),
        typeOnly: type ||
          named.length > 0 && named.every((words) => words.length > 1 && words[0] === "type"),
      });
    }
  });
  return found;
}

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
    const tokens = tokenize(source);
    if (file !== DOOR && placeOf(file) === null) found.push(`${file} belongs to no layer`);
    const targets: string[] = [];
    graph.set(file, targets);
    for (const imported of importsOf(tokens)) {
      if (imported === null) {
        found.push(`${file} has an import() of something that is no plain string`);
        continue;
      }
      const wrong = wrongWithImport(file, imported.specifier);
      if (wrong !== null) found.push(wrong);
      if (imported.specifier.startsWith(".") && !imported.typeOnly) {
        targets.push(normalize(join(dirname(file), imported.specifier)));
      }
    }
    const words = new Set(tokens.filter(({ kind }) => kind === "word").map(({ text }) => text));
    if (words.has("console")) found.push(`${file} names console`);
    if (words.has("Deno") && !file.startsWith(WORLD) && file !== "main.ts") {
      found.push(`${file} names Deno`);
    }
    if (!file.startsWith(WORLD) && file !== PRINTER) {
      for (const method of ["writeOut", "writeError"]) {
        if (words.has(method)) found.push(`${file} prints with ${method}`);
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
    sources: { "src/library/work.ts": `import { time } from "../output/wire.ts";` },
    says: "src/library/work.ts must not import src/output/wire.ts",
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
  `;
  const seen = importsOf(tokenize(source)).map((found) =>
    found === null ? "?" : `${found.specifier}${found.typeOnly ? " type" : ""}`
  );
  equal(
    seen.join(", "),
    "1, 2, 3, 4 type, 5 type, 6 type, 7, 8, 9, 10, 11, 12, 13 type, 14, 17, 18",
  );
});
