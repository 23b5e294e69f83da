import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  attachContainer,
  containerLogs,
  dialDaemon,
  inspectContainers,
  isOfTheClient,
  killContainers,
  listContainers,
  pullImage,
  removeContainers,
  runContainer,
  stopContainers,
  unpauseContainer,
  waitFor,
  watchContainer,
} from "../../../../src/backends/container/args.ts";
import type { Client } from "../../../../src/backends/container/clients.ts";
import { containerDefinition } from "../../../support/definitions.ts";
import { DOCKER, PODMAN } from "./containers.ts";
import { property } from "../../../support/property.ts";

/** A `docker` that is podman in disguise. */
const DISGUISED: Client = { runtime: "podman", dialect: "podman", program: "docker" };

const CALLS: Record<string, readonly [argv: readonly string[], is: string]> = {
  "the list of podman": [listContainers(PODMAN), "podman ps --all --no-trunc --format json"],
  "the list of podman in disguise": [
    listContainers(DISGUISED),
    "docker ps --all --no-trunc --format json",
  ],
  "the daemon of docker": [dialDaemon(DOCKER), "docker system dial-stdio"],
  "a closer look of podman": [
    inspectContainers(PODMAN, ["a", "b"]),
    "podman container inspect -- a b",
  ],
  "a closer look of docker": [inspectContainers(DOCKER, ["-a"]), "docker container inspect -- -a"],
  "a pull": [pullImage(DOCKER, "busybox:1"), "docker pull -- busybox:1"],
  "a wait": [waitFor(PODMAN, "a"), "podman wait -- a"],
  "a stop of podman": [stopContainers(PODMAN, ["a"], 20), "podman stop -t 20 -- a"],
  "a stop of docker": [stopContainers(DOCKER, ["a", "b"], 0), "docker stop -t 0 -- a b"],
  "a kill": [killContainers(DOCKER, "-a"), "docker kill --signal KILL -- -a"],
  "an unpause": [unpauseContainer(DOCKER, "a"), "docker unpause -- a"],
  "a removal, which is never forced": [removeContainers(PODMAN, "a"), "podman rm -- a"],
  "all logs": [
    containerLogs(PODMAN, "a", { lines: Infinity, timestamps: false }),
    "podman logs -- a",
  ],
  "the last logs": [
    containerLogs(DOCKER, "a", { lines: 5, timestamps: false }),
    "docker logs --tail 5 -- a",
  ],
  "logs of two streams": [
    containerLogs(DOCKER, "a", { lines: Infinity, timestamps: true }),
    "docker logs --timestamps -- a",
  ],
  "an attach": [
    attachContainer(PODMAN, "a"),
    "podman attach --detach-keys ctrl-p,ctrl-q -- a",
  ],
  "an attach that only looks": [
    watchContainer(DOCKER, "a"),
    "docker logs --follow --tail 0 -- a",
  ],
};
for (const [what, [argv, is]] of Object.entries(CALLS)) {
  Deno.test(`${what} is asked for as it should be`, () => equal(argv.join(" "), is));
}

const RUN_ID = "00000000000a";
const plan = (more: Parameters<typeof containerDefinition>[0] = {}, init = true) => ({
  definition: containerDefinition(more),
  runId: RUN_ID,
  init,
});

/** The arguments of a run without its labels. */
function unlabelled(argv: readonly string[]): readonly string[] {
  return argv.filter((word, index) => word !== "--label" && argv[index - 1] !== "--label");
}

/** The labels of a run. */
function labelsIn(argv: readonly string[]): Record<string, string> {
  const labels = argv.filter((_, index) => argv[index - 1] === "--label");
  return Object.fromEntries(labels.map((label) => {
    const equals = label.indexOf("=");
    return [label.slice(0, equals), label.slice(equals + 1)];
  }));
}

const FIRST = "run --detach --interactive --tty --pull=never".split(" ");
const NAME = ["--name", "astro"];
const STOP = ["--stop-timeout", "10"];
const PROGRAM = ["--", "busybox:1", "sleep", "60"];

const NO_LOG = { capture: false, maxBytes: 0, keep: 0 };
const NO_LOG_FLAGS = ["--log-driver", "none"];

const RUNS: Record<
  string,
  { define: Parameters<typeof containerDefinition>[0]; init?: boolean; is: readonly string[] }
