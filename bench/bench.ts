/**
 * What kstops costs over an empty program, raw tmux, podman and docker: one table of ratios, all of
 * one run. Nothing is asserted here: it exits 0 unless something could not be run.
 *
 * ```sh
 * deno task bench                   # 25 pairs for each ratio, some minutes
 * deno task bench 101               # on a noisy machine
 * deno task bench 25 containers     # only that part; the other one is tmux
 * deno task bench 15 fleet          # many at once, five pairs for each ratio
 * ```
 */
import { defaultSettings } from "../src/keys/file_keys.ts";
import { clearSandbox, type Sandbox, waitFor } from "../tests/support/tmux.ts";
import {
  compare,
  countChildren,
  letSignalsIn,
  peakMemory,
  run,
  RunError,
  type Step,
} from "./measure.ts";
import { preparePrograms, ProgramError, type Programs } from "./programs.ts";
import { containerSubjects } from "./containers.ts";
import { fleetSubjects } from "./fleet.ts";
import type { Against, Subject } from "./subject.ts";
import { filledSandbox, socketNames, stepIn } from "./sandboxes.ts";
import { countOver, type Result, tableOf } from "./table.ts";

/** Sandboxes by content. */
interface Sandboxes {
  readonly one: Sandbox;
  readonly twenty: Sandbox;
  readonly twoHundred: Sandbox;
  readonly thousand: Sandbox;
  readonly fiveSockets: Sandbox;
}

/** How to measure, and where to leave things. */
interface Measuring {
  readonly pairs: number;
  /** For scratch files. */
  readonly directory: string;
  /** Collects every sandbox, to be cleared in the end. */
  readonly made: Sandbox[];
  /** Collects other work for the end, before the sandboxes are cleared. */
  readonly clearings: (() => Promise<void>)[];
  readonly signal: AbortSignal;
}

const PAIRS = 25;
const SLOW_PART = 1 / 3;
const MEMORY_AT_MOST_MIB = 60;
const SOCKETS = 5;

async function main(): Promise<number> {
  const [pairsText = String(PAIRS), part = null, size = null] = Deno.args;
  const pairs = Number(pairsText);
  if (!Number.isInteger(pairs) || pairs < 1) {
    say("bench: the number of pairs must be a whole one from 1 on");
    return 2;
  }
  if (part !== null && !["tmux", "containers", "fleet"].includes(part)) {
    say("bench: its parts are tmux, containers and fleet");
    return 2;
  }
  if (size !== null && (part !== "fleet" || size !== "large")) {
    say("bench: only a fleet may be large");
    return 2;
  }
  const directory = await Deno.makeTempDir({ prefix: "kstops-bench-" });
  const made: Sandbox[] = [];
  const clearings: (() => Promise<void>)[] = [];
  const signal = interruption();
  try {
    const programs = await preparePrograms(directory);
    const measuring = { pairs, directory, made, clearings, signal };
    const results = [
      ...part === null || part === "tmux" ? await ofTmux(programs, measuring) : [],
      ...part === null || part === "containers"
        ? await inGroups(containerSubjects(programs, { ...measuring, say }), measuring)
        : [],
      ...part === "fleet"
        ? await inGroups(
          fleetSubjects(programs, { ...measuring, say, isLarge: size === "large" }),
          measuring,
        )
        : [],
    ];
    console.log(`${await circumstances(programs, pairs)}\n\n${tableOf(results)}`);
    say(`bench: ${countOver(results)} figures are over their target`);
    return 0;
  } catch (error) {
    // Ctrl-C has also ended the program that was running.
    await letSignalsIn();
    if (signal.aborted) return 130;
    if (!(error instanceof ProgramError || error instanceof RunError)) throw error;
    say(`bench: ${error.message}`);
    return 1;
  } finally {
    say("bench: clearing up");
    for (const clear of clearings) await clear();
    await Promise.all(made.map((sandbox) => clearSandbox(sandbox, { graceMs: 3000 })));
    await Deno.remove(directory, { recursive: true });
  }
}

