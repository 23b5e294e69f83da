/**
 * One suite that every backend must pass on its real engine. A backend joins it with a
 * {@link Harness}: see `tmux_test.ts`.
 *
 * The programs of these tests are scripts of a POSIX `sh`, and talk to the test through files of a
 * directory that both see at the same path.
 */
import { joined } from "../../src/logs/lines.ts";
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Runner, Session } from "../../src/backends/backend.ts";
import { ERRORS } from "../../src/errors.ts";
import type { LogStore } from "../../src/logs/store.ts";
import {
  type Definition,
  howItEnded,
  type Owner,
  type SessionStatus,
  STOP_SIGNALS,
  type StopSignal,
} from "../../src/model.ts";
import { writeExecutable } from "../support/executable.ts";
import { waitFor } from "../support/tmux.ts";
import { failure } from "../support/failure.ts";
import { LIMIT_MS } from "../support/limits.ts";

/** What a test wants to run; the rest is for the backend to fill in. */
export interface Wanted {
  readonly name: string;
  readonly argv: readonly string[];
  /** Nothing unless told. */
  readonly env?: Readonly<Record<string, string>>;
  /** {@link SuiteTest.directory} unless told. */
  readonly workingDir?: string;
  /** What the backend takes by itself unless told. */
  readonly stopSignal?: StopSignal;
  /** 10 unless told. */
  readonly stopTimeoutSeconds?: number;
  readonly protected?: boolean;
  /** Nobody unless told. */
  readonly owner?: Owner;
}

/** What a test of the suite works with. */
export interface SuiteTest {
  readonly runner: Runner;
  readonly logs: LogStore;
  /** An empty directory that programs see at the same path, and may write to. */
  readonly directory: string;
  readonly define: (wanted: Wanted) => Definition;
}

/** How an engine joins the suite. */
export interface Harness {
  /** Name of the engine, for the names of the tests. */
  readonly engine: string;
  /** Whether all tests are ignored, since the engine is missing. */
  readonly ignore: boolean;
  /** Name of Python where sessions have one; its tests are ignored without. */
  readonly python: string | null;
  /**
   * Whether programs run in a machine of their own: with an init as their first process, which is the
   * one that the engine knows, with directories of their own, and with an end for all processes when
   * the first one ends.
   */
  readonly isolated: boolean;
  /** Shortest name that the engine takes. */
  readonly shortestName: number;
  /** Gives a test its private engine, and clears up. */
  readonly within: (body: (t: SuiteTest) => Promise<void>) => Promise<void>;
}

/** Registers every promise of the {@link Runner} interface as a test. */
export function runnerSuite(harness: Harness): void {
  const test: Register = (name, body, options = {}) => {
    Deno.test({
      name: `${harness.engine}: ${name}`,
      ignore: harness.ignore || (options.ignore ?? false),
      fn: () => harness.within(body),
    });
  };
  whatAProgramGets(test);
  startTellsTheTruth(test, harness);
  startOverAnother(test);
  stopEndsTheProgram(test, harness);
  stopEndsTheTree(test, harness);
  logsAreWhatWasPrinted(test);
  namesAreExact(test, harness);
}

type Register = (
  name: string,
  body: (t: SuiteTest) => Promise<void>,
  options?: { readonly ignore?: boolean },
) => void;

// --- helpers -------------------------------------------------------------------------------------

/** A name that no stranger's session has: engines are shared. */
export function unique(name: string): string {
  return `${name}-${crypto.randomUUID().slice(0, 8)}`;
}

/** A script, with its arguments. */
export function sh(script: string, ...args: readonly string[]): string[] {
  return ["sh", "-c", script, "sh", ...args];
}

/** The session of exactly that name; null where there is none. */
export async function find(runner: Runner, name: string): Promise<Session | null> {
  const surveys = await runner.survey({});
  const found = surveys.flatMap(({ sessions }) => sessions).filter(({ status }) =>
    status.name === name
  );
  ok(found.length < 2, `${name} was found ${found.length} times`);
  return found[0] ?? null;
}

/** The same, and its absence is a failure of the test. */
export async function existing(runner: Runner, name: string): Promise<Session> {
  const session = await find(runner, name);
  ok(session, `there is no ${name}`);
  return session;
}

/** The session, once it is `exited`. */
export async function ended(runner: Runner, name: string): Promise<Session> {
  return await waitFor(async () => {
    const session = await existing(runner, name);
    return session.status.state === "exited" && session;
  }, `the end of ${name}`);
}

/** What was printed, as text. */
export async function printed(session: Session, lines = Infinity): Promise<string> {
  return new TextDecoder("utf-8", { fatal: true }).decode(await session.logs({ lines }));
}

/** The text of a file of the test's directory, once it is there. */
function fileText(path: string): Promise<string> {
  return waitFor(() => Deno.readTextFile(path), path);
}

/** Living processes of this machine whose arguments, joined by blanks, are exactly these. */
export async function processesOf(args: string): Promise<readonly number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eww", "-o", "pid=,stat=,args="] })
    .output();
  const pids: number[] = [];
  for (const line of new TextDecoder().decode(stdout).split("\n")) {
    const found = /^ *(\d+) +(\S+) +(.*)$/.exec(line);
    if (found && !found[2]?.startsWith("Z") && found[3] === args) pids.push(Number(found[1]));
  }
  return pids;
}

