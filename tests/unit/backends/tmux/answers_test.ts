import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import {
  parseCapture,
  parseClients,
  parseEnvironment,
  parseServer,
} from "../../../../src/backends/tmux/answers.ts";
import { CLIENT_FIELDS, rowFormat, SERVER_FIELDS } from "../../../../src/backends/tmux/args.ts";
import { expandFormat } from "../../../support/tmux_format.ts";
import { printEscaped, shellAssignment } from "../../../support/tmux_escapes.ts";
import { property } from "../../../support/property.ts";

const NONCE = "0123456789ab";

const values: Readonly<Record<string, string>> = {
  A: "1",
  EMPTY: "",
  LINES: "\n\na\n\n",
  LIKE_AN_ANSWER: `x${NONCE}\n`,
  LIKE_ANOTHER: `"; export LIKE_ANOTHER;\n${NONCE}`,
  EQUALS: "A=B",
  QUOTES: `"$x\`\\\\"`,
  CONTROLS: "\x01\x07\b\v\f\r\x1b[31m\x7f\t",
  ESCAPES: "\\033\\a\\\\007\\n",
};
const names = ["GONE", ...Object.keys(values), "LAST"];

for (
  const [version, print] of [["3.3a", String], ["3.5a", printEscaped], ["3.6", String]] as const
) {
  Deno.test(`values of variables of tmux ${version} are read exactly, and an absent one is left out`, () => {
    const answers = names.map((name) => {
      const value = values[name];
      return `${value === undefined ? "" : shellAssignment(name, value)}${NONCE}\n`;
    });
    const server = { nonce: NONCE, serverVersion: version };
    const of = (text: string) => parseEnvironment(print(`${NONCE}\n${text}`), names, server);
    deepEqual(of(answers.join("")), values);
    deepEqual(of(""), {});
    deepEqual(parseEnvironment("", names, server), {});
    // What the user unset in the session.
    deepEqual(parseEnvironment(`${NONCE}\nunset A;\n${NONCE}\n`, ["A"], server), {});
    // Hooks print around every answer.
    deepEqual(of(answers.map((answer) => `noise\n${answer}noise\n`).join("")), values);
    // Other sessions were asked by the same client.
    const other = `ffff\n${shellAssignment("EMPTY", "full")}${shellAssignment("GONE", "no")}ffff\n`;
    const all = `${other}${NONCE}\n${answers.join("")}${NONCE} $3\n${other}`;
    deepEqual(parseEnvironment(print(all), names, server), values);
  });

  {
    const value = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
    property(`any value of a variable of tmux ${version} comes back`, {
      input: value,
      holds: (value) => {
        const stdout = `${NONCE}\n${print(shellAssignment("A", value))}${NONCE}\n`;
        const found = parseEnvironment(stdout, ["A"], { nonce: NONCE, serverVersion: version });
        deepEqual(found, { A: value.toWellFormed() });
      },
    });
  }
}

const SERVER = {
  pid: "4711",
  socket_path: "/tmp/tmux-0/a \\033",
  prefix: "C-b",
  prefix2: "None",
  version: "3.5a",
};
function described(fields: Readonly<Record<string, string>> = {}): string {
  return `${expandFormat(rowFormat(SERVER_FIELDS, NONCE), { ...SERVER, ...fields })}\n`;
}

Deno.test("parseServer() reads the pid, the socket and the prefix key of a server", () => {
  const facts = { pid: "4711", socketPath: "/tmp/tmux-0/a \\033", prefix: "C-b" };
  deepEqual(parseServer(described(), NONCE), facts);
  deepEqual(parseServer(`noise\n${described()}noise\n`, NONCE), facts);
});

Deno.test("parseServer() takes the second prefix where there is no first, and none where there is none", () => {
  equal(parseServer(described({ prefix: "None", prefix2: "C-a" }), NONCE)?.prefix, "C-a");
  equal(parseServer(described({ prefix: "None" }), NONCE)?.prefix, null);
});

Deno.test("parseServer() knows that a session is gone when nothing is printed", () => {
  deepEqual(parseServer("\n", NONCE), null);
  deepEqual(parseServer("noise\n", NONCE), null);
});

Deno.test("parseClients() finds the clients of a process, whatever hooks print", () => {
  const rows = [["7", "/dev/pts/1"], ["8", "client a"], ["7", ""]].map(([pid = "", name = ""]) =>
    expandFormat(rowFormat(CLIENT_FIELDS, NONCE), { client_pid: pid, client_name: name })
  );
  deepEqual(parseClients(`7\t/dev/pts/9\n${rows.join("\nnoise\n")}\n`, 7, NONCE), ["/dev/pts/1"]);
});

const mark = `${NONCE}\n`;
const CAPTURES: Record<string, string> = {
  "nothing besides": `${mark}a\nb\n${mark}a\n${mark}`,
  "something before": `(null):0: x\n${mark}a\nb\n${mark}a\n${mark}`,
  "something about captures": `${mark}a\nb\nx\n${mark}a\nx\n${mark}`,
  "something about marks": `${mark}y\na\nb\n${mark}y\na\n${mark}y\n`,
  "something about both": `${mark}y\na\nb\nx\n${mark}y\na\nx\n${mark}y\n`,
};
for (const [what, stdout] of Object.entries(CAPTURES)) {
  Deno.test(`what a pane shows is read where hooks print ${what}`, () =>
    equal(parseCapture(stdout, NONCE), "a\nb\n"));
}
