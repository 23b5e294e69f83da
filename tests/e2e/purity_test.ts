/**
 * stdout is the documented result, or empty: of every command, with every flag, in every way to fail,
 * for people and for scripts.
 */
import { deepEqual, doesNotMatch, equal, fail, match, ok } from "node:assert/strict";
import { isGroup } from "../../src/cli/grammar.ts";
import { scan } from "../../src/cli/scan.ts";
import { PROGRAM } from "../../src/cli/table.ts";
import { type ErrorCode, ERRORS } from "../../src/errors.ts";
import type { ExecResult } from "../../src/world/world.ts";
import { writeExecutable } from "../support/executable.ts";
import { problemWith, published, type Schema } from "../support/json_schema.ts";
import { install } from "../support/kstops.ts";
import { type TmuxSandbox, tmuxTest } from "../support/tmux.ts";
import { LIMIT_MS } from "../support/limits.ts";

/** What stands on stdout: for people, and for scripts; where one is not given, nothing does. */
interface Case {
  /** The words of the command line; `@` stands for `text` or `json`, since a change works only once. */
  readonly line: string;
  readonly text?: RegExp;
  /** Of one JSON document, or of each line of several. */
  readonly json?: Schema;
  readonly isLines?: true;
  /** How it fails. */
  readonly code?: ErrorCode;
  /** Its exit status, where the answer is a bad one, and no failure. */
  readonly status?: number;
}

const file = (name: string): Schema => ({ $ref: `${name}.schema.json` });
const listOf = (items: Schema): Schema => ({ type: "array", items });

const CHANGED = { text: /^(?:Started|Stopped|Restarted) \S+ \(.+\)\n$/, json: file("change") };
const BOTH = {
  text: /^(?:(?:Started|Stopped|Restarted) \S+ \(.+\)\n)+$/,
  json: listOf(file("change")),
};
const PROPERTIES = { text: /^name\t.+\n(?:.+\t.+\n)+$/, json: file("status") };
const ROWS = { text: /^(?:[^\t\n]+(?:\t[^\t\n]*){7}\n)+$/, json: listOf(file("status")) };
const FOUND = { text: /^\S+ .+\n(?:.*\n)*$/, json: file("why") };
/** Of each session it is said what came of it. */
const UNMET = { text: /^$/, json: listOf(file("wait")) };
const HELP = /^(?:kstops|Usage|usage|[A-Z])[^]*kstops[^]*\n$/;

