/**
 * Lets a bundler leave out unused parts of js-yaml: `deno run --allow-read --allow-write
 * tools/prune.ts DIRECTORY` changes the bundle (not minified) in that directory.
 *
 * js-yaml is one file that builds schemas, tags and the patterns of its writer when it is loaded.
 * kstops only uses its parser, but a bundler keeps every value whose construction may have side
 * effects. Here each becomes a call that is marked as pure, so that a second run of the bundler
 * drops it.
 */

const [directory] = Deno.args;
if (directory === undefined) throw new Error("usage: prune.ts DIRECTORY");

/** The bundler's copy of js-yaml: from the comment with its name to that of the next file. */
const PACKAGE = /^\/\/ \S+\/js-yaml\.mjs\n.*?(?=^\/\/ \S)/gms;
/** `var NAME = VALUE;`, to the first semicolon that ends a statement. */
const VALUE = /^var ([\w$]+) = ((?:[^\n]*\n[ \t}\])])*?[^\n]*);\n(?=\S)/gm;

let count = 0;
for (const { name } of Deno.readDirSync(directory)) {
  if (!name.endsWith(".js")) continue;
  const path = `${directory}/${name}`;
  const text = Deno.readTextFileSync(path);
  const pruned = text.replace(
    PACKAGE,
    (code) =>
      code.replace(VALUE, (_, variable, value) => {
        count++;
        return `var ${variable} = /* @__PURE__ */ (() => (${value}))();\n`;
      }),
  );
  if (pruned !== text) Deno.writeTextFileSync(path, pruned);
}
// The program would still be correct, but slower.
if (count === 0) throw new Error("js-yaml was not found in the bundle");
