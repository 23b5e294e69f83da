import { deepEqual, equal, ok } from "node:assert/strict";
import { type Ending, endProcesses } from "../../../../src/backends/tmux/stop.ts";
import { PS } from "../../../../src/backends/tmux/look.ts";
import {
  type Exec,
  ExecTimeoutError,
  ProgramMissingError,
  type Signal,
} from "../../../../src/world/world.ts";
import { type FakeWorld, withFakeWorld } from "../../../support/fake_world.ts";
import { formatLook, isLook } from "../../../support/look.ts";

/** A process of the machine below. */
interface Spec {
  readonly pid: number;
  readonly ppid?: number;
  readonly group?: number;
  readonly session?: number;
  readonly foreground?: number;
  readonly args?: string;
  /** The signals that it ignores, as bits. */
  readonly ignored?: number;
  /** The pipe that it reads, and the one that it writes into. */
  readonly reads?: number;
  readonly writes?: number;
  /** Whether it carries the mark of the run. */
  readonly tagged?: boolean;
  /** Whether it does not act on any signal but SIGCONT. */
  readonly halted?: boolean;
  /** The signals that end it. KILL unless told, too; `[]` for what not even KILL ends. */
  readonly endedBy?: readonly Signal[];
  /** What else happens when it ends. */
  readonly onEnd?: (machine: Machine) => void;
}

interface Machine {
  readonly world: FakeWorld;
  /** Every signal that was sent, as `SIGINT -101`. */
  readonly sent: readonly string[];
  readonly add: (spec: Spec) => void;
  readonly end: (pid: number) => void;
}

/** How grep fails, where it does. */
interface MachineOptions {
  readonly grep?: Error;
  /** How long the first look takes, and how long all others. */
  readonly lookMs?: readonly [first: number, later: number];
}

/** The clock of the machine in hundredths of a second, with that of the world. */
const uptimeOf = (now: Date, since: number): number =>
  10_647 + Math.floor((now.getTime() - since) / 10);

const RUN = "0123456789ab";

/** Runs `body` on a machine with these processes: `ps`, `grep` and signals work on them. */
async function withMachine(
  specs: readonly Spec[],
  body: (machine: Machine) => Promise<void>,
  options: MachineOptions = {},
): Promise<void> {
  const processes = new Map<number, Spec>();
  const sent: string[] = [];
  await withFakeWorld({ files: { "/state/logs/astro/runs.ndjson": "" } }, async (fake) => {
    const booted = fake.now().getTime();
    let looks = 0;
    const add = (spec: Spec): void => {
      processes.set(spec.pid, spec);
      fake.alive.add(spec.pid);
    };
    const end = (pid: number): void => {
      const spec = processes.get(pid);
      if (spec === undefined) return;
      processes.delete(pid);
      fake.alive.delete(pid);
      spec.onEnd?.(machine);
    };
    const exec: Exec = async (argv) => {
      await Promise.resolve();
      const all = [...processes.values()];
      if (isLook(argv)) {
        if (options.grep) throw options.grep;
        const rows = all.map((spec) => ({
          ...spec,
          name: nameOf(spec),
          mark: spec.tagged ? RUN : null,
        }));
        const clock = (uptimeOf(fake.now(), booted) / 100).toFixed(2);
        await fake.sleep(options.lookMs?.[looks++ === 0 ? 0 : 1] ?? 0);
        return { code: 2, stdout: formatLook(rows, clock), stderr: "" };
      }
      if (argv[0] === "ls") {
        const stdout = all.flatMap(({ pid, reads, writes }) => [
          ...(reads === undefined ? [] : [` /proc/${pid}/fd/0 -> pipe:[${reads}]\n`]),
          ...(writes === undefined ? [] : [` /proc/${pid}/fd/1 -> pipe:[${writes}]\n`]),
        ]).join("");
        return { code: 2, stdout, stderr: "" };
      }
      equal(argv[0], "ps");
      if (argv.includes("pid=,args=")) {
        const asked = all.filter(({ pid }) => argv.at(-1)?.split(",").includes(String(pid)));
        const lines = asked.map(({ pid, args = "sleep 60" }) => `${pid} ${args}\n`);
        return { code: 0, stdout: lines.join(""), stderr: "" };
      }
      deepEqual(argv, PS);
      return { code: 0, stdout: all.map(psLine).join("\n"), stderr: "" };
    };
    const signal = (pid: number, name: Signal): "sent" | "gone" => {
      sent.push(`${name} ${pid}`);
      const hit = [...processes.values()].filter((spec) =>
        pid > 0 ? spec.pid === pid : (spec.group ?? spec.pid) === -pid
      );
      for (const spec of hit) {
        const { endedBy = ["SIGKILL"], halted } = spec;
        if (!endedBy.includes(name)) continue;
        if (!halted || name === "SIGKILL" || name === "SIGCONT") end(spec.pid);
      }
      return hit.length > 0 ? "sent" : "gone";
    };
    const world = { ...fake, exec, processes: { ...fake.processes, signal } };
    const machine: Machine = { world, sent, add, end };
    for (const spec of specs) add(spec);
    await body(machine);
  });
}

