import { deepEqual, equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import { entriesBelow } from "../../../tools/reference.ts";
import { main } from "../../../src/cli/app.ts";
import { answer } from "../../../src/cli/completions.ts";
import { type Quote, readLine, typed, unquoted } from "../../../src/cli/completions/words.ts";
import { command, isGroup, type Program } from "../../../src/cli/grammar.ts";
import { PROGRAM } from "../../../src/cli/table.ts";
import { OperationStore } from "../../../src/operations/store.ts";
import { ExecTimeoutError, ProgramMissingError } from "../../../src/world/world.ts";
import { type ExpectedCall, withFakeWorld } from "../../support/fake_world.ts";
import { memoryDatabases } from "../../support/memory_database.ts";
import { property } from "../../support/property.ts";

// --- what the three shells get -------------------------------------------------------------------

/** The answer to a line of bash, where the editor's idea of the word begins behind the last `^`. */
async function bash(marked: string): Promise<string[]> {
  const [end = ""] = marked.split(/[ ^]/).slice(-1);
  let text = "";
  await withFakeWorld({}, async (world) => {
    text = await answer(["bash", marked.replaceAll("^", ""), end], world);
  });
  const [head = "", ...lines] = text.split("\n");
  return [head.split("\t")[0] ?? "", ...lines.filter((line) => line !== "")];
}

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  "kstops sta": ["words", "start", "status", "stats"],
  "kstops '^sta": ["words", "start", "status", "stats"],
  "kstops sto": ["words", "stop"],
  "kstops ls --st": ["words", "--state"],
  "kstops help att": ["words", "attach"],
  "kstops frob ": [""],
  "kstops frob --js": ["words", "--json"],
  "kstops --frob sta": ["words", "start", "status", "stats"],
  "kstops hel": ["words", "help"],
  "kstops help hel": [""],
  "kstops help start ": [""],
  "kstops -- sta": ["words", "start", "status", "stats"],
  "kstops start x --no-": ["words", "--no-deps", "--no-wait"],
  "kstops stop x -qfb ": ["words", "tmux", "container"],
  "kstops --js": ["words", "--json"],
  "kstops --color al": ["words", "always"],
  "kstops --color=^ne": ["words", "never"],
  "kstops --color=ne": ["words", "--color=never"],
  "kstops --color never st": ["words", "start", "stop", "status", "stats"],
  "kstops --color=never list --col": [""],
  "kstops list --managed --m": [""],
  "kstops start x --env A --en": ["words", "--env", "--env-file"],
  "kstops start x -b c": ["words", "container"],
  "kstops start x -bc": ["words", "-bcontainer"],
  "kstops start x -qb t": ["words", "tmux"],
  "kstops start x -qbt": ["words", "-qbtmux"],
  "kstops start x --runtime ": ["words", "podman", "docker"],
  "kstops start x --command ": [""],
  "kstops start x -w ": ["directories"],
  "kstops start x --workdir=^a": ["directories"],
  "kstops start x --env-file ": ["files"],
  "kstops start --config ": ["files"],
  "kstops start x -- ": ["files"],
  "kstops start x -- --col": ["files"],
  "kstops start -c -- --col": ["files"],
  "kstops completions ": ["words", "bash", "zsh", "fish"],
  "kstops completions bash ": [""],
  "kstops logs -n ": [""],
  "kstops logs x >": ["files"],
  "kstops logs x 2>err": ["files"],
  "kstops logs x 2>/dev/null --pl": ["words", "--plain"],
  "kstops logs $(touch pwned) --pl": ["words", "--plain"],
  "cd /tmp && kstops sto": ["words", "stop"],
  'kstops list --"^sta': ["words", "state"],
};
for (const [line, expected] of Object.entries(ANSWERS)) {
  Deno.test(`bash gets what may follow ${line}`, async () => {
    deepEqual(await bash(line), expected);
  });
}

