import { deepEqual, equal, ok } from "node:assert/strict";
import { allProblems, problemText } from "../../../src/config/config.ts";
import { MAX_FILES } from "../../../src/config/include.ts";
import { resolve } from "../../../src/config/resolve.ts";
import { MAX_FILE_BYTES } from "../../../src/config/trusted.ts";
import type { Definition } from "../../../src/model.ts";
import { configOf, problemsIn, type Thing, worldOf } from "./files.ts";
import { loadConfig } from "../../../src/config/load.ts";

/** The definition of `astro` in `/srv/kstops.yml`, with other files there. */
async function definitionOf(text: string, others: Record<string, Thing>): Promise<Definition> {
  const config = await configOf(text, { others });
  deepEqual(problemsIn(config), []);
  const around = { workingDirectory: "/", env: () => undefined, envFiles: new Map() };
  return resolve("astro", {}, config, around).definition;
}

function session(...lines: string[]): string {
  return ["ops:", "  sessions:", "    astro:", ...lines.map((line) => `      ${line}`), ""]
    .join("\n");
}

Deno.test("an include is laid under the file that includes it", async () => {
  const definition = await definitionOf(
    `include: [a.yml, b.yml]\n${session("command: own", "env: { OWN: own, BOTH: own }")}`,
    {
      "a.yml": `${session("command: a", "env: { A: a, B: a, BOTH: a }", "stop_timeout: 1")}`,
      "b.yml": `${session("env: { B: b, BOTH: b }", "stop_timeout: 2", "protected: true")}`,
    },
  );
  deepEqual([definition.argv, definition.stopTimeoutSeconds, definition.protected], [
    ["own"],
    2,
    true,
  ]);
  deepEqual(definition.env, { A: "a", B: "b", BOTH: "own", OWN: "own" });
});

Deno.test("an include may be one text, JSON, absolute, and found by a variable", async () => {
  const json = '{"ops": {"sessions": {"astro": {"command": "json"}}}}';
  for (
    const include of ["sub/a.json", "/srv/sub/a.json", '"${SUB}/a.json"', "./sub/../sub/a.json"]
  ) {
    const config = await configOf(`include: ${include}\n`, {
      others: { "sub/a.json": json },
      env: { SUB: "sub" },
    });
    deepEqual([problemsIn(config), [...config.sessions.keys()]], [[], ["astro"]]);
    deepEqual(config.files, ["/srv/kstops.yml", "/srv/sub/a.json"]);
  }
});

Deno.test("relative paths are relative to the file that says them", async () => {
  const definition = await definitionOf(
    `include: sub/a.yml\n${session("volumes: ['./own:/own']")}`,
    {
      "sub/a.yml": session(
        "backend: container",
        "image: alpine",
        "volumes: ['./a:/a']",
        "log_volume: ./logs:/logs",
      ),
    },
  );
  ok(definition.backend === "container");
  deepEqual(definition.volumes, ["/srv/own:/own"]);
  equal(definition.logVolume, "/srv/sub/logs:/logs");
});

const DIRECTORIES: Record<string, [own: string, included: string, expected: string]> = {
  "of an include": ["ops:", session("command: x", "working_dir: w"), "/srv/sub/w"],
  "of the file that includes": [
    session("working_dir: w"),
    session("command: x", "working_dir: v"),
    "/srv/w",
  ],
  "by default, of the file that has the session": ["ops:", session("command: x"), "/srv/sub"],
  "by default, of the file that wins": [
    session("protected: true"),
    session("command: x"),
    "/srv",
  ],
};

for (const [what, [own, included, expected]] of Object.entries(DIRECTORIES)) {
  Deno.test(`a session runs in the directory ${what}`, async () => {
    const text = `include: [sub/a.yml]\n${own}\n`;
    const definition = await definitionOf(text, { "sub/a.yml": included });
    equal(definition.workingDir, expected);
  });
}

Deno.test("env_file and tmux_binary are relative to the file that says them", async () => {
  const { envFilesOf } = await import("../../../src/config/resolve.ts");
  const config = await configOf("include: [sub/a.yml]\n", {
    others: { "sub/a.yml": `${session("command: x", "env_file: a.env")}  tmux_binary: ./tmux\n` },
  });
  deepEqual(envFilesOf("astro", {}, config, { workingDirectory: "/" }), ["/srv/sub/a.env"]);
  equal(config.settings.tmuxBinary, "/srv/sub/tmux");
});

