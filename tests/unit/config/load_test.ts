import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { problemText } from "../../../src/config/config.ts";
import { defaultSettings } from "../../../src/keys/file_keys.ts";
import { findConfig, loadConfig, readEnvFiles } from "../../../src/config/load.ts";
import { MAX_FILE_BYTES } from "../../../src/config/trusted.ts";
import type { FileFacts } from "../../../src/world/world.ts";
import { type Things, worldOf } from "./files.ts";

const EVERYWHERE = {
  "/project/kstops.yml": "",
  "/project/kstops.yaml": "",
  "/project/kstlib.conf.yml": "",
  "/config/kstops/kstops.yml": "",
  "/home/me/.config/kstops/kstops.yml": "",
  "/etc/kstops/kstops.yml": "",
};
/** A file that is not there. */
const GONE = undefined;
const ENV = { HOME: "/home/me", XDG_CONFIG_HOME: "/config", KSTOPS_CONFIG: "named.yml" };

/** `EVERYWHERE` and `ENV` without what was found before, in the order of the search. */
const ORDER: [string, Things & { explicit?: string }][] = [
  ["/opt/x.yml", { explicit: "/opt/x.yml", env: ENV }],
  ["/opt/x.yml", { explicit: "../opt/./x.yml", env: ENV }],
  ["/project/named.yml", { env: ENV }],
  ["/project/kstops.yml", { env: { ...ENV, KSTOPS_CONFIG: "" } }],
  ["/project/kstops.yaml", without("/project/kstops.yml")],
  ["/project/kstlib.conf.yml", without("/project/kstops.yml", "/project/kstops.yaml")],
  ["/config/kstops/kstops.yml", { workingDirectory: "/else", env: { XDG_CONFIG_HOME: "/config" } }],
  ["/home/me/.config/kstops/kstops.yml", { workingDirectory: "/else", env: { HOME: "/home/me" } }],
  ["/home/me/.config/kstops/kstops.yml", {
    workingDirectory: "/else",
    env: { HOME: "/home/me", XDG_CONFIG_HOME: "relative" },
  }],
  ["/etc/kstops/kstops.yml", { workingDirectory: "/else" }],
  ["/etc/kstops/kstops.yml", { workingDirectory: null }],
];

/** Directories between the root and where one is; `facts` changes some of them. */
function tree(
  facts: Readonly<Record<string, Partial<FileFacts>>> = {},
): NonNullable<Things["files"]> {
  const directories = ["/", "/home", "/home/me", "/home/me/bots", "/home/me/bots/a"];
  return {
    ...Object.fromEntries(directories.map((path) => {
      const uid = path.startsWith("/home/me") ? 1000 : 0;
      return [path, { kind: "directory", mode: 0o755, uid, ...facts[path] } as const];
    })),
    "/home/me/kstops.yml": "",
    "/home/kstops.yml": "",
    "/kstops.yaml": "",
  };
}

const IN_HOME = { workingDirectory: "/home/me/bots/a", env: { HOME: "/home/me" } };
const ABOVE: Record<string, [string | null, Things]> = {
  "of the nearest directory": ["/home/me/bots/kstlib.conf.yml", {
    ...IN_HOME,
    files: { ...tree(), "/home/me/bots/kstlib.conf.yml": "" },
  }],
  "of the home": ["/home/me/kstops.yml", { ...IN_HOME, files: tree() }],
  "of none above the home": [null, {
    ...IN_HOME,
    files: { ...tree(), "/home/me/kstops.yml": GONE },
  }],
  "of none above the home, from there": [null, {
    ...IN_HOME,
    workingDirectory: "/home/me",
    files: { ...tree(), "/home/me/kstops.yml": GONE },
  }],
  "of root, outside of the home": ["/kstops.yaml", {
    ...IN_HOME,
    env: { HOME: "/root" },
    files: { ...tree(), "/home/me/kstops.yml": GONE, "/home/kstops.yml": GONE },
  }],
  "of no directory of somebody else": [null, {
    ...IN_HOME,
    files: tree({ "/home/me/bots": { uid: 1001 } }),
  }],
  "of none above a current one of somebody else": [null, {
    ...IN_HOME,
    files: tree({ "/home/me/bots/a": { uid: 1001 } }),
  }],
  "of no directory that everybody can write": [null, {
    ...IN_HOME,
    files: tree({ "/home/me": { mode: 0o1777 } }),
  }],
  "of no other file system": [null, { ...IN_HOME, files: tree({ "/home/me": { device: 2 } }) }],
  "of who called sudo": ["/home/me/kstops.yml", {
    ...IN_HOME,
    uid: 0,
    env: { SUDO_UID: "1000" },
    files: tree(),
  }],
};

for (const [what, [expected, things]] of Object.entries(ABOVE)) {
  Deno.test(`findConfig() finds the config ${what}`, async () => {
    equal(await findConfig(worldOf(things), null), expected);
  });
}

function without(...paths: string[]): Things {
  const files = Object.entries(EVERYWHERE).filter(([path]) => !paths.includes(path));
  return { files: Object.fromEntries(files) };
}

for (const [expected, { explicit, ...things }] of ORDER) {
  Deno.test(`findConfig() finds ${expected}, given ${JSON.stringify({ explicit, ...things })}`, async () => {
    equal(await findConfig(worldOf({ files: EVERYWHERE, ...things }), explicit ?? null), expected);
  });
}

Deno.test("loadConfig() is empty when there is no config", async () => {
  const { written, ...config } = await loadConfig(worldOf({}), null);
  deepEqual(config, {
    path: null,
    realPath: null,
    files: [],
    settings: defaultSettings(),
    sessions: new Map(),
    problems: [],
    strays: [],
    secrets: [],
  });
  equal(written.directory(["ops"]), "/project");
});