Deno.test("behind a dash come the flags of the command and those of every command, short and long", async () => {
  const flags = await bash("kstops list -");
  for (const flag of ["-q", "--quiet", "--state", "-h", "--help", "--json"]) {
    equal(flags.filter((each) => each === flag).length, 1, flag);
  }
  ok(!flags.includes("--attach"));
});

/** Values that nobody can know before they are typed. */
const UNKNOWABLE = [
  "string",
  "key[=value]",
  "key",
  "spec",
  "seconds",
  "n",
  "when",
  "what",
  "time",
  "seq",
  "text",
  "signal",
  "program",
];

Deno.test("every value of a flag or an argument completes, unless nobody can know it", () => {
  for (const { words, entry } of entriesBelow([PROGRAM.name], PROGRAM.commands)) {
    if (isGroup(entry)) continue;
    const values = [
      ...Object.values(entry.arguments),
      ...Object.values(entry.flags).map((flag) => flag.value),
    ];
    for (const value of values) {
      const isKnown = value?.kind !== undefined || value?.choices !== undefined;
      ok(
        value === undefined || isKnown !== UNKNOWABLE.includes(value.name),
        `${words}: ${value?.name}`,
      );
    }
  }
});

Deno.test("commands below a command are offered, and what they take", async () => {
  const load = () => Promise.resolve(() => ({}));
  const program = {
    name: "demo",
    about: "a program",
    flags: { json: { about: "for scripts" } },
    help: { about: "the help" },
    commands: {
      config: {
        about: "a group",
        commands: {
          show: command({
            about: "show it",
            arguments: { what: { name: "what", about: "of what", choices: ["all", "some"] } },
            flags: { secrets: { short: "s", about: "hide nothing" } },
            load,
          }),
          path: command({ about: "say where it is", load }),
        },
      },
    },
  } as const satisfies Program;
  const answers = {
    "config ": ["show", "path"],
    "help config ": ["show", "path"],
    "config show ": ["all", "some"],
    "config show --": ["--secrets", "--json"],
    "config show -s --": ["--json"],
    "config -": ["--json"],
    "config path ": [],
    "config frob ": [],
  };
  await withFakeWorld({}, async (world) => {
    for (const [line, expected] of Object.entries(answers)) {
      const text = await answer(
        ["bash", `demo ${line}`, line.split(" ").at(-1) ?? ""],
        world,
        program,
      );
      deepEqual(text.split("\n").slice(1, -1), expected, line);
    }
  });
});

Deno.test("IDs of operations complete, for an answer only those that wait for one", async () => {
  const state = "/home/user/.local/state/kstops";
  const database = memoryDatabases();
  const spec = {
    env: { HOME: "/home/user" },
    files: { [`${state}/operations.db`]: "" },
    database,
  };
  await withFakeWorld(spec, async (world) => {
    const store = await OperationStore.inDirectory(world, { directory: state, warn: () => {} });
    const [{ id: begun }, { id: waiting }] = [
      store.open("start", null, { session: "astro" }),
      store.open("stop", null, { session: "bot\x1b" }),
    ];
    store.transition(waiting, "validating");
    store.transition(waiting, "planning");
    store.requestInput(waiting, { reason: "it is protected" });
    const lines = async (command: string): Promise<readonly string[]> =>
      (await answer(["fish", "operations", command, ""], world)).trimEnd().split("\n");
    const shown = [`${waiting}\tstop bot\\x1b input_required`, `${begun}\tstart astro pending`];
    deepEqual(await lines("show"), ["words\t\toperation", ...shown]);
    deepEqual(await lines("watch"), ["words\t\toperation", ...shown]);
    deepEqual(await lines("resume"), ["words\t\toperation", ...shown.slice(0, 1)]);
    deepEqual(await lines("cancel"), ["words\t\toperation", ...shown.slice(0, 1)]);
  });
});

