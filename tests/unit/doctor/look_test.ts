/** What the doctor looks at, and how: in a world that fails on anything else. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { listContainers } from "../../../src/backends/container/args.ts";
import { paneFormat } from "../../../src/backends/tmux/args.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { examine } from "../../../src/doctor/doctor.ts";
import { lookAtContainers } from "../../../src/backends/container/doctor.ts";
import { lookAtLogout } from "../../../src/doctor/look/logout.ts";
import { lookAtState } from "../../../src/doctor/look/state.ts";
import { lookAtTerminal } from "../../../src/doctor/look/terminal.ts";
import { lookAtTmux } from "../../../src/backends/tmux/doctor.ts";
import { ExecTimeoutError, ProgramMissingError } from "../../../src/world/world.ts";
import {
  type ExpectedCall,
  type FakeFile,
  type FakeWorldSpec,
  withFakeWorld,
} from "../../support/fake_world.ts";
import { expandFormat } from "../../support/tmux_format.ts";
import { LOOK_CALLS } from "../../../src/backends/tmux/look.ts";
import { formatLook } from "../../support/look.ts";
import { told } from "../../support/told.ts";
import { DIAL, dialled, PODMAN, podmanListAnswer } from "../backends/container/containers.ts";

const PROGRAM: FakeFile = { mode: 0o755 };
const ENV = { PATH: "/usr/bin", HOME: "/home/ada", LANG: "C.UTF-8" };

const DF: readonly ExpectedCall[] = ["-Pk", "-Pi"].map((flags) => ({
  argv: ["df", flags, "/home/ada"],
  stdout: "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 1000 1 900 1% /\n",
}));

/** The answer to the question that `list` has, too, about every session of a socket. */
function listPanes(socketName: string, answer: Partial<ExpectedCall>): ExpectedCall {
  return {
    argv: ["/usr/bin/tmux", "-u", "-L", socketName, "list-panes", "-a", "-F", /session_id/],
    ...answer,
  };
}

/** Rows of an answer to any nonce: the `call`th question of a test has it. */
function row(call: number, fields: Readonly<Record<string, string>>): string {
  const known = {
    ...{ version: "3.3a", pid: "42", session_created: "1700000000", session_attached: "0" },
    ...{ session_windows: "1", pane_id: "%1", pane_pid: "100", pane_dead: "0" },
  };
  const format = paneFormat(call.toString(16).padStart(12, "0"));
  return `${expandFormat(format, { ...known, ...fields })}\n`;
}

Deno.test("everything is looked at, and nothing is left behind", async () => {
  const spec: FakeWorldSpec = {
    anyOrder: true,
    env: ENV,
    files: { "/usr/bin/tmux": PROGRAM, "/home/ada/.keep": "" },
    calls: [
      { argv: ["/usr/bin/tmux", "-V"], stdout: "tmux 3.4\n", tookMs: 3 },
      { argv: ["id", "-un"], stdout: "ada\n" },
      { argv: LOOK_CALLS[0] ?? [], stdout: formatLook([{ pid: 7 }]) },
      ...DF,
    ],
  };
  await withFakeWorld(spec, async (world) => {
    const before = await world.files.list("/home/ada");
    const findings = await examine(world, await loadConfig(world, null));
    deepEqual(told(findings).filter((line) => line.startsWith("failure")), [
      "failure state.disk: 900 KiB of 1000 KiB are free on / -> make room there: output and " +
      "operations cannot be kept on a full disk",
    ]);
    deepEqual(findings.map(({ check }) => check), [
      ...["tmux.version", "tmux.server", "containers.runtime", "logout.tmux", "processes.seen"],
      ...[
        "terminal.term",
        "terminal.locale",
        "config.file",
        "state.directory",
        "state.disk",
        "state.inodes",
      ],
    ]);
    deepEqual(await world.files.list("/home/ada"), before);
  });
});

const TMUX_OF_ADA: FakeWorldSpec = {
  anyOrder: true,
  env: ENV,
  files: {
    "/usr/bin/tmux": PROGRAM,
    "/tmp/tmux-1000": { kind: "directory", mode: 0o700, uid: 1000 },
  },
};