function psLine(spec: Spec): string {
  const { pid, ppid = 1, group = pid, session = pid, foreground = -1 } = spec;
  return `${pid} ${ppid} ${group} ${session} ${foreground} S ` +
    `Fri Jan  2 03:04:05 2026 ${nameOf(spec)}`;
}

function nameOf({ args = "sleep 60" }: Spec): string {
  const [path = ""] = args.split(" ");
  return path.slice(path.lastIndexOf("/") + 1);
}

const EVERYTHING: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"];

/** The shell that keeps a program: it ends with it, and by nothing but HUP and KILL before. */
const KEEPER: Spec = {
  pid: 100,
  foreground: 100,
  endedBy: ["SIGHUP", "SIGKILL"],
  args: "/bin/sh -c x",
};
/** A program below it, which takes it along. */
function program(facts: Partial<Spec> = {}): Spec {
  return {
    pid: 101,
    ppid: 100,
    group: 100,
    session: 100,
    foreground: 100,
    args: "bot",
    onEnd: ({ end }) => end(100),
    ...facts,
  };
}

const PANE = { pid: 100, isKept: true, program: 101 };

function ending(facts: Partial<Ending> = {}): Ending {
  return {
    ...{ panes: [PANE], run: RUN, known: [], sessions: [], signal: "SIGINT", scope: null },
    ...{ timeoutMs: 5000, holdFile: "/state/logs/astro/run.hold" },
    ...facts,
  };
}

/** Ends it, and gives what is left. */
async function endAll(world: FakeWorld, facts: Partial<Ending> = {}) {
  return (await endProcesses(world, ending(facts))).survivors;
}

/** Signals in their order, each once; what they were sent to does not matter. */
const kinds = (sent: readonly string[]): string[] => [
  ...new Set(sent.map((each) => each.split(" ")[0] ?? "")),
];

Deno.test("a program that ends when it is asked gets one signal, to its foreground group", () =>
  withMachine([KEEPER, program({ endedBy: EVERYTHING })], async ({ world, sent }) => {
    deepEqual(await endAll(world), []);
    deepEqual(told(sent), ["SIGINT -100"]);
  }));

Deno.test("the foreground of a pane may be another group than its first process", () =>
  withMachine([
    { ...KEEPER, foreground: 105 },
    program({ args: "sh run.sh" }),
    { pid: 105, ppid: 101, session: 100, endedBy: EVERYTHING, onEnd: ({ end }) => end(101) },
  ], async ({ world, sent }) => {
    deepEqual(await endAll(world), []);
    deepEqual(told(sent), ["SIGINT -105"]);
  }));

