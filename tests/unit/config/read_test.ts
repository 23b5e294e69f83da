import { deepEqual, equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import { allProblems, problemText, type SessionSettings } from "../../../src/config/config.ts";
import { defaultSettings } from "../../../src/keys/file_keys.ts";
import { configOf, problemsIn } from "./files.ts";
import { property } from "../../support/property.ts";

/** A config with one session, `astro`, of these lines. */
function session(...lines: string[]): string {
  return ["ops:", "  sessions:", "    astro:", ...lines.map((line) => `      ${line}`)].join("\n");
}

async function settingsOf(text: string, env = {}): Promise<SessionSettings> {
  const entry = (await configOf(text, { env })).sessions.get("astro");
  ok(entry?.kind === "usable", JSON.stringify(entry));
  return entry.settings;
}

const NOTHING: SessionSettings = {
  backend: null,
  command: null,
  shell: false,
  workingDir: null,
  env: new Map(),
  envFiles: [],
  socketName: null,
  image: null,
  volumes: [],
  logVolume: null,
  ports: [],
  runtime: null,
  stopSignal: null,
  stopScope: null,
  stopTimeoutSeconds: null,
  logCapture: null,
  logMaxBytes: null,
  logKeep: null,
  network: null,
  user: null,
  restart: null,
  restartDelaySeconds: null,
  restartMaxDelaySeconds: null,
  restartResetSeconds: null,
  successExitCodes: [],
  ready: null,
  tty: null,
  runArgs: [],
  protected: false,
  unsafeEnv: [],
  groups: [],
  dependsOn: null,
  oneshot: false,
};

const SETTINGS: Record<string, [string[], Partial<SessionSettings>]> = {
  "nothing": [[], {}],
  "nulls, as good as nothing": [
    ["command:", "env: ~", "volumes: null", "shell:", "stop_timeout:", "runtime: null"],
    {},
  ],
  "everything of tmux": [
    [
      "backend: tmux",
      'command: "python -m astro.bot"',
      "shell: true",
      "working_dir: sub/dir",
      "env_file: [a.env, b.env]",
      "socket_name: bots",
      "stop_signal: SIGTERM",
      "stop_timeout: 30",
      "protected: true",
      "unsafe_env: [LD_PRELOAD]",
    ],
    {
      backend: "tmux",
      command: "python -m astro.bot",
      shell: true,
      workingDir: "sub/dir",
      envFiles: [{ path: "a.env", format: null }, { path: "b.env", format: null }],
      socketName: "bots",
      stopSignal: "SIGTERM",
      stopTimeoutSeconds: 30,
      protected: true,
      unsafeEnv: ["LD_PRELOAD"],
    },
  ],
  "everything of containers": [
    [
      "backend: container",
      "image: localhost:5000/astro-bot:latest",
      "command: [run, 'a b']",
      "volumes: ['./data:/app/data']",
      "log_volume: ./logs/astro:/app/logs",
      "ports: [8080, 127.0.0.1:8081:8080, 53:53/udp]",
      "runtime: docker",
      "network: backend",
      "user: 1000:1000",
      "restart: no",
      "run_args: [--memory, 1g]",
    ],
    {
      backend: "container",
      image: "localhost:5000/astro-bot:latest",
      command: ["run", "a b"],
      volumes: ["./data:/app/data"],
      logVolume: "./logs/astro:/app/logs",
      ports: ["8080", "127.0.0.1:8081:8080", "53:53/udp"],
      runtime: "docker",
      network: "backend",
      user: "1000:1000",
      restart: "no",
      runArgs: ["--memory", "1g"],
    },
  ],
  "variables as the text that is written": [
    [
      "env:",
      "  CHAT: -1001234567890123456",
      "  VERSION: 1.10",
      "  CODE: 0123",
      "  AT: 22:22",
      "  FLAG: yes",
      "  TRUE: true",
      "  DAY: 2024-01-01",
      "  QUOTED: ''",
      "  NULLED: 'null'",
      "  TOKEN:",
      "  KEY: |",
      "    one",
      "    two",
    ],
    {
      env: new Map<string, string | null>([
        ["CHAT", "-1001234567890123456"],
        ["VERSION", "1.10"],
        ["CODE", "0123"],
        ["AT", "22:22"],
        ["FLAG", "yes"],
        ["TRUE", "true"],
        ["DAY", "2024-01-01"],
        ["QUOTED", ""],
        ["NULLED", "null"],
        ["TOKEN", null],
        ["KEY", "one\ntwo"],
      ]),
    },
  ],
  "one env file that is a mapping": [
    ["env_file: { path: '${NO_DIR:-x}/a.env', format: raw, x-why: docker }"],
    { envFiles: [{ path: "x/a.env", format: "raw" }] },
  ],
  "env files of every kind": [
    ["env_file: [a.env, { path: b.env }, { path: c.env, format: compose }]"],
    {
      envFiles: [
        { path: "a.env", format: null },
        { path: "b.env", format: null },
        { path: "c.env", format: "compose" },
      ],
    },
  ],
  "durations": [["stop_timeout: 1m30s"], { stopTimeoutSeconds: 90 }],
  "durations below a second": [["stop_timeout: 500ms"], { stopTimeoutSeconds: 0.5 }],
  "one env file without a list": [["env_file: astro.env"], {
    envFiles: [{ path: "astro.env", format: null }],
  }],
  "truth values in other cases, and between quotes": [["shell: True", "protected: 'false'"], {
    shell: true,
  }],
  "the one final newline of a block as nothing": [["command: |", "  echo a"], {
    command: "echo a",
  }],
  "variables of the environment where they are needed at once": [
    [
      "backend: ${BACKEND:-tmux}",
      "socket_name: ${SOCKET}",
      "stop_timeout: ${SECONDS:-7}",
      "protected: ${YES}",
      "env_file: ['${DIR}/a.env']",
    ],
    {
      backend: "tmux",
      socketName: "bots",
      stopTimeoutSeconds: 7,
      protected: true,
      envFiles: [{ path: "/e/a.env", format: null }],
    },
  ],
  "variables of the environment as written where they are needed at a start": [
    [
      "command: run ${NONE} '$${X}'",
      "image: ${NONE}",
      "working_dir: ${NONE}",
      "env: { A: '${NONE}' }",
      "ports: ['${NONE}:80']",
    ],
    {
      command: "run ${NONE} '$${X}'",
      image: "${NONE}",
      workingDir: "${NONE}",
      env: new Map([["A", "${NONE}"]]),
      ports: ["${NONE}:80"],
    },
  ],
};

for (const [what, [lines, expected]] of Object.entries(SETTINGS)) {
  Deno.test(`a session may say ${what}`, async () => {
    const env = { SOCKET: "bots", YES: "true", DIR: "/e" };
    deepEqual(await settingsOf(session(...lines), env), { ...NOTHING, ...expected });
  });
}

/** Lines of a session, and what is wrong with them; line 4 is the first. */
const MISTAKES: Record<string, [string[], string[]]> = {
  "an unknown key": [["comand: x"], [
    '4:7: ops.sessions.astro.comand: unknown key (did you mean "command"?)',
  ]],
  "a key that is like no other": [["colour: red"], [
    "4:7: ops.sessions.astro.colour: unknown key",
  ]],
  "everything at once": [
    ["backend: tmx", "shell: yes", "stop_timeout: soon", "ports: [99999, 80, x]"],
    [
      '4:16: ops.sessions.astro.backend: must be tmux or container (did you mean "tmux"?)',
      "5:14: ops.sessions.astro.shell: must be true or false",
      "6:21: ops.sessions.astro.stop_timeout: must be a duration such as 500ms, 10s or 1m30s, or a number of seconds, 0 to 86400",
      "7:15: ops.sessions.astro.ports[0]: 99999 is not a port (use 1 to 65535)",
      '7:26: ops.sessions.astro.ports[2]: "x" is not a port (write CONTAINER, HOST:CONTAINER or IP:HOST:CONTAINER, such as 127.0.0.1:8080:80)',
    ],
  ],
  "a list where a text must be": [["image: [a]", "working_dir: { a: b }"], [
    "4:14: ops.sessions.astro.image: must be text",
    "5:20: ops.sessions.astro.working_dir: must be text",
  ]],
  "a text where a list must be": [["volumes: ./a:/b", "run_args: --rm"], [
    "4:16: ops.sessions.astro.volumes: must be a list",
    "5:17: ops.sessions.astro.run_args: must be a list",
  ]],
  "a list with what are no variables": [["env: [TOKEN=secret, B: secret, TOKEN=secret, [C]]"], [
    "4:27: ops.sessions.astro.env[1]: must be a variable: NAME=value, or NAME to take it from the environment (write =, not a colon, or leave out the dash)",
    "4:38: ops.sessions.astro.env[2]: the variable is there twice (remove one of them)",
    "4:52: ops.sessions.astro.env[3]: must be a variable: NAME=value, or NAME to take it from the environment",
  ]],
  "a list with a value in the place of a name": [['env: ["secret word", B=1]'], [
    "4:13: ops.sessions.astro.env[0]: must be a variable: NAME=value, or NAME to take it from the environment",
  ]],
  "names of variables in a list": [["env:", "  - 1A=secret", "  - LD_PRELOAD=secret"], [
    "5:11: ops.sessions.astro.env.1A: its name starts with a digit (use letters, digits and _, and do not start with a digit)",
    "6:11: ops.sessions.astro.env.LD_PRELOAD: it can make the program load other code (list LD_PRELOAD in unsafe_env, or give --unsafe-env LD_PRELOAD, if you mean it)",
  ]],
  "a text for variables": [["env: secret"], [
    "4:12: ops.sessions.astro.env: must be a mapping of names to texts, or a list of NAME=value",
  ]],
  "a variable that is a list": [["env: { A: [secret] }"], [
    "4:17: ops.sessions.astro.env.A: must be text, or nothing",
  ]],
  "names of variables": [["env: { 1A: secret, TOKEN=secret: x, LD_PRELOAD: secret }"], [
    "4:14: ops.sessions.astro.env.1A: its name starts with a digit (use letters, digits and _, and do not start with a digit)",
    '4:26: ops.sessions.astro.env.TOKEN=: its name has "=" (write the name and the value apart)',
    "4:43: ops.sessions.astro.env.LD_PRELOAD: it can make the program load other code (list LD_PRELOAD in unsafe_env, or give --unsafe-env LD_PRELOAD, if you mean it)",
  ]],
  "a command that needs a shell": [["command: echo a | wc"], [
    '4:23: ops.sessions.astro.command: it has "|" outside quotes, at character 8 (quote it, write it as a list of words, or ask for a shell (--shell, shell: true))',
  ]],
  "a command with variables that needs a shell": [["command: echo ${HOME} | wc"], [
    '4:16: ops.sessions.astro.command: it has "|" outside quotes (quote it, write it as a list of words, or ask for a shell (--shell, shell: true))',
  ]],
  "a quote that is not closed": [['command: "🐍 it\'s"'], [
    "4:22: ops.sessions.astro.command: a single quote is not closed, at character 5 (close it, or put a backslash before it if it is meant as a character)",
  ]],
  "a quote that is not closed, behind escapes": [['command: "\\x41 it\'s"'], [
    "4:16: ops.sessions.astro.command: a single quote is not closed, at character 5 (close it, or put a backslash before it if it is meant as a character)",
  ]],
  "a list for a shell": [["command: [echo]", "shell: true"], [
    "4:16: ops.sessions.astro.command: shell: true takes one string (write the command as one string, or leave shell out)",
  ]],
  "a word with a control character": [['command: [echo, "a\\e"]'], [
    "4:23: ops.sessions.astro.command[1]: word 2 has the control character U+001B (remove that character)",
  ]],
  "an empty command": [["command: ''"], [
    "4:16: ops.sessions.astro.command: there is nothing to run (give a program and its arguments)",
  ]],
  "variables that are misspelled": [
    ["command: [echo, '${']", "image: ${A-b}", "env: { A: '${}' }", "socket_name: ${"],
    [
      '4:24: ops.sessions.astro.command[1]: "${" begins no variable',
      '5:14: ops.sessions.astro.image: "${" begins no variable',
      '6:18: ops.sessions.astro.env.A: "${" begins no variable',
      '7:20: ops.sessions.astro.socket_name: "${" begins no variable',
    ].map((line) =>
      `${line} (write \${NAME}, \${NAME:-default} or \${NAME:?message}, and $\${ for a literal \${)`
    ),
  ],
  "values that are wrong": [
    [
      "image: Not:an-image",
      "volumes: ['../a:/b']",
      "socket_name: a/b",
      "working_dir: ~/x",
      "user: a b",
      "network: -x",
      "restart: sometimes",
      "stop_signal: SIGTERN",
    ],
    [
      '4:14: ops.sessions.astro.image: "Not" has upper-case letters (write the path in lower case)',
      '5:17: ops.sessions.astro.volumes[0]: "../a" has a ".." segment (write the path without ..)',
      '6:20: ops.sessions.astro.socket_name: it has "/" (give the name of the socket, not the path of its file)',
      "7:20: ops.sessions.astro.working_dir: it starts with ~, which is not expanded here (write ${HOME})",
      "8:13: ops.sessions.astro.user: it is not a user (write NAME, UID, NAME:GROUP or UID:GID)",
      "9:16: ops.sessions.astro.network: it is not a name (name a network, such as backend, host or none)",
      "10:16: ops.sessions.astro.restart: it is not a restart policy (use no, on-failure, on-failure:3, always or unless-stopped)",
      '11:20: ops.sessions.astro.stop_signal: must be SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 or SIGKILL (did you mean "SIGTERM"?)',
    ],
  ],
  "too many volumes": [[`volumes: [${Array(21).fill("/a").join()}]`], [
    "4:16: ops.sessions.astro.volumes: there are 21 of them, at most 20 are allowed",
  ]],
  "a newline at the end of a value": [['image: "alpine\\n"'], [
    "4:14: ops.sessions.astro.image: it has a newline (remove that character)",
  ]],
  "a key that is there twice": [["image: a", "image: b"], [
    "5:7: ops.sessions.astro.image: the key is already there, on line 4 (remove one of them)",
  ]],
};

for (const [what, [lines, expected]] of Object.entries(MISTAKES)) {
  Deno.test(`a session is invalid with ${what}, and the others are not`, async () => {
    const config = await configOf(`${session(...lines)}\n    other:\n      command: sleep 60\n`);
    const found = problemsIn(config);
    deepEqual(
      found,
      expected,
    );
    deepEqual(config.problems, []);
    equal(config.sessions.get("astro")?.kind, "invalid");
    equal(config.sessions.get("other")?.kind, "usable");
    equal(JSON.stringify(config.sessions.get("astro")).includes("secret"), false);
  });
}

Deno.test("no mistake shows what a variable has put there, whatever the key", async () => {
  const keys = ["log_max_size", "stop_timeout", "stop_signal", "socket_name", "restart", "backend"];
  for (const key of keys) {
    const env = { TOKEN: "s3cret of somebody" };
    const config = await configOf(session(`${key}: "\${TOKEN}"`), { env });
    const problems = problemsIn(config);
    equal(problems.length, 1, key);
    ok(!problems[0]?.includes("s3cret"), problems[0]);
  }
});

const NAMES: Record<string, [string, string]> = {
  "a name that engines rewrite": [
    "bot.v2: {}",
    '3:5: ops.sessions.bot.v2: it has "."',
  ],
  "a number as a name": ["1: {}", "3:5: ops.sessions.1: it does not start with a letter"],
  "a session that is a text": ["a: sleep 60", "3:8: ops.sessions.a: must be a mapping"],
  "a session that is a list": ["a: [sleep]", "3:8: ops.sessions.a: must be a mapping"],
  "a session that is there twice": [
    "a: {}\n    a: {}",
    "4:5: ops.sessions.a: the key is already there, on line 3",
  ],
};

for (const [what, [line, expected]] of Object.entries(NAMES)) {
  Deno.test(`${what} is a mistake of that session only`, async () => {
    const config = await configOf(`ops:\n  sessions:\n    ${line}\n    other:\n`);
    deepEqual(allProblems(config).map(problemText), [`/srv/kstops.yml:${expected}`]);
    deepEqual(config.problems, []);
    equal(config.sessions.get("other")?.kind, "usable");
  });
}

const FILES: Record<string, [string, string[]]> = {
  "a list": ["- ops", ["1:1: the file must be a mapping with the key ops"]],
  "a text": ["ops", ["1:1: the file must be a mapping with the key ops"]],
  "no YAML": ["ops: 'x", [
    "1:6: the quote that begins here is not closed (close it, or put the value between quotes of the other kind)",
  ]],
  "an unknown key": ["opps: {}", ['1:1: opps: unknown key (did you mean "ops"?)']],
  "sessions at the top": ["sessions: {}", ["1:1: sessions: unknown key (put sessions below ops)"]],
  "ops that are a list": ["ops: []", ["1:6: ops: must be a mapping"]],
  "sessions that are a list": ["ops:\n  sessions: []", ["2:13: ops.sessions: must be a mapping"]],
  "mistakes in ops": [
    "ops:\n  default_backed: tmux\n  default_backend: docker\n  start_wait: -1\n  tmux_binary: ${NONE}",
    [
      '2:3: ops.default_backed: unknown key (did you mean "default_backend"?)',
      "3:20: ops.default_backend: must be tmux or container",
      "4:15: ops.start_wait: must be a duration such as 500ms, 10s or 1m30s, or a number of milliseconds, 0 to 600000",
      "5:16: ops.tmux_binary: the variable NONE is not set (set it, write ${NONE:-default}, or $${ for a literal ${)",
    ],
  ],
};

for (const [what, [text, expected]] of Object.entries(FILES)) {
  Deno.test(`a file is wrong with ${what}`, async () => {
    const config = await configOf(text);
    deepEqual(problemsIn(config), expected);
    deepEqual(config.problems, allProblems(config));
    deepEqual(config.settings, defaultSettings());
  });
}

Deno.test("a file with mistakes elsewhere still has its sessions, to find what is running", async () => {
  const config = await configOf(`nonsense: 1\n${session("socket_name: bots", "protected: true")}`);
  equal(config.problems.length, 1);
  const entry = config.sessions.get("astro");
  deepEqual(entry?.kind === "usable" && entry.settings.socketName, "bots");
});

Deno.test("an invalid session keeps what is known of its place, and its protection", async () => {
  const config = await configOf(
    "ops:\n  sessions:\n    a: {x: 1, socket_name: bots, protected: true}\n" +
      "    b: {backend: x, protected: yes}\n    c: {x: 1, runtime: docker, backend: container}\n",
  );
  deepEqual(
    [...config.sessions.values()].map((entry) =>
      entry.kind === "invalid" &&
      [entry.backend, entry.socketName, entry.runtime, entry.protected]
    ),
    [["tmux", "bots", null, true], [null, null, null, true], ["container", null, "docker", false]],
  );
});

Deno.test("ops says what holds for all sessions", async () => {
  const config = await configOf(
    "ops:\n  project: bots\n  default_backend: container\n  tmux_binary: ./bin/tmux\n  container_runtime: docker\n" +
      "  start_wait: 1000\n  engine_timeout: 2m\n  operations_keep: 5\n  operations_days: 7\n  stop_timeout: 0\n" +
      "  stop_signal: SIGHUP\n  log_capture: false\n  log_max_size: 64k\n  log_keep: 2\n",
  );
  deepEqual(config.settings, {
    project: "bots",
    defaultBackend: "container",
    tmuxBinary: "/srv/bin/tmux",
    containerRuntime: "docker",
    startWaitMs: 1000,
    engineTimeoutSeconds: 120,
    operationsKept: 5,
    operationDays: 7,
    stopTimeoutSeconds: 0,
    stopSignal: "SIGHUP",
    log: { capture: false, maxBytes: 65_536, keep: 2 },
  });
});

const EMPTY = ["", "# nothing", "---", "{}", "ops:", "ops: {sessions: }", "\ufeff", "null"];
for (const text of EMPTY) {
  Deno.test(`a config may be as empty as ${JSON.stringify(text)}`, async () => {
    const config = await configOf(text);
    deepEqual([problemsIn(config), config.sessions.size], [[], 0]);
  });
}

Deno.test("in kstlib.conf.yml the keys of kstlib are left alone, whatever they are", async () => {
  const text = `cache: {a: 1, a: 2}\nsecrets: !vault [x]\nother: *nobody\n${session("image: a")}`;
  const config = await configOf(text, { name: "kstlib.conf.yml" });
  deepEqual([problemsIn(config), [...config.sessions.keys()]], [[], ["astro"]]);
  equal((await configOf(text)).problems.length, 6);
});

Deno.test("in kstlib.conf.yml mistakes in ops are reported", async () => {
  const config = await configOf("a: 1\nops: {x: 1}", { name: "kstlib.conf.yml" });
  deepEqual(problemsIn(config), ["2:7: ops.x: unknown key"]);
});

Deno.test("an unset variable does not make a session invalid", async () => {
  const config = await configOf(session("socket_name: ${NONE}", "env_file: ['${NONE}/x']"));
  const entry = config.sessions.get("astro");
  ok(entry?.kind === "usable");
  deepEqual(entry.unset.map(({ path, line, message }) => [path, line, message]), [
    ["ops.sessions.astro.socket_name", 4, "the variable NONE is not set"],
    ["ops.sessions.astro.env_file[0]", 5, "the variable NONE is not set"],
  ]);
});

Deno.test("merged keys count as a session's own", async () => {
  const text = "ops:\n  sessions:\n    a: &a {command: run a, env: {X: 1}}\n" +
    "    astro:\n      <<: *a\n      command: run b\n";
  const settings = await settingsOf(text);
  deepEqual([settings.command, [...settings.env]], ["run b", [["X", "1"]]]);
});

property("a config is never an exception, and never shows a value", () => {
  // What validators say of images, volumes and ports has parts of them.
  const keys = "backend command shell working_dir env env_file user restart stop_timeout x";
  const scalar = fc.constantFrom("SECRET", "'SECRET|'", "~", "SECRET ${X}", "${", "-1", "true");
  const value = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    scalar.map((text) => `{ SECRETS: ${text}, B: [${text}] }`),
    fc.constantFrom("*SECRET", "!SECRET x", "&a SECRET", "@SECRET"),
  );
  const line = fc.tuple(fc.constantFrom(...keys.split(" ")), value);
  return {
    input: fc.array(line, { maxLength: 6 }),
    holds: async (lines) => {
      const config = await configOf(session(...lines.map(([key, value]) => `${key}: ${value}`)));
      for (const problem of problemsIn(config)) ok(!/SECRET(?!S)/.test(problem), problem);
    },
  };
});

