import { deepEqual, equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import { parseEnvFile } from "../../../src/config/env_file.ts";
import type { EnvFormat } from "../../../src/model.ts";
import { property } from "../../support/property.ts";

/** Whoever reads the file has these. */
const ENV: Readonly<Record<string, string>> = {
  HOME: "/home/me",
  EMPTY: "",
  DOLLARS: "$x ${HOME} $$",
  QUOTED: `"a" 'b' # c`,
};

function read(text: string, format: EnvFormat = "compose") {
  return parseEnvFile(text, { format, lookup: (name) => ENV[name] });
}

function valuesIn(text: string, format: EnvFormat = "compose") {
  const { variables, mistakes } = read(text, format);
  deepEqual(mistakes, []);
  return [...variables].map(([key, { value }]) => [key, value]);
}

/** Lines of a file, and the value of `A` that they make. */
const VALUES: Readonly<Record<string, readonly (readonly [string, string | null])[]>> = {
  "without quotes": [
    ["A=b", "b"],
    ["A=", ""],
    ["A=b c", "b c"],
    ["A=  b  ", "b"],
    ["A=b=c==", "b=c=="],
    ["A=\\n\\t\\x", "\\n\\t\\x"],
    [`A=b"c"'d'`, `b"c"'d'`],
    [`A={"b": "c"}`, `{"b": "c"}`],
    ["A=http://b:80/?c=d#e", "http://b:80/?c=d#e"],
    ["A=p@ss$word$1$$", "p@ss$word$1$$"],
    ["A=b\\", "b\\"],
  ],
  "with comments": [
    ["A=b # c", "b"],
    ["A=b #", "b"],
    ["A=b# c", "b# c"],
    ["A=#b", "#b"],
    ["A= # b", ""],
    ["A=b\t# c", "b\t# c"],
    [`A="b # c"`, "b # c"],
    [`A="b" # c`, "b"],
    [`A='b'# "c"`, "b"],
    ["# x\n  # A=1\nA=b", "b"],
  ],
  "in single quotes": [
    ["A='b c'", "b c"],
    ["A=''", ""],
    ["A=' b '", " b "],
    ["A='$HOME ${HOME} $${HOME}'", "$HOME ${HOME} $${HOME}"],
    ["A='b\\nc'", "b\\nc"],
    [`A='"b"'`, `"b"`],
    ["A='Let\\'s go!'", "Let's go!"],
    ["A='b\\\\'", "b\\\\"],
    ["A='b\nc # d\n\n e'", "b\nc # d\n\n e"],
    ["A= 'b'", "b"],
  ],
  "in double quotes": [
    [`A="b c"`, "b c"],
    [`A=""`, ""],
    [`A="b\\tc\\nd\\re"`, "b\tc\nd\re"],
    [`A="\\"b\\" \\\\ \\$"`, `"b" \\ $`],
    [`A="\\\\n"`, "\\n"],
    [`A="b\\\\"`, "b\\"],
    [`A="\\x \\' \\d+"`, "\\x \\' \\d+"],
    [`A="{\\"hello\\": \\"json\\"}"`, `{"hello": "json"}`],
    [`A="it's"`, "it's"],
    [`A="-----BEGIN-----\nMIIE=#x\n-----END-----\n"`, "-----BEGIN-----\nMIIE=#x\n-----END-----\n"],
    [`A="b\\\nc"`, "b\\\nc"],
    [`A="$HOME"`, "$HOME"],
    [`A="\\\${HOME}"`, "${HOME}"],
  ],
  "with variables": [
    ["A=${HOME}/b", "/home/me/b"],
    [`A="\${HOME}\\n"`, "/home/me\n"],
    ["B=1\nA=${B}${B}", "11"],
    ["HOME=mine\nA=${HOME}", "mine"],
    ["B=\nA=${B:-c}", "c"],
    ["B\nA=${B:-c}", "c"],
    ["HOME\nA=${HOME}", "/home/me"],
    ["A=${NONE:-b c}", "b c"],
    ["A=${NONE:-}", ""],
    ["A=${NONE-b}", "b"],
    ["A=${EMPTY:-b}", "b"],
    ["A=${EMPTY-b}", ""],
    ["A=${EMPTY}", ""],
    ["A=${HOME:+b}", "b"],
    ["A=${NONE:+b}", ""],
    ["A=${EMPTY:+b}", ""],
    ["A=${EMPTY+b}", "b"],
    ["A=${HOME:?why}", "/home/me"],
    ["A=${EMPTY?why}", ""],
    ["A=${NONE:-${OTHER:-${HOME}}}!", "/home/me!"],
    ["A=${HOME:-${NONE:?why}}", "/home/me"],
    ["A=${NONE:-b} # c", "b"],
    ["A=$${HOME}", "${HOME}"],
    ["A=$$$HOME $", "$$$HOME $"],
    // What is filled in is not read again.
    ["A=${DOLLARS}", "$x ${HOME} $$"],
    ["A=${QUOTED}", `"a" 'b' # c`],
    [`A="\${NONE:-\\"b\\"}"`, `"b"`],
    [`A=\${NONE:-"b"}`, `"b"`],
  ],
  "behind other words": [
    ["export A=b", "b"],
    ["export\tA='b c'", "b c"],
    ["  export   A = b ", "b"],
    ["A: b", "b"],
    ["A: 'b' # c", "b"],
    ["A =b", "b"],
    ["\t A=b", "b"],
    ["export=1\nA=b", "b"],
  ],
  "of the environment": [
    ["A", null],
    ["A ", null],
    ["export A", null],
    ["A # mine", null],
    ["A\r\n", null],
  ],
  "from other systems": [
    ["\ufeffA=b", "b"],
    ["\ufeff# x\r\nA=b\r\n", "b"],
    ["B=1\r\n\ufeffA=b", "b"],
    ["A='b\r\nc'\r\n", "b\nc"],
    ['A="b"\r\n', "b"],
    ["A=b\r", "b"],
    ["\n\r\n \n\t\nA=b\n\n", "b"],
  ],
  "that is there twice": [["A=b\nA=c", "c"], ["A=b\nA=${A}c", "bc"]],
};

for (const [what, cases] of Object.entries(VALUES)) {
  for (const [text, expected] of cases) {
    Deno.test(`parseEnvFile() reads a value ${what}: ${JSON.stringify(text)}`, () => {
      equal(new Map(valuesIn(text) as [string, string | null][]).get("A"), expected);
    });
  }
}

/** A file of a bug report about another tool, and what its author expected. */
const REPORTED: Readonly<Record<string, readonly [string, readonly (readonly string[])[]]>> = {
  "quotes inside of quotes, and comments that touch them": [
    [
      "key0=val#bla",
      'key1="val #space"#bla',
      `key2='asdf#"#sdf"jklo'#bla`,
      'key3="asdf#\\"#sdf\\"jklo"#bla',
      'key4="asdf#\\"#sdf\\""#bla',
      `key5='asdf#"#sdf"'#bla`,
      `key6='adsf#\\'#sdf\\'jklo'#bla`,
      `key7='adsf#\\'#jklo\\''#bla`,
    ].join("\n"),
    [
      ["key0", "val#bla"],
      ["key1", "val #space"],
      ["key2", 'asdf#"#sdf"jklo'],
      ["key3", 'asdf#"#sdf"jklo'],
      ["key4", 'asdf#"#sdf"'],
      ["key5", 'asdf#"#sdf"'],
      ["key6", "adsf#'#sdf'jklo"],
      ["key7", "adsf#'#jklo'"],
    ],
  ],
  "two files with a byte order mark, laid end to end": [
    "\ufeffdef=456\nfoo=1\n\ufeffabc=123\n",
    [["def", "456"], ["foo", "1"], ["abc", "123"]],
  ],
  "a query between quotes": ['TESTVAR="a=1&b=2&c=3"', [["TESTVAR", "a=1&b=2&c=3"]]],
  "a hash of bcrypt": [
    'PLAIN=$2y$10$abcDEF./xyz\nQUOTED="$2y$10$abcDEF./xyz"',
    [["PLAIN", "$2y$10$abcDEF./xyz"], ["QUOTED", "$2y$10$abcDEF./xyz"]],
  ],
};

for (const [what, [text, expected]] of Object.entries(REPORTED)) {
  Deno.test(`parseEnvFile() reads ${what}`, () => deepEqual(valuesIn(text), expected));
}

Deno.test("parseEnvFile() keeps the last line for a key, in its place", () => {
  deepEqual(valuesIn("A=1\nB=2\nA=3"), [["B", "2"], ["A", "3"]]);
  deepEqual(valuesIn("# nothing\n\n"), []);
});

Deno.test("parseEnvFile() knows the place of each variable", () => {
  const { variables } = read("# B=1\nA=1\r\n\nB\n  export A='x\ny'\nC=1");
  const places = [...variables].map(([key, { line, column }]) => [key, line, column]);
  deepEqual(places, [["B", 4, 1], ["A", 5, 10], ["C", 7, 1]]);
});

const NO_NAME = "the line does not begin with the name of a variable";
const OPEN = "the quote that begins here is not closed";
const BEHIND = "there is something behind the closing quote of this value";

/** Everything that is wrong with a file: `hunter2` is the secret in it. */
const MISTAKES: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  "a line without a name": ["A=1\n=hunter2\n  - hunter2: x", [
    `2:1: ${NO_NAME}`,
    `3:3: ${NO_NAME}`,
  ]],
  "names that are none": [
    "1A=hunter2\nA.B=hunter2\nA-B='hunter2\nhunter2'\nA B=hunter2\nB hunter2\nÄ=hunter2",
    [1, 2, 3, 5, 6, 7].map((line) => `${line}:1: ${NO_NAME}`),
  ],
  "quotes that are not closed": [
    `A='hunter2\nB=1\nC="hunter2\nD=1`,
    [`1:3: ${OPEN}`, `3:3: ${OPEN}`],
  ],
  "something behind a quote": [
    `A="x"hunter2\nB='x' hunter2 # "\nC="x" "hunter2"`,
    [`1:6: ${BEHIND}`, `2:6: ${BEHIND}`, `3:6: ${BEHIND}`],
  ],
  "variables": [
    'A=${hunter-2\nB="x${1}"\nC=${}\nD=${NONE:-${hunter2}\nE=ok',
    [
      '1:3: this "${" has no "}"',
      '2:5: "${" begins no variable',
      '3:3: "${" begins no variable',
      '4:3: this "${" has no "}"',
    ],
  ],
  "variables that must be set": [
    "A=${NONE:?set it}\nB='x\ny'\n  C=x${EMPTY:?}\nD=\"\n${NONE?}\"",
    [
      "1:3: the variable NONE is not set: set it",
      "4:6: the variable EMPTY is not set",
      "6:1: the variable NONE is not set",
    ],
  ],
  "shell": [
    "if [ -f hunter2 ]; then\nsource hunter2\nfi\nA=1",
    [`1:1: ${NO_NAME}`, `2:1: ${NO_NAME}`],
  ],
};

