import { deepEqual, equal } from "node:assert/strict";
import { spaceIn, type StateFacts, stateFindings } from "../../../src/doctor/state.ts";
import type { FileFacts } from "../../../src/world/world.ts";
import { told } from "../../support/told.ts";

type Known = NonNullable<StateFacts>;

const PATH = "/home/ada/.local/state/kstops";
const DB = `${PATH}/operations.db`;
const GIB = 1024 * 1024;

const DIRECTORY: FileFacts = {
  kind: "directory",
  mode: 0o700,
  uid: 1000,
  gid: 1000,
  device: 1,
  bytes: 4096,
  modifiedAt: new Date(0),
};

const space = (free: number, total: number): Known["space"] => ({
  kind: "answered",
  value: { free, total, mountPoint: "/home" },
  milliseconds: 1,
});

const FACTS: Known = {
  path: PATH,
  realPath: PATH,
  facts: DIRECTORY,
  uid: 1000,
  write: { directory: PATH, trouble: null },
  database: null,
  logs: null,
  space: space(50 * GIB, 100 * GIB),
  inodes: space(900, 1000),
};

const DATABASE: NonNullable<Known["database"]> = {
  path: DB,
  bytes: 40_960,
  trouble: null,
  isChecked: true,
  abandoned: [],
};

const FINE = `ok state.directory: ${PATH} can be written, by you alone`;
const ROOM = [
  "ok state.disk: 50 GiB of 100 GiB are free on /home",
  "ok state.inodes: 900 of 1000 inodes are free on /home",
];

const CASES: Record<string, { facts: Partial<Known> | null; says: readonly string[] }> = {
  "no place for a state directory": {
    facts: null,
    says: [
      "failure state.directory: neither KSTOPS_STATE_DIR nor HOME is set: no output and no " +
      "operation can be kept -> set HOME, or KSTOPS_STATE_DIR to a directory of your own",
    ],
  },
  "a state directory that can be written": { facts: {}, says: [FINE, ...ROOM] },
  "a state directory that a link leads to": {
    facts: { realPath: "/data/kstops" },
    says: [
      `ok state.directory: ${PATH}, which is /data/kstops can be written, by you alone`,
      ...ROOM,
    ],
  },
  "a state directory that can be made": {
    facts: { facts: null, realPath: null, write: { directory: "/home/ada", trouble: null } },
    says: [`ok state.directory: ${PATH} is not there yet, and can be made`, ...ROOM],
  },
  "a state directory that cannot be made": {
    facts: {
      facts: null,
      realPath: null,
      write: { directory: "/home/ada", trouble: "permission denied" },
    },
    says: [
      `failure state.directory: ${PATH} cannot be made: permission denied -> set ` +
      "KSTOPS_STATE_DIR to a directory of your own, or make /home/ada one that you can write",
      ...ROOM,
    ],
  },
  "a state directory that cannot be written": {
    facts: { write: { directory: PATH, trouble: "Read-only file system" } },
    says: [
      `failure state.directory: ${PATH} cannot be written: Read-only file system -> set ` +
      `KSTOPS_STATE_DIR to a directory of your own, or make ${PATH} one that you can write`,
      ...ROOM,
    ],
  },
  "a file in its place": {
    facts: {
      facts: { ...DIRECTORY, kind: "file" },
      write: { directory: PATH, trouble: "a part of the path is not a directory" },
    },
    says: [
      `failure state.directory: ${PATH} is not a directory: no output and no operation can be kept ` +
      `-> run: mv ${PATH} ${PATH}.old`,
      ...ROOM,
    ],
  },
  "a state directory of another user": {
    facts: { facts: { ...DIRECTORY, uid: 0 } },
    says: [
      `warning state.directory: ${PATH} belongs to another user (uid 0), who can read what is ` +
      `kept -> run: sudo chown -R 1000 ${PATH}`,
      ...ROOM,
    ],
  },
  "a state directory that others can read": {
    facts: { facts: { ...DIRECTORY, mode: 0o755 } },
    says: [
      `warning state.directory: ${PATH} is open to others (mode 0755) -> run: chmod 700 ${PATH}`,
      ...ROOM,
    ],
  },
  "a state directory that everybody can write": {
    facts: { facts: { ...DIRECTORY, mode: 0o777 } },
    says: [
      `failure state.directory: ${PATH} is open to others (mode 0777): operations are not ` +
      `recorded in it -> run: chmod 700 ${PATH}`,
      ...ROOM,
    ],
  },
  "a sound database, and logs": {
    facts: {
      database: DATABASE,
      logs: { kind: "answered", value: { bytes: 3_500_000, sessions: 4 }, milliseconds: 2 },
    },
    says: [
      FINE,
      `ok state.operations: ${DB} is sound (40 KiB)`,
      "ok state.logs: the output of 4 sessions takes 3.3 MiB",
      ...ROOM,
    ],
  },
  "a database that is too large to be looked through": {
    facts: { database: { ...DATABASE, bytes: 200 * GIB, isChecked: false } },
    says: [FINE, `ok state.operations: ${DB} can be read (200 MiB)`, ...ROOM],
  },
  "a damaged database": {
    facts: {
      database: { ...DATABASE, trouble: { kind: "corrupt", reason: "file is not a database" } },
    },
    says: [
      FINE,
      `warning state.operations: ${DB} is damaged: file is not a database -> nothing, unless ` +
      "you need its history: the next change moves it aside and begins a new one",
      ...ROOM,
    ],
  },
  "a database that cannot be used": {
    facts: {
      database: { ...DATABASE, trouble: { kind: "other", reason: "it is a symbolic link" } },
    },
    says: [
      FINE,
      `failure state.operations: ${DB} cannot be used, so that no operation is recorded: it is a ` +
      `symbolic link -> move it away: mv ${DB} ${DB}.old`,
      ...ROOM,
    ],
  },
  "an abandoned operation": {
    facts: { database: { ...DATABASE, abandoned: ["1b4e28ba"] } },
    says: [
      FINE,
      `ok state.operations: ${DB} is sound (40 KiB)`,
      "warning state.abandoned: 1 operation was abandoned by a kstops that is gone: 1b4e28ba -> " +
      "see how far it came: kstops operations show 1b4e28ba; the next change ends it",
      ...ROOM,
    ],
  },
  "logs that take too long to be counted": {
    facts: {
      logs: { kind: "failed", reason: "it did not answer within 5 s", milliseconds: 5000 },
    },
    says: [
      FINE,
      "skipped state.logs: the amount of kept output is unknown: it did not answer within 5 s",
      ...ROOM,
    ],
  },
};

