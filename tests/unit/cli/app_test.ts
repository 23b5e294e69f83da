import { deepEqual, equal, match, ok } from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import config from "../../../deno.json" with { type: "json" };
import { main } from "../../../src/cli/app.ts";
import { type ErrorCode, ERRORS } from "../../../src/errors.ts";
import { OperationStore } from "../../../src/operations/store.ts";
import { ProgramMissingError } from "../../../src/world/world.ts";
import { equalsGolden } from "../../support/golden.ts";
import {
  type FakeServer,
  type FakeTmuxSpec,
  type FakeTmuxWorld,
  withFakeTmux,
} from "../../support/fake_tmux.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: readonly { readonly argv: readonly string[]; readonly stdin?: string }[];
}

interface Meddled extends FakeTmuxSpec {
  /** Makes another world of it, in which others are at work. */
  readonly meddle?: (world: FakeTmuxWorld) => Promise<FakeTmuxWorld>;
}

/** What a command line does in a fake world. */
async function run(
  args: readonly string[],
  { meddle = (world) => Promise.resolve(world), ...spec }: Meddled = {},
): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withFakeTmux(spec, async (untouched) => {
    const world = await meddle(untouched);
    const code = await main(args, world);
    outcome = { code, stdout: world.stdout(), stderr: world.stderr(), calls: world.calls };
  });
  return outcome!;
}

const SHELL = { name: "shell", pid: 100 };
const ASTRO = { name: "astro", pid: 200, managed: true };
const SERVERS: Readonly<Record<string, FakeServer>> = { default: [SHELL, ASTRO] };

// --- errors --------------------------------------------------------------------------------------

/** The store of operations, as another process opens it. */
async function storeOfAnother(world: FakeTmuxWorld): Promise<OperationStore> {
  const another = { ...world, processes: { ...world.processes, self: 4711 } };
  world.alive.add(4711);
  return await OperationStore.inDirectory(another, {
    directory: "/home/user/.local/state/kstops",
    warn: (text) => {
      throw new Error(text);
    },
  });
}

async function anotherWorksOnAstro(world: FakeTmuxWorld): Promise<FakeTmuxWorld> {
  const store = await storeOfAnother(world);
  const { id } = store.open("restart", null, { session: "astro" });
  store.transition(id, "validating");
  store.transition(id, "planning");
  await store.claim(id, "tmux:default");
  store.transition(id, "applying");
  return world;
}

async function anotherEndsWhatBegins(world: FakeTmuxWorld): Promise<FakeTmuxWorld> {
  const store = await storeOfAnother(world);
  const exec: FakeTmuxWorld["exec"] = (argv, options) => {
    for (const { id } of store.list({ state: "planning" })) store.transition(id, "failed");
    return world.exec(argv, options);
  };
  return { ...world, exec };
}

interface Failing extends Meddled {
  readonly args: readonly string[];
}

/** A way to every error that a command can end with. */
const FAILURES: Partial<Record<ErrorCode, Failing>> = {
  internal: { args: ["list"], servers: { default: new TypeError("no such thing") } },
  usage: { args: ["frob"] },
  value_invalid: { args: ["start", "my bot", "--", "sleep", "60"] },
  config_invalid: {
    args: ["start", "astro"],
    files: { "/project/kstops.yml": "ops: { sessions: { astro: { comand: x } } }\n" },
  },
  backend_not_found: {
    args: ["status", "astro"],
    servers: { default: new ProgramMissingError("tmux", "missing") },
  },
  backend_unavailable: {
    args: ["status", "astro"],
    servers: { default: { stderr: "error connecting to /tmp/x (Permission denied)\n" } },
  },
  session_not_found: { args: ["status", "nope"] },
  session_exists: { args: ["start", "astro", "--", "sleep", "60"], servers: SERVERS },
  session_ambiguous: {
    args: ["status", "shell"],
    servers: { default: [SHELL], bots: [{ ...SHELL, pid: 300 }] },
  },
  start_failed: { args: ["start", "web", "--", "no-such-program"] },
  stop_failed: {
    args: ["stop", "rock", "--force"],
    servers: { default: [{ name: "rock", pid: 300, managed: true, immortal: true }] },
  },
  attach_failed: {
    args: ["attach", "astro"],
    servers: { default: [{ ...ASTRO, exitCode: 3 }] },
    terminal: { stdin: true, stdout: true, stderr: true },
  },
  session_not_running: {
    args: ["signal", "astro", "TERM"],
    servers: { default: [{ ...ASTRO, exitCode: 3 }] },
  },
  wait_failed: {
    args: ["wait", "astro", "--for", "running"],
    servers: { default: [{ ...ASTRO, exitCode: 3 }] },
  },
  input_required: { args: ["stop", "shell"], servers: SERVERS },
  operation_not_found: { args: ["operations", "show", "1b4e28ba"] },
  operation_running: {
    args: ["stop", "astro"],
    servers: SERVERS,
    meddle: anotherWorksOnAstro,
  },
  operation_abandoned: {
    args: ["stop", "astro"],
    servers: SERVERS,
    meddle: anotherEndsWhatBegins,
  },
};