async function ofTmux(programs: Programs, measuring: Measuring): Promise<Result[]> {
  const { made } = measuring;
  const fill = (sessions: number, sockets: number): Promise<Sandbox> => {
    say(`bench: starting sessions (${sessions}, sockets: ${sockets})`);
    return filledSandbox(programs.kstops, { sessions, sockets, made });
  };
  const one = await fill(1, 1);
  const small = [...startUp(programs, one), ...changing(programs, one)];
  const results = await resultsOf(small, measuring);
  // Only now: a stop looks at every process of the machine, and these are many.
  const twenty = await fill(20, 1);
  const fiveSockets = await fill(20, SOCKETS);
  const twoHundred = await fill(200, 1);
  const thousand = await fill(1000, 1);
  const large = [
    ...lists(programs, { one, twenty, twoHundred, thousand, fiveSockets }),
    ...await lookingUp(programs, twenty),
  ];
  return [...results, ...await resultsOf(large, measuring)];
}

/** Measures each group before the next one is made ready. */
async function inGroups(
  groups: AsyncGenerator<readonly Subject[]>,
  measuring: Measuring,
): Promise<Result[]> {
  const results: Result[] = [];
  for await (const subjects of groups) results.push(...await resultsOf(subjects, measuring));
  return results;
}

async function resultsOf(subjects: readonly Subject[], measuring: Measuring): Promise<Result[]> {
  const results: Result[] = [];
  for (const subject of subjects) {
    say(`bench: ${subject.command}`);
    results.push(await resultOf(subject, measuring));
  }
  return results;
}

function say(text: string): void {
  console.error(text);
}

/** Aborted when a user wants this to end: started sessions must be cleared away first. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => controller.abort());
  }
  return controller.signal;
}

// --- what is measured ----------------------------------------------------------------------------

function startUp({ kstops, empty }: Programs, sandbox: Sandbox): Subject[] {
  const floor = stepIn(sandbox, [empty]);
  const version = stepIn(sandbox, [kstops, "--version"]);
  const completion = { what: "`--version`", step: version, atMost: 1.3 };
  return [
    // Shows how much of a ratio may be noise, and how much memory the runtime alone takes.
    {
      command: "empty program",
      step: floor,
      against: [{ what: "empty program", step: floor }],
      children: 0,
    },
    {
      command: "`--version`",
      step: version,
      against: [{ what: "empty program", step: floor }],
      children: 0,
    },
    {
      command: "`--help`",
      step: stepIn(sandbox, [kstops, "--help"]),
      against: [{ what: "empty program", step: floor, atMost: 1.4 }],
      children: 0,
    },
    {
      command: "completing a flag",
      step: stepIn(sandbox, [kstops, "__complete", "fish", "list", "--"]),
      against: [completion],
      children: 0,
    },
    {
      command: "completing a session name",
      step: stepIn(sandbox, [kstops, "__complete", "fish", "status", ""]),
      against: [completion],
      children: 1,
    },
  ];
}

/** `start` and `stop`, beside one other session, so that no server is started or ended. */
function changing({ kstops }: Programs, sandbox: Sandbox): Subject[] {
  const name = "measured";
  const program = ["sleep", "3600"];
  const start = stepIn(sandbox, [kstops, "start", name, "--", ...program]);
  const startAtOnce = stepIn(sandbox, [kstops, "start", name, "--no-wait", "--", ...program]);
  const stop = stepIn(sandbox, [kstops, "stop", name]);
  const newSession = stepIn(sandbox, ["tmux", "new-session", "-d", "-s", name, ...program]);
  const killSession = stepIn(sandbox, ["tmux", "kill-session", "-t", `=${name}`]);
  const rawStart = {
    what: "`tmux new-session -d`",
    step: { ...newSession, after: [killSession] },
  };
  return [
    {
      command: "`start --no-wait`",
      step: { ...startAtOnce, after: [killSession] },
      against: [rawStart, {
        what: "the same, not recorded",
        step: { ...withoutRecord(startAtOnce), after: [killSession] },
        // 10 ms of some 30.
        atMost: 1.3,
      }],
      children: 2,
    },
    {
      command: "`start`, less its wait",
      step: { ...start, after: [killSession] },
      against: [rawStart],
      children: 2,
      waitMs: defaultSettings().startWaitMs,
      slow: true,
    },
    {
      command: "`stop`",
      step: { ...stop, before: [start] },
      against: [{
        what: "`tmux kill-session`",
        step: { ...killSession, before: [newSession] },
      }],
      children: null,
      slow: true,
    },
    printing(kstops, sandbox),
    following(kstops, sandbox),
  ];
}