Deno.test("another stop signal is sent instead", () =>
  withMachine([KEEPER, program({ endedBy: ["SIGUSR1"] })], async ({ world, sent }) => {
    deepEqual(await endAll(world, { signal: "SIGUSR1" }), []);
    deepEqual(told(sent), ["SIGUSR1 101"]);
  }));

for (const signal of ["SIGHUP", "SIGKILL"] as const) {
  Deno.test(`${signal} as stop signal spares the shell that reports the exit`, () =>
    withMachine([KEEPER, program({ endedBy: [signal] })], async ({ world, sent }) => {
      deepEqual(await endAll(world, { signal }), []);
      deepEqual(told(sent), [`${signal} 101`]);
    }));
}

Deno.test("a program has all of its time before force is used", () =>
  withMachine([KEEPER, program({ endedBy: [] })], async ({ world, sent, end }) => {
    const begin = world.now().getTime();
    let asked = 0;
    const done = endAll(world, { timeoutMs: 7000 });
    while (asked === 0 && world.now().getTime() - begin < 60_000) {
      await world.sleep(10);
      if (sent.some((each) => each.startsWith("SIGTERM"))) asked = world.now().getTime() - begin;
    }
    end(101);
    deepEqual(await done, []);
    ok(asked >= 7000 && asked < 8000, `after ${asked} ms`);
  }));

Deno.test("first it is asked, then terminated and hung up, then killed", () =>
  withMachine([KEEPER, program()], async ({ world, sent }) => {
    deepEqual(await endAll(world, { timeoutMs: 1000 }), []);
    deepEqual(kinds(told(sent)), ["SIGINT", "SIGTERM", "SIGHUP", "SIGCONT", "SIGKILL"]);
    deepEqual(told(sent).filter((each) => / 100$/.test(each)), [], "the keeper was signalled");
  }));

Deno.test("a halted program goes on to hear that it is to end", () =>
  withMachine(
    [KEEPER, program({ halted: true, endedBy: ["SIGINT", "SIGCONT"] })],
    async ({ world, sent }) => {
      deepEqual(await endAll(world, { timeoutMs: 1000 }), []);
      ok(!kinds(sent).includes("SIGKILL"));
    },
  ));

Deno.test("by force it is killed at once", () =>
  withMachine([KEEPER, program()], async ({ world, sent }) => {
    const begin = world.now().getTime();
    deepEqual(await endAll(world, { signal: null }), []);
    deepEqual(told(sent), ["SIGKILL 101"]);
    ok(world.now().getTime() - begin < 1000);
  }));

Deno.test("a keeper that does not go by itself is killed last", () =>
  withMachine([KEEPER, program({ onEnd: () => {} })], async ({ world, sent }) => {
    deepEqual(await endAll(world, { signal: null }), []);
    deepEqual(told(sent), ["SIGKILL 101", "SIGKILL 100"]);
  }));

Deno.test("what a program leaves behind is ended, too", () =>
  withMachine([
    KEEPER,
    program({ endedBy: EVERYTHING }),
    { pid: 110, ppid: 101, session: 110, endedBy: EVERYTHING },
    { pid: 120, ppid: 1, session: 120, tagged: true },
    { pid: 130, ppid: 120, session: 130, endedBy: EVERYTHING },
    { pid: 200, ppid: 1, session: 200, endedBy: EVERYTHING },
  ], async ({ world, sent }) => {
    deepEqual(await endAll(world), []);
    equal(told(sent)[0], "SIGINT -100");
    const pids = new Set(told(sent).slice(1).map((each) => Number(each.split(" ")[1])));
    deepEqual([...pids].sort(), [110, 120, 130]);
    deepEqual([...world.alive], [200]);
  }));

Deno.test("what is left of a program that ended before is ended", () =>
  withMachine([{ pid: 120, session: 120, tagged: true }], async ({ world, sent }) => {
    deepEqual(await endAll(world, { panes: [], timeoutMs: 1000 }), []);
    deepEqual(kinds(sent), ["SIGTERM", "SIGHUP", "SIGCONT", "SIGKILL"]);
    deepEqual([...world.alive], []);
  }));