Deno.test("loadConfig() is empty when even the current directory is gone", async () => {
  const config = await loadConfig(worldOf({ workingDirectory: null }), null);
  deepEqual([config.path, config.problems], [null, []]);
});

const FILE = "/project/kstops.yml";
const PASSWD = "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\nyou:x:1001:1001:::\n";
const GROUP = "root:x:0:\nme:x:1000:\nyou:x:1001:\nstaff:x:50:\n";

const TRUSTED: Record<string, Things> = {
  "my own file": { files: { [FILE]: { text: "" } } },
  "a file of root": { files: { [FILE]: { text: "", uid: 0, gid: 0 } } },
  "under sudo, a file of who called it": {
    files: { [FILE]: { text: "", uid: 1000 } },
    uid: 0,
    env: { SUDO_UID: "1000" },
  },
  "a file that my private group can write": {
    files: { [FILE]: { text: "", mode: 0o664 }, "/etc/passwd": PASSWD, "/etc/group": GROUP },
  },
  "a file that my private group can write, of which I am said to be a member": {
    files: {
      [FILE]: { text: "", mode: 0o664 },
      "/etc/passwd": PASSWD,
      "/etc/group": GROUP.replace("me:x:1000:", "me:x:1000:me"),
    },
  },
  "a file in a world without users": {
    files: { [FILE]: { text: "", uid: 5, mode: 0o666 } },
    uid: null,
  },
};

for (const [what, things] of Object.entries(TRUSTED)) {
  Deno.test(`loadConfig() reads ${what}`, async () => {
    deepEqual((await loadConfig(worldOf(things), FILE)).problems, []);
  });
}

const REFUSED: Record<string, [Things, string]> = {
  "a missing file that was asked for": [{}, "no such file"],
  "a directory": [{ files: { [FILE]: { kind: "directory" } } }, "it is a directory"],
  "a FIFO": [{ files: { [FILE]: { kind: "other" } } }, "it is not a regular file"],
  "a socket": [{ files: { [FILE]: { kind: "socket" } } }, "it is not a regular file"],
  "a huge file": [
    { files: { [FILE]: { bytes: MAX_FILE_BYTES + 1 } } },
    "it is larger than 2 MiB",
  ],
  "a file of someone else": [
    { files: { [FILE]: { uid: 1001 } } },
    "it belongs to another user (uid 1001), who could run commands as you",
  ],
  "as root, a file of someone else": [
    { files: { [FILE]: { uid: 1001 } }, uid: 0 },
    "it belongs to another user (uid 1001), who could run commands as you",
  ],
  "a file of someone else, with a SUDO_UID that means nothing": [
    { files: { [FILE]: { uid: 1001 } }, env: { SUDO_UID: "1001" } },
    "it belongs to another user (uid 1001), who could run commands as you",
  ],
  "a file that everybody can write": [
    { files: { [FILE]: { mode: 0o646 } } },
    "everybody can write it",
  ],
  "a file that a common group can write": [
    {
      files: {
        [FILE]: { mode: 0o664, gid: 50 },
        "/etc/passwd": PASSWD,
        "/etc/group": GROUP,
      },
    },
    "its group can write it, and others are in that group",
  ],
  "a file that my group can write, which has another member": [
    {
      files: {
        [FILE]: { mode: 0o664 },
        "/etc/passwd": PASSWD,
        "/etc/group": GROUP.replace("me:x:1000:", "me:x:1000:me,you"),
      },
    },
    "its group can write it, and others are in that group",
  ],
  "a file that my group can write, which is another's primary group": [
    {
      files: {
        [FILE]: { mode: 0o664 },
        "/etc/passwd": PASSWD.replace("1001:1001", "1001:1000"),
        "/etc/group": GROUP,
      },
    },
    "its group can write it, and others are in that group",
  ],
  "a file that a group can write of which nothing is known": [
    { files: { [FILE]: { mode: 0o664 } } },
    "its group can write it, and others are in that group",
  ],
};

for (const [what, [things, message]] of Object.entries(REFUSED)) {
  Deno.test(`loadConfig() refuses ${what}, as data, and does not read it`, async () => {
    const read: string[] = [];
    const config = await loadConfig(worldOf({ ...things, read }), FILE);
    deepEqual(config.problems.map(problemText), [`${FILE}: ${message}`]);
    equal(config.sessions.size, 0);
    if (things.files?.[FILE] !== undefined) ok(!read.includes(FILE));
  });

  Deno.test(`readEnvFiles() refuses ${what}`, async () => {
    await rejects(readEnvFiles(worldOf(things), [FILE]), {
      code: "config_invalid",
      message: `Cannot use the env file ${FILE}: ${message}`,
    });
  });
}

Deno.test("readEnvFiles() reads every file once", async () => {
  const read: string[] = [];
  const world = worldOf({ files: { "/a": "A=1", "/b": "B=1" }, read });
  deepEqual([...await readEnvFiles(world, ["/a", "/b", "/a"])], [["/a", "A=1"], ["/b", "B=1"]]);
  deepEqual(read, ["/a", "/b"]);
});

Deno.test("readEnvFiles() tells of every file that cannot be read", async () => {
  const world = worldOf({ files: { "/a": { text: "A=1", mode: 0o666 }, "/c": "C=1" } });
  await rejects(readEnvFiles(world, ["/a", "/b", "/c"]), {
    code: "config_invalid",
    message: "Cannot use 2 env files\n/a: everybody can write it\n/b: no such file",
  });
});