/** A program prints in a session, and says when it is done. */
const PRINTING = "yes a line of forty bytes, newline and all. | head -c 30000000; echo > printed";

/** A program that prints 30 MB in a session, from its start to its end. */
function printing(kstops: string, sandbox: Sandbox): Subject {
  const name = "printing";
  const program = ["sh", "-c", PRINTING];
  const until = ["sh", "-c", "until [ -e printed ]; do sleep 0.01; done; rm printed"];
  return {
    command: "30 MB printed by a session, kept",
    step: {
      ...stepIn(sandbox, [kstops, "start", name, "--no-wait", "--quiet", "--", ...program], until),
      after: [stepIn(sandbox, [kstops, "stop", name, "--quiet"])],
    },
    against: [{
      what: "`tmux pipe-pane 'cat >> FILE'`",
      step: {
        ...stepIn(sandbox, [
          ...["tmux", "new-session", "-d", "-s", name, ...program],
          ...[";", "pipe-pane", "-t", `=${name}:`, "cat >> raw.log"],
        ], until),
        after: [stepIn(sandbox, ["rm", "raw.log"])],
      },
      // At least 0.9 of the throughput.
      atMost: 1.11,
    }],
    children: null,
    onlyTime: true,
    slow: true,
  };
}

/** Says that it is there, and prints a line once there is a file `go`. */
const TALKING = "echo ready; until [ -e go ]; do sleep 0.002; done; echo said; exec sleep 60";

/** From the moment when a program prints a line to the moment when a follower passes it on. */
function following(kstops: string, sandbox: Sandbox): Subject {
  const program = ["sh", "-c", TALKING];
  const follow = (command: string): Step =>
    stepIn(sandbox, [
      ...["sh", "-c"],
      `${command} >followed 2>/dev/null & echo $! >follower\n` +
      "until grep -q ready followed; do sleep 0.01; done",
    ]);
  const printed = stepIn(sandbox, [
    ...["sh", "-c"],
    "echo >go; until grep -q said followed; do sleep 0.002; done",
  ]);
  const over = stepIn(sandbox, ["sh", "-c", 'kill "$(cat follower)"; rm -f go followed raw.log']);
  return {
    command: "`logs -f`: a line, from its print to the reader",
    step: {
      ...printed,
      before: [
        stepIn(sandbox, [kstops, "start", "talk", "--no-wait", "--quiet", "--", ...program]),
        follow(`${kstops} logs -f talk`),
      ],
      after: [over, stepIn(sandbox, [kstops, "stop", "talk", "--quiet", "--force"])],
    },
    against: [{
      what: "`tmux pipe-pane 'cat >> FILE'`, `tail -f FILE`",
      step: {
        ...printed,
        before: [
          stepIn(sandbox, [
            ...["tmux", "new-session", "-d", "-s", "talk", ...program],
            ...[";", "pipe-pane", "-t", "=talk:", "cat >> raw.log"],
          ]),
          follow("tail -n +1 -F raw.log"),
        ],
        after: [over, stepIn(sandbox, ["tmux", "kill-session", "-t", "=talk"])],
      },
    }],
    children: null,
    onlyTime: true,
    slow: true,
  };
}

/** The same when the store of operations cannot be opened, since a directory is in its place. */
function withoutRecord(step: Step): Step {
  const state = `${step.workingDirectory}/unrecorded`;
  Deno.mkdirSync(`${state}/operations.db`, { recursive: true });
  return { ...step, env: { ...step.env, KSTOPS_STATE_DIR: state } };
}

