import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import * as fc from "fast-check";
import type { Context, Reply } from "../../../src/cli/command.ts";
import { command, longOf, type Program } from "../../../src/cli/grammar.ts";
import { parse, type Parsed, parseWith } from "../../../src/cli/parse.ts";
import { type GlobalFlags, PROGRAM } from "../../../src/cli/table.ts";
import { type Json, SessionConfigError, UsageError } from "../../../src/errors.ts";
import { property } from "../../support/property.ts";

/** The words of a line, as a shell without quotes would have them. */
function wordsOf(line: string): string[] {
  return line === "" ? [] : line.split(" ");
}

// --- the grammar, on a table of its own ----------------------------------------------------------

/** A command that answers with what it is given. */
const load = () =>
  Promise.resolve((_context: Context, given: unknown): Reply => ({ data: given as Json }));

const PLACES = {
  place: { name: "place", about: "where to go", required: true },
  others: { name: "other", about: "where else", variadic: true },
} as const;

const DEMO = {
  name: "demo",
  about: "a program with everything that a table can say",
  flags: {
    version: { short: "V", about: "the version", asks: "version" },
    json: { about: "for scripts" },
    color: {
      about: "colours",
      value: { name: "when", choices: ["auto", "never"] },
      default: "auto",
    },
    help: { short: "h", about: "the help", asks: "help" },
  },
  help: { about: "the help" },
  commands: {
    go: command({
      about: "with every kind of flag",
      aliases: ["g", "walk"],
      arguments: PLACES,
      flags: {
        quiet: { short: "q", about: "say nothing" },
        force: { short: "f", about: "at once" },
        number: {
          short: "n",
          about: "how often",
          value: {
            name: "n",
            read: (text: string) => /^[0-9]+$/.test(text) ? Number(text) : null,
            rule: "it must be a number",
          },
          default: 1,
        },
        "dry-run-mode": { short: "d", about: "how", value: { name: "mode" } },
        volume: { short: "v", about: "one of many", value: { name: "spec" }, repeats: true },
        pace: { short: "p", about: "how fast", value: { name: "pace", choices: ["slow", "fast"] } },
        "ask-me": { about: "do not ask", negated: true },
      },
      load,
    }),
    run: command({
      about: "with a command line of its own",
      arguments: { name: { name: "name", about: "its name" } },
      argv: true,
      load,
    }),
    config: {
      about: "a group",
      commands: {
        show: command({
          about: "with an argument that may be missing",
          arguments: { name: { name: "name", about: "what to show" } },
          flags: { secrets: { short: "s", about: "all of it" } },
          load,
        }),
        validate: command({ about: "without arguments", aliases: ["check"], load }),
        keys: {
          about: "a group in a group",
          commands: { list: command({ about: "deep down", load }) },
        },
      },
    },
    compare: command({
      about: "with two arguments",
      arguments: {
        left: { name: "left", about: "one", required: true },
        right: { name: "right", about: "the other", choices: ["north", "south"], required: true },
      },
      load,
    }),
  },
} as const satisfies Program;

/** The flags that commands have when none is given. */
const GLOBAL = { color: "auto" };
const GO = { place: "x", others: [], number: 1, askMe: true };

/** What a line gives to its command and to every command. */
async function givenIn(words: readonly string[]): Promise<Json | undefined> {
  const parsed = parseWith(DEMO, words);
  ok(parsed.kind === "run", words.join(" "));
  const run = await parsed.load();
  const { data } = await run({} as Context);
  return [data ?? null, parsed.globals as unknown as Json];
}

