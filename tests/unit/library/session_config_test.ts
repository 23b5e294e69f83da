import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { resolve } from "../../../src/config/resolve.ts";
import { SessionConfigError } from "../../../src/errors.ts";
import {
  checkComplete,
  flagsOf,
  impliedBackend,
  noConfig,
  type SessionOptions,
} from "../../../src/library/session_config.ts";
import { SessionManager } from "../../../src/library/manager.ts";
import { ContainerRunner, TmuxRunner } from "../../../src/library/runners.ts";
import { type BackendType, NOBODY } from "../../../src/model.ts";
import { denoWorld } from "../../../src/world/deno.ts";

const IMPLIED: Record<string, readonly [SessionOptions, BackendType | null]> = {
  "nothing": [{}, null],
  "what both have": [{ command: "run", env: { A: "b" }, workingDir: "/" }, null],
  "an image": [{ image: "web" }, "container"],
  "ports": [{ ports: ["80"] }, "container"],
  "a runtime": [{ runtime: "docker" }, "container"],
  "a socket": [{ socketName: "bots" }, "tmux"],
  "the backend itself": [{ backend: "tmux", image: "web" }, "tmux"],
};

for (const [what, [options, backend]] of Object.entries(IMPLIED)) {
  Deno.test(`impliedBackend() hears a backend in ${what}`, () =>
    equal(impliedBackend(options), backend));
}

/** What a caller without types may give, and what is said about it. */
const REFUSED: Record<string, readonly [string, unknown, RegExp]> = {
  "a name": ["my bot", {}, /"my bot"/],
  "a backend": ["bot", { backend: "screen" }, /"screen" as a backend: it must be one of tmux, con/],
  "a runtime": ["bot", { runtime: "lxc" }, /"lxc" as a container runtime/],
  "an image": ["bot", { image: "-x" }, /"-x"/],
  "a volume": ["bot", { volumes: ["data"] }, /"data"/],
  "a log volume": ["bot", { logVolume: "data" }, /"data"/],
  "a port": ["bot", { ports: ["http"] }, /"http"/],
  "a variable": ["bot", { env: { LD_PRELOAD: "x" } }, /LD_PRELOAD/],
  "a command": ["bot", { command: "sleep 1; reboot" }, /";"/],
  "a list for a shell": ["bot", { command: ["a"], shell: true }, /its command is a list/],
  "a directory": ["bot", { workingDir: "" }, /directory/],
  "a socket": ["bot", { socketName: "a/b" }, /"a\/b"/],
  "an image for tmux": [
    "bot",
    { backend: "tmux", image: "bot" },
    /^Cannot use image for "bot": it is only for backend "container"$/,
  ],
  "a socket for a container": [
    "bot",
    { backend: "container", socketName: "bots" },
    /^Cannot use socketName for "bot": it is only for backend "tmux"$/,
  ],
};

for (const [what, [name, options, message]] of Object.entries(REFUSED)) {
  Deno.test(`SessionManager refuses ${what} that cannot be`, () => {
    throws(() => new SessionManager(name, options as SessionOptions), (error) => {
      ok(error instanceof SessionConfigError);
      equal(error.code, "value_invalid");
      match(error.message, message);
      return true;
    });
  });
}

Deno.test("runners refuse a place that cannot be", () => {
  throws(() => new TmuxRunner({ socketName: "a/b" }), { code: "value_invalid" });
  throws(() => new ContainerRunner({ runtime: "lxc" as "docker" }), { code: "value_invalid" });
});

Deno.test("checkComplete() wants what a backend cannot do without", () => {
  const [tmux, container] = (["tmux", "container"] as const).map((backend) => ({
    name: "bot",
    backend,
  }));
  checkComplete({ command: "run" }, tmux!);
  checkComplete({ image: "web" }, container!);
  throws(() => checkComplete({}, tmux!), /^SessionConfigError: .*it has no command$/);
  throws(() => checkComplete({ command: "run" }, container!), /it has no image$/);
});

Deno.test("options come to the same as the flags of start", () => {
  const world = denoWorld();
  const resolved = (options: SessionOptions, backend: BackendType) =>
    resolve("bot", flagsOf(options, backend), noConfig(world), {
      workingDirectory: "/project",
      env: () => undefined,
      envFiles: new Map(),
    }).definition;
  const { stopTimeoutSeconds, stopSignal, log } = noConfig(world).settings;
  const common = {
    name: "bot",
    stopTimeoutSeconds,
    stopSignal,
    protected: false,
    log,
    owner: NOBODY,
  };
  deepEqual(
    resolved({ command: "run 'a b'", env: { KEY: "a=b\nc" }, workingDir: "sub" }, "tmux"),
    {
      backend: "tmux",
      argv: ["run", "a b"],
      env: { KEY: "a=b\nc" },
      workingDir: "/project/sub",
      socketName: "default",
      stopScope: null,
      ...{
        restart: null,
        restartDelaySeconds: 1,
        restartMaxDelaySeconds: 60,
        restartResetSeconds: 60,
      },
      successExitCodes: [],
      ready: null,
      ...common,
    },
  );
  deepEqual(
    resolved({
      image: "web:1",
      command: ["run", "a b"],
      volumes: ["./data:/data"],
      logVolume: "./logs:/logs",
      ports: ["8081:8080"],
      runtime: "docker",
      workingDir: "/app",
    }, "container"),
    {
      backend: "container",
      image: "web:1",
      argv: ["run", "a b"],
      env: {},
      workingDir: "/app",
      volumes: ["/project/data:/data"],
      logVolume: "/project/logs:/logs",
      ports: ["8081:8080"],
      runtime: "docker",
      network: null,
      user: null,
      restart: null,
      ready: null,
      tty: true,
      runArgs: [],
      ...common,
    },
  );
});
