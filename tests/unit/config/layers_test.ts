import { deepEqual, equal } from "node:assert/strict";
import type { Config, SessionSettings } from "../../../src/config/config.ts";
import { problemReport } from "../../../src/config/config.ts";
import { explain } from "../../../src/config/explain.ts";
import { resolve } from "../../../src/config/resolve.ts";
import { originText } from "../../../src/output/definition.ts";
import { configOf, problemsIn } from "./files.ts";

const AROUND = { workingDirectory: "/", env: () => undefined, envFiles: new Map() };

function settingsOf(config: Config, name: string): SessionSettings {
  const entry = config.sessions.get(name);
  if (entry?.kind !== "usable") throw new Error(`${name} cannot be used`);
  return entry.settings;
}

const LAYERED = `ops:
  defaults:
    env: { TZ: UTC, A: all }
    env_file: [all.env]
    stop_timeout: 20
    volumes: [/all:/all]
    tmux: { socket_name: bots, env: [A=tmux, B=tmux] }
    container:
      env: { A: container }
      volumes: [/a:/a, /b:/b]
  sessions:
    plain: { command: x }
    own: { command: x, env: [A=own, "C=x y", D], socket_name: mine, env_file: own.env }
    box: { backend: container, image: alpine, volumes: [/own:/own], stop_timeout: 5 }
    bare: { backend: container, image: alpine, env: { TZ: } }
    empty:
`;

Deno.test("a session has the defaults of its backend over those for all, and its own over both", async () => {
  const config = await configOf(LAYERED);
  deepEqual(problemsIn(config), []);
  const plain = settingsOf(config, "plain");
  deepEqual([...plain.env], [["TZ", "UTC"], ["A", "tmux"], ["B", "tmux"]]);
  deepEqual([plain.socketName, plain.stopTimeoutSeconds], ["bots", 20]);
  const own = settingsOf(config, "own");
  deepEqual(Object.fromEntries(own.env), { TZ: "UTC", A: "own", B: "tmux", C: "x y", D: null });
  deepEqual([own.socketName, own.envFiles.map(({ path }) => path)], ["mine", ["own.env"]]);
  const box = settingsOf(config, "box");
  deepEqual([...box.env], [["TZ", "UTC"], ["A", "container"]]);
  deepEqual([box.volumes, box.stopTimeoutSeconds], [["/own:/own"], 5]);
  const bare = settingsOf(config, "bare");
  deepEqual([[...bare.env], bare.volumes], [[["TZ", null], ["A", "container"]], [
    "/a:/a",
    "/b:/b",
  ]]);
  deepEqual(settingsOf(config, "empty"), { ...plain, command: null });
});

Deno.test("every value says where it is written, also one of the defaults", async () => {
  const config = await configOf(
    LAYERED.replace("[all.env]", "[]").replace(", env_file: own.env", ""),
  );
  const at = (name: string, key: string) => {
    const origin = explain(name, {}, config, AROUND).origins.get(key);
    return origin && originText(origin).replace("/srv/kstops.yml:", "");
  };
  deepEqual(
    ["command", "env.TZ", "env.A", "env.B", "socket_name", "stop_timeout"].map((key) =>
      at("plain", key)
    ),
    ["12:23", "3:16", "7:38", "7:46", "7:26", "5:19"],
  );
  deepEqual(["env.A", "env.C", "socket_name"].map((key) => at("own", key)), [
    "13:30",
    "13:37",
    "13:63",
  ]);
  deepEqual(["env.A", "volumes[0]", "stop_timeout"].map((key) => at("box", key)), [
    "9:17",
    "14:57",
    "14:83",
  ]);
  deepEqual(["volumes[1]", "env.A"].map((key) => at("bare", key)), ["10:24", "9:17"]);
});

Deno.test("defaults of an included file are relative to that file, and merged", async () => {
  const config = await configOf(
    "include: sub/common.yml\n" +
      "ops: { defaults: { env: { B: '2' } }, sessions: { a: { command: x } } }\n",
    { others: { "sub/common.yml": "ops: { defaults: { working_dir: bots, env: [A=1, B=1] } }\n" } },
  );
  deepEqual(problemsIn(config), []);
  const { definition } = resolve("a", {}, config, AROUND);
  deepEqual([definition.workingDir, definition.env], ["/srv/sub/bots", { A: "1", B: "2" }]);
});