/** Lines, what the command is given, and the global flags that are not as always. */
const MEANINGS: Readonly<Record<string, readonly [Json, Json?]>> = {
  "go x": [GO],
  "g x": [GO],
  "walk x": [GO],
  "go x y z": [{ ...GO, others: ["y", "z"] }],
  "go - -": [{ ...GO, place: "-", others: ["-"] }],
  "go -q x": [{ ...GO, quiet: true }],
  "go x -qf": [{ ...GO, quiet: true, force: true }],
  "go x --quiet --quiet": [{ ...GO, quiet: true }],
  "go x -n 5": [{ ...GO, number: 5 }],
  "go x -n5": [{ ...GO, number: 5 }],
  "go x -qn5": [{ ...GO, quiet: true, number: 5 }],
  "go x -qn 5": [{ ...GO, quiet: true, number: 5 }],
  "go x --number 5": [{ ...GO, number: 5 }],
  "go x --number=5": [{ ...GO, number: 5 }],
  "go x -n 5 -n 6": [{ ...GO, number: 6 }],
  "go x -d=y": [{ ...GO, dryRunMode: "=y" }],
  "go x --dry-run-mode=a=b": [{ ...GO, dryRunMode: "a=b" }],
  "go x --dry-run-mode=": [{ ...GO, dryRunMode: "" }],
  "go x -d -f": [{ ...GO, dryRunMode: "-f" }],
  "go x -d --json": [{ ...GO, dryRunMode: "--json" }],
  "go x -d --help": [{ ...GO, dryRunMode: "--help" }],
  "go x -vfoo": [{ ...GO, volume: ["foo"] }],
  "go x -v a --volume b --volume=c -vd": [{ ...GO, volume: ["a", "b", "c", "d"] }],
  "go x -p fast": [{ ...GO, pace: "fast" }],
  "go x --no-ask-me": [{ ...GO, askMe: false }],
  "go x -- -q --json": [{ ...GO, others: ["-q", "--json"] }],
  "go x -- a -- b": [{ ...GO, others: ["a", "--", "b"] }],
  "go -- -odd": [{ ...GO, place: "-odd" }],
  "-- go x": [GO],
  "--json go x": [GO, { json: true }],
  "go --json x": [GO, { json: true }],
  "go x --json": [GO, { json: true }],
  "--color never go x": [GO, { color: "never" }],
  "go x --color=never": [GO, { color: "never" }],
  "--color never go x --color auto": [GO],
  "go help": [{ ...GO, place: "help" }],
  "run": [{ argv: null }],
  "run a": [{ name: "a", argv: null }],
  "run a --": [{ name: "a", argv: [] }],
  "run a -- ls -l -- --json": [{ name: "a", argv: ["ls", "-l", "--", "--json"] }],
  "run -- go": [{ argv: ["go"] }],
  "-- run go": [{ name: "go", argv: null }],
  "config show": [{}],
  "config show x": [{ name: "x" }],
  "config show -s x": [{ name: "x", secrets: true }],
  "config show go": [{ name: "go" }],
  "config --json show": [{}, { json: true }],
  "--json config show x": [{ name: "x" }, { json: true }],
  "config check": [{}],
  "config keys list": [{}],
  "config -- keys list": [{}],
  "compare x south": [{ left: "x", right: "south" }],
};
for (const [line, [given, globals]] of Object.entries(MEANINGS)) {
  Deno.test(`the line "${line}" is read as getopt_long would`, async () => {
    deepEqual(await givenIn(wordsOf(line)), [given, { ...GLOBAL, ...globals as object }]);
  });
}