/** All of them at once: none of these disturbs another. */
const CASES: readonly Case[] = [
  { line: "--version", text: /^kstops \S+\n$/, json: file("version") },
  // start
  { line: "start later-@", ...CHANGED },
  { line: "start made-@ --no-wait --verbose -- sleep 1000", ...CHANGED },
  { line: "start quiet-@ --quiet --json=", code: "usage" },
  { line: "start quiet-@ --quiet", text: /^$/, json: file("change") },
  {
    line:
      "start full-@ --command sleep\\ 1000 --shell --workdir . --env A=b --env-file a.env --unsafe-env LD_PRELOAD --socket default --backend tmux",
    ...CHANGED,
  },
  { line: "start one-@ two-@ --yes", ...BOTH },
  { line: "start ready-@ --wait-ready", ...CHANGED },
  { line: "start deaf-@ --wait-ready", code: "wait_timeout" },
  { line: "start deaf-@ --wait-ready --no-wait", code: "usage" },
  { line: "start three-@ nope", ...BOTH, code: "session_not_found" },
  { line: "start later --dry-run", text: /^later:\n(?:.*\n)+$/, json: file("dry-run") },
  {
    line: "start later astro --dry-run",
    text: /^later:\n(?:.*\n)+$/,
    json: listOf(file("dry-run")),
  },
  { line: "start nope --dry-run", code: "session_not_found" },
  { line: "start nope", code: "session_not_found" },
  { line: "start up-@", code: "session_exists" },
  { line: "start bad", code: "config_invalid" },
  { line: "start astro --config nowhere.yml", code: "config_invalid" },
  { line: "start a.b -- true", code: "value_invalid" },
  { line: "start fails-@ -- sh -c echo\\ out;\\ exit\\ 3", code: "start_failed" },
  { line: "start never-@ -- /nowhere/program", code: "start_failed" },
  { line: "start late-@ --attach -- true", code: "usage" },
  {
    line:
      "start web-@ --image alpine --volume ./a:/b --port 80 --log-volume ./l:/l --runtime podman",
    code: "backend_not_found",
  },
  { line: "start nope --except other", code: "usage" },
  { line: "start --help", text: HELP, json: {} },
  // stop
  { line: "stop stopped-@", ...CHANGED },
  {
    line: "stop killed-@ --force --timeout 5 --backend tmux --socket default --project kstops.yml",
    ...CHANGED,
  },
  { line: "stop up-@ --keep", code: "usage" },
  { line: "stop hushed-@ --quiet", text: /^$/, json: file("change") },
  { line: "stop absent-@", text: /^absent-text is not running\n$/, json: file("change") },
  { line: "stop foreign-@ --yes", ...CHANGED },
  { line: "stop both-@ nope", ...BOTH, code: "session_not_found" },
  { line: "stop nope", code: "session_not_found" },
  { line: "stop nope --except other", code: "usage" },
  { line: "stop strange-@", code: "input_required" },
  { line: "stop twin", code: "session_ambiguous" },
  { line: "stop astro --runtime podman --socket default", code: "usage" },
  { line: "stop", code: "usage" },
  { line: "stop astro --config lying.yml", code: "backend_unavailable" },
  // send, signal
  { line: "send up-@ hello --yes", text: /^$/, json: file("status") },
  { line: "send up-@ --key C-m --socket default", text: /^$/, json: file("status") },
  { line: "send up-@ --no-enter --backend tmux hello", text: /^$/, json: file("status") },
  { line: "send odd-@ --yes hello", text: /^$/, json: file("status") },
  { line: "send odd-@ hello", code: "input_required" },
  { line: "send up-@ --stdin --key Enter", code: "usage" },
  { line: "send up-@ --key Entr", code: "usage" },
  { line: "send defined hello", code: "session_not_running" },
  { line: "send nope --project other hello", code: "session_not_found" },
  { line: "send nope --runtime podman hello", code: "backend_not_found" },
  { line: "exec --backend tmux --socket default up-@ true", text: /^$/ },
  { line: "exec --yes odd-@ true", text: /^$/ },
  { line: "exec odd-@ true", code: "input_required" },
  { line: "exec up-@", code: "usage" },
  { line: "exec defined true", code: "session_not_running" },
  { line: "exec --project other nope true", code: "session_not_found" },
  { line: "exec --runtime podman nope true", code: "backend_not_found" },
  { line: "signal up-@ CONT", text: /^$/, json: file("status") },
  {
    line: "signal up-@ cont --scope main --backend tmux --socket default",
    text: /^$/,
    json: file("status"),
  },
  { line: "signal odd-@ CONT --yes", text: /^$/, json: file("status") },
  { line: "signal odd-@ CONT", code: "input_required" },
  { line: "signal up-@ NONE", code: "usage" },
  { line: "signal nope CONT --project other", code: "session_not_found" },
  { line: "signal nope CONT --runtime podman", code: "backend_not_found" },
  // restart
  {
    line:
      "restart again-@ --backend tmux --socket default --timeout 5 --project kstops.yml --rollback",
    ...CHANGED,
  },
  { line: "restart anew-@ --force --quiet --no-wait", text: /^$/, json: file("change") },
  { line: "restart steady-@ --wait-ready", ...CHANGED },
  { line: "restart nope", code: "session_not_found" },
  { line: "restart nope --except other", code: "usage" },
  { line: "restart odd-@", code: "input_required" },
  { line: "restart alien-@ --yes", code: "session_not_found" },
  { line: "restart astro --socket default --runtime podman", code: "usage" },
  // plan, up, down
  {
    line: "plan --prune --no-restart --except ebb2-@ --config ebb-@.yml",
    text: /^start {3}ebb1-text: it does not run\n$/,
    json: listOf(file("plan")),
  },
  { line: "plan --exit-code --config idle.yml", text: /^$/, json: listOf(file("plan")) },
  { line: "plan --backend tmux --config idle.yml", text: /^$/, json: listOf(file("plan")) },
  { line: "plan --runtime podman --config idle.yml", text: /^$/, json: listOf(file("plan")) },
  { line: "plan", code: "config_invalid" },
  { line: "plan nope --config ebb-@.yml", code: "session_not_found" },
  {
    line: "up --yes --prune --no-restart --timeout 60 --except none-@ --config fleet-@.yml",
    text: /^Started up1-text \(.+\)\nStarted up2-text \(.+\)\n$/,
    json: listOf(file("up")),
  },
  { line: "up --dry-run --config idle.yml", text: /^$/, json: listOf(file("plan")) },
  { line: "up --quiet --config idle.yml", text: /^$/, json: listOf(file("up")) },
  { line: "up --backend tmux --config idle.yml", text: /^$/, json: listOf(file("up")) },
  { line: "up --runtime docker --config idle.yml", text: /^$/, json: listOf(file("up")) },
  { line: "up", code: "config_invalid" },
  {
    line: "down --force --timeout 5 --yes --prune --except ebb2-@ --config ebb-@.yml",
    text: /^ebb1-text is not running\n$/,
    json: listOf(file("change")),
  },
  { line: "down --quiet --config idle.yml", text: /^$/, json: listOf(file("change")) },
  { line: "down --dry-run --config idle.yml", text: /^$/, json: listOf(file("plan")) },
  { line: "down nope --config ebb-@.yml", code: "session_not_found" },
  { line: "start alone-@ --no-deps", ...CHANGED },
  // attach
  {
    line: "attach astro --read-only --backend tmux --socket default --project kstops.yml",
    code: "usage",
  },
  { line: "attach nope --runtime podman", code: "usage" },
  // status
  ...[
    "astro",
    "crash",
    "defined",
    "notes --backend tmux --socket default",
    "bad",
    "astro --project kstops.yml",
  ].map((words) => ({
    line: `status ${words}`,
    ...PROPERTIES,
  })),
  {
    line: "status crash --operations --verbose",
    text: PROPERTIES.text,
    json: file("status-operations"),
  },
  { line: "status twin", code: "session_ambiguous" },
  { line: "status nope", code: "session_not_found" },
  { line: "status astro --runtime docker", code: "backend_not_found" },
  { line: "status", code: "usage" },
  // wait
  {
    line:
      "wait astro --for running --timeout 60s --backend tmux --socket default --project kstops.yml",
    text: /^astro is running\n$/,
    json: listOf(file("wait")),
  },
  {
    line: "wait crash --for exited --any",
    text: /^crash has ended\n$/,
    json: listOf(file("wait")),
  },
  { line: "wait nope --for running", ...UNMET, code: "session_not_found" },
  { line: "wait astro --for tea", code: "usage" },
  { line: "wait astro --for running --runtime docker", ...UNMET, code: "backend_not_found" },
  { line: "wait crash --for running", ...UNMET, code: "wait_failed" },
  // why
  ...[
    "astro",
    "crash --backend tmux --socket default",
    "astro --project kstops.yml",
    "defined",
    "notes",
  ]
    .map((words) => ({
      line: `why ${words}`,
      ...FOUND,
    })),
  { line: "why nope", code: "session_not_found" },
  { line: "why astro --runtime podman", code: "backend_not_found" },
  // logs
  { line: "logs crash", text: /^out\n$/, json: listOf(file("log")) },
  {
    line: "logs crash --lines all --since 1h --timestamps --plain --backend tmux --socket default",
    text: /^\S+Z? out\n$/,
    json: listOf(file("log")),
  },
  { line: "logs crash astro", text: /^crash \| out\n$/, json: listOf(file("log")) },
  {
    line: "logs crash nope",
    text: /^crash \| out\n$/,
    json: listOf(file("log")),
    code: "session_not_found",
  },
  { line: "logs defined", text: /^$/, json: listOf(file("log")) },
  { line: "logs astro --project kstops.yml", text: /^$/, json: listOf(file("log")) },
  { line: "logs crash --previous", text: /^$/, json: listOf(file("log")) },
  { line: "logs crash --since yesterday", code: "usage" },
  { line: "logs crash --follow --previous", code: "usage" },
  { line: "logs nope --runtime podman", code: "backend_not_found" },
  // events
  {
    line: "events crash",
    text: /^(?:\S+\tcrash\ttmux\t[^]+\n)+$/,
    json: listOf(file("session-event")),
  },
  { line: "events --since 1h", text: /^[^]*$/, json: listOf(file("session-event")) },
  { line: "events crash --follow --since yesterday", code: "usage" },
  { line: "events nope", code: "session_not_found" },
  // stats
  {
    line: "stats up-@ --backend tmux --socket default",
    text: /^up-\S+\ttmux\t[\d.]+%\t\d+\t\d+\t\d+\t-\n$/,
    json: listOf(file("stats")),
  },
  { line: "stats up-@ --follow --project nope", code: "session_not_found" },
  { line: "stats nope --runtime podman", code: "backend_not_found" },
  { line: "stats defined", code: "session_not_running" },
  // list
  { line: "list", ...ROWS },
  { line: "list --drift", text: /^$/, json: ROWS.json },
  { line: "ls --verbose --color always --managed", text: /^[^]+\n$/, json: ROWS.json },
  { line: "list --state exited --backend tmux --socket default", ...ROWS },
  { line: "list --quiet", text: /^(?:\S+\n)+$/, json: ROWS.json },
  { line: "list --state up", code: "usage" },
  { line: "list --socket default --runtime podman", code: "usage" },
  { line: "list --runtime podman", code: "backend_not_found", text: /^/, json: ROWS.json },
  { line: "list --config lying.yml", ...ROWS, code: "backend_unavailable" },
  // operations
  {
    line: "operations list --session crash --state failed --since 1h",
    text: /^(?:[0-9a-f-]{36}\t[^\n]+\n)+$/,
    json: listOf(file("operation")),
  },
  { line: "operations ls --session unheard-of", text: /^$/, json: listOf(file("operation")) },
  { line: "operations list --since yesterday", code: "usage" },
  { line: "operations show FAILED", text: /^id\t[^]+\n$/, json: file("operation") },
  { line: "operations show ffffffff", code: "operation_not_found" },
  {
    line: "operations watch FAILED --exit-status --after 0",
    text: /^(?:\d+\t[^\n]+\n)+$/,
    json: file("event"),
    isLines: true,
    code: "start_failed",
  },
  { line: "operations watch ffffffff", code: "operation_not_found" },
  { line: "operations resume ASKS-NO-@ --no", text: /^Declined .+\n$/, json: file("operation") },
  { line: "operations resume ASKS-YES-@ --yes", ...CHANGED },
  { line: "operations resume FAILED --yes", code: "operation_not_found" },
  { line: "operations resume FAILED", code: "usage" },
  { line: "operations cancel ASKS-CANCEL-@", text: /^Cancelled .+\n$/, json: file("operation") },
  { line: "operations cancel FAILED", code: "operation_not_found" },
  // config
  {
    line: "config validate --config good.yml",
    text: /^\S+good\.yml: 2 sessions, no mistakes, 1 warning\n$/,
    json: file("config-validate"),
  },
  { line: "config validate", code: "config_invalid" },
  { line: "config validate --config nowhere.yml", code: "config_invalid" },
  { line: "config show --config good.yml", text: /^ops:\n(?: .*\n)+$/, json: file("config-show") },
  {
    line: "config show --origins --show-secrets --config good.yml",
    text: /^ops:\n(?: .*\n)+$/,
    json: file("config-show"),
  },
  {
    line: "config show web --config good.yml",
    text: /^ops:\n(?: .*\n)+$/,
    json: file("config-show-session"),
  },
  {
    line: "config show",
    text: /^ops:\n(?: .*\n)+$/,
    json: file("config-show"),
    code: "config_invalid",
  },
  { line: "config show nope", code: "session_not_found" },
  { line: "config path", text: /^\/\S+\/kstops\.yml\n$/, json: file("config-path") },
  { line: "config path --config nowhere.yml", code: "config_invalid" },
  { line: "config schema", text: /^\{\n[^]+\n\}\n$/, json: {} },
  {
    line: "config init new-@.yml",
    text: /^Wrote \S+new-text\.yml\..*\n$/,
    json: file("config-path"),
  },
  { line: "config init kstops.yml", code: "config_invalid" },
  // doctor
  {
    line: "doctor --config slow.yml",
    text: /^(?:(?:ok|skipped|warning)\t[a-z]+\.[a-z_]+\t[^\t\n]+\t[^\t\n]+\n)+$/,
    json: file("doctor"),
  },
  { line: "doctor now", code: "usage" },
  // boot
  {
    line: "boot status --config good.yml",
    text: /^(?:(?:ok|skipped|warning|failure)\t[a-z]+\.[a-z_]+\t[^\t\n]+\t[^\t\n]+\n)+$/,
    json: file("boot-status"),
    status: 1,
  },
  {
    line: "boot enable web --dry-run --config good.yml",
    text: /^(?:(?:write|run|note:| {2}\|).*\n)+$/,
    json: file("boot-change"),
  },
  { line: "boot enable --config good.yml", code: "config_invalid" },
  { line: "boot enable nope --system --config good.yml", code: "session_not_found" },
  { line: "boot enable --config nowhere.yml", code: "config_invalid" },
  {
    line: "boot disable --system --dry-run",
    text: /^Nothing to do: .*\n$/,
    json: file("boot-change"),
  },
  {
    line: "boot status --system --config good.yml",
    text: /^skipped\tboot\.enabled\t.*\n$/,
    json: file("boot-status"),
    status: 1,
  },
  {
    line: "boot disable --dry-run",
    text: /^(?:Nothing to do: .*|remove .*|run .*)\n/,
    json: file("boot-change"),
  },
  { line: "down --boot --config good.yml", text: /^The machine does not go down: .*\n$/, json: {} },
  { line: "up --boot --config good.yml", text: /^$/, json: {} },
  { line: "down --boot web --config good.yml", code: "usage" },
  { line: "up --boot --dry-run --config good.yml", code: "usage" },
  { line: "up --boot --no-restart --config good.yml", code: "usage" },
  { line: "up --boot --except a --config good.yml", code: "usage" },
  { line: "down --boot --dry-run --config good.yml", code: "usage" },
  // completions, and what is no command
  { line: "completions bash", text: /^[^]+complete[^]+\n$/, json: file("completions") },
  { line: "completions tcsh", code: "usage" },
  { line: "help list", text: HELP, json: {} },
  { line: "frob", code: "usage" },
  { line: "list --frob", code: "usage" },
];

