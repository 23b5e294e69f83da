import { deepEqual, equal, ok } from "node:assert/strict";
import { type Ending, endProcesses } from "../../../../src/backends/tmux/stop.ts";
import { PS } from "../../../../src/backends/tmux/processes.ts";
import {
  type Exec,
  ExecTimeoutError,
  ProgramMissingError,
  type Signal,
} from "../../../../src/world.ts";
import { type FakeWorld, withFakeWorld } from "../../../support/fake_world.ts";

/** A process of the machine below. */
interface Spec {
  readonly pid: number;
  readonly ppid?: number;
  readonly group?: number;
  readonly session?: number;
  readonly foreground?: number;
  readonly args?: string;
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
}

const TAG = "KSTOPS_ID=0123456789ab";

/** Runs `body` on a machine with these processes: `ps`, `grep` and signals work on them. */
async function withMachine(
  specs: readonly Spec[],
  body: (machine: Machine) => Promise<void>,
  options: MachineOptions = {},
): Promise<void> {
  const processes = new Map<number, Spec>();
  const sent: string[] = [];
  await withFakeWorld({}, async (fake) => {
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
      if (argv[0] === "ps") {
        deepEqual(argv, PS);
        return { code: 0, stdout: [...processes.values()].map(psLine).join("\n"), stderr: "" };
      }
      equal(argv[0], "grep");
      ok(argv.includes(TAG));
      if (options.grep) throw options.grep;
      const tagged = [...processes.values()].filter(({ tagged }) => tagged);
      const stdout = tagged.map(({ pid }) => `/proc/${pid}/environ\n`).join("");
      return { code: 2, stdout, stderr: "" };
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

function psLine(
  { pid, ppid = 1, group = pid, session = pid, foreground = -1, args }: Spec,
): string {
  return `${pid} ${ppid} ${group} ${session} ${foreground} S ` +
    `Fri Jan  2 03:04:05 2026 ${args ?? "sleep 60"}`;
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

function ending(facts: Partial<Ending> = {}): Ending {
  return { panes: [100], keepers: [100], tag: TAG, signal: "SIGINT", timeoutMs: 5000, ...facts };
}

/** Signals in their order, each once; what they were sent to does not matter. */
const kinds = (sent: readonly string[]): string[] => [
  ...new Set(sent.map((each) => each.split(" ")[0] ?? "")),
];

Deno.test("a program that ends when it is asked gets one signal, to its foreground group", () =>
  withMachine([KEEPER, program({ endedBy: EVERYTHING })], async ({ world, sent }) => {
    deepEqual(await endProcesses(world, ending()), []);
    deepEqual(sent, ["SIGINT -100"]);
  }));

Deno.test("the foreground of a pane may be another group than its first process", () =>
  withMachine([
    { ...KEEPER, foreground: 105 },
    program({ args: "sh run.sh" }),
    { pid: 105, ppid: 101, session: 100, endedBy: EVERYTHING, onEnd: ({ end }) => end(101) },
  ], async ({ world, sent }) => {
    deepEqual(await endProcesses(world, ending()), []);
    deepEqual(sent, ["SIGINT -105"]);
  }));

Deno.test("another stop signal is sent instead", () =>
  withMachine([KEEPER, program({ endedBy: ["SIGUSR1"] })], async ({ world, sent }) => {
    deepEqual(await endProcesses(world, ending({ signal: "SIGUSR1" })), []);
    deepEqual(sent, ["SIGUSR1 -100"]);
  }));

for (const signal of ["SIGHUP", "SIGKILL"] as const) {
  Deno.test(`${signal} as stop signal spares the shell that reports the exit`, () =>
    withMachine([KEEPER, program({ endedBy: [signal] })], async ({ world, sent }) => {
      deepEqual(await endProcesses(world, ending({ signal })), []);
      deepEqual(sent, [`${signal} 101`]);
    }));
}

Deno.test("a program has all of its time before force is used", () =>
  withMachine([KEEPER, program({ endedBy: [] })], async ({ world, sent, end }) => {
    const begin = world.now().getTime();
    let asked = 0;
    const done = endProcesses(world, ending({ timeoutMs: 7000 }));
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
    deepEqual(await endProcesses(world, ending({ timeoutMs: 1000 })), []);
    deepEqual(kinds(sent), ["SIGINT", "SIGTERM", "SIGHUP", "SIGCONT", "SIGKILL"]);
    deepEqual(sent.filter((each) => / 100$/.test(each)), [], "the keeper was signalled");
  }));

Deno.test("a halted program goes on to hear that it is to end", () =>
  withMachine(
    [KEEPER, program({ halted: true, endedBy: ["SIGINT", "SIGCONT"] })],
    async ({ world, sent }) => {
      deepEqual(await endProcesses(world, ending({ timeoutMs: 1000 })), []);
      ok(!kinds(sent).includes("SIGKILL"));
    },
  ));

Deno.test("by force it is killed at once", () =>
  withMachine([KEEPER, program()], async ({ world, sent }) => {
    const begin = world.now().getTime();
    deepEqual(await endProcesses(world, ending({ signal: null })), []);
    deepEqual(sent, ["SIGKILL 101"]);
    ok(world.now().getTime() - begin < 1000);
  }));

Deno.test("a keeper that does not go by itself is killed last", () =>
  withMachine([KEEPER, program({ onEnd: () => {} })], async ({ world, sent }) => {
    deepEqual(await endProcesses(world, ending({ signal: null })), []);
    deepEqual(sent, ["SIGKILL 101", "SIGKILL 100"]);
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
    deepEqual(await endProcesses(world, ending()), []);
    equal(sent[0], "SIGINT -100");
    const pids = new Set(sent.slice(1).map((each) => Number(each.split(" ")[1])));
    deepEqual([...pids].sort(), [110, 120, 130]);
    deepEqual([...world.alive], [200]);
  }));

Deno.test("what is left of a program that ended before is ended", () =>
  withMachine([{ pid: 120, session: 120, tagged: true }], async ({ world, sent }) => {
    deepEqual(await endProcesses(world, ending({ panes: [], keepers: [], timeoutMs: 1000 })), []);
    deepEqual(kinds(sent), ["SIGTERM", "SIGHUP", "SIGCONT", "SIGKILL"]);
    deepEqual([...world.alive], []);
  }));

Deno.test("where nothing is left nothing is signalled", () =>
  withMachine([{ pid: 200 }], async ({ world, sent }) => {
    deepEqual(await endProcesses(world, ending({ panes: [], keepers: [] })), []);
    deepEqual(await endProcesses(world, ending({ signal: null })), []);
    deepEqual(sent, []);
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
    deepEqual(await endProcesses(world, ending({ signal: null })), []);
    deepEqual([...world.alive], []);
  }));

Deno.test("what not even SIGKILL ends is named", () =>
  withMachine([KEEPER, program({ endedBy: [], args: "cp /nfs/x ." })], async ({ world, sent }) => {
    const survivors = await endProcesses(world, ending({ timeoutMs: 1000 }));
    deepEqual(survivors.map(({ pid, args }) => [pid, args]), [[101, "cp /nfs/x ."]]);
    ok(sent.filter((each) => each === "SIGKILL 101").length > 1);
  }));

Deno.test("an interactive shell is hung up at once", () =>
  withMachine(
    [
      KEEPER,
      program({ group: 101, foreground: 101, args: "-bash", endedBy: ["SIGHUP"] }),
    ].map((spec) => ({ ...spec, foreground: 101 })),
    async ({ world, sent }) => {
      deepEqual(await endProcesses(world, ending()), []);
      deepEqual(sent, ["SIGHUP -101", "SIGCONT -101"]);
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
    deepEqual(await endProcesses(world, ending({ timeoutMs: 600_000 })), []);
    deepEqual(sent, ["SIGINT -105", "SIGHUP -101", "SIGCONT -101"]);
  });
});

Deno.test("every pane of a session is asked", () =>
  withMachine([
    { pid: 100, foreground: 100, endedBy: EVERYTHING },
    { pid: 300, foreground: 300, endedBy: EVERYTHING },
    { pid: 400, foreground: 400, endedBy: EVERYTHING },
  ], async ({ world, sent }) => {
    const foreign = ending({ panes: [100, 300], keepers: [], tag: null });
    deepEqual(await endProcesses(world, foreign), []);
    deepEqual(sent, ["SIGINT -100", "SIGINT -300"]);
    deepEqual([...world.alive], [400]);
  }));

Deno.test("a pane whose terminal is nobody's is not asked, but ended", () =>
  withMachine([{ pid: 100, foreground: -1, endedBy: ["SIGTERM"] }], async ({ world, sent }) => {
    deepEqual(await endProcesses(world, ending({ keepers: [], timeoutMs: 100 })), []);
    ok(!sent.some((each) => each.includes("SIGINT")));
    ok(!sent.some((each) => / (0|1|-1)$/.test(each)), sent.join(", "));
  }));

for (
  const grep of [new ProgramMissingError("grep", "missing"), new ExecTimeoutError("grep", 5000)]
) {
  Deno.test(`when ${grep.message}, the process tree still tells what to end`, () =>
    withMachine(
      [KEEPER, program({ endedBy: EVERYTHING }), { pid: 110, ppid: 101, session: 110 }],
      async ({ world }) => {
        deepEqual(await endProcesses(world, ending()), []);
        deepEqual([...world.alive], []);
      },
      { grep },
    ));
}