for (const [code, { args, ...spec }] of Object.entries(FAILURES)) {
  const { exit } = ERRORS[code as ErrorCode];

  Deno.test(`${code} ends with exit status ${exit} and says why, for people`, async () => {
    const env = { ...spec.env, NO_COLOR: "1" };
    const { code: status, stdout, stderr } = await run(args, { ...spec, env });
    deepEqual([status, stdout], [exit, ""]);
    const [first = "", ...rest] = stderr.trimEnd().split("\n");
    match(first, code === "internal" ? /^kstops: Unexpected failure: / : /^kstops: Cannot .+[^.]$/);
    match(rest.at(-1) ?? "", /^hint: .+[^.]$/);
  });

  Deno.test(`${code} ends with exit status ${exit} and one line of JSON, for scripts`, async () => {
    const { code: status, stdout, stderr } = await run(
      [...args.slice(0, 1), "--json"].concat(
        args.slice(1),
      ),
      spec,
    );
    // A wait says of each session what came of it.
    deepEqual([status, code === "wait_failed" ? "" : stdout], [exit, ""]);
    match(stderr, /^\{.*\}\n$/);
    const { error, ...others } = JSON.parse(stderr);
    deepEqual(others, {});
    deepEqual(Object.keys(error), ["code", "message", "hint", "details"]);
    equal(error.code, code);
    equal(typeof error.message, "string");
    ok(error.hint === null || typeof error.hint === "string");
  });
}

Deno.test("every error has its way here, but what takes time, and a signal", () => {
  const elsewhere = ["wait_timeout", "interrupted"];
  deepEqual(Object.keys(ERRORS).filter((code) => !(code in FAILURES)), elsewhere);
});

Deno.test("the JSON of an error is exact", async () => {
  const { stderr } = await run(["status", "shel", "--json"], { servers: SERVERS });
  equal(
    stderr,
    '{"error":{"code":"session_not_found","message":"Cannot show \\"shel\\": no such session",' +
      '"hint":"did you mean \\"shell\\"? kstops list shows every session","details":{}}}\n',
  );
});

Deno.test("a usage error is JSON, too, wherever --json stands", async () => {
  for (const args of [["--json", "frob"], ["list", "--frob", "--json"], ["status", "--json"]]) {
    const { code, stderr } = await run(args);
    equal(code, 2);
    equal(JSON.parse(stderr).error.code, "usage");
  }
});

Deno.test("--json behind -- is not ours", async () => {
  const { code, stderr } = await run(["start", "web", "--", "no-such-program", "--json"]);
  equal(code, 7);
  match(stderr, /^kstops: Cannot start "web": /);
});

Deno.test("--json as the value of a flag is not ours either", async () => {
  const { code, stderr } = await run(["start", "web", "-e", "--json", "--", "no-such-program"]);
  equal(code, 3);
  match(stderr, /^kstops: Cannot .*"--json"/);
});

Deno.test("an error shows what the program printed, and no escape sequence of it", async () => {
  const { stderr } = await run(["status", "a\x1b[2J\nb"], {});
  match(stderr, /^kstops: Cannot show "a\\x1b\[2J\\nb": no such session\nhint: .*\n$/);
});

// --- several sessions ----------------------------------------------------------------------------

