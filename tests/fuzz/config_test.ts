/** Config files, and what they come to. */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  allProblems,
  type Config,
  problemReport,
  problemText,
  problemToWire,
} from "../../src/config/config.ts";
import { definedSessions } from "../../src/config/defined.ts";
import { parseEnvFile } from "../../src/config/env_file.ts";
import { excerptsOf } from "../../src/config/excerpt.ts";
import { explain } from "../../src/config/explain.ts";
import { MAX_FILES } from "../../src/config/include.ts";
import { interpolate, interpolateCommand, variablesIn } from "../../src/config/interpolate.ts";
import { loadConfig } from "../../src/config/load.ts";
import { mergeMaps } from "../../src/config/merge.ts";
import { resolve, type Resolved } from "../../src/config/resolve.ts";
import type { StartFlags } from "../../src/config/flags.ts";
import type { Node } from "../../src/config/tree.ts";
import { MAX_FAULTS, parseYaml } from "../../src/config/yaml.ts";
import { definitionToWire } from "../../src/output/definition.ts";
import { SESSION_KEYS } from "../../src/keys/session_keys.ts";
import { ENV_FORMATS } from "../../src/model.ts";
import { splitCommand } from "../../src/validate/command.ts";
import { validateEnv } from "../../src/validate/env.ts";
import { validateImageName } from "../../src/validate/image.ts";
import { validateSessionName } from "../../src/validate/name.ts";
import { validatePorts } from "../../src/validate/ports.ts";
import { validateVolumes } from "../../src/validate/volumes.ts";
import { type Thing, worldOf } from "../unit/config/files.ts";
import { hasNone, isSafe, orRefused } from "./checks.ts";
import { broken, fixtures, PLAIN, TEXT } from "./inputs.ts";
import { property } from "../support/property.ts";

/** The secret of the recorded config files; and one that only the environment has. */
const SECRETS = ["hunter2", "s3cretOfTheEnvironment"];
const ENV = { HOME: "/home/user", SECRET: SECRETS[1] ?? "", EMPTY: "" };
const FIXTURES = [...fixtures("config")].filter(([name, text]) =>
  // Of these, a case would take a hundred times as long.
  text.length < 4000 && !/laughs|env-many|session-many$/.test(name)
).map(([, text]) => text);
const WHOLE = `include: [more.yml]
ops:
  default_backend: tmux
  stop_timeout: 2
  sessions:
    astro: { command: "python -m bot", shell: false, env: { TOKEN: hunter2, HOME: }, socket_name: a }
    web:
      backend: container
      image: "localhost:5000/a:\${TAG:-1}"
      volumes: ["./data:/data"]
      ports: ["127.0.0.1:8081:8080", 80]
      env: &env
        A: "\${SECRET}"
      run_args: [--init]
      log_max_size: 1MiB
    third: { <<: { command: [a, "b c"] }, working_dir: x, env: *env, stop_signal: SIGTERM }
`;
/** Characters that mean something in YAML, and some that do not. */
const MARKUP = "abc:-?[]{},&*!|>'\"%@`#<~ \t\n\r\0\u0085\ufeff$\\0/";
const SOURCE = broken(
  fc.oneof(fc.constant(WHOLE), fc.constantFrom(...FIXTURES), TEXT),
);

/** Values of JSON that stand where those of a session should. */
const VALUE: fc.Arbitrary<unknown> = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2 },
    TEXT,
    fc.constantFrom<unknown>(null, true, 1, -1, 1.5, "tmux", "container", "80:80", "a b"),
    fc.constantFrom("${SECRET}", "x${SECRET}", "-${SECRET}", "a ${SECRET}"),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(TEXT, fc.constantFrom("KEY", "__proto__")), tie("tree"), { maxKeys: 3 }),
  ),
})).tree;

const SESSION = fc.dictionary(
  fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...Object.keys(SESSION_KEYS)) }, TEXT),
  VALUE,
  { maxKeys: 5 },
);