function lists({ kstops, empty }: Programs, sandboxes: Sandboxes): Subject[] {
  const { one, twenty, twoHundred, thousand, fiveSockets } = sandboxes;
  return [["list"], ["list", "--json"]].flatMap((words) => {
    const list = [kstops, ...words];
    const name = `\`${words.join(" ")}\``;
    const subject = (
      sandbox: Sandbox,
      sessions: string,
      more: readonly Against[] = [],
    ): Subject => ({
      command: `${name}, ${sessions}`,
      step: stepIn(sandbox, list),
      against: [
        {
          what: "empty program",
          step: stepIn(sandbox, [empty]),
          ...(words.length === 2 && sandbox === twenty ? { atMost: 1.6 } : {}),
        },
        {
          what: "`tmux list-sessions`",
          step: stepIn(
            sandbox,
            ...socketNames(sandbox === fiveSockets ? SOCKETS : 1)
              .map((socket) => ["tmux", "-L", socket, "list-sessions"]),
          ),
        },
        ...more,
      ],
      children: sandbox === fiveSockets ? SOCKETS : 1,
    });
    return [
      subject(one, "1 session"),
      subject(twenty, "20 sessions"),
      subject(twoHundred, "200 sessions", [
        { what: `${name}, 1 session`, step: stepIn(one, list), atMost: 1.25 },
      ]),
      subject(thousand, "1,000 sessions", [
        { what: `${name}, 1 session`, step: stepIn(one, list) },
      ]),
      subject(fiveSockets, "20 sessions on 5 sockets"),
    ];
  });
}

/** `list` with a config, and the commands that look at one thing. */
async function lookingUp({ kstops, empty }: Programs, sandbox: Sandbox): Promise<Subject[]> {
  const log = await writeLargeLog(kstops, sandbox);
  return [
    ...await configured(kstops, sandbox),
    {
      command: "`status NAME`, 20 sessions",
      step: stepIn(sandbox, [kstops, "status", "session1"]),
      against: [{
        what: "`tmux list-panes -t NAME`",
        step: stepIn(sandbox, ["tmux", "list-panes", "-t", "=session1:"]),
      }],
      children: 1,
    },
    {
      command: "`why NAME`, 20 sessions",
      step: stepIn(sandbox, [kstops, "why", "session1"]),
      against: [{
        what: "`tmux list-panes -t NAME`",
        step: stepIn(sandbox, ["tmux", "list-panes", "-t", "=session1:"]),
      }],
      children: null,
    },
    ...["operations list", "config show", "config validate", "config schema", "doctor"].map(
      (words): Subject => ({
        command: `\`${words}\``,
        step: {
          ...stepIn(sandbox, [kstops, ...words.split(" ")]),
          env: { ...sandbox.env, KSTOPS_CONFIG: `${sandbox.directory}/all.yml` },
        },
        against: [{ what: "empty program", step: stepIn(sandbox, [empty]) }],
        children: null,
      }),
    ),
    {
      command: "`logs NAME`, 100 lines of 2 MB",
      step: stepIn(sandbox, [kstops, "logs", LOUD]),
      against: [{ what: "`tail -n 100 FILE`", step: stepIn(sandbox, ["tail", "-n", "100", log]) }],
      children: 1,
    },
  ];
}

/** `list -q` with configs of 2 kB and 1 MB: the difference to no config is the time of reading. */
async function configured(kstops: string, sandbox: Sandbox): Promise<Subject[]> {
  const names = stepIn(sandbox, [kstops, "list", "-q"]);
  const subjects: Subject[] = [];
  for (
    const { size, sessions } of [{ size: "2 kB", sessions: 16 }, { size: "1 MB", sessions: 8000 }]
  ) {
    const directory = `${sandbox.directory}/with-${sessions}`;
    await Deno.mkdir(directory);
    await Deno.writeTextFile(`${directory}/kstops.yml`, configWith(sessions));
    subjects.push({
      command: `\`list -q\` with a \`kstops.yml\` of ${size}`,
      step: { ...names, workingDirectory: directory },
      against: [{ what: "`list -q` without", step: names }],
      children: 1,
    });
  }
  return subjects;
}