/** Lines that make no sense: message and hint. */
const MISTAKES: Readonly<Record<string, readonly [string, string]>> = {
  "frob": ['Cannot run "frob": there is no such command', "demo --help"],
  "gp x": ['Cannot run "gp": there is no such command', "demo --help"],
  "confg show": [
    'Cannot run "confg": there is no such command',
    "did you mean config? See demo --help",
  ],
  "config frob": ['Cannot run "config frob": there is no such command', "demo config --help"],
  "config shwo x": [
    'Cannot run "config shwo": there is no such command',
    "did you mean show? See demo config --help",
  ],
  "config show x y": [
    'Cannot run "config show": it takes one name only',
    "demo config show --help",
  ],
  "config keys lits": [
    'Cannot run "config keys lits": there is no such command',
    "did you mean list? See demo config keys --help",
  ],
  "help config shwo": [
    'Cannot run "config shwo": there is no such command',
    "did you mean show? See demo config --help",
  ],
  "config validate x": [
    'Cannot run "config validate": it takes no name',
    "demo config validate --help",
  ],
  "config validate --secrets": [
    'Cannot use "--secrets": there is no such flag',
    "demo config validate --help",
  ],
  "config -s show": [
    'Cannot use "-s" here: it belongs behind config show',
    "demo config show --help",
  ],
  "config show --sectres": [
    'Cannot use "--sectres": there is no such flag',
    "did you mean --secrets? See demo config show --help",
  ],
  "go": ['Cannot run "go": the place is missing', "demo go PLACE"],
  "compare": ['Cannot run "compare": the left is missing', "demo compare LEFT RIGHT"],
  "compare x": ['Cannot run "compare": the right is missing', "demo compare LEFT RIGHT"],
  "compare x north y": [
    'Cannot run "compare": it takes one left and one right only',
    "demo compare --help",
  ],
  "compare x norht": [
    'Cannot use "norht" as right: it must be one of north, south',
    "did you mean north? See demo compare --help",
  ],
  "go x -p slwo": [
    'Cannot use "slwo" as --pace: it must be one of slow, fast',
    "did you mean slow? See demo go --help",
  ],
  "go x -n -q": ['Cannot use "-q" as --number: it must be a number', "demo go --help"],
  "go x --number=": ['Cannot use "" as --number: it must be a number', "demo go --help"],
  "go x -n": ['Cannot use "--number": its value is missing', "demo go --help"],
  "go x -n --": ['Cannot use "--number": its value is missing', "demo go --help"],
  "go x --quiet=yes": ['Cannot use "--quiet=yes": --quiet takes no value', "demo go --help"],
  "go x --qui": [
    'Cannot use "--qui": there is no such flag',
    "did you mean --quiet? See demo go --help",
  ],
  "go x --ask-me": ['Cannot use "--ask-me": there is no such flag', "demo go --help"],
  "go x -qzf": ['Cannot use "-z": there is no such flag', "demo go --help"],
  "go x -q🙂": ['Cannot use "-🙂": there is no such flag', "demo go --help"],
  "go x --version=1": ['Cannot use "--version=1": --version takes no value', "demo go --help"],
  "--constructor": ['Cannot use "--constructor": there is no such flag', "demo --help"],
  "-- toString": ['Cannot run "toString": there is no such command', "demo --help"],
};
for (const [line, [message, hint]] of Object.entries(MISTAKES)) {
  Deno.test(`the line "${line}" is refused with a hint`, () => {
    throws(() => parseWith(DEMO, wordsOf(line)), (error) => {
      ok(error instanceof UsageError);
      deepEqual([error.message, error.hint], [message, hint]);
      return true;
    });
  });
}

/** Lines that ask for help: the place that it is about. */
const HELP: Readonly<Record<string, string>> = {
  "": "demo [options] [command]",
  "help": "demo [options] [command]",
  "help help": "demo [options] [command]",
  "-h": "demo [options] [command]",
  "--json": "demo [options] [command]",
  "--frob --help": "demo [options] [command]",
  "go -h": "demo go|g|walk [options] <place> [other...]",
  "-h go": "demo go|g|walk [options] <place> [other...]",
  "help walk": "demo go|g|walk [options] <place> [other...]",
  "go x y -qh": "demo go|g|walk [options] <place> [other...]",
  "go --frob --number x --help": "demo go|g|walk [options] <place> [other...]",
  "go -n --help x -h": "demo go|g|walk [options] <place> [other...]",
  "help go x y": "demo go|g|walk [options] <place> [other...]",
  "config": "demo config [options] [command]",
  "config --json": "demo config [options] [command]",
  "help config": "demo config [options] [command]",
  "help config show": "demo config show [options] [name]",
  "config --help show": "demo config show [options] [name]",
  "config check -h": "demo config validate|check [options]",
  "config keys": "demo config keys [options] [command]",
};
for (const [line, usage] of Object.entries(HELP)) {
  Deno.test(`the line "${line}" asks for the help of ${usage}`, async () => {
    const parsed = parseWith(DEMO, wordsOf(line));
    ok(parsed.kind === "help", parsed.kind);
    equal((await parsed.text(80)).split("\n")[0], `Usage: ${usage}`);
  });
}

const VERSION_LINES: Readonly<Record<string, readonly string[]>> = {
  "-V": [],
  "--version": [],
  "go -V": [],
  "frob --version": [],
  "go -qV": ["quiet"],
  "--version --help": [],
};
for (const [line, flags] of Object.entries(VERSION_LINES)) {
  Deno.test(`the line "${line}" asks for the version`, () => {
    deepEqual(parseWith(DEMO, wordsOf(line)), { kind: "version", flags });
  });
}