function read(files: Readonly<Record<string, Thing>>): Promise<Config> {
  return loadConfig(worldOf({ files, env: ENV }), "/srv/kstops.yml");
}

/** What holds of everything that is said about a config. */
function isReport(config: Config, secrets = SECRETS): void {
  const problems = allProblems(config);
  for (const problem of problems) {
    isSafe(problemText(problem), "a problem");
    const report = problemReport(problem);
    for (const line of report.split("\n")) isSafe(line, "a line of a report");
    hasNone(report, secrets);
    hasNone(JSON.stringify(problemToWire(problem)), secrets);
    ok((problem.line ?? 1) >= 1 && (problem.column ?? 1) >= 1, report);
    ok(problem.message !== "");
  }
  for (const { name, problem } of definedSessions(config)) {
    // One without anything to run is no mistake until it is started.
    ok(problem === null || problems.length > 0 || resolved(config, name) === null, name);
  }
}

const CODES = ["value_invalid", "config_invalid", "session_not_found", "usage"] as const;

/** What a start of that session comes to; what it comes to has been checked. */
function resolved(config: Config, name: string, flags: StartFlags = {}): Resolved | null {
  const around = {
    workingDirectory: "/project",
    env: (key: string) => ENV[key as keyof typeof ENV],
    envFiles: { get: () => "A=b\n", has: () => true } as unknown as ReadonlyMap<string, string>,
  };
  const found = orRefused(() => resolve(name, flags, config, around), CODES, [ENV.SECRET]);
  if (found === null) return null;
  const { definition } = found;
  equal(validateSessionName(definition.name), name);
  ok(Object.values(definition.env).every((value) => typeof value === "string"));
  validateEnv(definition.env, { unsafeKeys: Object.keys(definition.env) });
  ok(definition.argv === null || definition.argv[0] !== "");
  if (definition.backend === "container") {
    validateImageName(definition.image);
    validatePorts(definition.ports);
    validateVolumes(definition.volumes);
  } else {
    ok(definition.workingDir.startsWith("/"), definition.workingDir);
  }
  const { shown } = explain(name, flags, config, around);
  hasNone(JSON.stringify(definitionToWire({ ...shown, argv: [] })), [ENV.SECRET]);
  return found;
}

/** The texts in a tree. */
function plainOf(node: Node | null): unknown {
  if (node === null || node.kind === "null") return null;
  if (node.kind === "text") return node.text;
  if (node.kind === "list") return node.items.map(plainOf);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plainOf(value)]));
}

const CLEAN = TEXT.map((text) => text.toWellFormed());
const TREE: fc.Arbitrary<unknown> = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    CLEAN.filter((text) => text !== ""),
    fc.constant(null),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(CLEAN.filter((key) => key !== "__proto__"), tie("tree"), { maxKeys: 3 }),
  ),
})).tree;

const VARIABLE = fc.oneof(
  TEXT,
  fc.constantFrom("${A}", "${SECRET}", "${A:-x y}", "${A:?why}", "$${A}", "${", "}", "${A:-${B}}"),
);
const WITH_VARIABLES = fc.array(VARIABLE, { maxLength: 5 }).map((parts) => parts.join(""));

const FLAGS: fc.Arbitrary<StartFlags> = fc.record({
  backend: fc.constantFrom("tmux", "container" as const),
  command: fc.oneof(TEXT, fc.constant("sleep 60")),
  argv: fc.array(TEXT, { maxLength: 3 }),
  shell: fc.constant(true),
  image: fc.oneof(TEXT, fc.constant("alpine:3")),
  workingDir: fc.oneof(TEXT, fc.constant("/opt")),
  env: fc.array(
    fc.oneof(TEXT, TEXT.map((text) => `KEY=${text}`), fc.constant("__proto__=x")),
    { maxLength: 3 },
  ),
  volumes: fc.array(fc.oneof(TEXT, fc.constant("./a:/b")), { maxLength: 2 }),
  ports: fc.array(fc.oneof(TEXT, fc.constant("80:80")), { maxLength: 2 }),
  logVolume: TEXT,
  socketName: fc.oneof(TEXT, fc.constant("bots")),
  runtime: fc.constantFrom("podman", "docker" as const),
  unsafeEnv: fc.array(TEXT, { maxLength: 2 }),
}, { requiredKeys: [] }) as fc.Arbitrary<StartFlags>;

