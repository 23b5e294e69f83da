import { deepEqual, equal, ok } from "node:assert/strict";
import { resolve } from "../../../src/config/resolve.ts";
import { OPS_KEYS, TOP_KEYS } from "../../../src/keys/file_keys.ts";
import { SESSION_KEYS } from "../../../src/keys/session_keys.ts";
import { DEFAULT_LOG } from "../../../src/model.ts";
import { configOf, problemsIn } from "./files.ts";

const example = await Deno.readTextFile(new URL("../../../config/example.yml", import.meta.url));
/** With the lines that are commented out. */
const whole = example.replace(/^( *)# (web:|defaults:| {2}[a-z_]+: )/gm, "$1$2")
  .replace(/^( +)# ([a-z_]+: \[.*)/gm, "$1$2");

Deno.test("example.yml has no mistakes, and its sessions can be started", async () => {
  const config = await configOf(example);
  deepEqual(problemsIn(config), []);
  deepEqual([...config.sessions.keys()], ["clock", "worker", "migrate"]);
  for (const name of config.sessions.keys()) {
    const { definition } = resolve(name, {}, config, {
      workingDirectory: "/",
      env: () => undefined,
      envFiles: new Map(),
    });
    equal(definition.backend, "tmux");
  }
});

Deno.test("example.yml has no mistakes in what is commented out", async () => {
  const config = await configOf(whole);
  deepEqual(problemsIn(config), []);
  deepEqual([...config.sessions.keys()], ["clock", "worker", "migrate", "web"]);
});

Deno.test("example.yml shows every key", () => {
  const keys = [TOP_KEYS, OPS_KEYS, SESSION_KEYS].flatMap((table) => Object.keys(table));
  for (const key of keys) {
    ok(new RegExp(`^[ #]*${key}:`, "m").test(example), key);
  }
});

/** The example of the first kstlib's documentation. */
const SEED = `ops:
  default_backend: tmux
  tmux_binary: tmux
  container_runtime: null # auto-detect (podman or docker)

  sessions:
    astro:
      backend: tmux
      command: "python -m astro.bot"
      working_dir: "/opt/astro"
      env:
        ASTRO_ENV: "development"

    astro-prod:
      backend: container
      image: "astro-bot:latest"
      volumes:
        - "./data:/app/data"
      log_volume: "./logs/astro:/app/logs"
      env:
        ASTRO_ENV: "production"
`;

for (const name of ["kstops.yml", "kstlib.conf.yml"]) {
  Deno.test(`the example of kstlib's documentation works as ${name}`, async () => {
    const config = await configOf(SEED, { name });
    deepEqual(problemsIn(config), []);
    const around = { workingDirectory: "/", env: () => undefined, envFiles: new Map() };
    const common = {
      stopSignal: null,
      stopTimeoutSeconds: 10,
      protected: false,
      owner: { project: null, configFile: `/srv/${name}` },
      log: DEFAULT_LOG,
      ready: null,
    };
    deepEqual(resolve("astro", {}, config, around).definition, {
      backend: "tmux",
      name: "astro",
      argv: ["python", "-m", "astro.bot"],
      workingDir: "/opt/astro",
      socketName: "default",
      stopScope: null,
      ...{
        restart: null,
        restartDelaySeconds: 1,
        restartMaxDelaySeconds: 60,
        restartResetSeconds: 60,
      },
      successExitCodes: [],
      env: { ASTRO_ENV: "development" },
      ...common,
    });
    deepEqual(resolve("astro-prod", {}, config, around).definition, {
      backend: "container",
      name: "astro-prod",
      image: "astro-bot:latest",
      argv: null,
      workingDir: null,
      volumes: ["/srv/data:/app/data"],
      logVolume: "/srv/logs/astro:/app/logs",
      ports: [],
      runtime: null,
      network: null,
      user: null,
      restart: null,
      tty: true,
      runArgs: [],
      env: { ASTRO_ENV: "production" },
      ...common,
    });
  });
}

const starter = await Deno.readTextFile(new URL("../../../config/starter.yml", import.meta.url));

Deno.test("starter.yml has no mistakes, neither as it is nor with what is commented out", async () => {
  const config = await configOf(starter);
  deepEqual([problemsIn(config), [...config.sessions.keys()]], [[], ["hello"]]);
  const lines = starter.split("\n").map((line) =>
    /^ *# (?: *[a-z_]+:(?: |$)|  {2}[A-Z]+:)/.test(line) ? line.replace("# ", "") : line
  );
  const whole = await configOf(lines.join("\n"));
  deepEqual([problemsIn(whole), [...whole.sessions.keys()]], [[], ["bot", "web", "hello"]]);
  equal(whole.settings.stopTimeoutSeconds, 10);
});