Deno.test("a file that is included twice is read once", async () => {
  const read: string[] = [];
  const files = {
    "/srv/kstops.yml": "include: [left.yml, right.yml]\n",
    "/srv/left.yml": "include: base.yml\nops: { stop_timeout: 1 }\n",
    "/srv/right.yml": "include: base.yml\n",
    "/srv/base.yml": `${session("command: base")}  stop_timeout: 3\n`,
  };
  const config = await loadConfig(worldOf({ files, read }), "/srv/kstops.yml");
  deepEqual(allProblems(config), []);
  equal(read.filter((path) => path === "/srv/base.yml").length, 1);
  // The right one comes later, and so does what it includes.
  equal(config.settings.stopTimeoutSeconds, 3);
});

Deno.test("ten levels of includes are read, and eleven are not", async () => {
  const others = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [
    `${index + 1}.yml`,
    index < 10 ? `include: ${index + 2}.yml\n` : session("command: deep"),
  ]));
  deepEqual(problemsIn(await configOf("include: 2.yml\n", { others })), []);
  deepEqual((await configOf("include: 1.yml\n", { others })).problems.map(problemText), [
    "/srv/10.yml:1:10: include: files are included more than 10 levels deep",
  ]);
  // Also where the deep part was read before, from higher up.
  const config = await configOf("include: [2.yml, 1.yml]\n", { others });
  equal(config.problems.length, 1);
});

const LIMITS: Record<string, [string, Record<string, Thing>, string]> = {
  "files that are too large together": [
    "include: [a.yml, b.yml]",
    { "a.yml": "#".repeat(MAX_FILE_BYTES / 2), "b.yml": "#".repeat(MAX_FILE_BYTES / 2) },
    "1:18: include[1]: all files together are larger than 2 MiB",
  ],
  "too many files": [
    `include: [${Array.from({ length: MAX_FILES }, (_, index) => `${index}.yml`).join(", ")}]`,
    Object.fromEntries(Array.from({ length: MAX_FILES }, (_, index) => [`${index}.yml`, ""])),
    "1:793: include[99]: there are more than 100 files",
  ],
  "a file of somebody else": [
    "include: a.yml",
    { "a.yml": { text: "", uid: 1001 } },
    "1:10: include: cannot include /srv/a.yml: it belongs to another user (uid 1001), who could " +
    "run commands as you (copy it, or make it yours: chown 1000 /srv/a.yml)",
  ],
  "a file that everybody can write": [
    "include: a.yml",
    { "a.yml": { text: "", mode: 0o666 } },
    "1:10: include: cannot include /srv/a.yml: everybody can write it (run: chmod go-w /srv/a.yml)",
  ],
  "a FIFO": [
    "include: a.yml",
    { "a.yml": { kind: "other" } },
    "1:10: include: cannot include /srv/a.yml: it is not a regular file",
  ],
  "a file that vanishes while it is read": [
    "include: a.yml",
    { "a.yml": {} },
    "1:10: include: cannot include /srv/a.yml: no such file",
  ],
};

for (const [what, [text, others, expected]] of Object.entries(LIMITS)) {
  Deno.test(`an include is refused for ${what}`, async () => {
    const config = await configOf(text, { others });
    deepEqual(problemsIn(config), [expected]);
    deepEqual(config.problems.length, 1);
  });
}

Deno.test("in kstlib.conf.yml, and what it includes, the keys of kstlib are left alone", async () => {
  const config = await configOf(
    "include: [a.yml, secrets.toml]\nlogger: { level: x, level: y }\n",
    {
      name: "kstlib.conf.yml",
      others: { "a.yml": `cache: !x y\n${session("command: x")}`, "secrets.toml": "[a]\n" },
    },
  );
  deepEqual([problemsIn(config), [...config.sessions.keys()]], [[], ["astro"]]);
});

Deno.test("the keys of kstlib are a mistake in what kstops.yml includes", async () => {
  const config = await configOf("include: a.yml\n", { others: { "a.yml": "cache: {}\n" } });
  deepEqual(allProblems(config).map(problemText), ["/srv/a.yml:1:1: cache: unknown key"]);
});