for (const [what, [text, expected]] of Object.entries(MISTAKES)) {
  Deno.test(`parseEnvFile() tells every mistake, and no value: ${what}`, () => {
    const { mistakes } = read(text);
    deepEqual(
      mistakes.map(({ line, column, message }) => `${line}:${column}: ${message}`),
      expected,
    );
    ok(!JSON.stringify(mistakes).includes("hunter2"));
  });
}

Deno.test("parseEnvFile() goes on behind a line that is wrong", () => {
  const { variables } = read('1=2\nA=1\nB=\'open\nC=3\nD="x"y\nE=5');
  deepEqual([...variables].map(([key, { value }]) => [key, value]), [
    ["A", "1"],
    ["C", "3"],
    ["E", "5"],
  ]);
});

Deno.test("parseEnvFile() fills in nothing for what is not set, and says so", () => {
  const { variables, mistakes, unset } = read(
    "A=1\nB=x${NONE}y${HOME:+${OTHER}}\nC=${NONE:+${NO}}",
  );
  deepEqual([variables.get("B")?.value, variables.get("C")?.value, mistakes], ["xy", "", []]);
  deepEqual(unset.map(({ line, column, message }) => `${line}:${column}: ${message}`), [
    "2:4: the variable NONE is not set: nothing is filled in",
    "2:20: the variable OTHER is not set: nothing is filled in",
  ]);
});

