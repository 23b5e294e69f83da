/**
 * Run in a copy of the program whose table of keys has the keys of `KEYS` besides: tells what the copy
 * makes of them, as JSON. See `adding_a_key_test.ts`.
 */

/** Entries as somebody would add them: values with keys of their own, and a list that has a flag. */
export const KEYS = `
  reached: {
    description: "When it counts as started: one of \`http\`, \`tcp\` and \`command\`.",
    field: "reached",
    form: {
      kind: "object",
      noun: "a mapping with http, tcp or command",
      oneOf: ["http", "tcp", "command"],
      keys: {
        http: { field: "http", form: { kind: "text", check: "text" } },
        tcp: { field: "tcp", form: { kind: "integer", unit: "ports", min: 1, max: 65535 } },
        command: { field: "command", form: { kind: "command" } },
        timeout: {
          field: "timeoutSeconds",
          form: { kind: "duration", unit: "seconds", min: 0, max: 600 },
        },
      },
    },
    filled: "start",
    part: { about: "When it counts as started" },
  },
  bound_with: {
    description: "What has to be there before: names, or names with a condition for each.",
    field: "boundWith",
    form: {
      kind: "either",
      forms: [
        { kind: "list", item: { kind: "text", check: "text" }, limit: 100, orOne: false },
        {
          kind: "map",
          limit: 100,
          item: {
            kind: "object",
            noun: "a mapping with condition",
            keys: {
              condition: {
                field: "condition",
                form: { kind: "choice", words: ["started", "ready"] },
                missing: "the condition is missing",
              },
            },
          },
        },
      ],
    },
    part: { about: "What has to be there before" },
  },
  tags: {
    description: "Words by which sessions are chosen, any number of them.",
    field: "tags",
    form: { kind: "list", item: { kind: "text", check: "text" }, limit: 3, orOne: true },
    only: "tmux",
    flag: "tag",
    option: "Words by which sessions are chosen.",
    part: { about: "Words by which it is chosen" },
  },
`;

const CONFIG = `ops:
  sessions:
    web:
      command: serve
      reached: { http: "http://\${HOST}/", timeout: 1m30s }
      bound_with: { db: { condition: ready } }
      tags: blue
    bare: { command: serve }
    boxed: { backend: container, image: a, tags: [b] }
    two: { command: serve, reached: { http: a, tcp: 1 } }
    typo:
      command: serve
      reached:
        tcp: 99999
        timout: 3
      bound_with:
        db: { condition: redy }
        cache: {}
      tags: [a, [b]]
    shape: { command: serve, bound_with: db, reached: 5 }
`;

async function tell(): Promise<void> {
  // As text, so that it is looked up in the copy.
  const load = (path: string) => import(new URL(path, `file://${Deno.args[0]}/`).href);
  const { readConfigFiles } = await load("src/config/include.ts");
  const { defaultSettings } = await load("src/keys/file_keys.ts");
  const { allProblems, problemText } = await load("src/config/config.ts");
  const { explain } = await load("src/config/explain.ts");
  const { jsonSchema } = await load("src/config/schema.ts");
  const { definitionToWire, originsToWire, yamlLines } = await load("src/output/definition.ts");
  const { decodeRecord, encodeRecord } = await load("src/keys/record.ts");
  const { fingerprintOf } = await load("src/logs/fingerprint.ts");
  const { flagsOf, impliedBackend } = await load("src/library/session_config.ts");
  const { definitionSchema } = await load("tools/definition_schema.ts");
  const { fieldsFile } = await load("tools/fields.ts");
  const { denoWorld } = await load("src/world/deno.ts");

  const config = await readConfigFiles(denoWorld(), {
    file: "/nowhere/kstops.yml",
    text: CONFIG,
    foreignKeys: false,
    defaults: defaultSettings(),
  });
  const explained = (name: string, flags: object) =>
    explain(name, flags, config, {
      workingDirectory: "/here",
      env: (key: string) => key === "HOST" ? "secret.example" : undefined,
      envFiles: new Map(),
    });
  const web = explained("web", {});
  const bare = explained("bare", {}).definition;
  const flagged = explained("web", flagsOf({ tags: ["red"] }, null));
  const wire = definitionToWire(web.definition);
  const screen = { terminal: false, columns: 80, colour: false };
  const record = JSON.parse(encodeRecord(web.definition));
  const { reached: _, bound_with: __, tags: ___, ...older } = record;
  const decoded = (fields: object) => {
    const { reached, boundWith, tags } = decodeRecord(JSON.stringify(fields), "tmux");
    return { reached, boundWith, tags };
  };
  const {
    reached: ____,
    boundWith: _____,
    tags: ______,
    ...without
  } = bare;
  const told = {
    problems: allProblems(config).map(problemText),
    definition: { reached: web.definition.reached, boundWith: web.definition.boundWith },
    unsaid: { reached: bare.reached, boundWith: bare.boundWith, tags: bare.tags },
    masked: web.shown.reached.http,
    wire: { reached: wire.reached, bound_with: wire.bound_with, tags: wire.tags },
    lines: yamlLines({ values: wire, origins: web.origins }, { withOrigins: false, screen })
      .filter((line: string) => /^(?:reached|bound_with|tags)/.test(line)),
    origins: originsToWire(new Map([...web.origins].filter(([key]) => key === "reached"))),
    flagged: { tags: flagged.definition.tags, origin: flagged.origins.get("tags") },
    implied: impliedBackend({ tags: ["a"] }),
    warnings: explained("boxed", {}).warnings.map(({ message }: { message: string }) => message),
    record: { reached: record.reached, bound_with: record.bound_with, tags: record.tags },
    decoded: decoded(record),
    older: decoded(older),
    isSameAsBefore: await fingerprintOf(bare) === await fingerprintOf(without),
    isSchema: ["reached", "bound_with", "tags"].every((key) =>
      JSON.stringify(jsonSchema()).includes(`"${key}":`) && key in definitionSchema().properties
    ),
    types: fieldsFile().split("\n").filter((line: string) => /reached|boundWith|tags/.test(line)),
  };
  console.log(JSON.stringify(told));
}

if (import.meta.main) await tell();
