import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import {
  fieldSeparator,
  rowEnd,
  runScript,
  startServerAndRunScript,
} from "../../../../src/backends/tmux/args.ts";
import { GarbledAnswerError } from "../../../../src/backends/tmux/parse.ts";
import {
  CREATED_FIELDS,
  parseCreated,
  type StartPlan,
  startScript,
} from "../../../../src/backends/tmux/start_script.ts";
import { captureScript } from "../../../../src/logs/capture.ts";
import type { TmuxDefinition } from "../../../../src/model.ts";
import { tmuxDefinition } from "../../../support/definitions.ts";
import { readScript } from "../../../support/tmux_script.ts";

function plan(
  definition: Partial<TmuxDefinition> = {},
  directory: string | null = "/logs",
): StartPlan {
  return {
    definition: tmuxDefinition({
      argv: ["python", "-m", "astro.bot; rm -rf ~"],
      workingDir: "/opt/astro",
      socketName: "bots",
      stopSignal: "SIGTERM",
      stopTimeoutSeconds: 20,
      protected: true,
      ...definition,
    }),
    runId: "0123456789ab",
    nonce: "fedcba987654",
    inherited: { PATH: "/bin", LANG: "C.UTF-8" },
    binary: "/usr/bin/tmux",
    capture: directory === null ? null : { directory, run: "r-1", maxBytes: 1000, keep: 3 },
    story: directory === null ? null : `${directory}/runs.ndjson`,
  };
}

/** Words of a command, behind one of them. */
function behind(words: readonly string[], word: string): string | undefined {
  return words[words.indexOf(word) + 1];
}

Deno.test("a start is one line, so that nothing of it is done to a session in its way", () => {
  const lines = readScript(startScript(plan()));
  equal(lines.length, 2);
  const [replace = [], create = []] = lines;
  deepEqual(replace.map(([name]) => name), ["if-shell"]);
  deepEqual(create.map(([name]) => name), [
    "new-session",
    ...Array(5).fill("set-option"),
    "pipe-pane",
  ]);
  for (const words of [...replace, ...create.slice(1)]) equal(behind(words, "-t"), "=astro:");
  const [first = [], ...options] = create;
  deepEqual(options.slice(0, 5).map((words) => words.filter((word) => !word.startsWith("{"))), [
    ["set-option", "-p", "-t", "=astro:", "remain-on-exit", "on"],
    ["set-option", "-t", "=astro:", "destroy-unattached", "off"],
    ["set-option", "-p", "-t", "=astro:", "@kstops_pane", "0123456789ab"],
    ["set-option", "-t", "=astro:", "@kstops_run"],
    ["set-option", "-t", "=astro:", "@kstops", "0123456789ab"],
  ]);
  const { capture } = plan();
  ok(capture !== null);
  // tmux expands formats in it, and `%` as strftime(3) does.
  const pipe = captureScript(capture).replaceAll("#", "##").replaceAll("%", "%%");
  deepEqual(options.at(-1), ["pipe-pane", "-t", "=astro:", pipe]);
  deepEqual(first.slice(0, 4), ["new-session", "-d", "-P", "-F"]);
  deepEqual([behind(first, "-s"), behind(first, "-c")], ["astro", "/opt/astro"]);
  const program = first.slice(first.indexOf("--") + 1);
  deepEqual(program.slice(0, 2), ["/bin/sh", "-c"]);
  deepEqual(program.slice(3), [
    "kstops",
    "/usr/bin/tmux",
    "python",
    "-m",
    "astro.bot; rm -rf ~",
  ]);
  ok(!lines.flat().flat().includes("-g"), "it changes a global option");
});

