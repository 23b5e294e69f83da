import { deepEqual, equal, ok } from "node:assert/strict";
import {
  belongings,
  findTagged,
  isInteractiveShell,
  parseProcesses,
  parseTagged,
  type Process,
  type ProcessTable,
  type Roots,
} from "../../../../src/backends/tmux/processes.ts";

/** A process that began with the machine, without a terminal, in its own session and group. */
function process(pid: number, facts: Partial<Process> = {}): Process {
  return {
    pid,
    ppid: 1,
    group: pid,
    session: pid,
    foreground: -1,
    zombie: false,
    began: "Fri Jan  2 03:04:05 2026",
    args: "sleep 60",
    ...facts,
  };
}

const tableOf = (...all: readonly Process[]): ProcessTable =>
  new Map(all.map((each) => [each.pid, each]));

/** That many processes, each the child of the one before, the last one first; counts the looks at them. */
function chainOf(length: number): { readonly table: ProcessTable; readonly looks: () => number } {
  let looks = 0;
  const all = Array.from({ length }, (_, index) => ({
    ...process(length - index + 1, { session: 1 }),
    get ppid() {
      looks++;
      return length - index;
    },
  }));
  return { table: tableOf(...all), looks: () => looks };
}

Deno.test("a long chain of children takes a look or two at each of them", () => {
  for (const length of [100, 10_000]) {
    const { table, looks } = chainOf(length);
    const roots = { panes: [2], tagged: [length], known: [], self: 9_999_999 };
    equal(belongings(table, roots).length, length);
    ok(looks() <= 3 * length, `${looks()} looks`);
  }
});

/** The pids that belong to the session, of these processes. */
function pidsOf(all: readonly Process[], roots: Partial<Roots>): number[] {
  const found = belongings(tableOf(...all), {
    panes: [],
    tagged: [],
    known: [],
    self: 9999,
    ...roots,
  });
  return found.map(({ pid }) => pid).sort((a, b) => a - b);
}

Deno.test("a process is told whatever its arguments have", () => {
  const args = "python\u2028-c\r\u2029x";
  const table = parseProcesses(`  7 1 7 7 -1 S Sat Nov 21 02:46:13 2026 ${args}\n`);
  equal(table.get(7)?.args, args);
});

Deno.test("a number that no process can have is no process", () => {
  const stdout = `${"9".repeat(400)} 1 7 7 -1 S Sat Nov 21 02:46:13 2026 x\n`;
  equal(parseProcesses(stdout).size, 0);
});

Deno.test("ps is read line by line", () => {
  const stdout = [
    "      1       0       1       1      -1 Ss   Sat Nov 21 01:46:13 2026 /sbin/init splash",
    "  27306     300   27306     300   27306 R+   Sat Nov 21 02:46:13 2026 python -m bot --x 1 2 3",
    "     42       1      42      42      -1 Zs   Sat Nov 21 02:46:13 2026 [sh] <defunct>",
    "     43       1      43      43      -1 S    Sat Nov 21 02:46:13 2026 ",
    "a line of its own",
    "",
  ].join("\n");
  const table = parseProcesses(stdout);
  deepEqual([...table.keys()], [1, 27306, 42, 43]);
  deepEqual(table.get(27306), {
    pid: 27306,
    ppid: 300,
    group: 27306,
    session: 300,
    foreground: 27306,
    zombie: false,
    began: "Sat Nov 21 02:46:13 2026",
    args: "python -m bot --x 1 2 3",
  });
  deepEqual([table.get(1)?.foreground, table.get(42)?.zombie, table.get(43)?.args], [-1, true, ""]);
});

Deno.test("what has the mark in its environment is asked for, and read, by pid", () => {
  deepEqual(findTagged("KSTOPS_ID=0f", [1, 22]).slice(-3), [
    "--",
    "/proc/1/environ",
    "/proc/22/environ",
  ]);
  equal(findTagged("KSTOPS_ID=0f", [])[0], "grep");
  deepEqual(parseTagged("/proc/22/environ\n/proc/7/environ\n"), [22, 7]);
  deepEqual(parseTagged(""), []);
});

const PANE = process(100, { ppid: 50, foreground: 100, args: "/bin/sh -c ..." });