/** Pids of the processes that a process has started. */
async function children(parent: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-e", "-o", "pid=,ppid="] }).output();
  const rows = new TextDecoder().decode(stdout).trim().split("\n");
  return rows.map((row) => row.trim().split(/ +/).map(Number)).flatMap(([pid, of]) =>
    pid !== undefined && of === parent ? [pid] : []
  );
}

/** A `sleep` that no stranger runs, to be recognized by its argument. */
function uniqueSleep(): string {
  return `sleep ${100_000 + crypto.getRandomValues(new Uint32Array(1))[0]! % 900_000_000}`;
}

/** The pid as a program in its own pid namespace sees it. */
async function ownPid(pid: number): Promise<number> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    return Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1] ?? pid);
  } catch {
    return pid; // Not Linux.
  }
}

function isRecent(time: Date | null): boolean {
  // Engines may know whole seconds only.
  return time !== null && Math.abs(Date.now() - time.getTime()) < 60_000;
}

const FORCE = { timeoutSeconds: null, force: true };
const AS_DEFINED = { timeoutSeconds: null, force: false };

// --- start ---------------------------------------------------------------------------------------

/** What shells, formats, `strftime` and separators could do harm to. */
export const TRICKY_WORDS: readonly string[] = [
  "two  words",
  `it's "quoted"`,
  "ends in ;",
  ";",
  "\\;",
  "\\",
  "ends in \\",
  "#{pid} #S #(id) #[fg=red] ##",
  "%Y-%m-%d %%",
  "~",
  "~/x",
  "$HOME ${HOME} $(id) `id` $$",
  "",
  "-x",
  "--",
  "{ } [ ] * ? !",
  "näme 日本語 🚀",
  "a\nb\n",
  "a\\\nb",
  "tab\there",
  "\r\n",
  "'",
  "\u0001\u007f",
  "%if 1",
  "x".repeat(20_000),
];

const WRITE_ARGUMENTS = `out=$1; shift; printf '%s\\0' "$@" > "$out.new" && mv "$out.new" "$out"`;

function whatAProgramGets(test: Register): void {
  test("arguments reach the program exactly", async ({ runner, define, directory }) => {
    const out = `${directory}/arguments`;
    const argv = sh(WRITE_ARGUMENTS, out, ...TRICKY_WORDS);
    const status = await runner.start(define({ name: unique("args"), argv }), { waitMs: LIMIT_MS });
    equal(status.exitCode, 0);
    deepEqual((await Deno.readTextFile(out)).split("\0").slice(0, -1), TRICKY_WORDS);
    deepEqual(status.command, argv);
  });

  test("a program's name and path may hold anything", async ({ runner, define, directory }) => {
    for (const file of ["it's #{pid} %Y;", "#[x] $(id)", "prögram -x"]) {
      const [program, out] = [`${directory}/${file}`, `${directory}/out`];
      await writeExecutable(program, `#!/bin/sh\nprintf %s "$0" > "$1"\n`);
      const argv = [program, out];
      await runner.start(define({ name: unique("path"), argv }), { waitMs: LIMIT_MS });
      equal(await Deno.readTextFile(out), program);
    }
  });

  test("values of variables reach the program exactly", async ({ runner, define, directory }) => {
    const env = Object.fromEntries([
      ...TRICKY_WORDS.map((word, index) => [`VALUE_${index}`, word]),
      ["lower_case", "value"],
      ["LONG", "x'\"\n\\".repeat(32_768 / 5)],
    ]);
    const argv = sh(`env -0 > env.new && mv env.new env`);
    const status = await runner.start(define({ name: unique("env"), argv, env }), {
      waitMs: LIMIT_MS,
    });
    equal(status.exitCode, 0);
    const got = await environmentIn(`${directory}/env`);
    for (const [key, value] of Object.entries(env)) equal(got[key], value, key);
  });

  test("variables that the engine or a shell would set are the definition's", async (t) => {
    const { runner, define, directory } = t;
    const env = {
      PATH: `/opt/mine:/usr/local/bin:/usr/bin:/bin`,
      HOME: "/opt/home",
      TERM: "dumb",
      SHELL: "/opt/shell",
      LANG: "C",
      LC_ALL: "C",
      TZ: "Asia/Tokyo",
      COLUMNS: "33",
      PS1: "> ",
      ENV: "/opt/env",
    };
    const argv = sh(`env -0 > env.new && mv env.new env`);
    await runner.start(define({ name: unique("env"), argv, env }), { waitMs: LIMIT_MS });
    const got = await environmentIn(`${directory}/env`);
    for (const [key, value] of Object.entries(env)) equal(got[key], value, key);
  });

  test("the working directory is exactly the one asked for", async (t) => {
    const { runner, define, directory } = t;
    const names = [
      "two  words",
      `it's "quoted" \\`,
      "#{session_name} #S",
      "#[fg=red] ##[x] ###",
      "%Y",
      "näme 日本語",
      "$HOME `id` ;",
    ];
    await Promise.all(names.map(async (name) => {
      const workingDir = `${directory}/${name}`;
      await Deno.mkdir(workingDir);
      const argv = sh("pwd -P > pwd.new && mv pwd.new pwd");
      const status = await runner.start(define({ name: unique("dir"), argv, workingDir }), {
        waitMs: LIMIT_MS,
      });
      equal(await Deno.readTextFile(`${workingDir}/pwd`), `${workingDir}\n`);
      equal(status.workingDir, workingDir);
    }));
  });

  test("a definition survives in the engine, for a restart", async ({ runner, define }) => {
    const definitions = [
      define({
        name: unique("full"),
        argv: ["sleep", "60"],
        env: Object.fromEntries(TRICKY_WORDS.map((word, index) => [`VALUE_${index}`, word])),
        stopSignal: "SIGUSR1",
        stopTimeoutSeconds: 3,
        protected: true,
      }),
      define({ name: unique("words"), argv: sh("exec sleep 60", ...TRICKY_WORDS) }),
      define({
        name: unique("many"),
        argv: ["sleep", "60"],
        // As many, and as long, as are allowed.
        env: Object.fromEntries(
          Array.from({ length: 100 }, (_, n) => [`KEY_${n}_`.padEnd(128, "X"), `value ${n}`]),
        ),
      }),
    ];
    await Promise.all(definitions.map(async (definition) => {
      await runner.start(definition, { waitMs: 0 });
      deepEqual(await (await existing(runner, definition.name)).definition(), definition);
    }));
  });

  test("protection is recorded on the session itself", async ({ runner, define }) => {
    const [guarded, plain] = [unique("guarded"), unique("plain")];
    const argv = ["sleep", "60"];
    await runner.start(define({ name: guarded, argv, protected: true }), { waitMs: 0 });
    await runner.start(define({ name: plain, argv }), { waitMs: 0 });
    equal((await existing(runner, guarded)).protected, true);
    equal((await existing(runner, plain)).protected, false);
  });

  test("whose it is, is recorded on the session and of its run", async (t) => {
    const { runner, logs, define } = t;
    const name = unique("owned");
    const owner = { project: "bots", configFile: "/srv/the bots'/é/kstops.yml" };
    const definition = define({ name, argv: ["sleep", "60"], owner });
    await runner.start(definition, { waitMs: 0 });
    const { status, definition: recorded } = await existing(runner, name);
    deepEqual([status.project, status.configFile], [owner.project, owner.configFile]);
    deepEqual((await recorded())?.owner, owner);
    deepEqual((await logs.newestRuns(name))[0]?.begun?.owner, owner);
  });
}