/** Then these, one after the other. */
const LAST: readonly Case[] = [
  { line: "start --all --config all-@.yml", ...BOTH, code: "config_invalid" },
  { line: "restart --all --config all-@.yml", ...BOTH, code: "config_invalid" },
  {
    line: "stop --all --config all-@.yml",
    text: /^worse-text is not running\n(?:Stopped \S+ \(.+\)\n){2}$/,
    json: BOTH.json,
  },
];

/** Codes that no case here comes to. */
const ELSEWHERE: Readonly<Partial<Record<ErrorCode, string>>> = {
  internal: "a bug: nobody knows how",
  stop_failed: "a program that outlives SIGKILL cannot be made: in the tests of stop",
  attach_failed: "only with a terminal: in the tests of attach",
  operation_abandoned: "a kstops that was killed: in the tests of operations",
};

/** What these print is text with and without `--json`. */
const IS_TEXT = /^(?:help |start --help)/;

const CONFIG_NAMES = [
  ...["later", "alone", "one", "two", "three", "quiet", "absent"].flatMap((
    name,
  ) => [`${name}-text`, `${name}-json`]),
  ...["astro", "later", "defined"],
];
const RUNNING = ["stopped", "killed", "hushed", "both", "again", "anew", "steady", "up"]
  .flatMap((name) => [`${name}-text`, `${name}-json`]);