/** Each with the pids that belong, where pane 100 is the root and the rest is as told. */
const CROWDS: Record<string, {
  readonly all: readonly Process[];
  readonly roots?: Partial<Roots>;
  readonly are: readonly number[];
}> = {
  "the pane's own process": { all: [PANE, process(200)], are: [100] },
  "children and grandchildren": {
    all: [PANE, process(102, { ppid: 101 }), process(101, { ppid: 100 }), process(200)],
    are: [100, 101, 102],
  },
  "orphans in the pane's process session": {
    all: [PANE, process(101, { session: 100 })],
    are: [100, 101],
  },
  "what is below such orphans": {
    all: [PANE, process(101, { session: 100 }), process(102, { ppid: 101 })],
    are: [100, 101, 102],
  },
  "children in process sessions of their own": {
    all: [PANE, process(101, { ppid: 100, session: 101 })],
    are: [100, 101],
  },
  "daemons with the mark, and what is below them": {
    all: [PANE, process(300), process(301, { ppid: 300 })],
    roots: { tagged: [300] },
    are: [100, 300, 301],
  },
  "marked ones after the pane is gone": {
    all: [process(300), process(200)],
    roots: { tagged: [300] },
    are: [300],
  },
  "orphans that were seen before": {
    all: [PANE, process(300)],
    roots: { known: [process(300)] },
    are: [100, 300],
  },
  "not a later process of the same pid": {
    all: [PANE, process(300, { began: "Fri Jan  2 03:04:06 2026" })],
    roots: { known: [process(300)] },
    are: [100],
  },
  "not one that was seen and is gone": {
    all: [PANE],
    roots: { known: [process(300)], tagged: [301] },
    are: [100],
  },
  "no zombies": {
    all: [PANE, process(101, { ppid: 100, zombie: true }), process(102, { ppid: 101 })],
    are: [100, 102],
  },
  "neither the one that asks nor its children": {
    all: [
      PANE,
      process(101, { ppid: 100, args: "kstops stop astro" }),
      process(102, { ppid: 101, args: "ps" }),
      process(103, { ppid: 100 }),
    ],
    roots: { self: 101, tagged: [101, 102] },
    are: [100, 103],
  },
  "no tmux server that was started inside, and nothing in it": {
    all: [
      PANE,
      process(300, { args: "tmux -L inner new-session -d" }),
      process(301, { ppid: 300 }),
      process(302, { ppid: 301 }),
    ],
    roots: { tagged: [300, 301, 302] },
    are: [100],
  },
  "no tmux server of another path or title": {
    all: [
      PANE,
      process(300, { args: "/opt/bin/tmux new" }),
      process(301, { args: "tmux: server" }),
    ],
    roots: { tagged: [300, 301] },
    are: [100],
  },
  "a tmux client, which serves nobody": {
    all: [PANE, process(101, { ppid: 100, session: 100, args: "tmux attach" })],
    are: [100, 101],
  },
  "a program that is only called like tmux": {
    all: [PANE, process(101, { ppid: 100, session: 101, args: "tmuxinator start" })],
    are: [100, 101],
  },
  "no container that was started inside": {
    all: [
      PANE,
      process(300, { args: "/usr/bin/conmon --api-version 1 -c 0f" }),
      process(301, { ppid: 300, args: "nginx" }),
      process(310, { args: "/usr/bin/containerd-shim-runc-v2 -namespace moby" }),
      process(311, { ppid: 310 }),
    ],
    roots: { tagged: [300, 301, 310, 311] },
    are: [100],
  },
  "the pane itself while it is still a copy of its server": {
    all: [process(100, { args: "tmux -u -L default start-server" })],
    are: [100],
  },
  "nothing in a ring of parents that cannot be": {
    all: [PANE, process(300, { ppid: 301 }), process(301, { ppid: 300 })],
    are: [100],
  },
};
for (const [what, { all, roots, are }] of Object.entries(CROWDS)) {
  Deno.test(`to a session belong: ${what}`, () => {
    deepEqual(pidsOf(all, { panes: [100], ...roots }), are);
  });
}

Deno.test("nothing belongs to nothing", () => {
  deepEqual(pidsOf([PANE, process(200), process(0, { session: 0 })], {}), []);
});

const SHELLS: Record<string, boolean> = {
  "bash": true,
  "-bash": true,
  "/bin/sh": true,
  "-zsh": true,
  "/usr/local/bin/fish": true,
  "bash -l": true,
  "bash --login -i": true,
  "sh -i": true,
  "ksh": true,
  "bash -c sleep 60": false,
  "/bin/sh -c trap : INT": false,
  "bash -lc bot": false,
  "bash bot.sh": false,
  "sh ./run": false,
  "python": false,
  "bashful": false,
  "sshd": false,
  "/opt/bash/server": false,
  "": false,
};
for (const [args, is] of Object.entries(SHELLS)) {
  Deno.test(`${JSON.stringify(args)} is ${is ? "an" : "no"} interactive shell`, () => {
    equal(isInteractiveShell(args), is);
  });
}