Deno.test("a command's code takes what its entry gives, or it does not compile", () => {
  const needs = (_: Context, given: { readonly name: string; readonly count?: number }): Reply => ({
    data: given.name,
  });
  const about = "about";
  const name = { name: "name", about, required: true } as const;
  const count = { about, value: { name: "n", read: Number } } as const;
  command({ about, arguments: { name }, flags: { count }, load: () => Promise.resolve(needs) });
  // @ts-expect-error there is no name
  command({ about, flags: { count }, load: () => Promise.resolve(needs) });
  const optional = { name: "name", about } as const;
  // @ts-expect-error the name may be missing
  command({ about, arguments: { name: optional }, load: () => Promise.resolve(needs) });
  const flags = { count: { about, value: { name: "n" } } } as const;
  // @ts-expect-error the count is a text
  command({ about, arguments: { name }, flags, load: () => Promise.resolve(needs) });
});

// --- any line ------------------------------------------------------------------------------------

const PARTS = [
  ..."go g run config show validate keys list help compare start stop logs -- - -h -V".split(" "),
  ..."--json --color never --color=never -q -f -n -n5 -qn --number=5 --frob".split(" "),
  ..."-v --volume -t 5 -L bots --no-wait --no-ask-me".split(" "),
];
const anyLine = fc.array(
  fc.oneof(
    fc.constantFrom(...PARTS),
    fc.string({ unit: "binary" }),
    fc.string().map((text) => `-${text}`),
    fc.string().map((text) => `--${text}`),
  ),
);

property("any line is understood or refused as usage", {
  input: anyLine,
  holds: (words) => {
    try {
      parseWith(DEMO, words);
    } catch (error) {
      ok(error instanceof UsageError, String(error));
      match(error.message, /^Cannot [^]*[^.]$/);
      match(error.hint ?? "", /demo /);
    }
  },
});

Deno.test("long lines are read in no time", () => {
  for (const word of ["q", "n", "v", "z", "=", "🙂"]) {
    const text = word.repeat(100_000);
    for (const line of [[text], [`-${text}`], [`--${text}`], ["go", "x", `-q${text}`]]) {
      try {
        parseWith(DEMO, line);
      } catch (error) {
        ok(error instanceof UsageError);
      }
    }
  }
  const many = Array.from({ length: 100_000 }, () => "-va");
  const parsed = parseWith(DEMO, ["go", "x", ...many]);
  equal(parsed.kind, "run");
});

/** A flag in one of the ways to say it, and what it gives. */
interface Said {
  readonly words: readonly string[];
  readonly key: string;
  readonly value: Json;
}

const anyText = fc.string({ unit: "binary" }).filter((text) => text !== "--");

function said(key: string, short: string, text: fc.Arbitrary<string>): fc.Arbitrary<Said> {
  const long = longOf(key, { about: "" });
  return fc.tuple(text, fc.nat(3)).map(([value, way]) => {
    const ways = [
      [long, value],
      [`${long}=${value}`],
      [`-${short}`, value],
      value === "" ? [`-${short}`, value] : [`-q${short}${value}`],
    ];
    return { key, value, words: ways[way] ?? [] };
  });
}

property("flags come back as they were said, in any form and order", () => {
  const flags = fc.array(fc.oneof(
    said("dry-run-mode", "d", anyText),
    said("volume", "v", anyText),
    said("number", "n", fc.nat().map(String)),
    fc.constantFrom("slow", "fast").chain((pace) => said("pace", "p", fc.constant(pace))),
  ));
  const operand = anyText.filter((text) => !text.startsWith("-")).map((text): Said => ({
    key: "",
    value: text,
    words: [text],
  }));
  const others = fc.array(operand);
  const line = fc.tuple(operand, flags, others).chain(([first, given, rest]) =>
    fc.shuffledSubarray([...given, ...rest], { minLength: given.length + rest.length })
      .map((all) => [first, ...all])
  );
  return {
    input: line,
    holds: async (all) => {
      const last = (key: string): Json | undefined =>
        all.findLast((each) => each.key === key)?.value;
      const values = (key: string): Json[] =>
        all.filter((each) => each.key === key).map(({ value }) => value);
      const [mode, volume, number, pace] = [
        last("dry-run-mode"),
        values("volume"),
        last("number"),
        last("pace"),
      ];
      const [place, ...rest] = values("");
      const quiet = all.some(({ words: [word = ""] }) => /^-q[dvnp]/.test(word));
      const expected = {
        place,
        others: rest,
        askMe: true,
        number: Number(number ?? 1),
        ...mode === undefined ? {} : { dryRunMode: mode },
        ...volume.length === 0 ? {} : { volume },
        ...pace === undefined ? {} : { pace },
        ...quiet ? { quiet: true } : {},
      };
      const words = all.flatMap((each) => each.words);
      deepEqual(await givenIn(["go", ...words]), [expected, GLOBAL]);
    },
  };
});