const THREE: Readonly<Record<string, FakeServer>> = {
  default: [SHELL, ASTRO, { name: "web", pid: 400, managed: true }],
};

Deno.test("of several sessions all are tried, and the first failure decides", async () => {
  const { code, stdout, stderr } = await run(["stop", "nope", "astro", "shell", "web"], {
    servers: THREE,
  });
  equal(code, 5);
  equal(stdout, "Stopped astro (tmux, ended by SIGINT)\nStopped web (tmux, ended by SIGINT)\n");
  deepEqual(stderr.match(/^kstops: .*/gm), [
    'kstops: Cannot stop "nope": no such session',
    'kstops: Cannot stop "shell": kstops did not start it, and nobody said yes',
  ]);
});

Deno.test("of several sessions those that worked are one JSON list", async () => {
  const { code, stdout, stderr } = await run(["stop", "shell", "astro", "--json"], {
    servers: THREE,
  });
  equal(code, 8);
  const found = JSON.parse(stdout);
  deepEqual(found.map((each: { name: string; state: string }) => [each.name, each.state]), [
    ["astro", "stopped"],
  ]);
  equal(JSON.parse(stderr).error.code, "input_required");
});

Deno.test("a name that is given twice is one session", async () => {
  const { code, stdout } = await run(["stop", "astro", "astro"], { servers: SERVERS });
  deepEqual([code, stdout], [0, "Stopped astro (tmux, ended by SIGINT)\n"]);
});

Deno.test("-q prints nothing when it works", async () => {
  deepEqual(await run(["stop", "astro", "-q"], { servers: SERVERS }).then(said), [0, "", ""]);
  deepEqual(await run(["start", "web", "-q", "--", "sleep", "60"]).then(said), [0, "", ""]);
});

function said({ code, stdout, stderr }: Outcome): [number, string, string] {
  return [code, stdout, stderr];
}

// --- what is printed where -----------------------------------------------------------------------

Deno.test("--version, --help and no command print to stdout and succeed", async () => {
  deepEqual(await run(["--version"]).then(said), [0, `kstops ${config.version}\n`, ""]);
  deepEqual(await run(["-V"]).then(said), [0, `kstops ${config.version}\n`, ""]);
  deepEqual(await run(["list", "--version"]).then(said), [0, `kstops ${config.version}\n`, ""]);
  const help = await run(["--help"]);
  deepEqual([help.code, help.stderr], [0, ""]);
  match(help.stdout, /^Usage: kstops .*\nExamples:\n/s);
  deepEqual(await run([]).then(said), said(help));
});

Deno.test("--version --json tells more than the version, in whatever order they come", async () => {
  const told = {
    version: config.version,
    commit: null,
    deno: "2.9.6",
    target: "x86_64-unknown-linux-gnu",
    schema_version: 1,
  };
  const expected = [0, `${JSON.stringify(told)}\n`, ""];
  for (const line of ["--version --json", "--json -V", "list --json --version"]) {
    deepEqual(await run(line.split(" ")).then(said), expected, line);
  }
});

Deno.test("--json that is the value of another flag does not change the version", async () => {
  const outcome = await run(["start", "web", "--env", "--json", "--version"]);
  deepEqual(said(outcome), [0, `kstops ${config.version}\n`, ""]);
});

Deno.test("nothing is asked of tmux for a help text or a usage error", async () => {
  for (const args of [["--help"], ["stop", "--help"], ["frob"], ["stop"], ["--version"]]) {
    deepEqual((await run(args, { servers: SERVERS })).calls, []);
  }
});

Deno.test("a reader that went away is no error", async () => {
  for (const args of [["list"], ["list", "--json"], ["--help"], ["status", "astro"]]) {
    const outcome = await run(args, { servers: SERVERS, terminal: { closed: true } });
    deepEqual(said(outcome), [0, "", ""]);
  }
});

const PRINTED = { name: "astro", pid: 200, printed: "\x1b[31mred\x1b[0m\nplain\n\n" };