const FLAGS_CONFIG = await read({
  "/srv/kstops.yml": "ops: { sessions: { astro: { command: sleep 60, env: { A: b } } } }",
});

property("yaml: any text is a tree, or says where it is none", {
  input: fc.oneof(SOURCE, fc.string({ unit: fc.constantFrom(...MARKUP) })),
  holds: (source) => {
    const { root, faults } = parseYaml(source, 1000);
    ok(faults.length <= MAX_FAULTS + 1);
    for (const { at, message, hint } of faults) {
      ok(at >= 1000 && at <= 1000 + source.length, `${at} in ${source.length}`);
      isSafe(message);
      if (hint !== null) isSafe(hint);
      hasNone(message, SECRETS);
    }
    plainOf(root);
    if (root?.kind === "map") deepEqual(mergeMaps(root, root).entries.size, root.entries.size);
  },
  cases: 200,
});
property("yaml: JSON is read as it was written", {
  input: fc.tuple(TREE, fc.constantFrom(undefined, 1, 2)),
  holds: ([tree, indent]) => {
    const { root, faults } = parseYaml(JSON.stringify(tree, null, indent));
    deepEqual(faults, []);
    deepEqual(plainOf(root), tree);
  },
  cases: 200,
});
property("yaml: a line that is shown has no secret, and a caret that fits", {
  input: fc.tuple(SOURCE, fc.nat({ max: 400 })),
  holds: ([source, at]) => {
    const [line = "", caret = "", ...more] = excerptsOf(source)(Math.min(at, source.length))
      .split("\n");
    deepEqual(more, []);
    isSafe(line, "a line");
    ok(/^ *\^$/.test(caret), JSON.stringify(caret));
    ok(caret.length <= 75, caret);
  },
});
property("config: anything is a config, or says what is wrong", {
  input: SOURCE,
  holds: async (source) => {
    const config = await read({ "/srv/kstops.yml": source, "/srv/more.yml": WHOLE });
    // The secret of the text itself may stand anywhere now.
    isReport(config, [ENV.SECRET]);
    for (const name of [...config.sessions.keys()].slice(0, 5)) resolved(config, name);
  },
  cases: 300,
});
property("config: of a file that cannot be read, no value of a variable is shown", {
  input: fc.tuple(SOURCE, SOURCE),
  holds: async ([before, after]) => {
    const variables = "    sly:\n      env:\n        TOKEN: s3cretOfTheFile\n";
    const config = await read({ "/srv/kstops.yml": `${before}\n${variables}${after}` });
    // Where it can be read, it may be a part of anything.
    if (config.written.place([]) === null) isReport(config, [ENV.SECRET, "s3cretOfTheFile"]);
  },
  cases: 300,
});
property("config: whatever is wrong with a session, the one beside it is there", {
  input: fc.tuple(TEXT, SESSION, VALUE),
  holds: async ([name, session, ops]) => {
    for (const other of [session, ops]) {
      const text = JSON.stringify({
        ops: { sessions: { good: { command: "sleep 60" }, [`x${name}`]: other } },
      });
      const config = await read({ "/srv/kstops.yml": text });
      isReport(config);
      const good = definedSessions(config).find((each) => each.name === "good");
      equal(good?.problem, null);
      ok(resolved(config, "good") !== null);
      for (const each of config.sessions.keys()) resolved(config, each);
    }
  },
  cases: 200,
});
property("config: files that include each other in any way", {
  input: fc.array(
    fc.tuple(
      fc.array(
        fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 5 }).map((n) => `${n}.yml`) }, TEXT),
        {
          maxLength: 3,
        },
      ),
      broken(fc.constant("ops: { sessions: { astro: { command: a } } }")),
    ),
    { minLength: 1, maxLength: 5 },
  ),
  holds: async (all) => {
    const files = Object.fromEntries(
      all.map(([includes, text], index) => [
        `/srv/${index}.yml`,
        `include: ${JSON.stringify(includes)}\n${text}\n`,
      ]),
    );
    const config = await read({ ...files, "/srv/kstops.yml": files["/srv/0.yml"] ?? "" });
    isReport(config);
    ok(config.files.length <= Math.min(MAX_FILES, all.length + 1));
  },
  cases: 100,
});
property("config: any flags over a config are a definition, or refused", {
  input: fc.tuple(fc.constantFrom("astro", "other", "x y"), FLAGS),
  holds: ([name, flags]) => {
    const found = resolved(FLAGS_CONFIG, name, flags);
    if (found === null) return;
    for (const text of flags.env ?? []) {
      const [key = ""] = text.split("=");
      if (text.includes("=")) ok(Object.hasOwn(found.definition.env, key), key);
    }
  },
  once: [["other", { argv: ["true"], env: ["__proto__=x"] }]],
});
property("config: variables are filled in once, and nothing else is", {
  input: fc.tuple(WITH_VARIABLES, WITH_VARIABLES),
  holds: ([text, value]) => {
    const { text: filled, secrets, mistakes } = interpolate(text, () => value);
    if (!text.includes("${")) equal(filled, text);
    ok(secrets.every((secret) => secret === value));
    for (const { message } of mistakes) {
      ok(value.length < 8 || text.includes(value) || !message.includes(value));
    }
    const names = variablesIn(text);
    ok(names.every((name) => /^[A-Za-z_]\w*$/.test(name)));
  },
  cases: 200,
});
property("config: no value of a variable adds a word to a command", {
  input: fc.tuple(WITH_VARIABLES, TEXT, TEXT),
  holds: ([text, one, other]) => {
    const words = (value: string) =>
      orRefused(
        () => interpolateCommand(text, { lookup: () => value, split: splitCommand }),
        ["value_invalid"],
      )?.words.length;
    equal(words(`x${one}`), words(`y${other}`));
  },
});
property("config: an env file, broken, never shows its values", {
  input: fc.tuple(
    broken(fc.constantFrom(
      "# comment\nMODE=a b # c\nTOKEN\nA=s3cretOfTheEnvironment\n",
      "export A='s3cretOfTheEnvironment\n\\'' # c\nB: \"s3cretOfTheEnvironment\\n\"\n",
      "\ufeffA=b\r\n B=${SECRET}${NONE:-${A:+s3cretOfTheEnvironment}}\r\n",
      "1=s3cretOfTheEnvironment",
    )),
    fc.constantFrom(...ENV_FORMATS),
  ),
  holds: ([text, format]) => {
    const lookup = (key: string) => ENV[key as keyof typeof ENV];
    const { variables, mistakes, unset, otherwise } = parseEnvFile(text, { format, lookup });
    for (const [key, { line, column }] of variables) {
      ok(/^[A-Za-z_]\w*$/.test(key));
      ok(line >= 1 && column >= 1);
    }
    for (const { line, column, message, hint } of [...mistakes, ...unset, ...otherwise]) {
      ok(line >= 1 && line <= text.split(/\r\n|\n|\r/).length && column >= 1);
      hasNone(`${message} ${hint}`, SECRETS.slice(1));
    }
  },
});
property("config: an env file is read as it was written", {
  input: fc.array(
    fc.tuple(
      fc.oneof(fc.stringMatching(/^[A-Za-z_]\w{0,5}$/), fc.constant("__proto__")),
      fc.option(PLAIN, { nil: null }),
    ),
    { maxLength: 5 },
  ),
  holds: (variables) => {
    const text = variables.map(([key, value]) => value === null ? `${key}\n` : `${key}=${value}\n`)
      .join("# x\n\n");
    const { variables: read } = parseEnvFile(text, { format: "raw", lookup: () => undefined });
    const found = [...read].map(([key, { value }]) => [key, value]);
    deepEqual(new Map(found as [string, string | null][]), new Map(variables));
  },
});