Deno.test("where nothing is left nothing is signalled", () =>
  withMachine([{ pid: 200 }], async ({ world, sent }) => {
    deepEqual(await endAll(world, { panes: [] }), []);
    deepEqual(await endAll(world, { signal: null }), []);
    deepEqual(told(sent), []);
  }));

Deno.test("what is born while others are killed is killed, too", () =>
  withMachine([
    KEEPER,
    program({
      onEnd: ({ add, end }) => {
        end(100);
        add({ pid: 102, tagged: true, onEnd: ({ add }) => add({ pid: 103, tagged: true }) });
      },
    }),
  ], async ({ world }) => {
    deepEqual(await endAll(world, { signal: null }), []);
    deepEqual([...world.alive], []);
  }));

Deno.test("what not even SIGKILL ends is named", () =>
  withMachine([KEEPER, program({ endedBy: [], args: "cp /nfs/x ." })], async ({ world, sent }) => {
    const survivors = await endAll(world, { timeoutMs: 1000 });
    deepEqual(survivors.map(({ pid, name }) => [pid, name]), [[101, "cp"]]);
    ok(sent.filter((each) => each === "SIGKILL 101").length > 1);
  }));

Deno.test("an interactive shell is hung up at once", () =>
  withMachine(
    [
      KEEPER,
      program({ group: 101, foreground: 101, args: "-bash", endedBy: ["SIGHUP"] }),
    ].map((spec) => ({ ...spec, foreground: 101 })),
    async ({ world, sent }) => {
      deepEqual(await endAll(world), []);
      deepEqual(told(sent), ["SIGHUP -101", "SIGCONT -101"]);
    },
  ));

Deno.test("a shell is hung up once what ran in its foreground has ended", () => {
  const shell = program({ group: 101, args: "bash", endedBy: ["SIGHUP"] });
  return withMachine([
    { ...KEEPER, foreground: 105 },
    { ...shell, foreground: 105 },
    {
      pid: 105,
      ppid: 101,
      session: 100,
      foreground: 105,
      endedBy: ["SIGINT"],
      onEnd: ({ add }) => {
        add({ ...KEEPER, foreground: 101 });
        add({ ...shell, foreground: 101 });
      },
    },
  ], async ({ world, sent }) => {
    deepEqual(await endAll(world, { timeoutMs: 600_000 }), []);
    deepEqual(told(sent), ["SIGINT -105", "SIGHUP -101", "SIGCONT -101"]);
  });
});

Deno.test("every pane of a session is asked", () =>
  withMachine([
    { pid: 100, foreground: 100, endedBy: EVERYTHING },
    { pid: 300, foreground: 300, endedBy: EVERYTHING },
    { pid: 400, foreground: 400, endedBy: EVERYTHING },
  ], async ({ world, sent }) => {
    const panes = [100, 300].map((pid) => ({ pid, isKept: false, program: null }));
    deepEqual(await endAll(world, { panes, run: null }), []);
    deepEqual(told(sent), ["SIGINT -100", "SIGINT -300"]);
    deepEqual([...world.alive], [400]);
  }));

Deno.test("a program without a terminal is asked by its own process group", () =>
  withMachine([
    { pid: 100, foreground: -1, endedBy: ["SIGINT"] },
    { pid: 101, ppid: 100, group: 100, session: 100, foreground: 0, endedBy: ["SIGINT"] },
  ], async ({ world, sent }) => {
    const panes = [{ pid: 100, isKept: false, program: null }];
    deepEqual(await endAll(world, { panes }), []);
    deepEqual(told(sent), ["SIGINT -100"]);
  }));

Deno.test("no signal goes to everybody, whatever the table says of a group", () =>
  withMachine([
    { pid: 100, group: 1, session: 100, foreground: 1, endedBy: ["SIGINT"] },
    { pid: 101, ppid: 100, group: 0, session: 100, foreground: 0, endedBy: ["SIGTERM"] },
  ], async ({ world, sent }) => {
    const panes = [{ pid: 100, isKept: false, program: null }];
    deepEqual(await endAll(world, { panes }), []);
    ok(sent.every((each) => Number(each.split(" ")[1]) > 1), sent.join(", "));
  }));

