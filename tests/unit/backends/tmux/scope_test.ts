import { deepEqual, equal } from "node:assert/strict";
import {
  scopeArgv,
  scopeOf,
  startDirectly,
  wantsScope,
} from "../../../../src/backends/tmux/scope.ts";
import { logStore } from "../../../../src/logs/store.ts";
import { type ExpectedCall, type FakeFile, withFakeWorld } from "../../../support/fake_world.ts";

const SYSTEMD = { "/run/systemd/system": { kind: "directory" } } as const;
const LINGERS = { "/var/lib/systemd/linger/ada": "" };
const MANAGER = { "/run/user/1000/systemd/private": { kind: "socket" } } as const;

const ID: ExpectedCall = { argv: ["id", "-un"], stdout: "ada\n" };
const group = (name: string): ExpectedCall => ({
  argv: ["cat", "/proc/self/cgroup"],
  stdout: `0::/user.slice/user-1000.slice/${name}\n`,
});
const PING: ExpectedCall = {
  argv: ["tmux", "-u", "-L", "bots", "display-message", "-p", ""],
  code: 1,
  stderr: "no server running on /tmp/tmux-1000/bots\n",
};
const VERSION: ExpectedCall = {
  argv: ["systemd-run", "--version"],
  stdout: "systemd 252 (252.36)\n",
};

interface Case {
  readonly files?: Readonly<Record<string, FakeFile>>;
  readonly calls?: readonly ExpectedCall[];
  readonly env?: Readonly<Record<string, string>>;
  readonly operatingSystem?: string;
  readonly scope: readonly string[];
}

const ALL = { ...SYSTEMD, ...LINGERS, ...MANAGER };

const CASES: Readonly<Record<string, Case>> = {
  "directly where no systemd runs": { scope: [] },
  "directly on another system": { files: ALL, operatingSystem: "darwin", scope: [] },
  "directly where the user does not linger": {
    files: { ...SYSTEMD, ...MANAGER },
    calls: [ID, group("session-1.scope")],
    scope: [],
  },
  "directly outside of a login": { files: ALL, calls: [ID, group("cron.service")], scope: [] },
  "directly without a manager of the user": {
    files: { ...SYSTEMD, ...LINGERS },
    calls: [ID, group("session-1.scope")],
    scope: [],
  },
  "directly to a server that runs": {
    files: ALL,
    calls: [ID, group("session-1.scope"), { ...PING, code: 0, stderr: "" }],
    scope: [],
  },
  "directly where systemd-run does not work": {
    files: ALL,
    calls: [ID, group("session-1.scope"), PING, { ...VERSION, code: 1 }],
    scope: [],
  },
  "in a scope of its own from the login of a user who lingers": {
    files: ALL,
    env: { XDG_RUNTIME_DIR: "/run/user/1000" },
    calls: [ID, group("session-1.scope"), PING, VERSION],
    scope: scopeArgv("bots", 252),
  },
  "in a scope from a login that does not know the directory of its manager": {
    files: ALL,
    calls: [ID, group("session-1.scope"), PING, VERSION],
    scope: ["env", "XDG_RUNTIME_DIR=/run/user/1000", ...scopeArgv("bots", 252)],
  },
  "in a scope from the unit for the boot": {
    files: ALL,
    env: { XDG_RUNTIME_DIR: "/run/user/1000" },
    calls: [ID, group("user@1000.service/app.slice/kstops.service"), PING, VERSION],
    scope: scopeArgv("bots", 252),
  },
};

for (const [how, { scope, ...spec }] of Object.entries(CASES)) {
  Deno.test(`a tmux server is started ${how}`, async () => {
    await withFakeWorld({ anyOrder: true, ...spec }, async (world) => {
      const context = { world, binary: "tmux", logs: logStore(world, () => {}) };
      deepEqual(await scopeOf(context, "bots"), scope);
      // It is found out once.
      deepEqual(await scopeOf(context, "bots"), scope);
      startDirectly(context, "bots");
      deepEqual(await scopeOf(context, "bots"), []);
    });
  });
}

Deno.test("a scope is ordered before the unit that stops sessions, and survives the OOM killer", () => {
  equal(scopeArgv("bots", 252).join(" ").includes("-p Before=kstops.service"), true);
  equal(scopeArgv("bots", 252).includes("OOMPolicy=continue"), false);
  equal(scopeArgv("bots", 257).includes("OOMPolicy=continue"), true);
});

Deno.test("nobody is asked for a scope where no systemd runs", async () => {
  await withFakeWorld({}, async (world) => equal(await wantsScope(world), false));
});
