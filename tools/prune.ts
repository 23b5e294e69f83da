/**
 * Lets a bundler leave out what nobody uses of js-yaml: `deno run --allow-read --allow-write
 * tools/prune.ts DIRECTORY` changes the bundle (not minified) in that directory.
 *
 * js-yaml is one file that makes schemas, tags and the patterns of its writer when it is loaded. Of
 * all that, kstops uses the parser only, but a bundler keeps every value whose making may do
 * something else besides. Here each becomes a call that is marked as pure, so that a second run of
 * the bundler drops it.
 */

const [directory] = Deno.args;
if (directory === undefined) throw new Error("usage: prune.ts DIRECTORY");

/** What the bundler wrote of js-yaml: from the comment with its name to that of the next file. */
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
// Nothing would be wrong with the program, but it would be slower.
if (count === 0) throw new Error("js-yaml was not found in the bundle");
