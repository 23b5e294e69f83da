/** `kstops logs -f`: what a session goes on to print, once and whole, until somebody ends it. */
import { deepEqual, equal } from "node:assert/strict";
import { type Runtime, RUNTIMES } from "../../src/model.ts";
import type { ExecResult } from "../../src/world/world.ts";
import { aloneOnEngines, ignoreWithoutEngines } from "../support/engines.ts";
import { install, KSTOPS } from "../support/kstops.ts";
import { type TmuxSandbox, tmuxTest, withTmux } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

/** A session called `t-count` on one engine, and the program to look at it. */
interface Setup {
  readonly t: TmuxSandbox;
  readonly kstops: (...args: readonly string[]) => Promise<ExecResult>;
  /** Writes the config: the session runs this shell script. */
  readonly define: (script: string, ops?: string) => Promise<void>;
}

function followTest(name: string, body: (setup: Setup) => Promise<void>): void {
  tmuxTest(`tmux: ${name}`, async (t) => await body(await setUp(t, null)));
  for (const runtime of RUNTIMES) containerTest(runtime, name, body);
}

function containerTest(
  runtime: Runtime,
  name: string,
  body: (setup: Setup) => Promise<void>,
): void {
  Deno.test({
    name: `${runtime}: ${name}`,
    ignore: ignoreWithoutEngines(),
    fn: () =>
      aloneOnEngines(() =>
        withTmux(async (t) => {
          const clean = () =>
            t.world.exec([runtime, "rm", "--force", "t-count"], { timeoutMs: LIMIT_MS });
          await clean();
          try {
            await body(await setUp(t, runtime));
          } finally {
            await clean();
          }
        }, { containers: true })
      ),
  });
}

async function setUp(t: TmuxSandbox, runtime: Runtime | null): Promise<Setup> {
  const place = runtime === null ? {} : {
    backend: "container",
    runtime,
    image: Deno.env.get("KSTOPS_TEST_IMAGE"),
    volumes: [`${t.work}:${t.work}`],
    working_dir: t.work,
  };
  await install(t);
  return {
    t,
    kstops: (...args) =>
      t.world.exec(["env", "--chdir", t.work, KSTOPS, ...args], { timeoutMs: LIMIT_MS }),
    define: (script, ops = "") =>
      // JSON is YAML.
      Deno.writeTextFile(
        `${t.work}/kstops.yml`,
        `ops:\n  start_wait: 100\n  stop_signal: SIGKILL\n${ops}  sessions:\n    t-count: ` +
          `${JSON.stringify({ ...place, command: ["sh", "-c", script] })}\n`,
      ),
  };
}

async function started({ kstops }: Setup): Promise<void> {
  const { code, stderr } = await kstops("start", "t-count");
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
}

/** A `kstops logs -f` in the background, and what it has printed by now. */
interface Follower extends AsyncDisposable {
  readonly text: () => string;
  /** Waits until the output has it. */
  readonly prints: (what: string) => Promise<void>;
  /** Signals it, and gives its exit code and standard error. */
  readonly end: (
    signal: Deno.Signal,
  ) => Promise<{ readonly code: number; readonly stderr: string }>;
}

