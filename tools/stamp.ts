/**
 * Writes the commit of a bundle into it: `deno run --allow-read --allow-write tools/stamp.ts
 * DIRECTORY COMMIT` replaces the null of `src/cli/version.ts` in the output of a bundler (not
 * minified) in that directory.
 */

const [directory, commit] = Deno.args;
if (directory === undefined || !/^[0-9a-f]+(-dirty)?$/.test(commit ?? "")) {
  throw new Error("usage: stamp.ts DIRECTORY COMMIT");
}

const UNKNOWN = /^var COMMIT = null;$/gm;

let count = 0;
for (const { name } of Deno.readDirSync(directory)) {
  if (!name.endsWith(".js")) continue;
  const path = `${directory}/${name}`;
  const text = Deno.readTextFileSync(path);
  const stamped = text.replaceAll(UNKNOWN, () => {
    count++;
    return `var COMMIT = "${commit}";`;
  });
  if (stamped !== text) Deno.writeTextFileSync(path, stamped);
}
if (count !== 1) throw new Error(`the bundle has ${count} places for the commit`);
