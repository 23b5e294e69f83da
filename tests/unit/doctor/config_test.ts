import { deepEqual, equal } from "node:assert/strict";
import type { Config, Problem } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { configFindings } from "../../../src/doctor/config.ts";
import { lookAtConfig } from "../../../src/doctor/look/config.ts";
import { needsOf } from "../../../src/doctor/needs.ts";
import { type FakeFile, type FakeWorldSpec, withFakeWorld } from "../../support/fake_world.ts";
import { told } from "../../support/told.ts";

const HERE = "/project/kstops.yml";

const GOOD = "ops: { sessions: { astro: { command: sleep 1 }, web: { command: sleep 1 } } }\n";

const FOUND = `ok config.file: the config is ${HERE}`;
const SEE = "see everything that is wrong: kstops config validate";

const CASES: Record<
  string,
  { files?: Record<string, FakeFile>; named?: string; says: readonly string[] }
> = {
  "no config": {
    says: ["skipped config.file: there is no config file -> write one: kstops config init"],
  },
  "a config without mistakes": {
    files: { [HERE]: GOOD },
    says: [FOUND, "ok config.valid: 2 sessions, no mistakes"],
  },
  "a config before others": {
    files: { [HERE]: GOOD, "/project/kstops.yaml": GOOD, "/etc/kstops/kstops.yml": GOOD },
    says: [
      `${FOUND}; not read: /project/kstops.yaml, /etc/kstops/kstops.yml`,
      "ok config.valid: 2 sessions, no mistakes",
    ],
  },
  "a config that is named, whatever else there is": {
    files: { [HERE]: GOOD, "/elsewhere.yml": "ops: { sessions: { one: { command: x } } }\n" },
    named: "/elsewhere.yml",
    says: [
      "ok config.file: the config is /elsewhere.yml",
      "ok config.valid: 1 session, no mistakes",
    ],
  },
  "a config with includes": {
    files: {
      [HERE]: "include: [a.yml]\nops: { sessions: {} }\n",
      "/project/a.yml": "ops: { sessions: { one: { command: sleep 1 } } }\n",
    },
    says: [`${FOUND}, which includes 1 file`, "ok config.valid: 1 session, no mistakes"],
  },
  "one mistake": {
    files: { [HERE]: "ops:\n  sessions:\n    astro: { comand: sleep 1 }\n" },
    says: [
      FOUND,
      `failure config.valid: ${HERE}:3:14: ops.sessions.astro.comand: unknown key -> ${SEE}`,
    ],
  },
  "several mistakes": {
    files: { [HERE]: "ops:\n  sessions:\n    astro: { comand: sleep 1, imge: x }\n" },
    says: [
      FOUND,
      `failure config.valid: ${HERE}:3:14: ops.sessions.astro.comand: unknown key; the first of ` +
      `2 mistakes -> ${SEE}`,
    ],
  },
  "a warning": {
    files: { [HERE]: 'ops:\n  sessions:\n    astro: { command: "echo ${HOME}" }\n' },
    says: [
      FOUND,
      `warning config.valid: ${HERE}:3:23: ops.sessions.astro.command: ps shows the value of ` +
      "HOME to everybody on this machine -> see all of them: kstops config validate",
    ],
  },
  "a config that everybody can write": {
    files: { [HERE]: { content: GOOD, mode: 0o666 } },
    says: [
      `failure config.valid: the config cannot be used: ${HERE}: everybody can write it -> run: ` +
      `chmod go-w ${HERE}`,
    ],
  },
  "a config of another user": {
    files: { [HERE]: { content: GOOD, uid: 1001 } },
    says: [
      `failure config.valid: the config cannot be used: ${HERE}: it belongs to another user (uid ` +
      `1001), who could run commands as you -> copy it, or make it yours: chown 1000 ${HERE}`,
    ],
  },
  "a config that is named and missing": {
    named: "/no.yml",
    says: [
      "failure config.valid: the config cannot be used: /no.yml: no such file -> --config names it",
    ],
  },
};

const WORLD: FakeWorldSpec = { env: { HOME: "/home/ada" }, uid: 1000 };

for (const [what, { files = {}, named = null, says }] of Object.entries(CASES)) {
  Deno.test(`the doctor sees ${what}`, async () => {
    await withFakeWorld({ ...WORLD, files }, async (world) => {
      const config = await loadConfig(world, named);
      deepEqual(told(configFindings(await lookAtConfig(world, config))), says);
    });
  });
}