Deno.test("parseEnvFile() tells what came from the environment: it may be secret", () => {
  deepEqual(read("B=own\nA=${B}${HOME}${EMPTY}\nC=$HOME\nD=${NONE:-x}").secrets, ["/home/me"]);
});

/** How `docker run --env-file` reads. */
const RAW: Readonly<Record<string, readonly [string, readonly (readonly (string | null)[])[]]>> = {
  "values as they are, with quotes, blanks and signs": [
    "A=\"x y\" # z \nB='$HOME ${HOME}'\nC=a=b\nD=\\n\nE= x",
    [["A", '"x y" # z '], ["B", "'$HOME ${HOME}'"], ["C", "a=b"], ["D", "\\n"], ["E", " x"]],
  ],
  "a key alone": ["A\nB \n", [["A", null], ["B", null]]],
  "neither comments nor empty lines": ["# A=1\n\n  # B=2\n \t\n", []],
  "Windows line ends and a byte order mark": ["\ufeffA=1\r\nB=2\r\n", [["A", "1"], ["B", "2"]]],
  "the last line for a key": ["A=1\nB=2\n  A=3", [["B", "2"], ["A", "3"]]],
};

for (const [what, [text, expected]] of Object.entries(RAW)) {
  Deno.test(`parseEnvFile() reads raw ${what}`, () => deepEqual(valuesIn(text, "raw"), expected));
}

