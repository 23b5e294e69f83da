/** What it costs to add a key: one entry of the table. Everything else follows from it. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { PROGRAM } from "../../../src/cli/table.ts";
import { isGroup } from "../../../src/cli/grammar.ts";
import { ALL_SESSION_KEYS } from "../../../src/keys/session_keys.ts";
import { KEYS } from "./example_keys.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** What a copy of the program says of the example keys. */
async function toldOfExamples(): Promise<Record<string, unknown>> {
  const directory = await Deno.makeTempDir();
  try {
    for (const folder of ["src", "config", "tools"]) {
      await copy(`${ROOT}${folder}`, `${directory}/${folder}`);
    }
    for (const file of ["deno.json", "deno.lock"]) {
      await Deno.copyFile(`${ROOT}${file}`, `${directory}/${file}`);
    }
    const table = `${directory}/src/keys/session_keys.ts`;
    const text = await Deno.readTextFile(table);
    const changed = text.replace("\n  stop_signal: {", () => `${KEYS}  stop_signal: {`);
    ok(changed !== text);
    await Deno.writeTextFile(table, changed);
    const probe = `${directory}/example_keys.ts`;
    await Deno.copyFile(`${ROOT}tests/unit/keys/example_keys.ts`, probe);
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "--no-check",
        "--config",
        `${directory}/deno.json`,
        probe,
        directory,
      ],
    }).output();
    ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a key that is added to the table is read, shown, recorded and described", async () => {
  const { problems, ...told } = await toldOfExamples();
  const at = (place: string) => `/nowhere/kstops.yml:${place.replaceAll("@", "ops.sessions.")}`;
  deepEqual(problems, [
    at("10:48: @two.reached.tcp: must have exactly one of http, tcp, command"),
    at("14:14: @typo.reached.tcp: must be a whole number of ports, 1 to 65535"),
    at("15:9: @typo.reached.timout: unknown key"),
    at("17:26: @typo.bound_with.db.condition: must be started or ready"),
    at("18:16: @typo.bound_with.cache: the condition is missing"),
    at("19:17: @typo.tags[1]: must be text"),
    at("20:42: @shape.bound_with: must be a list or a mapping"),
    at("20:55: @shape.reached: must be a mapping with http, tcp or command"),
  ]);
  const reached = { http: "http://secret.example/", tcp: null, command: null };
  const expected: typeof told = {
    definition: {
      reached: { ...reached, timeoutSeconds: 90 },
      boundWith: { db: { condition: "ready" } },
    },
    unsaid: { reached: null, boundWith: null, tags: [] },
    masked: "http://***/",
    wire: {
      reached: { ...reached, timeout: 90 },
      bound_with: { db: { condition: "ready" } },
      tags: ["blue"],
    },
    lines: [
      "reached: { http: http://secret.example/, timeout: 90 }",
      "bound_with: { db: { condition: ready } }",
      "tags: [blue]",
    ],
    origins: { reached: { from: "file", file: "/nowhere/kstops.yml", line: 5, column: 16 } },
    flagged: { tags: ["red"], origin: { kind: "flag", flag: "--tag" } },
    implied: "tmux",
    warnings: ["tags is left out: it does not apply to container"],
    record: {
      reached: { ...reached, timeout: 90 },
      bound_with: { db: { condition: "ready" } },
      tags: ["blue"],
    },
    decoded: {
      reached: { ...reached, timeoutSeconds: 90 },
      boundWith: { db: { condition: "ready" } },
      tags: ["blue"],
    },
    older: { reached: null, boundWith: null, tags: [] },
    isSameAsBefore: true,
    isSchema: true,
    types: [
      "  readonly reached: { readonly http: string | null; readonly tcp: number | null; " +
      "readonly command: readonly string[] | null; readonly timeoutSeconds: number | " +
      "null; } | null;",
      "  readonly boundWith: readonly string[] | Readonly<Record<string, { readonly condition: " +
      '"started" | "ready"; }>> | null;',
      "  readonly tags: readonly string[];",
      "  readonly tags?: readonly string[];",
    ],
  };
  for (const [what, value] of Object.entries(told)) deepEqual(value, expected[what], what);
  deepEqual(Object.keys(told), Object.keys(expected));
});

Deno.test("every flag of the table of keys is one of start, and every option of the library has one", () => {
  const { start } = PROGRAM.commands;
  ok(start !== undefined && !isGroup(start));
  for (const [name, { flag, option }] of ALL_SESSION_KEYS) {
    if (flag !== undefined) ok(flag in start.flags, `${name}: --${flag}`);
    // The library says what it is given as flags.
    if (option !== undefined) ok(flag !== undefined, name);
  }
});

/** How a key is spelled, as far as no other word is spelled like it. */
const SPELLINGS = ALL_SESSION_KEYS.map(([name, { field }]) =>
  [name, field].filter((word) => /_|[a-z][A-Z]/.test(word))
).filter((words) => words.length > 0);
/** What one file may do with keys by name; what goes through them reads the table. */
const MOST_KEYS = 5;
/** Says which keys definitions had at first: it never grows. */
const FROZEN = "src/logs/fingerprint.ts";

Deno.test("no file but the table has a list of keys", async () => {
  const found: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await walk(path);
      else if (name.endsWith(".ts") && !path.startsWith("src/keys/")) {
        const text = await Deno.readTextFile(`${ROOT}${path}`);
        const named = SPELLINGS.filter((words) =>
          new RegExp(`\\b(?:${words.join("|")})\\b`).test(text)
        );
        if (named.length > MOST_KEYS && path !== FROZEN) found.push(`${path}: ${named.join(", ")}`);
      }
    }
  };
  await walk("src");
  equal(found.join("\n"), "");
});