Deno.test("a group in which others are is not signalled as a whole", () =>
  withMachine([
    KEEPER,
    program({ endedBy: EVERYTHING }),
    { pid: 102, ppid: 100, group: 100, session: 100, tagged: false, args: "conmon -c 1" },
    { pid: 9, ppid: 1, group: 100, session: 7 },
  ], async ({ world, sent }) => {
    await endAll(world);
    ok(sent.every((each) => !each.endsWith(" -100") && !each.endsWith(" 9")), sent.join(", "));
  }));

for (
  const grep of [new ProgramMissingError("grep", "missing"), new ExecTimeoutError("grep", 5000)]
) {
  Deno.test(`when ${grep.message}, the process tree still tells what to end`, () =>
    withMachine(
      [KEEPER, program({ endedBy: EVERYTHING }), { pid: 110, ppid: 101, session: 110 }],
      async ({ world }) => {
        deepEqual(await endAll(world), []);
        deepEqual([...world.alive], []);
      },
      { grep },
    ));
}

// --- letting the whole tree finish ---------------------------------------------------------------

const ASKED: Record<string, {
  readonly facts: Partial<Ending>;
  readonly sent: readonly string[];
}> = {
  "SIGINT goes to the foreground group": { facts: {}, sent: ["SIGINT -100"] },
  "SIGQUIT goes there, too": { facts: { signal: "SIGQUIT" }, sent: ["SIGQUIT -100"] },
  "SIGTERM goes to the program alone": { facts: { signal: "SIGTERM" }, sent: ["SIGTERM 101"] },
  "SIGUSR1 goes there, too": { facts: { signal: "SIGUSR1" }, sent: ["SIGUSR1 101"] },
  "SIGINT goes to the program where that is asked for": {
    facts: { scope: "main" },
    sent: ["SIGINT 101"],
  },
  "SIGTERM goes to the group where that is asked for": {
    facts: { signal: "SIGTERM", scope: "group" },
    sent: ["SIGTERM -100"],
  },
};
for (const [what, { facts, sent }] of Object.entries(ASKED)) {
  Deno.test(`${what}, and a worker whose master waits for it is left to that`, () =>
    withMachine([
      KEEPER,
      program({
        endedBy: [...EVERYTHING, "SIGQUIT", "SIGUSR1"],
        onEnd: ({ end }) => [110, 100].forEach(end),
      }),
      { pid: 110, ppid: 101, group: 110, session: 100, foreground: 100 },
    ], async ({ world, sent: got }) => {
      deepEqual(await endAll(world, facts), []);
      deepEqual(told(got), sent);
    }));
}

/** What was sent, without what only wakes a keeper. */
function told(sent: readonly string[]): string[] {
  return sent.filter((each) => !each.startsWith("SIGURG"));
}

Deno.test("once a wrapper is gone the others are asked, and have all of the time", () =>
  withMachine([
    KEEPER,
    program({ endedBy: ["SIGTERM"], onEnd: () => {} }),
    { pid: 110, ppid: 101, group: 100, session: 100, foreground: 100 },
    { pid: 111, ppid: 110, group: 100, session: 100, foreground: 100 },
  ], async ({ world, sent, end }) => {
    const done = endAll(world, { signal: "SIGTERM", timeoutMs: 60_000 });
    const begin = world.now().getTime();
    while (world.now().getTime() - begin < 50_000) await world.sleep(100);
    deepEqual(told(sent), ["SIGTERM 101", "SIGTERM 110", "SIGTERM 111"]);
    ok(world.alive.has(100), "the keeper left, and took the terminal along");
    for (const pid of [111, 110, 100]) end(pid);
    deepEqual(await done, []);
    deepEqual(told(sent).length, 3);
  }));