Deno.test("servers that answer, hang and are gone are told apart, and none is started", async () => {
  const sockets = ["empty", "ended", "hangs", "runs"].map((name) => [`/tmp/tmux-1000/${name}`, {
    kind: "socket",
  }]);
  await withFakeWorld({
    ...TMUX_OF_ADA,
    files: { ...TMUX_OF_ADA.files, ...Object.fromEntries(sockets) },
    calls: [
      { argv: ["/usr/bin/tmux", "-V"], stdout: "tmux 3.3a\n" },
      listPanes("empty", {}),
      listPanes("ended", { code: 1, stderr: "no server running on /tmp/tmux-1000/ended\n" }),
      listPanes("hangs", { fails: new ExecTimeoutError("tmux", 3000), tookMs: 3000 }),
      listPanes("runs", {
        stdout: row(4, { session_id: "$0", session_name: "a" }) +
          row(4, { session_id: "$1", session_name: "b" }) + "a hook prints\n" +
          row(4, { session_id: "$2", session_name: "odd", pane_pid: "" }),
      }),
    ],
  }, async (world) => {
    const { servers, directoryTrouble } = await lookAtTmux(world, "tmux");
    equal(directoryTrouble, null);
    const [runs, ...others] = servers.toReversed();
    deepEqual(
      others.toReversed().map(({ socketName, answer }) => [
        socketName,
        answer.kind === "failed" ? answer.reason : answer.value,
      ]),
      [
        ["empty", { version: null, pid: null, sessions: 0, unreadable: [] }],
        ["ended", null],
        ["hangs", "it did not answer within 3 s"],
      ],
    );
    ok(runs?.answer.kind === "answered" && runs.answer.value !== null);
    const { unreadable, ...server } = runs.answer.value;
    deepEqual(server, { version: "3.3a", pid: 42, sessions: 3 });
    deepEqual(unreadable.map(({ name }) => name), ["odd"]);
  });
});

const DIRECTORIES: Record<string, { directory: FakeFile; reason: string }> = {
  "is none": { directory: { kind: "file", uid: 1000 }, reason: "it is not a directory" },
  "is somebody else's": {
    directory: { kind: "directory", mode: 0o700, uid: 7 },
    reason: "it belongs to another user (uid 7)",
  },
  "others may use": {
    directory: { kind: "directory", mode: 0o701, uid: 1000 },
    reason: "others may use it",
  },
};
for (const [what, { directory, reason }] of Object.entries(DIRECTORIES)) {
  Deno.test(`a socket directory that ${what} is one that tmux does not use`, async () => {
    await withFakeWorld({
      env: ENV,
      files: { "/usr/bin/tmux": PROGRAM, "/tmp/tmux-1000": directory },
      calls: [{ argv: ["/usr/bin/tmux", "-V"], stdout: "tmux 3.3a\n" }],
    }, async (world) => {
      equal((await lookAtTmux(world, "tmux")).directoryTrouble?.reason, reason);
    });
  });
}

const PODMAN_LIST = listContainers(PODMAN);
const DOCKER_VERSION = ["docker", "version", "--format", "{{.Server.Version}}"];
const NO_DAEMON =
  "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n";

/** What a daemon answers when it is asked of itself, and for its list, and what is made of it. */
const DAEMONS: Record<
  string,
  { readonly calls: readonly ExpectedCall[]; readonly is: unknown }
> = {
  "that tells both": {
    calls: [{ argv: DOCKER_VERSION, stdout: "28.2.2\n" }, dialled()],
    is: { version: "28.2.2", rootless: null, trials: [] },
  },
  "that tells its list, and not its version": {
    calls: [{ argv: DOCKER_VERSION, stdout: "what?\n" }, dialled()],
    is: { version: null, rootless: null },
  },
  "that tells its version, and not its list": {
    calls: [
      { argv: DOCKER_VERSION, stdout: "28.2.2\n" },
      { argv: DIAL, stdin: /GET/, code: 1, stderr: "access denied by a plugin\n" },
    ],
    is: "access denied by a plugin",
  },
};
for (const [what, { calls, is }] of Object.entries(DAEMONS)) {
  Deno.test(`a daemon ${what} is reached as list reaches it`, async () => {
    await withFakeWorld({
      anyOrder: true,
      env: ENV,
      files: { "/usr/bin/docker": PROGRAM },
      calls: [
        { argv: ["docker", "--version"], stdout: "Docker version 28.2.2, build e\n" },
        ...calls,
      ],
    }, async (world) => {
      const { clients } = await lookAtContainers(world, Promise.resolve("ada"));
      const reached = clients.flatMap(({ seen }) => seen?.reached ?? []);
      deepEqual(reached.map((each) => each.kind === "failed" ? each.reason : each.value), [is]);
    });
  });
}

