import { deepEqual, equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import { excerptsOf } from "../../../src/config/excerpt.ts";
import { property } from "../../support/property.ts";

/** The excerpt at the first `^^` of a text, which is taken out. */
function excerptOf(text: string): string[] {
  const at = text.indexOf("^^");
  return excerptsOf(text.replace("^^", ""))(at).split("\n");
}

const SHOWN: Record<string, [text: string, excerpt: string[]]> = {
  "a line without what is before it": ["ops:\n    ^^stop_timeout: x\n", ["stop_timeout: x", "^"]],
  "tabs as what they are": ["ops:\n  tmux_binary: a\tb^^c", [
    "tmux_binary: a\\tbc",
    " ".repeat(17) + "^",
  ]],
  "characters of two columns": ["ops: { tmux_binary: 日本^^語 }", [
    "ops: { tmux_binary: 日本語 }",
    " ".repeat(24) + "^",
  ]],
  "characters of no column": ["ops: { tmux_binary: e\u0301^^x }", [
    "ops: { tmux_binary: e\u0301x }",
    " ".repeat(21) + "^",
  ]],
  "emoji": ["ops: { tmux_binary: 😀^^x }", ["ops: { tmux_binary: 😀x }", " ".repeat(22) + "^"]],
  "control characters escaped": ["ops: { tmux_binary: \u0085^^x }", [
    "ops: { tmux_binary: \\x85x }",
    " ".repeat(24) + "^",
  ]],
  "the end of a line": ["ops:\n  stop_timeout: x^^\n  start_wait: 1", [
    "stop_timeout: x",
    " ".repeat(15) + "^",
  ]],
  "the last line for what is missing behind it": ["ops: {\n\n  ^^\n", ["ops: {", "      ^"]],
  "nothing of an empty file": ["^^", ["", "^"]],
  "no other keys of a line that cannot be read": [
    "ops:\n  stop_timeout: 2^^: 3, env: { TOKEN: hunter2 }",
    ["stop_timeout: 2: ***", " ".repeat(15) + "^"],
  ],
  "nothing of a mapping in a line that cannot be read": [
    "ops:\n  stop_timeout: ^^{env:{TOKEN:hunter2}",
    ["stop_timeout: {***", " ".repeat(14) + "^"],
  ],
  "Windows lines": ["ops:\r\n  stop_timeout: ^^x\r\n", ["stop_timeout: x", " ".repeat(14) + "^"]],
};

for (const [what, [text, expected]] of Object.entries(SHOWN)) {
  Deno.test(`an excerpt shows ${what}`, () => deepEqual(excerptOf(text), expected));
}

Deno.test("a long line is cut around the caret, which stands below its place", () => {
  for (const before of [0, 10, 100, 5000]) {
    for (const behind of [0, 10, 100, 5000]) {
      const value = `${"b".repeat(before)}X${"a".repeat(behind)}`;
      const [line = "", caret = ""] = excerptOf(
        `ops: { tmux_binary: ${value.replace("X", "^^X")} }`,
      );
      ok(line.length <= 78, line);
      equal(line[caret.length - 1], "X");
    }
  }
});

const HIDDEN: Record<string, [text: string, line: string]> = {
  "values of env": [
    "ops: { sessions: { a: { ^^env: { A: SECRET, B: 'SECRET' } } } }",
    "ops: { sessions: { a: { env: { A: ***, B: '***' } } } }",
  ],
  "blocks in env": [
    "ops:\n  sessions:\n    a:\n      env:\n        A: |\n          SECRET\n          ^^SECRET\n",
    "***",
  ],
  "what is below an unknown key": [
    "ops: { sessions: { a: { ^^envs: { A: SECRET } } } }",
    "ops: { sessions: { a: { envs: { A: *** } } } }",
  ],
  "comments": ["ops: {} ^^# SECRET", "ops: {} #***"],
  "anchors, aliases and tags": [
    "ops: &SECRET ^^{ a: *SECRET, b: !SECRET x }",
    "ops: &*** { a: ***, b: !*** *** }",
  ],
  "a value in a key": [
    "ops: { sessions: { a: { env: { ^^TOKEN=SECRET: x } } } }",
    "ops: { sessions: { a: { env: { TOKEN=***: *** } } } }",
  ],
  "a value in run_args": [
    "ops: { sessions: { a: { ^^run_args: [-e, TOKEN=SECRET] } } }",
    "ops: { sessions: { a: { run_args: [-e, TOKEN=***] } } }",
  ],
  "keys that are there twice": [
    "ops: { sessions: { a: { env: { A: b }, ^^env: { A: SECRET } } } }",
    "ops: { sessions: { a: { env: { A: *** }, env: { A: *** } } } }",
  ],
  "a line of a file that cannot be read": ["ops: [\n  ^^TOKEN: SECRET\n", "TOKEN: ***"],
  "a known key in env, in a file that cannot be read": [
    "a:\n  env:\n    ^^image: SECRET\n  b: 'x\n",
    "image: ***",
  ],
};

for (const [what, [text, line]] of Object.entries(HIDDEN)) {
  Deno.test(`an excerpt hides ${what}`, () => equal(excerptOf(text)[0], line));
}

property(
  "an excerpt never shows what is in env, wherever it is and however the file is broken",
  () => {
    const style = fc.constantFrom(
      "SECRET",
      "'SECRET'",
      '"SECRET',
      "|\n          SECRET",
      "[SECRET]",
      "*SECRET",
      "!SECRET",
      "{ image: SECRET }",
      "SECRET # SECRET",
    );
    const key = fc.constantFrom("TOKEN", "image", "command", '"user"', "network");
    const env = fc.array(fc.tuple(key, style), { minLength: 1, maxLength: 3 });
    const flow = fc.boolean();
    const file = fc.tuple(env, flow, fc.constantFrom("env", "env", "environment")).map(
      ([all, isFlow, name]) => {
        const entries = all.map(([key, value]) => `${key}: ${value}`);
        const body = isFlow
          ? ` { ${entries.join(", ")} }`
          : `\n${entries.map((entry) => `        ${entry}`).join("\n")}`;
        return `ops:\n  sessions:\n    astro:\n      ${name}:${body}\n      image: alpine\n`;
      },
    );
    return {
      input: fc.tuple(file, fc.nat(300), fc.nat(300)),
      holds: ([text, end, at]) => {
        const cut = text.slice(0, Math.max(1, text.length - end));
        const shown = excerptsOf(cut)(Math.min(at, cut.length));
        ok(!shown.includes("SECRET") && !shown.includes("SECRE"), `${cut}\n--\n${shown}`);
      },
      cases: 3000,
    };
  },
);