Deno.test("nobody gets a signal twice, also when the time is up", () =>
  withMachine([
    KEEPER,
    program({ endedBy: ["SIGTERM"], onEnd: () => {} }),
    { pid: 110, ppid: 101, group: 100, session: 100, foreground: 100 },
  ], async ({ world, sent }) => {
    const { killed } = await endProcesses(world, ending({ signal: "SIGTERM", timeoutMs: 1000 }));
    deepEqual(told(sent), [
      ...["SIGTERM 101", "SIGTERM 110", "SIGHUP 110", "SIGCONT 110", "SIGKILL 110", "SIGKILL 100"],
    ]);
    deepEqual(killed.map(({ pid }) => pid), [110]);
  }));

Deno.test("what ignored the signal has not had it", () =>
  withMachine([
    KEEPER,
    program({ endedBy: ["SIGINT"], onEnd: () => {} }),
    {
      pid: 110,
      ...{ ppid: 101, group: 100, session: 100, foreground: 100, ignored: 0b110 },
      endedBy: ["SIGTERM"],
      onEnd: ({ end }) => end(100),
    },
  ], async ({ world, sent }) => {
    deepEqual(await endAll(world), []);
    deepEqual(told(sent), ["SIGINT -100", "SIGTERM 110"]);
  }));

Deno.test("what reads from one that still writes is spared, and ends by itself", () =>
  withMachine([
    KEEPER,
    program({ endedBy: ["SIGTERM"], onEnd: () => {}, args: "bash -c x" }),
    { pid: 110, ppid: 101, group: 100, session: 100, foreground: 100, writes: 7 },
    { pid: 111, ppid: 101, group: 100, session: 100, foreground: 100, reads: 7 },
  ], async ({ world, sent, end }) => {
    const done = endAll(world, { signal: "SIGTERM", timeoutMs: 60_000 });
    while (!sent.includes("SIGTERM 110")) await world.sleep(10);
    const begin = world.now().getTime();
    while (world.now().getTime() - begin < 3000) await world.sleep(10);
    end(110);
    await world.sleep(1000);
    for (const pid of [111, 100]) end(pid);
    deepEqual(await done, []);
    deepEqual(told(sent), ["SIGTERM 101", "SIGTERM 110"]);
  }));

Deno.test("what reads from nobody any more, and does not end by that, is asked", () =>
  withMachine([
    KEEPER,
    program({ endedBy: ["SIGTERM"], onEnd: () => {}, args: "bash -c x" }),
    {
      ...{ pid: 110, ppid: 101, group: 100, session: 100, foreground: 100, writes: 7 },
      endedBy: ["SIGTERM"],
    },
    {
      ...{ pid: 111, ppid: 101, group: 100, session: 100, foreground: 100, reads: 7 },
      endedBy: ["SIGTERM"],
      onEnd: ({ end }) => end(100),
    },
  ], async ({ world, sent }) => {
    deepEqual(await endAll(world, { signal: "SIGTERM", timeoutMs: 60_000 }), []);
    deepEqual(told(sent), ["SIGTERM 101", "SIGTERM 110", "SIGTERM 111"]);
  }));

Deno.test("what a program starts to finish its work is a part of that", () =>
  withMachine([
    KEEPER,
    program({ endedBy: ["SIGTERM"], onEnd: () => {} }),
    { pid: 110, ppid: 101, group: 100, session: 100, foreground: 100 },
  ], async ({ world, sent, add, end }) => {
    const done = endAll(world, { signal: "SIGTERM", timeoutMs: 60_000 });
    while (!sent.includes("SIGTERM 110")) await world.sleep(10);
    add({ pid: 120, ppid: 110, group: 100, session: 100, foreground: 100 });
    await world.sleep(3000);
    for (const pid of [120, 110, 100]) end(pid);
    deepEqual(await done, []);
    deepEqual(told(sent), ["SIGTERM 101", "SIGTERM 110"]);
  }));