/** Sessions of all kinds, and operations that have failed, or wait. */
async function prepare(t: TmuxSandbox, kstops: Kstops): Promise<ReadonlyMap<string, string>> {
  const sessions = [...CONFIG_NAMES, ...RUNNING].map((name) =>
    `    ${name}: { command: sleep 1000 }\n`
  );
  const write = (name: string, text: string) => Deno.writeTextFile(`${t.work}/${name}`, text);
  await write(
    "kstops.yml",
    `ops:\n  start_wait: 100\n  sessions:\n    bad: { colour: red }\n${sessions.join("")}` +
      MODES.flatMap((mode) => [
        `    ready-${mode}: { command: sleep 1000, ready: { delay: 100ms } }\n`,
        `    deaf-${mode}: { command: sleep 1000, ready: { log: never, timeout: 1s } }\n`,
      ]).join(""),
  );
  // It has a warning, which goes to stderr, or into the document.
  await write(
    "good.yml",
    "ops:\n  sessions:\n    astro: { command: 'sleep ${HOME}' }\n" +
      "    web: { backend: container, image: a, env: { A: b } }\n",
  );
  for (const mode of MODES) {
    const two = ["first", "second"].map((name) => `    ${name}-${mode}: { command: sleep 1000 }\n`);
    await write(
      `all-${mode}.yml`,
      `ops:\n  start_wait: 100\n  sessions:\n    worse-${mode}: { colour: red }\n${two.join("")}`,
    );
  }
  await write("idle.yml", "ops: { sessions: {} }\n");
  for (const mode of MODES) {
    await write(
      `fleet-${mode}.yml`,
      `ops:\n  start_wait: 100\n  sessions:\n    up2-${mode}: { command: sleep 1000, depends_on: up1-${mode} }\n` +
        `    up1-${mode}: { command: sleep 1000 }\n    none-${mode}: { command: sleep 1000 }\n`,
    );
    await write(
      `ebb-${mode}.yml`,
      `ops:\n  sessions:\n    ebb1-${mode}: { command: sleep 1000 }\n` +
        `    ebb2-${mode}: { command: sleep 1000 }\n`,
    );
  }
  await write("slow.yml", "ops: { start_wait: 60000 }\n");
  await write("a.env", "MODE=test\n");
  await write("lying.yml", "ops: { tmux_binary: ./lying, sessions: { astro: { command: a } } }\n");
  await writeExecutable(`${t.work}/lying`, "#!/bin/sh\necho hello\n");
  const waiting = ["NO", "YES", "CANCEL"].flatMap((answer) =>
    MODES.map((mode) => `ASKS-${answer}-${mode}`)
  );
  const strange = ["foreign", "strange", "odd", "alien"]
    .flatMap((name) => MODES.map((mode) => `${name}-${mode}`));
  const foreign = ["notes", ...strange, ...waiting];
  for (const [socket, names] of [["default", [...foreign, "twin"]], ["other", ["twin"]]] as const) {
    for (const name of names) {
      await t.tmux("-L", socket, "new-session", "-d", "-s", name, "sleep 1000");
    }
  }
  await Promise.all([
    kstops("start", "astro", ...RUNNING),
    kstops("start", "crash", "--", "sh", "-c", "echo out; exit 3"),
    kstops("stop", ...waiting),
  ]);
  const listed = JSON.parse((await kstops("operations", "list", "--json")).stdout);
  const ids = new Map<string, string>();
  for (const { id, session, state } of listed) {
    if (state === "input_required") ids.set(session, id);
    if (session === "crash") ids.set("FAILED", id);
  }
  equal(ids.size, waiting.length + 1);
  return ids;
}