function follow({ t }: Setup, ...args: readonly string[]): Follower {
  const child = new Deno.Command(`${t.work}/kstops`, {
    args: ["logs", "--follow", ...args],
    cwd: t.work,
    clearEnv: true,
    env: { ...t.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const stderr = new Response(child.stderr).text();
  const reading = (async () => {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) text += chunk;
  })();
  const end: Follower["end"] = async (signal) => {
    try {
      child.kill(signal);
    } catch {
      // It has ended by itself: its exit code says so.
    }
    await reading;
    return { code: (await child.status).code, stderr: await stderr };
  };
  return {
    text: () => text,
    prints: async (what) => {
      await t.waitFor(() => text.includes(what), `${what} after ${text.slice(-200)}`);
    },
    end,
    [Symbol.asyncDispose]: async () => {
      await end("SIGKILL");
    },
  };
}

/**
 * Prints numbered lines with the name of the run before them, until it is ended: not faster than a
 * terminal takes them, so that the line that it is at when it is killed is a whole one.
 */
const ENDLESS = 'run=$(cat run); i=0; while :; do i=$((i+1)); echo "$run $i"; ' +
  "[ $((i % 100)) -ne 0 ] || sleep 0.1; done";

followTest("a restart loses and repeats no line", async (setup) => {
  const { t, kstops, define } = setup;
  await define(ENDLESS);
  const run = (name: string) => Deno.writeTextFile(`${t.work}/run`, `${name}\n`);
  await run("first");
  await started(setup);
  await using follower = follow(setup, "t-count", "--lines", "all");
  await follower.prints("first 1000\n");
  await run("second");
  equal((await kstops("restart", "t-count")).code, 0);
  await follower.prints("second 1000\n");
  await run("third");
  await kstops("stop", "t-count");
  const second = (await kstops("logs", "t-count", "--lines", "all")).stdout;
  await started(setup);
  await follower.prints("third 1000\n");
  const { code } = await follower.end("SIGINT");
  equal(code, 130);
  const lines = follower.text().split("\n").slice(0, -1);
  const of = (name: string) => lines.filter((line) => line.startsWith(`${name} `));
  const counted = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);
  for (const name of ["first", "second", "third"]) {
    deepEqual(of(name), counted(name, of(name).length), name);
  }
  deepEqual(lines, [...of("first"), ...of("second"), ...of("third")]);
  // All that is kept was shown.
  deepEqual(of("second"), second.split("\n").slice(0, -1));
});

followTest(
  "SIGINT and SIGTERM end it with their exit codes, and the session runs on",
  async (setup) => {
    const { kstops, define } = setup;
    await define("echo up; exec sleep 300");
    await started(setup);
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      await using follower = follow(setup, "t-count");
      await follower.prints("up\n");
      deepEqual(await follower.end(signal), { code, stderr: "" });
      equal(follower.text(), "up\n");
    }
    equal(JSON.parse((await kstops("status", "t-count", "--json")).stdout).state, "running");
  },
);

followTest("a reader that has enough ends it quietly", async (setup) => {
  const { t, define } = setup;
  await define(ENDLESS);
  await Deno.writeTextFile(`${t.work}/run`, "line\n");
  await started(setup);
  const script = `{ ${KSTOPS} logs -f -n all t-count; echo "left with $?" >&2; } | head -3`;
  const argv = ["env", "--chdir", t.work, "sh", "-c", script];
  const result = await t.world.exec(argv, { timeoutMs: LIMIT_MS });
  deepEqual(result, { code: 0, stdout: "line 1\nline 2\nline 3\n", stderr: "left with 0\n" });
});

followTest("with --json every line is a document of its own", async (setup) => {
  const { t, define } = setup;
  await define(
    `printf '"one"\\n\\033[1mtwo\\n'; until [ -e go ]; do sleep 0.1; done; echo three; exec sleep 300`,
  );
  await started(setup);
  await using follower = follow(setup, "t-count", "--json");
  await follower.prints("two");
  await Deno.writeTextFile(`${t.work}/go`, "");
  await follower.prints("three");
  equal((await follower.end("SIGINT")).code, 130);
  const documents = follower.text().split("\n").slice(0, -1).map((line) => JSON.parse(line));
  deepEqual(documents, ['"one"', "\x1b[1mtwo", "three"].map((line) => ({ name: "t-count", line })));
});

tmuxTest("following goes on across many files without losing or repeating a line", async (t) => {
  const setup = await setUp(t, null);
  const ops = "  log_max_size: 64KiB\n  log_keep: 1000\n";
  const script = "echo 0; until [ -e go ]; do sleep 0.1; done; seq 1 300000; exec sleep 300";
  await setup.define(script, ops);
  await started(setup);
  await using follower = follow(setup, "t-count");
  // It follows from there on, however long it took to begin.
  await follower.prints("0\n");
  await Deno.writeTextFile(`${t.work}/go`, "");
  await follower.prints("\n300000\n");
  const expected = Array.from({ length: 300_001 }, (_, index) => `${index}\n`).join("");
  equal(follower.text() === expected, true, `${follower.text().length} of ${expected.length}`);
  const directory = `${t.env["XDG_STATE_HOME"]}/kstops/logs/t-count`;
  const files = Array.from(Deno.readDirSync(directory), ({ name }) => name);
  equal(files.filter((name) => name.endsWith(".log")).length > 10, true, files.join(" "));
});