Deno.test("what a keeper runs itself is not signalled, and not waited for", () =>
  withMachine([
    KEEPER,
    { pid: 105, ppid: 100, group: 100, session: 100, foreground: 100, args: "sleep 0.1" },
  ], async ({ world, sent, end }) => {
    const done = endAll(world, { signal: "SIGTERM", timeoutMs: 60_000 });
    await world.sleep(50);
    for (const pid of [105, 100]) end(pid);
    deepEqual(await done, []);
    deepEqual(told(sent), []);
  }));

Deno.test("a run that no pane shows any more is ended by what is known of it", () =>
  withMachine([
    { pid: 101, group: 100, session: 100, foreground: -1, endedBy: ["SIGTERM"] },
    { pid: 110, ppid: 1, session: 110, tagged: true, endedBy: ["SIGTERM"] },
    { pid: 111, ppid: 1, session: 100, endedBy: ["SIGTERM"] },
    { pid: 200, endedBy: EVERYTHING },
  ], async ({ world, sent }) => {
    const known = [{ pid: 101, began: "3040", boot: "ca42afa4-7895-447b-8c7d-d2d8cf56e42d" }];
    deepEqual(
      await endAll(world, { panes: [], known, sessions: [100], signal: "SIGTERM" }),
      [],
    );
    deepEqual(told(sent), ["SIGTERM 101", "SIGTERM 111", "SIGTERM 110"]);
    deepEqual([...world.alive], [200]);
  }));

Deno.test("a later process with the pid of the program is somebody else's", () =>
  withMachine([{ pid: 101, endedBy: EVERYTHING }], async ({ world, sent }) => {
    for (const began of ["3039", "3041"]) {
      const known = [{ pid: 101, began, boot: "ca42afa4-7895-447b-8c7d-d2d8cf56e42d" }];
      deepEqual(await endAll(world, { panes: [], known }), []);
    }
    const known = [{ pid: 101, began: "3040", boot: "another boot" }];
    deepEqual(await endAll(world, { panes: [], known }), []);
    deepEqual(told(sent), []);
  }));

Deno.test("the terminal is held while it is needed, by a moment that is never far away", () =>
  withMachine([
    KEEPER,
    program({ endedBy: [], onEnd: () => {} }),
  ], async ({ world, sent, end }) => {
    const file = "/state/logs/astro/run.hold";
    const done = endAll(world, { signal: "SIGTERM", timeoutMs: 60_000 });
    while (!sent.includes("SIGTERM 101")) await world.sleep(10);
    equal(sent[0], "SIGURG 100");
    const [until, holder] = (await world.files.readText(file)).split("\n").map(Number);
    ok(until !== undefined && until > 10647 && until < 10647 + 2000, String(until));
    equal(holder, world.processes.self);
    end(101);
    while (await world.files.facts(file) !== null) await world.sleep(10);
    end(100);
    deepEqual(await done, []);
  }));

Deno.test("the terminal is held however long whatever a stop looks at takes", () =>
  withMachine([
    KEEPER,
    program({ endedBy: ["SIGTERM"], onEnd: () => {} }),
    { pid: 102, ppid: 101, group: 100, session: 100, foreground: 100, tagged: true },
  ], async ({ world, sent, end }) => {
    const file = "/state/logs/astro/run.hold";
    const began = world.now().getTime();
    const done = endAll(world, { signal: "SIGTERM", timeoutMs: 60_000 });
    while (!sent.includes("SIGTERM 101")) await world.sleep(10);
    while (world.now().getTime() < began + 30_000) {
      await world.sleep(100);
      const until = Number((await world.files.readText(file)).split("\n")[0]);
      const now = uptimeOf(world.now(), began);
      ok(now < until, `${now} is not before ${until}`);
      ok(until < now + 5000, `${until} is long after ${now}`);
    }
    end(102);
    while (await world.files.facts(file) !== null) await world.sleep(10);
    end(100);
    deepEqual(await done, []);
  }, { lookMs: [100, 9000] }));
