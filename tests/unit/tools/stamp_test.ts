import { deepEqual, equal, match } from "node:assert/strict";

const SCRIPT = new URL("../../../tools/stamp.ts", import.meta.url).pathname;
const COMMIT = "5e8494bf646c20bc1fc4fe300c90b83e356a9318";

interface Outcome {
  readonly code: number;
  readonly stderr: string;
  /** The files, as they are then. */
  readonly files: Readonly<Record<string, string>>;
}

/** Stamps a bundle of such files. */
async function stamped(files: Readonly<Record<string, string>>, commit: string): Promise<Outcome> {
  const directory = await Deno.makeTempDir();
  try {
    const paths = Object.keys(files).map((name) => [name, `${directory}/${name}`] as const);
    for (const [name, path] of paths) await Deno.writeTextFile(path, files[name] ?? "");
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--allow-write", SCRIPT, directory, commit],
      env: { NO_COLOR: "1" },
    }).output();
    const read = paths.map(async ([name, path]) => [name, await Deno.readTextFile(path)]);
    return {
      code,
      stderr: new TextDecoder().decode(stderr),
      files: Object.fromEntries(await Promise.all(read)),
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const BUNDLE = {
  "main.js": 'var VERSION = "1";\nvar COMMITS = null;\n',
  "version-X.js": "var COMMIT = null;\nvar OTHER = null;\n",
  "notes.txt": "var COMMIT = null;\n",
};

Deno.test("a bundle gets its commit where its source has none", async () => {
  const { code, files } = await stamped(BUNDLE, `${COMMIT}-dirty`);
  equal(code, 0);
  deepEqual(files, {
    ...BUNDLE,
    "version-X.js": `var COMMIT = "${COMMIT}-dirty";\nvar OTHER = null;\n`,
  });
});

Deno.test("a bundle that has no place for its commit, or two, is refused", async () => {
  const [none, two] = await Promise.all([
    stamped({ "main.js": "var OTHER = null;\n" }, COMMIT),
    stamped({ ...BUNDLE, "main.js": "var COMMIT = null;\n" }, COMMIT),
  ]);
  deepEqual([none.code, two.code], [1, 1]);
  match(none.stderr, /the bundle has 0 places for the commit/);
  match(two.stderr, /the bundle has 2 places for the commit/);
});

Deno.test("what is no commit is refused, so that it cannot become code", async () => {
  const { code, files } = await stamped(BUNDLE, '"; throw 1; //');
  equal(code, 1);
  deepEqual(files, BUNDLE);
});
