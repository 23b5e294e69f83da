import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  rowFormat,
  runScript,
  startServerAndRunScript,
} from "../../../../src/backends/tmux/args.ts";
import {
  CREATED_FIELDS,
  markScript,
  parseCreated,
  PREPARATION,
  type StartPlan,
  startScript,
} from "../../../../src/backends/tmux/start_script.ts";
import { CAPTURE_PROGRAM, captureParameters } from "../../../../src/logs/capture.ts";
import type { TmuxDefinition } from "../../../../src/model.ts";
import { tmuxDefinition } from "../../../support/definitions.ts";
import { expandFormat } from "../../../support/tmux_format.ts";
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
    holdFile: directory === null ? null : `${directory}/0123456789ab.hold`,
  };
}

/** Words of a command, behind one of them. */
function behind(words: readonly string[], word: string): string | undefined {
  return words[words.indexOf(word) + 1];
}

/** The commands of a script, with those inside of others. */
function commandsIn(script: string): string[][] {
  return readScript(script).flat().flatMap((words) =>
    words[0] === "if-shell" ? [words, ...commandsIn(words.at(-1) ?? "")] : [words]
  );
}

Deno.test("a start is one line, so that nothing of it is done to a session in its way", () => {
  const lines = readScript(startScript(plan()));
  equal(lines.length, 2);
  const [replace = [], create = []] = lines;
  deepEqual(replace.map(([name]) => name), ["if-shell"]);
  deepEqual(create.map(([name]) => name), ["new-session", "if-shell"]);
  for (const words of [...replace, ...create.slice(1)]) equal(behind(words, "-t"), "=astro:");
  const [first = []] = create;
  deepEqual(first.slice(0, 4), ["new-session", "-d", "-P", "-F"]);
  deepEqual([behind(first, "-s"), behind(first, "-c")], ["astro", "/opt/astro"]);
  const program = first.slice(first.indexOf("--") + 1);
  deepEqual(program.slice(0, 2), ["/bin/sh", "-c"]);
  equal(program[3], "kstops");
  deepEqual(program.slice(5, 10), [
    "0123456789ab",
    "/usr/bin/tmux",
    "/logs/runs.ndjson",
    "/logs/0123456789ab.hold",
    "",
  ]);
  match(program[10] ?? "", /"\$TMUX_PANE"/);
  deepEqual(program.slice(11), [
    ...["no", ""],
    "python",
    "-m",
    "astro.bot; rm -rf ~",
  ]);
  ok(!commandsIn(startScript(plan())).flat().includes("-g"), "it changes a global option");
});

/** The command that puts the program which keeps output where every pipe finds it. */
const [[PREPARED = []] = []] = readScript(PREPARATION);

Deno.test("the program that keeps output is an option of the server, named after its text", () => {
  deepEqual(PREPARED.slice(0, 2), ["set-option", "-s"]);
  match(PREPARED[2] ?? "", /^@kstops_capture_[0-9a-f]{8}$/);
  deepEqual(PREPARED.slice(3), [CAPTURE_PROGRAM]);
});

/** What marks a session and its pane, whatever their names. */
function marks(session: string, pane: string): string[][] {
  const { capture } = plan();
  ok(capture !== null);
  // tmux expands formats in it, and `%` as strftime(3) does.
  const parameters = captureParameters(capture).replaceAll("#", "##").replaceAll("%", "%%");
  const pipe = `${parameters}#{${PREPARED[2]}}`;
  return [
    ["if-shell", "-F", "-t", pane, "#{!=:#{@kstops_pane},0123456789ab}"],
    ["set-option", "-p", "-t", pane, "remain-on-exit", "on"],
    ["set-option", "-p", "-t", pane, "@kstops_pane", "0123456789ab"],
    ["set-option", "-p", "-t", pane, "@kstops_run"],
    ["pipe-pane", "-t", pane, pipe],
    ["set-option", "-t", session, "destroy-unattached", "off"],
    ["set-option", "-t", session, "@kstops_run"],
    ["set-option", "-t", session, "@kstops", "0123456789ab"],
  ];
}

/** Commands without what is looked at elsewhere: records, and what is inside of others. */
function plain(commands: readonly (readonly string[])[]): string[][] {
  return commands.map((words) =>
    words[0] === "if-shell" || words.includes("@kstops_run") ? words.slice(0, -1) : [...words]
  );
}

Deno.test("what has the name is marked only where it is the session, and the pane, that was made", () => {
  const [, ...commands] = plain(commandsIn(startScript(plan())).slice(2));
  const isSession = ["if-shell", "-F", "-t", "=astro:", "#{==:#{KSTOPS_ID},0123456789ab}"];
  const isPane = ["if-shell", "-F", "-t", "=astro:", "#{m:*0123456789ab*,#{pane_start_command}}"];
  deepEqual(commands.slice(0, 3), [
    isSession,
    ["set-option", "-t", "=astro:", "destroy-unattached", "off"],
    isPane,
  ]);
  deepEqual(commands.slice(3, -1), marks("=astro:", "=astro:"));
  deepEqual(commands.at(-1)?.slice(0, 4), ["display-message", "-p", "-t", "=astro:"]);
});

