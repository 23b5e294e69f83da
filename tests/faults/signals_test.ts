/** Signals at every step: kstops is held at each of its calls of tmux in turn, and signalled there. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type FaultSandbox, faultTest } from "../support/faults.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof SIGNALS | "SIGPIPE";

/** How kstops ended that was signalled while it waited for its n-th call of tmux. */
interface Signalled {
  /** Whether there was such a call. */
  readonly held: boolean;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tmux that waits at one of its calls until it is told to go on. */
const HELD = (real: string): string =>
  `n=$(cat "$STEPS/n"); n=$((n + 1)); echo $n >"$STEPS/n"
if [ "$n" = "$(cat "$STEPS/at")" ]; then
  : >"$STEPS/held"
  until [ -e "$STEPS/go" ]; do sleep 0.02; done
fi
exec ${real} "$@"`;

/** Puts a tmux in the way that can be held. */
async function holdTmux(t: FaultSandbox): Promise<void> {
  const real = (await t.sh("command -v tmux")).stdout.trim();
  await t.pretend("tmux", HELD(real));
}

/** Runs kstops, and signals it while it waits for its n-th call of tmux. */
async function signalledAt(
  t: FaultSandbox,
  args: readonly string[],
  { at, signal }: { readonly at: number; readonly signal: Signal },
): Promise<Signalled> {
  const steps = await Deno.makeTempDir({ dir: t.directory });
  await Deno.writeTextFile(`${steps}/n`, "0\n");
  await Deno.writeTextFile(`${steps}/at`, `${at}\n`);
  const PATH = `${t.directory}/pretended:${t.env["PATH"]}`;
  const child = new Deno.Command(`${t.work}/kstops`, {
    args: [...args],
    cwd: t.work,
    clearEnv: true,
    env: { ...t.env, PATH, STEPS: steps },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isOver = false;
  const ended = child.output().then((output) => {
    isOver = true;
    return output;
  });
  const isHeld = () => Deno.stat(`${steps}/held`).then(() => true, () => false);
  await t.waitFor(async () => isOver || await isHeld(), "a call of tmux, or the end");
  const held = await isHeld();
  // Of a terminal that goes away both its shell and the kernel tell.
  const signals = !held ? [] : signal === "SIGHUP" ? [signal, signal] : [signal];
  for (const each of signals) await t.sh(`kill -s ${each.slice(3)} ${child.pid}`);
  // Only then, so that the signal is there before the answer.
  await Deno.writeTextFile(`${steps}/go`, "");
  const { code, stdout, stderr } = await ended;
  const decoder = new TextDecoder();
  return { held, code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const CONFIG = "ops: { start_wait: 100, sessions: { astro: { command: sleep 100 } } }\n";

/** What is there of sessions: their states, in the words of kstops, by name. */
async function states(t: FaultSandbox): Promise<Readonly<Record<string, string>>> {
  const { code, stdout, stderr } = await t.sh("./kstops list --json");
  deepEqual([code, stderr], [0, ""]);
  const sessions: { name: string; state: string }[] = JSON.parse(stdout);
  const found = Object.fromEntries(sessions.map(({ name, state }) => [name, state]));
  equal(Object.keys(found).length, sessions.length, stdout);
  return found;
}

/** The most calls of tmux that a command makes: a test that never comes to the end fails. */
const MOST_CALLS = 30;

/** The sessions, and what ends their commands: at one step the first of the signals, then the next. */
const LANES: Readonly<Record<string, readonly Signal[]>> = {
  first: ["SIGINT"],
  others: ["SIGTERM", "SIGHUP", "SIGPIPE"],
};

for (const command of ["start", "stop", "restart"] as const) {
  faultTest(`a signal at any step of a ${command} leaves a whole session or none`, async (t) => {
    const sessions = Object.keys(LANES).map((name) => `    ${name}: { command: sleep 100 }\n`);
    await Deno.writeTextFile(
      `${t.work}/kstops.yml`,
      `ops:\n  start_wait: 100\n  sessions:\n${sessions.join("")}`,
    );
    await holdTmux(t);
    // Side by side, each with a session of its own.
    const interrupted = await Promise.all(
      Object.entries(LANES).map(([name, signals]) =>
        interruptEachStep(t, `${command} ${name}`, signals)
      ),
    );
    ok(interrupted.every((steps) => steps > 0), Deno.inspect(interrupted));
    deepEqual(Object.keys(await states(t)).sort(), Object.keys(LANES).sort());
  });
}

/** Signals a command at each of its calls in turn, and gives how many times that ended it. */
async function interruptEachStep(
  t: FaultSandbox,
  line: string,
  signals: readonly Signal[],
): Promise<number> {
  const [command = "", name = ""] = line.split(" ");
  let interrupted = 0;
  for (let at = 1;; at++) {
    ok(at < MOST_CALLS, "no end of calls");
    const signal = signals[(at - 1) % signals.length] ?? "SIGINT";
    await t.sh(`./kstops ${command === "start" ? "stop" : "start"} ${name}`);
    const result = await signalledAt(t, [command, name], { at, signal });
    const said = `${signal} at call ${at}: ${JSON.stringify(result)}`;
    const state = (await states(t))[name];
    if (!result.held || signal === "SIGPIPE" || result.code === 0) {
      // What was over already when it was told to end.
      equal(result.code, 0, said);
      match(result.stdout, new RegExp(`^(Started|Stopped|Restarted) ${name}`), said);
    } else {
      interrupted++;
      equal(result.code, SIGNALS[signal], said);
      equal(result.stdout, "", said);
      const truth = state === "running"
        ? "is running"
        : state === "exited"
        ? "has ended by SIGINT"
        : "is not running";
      match(result.stderr, new RegExp(`Interrupted by ${signal}: "${name}" ${truth}`), said);
    }
    if (state !== "running") equal((await t.sh(`./kstops start ${name}`)).code, 0, said);
    if (!result.held) return interrupted;
  }
}

faultTest("a signal ends list and operations watch at once, and touches nothing", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  await t.sh("./kstops start astro");
  await holdTmux(t);
  for (const [name, code] of Object.entries(SIGNALS)) {
    const signal = name as Signal;
    const list = await signalledAt(t, ["list"], { at: 1, signal });
    deepEqual([list.held, list.code, list.stdout], [true, code, ""], signal);
    const watch = new Deno.Command(`${t.work}/kstops`, {
      args: ["operations", "watch"],
      cwd: t.work,
      clearEnv: true,
      env: { ...t.env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    await t.waitFor(() => opens(watch.pid, "operations.db"), "it to watch");
    watch.kill(signal);
    const { code: ended, stderr } = await watch.output();
    deepEqual([ended, new TextDecoder().decode(stderr)], [code, ""], signal);
  }
  deepEqual(await states(t), { astro: "running" });
});

/** Whether a process has a file of that name open. */
function opens(pid: number, name: string): boolean {
  const descriptors = `/proc/${pid}/fd`;
  return Array.from(Deno.readDirSync(descriptors)).some((each) => {
    return Deno.readLinkSync(`${descriptors}/${each.name}`).endsWith(`/${name}`);
  });
}

/** How a change ended whose reply did not fit into a full pipe while it was signalled. */
interface Replied {
  readonly code: number;
  /** What came out of the pipe. */
  readonly reply: string;
  readonly stderr: string;
}

/** Runs a change, and signals it when it is over but for its reply, which nobody reads yet. */
async function signalledInReply(
  t: FaultSandbox,
  line: string,
  signal: (child: Deno.ChildProcess, isOver: () => boolean) => unknown,
): Promise<Replied> {
  const pipe = await Deno.makeTempDir({ dir: t.directory });
  const shell = (script: string) =>
    new Deno.Command("/bin/sh", {
      args: ["-c", script],
      cwd: t.work,
      clearEnv: true,
      env: { ...t.env, PIPE: pipe },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  const done = async () => {
    const { stdout } = await t.sh("./kstops operations list --state done");
    return stdout.split("\n").length;
  };
  const before = await done();
  await t.sh(`mkfifo ${pipe}/reply`);
  const reader = shell(
    `exec <"$PIPE/reply"; until [ -e "$PIPE/read" ]; do sleep 0.02; done; exec tr -d '\\000'`,
  );
  const read = reader.output();
  const full = `dd if=/dev/zero of="$PIPE/reply" bs=4096 oflag=nonblock 2>/dev/null`;
  const child = shell(`exec >"$PIPE/reply"; ${full}; exec ./kstops ${line}`);
  let isOver = false;
  const ended = child.output().then((output) => {
    isOver = true;
    return output;
  });
  await t.waitFor(async () => isOver || await done() > before, "the end of the work");
  await signal(child, () => isOver);
  await Deno.writeTextFile(`${pipe}/read`, "");
  const [{ code, stderr }, { stdout }] = await Promise.all([ended, read]);
  const decoder = new TextDecoder();
  return { code, reply: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

faultTest("a signal that comes when the work is over costs nothing of the reply", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  const changes = { start: "SIGINT", restart: "SIGTERM", stop: "SIGHUP" } as const;
  for (const [command, signal] of Object.entries(changes)) {
    const { code, reply, stderr } = await signalledInReply(
      t,
      `${command} astro`,
      (child) => child.kill(signal),
    );
    deepEqual([code, stderr], [0, ""], command);
    match(reply, new RegExp(`^(Started|Restarted|Stopped) astro \\(tmux, .+\\)\n$`), command);
  }
  // Whoever asks again has waited long enough.
  const { code, reply, stderr } = await signalledInReply(
    t,
    "start astro",
    (child, isOver) =>
      t.waitFor(async () => {
        await t.sh(`kill -INT ${child.pid} 2>/dev/null`);
        return isOver();
      }, "its end"),
  );
  deepEqual([code, reply, stderr], [130, "", ""]);
  deepEqual(await states(t), { astro: "running" });
});

faultTest("a reader that goes away ends list and logs --follow quietly", async (t) => {
  await Deno.writeTextFile(`${t.work}/kstops.yml`, CONFIG);
  await t.sh("./kstops start astro -c 'while :; do echo tick; sleep 0.05; done' --shell");
  for (const args of ["list", "list --json", "logs --follow astro", "logs astro --json"]) {
    const { stdout, stderr } = await t.sh(
      `{ ./kstops ${args}; echo "exit $?" >&2; } | head -c 1 >/dev/null`,
    );
    deepEqual([stdout, stderr], ["", "exit 0\n"], args);
  }
  deepEqual(await states(t), { astro: "running" });
});