Deno.test("what a script learns of the config", async () => {
  await withFakeWorld({ ...WORLD, files: { [HERE]: GOOD } }, async (world) => {
    const config = await loadConfig(world, null);
    const [file, valid] = configFindings(await lookAtConfig(world, config));
    deepEqual(file?.details, {
      path: HERE,
      files: [HERE],
      found: [HERE],
      looked_at: [
        HERE,
        "/project/kstops.yaml",
        "/project/kstlib.conf.yml",
        "/kstops.yml",
        "/kstops.yaml",
        "/kstlib.conf.yml",
        "/home/ada/.config/kstops/kstops.yml",
        "/etc/kstops/kstops.yml",
      ],
    });
    deepEqual(valid?.details, { sessions: 2, problems: 0, warnings: 0 });
  });
});

Deno.test("every kind of problem is counted", async () => {
  await withFakeWorld({ ...WORLD, files: { [HERE]: GOOD } }, async (world) => {
    const config: Config = await loadConfig(world, null);
    const problem: Problem = {
      file: HERE,
      line: 1,
      column: 1,
      path: "ops",
      message: "odd",
      hint: null,
      excerpt: null,
    };
    const facts = { config, places: [], problems: [], warnings: [problem, problem] };
    const [, valid] = configFindings(facts);
    equal(valid?.level, "warning");
    equal(valid?.message, `${HERE}:1:1: ops: odd; the first of 2 warnings`);
  });
});

// --- which engines a config needs ----------------------------------------------------------------

const CONTAINER = "backend: container, image: x";

const NEEDS: Record<
  string,
  {
    config: string | null;
    installed: readonly ("podman" | "docker")[];
    of: readonly [tmux: string | null, podman: string | null, docker: string | null];
    runtime: string | null;
  }
> = {
  "no config at all": {
    config: null,
    installed: ["podman"],
    of: ["it is the default backend", null, null],
    runtime: null,
  },
  "containers by default": {
    config: "ops: { default_backend: container }",
    installed: ["docker"],
    of: [null, null, "it is the default backend"],
    runtime: "it is the default backend",
  },
  "containers by default, and no runtime": {
    config: "ops: { default_backend: container }",
    installed: [],
    of: [null, null, null],
    runtime: "it is the default backend",
  },
  "sessions in tmux": {
    config: "ops: { sessions: { a: { command: x }, b: { command: x } } }",
    installed: ["podman", "docker"],
    of: ["needed by a, b", null, null],
    runtime: null,
  },
  "sessions in containers": {
    config: `ops: { sessions: { a: { ${CONTAINER} } } }`,
    installed: ["podman", "docker"],
    of: [null, "needed by a", null],
    runtime: "needed by a",
  },
  "sessions in containers, where only docker is installed": {
    config: `ops: { sessions: { a: { ${CONTAINER} } } }`,
    installed: ["docker"],
    of: [null, null, "needed by a"],
    runtime: "needed by a",
  },
  "sessions that name their runtime": {
    config: `ops: { sessions: { a: { ${CONTAINER}, runtime: docker }, b: { ${CONTAINER} } } }`,
    installed: ["podman"],
    of: [null, "needed by b", "needed by a"],
    runtime: "needed by a, b",
  },
  "a runtime for all": {
    config: `ops: { container_runtime: docker, sessions: { a: { ${CONTAINER} } } }`,
    installed: ["podman"],
    of: [null, null, "needed by a"],
    runtime: "needed by a",
  },
  "many sessions": {
    config: `ops: { sessions: { ${
      ["a", "b", "c", "d", "e", "f", "g"].map((name) => `${name}: { command: x }`).join(", ")
    } } }`,
    installed: [],
    of: ["needed by a, b, c, d, e and 2 more", null, null],
    runtime: null,
  },
};

for (const [what, { config: text, installed, of, runtime }] of Object.entries(NEEDS)) {
  Deno.test(`needsOf() knows the engines of ${what}`, async () => {
    const files: Record<string, string> = text === null ? {} : { [HERE]: `${text}\n` };
    await withFakeWorld({ ...WORLD, files }, async (world) => {
      const config = await loadConfig(world, null);
      deepEqual(config.problems, []);
      const inTmux = needsOf(config, { backend: "tmux", installed: ["tmux"] });
      const needs = needsOf(config, { backend: "container", installed });
      const engines = [inTmux.of.tmux, needs.of.podman, needs.of.docker];
      deepEqual(engines.map((words) => words ?? null), of);
      equal(needs.any, runtime);
    });
  });
}

Deno.test("needsOf() knows the sockets that sessions are on", async () => {
  const text = "ops: { sessions: { a: { command: x }, b: { command: x, socket_name: bots } } }\n";
  await withFakeWorld({ ...WORLD, files: { [HERE]: text } }, async (world) => {
    const needs = needsOf(await loadConfig(world, null), { backend: "tmux", installed: [] });
    deepEqual(needs.scopes, ["default", "bots"]);
  });
});