Deno.test("where nothing is recorded, completing an ID offers none, and makes no store", async () => {
  const database = () => Promise.reject(new Error("nobody may open it"));
  await withFakeWorld({ env: { HOME: "/home/user" }, database }, async (world) => {
    equal(await answer(["fish", "operations", "show", ""], world), "");
  });
});

Deno.test("zsh gets what follows the beginning of a word, with descriptions", async () => {
  await withFakeWorld({}, async (world) => {
    equal(
      await answer(["zsh", "start", "--backend=t"], world),
      "words\t--backend=\tvalue\ntmux\ncontainer\n",
    );
    const flags = await answer(["zsh", "'st'art", '"x y"', "-"], world);
    ok(/^--all:[a-z ]+$/m.test(flags), flags);
    equal(await answer(["zsh", "start", "--config=a"], world), "files\t--config=\t\n");
  });
});

Deno.test("fish gets whole words, with descriptions", async () => {
  await withFakeWorld({}, async (world) => {
    equal(
      await answer(["fish", "start", "--backend=t"], world),
      "words\t--backend=\tvalue\n--backend=tmux\t\n--backend=container\t\n",
    );
    const flags = await answer(["fish", "list", "--"], world);
    ok(/^--managed\t[a-z ]+$/m.test(flags), flags);
  });
});

Deno.test("a question in an unknown tongue gets no answer", async () => {
  await withFakeWorld({}, async (world) => {
    for (const args of [[], ["tcsh", "kstops "], ["bash"], ["zsh"], ["fish"]]) {
      ok(!(await answer(args, world)).includes("undefined"));
    }
    equal(await answer(["tcsh", "kstops "], world), "");
    equal(await main(["__complete", "tcsh"], world), 0);
    equal(world.stdout() + world.stderr(), "");
  });
});

// --- engines -------------------------------------------------------------------------------------

const SOCKET = "/tmp/tmux-1000/default";
const LIST: ExpectedCall["argv"] = ["tmux", "-u", "-L", "default", "list-panes", "-a", "-F", /./];
const CONFIG = "ops: { sessions: { astro: { command: sleep 60 }, beta: { command: sleep 60 } } }\n";

/** The names that zsh gets, in a world with a config and a socket. */
async function names(
  args: readonly string[],
  call: Omit<ExpectedCall, "argv"> & { readonly argv?: ExpectedCall["argv"] } | null,
  files: Readonly<Record<string, string>> = { "/project/kstops.yml": CONFIG },
): Promise<string[]> {
  let text = "";
  const spec = {
    calls: call === null ? [] : [{ argv: LIST, ...call }],
    files: { ...files, [SOCKET]: { kind: "socket" as const } },
    env: { HOME: "/home/user" },
  };
  await withFakeWorld(spec, async (world) => {
    text = await answer(["zsh", ...args], world);
    equal(world.stdout() + world.stderr(), "");
  });
  return text.split("\n").slice(1, -1).map((line) => line.replace(/:.*/, ""));
}

const NO_SERVER = { code: 1, stderr: "no server running on x\n" };

Deno.test("what the config defines and nothing runs is there to start, and not to attach to", async () => {
  deepEqual(await names(["start", ""], NO_SERVER), ["astro", "beta"]);
  deepEqual(await names(["stop", ""], NO_SERVER), ["astro", "beta"]);
  deepEqual(await names(["attach", ""], NO_SERVER), []);
});

Deno.test("names that stand there already do not come again", async () => {
  deepEqual(await names(["start", "astro", ""], NO_SERVER), ["beta"]);
  deepEqual(await names(["stop", "--", "beta", ""], NO_SERVER), ["astro"]);
});

Deno.test("an engine is asked only for what the line leaves open", async () => {
  deepEqual(await names(["status", "astro", ""], null), []);
  deepEqual(await names(["stop", "--all", ""], null), []);
  deepEqual(await names(["start", "--backend", "container", ""], null), []);
});