const MODES = ["text", "json"] as const;
type Mode = (typeof MODES)[number];
type Kstops = (...args: readonly string[]) => Promise<ExecResult>;

/** The words of a line; a backslash before a blank keeps it. */
function wordsOf(line: string): string[] {
  return line.split(/(?<!\\) /).map((word) => word.replaceAll("\\ ", " "));
}

function isPure(
  { line, text, json, isLines, code, status = 0 }: Case,
  mode: Mode,
  result: ExecResult,
): void {
  const about = `${line} (${mode})\n${result.stdout}\n${result.stderr}`;
  equal(result.code, code === undefined ? status : ERRORS[code].exit, about);
  if (mode === "text" || IS_TEXT.test(line)) {
    if (text === undefined) equal(result.stdout, "", about);
    else match(result.stdout, text, about);
    doesNotMatch(result.stdout, /^(?:kstops|hint|\+ tmux)\b.*: /m, about);
  } else if (json === undefined) {
    equal(result.stdout, "", about);
  } else {
    match(result.stdout, isLines ? /^(?:.+\n)*$/ : /^.+\n$/, about);
    for (const document of result.stdout.split("\n").slice(0, -1)) {
      equal(problemWith(json, JSON.parse(document)), null, about);
    }
  }
  const last = result.stderr.trimEnd().split("\n").at(-1) ?? "";
  // What watches an operation fails as that did, and has nothing to say of its own.
  if (mode === "text" || code === undefined || line.includes("--exit-status")) {
    doesNotMatch(last, /^\{/, about);
    return;
  }
  const envelope = JSON.parse(last);
  equal(problemWith(published("error.schema.json"), envelope), null, about);
  equal(envelope.error.code, code, about);
}

/** For people all failures of one code look the same on stdout: one of each is enough. */
function isLikeAnother({ code, text }: Case, index: number): boolean {
  return code !== undefined && text === undefined &&
    CASES.findIndex((each) => each.code === code && each.text === undefined) < index;
}

/** Does the work with some of them at a time: as many as there are processors make no sense to wait. */
async function side<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const left = [...all];
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  }));
}