Deno.test("the backend of a session may be a default, in words or by a variable", async () => {
  const text = (backend: string) =>
    `ops: { ${backend}, sessions: { a: { image: x }, b: { backend: tmux, command: x } } }\n`;
  for (
    const backend of [
      "defaults: { backend: container, container: { user: me } }",
      "default_backend: container, defaults: { container: { user: me } }",
      "defaults: { backend: '${WHERE}', container: { user: me } }",
    ]
  ) {
    const config = await configOf(text(backend), { env: { WHERE: "container" } });
    deepEqual(problemsIn(config), []);
    deepEqual(["a", "b"].map((name) => settingsOf(config, name).user), ["me", null]);
  }
});

Deno.test("a default that means nothing to a backend is no warning there", async () => {
  const config = await configOf(
    "ops: { defaults: { network: x, stop_scope: main }, sessions: { a: { command: x }, " +
      "b: { command: x, user: me } } }\n",
  );
  const warnings = (name: string) =>
    resolve(name, {}, config, AROUND).warnings.map(({ message }) => message);
  deepEqual(warnings("a"), []);
  deepEqual(warnings("b"), ["user is left out: it does not apply to tmux"]);
  const { definition } = resolve("a", { image: "alpine" }, config, AROUND);
  equal(definition.backend === "container" && definition.network, "x");
});

Deno.test("a mistake in the defaults is told once, and not of every session", async () => {
  const config = await configOf(`ops:
  defaults:
    comand: x
    env: { LD_PRELOAD: hunter2, A: "\${" }
    socket_name: a/b
    tmux: { image: x, backend: tmux, stop_timeout: -1 }
    container: 4
  sessions: { a: { command: x }, b: { command: x } }
`);
  deepEqual(problemsIn(config).map((text) => text.replace(/ \(.*/, "")), [
    "3:5: ops.defaults.comand: unknown key",
    "4:12: ops.defaults.env.LD_PRELOAD: it can make the program load other code",
    '4:37: ops.defaults.env.A: "${" begins no variable',
    '5:18: ops.defaults.socket_name: it has "/"',
    "6:13: ops.defaults.tmux.image: it does not apply here: these are the defaults of tmux alone",
    "6:23: ops.defaults.tmux.backend: it does not apply here: these are the defaults of tmux alone",
    "6:52: ops.defaults.tmux.stop_timeout: must be a duration such as 500ms, 10s or 1m30s, or a number of seconds, 0 to 86400",
    "7:16: ops.defaults.container: must be a mapping",
  ]);
  deepEqual([...config.sessions.values()].map(({ kind }) => kind), ["usable", "usable"]);
  const reports = config.problems.map(problemReport).join("\n");
  equal(reports.includes("hunter2"), false);
  equal(reports.includes("socket_name: a/b"), true);
  deepEqual(problemsIn(await configOf("ops: { defaults: [], sessions: { a: { command: x } } }")), [
    "1:18: ops.defaults: must be a mapping",
  ]);
});

Deno.test("defaults that stand for too much are refused", async () => {
  const env = Array.from({ length: 100 }, (_, index) => `V${index}=x`).join(", ");
  const sessions = Array.from({ length: 9_999 }, (_, index) => `    s${index}:\n`).join("");
  const config = await configOf(`ops:\n  defaults: { env: [${env}] }\n  sessions:\n${sessions}`);
  deepEqual(problemsIn(config), [
    "2:13: ops.defaults: they add too many values to the sessions",
  ]);
});

Deno.test("a list of variables and a mapping in another file become one", async () => {
  const config = await configOf(
    "include: common.yml\nops: { sessions: { a: { command: x, env: { B: 2 } } } }\n",
    { others: { "common.yml": "ops: { sessions: { a: { env: [A=1, B=1, E=a=b, F=] } } }\n" } },
  );
  deepEqual(problemsIn(config), []);
  deepEqual(Object.fromEntries(settingsOf(config, "a").env), { A: "1", B: "2", E: "a=b", F: "" });
});