async function environmentIn(path: string): Promise<Readonly<Record<string, string>>> {
  const pairs = (await fileText(path)).split("\0").slice(0, -1);
  return Object.fromEntries(pairs.map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)];
  }));
}

function startTellsTheTruth(test: Register, { isolated }: Harness): void {
  test("a running session says so, and knows its own pid", async (t) => {
    const { runner, define, directory } = t;
    const name = unique("astro");
    const argv = sh(`echo $$ > pid.new && mv pid.new pid; exec sleep 60`);
    const status = await runner.start(define({ name, argv }), { waitMs: 100 });
    equal(status.state, "running");
    equal(status.name, name);
    equal(status.backend, runner.backend);
    equal(status.managed, true);
    deepEqual(status.command, argv);
    equal(status.workingDir, directory);
    ok(isRecent(status.createdAt), `created at ${status.createdAt}`);
    for (const key of ["exitCode", "signal", "finishedAt", "reason"] as const) {
      equal(status[key], null, key);
    }
    const pid = status.pid ?? 0;
    const own = Number(await fileText(`${directory}/pid`));
    equal(await ownPid(pid), isolated ? 1 : own);
    const sleeping = await processesOf("sleep 60");
    const program = isolated ? await children(pid) : [pid];
    equal(program.length, 1);
    deepEqual(await Promise.all(program.map(ownPid)), [own]);
    ok(program.every((each) => sleeping.includes(each)), `${program} in ${sleeping}`);
    deepEqual((await existing(runner, name)).status, status);
  });

  test("a program that fails at once is a failed start, and stays for logs and status", async (t) => {
    const { runner, define } = t;
    const name = unique("astro");
    const argv = sh("echo one; echo two >&2; exit 3");
    const error = await failure(runner.start(define({ name, argv }), { waitMs: LIMIT_MS }));
    equal(error.code, "start_failed");
    equal(error.details["exit_code"], 3);
    equal(error.details["signal"], null);
    deepEqual(error.details["output"], ["one", "two"]);
    const session = await existing(runner, name);
    equal(session.status.state, "exited");
    equal(session.status.exitCode, 3);
    equal(session.status.signal, null);
    equal(session.status.pid, null);
    equal(session.status.managed, true);
    ok(isRecent(session.status.finishedAt), `finished at ${session.status.finishedAt}`);
    equal(await printed(session), "one\ntwo\n");
  });

  test("a failed start shows the last lines only", async ({ runner, define }) => {
    const argv = sh("for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n; done; exit 1");
    const error = await failure(
      runner.start(define({ name: unique("astro"), argv }), { waitMs: LIMIT_MS }),
    );
    deepEqual(error.details["output"], "3 4 5 6 7 8 9 10 11 12".split(" "));
  });

  test("a program that succeeds at once has started, and is exited", async (t) => {
    const { runner, define } = t;
    const name = unique("migrate");
    const status = await runner.start(define({ name, argv: ["true"] }), { waitMs: LIMIT_MS });
    equal(status.state, "exited");
    equal(status.exitCode, 0);
    deepEqual((await existing(runner, name)).status, status);
    equal(await printed(await existing(runner, name)), "");
  });

  test("the end of a program is told as it was, by code and signal", async (t) => {
    const { runner, define } = t;
    const ends: readonly (readonly [string, number])[] = [
      ["exit 0", 0],
      ["exit 1", 1],
      ["exit 255", 255],
      ["exit 130", 130],
      ["exit 128", 128],
      ["exit 200", 200],
      ["kill -KILL $$", 137],
      ["kill -SEGV $$", 139],
      ["kill -TERM $$", 143],
      ["kill -HUP $$", 129],
      ["kill -INT $$", 130],
      ["kill -USR1 $$", 138],
      ["kill -PIPE $$", 141],
      ["kill -ALRM $$", 142],
    ];
    await Promise.all(ends.map(async ([script, exitCode]) => {
      const name = unique("end");
      await runner.start(define({ name, argv: sh(`ulimit -c 0; ${script}`) }), { waitMs: 0 });
      const session = await ended(runner, name);
      const { signal } = howItEnded(exitCode);
      deepEqual([session.status.exitCode, session.status.signal], [exitCode, signal], script);
      // Nobody says `Killed` in its name.
      equal(await printed(session), "", script);
    }));
  });

  test("a start without waiting returns at once", async ({ runner, define }) => {
    const name = unique("astro");
    const status = await runner.start(define({ name, argv: sh("exit 3") }), { waitMs: 0 });
    equal(status.state, "running");
    equal(status.name, name);
    equal((await ended(runner, name)).status.exitCode, 3);
  });

  test("a program that fails within the wait is a failed start", async ({ runner, define }) => {
    const argv = sh("sleep 0.3; exit 4");
    const error = await failure(
      runner.start(define({ name: unique("astro"), argv }), { waitMs: LIMIT_MS }),
    );
    equal(error.code, "start_failed");
    equal(error.details["exit_code"], 4);
  });

  test("a program that ends after the wait has started", async (t) => {
    const { runner, define, directory } = t;
    const name = unique("astro");
    const argv = sh("until [ -e go ]; do sleep 0.05; done; exit 5");
    const { state } = await runner.start(define({ name, argv }), { waitMs: 100 });
    equal(state, "running");
    await Deno.writeTextFile(`${directory}/go`, "");
    const { status } = await ended(runner, name);
    equal(status.exitCode, 5);
    ok(isRecent(status.finishedAt));
  });

  test("what cannot be executed is a failed start, and nothing is left", async (t) => {
    const { runner, define, directory, logs } = t;
    await Deno.writeTextFile(`${directory}/plain`, "#!/bin/sh\n", { mode: 0o644 });
    await writeExecutable(`${directory}/bad`, "#!/no/such/interpreter\n");
    await Deno.mkdir(`${directory}/folder`);
    const refused: Record<string, string> = {
      "a command that is not there": "no-such-command",
      "a path that is not there": "/no/such/program",
      "a relative path that is not there": "./missing",
      "a file that is not executable": "./plain",
      "a directory": `${directory}/folder`,
      "an interpreter that is not there": `${directory}/bad`,
    };
    await Promise.all(
      Object.entries(refused).map(async ([why, program]) => {
        const name = unique("astro");
        const definition = define({ name, argv: [program, "x"] });
        const error = await failure(runner.start(definition, { waitMs: LIMIT_MS }));
        equal(error.code, "start_failed", why);
        ok(error.message.startsWith(`Cannot start "${name}": `), error.message);
        ok(error.message.includes(program.replace("./", "")), error.message);
        ok(error.hint, why);
        equal(await find(runner, name), null, why);
        deepEqual(await logs.outputs(name), [], why);
      }),
    );
  });
}

