import { deepEqual, equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import type { Origin } from "../../../src/config/config.ts";
import { explain, type Explained } from "../../../src/config/explain.ts";
import { OPS_KEYS } from "../../../src/keys/file_keys.ts";
import { SESSION_KEYS } from "../../../src/keys/session_keys.ts";
import { resolve } from "../../../src/config/resolve.ts";
import type { StartFlags } from "../../../src/config/flags.ts";
import { OpsError, UsageError } from "../../../src/errors.ts";
import type { ContainerDefinition, Definition, TmuxDefinition } from "../../../src/model.ts";
import { configOf } from "./files.ts";
import { property } from "../../support/property.ts";

const ENV: Readonly<Record<string, string>> = { SECRET: "pw", DIR: "/opt", SUB: "./sub" };

interface Given {
  readonly session?: readonly string[];
  readonly ops?: readonly string[];
  readonly flags?: StartFlags;
}

async function explained({ session = [], ops = [], flags = {} }: Given): Promise<Explained> {
  const text = [
    "ops:",
    ...ops.map((line) => `  ${line}`),
    "  sessions:",
    "    astro:",
    ...session.map((line) => `      ${line}`),
    "",
  ].join("\n");
  return explain("astro", flags, await configOf(text, { env: ENV }), {
    workingDirectory: "/here",
    env: (name) => ENV[name],
    envFiles: new Map([["/srv/a.env", "FILE=config\nBOTH=file\n"], ["/here/b.env", "FILE=flag\n"]]),
  });
}

/** One option at every level that it has, from the top: what it is given there, and what comes out. */
interface Option {
  readonly backend: "tmux" | "container";
  readonly of: (definition: Definition) => unknown;
  /** Key of the origin. */
  readonly key: string;
  readonly flag?: readonly [flag: string, flags: StartFlags, value: unknown];
  readonly session?: readonly [line: string, value: unknown];
  readonly ops?: readonly [line: string, value: unknown];
  readonly builtIn: unknown;
}

const tmux = (of: (definition: TmuxDefinition) => unknown) => (definition: Definition) =>
  definition.backend === "tmux" ? of(definition) : "no tmux";
const container = (of: (definition: ContainerDefinition) => unknown) => (definition: Definition) =>
  definition.backend === "container" ? of(definition) : "no container";

const OPTIONS: Record<string, Option> = {
  command: {
    backend: "tmux",
    of: ({ argv }) => argv,
    key: "command",
    flag: ["--command", { command: "flag" }, ["flag"]],
    session: ["command: [session]", ["session"]],
    builtIn: ["needed"],
  },
  "command, as words": {
    backend: "tmux",
    of: ({ argv }) => argv,
    key: "command",
    flag: ["--", { argv: ["a", "b"] }, ["a", "b"]],
    session: ["command: session", ["session"]],
    builtIn: ["needed"],
  },
  working_dir: {
    backend: "tmux",
    of: ({ workingDir }) => workingDir,
    key: "working_dir",
    flag: ["--workdir", { workingDir: "flag" }, "/here/flag"],
    session: ["working_dir: session", "/srv/session"],
    builtIn: "/srv",
  },
  socket_name: {
    backend: "tmux",
    of: tmux(({ socketName }) => socketName),
    key: "socket_name",
    flag: ["--socket", { socketName: "flag" }, "flag"],
    session: ["socket_name: session", "session"],
    builtIn: "default",
  },
  stop_signal: {
    backend: "tmux",
    of: ({ stopSignal }) => stopSignal,
    key: "stop_signal",
    session: ["stop_signal: SIGHUP", "SIGHUP"],
    ops: ["stop_signal: SIGQUIT", "SIGQUIT"],
    builtIn: null,
  },
  stop_scope: {
    backend: "tmux",
    of: tmux(({ stopScope }) => stopScope),
    key: "stop_scope",
    session: ["stop_scope: group", "group"],
    builtIn: null,
  },
  stop_timeout: {
    backend: "tmux",
    of: ({ stopTimeoutSeconds }) => stopTimeoutSeconds,
    key: "stop_timeout",
    session: ["stop_timeout: 0", 0],
    ops: ["stop_timeout: 7", 7],
    builtIn: 10,
  },
  protected: {
    backend: "tmux",
    of: (definition) => definition.protected,
    key: "protected",
    session: ["protected: true", true],
    builtIn: false,
  },
  image: {
    backend: "container",
    of: container(({ image }) => image),
    key: "image",
    flag: ["--image", { image: "flag" }, "flag"],
    session: ["image: session", "session"],
    builtIn: "needed",
  },
  volumes: {
    backend: "container",
    of: container(({ volumes }) => volumes),
    key: "volumes[0]",
    flag: ["--volume", { volumes: ["./flag:/v"] }, ["/here/flag:/v"]],
    session: ["volumes: ['./session:/v', /w]", ["/srv/session:/v", "/w"]],
    builtIn: [],
  },
  log_volume: {
    backend: "container",
    of: container(({ logVolume }) => logVolume),
    key: "log_volume",
    flag: ["--log-volume", { logVolume: "./flag:/v" }, "/here/flag:/v"],
    session: ["log_volume: ./session:/v", "/srv/session:/v"],
    builtIn: null,
  },
  ports: {
    backend: "container",
    of: container(({ ports }) => ports),
    key: "ports[0]",
    flag: ["--port", { ports: ["1"] }, ["1"]],
    session: ["ports: [2, 3]", ["2", "3"]],
    builtIn: [],
  },
  runtime: {
    backend: "container",
    of: container(({ runtime }) => runtime),
    key: "runtime",
    flag: ["--runtime", { runtime: "docker" }, "docker"],
    session: ["runtime: podman", "podman"],
    ops: ["container_runtime: docker", "docker"],
    builtIn: null,
  },
  log_capture: {
    backend: "tmux",
    of: ({ log }) => log.capture,
    key: "log_capture",
    session: ["log_capture: true", true],
    ops: ["log_capture: false", false],
    builtIn: true,
  },
  log_max_size: {
    backend: "container",
    of: ({ log }) => log.maxBytes,
    key: "log_max_size",
    session: ["log_max_size: 1MiB", 1_048_576],
    ops: ["log_max_size: 65536", 65_536],
    builtIn: 10_485_760,
  },
  log_keep: {
    backend: "tmux",
    of: ({ log }) => log.keep,
    key: "log_keep",
    session: ["log_keep: 2", 2],
    ops: ["log_keep: 1000", 1000],
    builtIn: 5,
  },
  network: {
    backend: "container",
    of: container(({ network }) => network),
    key: "network",
    session: ["network: session", "session"],
    builtIn: null,
  },
  user: {
    backend: "container",
    of: container(({ user }) => user),
    key: "user",
    session: ["user: session", "session"],
    builtIn: null,
  },
  restart: {
    backend: "container",
    of: container(({ restart }) => restart),
    key: "restart",
    session: ["restart: always", "always"],
    builtIn: null,
  },
  restart_delay: {
    backend: "tmux",
    of: tmux(({ restartDelaySeconds }) => restartDelaySeconds),
    key: "restart_delay",
    session: ["restart_delay: 2s", 2],
    builtIn: 1,
  },
  restart_max_delay: {
    backend: "tmux",
    of: tmux(({ restartMaxDelaySeconds }) => restartMaxDelaySeconds),
    key: "restart_max_delay",
    session: ["restart_max_delay: 5m", 300],
    builtIn: 60,
  },
  restart_reset: {
    backend: "tmux",
    of: tmux(({ restartResetSeconds }) => restartResetSeconds),
    key: "restart_reset",
    session: ["restart_reset: 10m", 600],
    builtIn: 60,
  },
  success_exit_codes: {
    backend: "tmux",
    of: tmux(({ successExitCodes }) => successExitCodes),
    key: "success_exit_codes",
    session: ["success_exit_codes: [3, 4]", [3, 4]],
    builtIn: [],
  },
  ready: {
    backend: "tmux",
    of: ({ ready }) => ready,
    key: "ready",
    session: [
      "ready: {command: check --quick, timeout: 1m30s}",
      {
        ...{ http: null, tcp: null, log: null, command: ["check", "--quick"], delaySeconds: null },
        ...{ intervalSeconds: 1, timeoutSeconds: 90 },
      },
    ],
    builtIn: null,
  },
  tty: {
    backend: "container",
    of: container(({ tty }) => tty),
    key: "tty",
    session: ["tty: false", false],
    builtIn: true,
  },
  run_args: {
    backend: "container",
    of: container(({ runArgs }) => runArgs),
    key: "run_args",
    session: ["run_args: [--init]", ["--init"]],
    builtIn: [],
  },
};

const NEEDED = {
  tmux: ["backend: tmux", "command: needed"],
  container: ["backend: container", "image: needed"],
};

for (const [name, option] of Object.entries(OPTIONS)) {
  Deno.test(`${name}: flags over session over ops over what is built in`, async () => {
    const { flag, session, ops, builtIn, backend, of, key } = option;
    const needed = NEEDED[backend].filter((line) =>
      !line.startsWith(session?.[0].split(":")[0] ?? "?")
    );
    const levels: [unknown, Given, (origin: Origin) => boolean][] = [];
    const under = { ops: ops === undefined ? [] : [ops[0]] };
    const both = { ...under, session: [...needed, ...(session === undefined ? [] : [session[0]])] };
    if (flag !== undefined) {
      levels.push([
        flag[2],
        { ...both, flags: flag[1] },
        (origin) => origin.kind === "flag" && origin.flag === flag[0],
      ]);
    }
    if (session !== undefined) {
      levels.push([
        session[1],
        both,
        (origin) => origin.kind === "file" && origin.place.line > 3 + under.ops.length,
      ]);
    }
    if (ops !== undefined) {
      levels.push([
        ops[1],
        { ...under, session: NEEDED[backend] },
        (origin) => origin.kind === "file" && origin.place.line === 2,
      ]);
    }
    for (const [value, given, isRight] of levels) {
      const { definition, origins } = await explained(given);
      deepEqual(of(definition), value);
      const origin = origins.get(key);
      ok(origin !== undefined && isRight(origin), JSON.stringify(origin));
    }
    const { definition, origins } = await explained({ session: NEEDED[backend] });
    deepEqual(of(definition), builtIn);
    const isNeeded = NEEDED[backend].some((line) => line.startsWith(key));
    equal(origins.get(key)?.kind ?? "default", isNeeded ? "file" : "default");
  });
}

const BACKENDS: Record<string, [Given, string, Origin["kind"]]> = {
  "--backend over all": [
    {
      flags: { backend: "tmux" },
      session: ["backend: container", "command: x"],
      ops: ["default_backend: container"],
    },
    "tmux",
    "flag",
  ],
  "a flag of containers over the session": [
    { flags: { image: "a" }, session: ["backend: tmux"] },
    "container",
    "flag",
  ],
  "the session over ops": [
    { session: ["backend: tmux", "command: x"], ops: ["default_backend: container"] },
    "tmux",
    "file",
  ],
  "ops over what is built in": [
    { session: ["image: a"], ops: ["default_backend: container"] },
    "container",
    "file",
  ],
  "what is built in": [{ session: ["command: x"] }, "tmux", "default"],
};

for (const [what, [given, backend, kind]] of Object.entries(BACKENDS)) {
  Deno.test(`the backend is that of ${what}`, async () => {
    const { definition, origins } = await explained(given);
    deepEqual([definition.backend, origins.get("backend")?.kind], [backend, kind]);
  });
}

Deno.test("variables are merged key by key: env files, env, then the same of the flags", async () => {
  const { definition, origins } = await explained({
    session: ["command: x", "env_file: a.env", "env: { BOTH: env, OWN: env, SECRET: }"],
    flags: { envFiles: ["b.env"], env: ["OWN=flag"] },
  });
  deepEqual(definition.env, { BOTH: "env", SECRET: "pw", FILE: "flag", OWN: "flag" });
  const places = ["BOTH", "SECRET", "FILE", "OWN"].map((key) => {
    const origin = origins.get(`env.${key}`);
    return origin?.kind === "file"
      ? `${origin.place.file}:${origin.place.line}`
      : origin?.kind === "flag" && origin.flag;
  });
  deepEqual(places, ["/srv/kstops.yml:6", "/srv/kstops.yml:6", "/here/b.env:1", "--env"]);
});

Deno.test("shell and unsafe_env of the flags go over those of the session", async () => {
  const shell = await explained({ session: ["command: a b"], flags: { shell: true } });
  deepEqual(shell.definition.argv, ["sh", "-c", "a b"]);
  const unsafe = await explained({
    session: [
      "command: x",
      "env: { LD_PRELOAD: a, PYTHONPATH: b }",
      "unsafe_env: [LD_PRELOAD, PYTHONPATH]",
    ],
    flags: { unsafeEnv: ["LD_AUDIT"], env: ["LD_AUDIT=c"] },
  });
  deepEqual(Object.keys(unsafe.definition.env), ["LD_PRELOAD", "PYTHONPATH", "LD_AUDIT"]);
});

Deno.test("every key of a session and of ops has its levels tested", () => {
  const tested = new Set([
    ...Object.keys(OPTIONS),
    ..."backend shell env env_file unsafe_env".split(" "),
    // Of no definition: what is in a group is not started otherwise.
    "groups",
    "depends_on",
    "oneshot",
  ]);
  deepEqual(Object.keys(SESSION_KEYS).filter((key) => !tested.has(key)), []);
  const ofOps =
    "default_backend container_runtime stop_timeout stop_signal log_capture log_max_size log_keep"
      .split(" ");
  // These are of no session: see what `ops` says, in read_test.ts.
  const alone = [
    "project",
    "tmux_binary",
    "start_wait",
    "engine_timeout",
    "operations_keep",
    "operations_days",
  ];
  deepEqual(Object.keys(OPS_KEYS).toSorted(), [...ofOps, ...alone].toSorted());
});

Deno.test("what is filled in, and every variable, is masked in what may be shown", async () => {
  const { shown, definition } = await explained({
    session: [
      "backend: container",
      "image: registry/${SECRET}:1",
      "command: run '${SECRET}x' ${NONE:-default}",
      "working_dir: ${DIR}/app",
      "volumes: ['${DIR}/data:/data', '${SUB}/x:/x', '${SECRET}vol:/y']",
      "env: { A: plain, B: '${SECRET}', EMPTY: '' }",
      "network: net-${SECRET}",
    ],
  });
  ok(shown.backend === "container" && definition.backend === "container");
  deepEqual(shown, {
    ...definition,
    image: "registry/***:1",
    argv: ["run", "***x", "default"],
    workingDir: "/***/app",
    volumes: ["/***/data:/data", "/srv/***/x:/x", "***vol:/y"],
    env: { A: "***", B: "***", EMPTY: "***" },
    network: "net-***",
  });
});

Deno.test("a socket name with a part from the environment is masked, too", async () => {
  const { shown, definition } = await explained({
    session: ["command: x", "socket_name: bots-${SECRET}"],
  });
  ok(shown.backend === "tmux" && definition.backend === "tmux");
  deepEqual([definition.socketName, shown.socketName], ["bots-pw", "bots-***"]);
});

const WORDS = [
  "a",
  "/b",
  "./c",
  "${SECRET}",
  "${NONE}",
  "$${X}",
  "${",
  "x:y",
  "1",
  "true",
  "",
  "|",
];

property("resolve() ends in a definition or in an error of ours, whatever is asked", () => {
  const word = fc.constantFrom(...WORDS);
  const line = fc.tuple(
    fc.constantFrom(...Object.keys(SESSION_KEYS)),
    fc.oneof(
      word.map((text) => JSON.stringify(text)),
      fc.array(word, { maxLength: 3 }).map((words) => JSON.stringify(words)),
      fc.dictionary(fc.constantFrom("A", "B", "LD_PRELOAD", "1"), word).map((env) =>
        JSON.stringify(env)
      ),
    ),
  );
  const flags = fc.record({
    backend: fc.constantFrom("tmux" as const, "container" as const),
    command: word,
    argv: fc.array(word, { maxLength: 2 }),
    shell: fc.boolean(),
    image: word,
    workingDir: word,
    env: fc.array(word, { maxLength: 2 }),
    volumes: fc.array(word, { maxLength: 2 }),
    ports: fc.array(word, { maxLength: 2 }),
    logVolume: word,
    socketName: word,
    unsafeEnv: fc.array(word, { maxLength: 1 }),
  }, { requiredKeys: [] });
  return {
    input: fc.tuple(fc.array(line, { maxLength: 6 }), flags),
    holds: async ([lines, given]) => {
      const session = lines.filter(([key]) => key !== "env_file").map(([key, value]) =>
        `${key}: ${value}`
      );
      try {
        const { definition, shown } = await explained({ session, flags: given });
        equal(definition.name, "astro");
        equal(shown.backend, definition.backend);
      } catch (error) {
        ok(error instanceof OpsError || error instanceof UsageError, String(error));
      }
    },
    cases: 500,
  };
});

property("explain() never shows a value of a variable", () => {
  const part = fc.constantFrom("${SECRET}", "/", "./", "x", ":", "-", "${DIR}", "${NONE:-d}");
  const text = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
  const env = { SECRET: "5e5ame", DIR: "/5e5ame/dir" };
  return {
    input: fc.tuple(text, text, text),
    holds: async ([directory, volume, word]) => {
      const lines = [
        "ops:",
        "  sessions:",
        "    astro:",
        "      backend: container",
        "      image: a",
      ];
      const keys = {
        working_dir: directory,
        log_volume: volume,
        command: [word],
        env: { A: word },
      };
      const session = Object.entries(keys).map(([key, value]) =>
        `      ${key}: ${JSON.stringify(value)}`
      );
      const config = await configOf([...lines, ...session].join("\n"), { env });
      try {
        const { shown } = explain("astro", {}, config, {
          workingDirectory: "/",
          env: (name) => ({ ...env } as Record<string, string>)[name],
          envFiles: new Map(),
        });
        ok(!JSON.stringify(shown).includes("5e5ame"), JSON.stringify(shown));
      } catch (error) {
        ok(error instanceof OpsError, String(error));
        ok(!JSON.stringify(error).includes("5e5ame"));
      }
    },
    cases: 500,
  };
});

Deno.test("resolve() and explain() agree", async () => {
  const config = await configOf("ops: { sessions: { astro: { command: 'run ${SECRET}' } } }");
  const around = { workingDirectory: "/", env: (name: string) => ENV[name], envFiles: new Map() };
  const { shown: _shown, origins: _origins, ...resolved } = explain("astro", {}, config, around);
  deepEqual(resolved, resolve("astro", {}, config, around));
});
