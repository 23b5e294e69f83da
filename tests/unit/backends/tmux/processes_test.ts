import { deepEqual, equal, ok } from "node:assert/strict";
import {
  belongings,
  belongingsOfEach,
  findProcess,
  ignores,
  isInteractiveShell,
  isShellName,
  type Look,
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
    began: "3040",
    ignored: 0,
    name: "sleep",
    ...facts,
  };
}

const tableOf = (...all: readonly Process[]): ProcessTable =>
  new Map(all.map((each) => [each.pid, each]));

/** What a look sees that sees these processes, of which some say that they are of a run. */
function lookAt(table: ProcessTable, marks: Readonly<Record<number, string>> = {}): Look {
  const marked = Object.entries(marks).map(([pid, run]): [number, string] => [Number(pid), run]);
  return { table, marks: new Map(marked), boot: "b", clock: 5000, tookMs: 1 };
}

const RUN = "0123456789ab";
const known = (process: Process) => ({ ...process, boot: "b" });

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
    const roots = { panes: [2], run: RUN, known: [], self: 9_999_999 };
    equal(belongings(lookAt(table, { [length]: RUN }), roots).length, length);
    ok(looks() <= 3 * length, `${looks()} looks`);
  }
});

/** Where a test looks, and which processes have which mark. */
interface Where extends Partial<Roots> {
  readonly tagged?: readonly number[];
  readonly marks?: Readonly<Record<number, string>>;
}

/** The pids that belong to the session, of these processes. */
function pidsOf(all: readonly Process[], { tagged = [], marks, ...roots }: Where): number[] {
  const own = Object.fromEntries(tagged.map((pid) => [pid, RUN]));
  const found = belongings(lookAt(tableOf(...all), { ...own, ...marks }), {
    panes: [],
    run: RUN,
    known: [],
    self: 9999,
    ...roots,
  });
  return found.map(({ pid }) => pid).sort((a, b) => a - b);
}

const PANE = process(100, { ppid: 50, foreground: 100, name: "sh" });

/** Each with the pids that belong, where pane 100 is the root and the rest is as told. */
const CROWDS: Record<string, {
  readonly all: readonly Process[];
  readonly roots?: Where;
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
    roots: { known: [known(process(300))] },
    are: [100, 300],
  },
  "not a later process of the same pid": {
    all: [PANE, process(300, { began: "3041" })],
    roots: { known: [known(process(300))] },
    are: [100],
  },
  "not one that was seen and is gone": {
    all: [PANE],
    roots: { known: [known(process(300))], tagged: [301] },
    are: [100],
  },
  "no zombies": {
    all: [PANE, process(101, { ppid: 100, zombie: true }), process(102, { ppid: 101 })],
    are: [100, 102],
  },
  "neither the one that asks nor its children": {
    all: [
      PANE,
      process(101, { ppid: 100, name: "kstops" }),
      process(102, { ppid: 101, name: "grep" }),
      process(103, { ppid: 100 }),
    ],
    roots: { self: 101, tagged: [101, 102] },
    are: [100, 103],
  },
  "no tmux server that was started inside, and nothing in it": {
    all: [
      PANE,
      process(300, { name: "tmux: server" }),
      process(301, { ppid: 300 }),
      process(302, { ppid: 301 }),
    ],
    roots: { tagged: [300, 301, 302] },
    are: [100],
  },
  "no server of another multiplexer, and no agent that holds keys": {
    all: [
      PANE,
      process(300, { ppid: 100, name: "screen" }),
      process(301, { ppid: 300 }),
      process(302, { ppid: 100, name: "zellij" }),
      process(303, { ppid: 100, name: "ssh-agent" }),
      process(304, { name: "gpg-agent" }),
    ],
    roots: { tagged: [300, 301, 302, 303, 304] },
    are: [100],
  },
  "no other run that was started inside, and nothing below it": {
    all: [PANE, process(101, { ppid: 100 }), process(102, { ppid: 101 }), process(103)],
    roots: { marks: { 100: RUN, 101: "fedcba987654", 103: "fedcba987654" } },
    are: [100],
  },
  "of a session without a mark: also what has the mark of a run around it": {
    all: [PANE, process(101, { ppid: 100 })],
    roots: { run: null, marks: { 100: "fedcba987654", 101: "fedcba987654" } },
    are: [100, 101],
  },
  "nothing of a process session that is none": {
    all: [process(2, { session: 0 }), process(3, { session: 1 })],
    roots: { panes: [] },
    are: [],
  },
  "a tmux client, which serves nobody": {
    all: [PANE, process(101, { ppid: 100, session: 100, foreground: 100, name: "tmux" })],
    are: [100, 101],
  },
  "a program that is only called like tmux": {
    all: [PANE, process(101, { ppid: 100, session: 101, name: "tmuxinator" })],
    are: [100, 101],
  },
  "no container that was started inside": {
    all: [
      PANE,
      process(300, { name: "conmon" }),
      process(301, { ppid: 300, name: "nginx" }),
      process(310, { name: "containerd-shim" }),
      process(311, { ppid: 310 }),
    ],
    roots: { tagged: [300, 301, 310, 311] },
    are: [100],
  },
  "the pane itself while it is still a copy of its server": {
    all: [process(100, { name: "tmux: server" })],
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

Deno.test("every shell may be an interactive one by its name, and nothing else", () => {
  for (const name of ["sh", "bash", "dash", "zsh", "-bash", "fish", "busybox"]) {
    ok(isShellName(name), name);
  }
  for (const name of ["python3", "bashful", "", "sshd", "node"]) ok(!isShellName(name), name);
});

Deno.test("many sessions are told apart in one look", () => {
  const table = tableOf(
    PANE,
    process(101, { ppid: 100 }),
    process(300),
    process(301, { ppid: 300 }),
  );
  const look = lookAt(table, { 300: "fedcba987654" });
  const found = belongingsOfEach(look, [
    { panes: [100], run: RUN, known: [] },
    { panes: [], run: "fedcba987654", known: [] },
    { panes: [], run: null, known: [known(process(101))] },
  ], 9999);
  deepEqual(found.map((each) => each.map(({ pid }) => pid)), [[100, 101], [300, 301], [101]]);
});

Deno.test("an identity is one process: of its boot, of its start, and alive", () => {
  const look = lookAt(tableOf(process(100), process(101, { zombie: true })));
  const identity = { pid: 100, began: "3040", boot: "b" };
  equal(findProcess(look, identity)?.pid, 100);
  for (const other of [{ pid: 102 }, { pid: 101 }, { began: "3041" }, { boot: "" }]) {
    equal(findProcess(look, { ...identity, ...other }), null);
  }
});

Deno.test("who ignores a signal has not got it", () => {
  const deaf = process(1, { ignored: 0b110 });
  deepEqual(
    (["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1"] as const).filter((signal) =>
      ignores(deaf, signal)
    ),
    ["SIGINT", "SIGQUIT"],
  );
});