function startOverAnother(test: Register): void {
  test("a start over a running session is refused, and that one goes on", async (t) => {
    const { runner, define } = t;
    const name = unique("astro");
    const first = await runner.start(define({ name, argv: ["sleep", "60"] }), { waitMs: 50 });
    for (const argv of [["sleep", "61"], ["true"]]) {
      const error = await failure(runner.start(define({ name, argv }), { waitMs: 0 }));
      equal(error.code, "session_exists");
      equal(ERRORS[error.code].exit, 6);
    }
    const { status } = await existing(runner, name);
    deepEqual(status, first);
    await (await existing(runner, name)).stop(FORCE);
  });

  test("a start over an exited session replaces it with the fresh definition", async (t) => {
    const { runner, define, directory } = t;
    const name = unique("astro");
    await failure(
      runner.start(define({ name, argv: sh("echo old; exit 3") }), { waitMs: LIMIT_MS }),
    );
    const workingDir = `${directory}/fresh`;
    await Deno.mkdir(workingDir);
    const fresh = define({
      name,
      argv: sh(`echo "new $KEY"; exec sleep 60`),
      env: { KEY: "value" },
      workingDir,
      protected: true,
    });
    const status = await runner.start(fresh, { waitMs: 100 });
    equal(status.state, "running");
    equal(status.exitCode, null);
    equal(status.finishedAt, null);
    const session = await existing(runner, name);
    deepEqual(await session.definition(), fresh);
    equal(session.protected, true);
    await waitFor(async () => await printed(session) === "new value\n", "the new output");
  });

  test("of many starts of one name at once exactly one wins", async ({ runner, define }) => {
    const name = unique("astro");
    const race = async (): Promise<void> => {
      const starts = Array.from(
        { length: 12 },
        (_, n) => runner.start(define({ name, argv: ["sleep", `${100 + n}`] }), { waitMs: 50 }),
      );
      const results = await Promise.allSettled(starts);
      const won = results.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
      const lost = results.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
      for (const error of lost) equal(error.code, "session_exists", error.message);
      equal(won.length, 1);
      const { status } = await existing(runner, name);
      deepEqual(status, won[0]);
    };
    await race();
    await (await existing(runner, name)).stop(FORCE);
    equal(await find(runner, name), null);
    await failure(runner.start(define({ name, argv: sh("exit 3") }), { waitMs: LIMIT_MS }));
    await race();
    await (await existing(runner, name)).stop(FORCE);
  });
}