Deno.test("an ended session is replaced only where kstops made it, and by exactly its name", () => {
  const [[[, ...words] = []] = []] = readScript(startScript(plan()));
  const [condition = "", command = ""] = words.slice(-2);
  match(condition, /^#\{&&:#\{@kstops\},/);
  deepEqual(readScript(command), [[["kill-session", "-t", "=astro:"]]]);
});

Deno.test("a session remembers what it was started from, without the values", () => {
  const script = startScript(plan({ env: { TOKEN: "s3cret", CHAT: "42" } }));
  const record = readScript(script).flat().find((words) => words.includes("@kstops_run"))?.at(-1);
  deepEqual(JSON.parse(record ?? ""), {
    command: ["python", "-m", "astro.bot; rm -rf ~"],
    working_dir: "/opt/astro",
    env: ["TOKEN", "CHAT"],
    log: "/logs/r-1",
    log_capture: true,
    log_max_bytes: 10_485_760,
    log_keep: 5,
    stop_signal: "SIGTERM",
    stop_timeout: 20,
    protected: true,
  });
});

Deno.test("values of variables are in the environment, and in no argument of anything", () => {
  const env = { TOKEN: "s3cret", PATH: "/s3cret", LANG: "s3cret" };
  const [words = []] = readScript(startScript(plan({ env }))).flat().filter(([name]) =>
    name === "new-session"
  );
  const given = words.flatMap((word, index) => words[index - 1] === "-e" ? [word] : []);
  ok(given.includes("TOKEN=s3cret") && given.includes("PATH=/s3cret"));
  ok(given.includes("LANG=s3cret") && !given.includes("LANG=C.UTF-8"));
  ok(given.includes("KSTOPS_ID=0123456789ab"));
  ok(!words.slice(words.indexOf("--")).join(" ").includes("s3cret"));
  const server = { binary: "/usr/bin/tmux", socketName: "bots" };
  for (const argv of [runScript(server), startServerAndRunScript(server)]) {
    ok(argv.every((word) => !word.includes("s3cret")));
  }
});

Deno.test("what is inherited is below what is defined, and the mark of the run above both", () => {
  const env = { PATH: "/mine", KSTOPS_ID: "mine" };
  const words = readScript(startScript(plan({ env }))).flat().flat();
  ok(words.includes("PATH=/mine") && !words.includes("PATH=/bin"));
  ok(words.includes("KSTOPS_ID=0123456789ab") && !words.includes("KSTOPS_ID=mine"));
});

Deno.test("a session without a log has no pipe", () => {
  const commands = readScript(startScript(plan({}, null))).flat().map(([name]) => name);
  ok(!commands.includes("pipe-pane"));
});

const PATHS: Record<string, { readonly dir: string; readonly pipe: string }> = {
  "/a b": { dir: "/a b", pipe: "'/a b'" },
  "/#{pid}": { dir: "/##{pid}", pipe: "'/##{pid}'" },
  "/a#": { dir: "/a##", pipe: "'/a##'" },
  "/#[x]": { dir: "/#[x]", pipe: "'/#[x]'" },
  "/##[x]#": { dir: "/##[x]##", pipe: "'/##[x]##'" },
  "/%Y": { dir: "/%Y", pipe: "'/%%Y'" },
  "/it's": { dir: "/it's", pipe: `'/it'\\''s'` },
};
for (const [path, { dir, pipe }] of Object.entries(PATHS)) {
  Deno.test(`the directory ${path} is written for tmux as ${dir}, in a pipe as ${pipe}`, () => {
    const commands = readScript(startScript(plan({ workingDir: path }, path))).flat();
    equal(behind(commands.find(([name]) => name === "new-session") ?? [], "-c"), dir);
    ok(commands.at(-1)?.at(-1)?.startsWith(`directory=${pipe} run=`));
  });
}

Deno.test("a start that made a session says which", () => {
  const nonce = "0123456789ab";
  const values: Record<string, string> = {
    version: "3.3a",
    session_id: "$4",
    session_created: "1700000000",
    pane_id: "%8",
    pane_pid: "4711",
  };
  const printed = CREATED_FIELDS.map((field) => values[field]).join(fieldSeparator(nonce));
  deepEqual(parseCreated(`${printed}${rowEnd(nonce)}\n`, nonce), {
    serverVersion: "3.3a",
    sessionId: "$4",
    createdAt: new Date(1_700_000_000_000),
    panePid: 4711,
  });
  equal(parseCreated("", nonce), null);
});

Deno.test("an answer to a start that has a field too many is garbled", () => {
  const answer = `${["a", "b", "c", "d", "e", "f"].join(fieldSeparator("n"))}${rowEnd("n")}\n`;
  throws(() => parseCreated(answer, "n"), GarbledAnswerError);
});