> = {
  "nothing but a program": { define: {}, is: ["--init", ...NAME, ...STOP, ...PROGRAM] },
  "no init": { define: {}, init: false, is: [...NAME, ...STOP, ...PROGRAM] },
  "what the image runs": {
    define: { argv: null },
    is: ["--init", ...NAME, ...STOP, "--", "busybox:1"],
  },
  "a program that looks like flags": {
    define: { argv: ["--rm", "--", "-v"] },
    is: ["--init", ...NAME, ...STOP, "--", "busybox:1", "--rm", "--", "-v"],
  },
  "variables": {
    define: { env: { TOKEN: "s3cret", EMPTY: "" } },
    is: ["--init", ...NAME, "--env", "TOKEN", "--env", "EMPTY", ...STOP, ...PROGRAM],
  },
  "variables that the client goes by": {
    define: { env: { PATH: "/opt", TOKEN: "s3cret", http_proxy: "http://u:p@proxy" } },
    is: [
      ...["--init", ...NAME, "--env", "TOKEN", "--env-file", "/dev/stdin", ...STOP, ...PROGRAM],
    ],
  },
  "volumes, the one for its logs last": {
    define: { volumes: ["/srv:/data:ro", "cache:/cache"], logVolume: "/var/log/astro:/logs" },
    is: [
      ...["--init", ...NAME, "--volume", "/srv:/data:ro", "--volume", "cache:/cache"],
      ...["--volume", "/var/log/astro:/logs", ...STOP, ...PROGRAM],
    ],
  },
  "ports": {
    define: { ports: ["127.0.0.1:8080:80", "[::1]:53:53/udp", "8000-8002:9000-9002"] },
    is: [
      ...["--init", ...NAME, "--publish", "127.0.0.1:8080:80", "--publish", "[::1]:53:53/udp"],
      ...["--publish", "8000-8002:9000-9002", ...STOP, ...PROGRAM],
    ],
  },
  "a working directory": {
    define: { workingDir: "/opt/my bot" },
    is: ["--init", ...NAME, "--workdir", "/opt/my bot", ...STOP, ...PROGRAM],
  },
  "network, user, restart policy and stop signal": {
    define: {
      ...{ network: "host", user: "1000:1000", restart: "on-failure:3" },
      ...{ stopSignal: "SIGINT", stopTimeoutSeconds: 0 },
    },
    is: [
      ...["--init", ...NAME, "--network", "host", "--user", "1000:1000"],
      ...["--restart", "on-failure:3", "--stop-signal", "SIGINT", "--stop-timeout", "0"],
      ...PROGRAM,
    ],
  },
  "the user's own arguments, after ours": {
    define: { runArgs: ["--memory=64m", "--no-healthcheck"], stopTimeoutSeconds: 90 },
    is: [
      ...["--init", ...NAME, "--stop-timeout", "90", "--memory=64m", "--no-healthcheck"],
      ...PROGRAM,
    ],
  },
};
for (const [what, { define, init = true, is }] of Object.entries(RUNS)) {
  Deno.test(`a run with ${what} says so, the same to both runtimes`, () => {
    for (const client of [PODMAN, DOCKER]) {
      const { argv } = runContainer(client, plan({ log: NO_LOG, ...define }, init));
      const unlogged = argv.filter((word) => !NO_LOG_FLAGS.includes(word));
      deepEqual(unlabelled(unlogged), [client.program, ...FIRST, ...is]);
    }
  });
}

const LOGGED = { log: { capture: true, maxBytes: 1000, keep: 3 } };
/** What the runtime itself is to keep, by what is wanted, on podman and on docker. */
const LOG_FLAGS: Record<
  string,
  { define: Parameters<typeof containerDefinition>[0]; podman: string; docker: string }
> = {
  "as much as there may be of the session": {
    define: LOGGED,
    podman: "--log-driver k8s-file --log-opt max-size=1000pb",
    docker: "--log-driver local --log-opt max-size=4000 --log-opt max-file=13",
  },
  "more where there is no terminal": {
    define: { ...LOGGED, tty: false },
    podman: "--log-driver k8s-file --log-opt max-size=1000pb",
    docker: "--log-driver local --log-opt max-size=4000 --log-opt max-file=23",
  },
  "more where a line has one character at its end": {
    define: { ...LOGGED, runArgs: ["--tty=false"] },
    podman: "--log-driver k8s-file --log-opt max-size=1000pb --tty=false",
    docker: "--log-driver local --log-opt max-size=4000 --log-opt max-file=23 --tty=false",
  },
  "nothing": {
    define: { log: NO_LOG },
    podman: "--log-driver none",
    docker: "--log-driver none",
  },
  "what a driver that the user chose keeps": {
    define: { ...LOGGED, runArgs: ["--log-driver=journald"] },
    podman: "--log-driver=journald",
    docker: "--log-driver=journald",
  },
  "what options that the user chose say": {
    define: { ...LOGGED, runArgs: ["--log-opt", "max-size=1m"] },
    podman: "--log-opt max-size=1m",
    docker: "--log-opt max-size=1m",
  },
};
for (const [what, { define, ...flags }] of Object.entries(LOG_FLAGS)) {
  Deno.test(`the runtime itself keeps ${what}`, () => {
    for (const client of [PODMAN, DOCKER]) {
      const argv = unlabelled(runContainer(client, plan(define)).argv);
      const own = argv.slice(argv.indexOf("--stop-timeout") + 2, argv.indexOf("--"));
      equal(own.join(" "), flags[client.runtime]);
    }
  });
}