// --- stop ----------------------------------------------------------------------------------------

function stopEndsTheProgram(test: Register, harness: Harness): void {
  test("a program that catches the signal gets its time, and its exit code", async (t) => {
    const { runner, define, logs } = t;
    const name = unique("bot");
    const script = "trap 'sleep 1; echo bye; exit 0' INT\necho ready\nwhile :; do sleep 0.1; done";
    await startedAndReady(t, define({ name, argv: sh(script), stopSignal: "SIGINT" }));
    const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
    equal(stopped.state, "stopped");
    equal(stopped.exitCode, 0);
    equal(stopped.signal, null);
    equal(stopped.pid, null);
    equal(stopped.name, name);
    ok(isRecent(stopped.finishedAt));
    equal(await find(runner, name), null);
    equal(await keptText(logs, name), "ready\nbye\n");
  });

  test("a Python bot that catches KeyboardInterrupt gets its second", async (t) => {
    const { runner, define, logs } = t;
    const name = unique("bot");
    const script = [
      "import time",
      "try:",
      "    print('ready', flush=True)",
      "    time.sleep(60)",
      "except KeyboardInterrupt:",
      "    time.sleep(1)",
      "    print('bye', flush=True)",
    ].join("\n");
    const argv = [harness.python ?? "", "-c", script];
    await startedAndReady(t, define({ name, argv, stopSignal: "SIGINT" }));
    const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
    equal(stopped.exitCode, 0);
    equal((await keptText(logs, name)).replace("^C", ""), "ready\nbye\n");
  }, { ignore: harness.python === null });

  test("the stop signal of the definition is the one that is sent", async (t) => {
    const { runner, define, logs } = t;
    await Promise.all(STOP_SIGNALS.map(async (stopSignal) => {
      const name = unique("bot");
      const traps = ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"].map((signal) =>
        `trap 'echo SIG${signal}; exit 7' ${signal}`
      );
      const script = `${traps.join("\n")}\necho ready\nwhile :; do sleep 0.1; done`;
      await startedAndReady(t, define({ name, argv: sh(script), stopSignal }));
      const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
      const killed = stopSignal === "SIGKILL";
      equal(stopped.exitCode, killed ? 137 : 7, stopSignal);
      equal(stopped.signal, killed ? "SIGKILL" : null, stopSignal);
      const lines = (await keptText(logs, name)).split("\n").filter((line) =>
        // The end of its first process hangs up the terminal of a container, too.
        line.startsWith("SIG") && !(killed && line === "SIGHUP")
      );
      deepEqual(lines, killed ? [] : [stopSignal]);
    }));
  });

  test("a program that ends by the signal is told so", async ({ runner, define }) => {
    const name = unique("astro");
    await runner.start(define({ name, argv: ["sleep", "60"], stopSignal: "SIGINT" }), {
      waitMs: 100,
    });
    const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
    equal(stopped.exitCode, 130);
    equal(stopped.signal, "SIGINT");
  });

  test("a program that ignores everything but KILL is gone after the timeout", async (t) => {
    const { runner, define } = t;
    const ignoring = "trap '' INT TERM HUP QUIT USR1 USR2\necho ready\nwhile :; do sleep 1; done";
    const [byFlag, byDefinition] = [unique("deaf"), unique("deaf")];
    await Promise.all([
      startedAndReady(t, define({ name: byFlag, argv: sh(ignoring) })),
      startedAndReady(
        t,
        define({ name: byDefinition, argv: sh(ignoring), stopTimeoutSeconds: 1 }),
      ),
    ]);
    const stopped = await Promise.all([
      (await existing(runner, byFlag)).stop({ timeoutSeconds: 1, force: false }),
      (await existing(runner, byDefinition)).stop(AS_DEFINED),
    ]);
    for (const { exitCode, signal } of stopped) {
      equal(exitCode, 137);
      equal(signal, "SIGKILL");
    }
    for (const name of [byFlag, byDefinition]) equal(await find(runner, name), null);
  });

  test("a stop by force asks nobody", async (t) => {
    const { runner, define, logs } = t;
    const name = unique("bot");
    const script = "trap 'echo asked; exit 0' INT TERM\necho ready\nwhile :; do sleep 0.1; done";
    await startedAndReady(t, define({ name, argv: sh(script) }));
    const stopped = await (await existing(runner, name)).stop(FORCE);
    equal(stopped.exitCode, 137);
    equal(stopped.signal, "SIGKILL");
    equal(await find(runner, name), null);
    ok(!(await keptText(logs, name)).includes("asked"));
  });

  test("the stop of an exited session removes it, and keeps its exit code", async (t) => {
    const { runner, define } = t;
    const name = unique("astro");
    await failure(runner.start(define({ name, argv: sh("exit 3") }), { waitMs: LIMIT_MS }));
    const { status } = await existing(runner, name);
    const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
    equal(stopped.state, "stopped");
    equal(stopped.exitCode, 3);
    deepEqual(stopped.finishedAt, status.finishedAt);
    equal(await find(runner, name), null);
  });

  test("a program that ended before its stop keeps its exit code", async (t) => {
    const { runner, define, directory } = t;
    const name = unique("astro");
    const argv = sh("echo ready; until [ -e go ]; do sleep 0.05; done; exit 4");
    const session = await startedAndReady(t, define({ name, argv }));
    await Deno.writeTextFile(`${directory}/go`, "");
    await ended(runner, name);
    // It was running when it was looked up.
    const stopped = await session.stop(AS_DEFINED);
    deepEqual([stopped.state, stopped.exitCode, stopped.signal], ["stopped", 4, null]);
  });

  test("two stops at once both succeed, beside other sessions and alone", async (t) => {
    const { runner, define } = t;
    const argv = sh("trap 'exit 5' INT\necho ready\nwhile :; do sleep 0.1; done");
    const names = [unique("one"), unique("two")];
    for (const name of names) {
      await startedAndReady(t, define({ name, argv, stopSignal: "SIGINT" }));
    }
    for (const name of names) {
      const session = await existing(runner, name);
      const stopped = await Promise.all([session.stop(AS_DEFINED), session.stop(AS_DEFINED)]);
      // The other one may have come too late to learn how it ended, but never says anything else.
      const codes = new Set(stopped.map(({ exitCode }) => exitCode));
      codes.delete(null);
      deepEqual([...codes], [5]);
      for (const each of stopped) equal(each.name, name);
      equal(await find(runner, name), null);
    }
  });

  test("after a stop the name is free at once", async ({ runner, define, logs }) => {
    const name = unique("astro");
    for (let round = 0; round < 3; round++) {
      const argv = sh(`echo round ${round}; exec sleep 60`);
      const { state } = await runner.start(define({ name, argv }), { waitMs: 50 });
      equal(state, "running");
      const session = await existing(runner, name);
      await waitFor(() => printed(session), "its output");
      await session.stop(AS_DEFINED);
      equal(await keptText(logs, name), `round ${round}\n`);
    }
  });
}