Deno.test("where hooks were in the way, session and pane are marked by their ids", () => {
  const script = markScript(plan(), { sessionId: "$4", paneId: "%8" });
  deepEqual(plain(commandsIn(script)), marks("$4:", "%8"));
});

Deno.test("a record arrives from every tmux as it is: it is printable ASCII", () => {
  const argv = ["prïnt", "\x7f\x1b[31m\u009b", "🚀\n\\033"];
  const words = commandsIn(startScript(plan({ argv }))).find((words) =>
    words.includes("@kstops_run")
  );
  const record = words?.at(-1) ?? "";
  match(record, /^[\x20-\x7e]+$/);
  deepEqual(JSON.parse(record).command, argv);
});

Deno.test("an ended session is replaced only where kstops made it, and by exactly its name", () => {
  const [[[, ...words] = []] = []] = readScript(startScript(plan()));
  const [condition = "", command = ""] = words.slice(-2);
  match(condition, /^#\{&&:#\{@kstops\},/);
  deepEqual(readScript(command), [[["kill-session", "-t", "=astro:"]]]);
});

Deno.test("a session remembers what it was started from, without the values", () => {
  const script = startScript(plan({
    env: { TOKEN: "s3cret", CHAT: "42" },
    owner: { project: "bots", configFile: "/srv/kstops.yml" },
  }));
  const record = commandsIn(script).find((words) => words.includes("@kstops_run"))?.at(-1);
  deepEqual(JSON.parse(record ?? ""), {
    version: 1,
    name: "astro",
    command: ["python", "-m", "astro.bot; rm -rf ~"],
    working_dir: "/opt/astro",
    env: ["TOKEN", "CHAT"],
    log: "/logs/r-1",
    log_capture: true,
    log_max_bytes: 10_485_760,
    log_keep: 5,
    stop_signal: "SIGTERM",
    stop_scope: null,
    stop_timeout: 20,
    hold_file: "/logs/0123456789ab.hold",
    protected: true,
    ...{ restart: null, restart_delay: 1, restart_max_delay: 60, restart_reset: 60 },
    success_exit_codes: [],
    ready: null,
    project: "bots",
    config_file: "/srv/kstops.yml",
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
  const commands = commandsIn(startScript(plan({}, null))).map(([name]) => name);
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
    const commands = commandsIn(startScript(plan({ workingDir: path }, path)));
    equal(behind(commands.find(([name]) => name === "new-session") ?? [], "-c"), dir);
    const words = commands.find(([name]) => name === "pipe-pane");
    ok(words?.at(-1)?.startsWith(`directory=${pipe} run=`));
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
  const fields = CREATED_FIELDS.map((field) => `#{${field}}`).join(" ");
  ok(Object.keys(values).every((name) => fields.includes(name)));
  const printed = `${expandFormat(rowFormat(CREATED_FIELDS, nonce), values)}\n`;
  const created = {
    serverVersion: "3.3a",
    sessionId: "$4",
    createdAt: new Date(1_700_000_000_000),
    paneId: "%8",
    panePid: 4711,
    endsUnattached: false,
    marked: false,
  };
  deepEqual(parseCreated(printed, nonce), created);
  // Hooks print into it.
  deepEqual(parseCreated(`x\n${printed}(null):0: hi\n`, nonce), created);
  const marks = `${expandFormat(rowFormat(["@kstops_pane"], nonce), { "@kstops_pane": "run" })}\n`;
  deepEqual(parseCreated(`${printed}x\n${marks}`, nonce), { ...created, marked: true });
  equal(parseCreated("", nonce), null);
  equal(parseCreated("noise\n", nonce), null);
});

const UNATTACHED: Record<string, { fields: Record<string, string>; ends: boolean }> = {
  "off": { fields: { "exit-unattached": "0", session_attached: "0" }, ends: false },
  "on": { fields: { "exit-unattached": "1", session_attached: "0" }, ends: true },
  "on, with a client": { fields: { "exit-unattached": "1", session_attached: "2" }, ends: false },
};
for (const [what, { fields, ends }] of Object.entries(UNATTACHED)) {
  Deno.test(`a server whose exit-unattached is ${what} ${ends ? "ends" : "stays"}`, () => {
    const printed = expandFormat(rowFormat(CREATED_FIELDS, "n"), fields);
    equal(parseCreated(printed, "n")?.endsUnattached, ends);
  });
}

Deno.test("an answer to a start that has a field too many is none", () => {
  const fields = [...CREATED_FIELDS, "pid"];
  equal(parseCreated(expandFormat(rowFormat(fields, "n"), {}), "n"), null);
});