Deno.test("values come in the client's environment, and its own variables on standard input", () => {
  const env = { TOKEN: "line 1\nline 2", PATH: "/opt/bin", A: "", DOCKER_HOST: "tcp://x", z: "=" };
  const { env: own, stdin } = runContainer(DOCKER, plan({ env }));
  deepEqual(own, { TOKEN: "line 1\nline 2", A: "", z: "=" });
  equal(stdin, "PATH=/opt/bin\nDOCKER_HOST=tcp://x\n");
});

Deno.test("without such variables there is no standard input", () => {
  const call = runContainer(DOCKER, plan({ env: { TOKEN: "x" } }));
  ok(!("stdin" in call));
  deepEqual(runContainer(DOCKER, plan()).env, {});
});

Deno.test("a container remembers its definition, and of its variables the names alone", () => {
  const { argv } = runContainer(
    PODMAN,
    plan({
      ...{ env: { TOKEN: "s3cret", PATH: "/p" }, volumes: ["/a:/b"], ports: ["80"] },
      ...{ logVolume: "/l:/logs", network: "host", user: "1", restart: "always" },
      ...{ runArgs: ["--memory=1g"], stopSignal: "SIGHUP", workingDir: "/w" },
      owner: { project: "bots", configFile: "/srv/kstops.yml" },
    }),
  );
  const { "io.kstops.definition": record = "", ...labels } = labelsIn(argv);
  deepEqual(labels, { "io.kstops.session": "astro", "io.kstops.run": RUN_ID });
  deepEqual(JSON.parse(record), {
    version: 1,
    image: "busybox:1",
    command: ["sleep", "60"],
    working_dir: "/w",
    env: ["TOKEN", "PATH"],
    volumes: ["/a:/b"],
    log_volume: "/l:/logs",
    ports: ["80"],
    network: "host",
    user: "1",
    restart: "always",
    ready: null,
    tty: true,
    run_args: ["--memory=1g"],
    stop_signal: "SIGHUP",
    stop_timeout: 10,
    log_capture: true,
    log_max_bytes: 10_485_760,
    log_keep: 5,
    project: "bots",
    protected: false,
    config_file: "/srv/kstops.yml",
  });
});

Deno.test("a container without a terminal gets none, and remembers that", () => {
  const { argv } = runContainer(DOCKER, plan({ tty: false }));
  equal(argv.includes("--tty"), false);
  equal(argv.includes("--interactive"), true);
  equal(JSON.parse(labelsIn(argv)["io.kstops.definition"] ?? "").tty, false);
});

Deno.test("a protected session says so on the container, and another does not", () => {
  const labels = (isProtected: boolean) =>
    labelsIn(runContainer(PODMAN, plan({ protected: isProtected })).argv);
  equal(labels(true)["io.kstops.protected"], "true");
  equal(labels(false)["io.kstops.protected"], undefined);
});

property("no value of a variable is ever in the arguments", () => {
  const key = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/);
  const known = fc.constantFrom("PATH", "HOME", "DOCKER_HOST", "https_proxy", "LD_PRELOAD");
  const secret = fc.string({ maxLength: 20 }).map((text) => `<${text}>`);
  const env = fc.dictionary(fc.oneof(key, known), secret, { maxKeys: 6 });
  return {
    input: env,
    holds: (env) => {
      const { argv, env: own, stdin = "" } = runContainer(DOCKER, plan({ env }));
      for (const [key, value] of Object.entries(env)) {
        ok(argv.every((word) => !word.includes(value)));
        ok(own[key] === value || stdin.includes(`${key}=${value}\n`));
      }
    },
  };
});

const OF_THE_CLIENT = [
  ...["PATH", "HOME", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST"],
  ...["CONTAINERS_CONF", "CONTAINER", "XDG_RUNTIME_DIR", "LD_PRELOAD", "LD_LIBRARY_PATH"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSH_AUTH_SOCK"],
  ...["http_proxy", "https_proxy", "no_proxy", "all_proxy", "REGISTRY_AUTH_FILE"],
  ...["DBUS_SESSION_BUS_ADDRESS", "NOTIFY_SOCKET", "STORAGE_DRIVER", "BUILDKIT_PROGRESS"],
  ...["LISTEN_FDS", "SSL_CERT_FILE", "_CONTAINERS_USERNS_CONFIGURED", "_OCI_SYNCPIPE"],
  ...["_LIBCONTAINER_LOGPIPE", "GLIBC_TUNABLES"],
];
const NOT_OF_THE_CLIENT = [
  ...["TOKEN", "DATABASE_URL", "PYTHONPATH", "PATHS", "MY_PATH", "HOMEPAGE", "LDAP_HOST", "PROXY"],
  ...[
    "MYDOCKER_HOST",
    "SSHKEY",
    "SSL_MODE",
    "LISTEN",
    "XDG",
    "LANG",
    "TZ",
    "USER",
    "TERM",
    "proxy_url",
  ],
];
for (const [keys, is] of [[OF_THE_CLIENT, true], [NOT_OF_THE_CLIENT, false]] as const) {
  for (const key of keys) {
    Deno.test(`${key} ${is ? "would" : "would not"} change what the client does`, () => {
      equal(isOfTheClient(key), is);
    });
  }
}