// --- the lines of kstops -------------------------------------------------------------------------

function parseLine(line: string): Parsed<GlobalFlags> {
  return parse(wordsOf(line));
}

async function helpOf(line: string): Promise<string> {
  const parsed = parseLine(line);
  ok(parsed.kind === "help", line);
  return await parsed.text(80);
}

const GLOBALS: Record<string, GlobalFlags> = {
  "list": { color: "auto" },
  "--json list": { color: "auto", json: true },
  "list --json": { color: "auto", json: true },
  "ls --json -q": { color: "auto", json: true },
  "status astro --json --verbose": { color: "auto", json: true, verbose: true },
  "status --json astro": { color: "auto", json: true },
  "--verbose --config /a.yml list": { color: "auto", verbose: true, config: "/a.yml" },
  "list --config=/a.yml": { color: "auto", config: "/a.yml" },
  "--config /a.yml stop astro --config /b.yml": { color: "auto", config: "/b.yml" },
  "--color never list": { color: "never" },
  "stop a b --color=always": { color: "always" },
  "start astro --json -- run --verbose --color never": { color: "auto", json: true },
};

for (const [line, globals] of Object.entries(GLOBALS)) {
  Deno.test(`parse() finds the global flags of: ${line}`, () => {
    const parsed = parseLine(line);
    ok(parsed.kind === "run", line);
    deepEqual(parsed.globals, globals);
  });
}

for (const line of ["", "--help", "-h", "help", "--json", "--verbose", "--config start"]) {
  Deno.test(`parse() answers "${line}" with the help, all commands and examples`, async () => {
    const text = await helpOf(line);
    match(text, /^Usage: kstops /);
    for (const name of Object.keys(PROGRAM.commands)) ok(text.includes(`\n  ${name}`), name);
    match(text, /\nExamples:\n[^]*\n {2}kstops list --json \| jq -r '\.\[\]\.name' .*\n$/);
  });
}

