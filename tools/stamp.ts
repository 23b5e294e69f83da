/**
 * Tells a bundle which commit it is made of: `deno run --allow-read --allow-write tools/stamp.ts
 * DIRECTORY COMMIT` writes it over the null of `src/cli/version.ts` in what a bundler (not minifying)
 * wrote into that directory.
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