/** Runs a command that goes on for ever until it has printed a line, and interrupts it then. */
async function interrupted(t: TmuxSandbox, args: readonly string[]): Promise<ExecResult> {
  const child = new Deno.Command(`${t.work}/kstops`, {
    args: [...args],
    ...{ env: { ...t.env }, clearEnv: true, cwd: t.work },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  const stderr = new Response(child.stderr).text();
  let stdout = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (stdout === "") child.kill("SIGINT");
    stdout += text;
  }
  return { code: (await child.status).code, stdout, stderr: await stderr };
}

tmuxTest("stdout is the documented result or empty, of every command and failure", async (t) => {
  await install(t);
  const kstops: Kstops = (...args) =>
    t.world.exec(["sh", "-c", 'cd "$WORK" && exec ./kstops "$@"', "sh", ...args], {
      timeoutMs: LIMIT_MS,
    });
  const ids = await prepare(t, kstops);
  const met = new Set<ErrorCode>();
  const check = async ([each, mode]: readonly [Case, Mode]): Promise<void> => {
    const words = wordsOf(each.line.replaceAll("@", mode)).map((word) => ids.get(word) ?? word);
    const flags = mode === "json" ? ["--json"] : [];
    isPure(each, mode, await kstops(...flags, ...words));
    if (each.code !== undefined) met.add(each.code);
  };
  const wrong: string[] = [];
  const tell = (error: unknown): void => {
    wrong.push(error instanceof Error ? error.message : String(error));
  };
  const all = CASES.flatMap((each, index) =>
    MODES.filter((mode) => mode === "json" || !isLikeAnother(each, index))
      .map((mode) => [each, mode] as const)
  );
  await side(all, (each) => check(each).catch(tell));
  for (const each of LAST) for (const mode of MODES) await check([each, mode]).catch(tell);
  if (wrong.length > 0) fail(wrong.join("\n"));

  // What goes on for ever, as it comes: lines of JSON, each what is published.
  const streams: readonly (readonly [Schema, readonly string[]])[] = [
    [file("event"), ["operations", "watch", "--after", "0", "--json"]],
    [file("log"), ["logs", "crash", "--follow", "--json"]],
  ];
  await Promise.all(streams.map(async ([schema, args]) => {
    const { code, stdout } = await interrupted(t, args);
    equal(code, ERRORS.interrupted.exit);
    const documents = stdout.split("\n");
    equal(documents.pop(), "");
    ok(documents.length > 0);
    for (const each of documents) equal(problemWith(schema, JSON.parse(each)), null, each);
  }));

  // A start that takes a minute keeps others out, and can be interrupted.
  const slow = new Deno.Command(`${t.work}/kstops`, {
    args: ["start", "slow", "--config", "slow.yml", "--json", "--", "sleep", "1000"],
    ...{ env: { ...t.env }, clearEnv: true, cwd: t.work },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  const end = slow.output();
  await t.waitFor(
    async () => await t.tmux("-L", "default", "has-session", "-t", "=slow").then(() => true),
    "the slow session",
  );
  for (const mode of MODES) await check([{ line: "stop slow", code: "operation_running" }, mode]);
  slow.kill("SIGINT");
  const { code, stdout, stderr } = await end;
  const decoder = new TextDecoder();
  isPure({ line: "start slow", code: "interrupted" }, "json", {
    ...{ code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) },
  });
  met.add("interrupted");

  const missing = Object.keys(ERRORS).filter((each) =>
    !met.has(each as ErrorCode) && !Object.hasOwn(ELSEWHERE, each)
  );
  deepEqual(missing, [], "no case comes to these");
});

Deno.test("every command has a case, and every flag of it is in one", () => {
  const lines = [...CASES, ...LAST].map(({ line }) => scan(wordsOf(line), PROGRAM));
  const missing: string[] = [];
  const visit = (names: readonly string[], entry: Parameters<typeof isGroup>[0]): void => {
    if (isGroup(entry)) {
      for (const [name, each] of Object.entries(entry.commands)) visit([...names, name], each);
      return;
    }
    const own = lines.filter(({ place }) => place.entry === entry);
    if (own.length === 0) missing.push(names.join(" "));
    for (const key of Object.keys(entry.flags)) {
      const isGiven = own.some(({ flags }) => flags.some((flag) => flag.key === key));
      if (!isGiven) missing.push(`${names.join(" ")} --${key}`);
    }
  };
  visit([], PROGRAM);
  deepEqual(missing, []);
});