Deno.test("both runtimes are asked, and rootless podman is looked at closer", async () => {
  const format = "{{.Version.Version}} {{.Host.Security.Rootless}}";
  await withFakeWorld({
    anyOrder: true,
    env: { ...ENV, XDG_RUNTIME_DIR: "/run/user/1000" },
    files: {
      "/usr/bin/podman": PROGRAM,
      "/usr/bin/docker": { mode: 0o755, content: new Uint8Array(20_000) },
      "/etc/subuid": "ada:100000:65536\n",
      "/run/user/1000": { kind: "directory", uid: 1000 },
    },
    calls: [
      { argv: ["podman", "--version"], stdout: "podman version 4.9.3\n" },
      { argv: ["podman", "info", "--format", format], stdout: "4.9.3 true\n", tookMs: 40 },
      { argv: ["docker", "--version"], stdout: "Docker version 28.2.2, build e6534b4\n" },
      { argv: PODMAN_LIST, stdout: podmanListAnswer() },
      { argv: DOCKER_VERSION, code: 1, stdout: "\n", stderr: NO_DAEMON },
      { argv: DIAL, stdin: /GET/, code: 1, stderr: NO_DAEMON },
    ],
  }, async (world) => {
    const { clients, rootless } = await lookAtContainers(world, Promise.resolve("ada"));
    const [podman, docker] = clients.map(({ seen }) => seen);
    equal(podman?.version.kind === "answered" && podman.version.value, "4.9.3");
    deepEqual(podman?.reached?.kind === "answered" && podman.reached.value, {
      version: "4.9.3",
      rootless: true,
      logs: [],
      trials: [],
    });
    equal(docker?.version.kind === "answered" && docker.version.value, "28.2.2");
    equal(docker?.reached?.kind, "failed");
    deepEqual(rootless, {
      user: "ada",
      uid: 1000,
      subordinate: { users: 65536, groups: 0 },
      runtimeDirectory: "/run/user/1000",
      runtimeDirectoryTrouble: null,
    });
  });
});

Deno.test("logind, lingering and groups are asked where systemd runs", async () => {
  await withFakeWorld({
    anyOrder: true,
    files: {
      "/run/systemd/system": { kind: "directory" },
      "/var/lib/systemd/linger/ada": "",
      "/run/user/1000/systemd/private": { kind: "socket" },
    },
    calls: [
      { argv: ["busctl", ...Array<RegExp>(7).fill(/./)], stdout: "b true\nas 0\nas 0\n" },
      { argv: ["cat", "/proc/self/cgroup"], stdout: "0::/user.slice/session-1.scope\n" },
      { argv: ["cat", "/proc/42/cgroup"], code: 1, stderr: "cat: No such file or directory\n" },
    ],
  }, async (world) => {
    const servers = [{ socketName: "bots", pid: 42 }];
    const seen = await lookAtLogout(world, { user: "ada", servers, rootlessPodman: false });
    deepEqual(seen && { ...seen, kills: seen.kills.kind === "answered" && seen.kills.value }, {
      user: "ada",
      linger: true,
      kills: true,
      servers: [{ socketName: "bots", cgroup: null }],
      here: "/user.slice/session-1.scope",
      scoped: true,
      rootlessPodman: false,
    });
  });
});

Deno.test("without systemd nobody is asked about a logout", async () => {
  await withFakeWorld({}, async (world) => {
    const none = { user: "ada", servers: [], rootlessPodman: false };
    equal(await lookAtLogout(world, none), null);
  });
});

const TERMINALS: Record<string, { files: Record<string, FakeFile>; env?: Record<string, string> }> =
  {
    "by the system": { files: { "/lib/terminfo/v/vt100": "x" } },
    "by the number of its letter": { files: { "/usr/share/terminfo/76/vt100": "x" } },
    "by the user": { files: { "/home/ada/.terminfo/v/vt100": "x" } },
    "where a variable says": { files: { "/opt/v/vt100": "x" }, env: { TERMINFO_DIRS: ":/opt" } },
  };
for (const [how, { files, env = {} }] of Object.entries(TERMINALS)) {
  Deno.test(`a terminal is known that is described ${how}`, async () => {
    await withFakeWorld({ files, env: { ...ENV, ...env, TERM: "vt100" } }, async (world) => {
      equal((await lookAtTerminal(world)).isKnown, true);
    });
  });
}

Deno.test("a terminal that has no file is asked for, and one that is a path is not", async () => {
  const infocmp = { argv: ["infocmp", "vt100"] };
  const missing = { ...infocmp, fails: new ProgramMissingError("infocmp", "missing") };
  for (const [call, isKnown] of [[infocmp, true], [missing, false]] as const) {
    await withFakeWorld({ env: { ...ENV, TERM: "vt100" }, calls: [call] }, async (world) => {
      equal((await lookAtTerminal(world)).isKnown, isKnown);
    });
  }
  await withFakeWorld({ env: { ...ENV, TERM: "../x" } }, async (world) => {
    equal((await lookAtTerminal(world)).isKnown, false);
  });
});

Deno.test("a state directory that may not be written is told from one that can be made", async () => {
  const files: Record<string, FakeFile> = { "/home/ada": { kind: "directory", denied: true } };
  await withFakeWorld({ anyOrder: true, env: ENV, files, calls: DF }, async (world) => {
    deepEqual((await lookAtState(world))?.write, {
      directory: "/home/ada",
      trouble: "permission denied",
    });
  });
});

Deno.test("without HOME there is no state directory to look at", async () => {
  await withFakeWorld({ env: { PATH: "/usr/bin" } }, async (world) => {
    equal(await lookAtState(world), null);
  });
});
