import { deepEqual, equal, ok, throws } from "node:assert/strict";
import * as fc from "fast-check";
import { type Config, problemText } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { placeOf } from "../../../src/config/defined.ts";
import { SessionConfigError } from "../../../src/errors.ts";
import { envFilesOf, resolve } from "../../../src/config/resolve.ts";
import type { ConfigProblemsError } from "../../../src/config/problems.ts";
import type { StartFlags } from "../../../src/config/flags.ts";
import { warningText } from "../../../src/config/warnings.ts";
import { type ContainerDefinition, NOBODY, type TmuxDefinition } from "../../../src/model.ts";
import { containerDefinition, tmuxDefinition } from "../../support/definitions.ts";
import { configOf, worldOf } from "./files.ts";
import { property } from "../../support/property.ts";

const ENV: Record<string, string> = {
  HOME: "/home/me",
  TOKEN: "s3cret value",
  EMPTY: "",
  BAD: "Not An Image",
  PORT: "8080",
};

interface Given {
  readonly name?: string;
  readonly flags?: StartFlags;
  /** Lines of the session `astro`. */
  readonly astro?: readonly string[];
  /** Lines of `ops`. */
  readonly ops?: readonly string[];
  readonly envFiles?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

function textOf({ astro, ops = [] }: Given): string {
  const session = astro === undefined
    ? []
    : ["sessions:", "  astro:", ...astro.map((l) => `    ${l}`)];
  return `ops:\n${[...ops, ...session].map((line) => `  ${line}\n`).join("")}`;
}

async function resolved(given: Given) {
  const config = await configOf(textOf(given), { env: ENV });
  return resolveIn(config, given);
}

function resolveIn(config: Config, given: Given) {
  const { name = "astro", flags = {}, envFiles = {}, env = ENV } = given;
  return resolve(name, flags, config, {
    workingDirectory: "/here",
    env: (name) => env[name],
    envFiles: new Map(Object.entries(envFiles)),
  });
}

const OWNER = { project: null, configFile: "/srv/kstops.yml" };
const TMUX = tmuxDefinition({ workingDir: "/srv", owner: OWNER });
const CONTAINER = containerDefinition({ image: "alpine", argv: null, owner: OWNER });

const SLEEP = "command: sleep 60";
const IMAGE = ["backend: container", "image: alpine"];

const TMUX_DEFINITIONS: Record<string, [Given, Partial<TmuxDefinition>]> = {
  "a command alone": [{ astro: [SLEEP] }, {}],
  "a list of words": [{ astro: ["command: [sleep, 'a b']"] }, { argv: ["sleep", "a b"] }],
  "quoted words": [{ astro: [`command: python -c 'import time; time.sleep(1)'`] }, {
    argv: ["python", "-c", "import time; time.sleep(1)"],
  }],
  "a shell": [{ astro: ["command: sleep 60 | cat", "shell: true"] }, {
    argv: ["sh", "-c", "sleep 60 | cat"],
  }],
  "a directory that is relative to the file": [{ astro: [SLEEP, "working_dir: ./a/../b/"] }, {
    workingDir: "/srv/b",
  }],
  "an absolute directory": [{ astro: [SLEEP, "working_dir: /opt/astro"] }, {
    workingDir: "/opt/astro",
  }],
  "a directory with a variable": [{ astro: [SLEEP, "working_dir: '${HOME}/x'"] }, {
    workingDir: "/home/me/x",
  }],
  "a directory flag that is relative to where I am": [
    { astro: [SLEEP, "working_dir: /opt"], flags: { workingDir: "sub" } },
    { workingDir: "/here/sub" },
  ],
  "what ops says": [
    { astro: [SLEEP], ops: ["stop_signal: SIGHUP", "stop_timeout: 3"] },
    { stopSignal: "SIGHUP", stopTimeoutSeconds: 3 },
  ],
  "what the session says over ops": [
    {
      astro: [SLEEP, "stop_signal: SIGTERM", "stop_timeout: 0", "protected: true"],
      ops: ["stop_signal: SIGHUP", "stop_timeout: 3"],
    },
    { stopSignal: "SIGTERM", stopTimeoutSeconds: 0, protected: true },
  ],
  "a signal by its short name, and who gets it": [
    { astro: [SLEEP, "stop_signal: TERM", "stop_scope: group"] },
    { stopSignal: "SIGTERM", stopScope: "group" },
  ],
  "a short signal of ops": [
    { astro: [SLEEP], ops: ["stop_signal: HUP"] },
    { stopSignal: "SIGHUP", stopScope: null },
  ],
  "a socket": [{ astro: [SLEEP, "socket_name: bots"] }, { socketName: "bots" }],
  "a socket flag over it": [
    { astro: [SLEEP, "socket_name: bots"], flags: { socketName: "other" } },
    { socketName: "other" },
  ],
  "a command flag over it": [
    { astro: ["command: [a]"], flags: { command: "b 'c d'" } },
    { argv: ["b", "c d"] },
  ],
  "words over it": [
    { astro: ["command: a | b", "shell: true"], flags: { argv: ["b", "$c"] } },
    { argv: ["b", "$c"] },
  ],
  "a shell flag": [{ astro: ["command: a b"], flags: { shell: true } }, {
    argv: ["sh", "-c", "a b"],
  }],
  "a command flag for the session's shell": [
    { astro: ["command: a", "shell: true"], flags: { command: "b | c" } },
    { argv: ["sh", "-c", "b | c"] },
  ],
  "flags in which nothing is expanded": [
    { flags: { argv: ["echo", "${TOKEN}"], env: ["A=${TOKEN}"], workingDir: "/${HOME}" } },
    { argv: ["echo", "${TOKEN}"], env: { A: "${TOKEN}" }, workingDir: "/${HOME}", owner: NOBODY },
  ],
  "a made-up session, which runs where I am": [
    { flags: { command: "sleep 60" } },
    { workingDir: "/here", owner: NOBODY },
  ],
  "a made-up session, with what ops says": [
    { flags: { command: "sleep 60" }, ops: ["stop_timeout: 1s"] },
    { workingDir: "/here", stopTimeoutSeconds: 1, owner: NOBODY },
  ],
  "variables in a command, never more words": [
    { astro: ["command: run ${TOKEN} '--x=${TOKEN}' ${NONE:-a b} $${X}"] },
    { argv: ["run", "s3cret value", "--x=s3cret value", "a b", "${X}"] },
  ],
  "variables in a list": [{ astro: ["command: [run, '${TOKEN}']"] }, {
    argv: ["run", "s3cret value"],
  }],
  "variables for a shell, which expands them itself": [
    { astro: ['command: run "${TOKEN}" ${NONE:-x} $${i} && true', "shell: true"] },
    {
      argv: ["sh", "-c", 'run "${TOKEN}" ${NONE:-x} ${i} && true'],
      env: { TOKEN: "s3cret value" },
    },
  ],
  "variables for a shell that the session sets": [
    { astro: ['command: run "${ONLY}${PORT}"', "shell: true", "env: { ONLY: a, PORT: 1 }"] },
    { argv: ["sh", "-c", 'run "${ONLY}${PORT}"'], env: { ONLY: "a", PORT: "1" } },
  ],
  "env as it is written": [
    {
      astro: [
        SLEEP,
        "env: { CHAT: -1001234567890123456, V: 1.10, O: 0123, AT: 22:22, Y: yes, E: '' }",
      ],
    },
    { env: { CHAT: "-1001234567890123456", V: "1.10", O: "0123", AT: "22:22", Y: "yes", E: "" } },
  ],
  "env from my environment": [{ astro: [SLEEP, "env: { TOKEN: , EMPTY: }"] }, {
    env: { TOKEN: "s3cret value", EMPTY: "" },
  }],
  "env with variables": [{ astro: [SLEEP, "env: { URL: 'http://x:${PORT}/${NONE:-y}' }"] }, {
    env: { URL: "http://x:8080/y" },
  }],
  "env key by key: env files, env, then the files and variables of flags": [
    {
      astro: [SLEEP, "env_file: [a.env, /b.env]", "env: { C: env, D: env, E: env }"],
      flags: { envFiles: ["c.env"], env: ["E=flag", "TOKEN", "F=a=b"] },
      envFiles: {
        "/srv/a.env": "A=a\nB=a\nC=a\n",
        "/b.env": "B=b\n",
        "/here/c.env": "D=c\nE=c\n",
      },
    },
    {
      env: { A: "a", B: "b", C: "env", D: "c", E: "flag", TOKEN: "s3cret value", F: "a=b" },
    },
  ],
  "unsafe variables that are listed": [
    {
      astro: [SLEEP, "unsafe_env: [LD_PRELOAD]", "env: { LD_PRELOAD: a }"],
      flags: { env: ["PYTHONPATH=b"], unsafeEnv: ["PYTHONPATH"] },
    },
    { env: { LD_PRELOAD: "a", PYTHONPATH: "b" } },
  ],
};

for (const [what, [given, expected]] of Object.entries(TMUX_DEFINITIONS)) {
  Deno.test(`resolve() makes a tmux session of ${what}`, async () => {
    const { definition, warnings } = await resolved(given);
    deepEqual(definition, { ...TMUX, ...expected });
    deepEqual(warnings, []);
  });
}

const CONTAINER_DEFINITIONS: Record<string, [Given, Partial<ContainerDefinition>]> = {
  "an image alone": [{ astro: IMAGE }, {}],
  "everything that a config says": [
    {
      astro: [
        ...IMAGE,
        "command: run 'a b'",
        "working_dir: /app",
        "volumes: [./data:/app/data, .:/src:ro, cache:/cache, /abs:/abs, /anon]",
        "log_volume: ./logs:/logs",
        "ports: [80, '${PORT}:90']",
        "runtime: podman",
        "network: backend",
        "user: ${NONE:-1000}",
        "restart: always",
        "run_args: [--label, 'a=${TOKEN}']",
        "stop_signal: SIGQUIT",
      ],
    },
    {
      argv: ["run", "a b"],
      workingDir: "/app",
      volumes: [
        "/srv/data:/app/data",
        "/srv:/src:ro",
        "cache:/cache",
        "/abs:/abs",
        "/anon",
      ],
      logVolume: "/srv/logs:/logs",
      ports: ["80", "8080:90"],
      runtime: "podman",
      network: "backend",
      user: "1000",
      restart: "always",
      runArgs: ["--label", "a=s3cret value"],
      stopSignal: "SIGQUIT",
    },
  ],
  "flags over it": [
    {
      astro: [
        ...IMAGE,
        "volumes: [a:/a, b:/b]",
        "log_volume: c:/c",
        "ports: [1, 2]",
        "runtime: podman",
      ],
      flags: {
        image: "alpine:3",
        volumes: ["./d:/d"],
        logVolume: "./e:/e",
        ports: ["3"],
        runtime: "docker",
        workingDir: "/w",
      },
    },
    {
      image: "alpine:3",
      volumes: ["/here/d:/d"],
      logVolume: "/here/e:/e",
      ports: ["3"],
      runtime: "docker",
      workingDir: "/w",
    },
  ],
  "an image flag, which means a container": [
    { astro: [SLEEP, "socket_name: bots"], flags: { image: "alpine" } },
    { argv: ["sleep", "60"] },
  ],
  "a backend flag": [
    { astro: [SLEEP, "image: alpine"], flags: { backend: "container" } },
    { argv: ["sleep", "60"] },
  ],
  "a default backend": [{ astro: ["image: alpine"], ops: ["default_backend: container"] }, {}],
  "a runtime of ops": [{ astro: IMAGE, ops: ["container_runtime: docker"] }, { runtime: "docker" }],
  "a made-up session": [{ flags: { image: "alpine", volumes: ["./a:/a"] } }, {
    volumes: ["/here/a:/a"],
    owner: NOBODY,
  }],
  "the project that it belongs to": [{ astro: IMAGE, ops: ["project: bots"] }, {
    owner: { project: "bots", configFile: "/srv/kstops.yml" },
  }],
};

for (const [what, [given, expected]] of Object.entries(CONTAINER_DEFINITIONS)) {
  Deno.test(`resolve() makes a container of ${what}`, async () => {
    deepEqual((await resolved(given)).definition, { ...CONTAINER, ...expected });
  });
}

const LEFT_OUT: Record<string, [Given, string[]]> = {
  "nothing where everything applies": [{ astro: [SLEEP, "socket_name: a"] }, []],
  "the socket of a session that becomes a container": [
    { astro: [SLEEP, "socket_name: a"], flags: { image: "alpine" } },
    ["socket_name"],
  ],
  "a directory outside of the container that it becomes": [
    { astro: [SLEEP, "working_dir: sub"], flags: { image: "alpine" } },
    ["working_dir"],
  ],
  "an absolute directory outside of the container that it becomes": [
    { astro: [SLEEP, "working_dir: /opt/astro"], flags: { image: "alpine" } },
    ["working_dir"],
  ],
  "a directory inside of the container that it was": [
    { astro: [...IMAGE, SLEEP, "working_dir: /app"], flags: { backend: "tmux" } },
    ["image", "working_dir"],
  ],
  "what only containers have": [
    {
      astro: [...IMAGE, SLEEP, "ports: [1]", "volumes: [a:/a]", "user: me", "run_args: []"],
      flags: { backend: "tmux" },
    },
    ["image", "volumes", "ports", "user"],
  ],
};

for (const [what, [given, expected]] of Object.entries(LEFT_OUT)) {
  Deno.test(`resolve() leaves out ${what}`, async () => {
    deepEqual((await resolved(given)).leftOut, expected);
  });
}

const USAGE: Record<string, [Given, string]> = {
  "an image for tmux": [
    { flags: { image: "a", backend: "tmux" } },
    "Cannot use --image with --backend tmux: it is only for containers",
  ],
  "ports for tmux": [
    { astro: [SLEEP], flags: { ports: ["1"], backend: "tmux" } },
    "Cannot use --port with --backend tmux: it is only for containers",
  ],
  "a socket for containers": [
    { flags: { socketName: "a", backend: "container" } },
    "Cannot use --socket with --backend container: it is only for tmux",
  ],
  "a socket with a volume": [
    { flags: { socketName: "a", volumes: ["/a:/b"] } },
    "Cannot use --volume with --socket: it is only for containers",
  ],
  "a command twice": [
    { flags: { command: "a", argv: ["b"] } },
    "Cannot use --command with a program after --: it takes one of them",
  ],
  "words for a shell": [
    { flags: { shell: true, argv: ["b"] } },
    "Cannot use --shell with words after --: a shell takes one string",
  ],
  "a list for a shell": [
    { astro: ["command: [a]"], flags: { shell: true } },
    'Cannot use --shell for "astro": a shell takes one string, its command is a list',
  ],
  "a container without an image": [
    { astro: [SLEEP], flags: { backend: "container" } },
    'Cannot start "astro": it has no image',
  ],
  "a made-up container without an image": [
    { flags: { command: "a" }, ops: ["default_backend: container"] },
    'Cannot start "astro": it has no image',
  ],
  "a tmux session without a command": [
    { astro: IMAGE, flags: { backend: "tmux" } },
    'Cannot start "astro": it has no command',
  ],
};

for (const [what, [given, message]] of Object.entries(USAGE)) {
  Deno.test(`resolve() refuses ${what} as a mistake of usage`, async () => {
    const config = await configOf(textOf(given));
    throws(() => resolveIn(config, given), { code: "usage", message });
  });
}

for (const flags of [{}, { workingDir: "/tmp" }, { backend: "tmux" }, { argv: [] }] as const) {
  Deno.test(`resolve() finds no session for ${JSON.stringify(flags)} alone`, async () => {
    const config = await configOf(textOf({ astro: [SLEEP] }));
    throws(() => resolveIn(config, { name: "astra", flags }), {
      code: "session_not_found",
      message: 'Cannot start "astra": no such session',
      hint: 'did you mean "astro"?',
    });
  });
}

const INVALID: Record<string, [Given, string]> = {
  "a name": [{ name: "a.b", flags: { command: "a" } }, "value_invalid"],
  "a command": [{ flags: { command: "a; b" } }, "value_invalid"],
  "an image": [{ flags: { image: "A" } }, "value_invalid"],
  "a volume": [{ flags: { image: "a", volumes: ["../a:/b"] } }, "value_invalid"],
  "a port": [{ flags: { image: "a", ports: ["x"] } }, "value_invalid"],
  "a socket": [{ flags: { command: "a", socketName: "a/b" } }, "value_invalid"],
  "a directory": [{ flags: { command: "a", workingDir: "" } }, "value_invalid"],
  "a relative directory in a container": [
    { flags: { image: "a", workingDir: "b" } },
    "value_invalid",
  ],
  "the name of a variable": [{ flags: { command: "a", env: ["=b"] } }, "value_invalid"],
  "an empty variable": [{ flags: { command: "a", env: [""] } }, "value_invalid"],
  "an unsafe variable": [{ flags: { command: "a", env: ["LD_PRELOAD=x"] } }, "value_invalid"],
  "an unsafe variable of a file": [
    {
      flags: { command: "a", envFiles: ["/x"] },
      envFiles: { "/x": "LD_PRELOAD=x" },
    },
    "config_invalid",
  ],
  "a line of an env file": [
    { flags: { command: "a", envFiles: ["/x"] }, envFiles: { "/x": "nonsense here" } },
    "config_invalid",
  ],
  "a tmux session without a command": [{ astro: ["image: alpine"] }, "config_invalid"],
  "a container without an image": [{ astro: ["backend: container", SLEEP] }, "config_invalid"],
  "21 volumes with the one for logs": [
    { astro: [...IMAGE, `volumes: [${Array(20).fill("/a").join()}]`, "log_volume: /b:/b"] },
    "value_invalid",
  ],
};

for (const [what, [given, code]] of Object.entries(INVALID)) {
  Deno.test(`resolve() refuses ${what}`, async () => {
    const config = await configOf(textOf(given));
    deepEqual(config.problems, []);
    throws(() => resolveIn(config, given), { code });
  });
}

const WRONG_AT_START: Record<string, [readonly string[], string]> = {
  "an unset variable": [
    [SLEEP, "env: { A: 'x${NONE}' }"],
    'Cannot start "astro": /srv/kstops.yml:5:19: ops.sessions.astro.env.A: the variable NONE is not set',
  ],
  "an unset variable with a message": [
    ["command: run ${NONE:?see the wiki}"],
    'Cannot start "astro": /srv/kstops.yml:4:20: ops.sessions.astro.command: the variable NONE is not set: see the wiki',
  ],
  "an unset variable for a shell": [
    ["command: run ${NONE}", "shell: true"],
    'Cannot start "astro": /srv/kstops.yml:4:20: ops.sessions.astro.command: the variable NONE is not set',
  ],
  "a variable that makes a value wrong, without showing it": [
    [...IMAGE.slice(0, 1), "image: ${BAD}"],
    'Cannot start "astro": /srv/kstops.yml:5:14: ops.sessions.astro.image: with its variables filled in, the value is not allowed',
  ],
  "a program that is empty with its variable": [
    ["command: ${EMPTY} x"],
    'Cannot start "astro": /srv/kstops.yml:4:16: ops.sessions.astro.command: with its variables filled in, the value is not allowed',
  ],
  "a relative directory in a container": [
    [...IMAGE, "working_dir: sub"],
    'Cannot start "astro": /srv/kstops.yml:6:20: ops.sessions.astro.working_dir: inside a container it must be absolute',
  ],
  "a mistake": [
    ["comand: x"],
    'Cannot start "astro": /srv/kstops.yml:4:7: ops.sessions.astro.comand: unknown key',
  ],
  "a variable that is not set where it is needed at once": [
    [SLEEP, "socket_name: ${NONE}"],
    'Cannot start "astro": /srv/kstops.yml:5:20: ops.sessions.astro.socket_name: the variable NONE is not set',
  ],
  "several": [
    [...IMAGE, "volumes: ['${A}:/a']", "ports: ['${B}']"],
    [
      'Cannot start "astro": the config has 2 mistakes',
      "/srv/kstops.yml:6:18: ops.sessions.astro.volumes[0]: the variable A is not set (set it, write ${A:-default}, or $${ for a literal ${)",
      "/srv/kstops.yml:7:16: ops.sessions.astro.ports[0]: the variable B is not set (set it, write ${B:-default}, or $${ for a literal ${)",
    ].join("\n"),
  ],
};

for (const [what, [astro, message]] of Object.entries(WRONG_AT_START)) {
  Deno.test(`resolve() reports ${what} in the config`, async () => {
    const given = { astro };
    const config = await configOf(textOf(given));
    throws(() => resolveIn(config, given), (error: unknown) => {
      ok(error instanceof SessionConfigError && error.code === "config_invalid", String(error));
      // Without the lines of the file that it shows.
      equal(error.message.replaceAll(/\n {4}.*/g, ""), message);
      return true;
    });
  });
}

Deno.test("resolve() gives the mistakes of a config as details, too", async () => {
  const config = await configOf(textOf({ astro: ["comand: x"] }));
  throws(() => resolveIn(config, {}), {
    hint: 'did you mean "command"?',
    details: {
      problems: [{
        file: "/srv/kstops.yml",
        line: 4,
        column: 7,
        path: "ops.sessions.astro.comand",
        message: "unknown key",
        hint: 'did you mean "command"?',
      }],
    },
  });
});

Deno.test("resolve() starts nothing with a config that is wrong as a whole, not even made-up sessions", async () => {
  const config = await configOf(`nonsense: 1\n${textOf({ astro: [SLEEP] })}`);
  for (const given of [{}, { name: "other", flags: { command: "a" } }]) {
    throws(() => resolveIn(config, given), { code: "config_invalid" });
  }
  const missing = await loadConfig(worldOf({}), "/none.yml");
  throws(() => resolveIn(missing, {}), {
    code: "config_invalid",
    message: 'Cannot start "astro": /none.yml: no such file',
  });
});

Deno.test("resolve() starts a session next to one with mistakes", async () => {
  const config = await configOf(
    "ops:\n  sessions:\n    bad: {x: 1}\n    astro: {command: sleep 60}\n",
  );
  deepEqual(resolveIn(config, {}).definition, TMUX);
  throws(() => resolveIn(config, { name: "bad" }), { code: "config_invalid" });
});

Deno.test("resolve() leaves out what is to come from the environment and is not there", async () => {
  const { definition, warnings } = await resolved({
    astro: [SLEEP, "env_file: [/a.env]", "env: { NONE: , OTHER: }"],
    envFiles: { "/a.env": "NONE=x\nLONE\n" },
    flags: { env: ["OTHER=1", "MORE"] },
  });
  deepEqual(definition.env, { OTHER: "1" });
  deepEqual(
    warnings.map(({ path, place, message }) => [path, place, message]),
    [
      ["LONE", [], { file: "/a.env", line: 2, column: 1 }],
      ["NONE", ["env", "NONE"], null],
      ["MORE", [], null],
    ].map(([key, path, place]) => [
      path,
      place,
      `${key} is left out: it should come from the environment, and is not set there`,
    ]),
  );
});

Deno.test("resolve() says that an image is left out where nobody chose tmux", async () => {
  const IMAGE = "image: busybox";
  const left = await resolved({ astro: [SLEEP, IMAGE] });
  deepEqual([left.definition.backend, left.warnings.map(warningText)], ["tmux", [
    "image is left out: without backend: container this is a session in tmux",
  ]]);
});

/** What each backend has alone, as lines of a session. */
const OF_CONTAINERS = [
  "image: busybox",
  "volumes: [./a:/a]",
  "log_volume: ./l:/l",
  "ports: [80]",
  "runtime: docker",
  "network: net",
  "user: me",
  "run_args: [--init]",
];
const OF_TMUX = ["socket_name: bots", "restart_delay: 2s", "success_exit_codes: [3]"];

Deno.test("resolve() names every key that does not apply to the backend of the session", async () => {
  const said = (keys: readonly string[], backend: string) =>
    keys.map((line) => line.replace(/:.*/, "")).map((key) => ({
      path: [key],
      message: `${key} is left out: it does not apply to ${backend}`,
      hint: null,
      place: null,
    }));
  const tmux = await resolved({ astro: [SLEEP, "backend: tmux", ...OF_CONTAINERS] });
  deepEqual([tmux.warnings, tmux.leftOut], [said(OF_CONTAINERS, "tmux"), []]);
  const container = await resolved({ astro: [...IMAGE, ...OF_TMUX] });
  deepEqual([container.warnings, container.leftOut], [said(OF_TMUX, "container"), []]);
  // Also where the flag says what the session is anyway, and where ops names the backend.
  const flagged = await resolved({
    astro: [SLEEP, "user: me"],
    flags: { backend: "tmux" },
  });
  deepEqual(flagged.warnings, said(["user"], "tmux"));
  const ofOps = await resolved({
    ops: ["default_backend: container"],
    astro: ["image: alpine", ...OF_TMUX],
  });
  deepEqual(ofOps.warnings, said(OF_TMUX, "container"));
});

Deno.test("resolve() does not warn of keys of the backend that flags switch away from", async () => {
  const away = await resolved({
    astro: [...IMAGE, SLEEP, "user: me"],
    flags: { backend: "tmux" },
  });
  deepEqual([away.warnings, away.leftOut], [[], ["image", "user"]]);
  const there = await resolved({ astro: [SLEEP, ...OF_TMUX], flags: { image: "alpine" } });
  deepEqual([there.warnings, there.leftOut], [[], [
    "socket_name",
    "restart_delay",
    "success_exit_codes",
  ]]);
});

Deno.test("resolve() says what to mask", async () => {
  const { secrets } = await resolved({
    astro: [
      "command: run ${TOKEN} ${NONE:-default}",
      "socket_name: s${PORT}",
      "env: { A: plain, B: '${HOME}/x', E: '' }",
    ],
  });
  deepEqual(secrets.toSorted(), ["/home/me", "/home/me/x", "8080", "plain", "s3cret value"]);
});

property("resolve() never shows a value in an error", async () => {
  const keys = "command working_dir image log_volume network user".split(" ");
  const config = await Promise.all(
    keys.map((key) => configOf(textOf({ astro: [...IMAGE, `${key}: 'a\${X}'`] }))),
  );
  return {
    input: fc.tuple(fc.nat(keys.length - 1), fc.string()),
    holds: ([index, noise]) => {
      const env = { X: `${noise}S3CRET${noise}` };
      try {
        resolveIn(config[index]!, { env });
      } catch (error) {
        ok(!JSON.stringify([error, String(error)]).includes("S3CRET"), String(error));
      }
    },
  };
});

property("resolve() never adds words to a command", async () => {
  const config = await configOf(textOf({ astro: ["command: run ${X} '${X}' a${X}"] }));
  return {
    input: fc.stringMatching(/^[ -~]{1,50}$/),
    holds: (value) => {
      const { definition } = resolveIn(config, { env: { X: value } });
      deepEqual(definition.argv, ["run", value, value, `a${value}`]);
    },
  };
});

Deno.test("envFilesOf() gives the files of the config, then those of the flags", async () => {
  const config = await configOf(textOf({ astro: [SLEEP, "env_file: [a.env, '${HOME}/b.env']"] }), {
    env: ENV,
  });
  const around = { workingDirectory: "/here" };
  deepEqual(envFilesOf("astro", { envFiles: ["c.env"] }, config, around), [
    "/srv/a.env",
    "/home/me/b.env",
    "/here/c.env",
  ]);
  deepEqual(envFilesOf("other", {}, config, around), []);
});

const PLACES: Record<string, [string, unknown]> = {
  "the defaults": ["command: a", { backend: "tmux", scope: null, engine: null }],
  "a socket": ["socket_name: bots", { backend: "tmux", scope: "bots", engine: null }],
  "the runtime of ops": ["backend: container", {
    backend: "container",
    scope: null,
    engine: "docker",
  }],
  "its own runtime": ["{backend: container, runtime: podman, socket_name: x}", {
    backend: "container",
    scope: null,
    engine: "podman",
  }],
  "a mistake elsewhere": ["{x: 1, socket_name: bots}", {
    backend: "tmux",
    scope: "bots",
    engine: null,
  }],
  "a mistake in the backend": ["backend: x", { backend: null, scope: null, engine: null }],
};

for (const [what, [astro, expected]] of Object.entries(PLACES)) {
  Deno.test(`placeOf() knows the place of a session with ${what}`, async () => {
    const config = await configOf(textOf({ astro: [astro], ops: ["container_runtime: docker"] }));
    const entry = config.sessions.get("astro");
    ok(entry !== undefined);
    deepEqual(placeOf(entry, config), expected);
  });
}

Deno.test("resolve() refuses a relative volume below a directory with a colon", async () => {
  const path = "/a:b/kstops.yml";
  const text = textOf({ astro: [...IMAGE, "volumes: ['./x:/x']"] });
  const config = await loadConfig(worldOf({ files: { [path]: text } }), path);
  equal(config.problems.length, 0);
  throws(() => resolveIn(config, {}), { code: "value_invalid" });
});

Deno.test("resolve() rounds up what a runtime counts in whole seconds", async () => {
  const timeout = async (...astro: readonly string[]) =>
    (await resolved({ astro })).definition.stopTimeoutSeconds;
  equal(await timeout(SLEEP, "stop_timeout: 1500ms"), 1.5);
  equal(await timeout(...IMAGE, "stop_timeout: 1500ms"), 2);
  equal(await timeout(...IMAGE, "stop_timeout: 1m30s"), 90);
});

Deno.test("resolve() reads env files one after the other", async () => {
  const { definition, secrets, warnings } = await resolved({
    astro: [
      SLEEP,
      "env_file: [a.env, { path: b.env, format: raw }, { path: c.env, format: compose }]",
    ],
    flags: { envFiles: ["d.env"] },
    envFiles: {
      "/srv/a.env": "A='one'\nB=${A}\nHOME=a\n",
      "/srv/b.env": "C='${A}' # c\n",
      "/srv/c.env": 'D="${A}${C}${HOME}"\n',
      "/here/d.env": "E=${D} # c\nF=${NONE}\n",
    },
  });
  deepEqual(definition.env, {
    A: "one",
    B: "one",
    HOME: "a",
    C: "'${A}' # c",
    // What is in the environment wins over the files before, as with compose.
    D: "one'${A}' # c/home/me",
    E: "one'${A}' # c/home/me",
    F: "",
  });
  ok(secrets.includes("/home/me"));
  // Not of a file that says how it is to be read.
  deepEqual(warnings.map(warningText).map((text) => text.split(" ", 2).join(" ")), [
    "/srv/a.env:1:1: A",
    "/srv/a.env:2:1: B",
    "/here/d.env:2:3: the",
    "/here/d.env:1:1: E",
    "/here/d.env:2:1: F",
  ]);
});

Deno.test("resolve() tells every mistake of every env file, with those of the session", async () => {
  const config = await configOf(
    textOf({ astro: ["command: ['${NOWHERE}']", "env_file: [a.env, b.env]"] }),
    { env: ENV },
  );
  const envFiles = {
    "/srv/a.env": "A='s3cret\n1=2\nLD_PRELOAD=s3cret\n",
    "/srv/b.env": "B=${NONE:?set it}\n",
  };
  throws(() => resolveIn(config, { envFiles }), (error: ConfigProblemsError) => {
    deepEqual(error.problems.map(problemText), [
      "/srv/a.env:1:3: the quote that begins here is not closed",
      "/srv/a.env:2:1: the line does not begin with the name of a variable",
      '/srv/a.env:3:1: "LD_PRELOAD": it can make the program load other code',
      "/srv/b.env:1:3: the variable NONE is not set: set it",
      "/srv/kstops.yml:4:18: ops.sessions.astro.command[0]: the variable NOWHERE is not set",
    ]);
    ok(!JSON.stringify(error).includes("s3cret"));
    return error.code === "config_invalid";
  });
});