containerTest("podman", "following goes on where its file is put aside", async (setup) => {
  const { t, kstops, define } = setup;
  const ops = "  log_max_size: 64KiB\n  log_keep: 2\n";
  const round = 'seq 1 20000 | sed "s/^/$n /"; until [ -e "go$n" ]; do sleep 0.1; done';
  await define(`for n in 1 2 3 4; do ${round}; done`, ops);
  await started(setup);
  await using follower = follow(setup, "t-count", "--lines", "all");
  const directory = await t.world.exec(
    ["podman", "inspect", "--format", "{{.HostConfig.LogConfig.Path}}", "t-count"],
    { timeoutMs: LIMIT_MS },
  ).then(({ stdout }) => stdout.slice(0, stdout.lastIndexOf("/")));
  const isPutAside = (name: string) => name.includes(".kstops-");
  for (const n of [1, 2, 3, 4]) {
    await follower.prints(`${n} 20000\n`);
    // Whoever looks at the session has it begin a new file.
    equal((await kstops("status", "t-count")).code, 0);
    equal(Array.from(Deno.readDirSync(directory), ({ name }) => name).some(isPutAside), true);
    await Deno.writeTextFile(`${t.work}/go${n}`, "");
  }
  await t.waitFor(
    async () => JSON.parse((await kstops("status", "t-count", "--json")).stdout).state === "exited",
    "the end of the program",
  );
  await follower.end("SIGINT");
  const numbers = Array.from({ length: 20_000 }, (_, index) => index + 1);
  const expected = [1, 2, 3, 4].flatMap((n) => numbers.map((i) => `${n} ${i}\n`)).join("");
  equal(follower.text() === expected, true, `${follower.text().length} of ${expected.length}`);
});

tmuxTest("following several sessions puts their names before their lines", async (t) => {
  const setup = await setUp(t, null);
  await setup.define("echo counting; exec sleep 300");
  await started(setup);
  await setup.kstops("start", "other", "--", "sh", "-c", "echo said; exec sleep 300");
  await using follower = follow(setup, "t-count", "other");
  await follower.prints("t-count | counting\n");
  await follower.prints("other | said\n");
  await setup.kstops("restart", "other");
  await t.waitFor(() => follower.text().split("other | said\n").length === 3, "the second run");
  deepEqual(await follower.end("SIGINT"), { code: 130, stderr: "" });
  equal(follower.text().split("t-count | counting\n").length, 2);
});

tmuxTest("tmux: what another config's session of that name prints is not followed", async (t) => {
  const setup = await setUp(t, null);
  const { kstops, define } = setup;
  const others = async (...args: readonly string[]) =>
    equal((await kstops("--config", "other.yml", ...args)).code, 0);
  const entry = JSON.stringify({ command: ["sh", "-c", "echo theirs; exec sleep 300"] });
  const other =
    `ops:\n  start_wait: 100\n  stop_signal: SIGKILL\n  sessions:\n    t-count: ${entry}\n`;
  await Deno.writeTextFile(`${t.work}/other.yml`, other);
  await define("cat run; exec sleep 300");
  const run = (name: string) => Deno.writeTextFile(`${t.work}/run`, `${name}\n`);
  await run("first");
  await started(setup);
  await using follower = follow(setup, "t-count", "--lines", "all");
  await follower.prints("first\n");
  await kstops("stop", "t-count");
  await others("start", "t-count");
  await others("stop", "t-count");
  await run("second");
  await started(setup);
  await follower.prints("second\n");
  await follower.end("SIGINT");
  equal(follower.text(), "first\nsecond\n");
});