Deno.test("logs prints the bytes as they are, or without their escape sequences", async () => {
  const servers = { default: [PRINTED] };
  const raw = await run(["logs", "astro"], { servers });
  deepEqual(said(raw), [0, "\x1b[31mred\x1b[0m\nplain\n", ""]);
  const plain = await run(["logs", "astro", "--plain", "-n", "all"], { servers });
  deepEqual(said(plain), [0, "red\nplain\n", ""]);
  equal((await run(["logs", "astro", "-n", "1"], { servers })).stdout, "plain\n");
  equal((await run(["logs", "astro", "-n", "0"], { servers })).stdout, "");
  const json = await run(["logs", "astro", "--json", "-n", "1"], { servers });
  deepEqual(JSON.parse(json.stdout), [{ name: "astro", line: "plain" }]);
});

Deno.test("JSON is one document on one line, also on a narrow terminal with colours", async () => {
  const terminal = { stdin: true, stdout: true, stderr: true, columns: 20 };
  for (const args of [["list"], ["status", "astro"], ["stop", "astro"], ["restart", "astro"]]) {
    const { code, stdout } = await run([...args, "--json", "--color", "always"], {
      servers: SERVERS,
      terminal,
    });
    equal(code, 0);
    match(stdout, /^[^\p{Cc}]*\n$/u);
    JSON.parse(stdout);
  }
});

const COLOURS: Record<string, readonly [FakeTmuxSpec, readonly string[], boolean]> = {
  "a terminal": [{ terminal: { stdout: true } }, [], true],
  "a pipe": [{}, [], false],
  "a pipe, where only stderr is a terminal": [{ terminal: { stderr: true } }, [], false],
  "a terminal and NO_COLOR": [{ terminal: { stdout: true }, env: { NO_COLOR: "1" } }, [], false],
  "a terminal and an empty NO_COLOR": [
    { terminal: { stdout: true }, env: { NO_COLOR: "" } },
    [],
    true,
  ],
  "a dumb terminal": [{ terminal: { stdout: true }, env: { TERM: "dumb" } }, [], false],
  "a terminal and --color never": [{ terminal: { stdout: true } }, ["--color", "never"], false],
  "a terminal, NO_COLOR and --color always": [
    { terminal: { stdout: true }, env: { NO_COLOR: "1" } },
    ["--color", "always"],
    true,
  ],
  "a dumb terminal and --color always": [
    { terminal: { stdout: true }, env: { TERM: "dumb" } },
    ["--color", "always"],
    true,
  ],
  "a pipe and --color always": [{}, ["--color", "always"], true],
};

for (const [where, [spec, flags, colour]] of Object.entries(COLOURS)) {
  Deno.test(`there ${colour ? "is" : "is no"} colour on ${where}`, async () => {
    for (const args of [["list"], ["status", "astro"]]) {
      const { stdout } = await run([...args, ...flags], { servers: SERVERS, ...spec });
      equal(stdout.includes("\x1b[32mrunning\x1b[0m"), colour);
      if (!colour) ok(!stdout.includes("\x1b"));
    }
  });
}