/** Lines that make no sense: what is said about each, and what the hint has. */
const WRONG: Record<string, readonly [RegExp, RegExp]> = {
  "frob": [/^Cannot run "frob": there is no such command$/, /^kstops --help$/],
  "frob start": [/"frob"/, /^kstops --help$/],
  "strat astro": [/"strat"/, /^did you mean start\?/],
  "lsit": [/"lsit"/, /^did you mean list\?/],
  "help frob": [/"frob"/, /^kstops --help$/],
  "--frob": [/^Cannot use "--frob": there is no such flag$/, /^kstops --help$/],
  "list --jsn": [/"--jsn"/, /^did you mean --json\? See kstops list --help$/],
  "stop astro --quite": [/"--quite"/, /^did you mean --quiet\? See kstops stop --help$/],
  "start --it's a": [/"--it's"/, /^kstops start --help$/],
  "list -z": [/"-z"/, /^kstops list --help$/],
  "list --json=yes": [/^Cannot use "--json=yes": --json takes no value$/, /^kstops list --help$/],
  "list --json=": [/^Cannot use "--json=": --json takes no value$/, /kstops list --help/],
  "list --stat=running": [/^Cannot use "--stat":/, /^did you mean --state\? See kstops list/],
  "list --verb": [/^Cannot use "--verb": there is no such flag$/, /^did you mean --verbose\?/],
  "list --wait": [/"--wait"/, /kstops list --help/],
  "start a --wait": [/^Cannot use "--wait": there is no such flag$/, /kstops start --help/],
  "start a --no-wait=yes": [/--no-wait takes no value/, /kstops start --help/],
  "-q list": [/^Cannot use "-q" here: it belongs behind list$/, /^kstops list --help$/],
  "--state exited list": [/^Cannot use "--state" here: it belongs behind list$/, /^kstops list/],
  "stop a -qz": [/^Cannot use "-z": there is no such flag$/, /^kstops stop --help$/],
  "stop a -qt": [/^Cannot use "--timeout": its value is missing$/, /^kstops stop --help$/],
  "start a -c -- run": [/^Cannot use "--command": its value is missing$/, /kstops start --help/],
  "logs a -n=5": [/^Cannot use "=5" as --lines/, /kstops logs --help/],
  "status -5": [/^Cannot use "-5": there is no such flag$/, /kstops status --help/],
  "frob --help": [/"frob"/, /^kstops --help$/],
  "list astro": [/list/, /kstops list --help/],
  "list -- astro": [/list/, /kstops list --help/],
  "list start": [/list/, /kstops list --help/],
  "status": [/^Cannot run "status": the name of a session is missing$/, /^kstops status NAME$/],
  "ps": [/"ps"/, /kstops list$/],
  "rm a": [/"rm"/, /kstops stop NAME$/],
  "version": [/"version"/, /kstops --version$/],
  "run a": [/"run"/, /kstops start NAME -- COMMAND$/],
  "config ps": [/"config ps"/, /kstops config --help/],
  "attach": [/name/, /kstops attach/],
  "status a b": [/status/, /kstops status --help/],
  "status a -- b": [/status/, /kstops status --help/],
  "list --backend": [/--backend/, /kstops list --help/],
  "list --backend screen": [/"screen".*--backend.*tmux, container/, /kstops list --help/],
  "list --backend tmx": [/"tmx"/, /^did you mean tmux\?/],
  "list --state up": [/"up".*running, stopped, exited, defined, unknown/, /kstops list --help/],
  "start a --runtime lxc": [/"lxc".*podman, docker/, /kstops start --help/],
  "--color sometimes list": [/"sometimes".*auto, always, never/, /--help/],
  "stop a -t soon": [/"soon".*--timeout.*seconds/, /kstops stop --help/],
  "stop a -t -1": [/"-1".*--timeout/, /kstops stop --help/],
  "stop a -t 1e3": [/"1e3".*--timeout/, /kstops stop --help/],
  "stop a -t Infinity": [/"Infinity".*--timeout/, /kstops stop --help/],
  "stop a --timeout=": [/--timeout/, /kstops stop --help/],
  "logs a -n ten": [/"ten".*--lines.*whole number/, /kstops logs --help/],
  "logs a -n -5": [/"-5".*--lines/, /kstops logs --help/],
  "logs a -n 1.5": [/"1\.5".*--lines/, /kstops logs --help/],
  "--config": [/--config/, /--help/],
};

for (const [line, [message, hint]] of Object.entries(WRONG)) {
  Deno.test(`parse() refuses: ${line}`, () => {
    throws(() => parseLine(line), (error) => {
      ok(error instanceof UsageError);
      match(error.message, message);
      match(error.message, /^Cannot .*[^.]$/);
      match(error.hint ?? "", hint);
      return true;
    });
  });
}

Deno.test("no command is loaded with a name of a socket that a config could not have", async () => {
  const parsed = parseLine("list -L a/b");
  ok(parsed.kind === "run");
  await rejects(parsed.load(), (error) => {
    ok(error instanceof SessionConfigError);
    equal(error.code, "value_invalid");
    return true;
  });
});

const RIGHT = [
  "start",
  "start a b c",
  "start --all",
  "start a -c -x -w -y",
  "start a --",
  "start a -- run --json -x",
  "start a -e A=1 -e B --env-file x -v a:/a -v b:/b -p 80 -p 81 --unsafe-env K --log-volume a:/b",
  "start a -c run -b tmux -L bots -w / --shell --no-wait -q",
  "stop a -t 0",
  "stop a -t 0.5 -f --yes -q",
  "stop a -ft5 -Lbots",
  "stop -- -odd-name",
  "status -- -odd-name",
  "logs a -n 0",
  "logs a -n all --plain",
  "list -b container --state exited --managed -q",
];

for (const line of RIGHT) {
  Deno.test(`parse() takes: ${line}`, () => equal(parseLine(line).kind, "run"));
}

Deno.test("parse() loads no command before it is to run", async () => {
  const parsed = parseLine("list");
  ok(parsed.kind === "run");
  equal(typeof await parsed.load(), "function");
});