Deno.test("keys that begin with x- are a place for anchors", async () => {
  const config = await configOf(`
x-common: &common
  command: sleep 60
  env: &env { A: one, B: two }
x-any: [{ comand: x }, 1, ~]
ops:
  x-ops: { sessions: no }
  sessions:
    astro: { <<: *common, x-note: { backend: none }, env: { <<: *env, B: mine } }
    x-session: { <<: [*common], stop_timeout: 3 }
`);
  deepEqual(problemsIn(config), []);
  const said = [...config.sessions.values()].map((entry) =>
    entry.kind === "usable" ? [entry.name, entry.settings.command, [...entry.settings.env]] : []
  );
  deepEqual(said, [
    ["astro", "sleep 60", [["B", "mine"], ["A", "one"]]],
    ["x-session", "sleep 60", [["A", "one"], ["B", "two"]]],
  ]);
});

/** Keys that are none, and what stands for them in a path. */
const STRAY_KEYS: Readonly<Record<string, string>> = {
  "null": "(null)",
  "~": "(null)",
  "? ": "(null)",
  "[a, b]": "(list)",
  "{ a: 1, b: { c: 2 } }": "(map)",
  "__proto__": "__proto__",
};

for (const [key, name] of Object.entries(STRAY_KEYS)) {
  const line = key === "? " ? "? \n    : " : `${key}: `;
  Deno.test(`the key ${key} blocks itself alone`, async () => {
    const said = `${name}: this cannot be a key (a key is a text: put quotes around it)`;
    const ofSessions = await configOf(
      `ops:\n  sessions:\n    ${line}{ command: x, comand: y, z: *w }\n    good: { command: sleep 60 }\n`,
    );
    deepEqual(problemsIn(ofSessions).map((text) => text.replace(/^3:\d+: /, "")), [
      `ops.sessions.${said}`,
    ]);
    deepEqual(ofSessions.problems, []);
    deepEqual(ofSessions.sessions.get("good")?.kind, "usable");
    deepEqual(ofSessions.sessions.get(name)?.kind, "invalid");

    const ofOps = await configOf(
      `ops:\n    ${line}{ a: b, a: c }\n    start_wait: 5\n    sessions: { good: { command: sleep 60 } }\n`,
    );
    deepEqual(problemsIn(ofOps).map((text) => text.replace(/^2:\d+: /, "")), [`ops.${said}`]);
    deepEqual([ofOps.problems, ofOps.settings.startWaitMs], [[], 5]);
    deepEqual([...ofOps.sessions.values()].map(({ kind }) => kind), ["usable"]);

    const ofEnv = await configOf(`ops:
  sessions:
    bad:
      command: sleep 60
      env:
${line.replaceAll(/^ */gm, "        ")}hunter2
    good: { command: sleep 60 }
`);
    deepEqual(problemsIn(ofEnv).map((text) => text.replace(/^6:\d+: /, "")), [
      `ops.sessions.bad.env.${said}`,
    ]);
    deepEqual(ofEnv.problems, []);
    deepEqual([...ofEnv.sessions.values()].map(({ kind }) => kind), ["invalid", "usable"]);
  });
}

