import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { commandTable, type GlobalFlags, parse, type Parsed } from "../../../src/cli/options.ts";
import { SessionConfigError, UsageError } from "../../../src/errors.ts";

/** The words of a line, as a shell without quotes would have them. */
function parseLine(line: string): Parsed {
  return parse(line === "" ? [] : line.split(" "), "1.2.3");
}

function globalsOf(line: string): GlobalFlags {
  const parsed = parseLine(line);
  ok(parsed.kind === "run", line);
  return parsed.globals;
}

function textOf(line: string): string {
  const parsed = parseLine(line);
  ok(parsed.kind === "text", line);
  return parsed.text;
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
    deepEqual({ ...globalsOf(line) }, globals);
  });
}

for (const line of ["--version", "-V", "list --version", "--version start", "start a --version"]) {
  Deno.test(`parse() answers ${line} with the version`, () =>
    equal(textOf(line), "kstops 1.2.3\n"));
}

for (const line of ["", "--help", "-h", "help", "--json", "--verbose", "--config start"]) {
  Deno.test(`parse() answers "${line}" with the help, all commands and examples`, () => {
    const text = textOf(line);
    match(text, /^Usage: kstops /);
    for (const command of commandTable("1.2.3").commands) {
      ok(text.includes(`\n  ${command.name()}`), command.name());
    }
    match(text, /\nExamples:\n[^]*\n {2}kstops list --json \| jq -r '\.\[\]\.name' .*\n$/);
  });
}

for (const command of commandTable("1.2.3").commands) {
  const name = command.name();
  for (const line of [`${name} --help`, `${name} -h`, `help ${name}`, `${name} a --help`]) {
    Deno.test(`parse() answers ${line} with the help of ${name}`, () => {
      const text = textOf(line);
      match(text, new RegExp(`^Usage: kstops ${name}\\b`));
      for (const { long } of command.options) ok(text.includes(long!), long!);
      ok(text.includes("--json"));
    });
  }

  Deno.test(`${name} and its flags are explained, each flag once`, () => {
    ok(command.description());
    const flags = [...command.options, ...command.parent!.options];
    for (const { flags: text, description } of flags) ok(description, text);
    const words = flags.flatMap(({ long, short }) => [long, short]).filter((word) => word);
    equal(new Set(words).size, words.length);
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
  "list --json=yes": [/--json/, /kstops list --help/],
  "list astro": [/list/, /kstops list --help/],
  "list -- astro": [/list/, /kstops list --help/],
  "list start": [/list/, /kstops list --help/],
  "status": [/name/, /kstops status/],
  "logs": [/name/, /kstops logs/],
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

Deno.test("parse() refuses the name of a socket as it refuses one in a config", () => {
  throws(() => parseLine("list -L a/b"), (error) => {
    ok(error instanceof SessionConfigError);
    equal(error.code, "value_invalid");
    return true;
  });
});

const RIGHT = [
  "start",
  "start a b c",
  "start --all",
  "start a --",
  "start a -- run --json -x",
  "start a -e A=1 -e B --env-file x -v a:/a -v b:/b -p 80 -p 81 --unsafe-env K --log-volume a:/b",
  "start a -c run -b tmux -L bots -w / --shell --no-wait -q",
  "stop a -t 0",
  "stop a -t 0.5 -f --yes -q",
  "stop -- -odd-name",
  "status -- -odd-name",
  "logs a -n 0",
  "logs a -n all --plain",
  "list -b container --state exited --managed -q",
  "list --runtime docker",
  "status a --runtime docker",
  "logs a --runtime podman",
  "attach a --runtime podman",
  "restart a --runtime podman",
  "stop a --runtime podman --keep",
];

for (const line of RIGHT) {
  Deno.test(`parse() takes: ${line}`, () => equal(parseLine(line).kind, "run"));
}

Deno.test("parse() loads no command before it is to run", async () => {
  const parsed = parseLine("list");
  ok(parsed.kind === "run");
  equal(typeof await parsed.load(), "function");
});