function configWith(sessions: number): string {
  const entries = Array.from({ length: sessions }, (_, index) =>
    `    worker${index + 1}:
      command: "python3 -m http.server 80${index % 90 + 10}"
      working_dir: /tmp
      env: { LEVEL: debug, NUMBER: ${index} }
`);
  return `ops:\n  sessions:\n${entries.join("")}`;
}

/** The session whose output is read, and what it prints: 300,000 lines, 2 MB. */
const LOUD = "loud";
const LOUD_COMMAND = ["sh", "-c", "seq 300000; echo the end; exec sleep 3600"];

/** Starts the session, and returns the path of its log. */
async function writeLargeLog(kstops: string, sandbox: Sandbox): Promise<string> {
  run(stepIn(sandbox, [kstops, "start", LOUD, "--no-wait", "--quiet", "--", ...LOUD_COMMAND]));
  const directory = `${sandbox.env["XDG_STATE_HOME"]}/kstops/logs/${LOUD}`;
  const [file] = Array.from(Deno.readDirSync(directory), ({ name }) => `${directory}/${name}`)
    .filter((path) => path.endsWith(".log"));
  if (file === undefined) throw new ProgramError("kstops keeps no output of sessions here");
  await waitFor(async () => {
    const { stdout } = await new Deno.Command("tail", { args: ["-n", "1", file] }).output();
    return new TextDecoder().decode(stdout).trim() === "the end";
  }, "a large log");
  return file;
}

// --- measuring -----------------------------------------------------------------------------------

async function resultOf(
  { command, step, against, children, waitMs = 0, onlyTime = false, slow }: Subject,
  { pairs, directory, signal }: Measuring,
): Promise<Result> {
  const rounds = slow ? Math.ceil(pairs * SLOW_PART) : pairs;
  const counted = onlyTime ? null : await childrenOf(step, `${directory}/counting`);
  if (counted === null && !onlyTime) return { command, figures: null };
  const memory = onlyTime ? null : peakMemory(step);
  const comparisons = [];
  for (const { what, step: other, atMost = null } of against) {
    const comparison = await compare(step, other, { rounds, waitMs, signal });
    comparisons.push({ ...comparison, against: what, atMost });
  }
  return {
    command,
    figures: {
      comparisons,
      children: { value: counted, atMost: children },
      memory: { value: memory, atMost: MEMORY_AT_MOST_MIB },
    },
  };
}

/** Null: this kstops does not have the command (exit status 2 is a usage error). */
async function childrenOf(step: Step, directory: string): Promise<number | null> {
  try {
    return await countChildren(step, directory);
  } catch (error) {
    if (error instanceof RunError && error.exitCode === 2) return null;
    throw error;
  }
}

/** What readers of the table need to know. */
async function circumstances({ kstops, empty }: Programs, pairs: number): Promise<string> {
  const said = async (program: string, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await new Deno.Command(program, { args: [...args] }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const sizes = [kstops, empty].map((path) => `${Math.round(Deno.statSync(path).size / 1e6)} MB`);
  return [
    `${await said(kstops, "--version")} (${sizes.join(", an empty program ")})`,
    await said("tmux", "-V"),
    ...await Promise.all(["podman", "docker"].map((each) => said(each, "--version"))),
    await systemName(),
    `${navigator.hardwareConcurrency} cores (${await processorName()})`,
    `${pairs} pairs for each ratio`,
  ].join(", ");
}

async function systemName(): Promise<string> {
  const name = await lineOf("/etc/os-release", /^PRETTY_NAME="?(.*?)"?$/m);
  return name ?? `${Deno.build.os} ${Deno.osRelease()}`;
}

async function processorName(): Promise<string> {
  return await lineOf("/proc/cpuinfo", /^model name\s*: (.*)$/m) ?? Deno.build.arch;
}

async function lineOf(path: string, pattern: RegExp): Promise<string | null> {
  try {
    return pattern.exec(await Deno.readTextFile(path))?.[1] ?? null;
  } catch {
    return null; // Only Linux has it.
  }
}

Deno.exit(await main());