Deno.test("a key that is none is told once, also where it is wrong inside", async () => {
  const config = await configOf(
    "ops: { sessions: { ? [*nowhere, *neither] : x, ? { a: 1, a: 2 } : y, good: { command: x } } }",
  );
  deepEqual(problemsIn(config), [
    "1:22: ops.sessions.(list): this cannot be a key (a key is a text: put quotes around it)",
    "1:50: ops.sessions.(map): this cannot be a key (a key is a text: put quotes around it)",
  ]);
  deepEqual([config.problems, config.sessions.get("good")?.kind], [[], "usable"]);
});

Deno.test("numbers and truth values as keys are the text that is written", async () => {
  const config = await configOf(
    "ops: { sessions: { 1: { command: x }, true: { command: x }, 1.5: {}, good: { command: x } } }",
  );
  deepEqual(config.problems, []);
  deepEqual([...config.sessions.values()].map(({ name, kind }) => [name, kind]), [
    ["1", "invalid"],
    ["true", "usable"],
    ["1.5", "invalid"],
    ["good", "usable"],
  ]);
});

Deno.test("engine_timeout is a second at least: an engine that nobody waits for never answers", async () => {
  for (const text of ["0", "999ms", "61m"]) {
    const [problem = ""] = problemsIn(await configOf(`ops: { engine_timeout: ${text} }`));
    ok(problem.endsWith("or a number of seconds, 1 to 3600"), problem);
  }
});

Deno.test("start_wait is in milliseconds where it has no unit", async () => {
  const wait = async (text: string) => (await configOf(`ops: { start_wait: ${text} }`)).settings;
  equal((await wait("250")).startWaitMs, 250);
  equal((await wait("2s")).startWaitMs, 2000);
  deepEqual(problemsIn(await configOf("ops: { start_wait: 601s }")).length, 1);
});