/** Starts a session and waits until its program has printed `ready`. */
async function startedAndReady({ runner }: SuiteTest, definition: Definition): Promise<Session> {
  await runner.start(definition, { waitMs: 0 });
  return await waitFor(async () => {
    const session = await existing(runner, definition.name);
    return (await printed(session)).startsWith("ready\n") && session;
  }, `${definition.name} to be ready`);
}

/** What is kept of the newest run of a session that may be gone. */
async function keptText(logs: LogStore, name: string): Promise<string> {
  const output = (await logs.outputs(name)).at(-1) ?? "";
  return new TextDecoder().decode(await logs.read(output, { lines: Infinity }));
}

function stopEndsTheTree(test: Register, { isolated }: Harness): void {
  /** Scripts that leave `$SLEEP` running somewhere, and go on themselves. */
  const trees: Record<string, string> = {
    "background children": "$SLEEP &",
    "grandchildren in their own process session": "setsid $SLEEP &",
    "daemons, which have lost their parent": "(setsid $SLEEP &)",
    "children that ignore hang-ups": "(trap '' HUP; exec $SLEEP) &",
    "children that ignore every signal but KILL": "(trap '' INT HUP TERM; exec $SLEEP) &",
    // A process that has neither its parent nor its variables any more cannot be told from a
    // stranger's: only what still has one of the two is promised to go.
    "children without variables in their own process session": "env -i setsid $SLEEP &",
  };
  for (const [what, script] of Object.entries(trees)) {
    test(`a stop ends ${what}`, async (t) => {
      const { runner, define } = t;
      const sleeps = { graceful: uniqueSleep(), forced: uniqueSleep() };
      await Promise.all(
        Object.entries(sleeps).map(async ([how, sleep]) => {
          const name = unique("tree");
          const argv = sh(`SLEEP='${sleep}'\n${script}\necho ready\nexec sleep 60`);
          const session = await startedAndReady(t, define({ name, argv, stopTimeoutSeconds: 2 }));
          await waitFor(async () => (await processesOf(sleep)).length === 1, sleep);
          await session.stop({ timeoutSeconds: null, force: how === "forced" });
          deepEqual(await processesOf(sleep), []);
          equal(await find(runner, name), null);
        }),
      );
    });
  }

  test("the stop of an exited session ends what it left running", async (t) => {
    const { runner, define } = t;
    const [name, sleep] = [unique("left"), uniqueSleep()];
    const argv = sh(`(setsid ${sleep} >/dev/null 2>&1 &)\necho ready`);
    await runner.start(define({ name, argv }), { waitMs: 0 });
    await ended(runner, name);
    const left = isolated ? 0 : 1;
    await waitFor(async () => (await processesOf(sleep)).length === left, sleep);
    const stopped = await (await existing(runner, name)).stop(AS_DEFINED);
    equal(stopped.exitCode, 0);
    deepEqual(await processesOf(sleep), []);
  });

  test("a program that is halted by SIGSTOP is ended, with its children", async (t) => {
    const { runner, define } = t;
    const names = [unique("still"), unique("still")];
    await Promise.all(names.map(async (name, index) => {
      const sleep = uniqueSleep();
      const argv = sh(`echo ready\n${sleep} &\nexec ${sleep}`);
      const session = await startedAndReady(t, define({ name, argv, stopTimeoutSeconds: 1 }));
      await waitFor(async () => (await processesOf(sleep)).length === 2, sleep);
      for (const pid of await processesOf(sleep)) Deno.kill(pid, "SIGSTOP");
      await session.stop({ timeoutSeconds: null, force: index === 1 });
      deepEqual(await processesOf(sleep), []);
      equal(await find(runner, name), null);
    }));
  });

  test("a stop leaves the other sessions alone", async (t) => {
    const { runner, define } = t;
    const names = [unique("one"), unique("two"), unique("three")];
    const [sleepOne, sleepTwo] = [uniqueSleep(), uniqueSleep()];
    const tree = (sleep: string) => sh(`setsid ${sleep} &\necho ready\nexec sleep 60`);
    const [one, two, three] = names as [string, string, string];
    await startedAndReady(t, define({ name: one, argv: tree(sleepOne) }));
    await startedAndReady(t, define({ name: two, argv: tree(sleepTwo) }));
    await runner.start(define({ name: three, argv: ["sleep", "60"] }), { waitMs: 50 });
    await waitFor(async () => (await processesOf(sleepTwo)).length === 1, sleepTwo);
    const before = [await existing(runner, two), await existing(runner, three)];
    await (await existing(runner, one)).stop(AS_DEFINED);
    const after = [await existing(runner, two), await existing(runner, three)];
    deepEqual(after.map(({ status }) => status), before.map(({ status }) => status));
    equal((await processesOf(sleepTwo)).length, 1);
    deepEqual(await processesOf(sleepOne), []);
    for (const session of after) await session.stop(AS_DEFINED);
  });
}

