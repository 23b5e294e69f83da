import { deepEqual, equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import { load } from "js-yaml";
import * as z from "zod/mini";
import { allProblems } from "../../../src/config/config.ts";
import { OPS_KEYS, TOP_KEYS } from "../../../src/keys/file_keys.ts";
import { SESSION_KEYS } from "../../../src/keys/session_keys.ts";
import { configShape, jsonSchema } from "../../../src/config/schema.ts";
import { configOf } from "./files.ts";
import { property } from "../../support/property.ts";

const directory = new URL("../../../config/", import.meta.url);

/** Whether an editor would accept a config. */
function accepts(text: string): boolean {
  return z.safeParse(configShape(), load(text)).success;
}

Deno.test("kstops.schema.json is what the table of keys says", async () => {
  const published = JSON.parse(await Deno.readTextFile(new URL("kstops.schema.json", directory)));
  deepEqual(jsonSchema(), published);
});

Deno.test("every key has a description that editors show", () => {
  const text = JSON.stringify(jsonSchema());
  for (const keys of [TOP_KEYS, OPS_KEYS, SESSION_KEYS]) {
    for (const [name, { description }] of Object.entries(keys)) {
      ok(description.length > 20 && description.endsWith("."), name);
      ok(text.includes(JSON.stringify(description)), name);
    }
  }
});

for (const name of ["example.yml", "starter.yml", "defaults.yml"]) {
  Deno.test(`the schema accepts ${name}`, async () => {
    const text = await Deno.readTextFile(new URL(name, directory));
    ok(accepts(text));
    deepEqual(allProblems(await configOf(text)), []);
  });
}

const ACCEPTED: readonly string[] = [
  "{}",
  "ops:",
  "include: a.yml",
  "include: [a.yml, b.yml]",
  "ops: { sessions: { a: } }",
  "ops: { sessions: { a: { ports: [80, '81:81'], user: 1000, shell: true, stop_timeout: 0 } } }",
  "ops: { sessions: { a: { shell: 'True', protected: '${YES}', backend: '${WHERE:-tmux}' } } }",
  "ops: { sessions: { a: { env: { A: 1, B: true, C: , D: 1.5 }, env_file: x.env, command: [a, 1] } } }",
  "ops: { sessions: { a: { env_file: { path: a.env, format: raw, x-why: docker } } } }",
  "ops: { sessions: { a: { env_file: [a.env, { path: 1, format: '${F:-compose}' }, { path: b }] } } }",
  "{ x-a: &a { A: b }, ops: { x-b: [1, { c: d }], sessions: { a: { env: *a, x-c: } } } }",
  "ops: { start_wait: 2s, stop_timeout: 1m30s, sessions: { a: { stop_timeout: 0.5 } } }",
  "ops: { sessions: { a: { env: [A=b, 'B=two words', C] } } }",
  "ops: { defaults: { env: [A=b], tmux: { socket_name: x }, container: { image: y, x-z: 1 } } }",
  "ops: { defaults: , sessions: { a: { backend: container, image: x, tty: false } } }",
  "ops: { start_wait: '500', stop_timeout: '${T}', stop_signal: null }",
];

const REFUSED: Readonly<Record<string, string>> = {
  "an unknown key of a session": "ops: { sessions: { a: { comand: x } } }",
  "an unknown key of ops": "ops: { default_backnd: tmux }",
  "an unknown key at the top": "sessions: {}",
  "an env file without a path": "ops: { sessions: { a: { env_file: [{ format: raw }] } } }",
  "an unknown format": "ops: { sessions: { a: { env_file: { path: a, format: docker } } } }",
  "an unknown key of an env file":
    "ops: { sessions: { a: { env_file: { path: a, fromat: raw } } } }",
  "a free key among variables": "ops: { sessions: { a: { env: { x-a: b } } } }",
  "a key that is nearly free": "{ X-a: 1, ops: { x_b: 1 } }",
  "an unknown backend": "ops: { sessions: { a: { backend: docker } } }",
  "an unknown signal": "ops: { stop_signal: TREM }",
  "a text for a list": "ops: { sessions: { a: { volumes: './a:/a' } } }",
  "a list for a text": "ops: { sessions: { a: { image: [alpine] } } }",
  "a list with what is no variable": "ops: { sessions: { a: { env: [A: b] } } }",
  "an unknown key of the defaults": "ops: { defaults: { comand: x } }",
  "defaults of tmux that it does not have": "ops: { defaults: { tmux: { image: x } } }",
  "a backend among the defaults of one": "ops: { defaults: { container: { backend: tmux } } }",
  "a variable that is a mapping": "ops: { sessions: { a: { env: { A: { B: c } } } } }",
  "a name of a variable": "ops: { sessions: { a: { env: { 1A: b } } } }",
  "a name with a dot": "ops: { sessions: { bot.v2: { command: x } } }",
  "a session that is a text": "ops: { sessions: { a: sleep } }",
  "a list of sessions": "ops: { sessions: [{ name: a }] }",
  "words for a truth value": "ops: { sessions: { a: { shell: 'yes' } } }",
  "words for a number": "ops: { stop_timeout: soon }",
  "a number that is too large": "ops: { stop_timeout: 86401 }",
  "too many volumes": `ops: { sessions: { a: { volumes: [${Array(21).fill("/a")}] } } }`,
  "a list as the file": "[]",
};

for (const text of ACCEPTED) {
  Deno.test(`the schema accepts, as kstops does, ${text}`, async () => {
    ok(accepts(text));
    const env = { YES: "true", T: "5" };
    const others = { "a.yml": "", "b.yml": "" };
    deepEqual(allProblems(await configOf(text, { env, others })), []);
  });
}

for (const [what, text] of Object.entries(REFUSED)) {
  Deno.test(`the schema refuses, as kstops does, ${what}`, async () => {
    ok(!accepts(text));
    ok(allProblems(await configOf(text)).length > 0);
  });
}

Deno.test("the JSON Schema says how many there may be, and what names may be", () => {
  const text = JSON.stringify(jsonSchema());
  for (const part of ['"maxItems":20', '"maxItems":50', '"maxProperties":100']) {
    ok(text.includes(part), part);
  }
  equal(text.match(/"additionalProperties":false/g)?.length, 18);
});

property("the schema accepts whatever kstops accepts", () => {
  const scalar = fc.constantFrom("a", "80", "true", "'x y'", "./a:/b", "~", "tmux", "1.5", "${A}");
  const value = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.map((x) => `"${x}"`).join(", ")}]`),
    fc.array(scalar, { maxLength: 2 }).map((items) => `[${items.join(", ")}]`),
    scalar.map((text) => `{ A: ${text}, B: }`),
  );
  const lines = (keys: readonly string[]) =>
    fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 4 })
      .map((all) => Object.entries(all).map(([key, text]) => `${key}: ${text}`).join(", "));
  return {
    input: fc.tuple(lines(Object.keys(OPS_KEYS)), lines(Object.keys(SESSION_KEYS))),
    holds: async ([ops, session]) => {
      const text = `ops: { ${ops}${ops === "" ? "" : ","} sessions: { a: { ${session} } } }`;
      const problems = allProblems(await configOf(text, { env: { A: "1" } }));
      if (problems.length === 0) ok(accepts(text), text);
    },
    cases: 1000,
  };
});