Deno.test("to show of the config there is what it defines, and no engine is asked", async () => {
  const files = {
    "/project/kstops.yml": 'ops: { sessions: { astro: { command: x }, "a\\tb": 1, -x: 1 } }',
  };
  deepEqual(await names(["config", "show", ""], null, files), ["astro"]);
  deepEqual(await names(["config", "show", "--", ""], null, files), ["astro", "-x"]);
  deepEqual(await names(["config", "show", "astro", ""], null, files), []);
});

const IMAGES = `
ops:
  default_backend: container
  sessions:
    astro: { image: "localhost:5000/bot:1" }
    web: { image: "localhost:5000/bot:1" }
    db: { image: postgres }
    secret: { image: "\${REGISTRY}/bot" }
    wrong: { image: "-x" }
    clock: { backend: tmux, command: date }
`;

Deno.test("behind an @ come the groups of the config, without asking any engine", async () => {
  const config = `ops:
  sessions:
    astro: { command: bot, groups: [bots, eu] }
    web: { command: web, groups: eu }
    broken: { nonsense: 1, groups: [bots] }
`;
  await withFakeWorld({ files: { "/project/kstops.yml": config } }, async (world) => {
    const all = "words\t\tgroup\n@bots\tastro, broken\n@eu\tastro, web\n";
    equal(await answer(["fish", "stop", "@"], world), all);
    equal(await answer(["fish", "stop", "--all", "--except", "@"], world), all);
    equal(await answer(["fish", "start", "@e"], world), all);
  });
});

Deno.test("images are those of the config, each once, with the sessions that have it", async () => {
  await withFakeWorld({ files: { "/project/kstops.yml": IMAGES } }, async (world) => {
    equal(
      await answer(["fish", "start", "x", "--image", ""], world),
      "words\t\timage\nlocalhost:5000/bot:1\tastro, web\npostgres\tdb\n",
    );
    equal(
      await answer(["zsh", "start", "x", "--image=l"], world),
      "words\t--image=\timage\nlocalhost\\:5000/bot\\:1:astro, web\npostgres:db\n",
    );
    // bash holds for the word only what is behind the last colon.
    equal(
      await answer(["bash", "kstops start x -i localhost:50", "50"], world),
      [
        "words\t\timage\n5000/bot:1\n",
      ].join(""),
    );
  });
});

Deno.test("without tmux there is nothing to say about its sessions", async () => {
  const missing = { fails: new ProgramMissingError("tmux", "missing") };
  deepEqual(await names(["attach", ""], missing), []);
  deepEqual(await names(["logs", ""], missing), ["astro", "beta"]);
});

Deno.test("a config with mistakes is no reason to complain", async () => {
  const files = { "/project/kstops.yml": "ops: [" };
  deepEqual(await names(["start", ""], NO_SERVER, files), []);
});

Deno.test("the config of the line is the one that counts", async () => {
  const files = { "/home/user/other.yml": "ops: { sessions: { other: { command: x } } }" };
  deepEqual(await names(["--config", "~/other.yml", "start", ""], NO_SERVER, files), ["other"]);
  deepEqual(await names(["--config=~/other.yml", "start", ""], NO_SERVER, files), ["other"]);
});

Deno.test("a tmux that a file in the current directory names is not run", async () => {
  const own = "ops: { tmux_binary: /project/evil }\n";
  await names(["stop", ""], NO_SERVER, { "/project/kstops.yml": own });
  await names(
    ["stop", ""],
    { ...NO_SERVER, argv: ["/project/evil", ...LIST.slice(1)] },
    { "/etc/kstops/kstops.yml": own },
  );
});