// --- logs ----------------------------------------------------------------------------------------

function logsAreWhatWasPrinted(test: Register): void {
  test("logs are the last lines, without padding", async ({ runner, define }) => {
    const name = unique("log");
    const argv = sh(`printf '\\n  one\\n\\ntwo  \\n\\n'; echo error >&2; echo three`);
    await runner.start(define({ name, argv }), { waitMs: LIMIT_MS });
    const session = await existing(runner, name);
    const all = "\n  one\n\ntwo  \n\nerror\nthree\n";
    equal(await printed(session), all);
    equal(await printed(session, 1000), all);
    equal(await printed(session, 7), all);
    equal(await printed(session, 6), all.slice(1));
    equal(await printed(session, 4), "two  \n\nerror\nthree\n");
    equal(await printed(session, 1), "three\n");
    equal(await printed(session, 0), "");
  });

  test("logs of a running session are what it printed so far", async (t) => {
    const { define, directory } = t;
    const name = unique("log");
    const argv = sh("echo ready; until [ -e go ]; do sleep 0.05; done; echo more; exec sleep 60");
    const session = await startedAndReady(t, define({ name, argv }));
    equal(await printed(session), "ready\n");
    await Deno.writeTextFile(`${directory}/go`, "");
    await waitFor(async () => await printed(session) === "ready\nmore\n", "the second line");
  });

  test("logs keep the bytes: colours, invalid UTF-8, no carriage returns added", async (t) => {
    const { runner, define } = t;
    const name = unique("log");
    // Octal, as the printf of POSIX knows it.
    const argv = sh(
      `printf '\\033[1;31mred\\033[0m\\n'; printf 'a\\377\\376b\\n'; printf '\\303\\244\\t|\\n'; printf 'x\\ry\\n'`,
    );
    await runner.start(define({ name, argv }), { waitMs: LIMIT_MS });
    const bytes = await (await existing(runner, name)).logs({ lines: Infinity });
    const text = [...bytes].map((byte) => String.fromCharCode(byte)).join("");
    equal(text, `\x1b[1;31mred\x1b[0m\na\xff\xfeb\n\xc3\xa4\t|\nx\ry\n`);
  });

  test("a last line without its newline is a line", async ({ runner, define }) => {
    const name = unique("log");
    await runner.start(define({ name, argv: sh("printf 'one\\ntwo'") }), { waitMs: LIMIT_MS });
    const session = await existing(runner, name);
    equal(await printed(session), "one\ntwo\n");
    equal(await printed(session, 1), "two\n");
  });

  test("a line of 100 kB stays one line", async ({ runner, define }) => {
    const name = unique("log");
    const argv = sh(`echo first; printf '%0100000d\\n' 7; echo last`);
    await runner.start(define({ name, argv }), { waitMs: LIMIT_MS });
    const session = await existing(runner, name);
    const long = "7".padStart(100_000, "0");
    const whole = await printed(session);
    equal(whole, `first\n${long}\nlast\n`);
    equal(await printed(session, 2), `${long}\nlast\n`);
  });

  test("lines about as long as an engine's own buffer stay what they are", async (t) => {
    const name = unique("log");
    const lengths = [16_383, 16_384, 16_385, 1, 32_767, 32_768, 32_769];
    const lines = lengths.map((length, n) => String(n + 1).padStart(length, "0"));
    const argv = sh(lengths.map((length, n) => `printf '%0${length}d\\n\\n' ${n + 1}`).join("; "));
    await t.runner.start(t.define({ name, argv }), { waitMs: LIMIT_MS });
    const session = await existing(t.runner, name);
    const whole = lines.map((line) => `${line}\n\n`).join("");
    equal(await printed(session), whole);
    equal(await printed(session, 4), lines.slice(-2).map((line) => `${line}\n\n`).join(""));
    const followed: Uint8Array[] = [];
    for await (
      const bytes of session.follow({ lines: Infinity }, new AbortController().signal)
    ) {
      followed.push(bytes);
      // One of tmux goes on to its next run.
      if (joined(followed).length >= whole.length) break;
    }
    equal(new TextDecoder().decode(joined(followed)), whole);
  });

  test("10,000 lines are all there, in order", async ({ runner, define }) => {
    const name = unique("log");
    const argv = sh("n=0; while [ $n -lt 10000 ]; do n=$((n+1)); echo line $n; done");
    await runner.start(define({ name, argv }), { waitMs: 0 });
    const session = await ended(runner, name);
    const all = Array.from({ length: 10_000 }, (_, n) => `line ${n + 1}\n`);
    equal(await printed(session), all.join(""));
    equal(await printed(session, 9_999), all.slice(1).join(""));
  });

  test("many lines of megabytes are as many lines", async ({ runner, define }) => {
    const name = unique("log");
    await runner.start(define({ name, argv: ["seq", "1000001", "1300000"] }), { waitMs: 0 });
    const session = await ended(runner, name);
    const lines = (await printed(session, 250_000)).split("\n");
    equal(lines.length, 250_001);
    deepEqual([lines[0], lines.at(-2), lines.at(-1)], ["1050001", "1300000", ""]);
  });

  test("each run has its own logs", async ({ runner, define }) => {
    const name = unique("log");
    for (const word of ["first", "second", "third"]) {
      await runner.start(define({ name, argv: ["echo", word] }), { waitMs: LIMIT_MS });
      equal(await printed(await existing(runner, name)), `${word}\n`);
    }
  });
}