/** What is left on the terminal in the end: before, it was shown what is being done, in one line. */
function withoutProgress(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\r(?:[^\x1b\r\n]*\x1b\[K)?\x1b\[J/g, "");
}

for (const columns of [60, 80, 200]) {
  Deno.test(`errors look good on a terminal of ${columns} columns`, async () => {
    const texts = async (env: Record<string, string>): Promise<string> => {
      const all: string[] = [];
      for (const { args, ...spec } of Object.values(FAILURES)) {
        const terminal = { ...spec.terminal, stderr: true, columns };
        const { stderr } = await run(args, { ...spec, terminal, env: { ...spec.env, ...env } });
        all.push(`$ kstops ${args.join(" ")}\n${withoutProgress(stderr)}`);
      }
      return all.join("");
    };
    const plain = await texts({ NO_COLOR: "1" });
    await equalsGolden(`errors-${columns}.txt`, plain);
    const colour = await texts({});
    await equalsGolden(`errors-${columns}-colour.txt`, colour);
    equal(stripVTControlCharacters(colour), plain);
  });
}

Deno.test("errors are one line each where nobody looks at them, whatever the width", async () => {
  const terminal = { stdout: true, columns: 20 };
  const { stderr } = await run(["status", "nope"], { servers: SERVERS, terminal });
  equal(
    stderr,
    'kstops: Cannot show "nope": no such session\nhint: kstops list shows every session\n',
  );
});

Deno.test("a list of mistakes stays a list on a narrow terminal", async () => {
  const terminal = { stderr: true, columns: 40 };
  const env = { NO_COLOR: "1" };
  const files = {
    "/project/kstops.yml": "ops: { sessions: { web: { comand: x, socket_name: a b } } }\n",
  };
  const mistakes = await run(["start", "web"], { files, terminal, env });
  equal(
    mistakes.stderr,
    [
      'kstops: Cannot start "web": the config',
      "  has 2 mistakes",
      "  /project/kstops.yml:1:27:",
      "    ops.sessions.web.comand: unknown key",
      '    (did you mean "command"?)',
      "  /project/kstops.yml:1:51:",
      "    ops.sessions.web.socket_name: it has",
      "    a space (use letters, digits, ., -",
      "    and _)",
      "",
    ].join("\n"),
  );
});

Deno.test("errors have colour only where it is wanted", async () => {
  const coloured = async (flags: readonly string[], spec: FakeTmuxSpec): Promise<boolean> =>
    (await run(["status", "nope", ...flags], spec)).stderr.includes("\x1b[31mkstops:\x1b[0m");
  const terminal = { stderr: true };
  equal(await coloured([], { terminal }), true);
  equal(await coloured(["--color", "never"], { terminal }), false);
  equal(await coloured([], { terminal, env: { TERM: "dumb" } }), false);
  equal(await coloured([], { terminal: { stdout: true } }), false);
  equal(await coloured(["--color", "always"], {}), true);
});

const LOCALES: Record<string, readonly [Record<string, string>, string]> = {
  "no locale": [{}, "~"],
  "LC_ALL=C over another language": [{ LC_ALL: "C", LANG: "en_US.UTF-8" }, "~"],
  "an empty LC_ALL over another language": [{ LC_ALL: "", LANG: "de_DE.utf8" }, "…"],
  "LC_CTYPE over LANG": [{ LC_CTYPE: "C.UTF-8", LANG: "C" }, "…"],
  "Latin 1": [{ LANG: "de_DE.ISO-8859-1" }, "~"],
};

for (const [what, [env, sign]] of Object.entries(LOCALES)) {
  Deno.test(`what is cut off is shown as ${sign} with ${what}`, async () => {
    const servers = { default: [{ name: "n".repeat(64), pid: 1 }] };
    const terminal = { stdout: true, columns: 40 };
    const { stdout } = await run(["list"], { servers, terminal, env });
    match(stdout, new RegExp(`^n+${sign} `, "m"));
  });
}

Deno.test("list says on a terminal whether there is nothing, or nothing of that kind", async () => {
  const terminal = { stdout: true };
  const some = await run(["list", "--state", "stopped"], { servers: SERVERS, terminal });
  equal(some.stdout, "No such sessions. All of them: kstops list\n");
  const none = await run(["list"], { terminal });
  equal(none.stdout, "No sessions. Start one: kstops start NAME -- COMMAND\n");
});

Deno.test("the help fits a terminal, and has 80 columns elsewhere", async () => {
  const widthOf = ({ stdout }: Outcome): number =>
    Math.max(...stdout.split("\n").map((line) => line.length));
  const terminal = { stdout: true, columns: 60 };
  ok(widthOf(await run(["start", "--help"], { terminal })) <= 60);
  const [pipe, wide] = [
    await run(["start", "--help"], { terminal: { stdout: false, columns: 60 } }),
    await run(["start", "--help"], { terminal: { stdout: true, columns: 80 } }),
  ];
  equal(pipe.stdout, wide.stdout);
});

Deno.test("a terminal without a size counts as 80 columns", async () => {
  const wide = await run(["list"], { servers: SERVERS, terminal: { stdout: true, columns: 80 } });
  for (const columns of [0, undefined]) {
    const terminal = { stdout: true, ...(columns === undefined ? {} : { columns }) };
    equal((await run(["list"], { servers: SERVERS, terminal })).stdout, wide.stdout);
  }
});

// --- engines -------------------------------------------------------------------------------------

Deno.test("list shows the rest when an engine is in trouble that nobody asked for", async () => {
  const servers = { ...SERVERS, old: { stderr: "protocol version mismatch\n" } };
  const { code, stdout, stderr } = await run(["list", "--json"], { servers });
  equal(code, 0);
  deepEqual(
    JSON.parse(stdout).map((each: { name: string; state: string }) => [each.name, each.state]),
    [["astro", "running"], ["shell", "running"], [null, "unknown"]],
  );
  match(stderr, /^kstops: Cannot ask tmux on socket "old": protocol version mismatch\b.*\n$/);
});

Deno.test("list shows the rest and fails when an engine is in trouble that was asked for", async () => {
  const servers = { ...SERVERS, old: { stderr: "protocol version mismatch\n" } };
  const { code, stdout, stderr } = await run(["list", "-b", "tmux"], { servers });
  equal(code, 4);
  equal(stdout.split("\n").length, 4);
  match(stderr, /^kstops: Cannot ask tmux on socket "old": protocol version mismatch\n/);
});

Deno.test("what is wrong with the config is said once, and does not stop a list", async () => {
  const { code, stdout, stderr } = await run(["list", "-q"], {
    servers: SERVERS,
    files: { "/project/kstops.yml": "ops: { sessions: { web: { comand: x } } }\n" },
  });
  deepEqual([code, stdout], [0, "astro\nshell\nweb\n"]);
  equal(
    stderr,
    "kstops: the config has 1 mistake in 1 session: kstops config validate shows them\n",
  );
});

Deno.test("mistakes of other sessions are one line, and one's own are told", async () => {
  const text = "ops: { sessions: { web: { comand: x, a: 1 }, b: { x: 1 }, astro: { y: 1 } } }\n";
  const { stderr } = await run(["status", "astro"], {
    servers: SERVERS,
    files: { "/project/kstops.yml": text },
  });
  deepEqual(stderr.split("\n"), [
    "kstops: /project/kstops.yml:1:68: ops.sessions.astro.y: unknown key",
    "kstops: the config has 3 mistakes in 2 other sessions: kstops config validate shows them",
    "",
  ]);
});

Deno.test("a config that was named and is not there is an error but for one that runs", async () => {
  const at = (...words: string[]) => run(["--config", "/nope.yml", ...words], { servers: SERVERS });
  const missing = "kstops: Cannot use the config: /nope.yml: no such file\n" +
    "hint: --config names it\n";
  for (const words of [["list"], ["status", "nobody"], ["logs", "astro", "shell"], ["logs"]]) {
    const { code, stdout, stderr } = await at(...words);
    deepEqual([code, stdout, stderr], [3, "", missing], words.join(" "));
  }
  const { code, stderr } = await at("status", "astro");
  deepEqual([code, stderr], [
    0,
    "kstops: Cannot use the config /nope.yml: no such file (--config names it)\n",
  ]);
});

Deno.test("a list shows what has nothing to run as unknown, as validate knows it", async () => {
  const { stdout } = await run(["list", "-b", "tmux", "--json"], {
    servers: SERVERS,
    files: { "/project/kstops.yml": "ops:\n  sessions:\n    a: {}\n    b: { image: x }\n" },
  });
  const rows: { name: string; state: string; reason: string }[] = JSON.parse(stdout);
  deepEqual(rows.slice(-2).map(({ name, state, reason }) => [name, state, reason]), [
    ["a", "unknown", "/project/kstops.yml:3:5: ops.sessions.a: it has no command"],
    ["b", "unknown", "/project/kstops.yml:4:5: ops.sessions.b: it has no command"],
  ]);
});

Deno.test("a start of what is nearly a name says so, also where it only runs", async () => {
  const start = (name: string, files = {}) => run(["start", name], { servers: SERVERS, files });
  const near = await start("astr");
  equal(near.code, 5);
  match(near.stderr, /^hint: did you mean "astro"\?$/m);
  match((await start("astro")).stderr, /^hint: it is there already: kstops status astro$/m);
  const config = { "/project/kstops.yml": "ops: { sessions: { worker: { command: x } } }\n" };
  const defined = await start("wroker", config);
  match(
    defined.stderr,
    /^kstops: Cannot start "wroker": \/project\/kstops.yml does not define it$/m,
  );
  match(defined.stderr, /^hint: did you mean "worker"\?$/m);
});

Deno.test("--verbose says every call with its duration and its end, and no input of it", async () => {
  const { code, stdout, stderr, calls } = await run(
    ["start", "web", "--verbose", "-e", "TOKEN=s3cret-token", "--", "sleep", "60"],
    {},
  );
  deepEqual([code, stdout], [0, "Started web (tmux, pid 5001)\n"]);
  const lines = stderr.trimEnd().split("\n");
  equal(lines.length, calls.length);
  for (const [index, line] of lines.entries()) {
    const { argv } = calls[index]!;
    ok(line.startsWith(`+ ${argv.slice(0, 5).join(" ")} `), line);
    match(line, / \(\d+\.\d ms, exit \d+\)$/);
  }
  ok(calls.some(({ stdin }) => stdin?.includes("s3cret-token")));
  ok(!stderr.includes("s3cret-token"));
});

Deno.test("--verbose says how a call failed", async () => {
  const { stderr } = await run(["list", "--verbose", "-b", "tmux"], {
    servers: {
      old: { stderr: "protocol version mismatch\n" },
      gone: new ProgramMissingError("tmux", "missing"),
    },
  });
  match(stderr, /^\+ tmux .*-L old .* \(\d+\.\d ms, exit 1\)$/m);
  match(stderr, /^\+ tmux .*-L gone .* \(\d+\.\d ms, tmux: not found\)$/m);
});

Deno.test("without --verbose nothing is said of calls", async () => {
  deepEqual((await run(["list"], { servers: SERVERS })).stderr, "");
});

// --- flags reach what they are for ---------------------------------------------------------------

Deno.test("what stands behind -- is the command, word for word", async () => {
  const command = ["sleep", "--json", "a b", "", "--", "-x"];
  const { code, stdout } = await run(["start", "web", "--json", "--no-wait", "--", ...command]);
  equal(code, 0);
  deepEqual(JSON.parse(stdout).command, command);
});

Deno.test("flags that repeat add up", async () => {
  const { calls } = await run(
    ["start", "web", "-e", "A=1", "--env", "B=2", "--no-wait", "--", "sleep", "60"],
    {},
  );
  const { stdin = "" } = calls.find(({ stdin }) => stdin?.includes("new-session"))!;
  for (const assignment of ["A=1", "B=2"]) ok(stdin.includes(`'-e' '${assignment}'`), stdin);
});

Deno.test("a restart prints the fresh status and its operation", async () => {
  const { code, stdout } = await run(["restart", "astro", "--json"], { servers: SERVERS });
  equal(code, 0);
  const { name, state, pid, operation_id } = JSON.parse(stdout);
  deepEqual([name, state], ["astro", "running"]);
  match(operation_id, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  ok(pid !== 201);
});

Deno.test("a defined session that does not run is stopped already", async () => {
  const files = { "/project/kstops.yml": "ops: { sessions: { web: { command: sleep 60 } } }\n" };
  deepEqual(await run(["stop", "web"], { files }).then(said), [0, "web is not running\n", ""]);
  const { stdout } = await run(["stop", "web", "--json"], { files });
  equal(JSON.parse(stdout).state, "defined");
});

Deno.test("a stopped session that the config defines is defined again", async () => {
  const { stdout } = await run(["stop", "astro", "--json"], {
    servers: SERVERS,
    files: { "/project/kstops.yml": "ops: { sessions: { astro: { command: sleep 60 } } }\n" },
  });
  const { state, exit_code, signal, pid, defined } = JSON.parse(stdout);
  deepEqual([state, exit_code, signal, pid, defined], ["defined", 130, "SIGINT", null, true]);
});

Deno.test("the config says how many operations are kept", async () => {
  const files = {
    "/project/kstops.yml": "ops: { operations_keep: 1, operations_days: 0 }\n",
  };
  await withFakeTmux({ files }, async (world) => {
    for (const name of ["one", "two"]) {
      equal(await main(["start", name, "--no-wait", "--", "sleep", "60"], world), 0);
      world.advance(1000);
    }
    const before = world.stdout().length;
    equal(await main(["operations", "list"], world), 0);
    const rows = world.stdout().slice(before).trimEnd().split("\n");
    deepEqual(rows.map((row) => row.split("\t").slice(1, 4)), [["start", "two", "done"]]);
  });
});