Deno.test("parseEnvFile() tells every raw line that is wrong", () => {
  const { mistakes, otherwise } = read("A='1\n export B=2\nC: 3\nD =4\n=5\nE=\"", "raw");
  deepEqual(mistakes.map(({ line, column, message }) => `${line}:${column}: ${message}`), [
    `2:2: ${NO_NAME}`,
    `3:1: ${NO_NAME}`,
    `4:1: ${NO_NAME}`,
    `5:1: ${NO_NAME}`,
  ]);
  deepEqual(otherwise, []);
});

Deno.test("parseEnvFile() names each value that raw would read otherwise", () => {
  const { otherwise } = read([
    "SAME=a b=c#d$e\\n",
    "QUOTED='hunter2'",
    "COMMENT=hunter2 # c",
    "BLANK=hunter2 ",
    "FILLED=${HOME}",
    '  MANY="hunter2',
    'hunter2"',
    "ALONE",
    "EMPTY=",
    "JSON={\"a\": 'b'}",
  ].join("\n"));
  deepEqual(otherwise.map(({ line, column, message }) => [line, column, message.split(" ")[0]]), [
    [2, 1, "QUOTED"],
    [3, 1, "COMMENT"],
    [4, 1, "BLANK"],
    [5, 1, "FILLED"],
    [6, 3, "MANY"],
  ]);
  ok(!JSON.stringify(otherwise).includes("hunter2"));
});

property("parseEnvFile() reads every value that is quoted as it should be", {
  input: fc.string({ unit: "binary" }).filter((text) => !/\r|\ufeff/.test(text)),
  holds: (value) => {
    const escaped = value.replace(/[\\"$]/g, "\\$&");
    deepEqual(valuesIn(`B=1\nA="${escaped}" # c\nC=2`), [["B", "1"], ["A", value], ["C", "2"]]);
  },
});

Deno.test("parseEnvFile() is quick with a large file of open quotes and variables", () => {
  for (
    const line of ["A='x\n", 'A="\\"\n', "A=${A:-\n", `A=${"${A:-".repeat(1000)}\n`, "A='x\\'\n"]
  ) {
    const { mistakes } = read(line.repeat(Math.ceil(500_000 / line.length)));
    ok(mistakes.length > 0);
  }
});