// --- names ---------------------------------------------------------------------------------------

function namesAreExact(test: Register, { shortestName }: Harness): void {
  test("a name never means a longer one", async ({ runner, define }) => {
    const short = unique("alpha");
    const long = `${short}-one`;
    const argv = ["sleep", "60"];
    const first = await runner.start(define({ name: long, argv }), { waitMs: 50 });
    equal(await find(runner, short), null);
    // The shorter one comes and goes beside the longer one.
    await failure(runner.start(define({ name: short, argv: sh("exit 3") }), { waitMs: LIMIT_MS }));
    await runner.start(define({ name: short, argv }), { waitMs: 50 });
    equal(
      (await failure(runner.start(define({ name: short, argv }), { waitMs: 0 }))).code,
      "session_exists",
    );
    deepEqual((await existing(runner, long)).status, first);
    await (await existing(runner, short)).stop(AS_DEFINED);
    deepEqual((await existing(runner, long)).status, first);
    await (await existing(runner, long)).stop(AS_DEFINED);
    equal(await find(runner, long), null);
  });

  test("names that engines use for other things are names", async ({ runner, define }) => {
    const short = "A".repeat(shortestName);
    const names = [
      "top",
      "bottom",
      "last",
      "sh",
      "sleep",
      "default",
      "up-of",
      short,
      "x".repeat(64),
    ];
    const sessions = await Promise.all(
      names.map((name) => runner.start(define({ name, argv: ["sleep", "60"] }), { waitMs: 50 })),
    );
    equal(new Set(sessions.map(({ pid }) => pid)).size, names.length);
    await Promise.all(sessions.map(async ({ name, pid }: SessionStatus) => {
      const session = await existing(runner, name ?? "");
      equal(session.status.pid, pid);
      await session.stop(FORCE);
    }));
  });
}
