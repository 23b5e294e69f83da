import { deepEqual, equal, ok } from "node:assert/strict";
import { allProblems, problemReport } from "../../../src/config/config.ts";
import { definedSessions } from "../../../src/config/defined.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { equalsGolden } from "../../support/golden.ts";
import { type Thing, worldOf } from "./files.ts";

/** Config files, each with a mistake. In those that begin with `session-` it is one of a session. */
const CORPUS = new URL("../../fixtures/config/", import.meta.url);

async function filesBelow(directory: URL, path: string): Promise<Record<string, Thing>> {
  const files: Record<string, Thing> = { [path.slice(0, -1)]: { kind: "directory" } };
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory) {
      Object.assign(files, await filesBelow(new URL(`${name}/`, directory), `${path}${name}/`));
    } else {
      const text = await Deno.readFile(new URL(name, directory));
      files[`${path}${name}`] = { text, bytes: text.length };
    }
  }
  return files;
}

const files = await filesBelow(CORPUS, "/srv/");
const names = Object.keys(files).filter((path) => /^\/srv\/[^/]+\./.test(path)).sort();

Deno.test("every broken config says what is wrong, and where", async () => {
  ok(names.length >= 60);
  const reports: string[] = [];
  for (const path of names) {
    const problems = allProblems(await loadConfig(worldOf({ files }), path));
    ok(problems.length > 0, path);
    reports.push(`== ${path.slice(5)}`, ...problems.map(problemReport), "");
  }
  const text = reports.join("\n");
  ok(!text.includes("hunter2"));
  await equalsGolden("config-mistakes.txt", text);
});

for (const path of names.filter((path) => /\/(?:session-|kstlib)/.test(path))) {
  Deno.test(`good sessions are shown beside the bad ones of ${path.slice(5)}`, async () => {
    const config = await loadConfig(worldOf({ files }), path);
    deepEqual(config.problems, []);
    const defined = definedSessions(config);
    equal(defined.find(({ name }) => name === "good")?.problem, null);
    ok(defined.some(({ problem }) => problem !== null));
  });
}