for (const [what, { facts, says }] of Object.entries(CASES)) {
  Deno.test(`the doctor sees ${what}`, () => {
    deepEqual(told(stateFindings(facts === null ? null : { ...FACTS, ...facts })), says);
  });
}

/** Free and all KiB of a disk. */
const DISKS: readonly (readonly [free: number, total: number, level: string])[] = [
  [0, 100 * GIB, "failure"],
  [10 * 1024 - 1, 100 * GIB, "failure"],
  [10 * 1024, 100 * GIB, "warning"],
  [100 * 1024 - 1, 200 * 1024, "warning"],
  [100 * 1024, 200 * 1024, "ok"],
  [4 * GIB, 100 * GIB, "warning"],
  [5 * GIB, 100 * GIB, "ok"],
  [5 * GIB, 1000 * GIB, "ok"],
  [5 * GIB - 1, 1000 * GIB, "warning"],
];
for (const [free, total, level] of DISKS) {
  Deno.test(`${free} of ${total} KiB free is ${level}`, () => {
    const finding = stateFindings({ ...FACTS, space: space(free, total) })
      .find(({ check }) => check === "state.disk");
    equal(finding?.level, level);
    equal(finding?.fix === null, level === "ok");
  });
}

const INODES: readonly (readonly [free: number, level: string])[] = [
  [0, "failure"],
  [99, "failure"],
  [100, "warning"],
  [4999, "warning"],
  [5000, "ok"],
];
for (const [free, level] of INODES) {
  Deno.test(`${free} of 100000 inodes free is ${level}`, () => {
    const finding = stateFindings({ ...FACTS, inodes: space(free, 100_000) })
      .find(({ check }) => check === "state.inodes");
    equal(finding?.level, level);
  });
}

Deno.test("what df does not tell is no failure", () => {
  const failed = { kind: "failed", reason: "df: not found", milliseconds: 1 } as const;
  const none = { kind: "answered", value: null, milliseconds: 1 } as const;
  deepEqual(told(stateFindings({ ...FACTS, space: failed, inodes: none })).slice(1), [
    "skipped state.disk: the free space of the disk is unknown: df: not found",
    "skipped state.inodes: the number of free inodes is unknown: its file system does not count " +
    "them",
  ]);
});

const DF: Record<string, [text: string, ReturnType<typeof spaceIn>]> = {
  "a disk": [
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n" +
    "/dev/vda 264212084 32124068 74266844 31% /\n",
    { total: 264212084, free: 74266844, mountPoint: "/" },
  ],
  "names with blanks": [
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n" +
    "//nas/my share 1000 400 600 40% /mnt/my share\n",
    { total: 1000, free: 600, mountPoint: "/mnt/my share" },
  ],
  "more used than there is, as of reserved blocks": [
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 120 -20 120% /\n",
    { total: 100, free: 0, mountPoint: "/" },
  ],
  "a file system that does not count inodes": [
    "Filesystem Inodes IUsed IFree IUse% Mounted on\nbtrfs 0 0 0 - /\n",
    null,
  ],
  "nothing": ["", null],
  "garbage": ["<html>\n", null],
};
for (const [what, [text, space]] of Object.entries(DF)) {
  Deno.test(`spaceIn() reads ${what}`, () => deepEqual(spaceIn(text), space));
}