Deno.test("no engine is waited for longer than a second, whatever the number of calls", async () => {
  const timeouts: number[] = [];
  const calls = [
    { argv: LIST, code: 1, stderr: "server exited unexpectedly\n", tookMs: 400 },
    { argv: LIST, fails: new ExecTimeoutError("tmux", 1), tookMs: 500 },
  ];
  await withFakeWorld({ calls, files: { [SOCKET]: { kind: "socket" } } }, async (world) => {
    const exec: typeof world.exec = (argv, options) => {
      timeouts.push(options.timeoutMs);
      return world.exec(argv, options);
    };
    equal(await answer(["zsh", "stop", ""], { ...world, exec }), "");
  });
  equal(timeouts[0], 1000);
  ok(timeouts[1]! <= 600, `${timeouts}`);
});

// --- words ---------------------------------------------------------------------------------------

const WORDS: Readonly<Record<string, readonly [value: string, open: Quote]>> = {
  "": ["", ""],
  "al": ["al", ""],
  "x\\ y": ["x y", ""],
  "x\\": ["x", ""],
  "'x y": ["x y", "'"],
  "'x'\\''y": ["x'y", "'"],
  '"x\\$y\\z': ["x$y\\z", '"'],
  '"x y"z': ["x yz", ""],
  "$'x\\'y": ["x'y", "$'"],
  '"$HOME/$(ls "a b")': ['$HOME/$(ls "a b")', '"'],
  "`ls a`b": ["`ls a`b", ""],
  "${x:-a b}c": ["${x:-a b}c", ""],
  "x\\\ny": ["xy", ""],
};
for (const [raw, [value, open]] of Object.entries(WORDS)) {
  Deno.test(`the word ${JSON.stringify(raw)} is read as bash would`, () => {
    deepEqual(unquoted(raw), { value, open });
  });
}

const LINES: Readonly<Record<string, ReturnType<typeof readLine>>> = {
  "": { words: [], current: "", redirection: false },
  "kstops": { words: [], current: "kstops", redirection: false },
  "kstops ": { words: ["kstops"], current: "", redirection: false },
  "kstops 'a b' c\\ d \"e": { words: ["kstops", "a b", "c d"], current: '"e', redirection: false },
  "kstops logs $(echo a; echo b) x": {
    words: ["kstops", "logs", "$(echo a; echo b)"],
    current: "x",
    redirection: false,
  },
  "a | b; kstops st": { words: ["kstops"], current: "st", redirection: false },
  "kstops a >b 2>&1 c": { words: ["kstops", "a"], current: "c", redirection: false },
  "kstops a >> b": { words: ["kstops", "a"], current: "b", redirection: true },
  "kstops $(unfinished a": { words: ["kstops"], current: "$(unfinished a", redirection: false },
};
for (const [text, line] of Object.entries(LINES)) {
  Deno.test(`the line ${JSON.stringify(text)} is read as bash would`, () => {
    deepEqual(readLine(text), line);
  });
}

Deno.test("long lines are read in no time", () => {
  for (const part of ["a ", "\\", "'", '"', "$(", "`", "${", "$'", ">", ";", "\\\n", "2>"]) {
    readLine(part.repeat(100_000 / part.length));
  }
});

property("what is typed for a name reads as that name, and as one word", () => {
  const name = fc.string({
    unit: fc.constantFrom(..."ab ~!#$%&*(){}[]|;:'\"<>?`\\ü=@"),
    minLength: 1,
  });
  const quote = fc.constantFrom<Quote>("", "'", '"', "$'");
  return {
    input: fc.tuple(name, quote),
    holds: ([text, open]) => {
      const answered = typed(text, open);
      const mark = open.slice(-1);
      // The line editor leaves a second opening quote out, and closes what is not closed.
      const begun = mark !== "" && answered.startsWith(mark) ? open.slice(0, -1) : open;
      const line = begun + answered + (answered.endsWith(mark) ? "" : mark);
      deepEqual(unquoted(line), { value: text, open: "" });
      deepEqual(readLine(`kstops ${line} `).words.slice(1), [text]);
    },
  };
});
