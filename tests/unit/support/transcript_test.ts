import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { writeExecutable } from "../../support/executable.ts";
import {
  compare,
  parseTranscript,
  type Program,
  programUnderTest,
  replay,
  sourceProgram,
  TranscriptError,
} from "../../support/transcript.ts";
import { ignoreWithoutTmux } from "../../support/tmux.ts";
import { LIMIT_MS } from "../../support/limits.ts";

/** Writes a transcript, and a `kstops` that is a shell script, and replays the one on the other. */
async function replayText(
  text: string,
  options: { timeoutSeconds?: number; update?: boolean; script?: string } = {},
): Promise<string> {
  const { script = 'echo "$0: $*"', update = false, ...others } = options;
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/t.txt`, text);
    await writeExecutable(`${directory}/it's kstops`, `#!/bin/sh\n${script}\n`);
    const program: Program = { title: "a script", argv: [`${directory}/it's kstops`], env: {} };
    const result = await replay(`${directory}/t.txt`, { program, update, ...others });
    equal(result, update ? "rewritten" : "passed");
    return await Deno.readTextFile(`${directory}/t.txt`);
  } catch (error) {
    if (error instanceof TranscriptError) error.message = error.message.replaceAll(directory, "");
    throw error;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Gives `body` the path of an empty file, which goes afterwards. */
async function withFile(body: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile();
  try {
    await body(file);
  } finally {
    await Deno.remove(file);
  }
}

function trimmed(text: string): string {
  const indent = /^\n( *)/.exec(text)?.[1] ?? "";
  return text.slice(1).replaceAll(new RegExp(`^${indent}`, "gm"), "").trimEnd() + "\n";
}

const PASSES: Record<string, string> = {
  "a command without output": "$ true\n",
  "nothing but comments": "# A.\n#\n\n# B.\n",
  "stdout and stderr in their order": "$ echo a; echo b >&2; echo c\na\nb\nc\n",
  "an exit code": "$ echo no; (exit 6)\nno\nexit 6\n",
  "an exit code without output": "$ false\nexit 1\n",
  "the code of a program that a signal ended": "$ sh -c 'kill -9 $$'\n...\nexit 137\n",
  "the exit code of the last program of a pipe": "$ false | cat\n",
  "a command over several lines": "$ for i in 1 2\n> do echo $i\n> done\n1\n2\n",
  "a here-document": "$ cat <<END\n> a  b\n> \n> c\n> END\na  b\n\nc\n",
  "quotes and backslashes": trimmed(`
    $ printf '%s\\n' 'it'\\''s' "a\\\\b" 'c\\d'
    it's
    a\\b
    c\\d
  `),
  "variables, directories and functions that last": trimmed(`
    $ mkdir sub; cd sub; X='a  b'; f() { echo "f $1"; }
    $ pwd
    <WORK>/sub
    $ echo "$X"; f 1
    a  b
    f 1
    $ export X
    $ sh -c 'echo "$X"'
    a  b
  `),
  "a background program and its end": trimmed(`
    $ sh -c 'sleep 0.05; exit 4' & PID=$!
    $ wait $PID
    exit 4
  `),
  "empty standard input": "$ cat; read line\nexit 1\n",
  "redirected standard input": "$ echo a >f; cat <f; echo b | cat\na\nb\n",
  "a syntax error, with what follows": "$ if\n<ANY>yntax error<ANY>\n...\nexit 2\n$ echo on\non\n",
  "a program that is missing": "$ no-such-program\n<ANY>no-such-program: <ANY>\nexit 127\n",
  "an error that ends a subshell": "$ (set -u; echo $NONE) || echo on\n<ANY>NONE<ANY>\non\n",
  "blank lines within the output": "$ printf 'a\\n\\nb\\n'\na\n\nb\n",
  "blank lines between": "\n\n$ echo a\na\n\n\n# Comment.\n\n$ echo; echo b\n\nb\n\n",
  "a blank line at the end of the output": "$ echo a; echo\na\n\\\n\n# More.\n$ echo\n\\\n",
  "output that looks like a transcript": trimmed(`
    $ echo '$ ls'; echo 'exit 3'; echo '# x'; echo '> y'; echo ...; echo '\\'
    \\$ ls
    exit 3
    # x
    > y
    ...
    \\\\
    $ echo '> y'; echo 'exit 3'
    \\> y
    \\exit 3
  `),
  "output without a final newline":
    "$ printf abc\nabc<NO NEWLINE>\n$ printf 'a\\nb'\na\nb<NO NEWLINE>\n",
  "tabs and control characters":
    "$ printf 'a\\tb\\tc\\n'\na\tb<TAB>c\n$ printf '\\033[1m\\r\\n'\n<U+001B>[1m<U+000D>\n",
  "bytes that are no UTF-8": "$ printf 'a\\377b\\n'\na\ufffdb\n",
  "literal brackets, dots and stars": "$ echo '(a.b) [x]* $^|{1}/'\n(a.b) [x]* $^|{1}/\n",
  "a number and an id": '$ echo "pid $$, id 0af3"\npid [0-9]+, id [a-f0-9]+\n',
  "times": trimmed(`
    $ date -u +%Y-%m-%dT%H:%M:%SZ; echo at 2026-01-02T03:04:05.678Z.
    <TIME>
    at <TIME>.
  `),
  "anything in a line": "$ echo ab; echo a b c\na<ANY>b\na<ANY>c\n",
  "any lines": "$ seq 20\n1\n...\n7\n8\n...\n20\n...\n",
  "any lines and nothing else": "$ seq 3\n...\n$ true\n...\n",
  "a large output": "$ seq 20000\n1\n...\n20000\n",
  "kstops with its arguments": trimmed(`
    $ kstops say 'a  b' "it's"
    <ANY>/it's kstops: say a  b it's
  `),
  "kstops in a pipe": "$ kstops 1 | sed 's/.*: /got /'\ngot 1\n",
  "output that looks like an answer of the shell": "$ echo 0; echo 1 >&2\n0\n1\n$ true\n",
  "no way to answer for the shell": "$ (echo 5 >&3) 2>/dev/null || echo closed\nclosed\n",
  "a background program that goes on printing": trimmed(`
    $ (while :; do echo noise; sleep 0.01; done) & PID=$!
    ...
    $ sleep 0.05; echo quiet
    quiet
    $ kill $PID
  `),
  "a redirection that only lasts for its command": "$ exec >/dev/null\n$ echo a\na\n",
};
for (const [what, text] of Object.entries(PASSES)) {
  Deno.test(`a transcript may have ${what}`, async () => {
    equal(await replayText(text), text);
  });
}

const FAILS: Record<string, [string, string]> = {
  "another line": ["$ echo a; echo b\na\nc\n", "  a\n- c\n+ b"],
  "a missing line": ["$ echo a\na\nb\n", "  a\n- b"],
  "a line too many": ["$ echo a; echo b; echo c\na\nc\n", "  a\n+ b\n  c"],
  "output where none is expected": ["$ echo a\n", "+ a"],
  "no output where some is expected": ["$ true\na\n", "- a"],
  "a failure": ["$ echo a; (exit 2)\na\n", "  a\n+ exit 2"],
  "success instead of a failure": ["$ echo a\na\nexit 6\n", "  a\n- exit 6\n+ exit 0"],
  "another exit code": ["$ (exit 2)\nexit 6\n", "- exit 6\n+ exit 2"],
  "a missing final newline": ["$ printf a\na\n", "- a\n+ a<NO NEWLINE>"],
  "a final newline": ["$ echo a\na<NO NEWLINE>\n", "- a<NO NEWLINE>\n+ a"],
  "a blank line too many": ["$ echo a; echo\na\n\n", "  a\n+ "],
  "more after a match in the line": ["$ echo 12x\n[0-9]+\n", "- [0-9]+\n+ 12x"],
  "a dot that is meant literally": ["$ echo axb\na.b\n", "- a.b\n+ axb"],
  "a time in another zone": [
    "$ echo 2026-01-02T03:04:05+01:00\n<TIME>\n",
    "- <TIME>\n+ 2026-01-02T03:04:05+01:00",
  ],
  "an escaped placeholder of lines": ["$ echo a\n\\...\n", "- \\...\n+ a"],
  "a control character": ["$ printf '\\033a\\n'\na\n", "- a\n+ <U+001B>a"],
  "an escape sequence that is only shown": [
    "$ printf '\\033a\\n'\n\\\\x1ba\n",
    "- \\\\x1ba\n+ <U+001B>a",
  ],
  "trailing blanks": ["$ echo 'a '\na\n", "- a\n+ a \n  (the line above ends with a blank)"],
  "a match that only comes too early": ["$ seq 3\n...\n2\n", "  ...\n  2\n+ 3"],
  "a comment right below a command": ["$ true\n# Comment.\n", "- # Comment."],
  "the working directory": ["$ pwd\n/\n", "- /\n+ <WORK>"],
};
for (const [what, [text, difference]] of Object.entries(FAILS)) {
  Deno.test(`a transcript fails for ${what}`, async () => {
    const command = text.slice(0, text.indexOf("\n"));
    await rejects(replayText(text), {
      name: "TranscriptError",
      message: `\n/t.txt:1: ${command}\n${difference}\n`,
    });
  });
}

Deno.test("a failure names file, line and command of every difference", async () => {
  const text = "# A.\n\n$ echo a\nb\n$ echo fine\nfine\n$ echo a \\\n> b\n";
  await rejects(replayText(text), {
    message: "\n/t.txt:3: $ echo a\n- b\n+ a\n\n/t.txt:7: $ echo a \\\n> b\n+ a b\n",
  });
});

Deno.test("a failure with very much output is cut", async () => {
  await rejects(replayText("$ seq 5000\n"), /\n\+ 200\n\(4800 more lines\)\n$/);
});

Deno.test("a shell that ends in the middle is a failure", async () => {
  await rejects(replayText("$ echo a\na\n$ echo b; exit 0\nb\n$ echo c\nc\n"), {
    message: "\n/t.txt:3: $ echo b; exit 0\nThe shell ended here:\n+ b\n",
  });
});

/** A command line that nobody else on this machine has. */
const SLEEP = `sleep 98765.${crypto.getRandomValues(new Uint32Array(1))[0]}`;

async function running(text: string): Promise<readonly string[]> {
  const ps = await new Deno.Command("ps", { args: ["-A", "-o", "stat=,args="] }).output();
  return new TextDecoder().decode(ps.stdout).split("\n")
    .filter((line) => line.includes(text) && !line.startsWith("Z"));
}

Deno.test("a transcript that does not end is killed, with all of its group", async () => {
  const began = performance.now();
  const command = `echo begun; (${SLEEP} & ${SLEEP}; echo late)`;
  const text = `$ echo ok\nok\n$ ${command}\n$ true\n`;
  await rejects(replayText(text, { timeoutSeconds: 2 }), {
    message: `\n/t.txt:3: $ ${command}\n` +
      "The transcript did not end within 2 s; this was running:\n+ begun\n",
  });
  ok(performance.now() - began < LIMIT_MS);
  deepEqual(await running(SLEEP), []);
});

Deno.test("what a transcript leaves running is killed", async () => {
  await replayText(`$ ${SLEEP} & setsid ${SLEEP} & (trap '' HUP TERM; ${SLEEP}) &\n`);
  deepEqual(await running(SLEEP), []);
});

Deno.test("an EXIT trap of a transcript is run", () =>
  withFile(async (file) => {
    await replayText(`$ trap 'echo trapped >${file}' EXIT\n`);
    equal(await Deno.readTextFile(file), "trapped\n");
  }));

Deno.test("a transcript runs in a clean environment of its own", () =>
  withFile(async (file) => {
    await Deno.writeTextFile(
      file,
      trimmed(`
      $ env | grep -E '^(TMUX|KSTOPS_.*|NO_COLOR|XDG_RUNTIME_DIR)='
      exit 1
      $ echo "$TERM $LANG $SHELL"; [ "$WORK" = "$PWD" ]; ls -A; ls -A "$HOME"
      xterm C.UTF-8 /bin/sh
      $ for each in "$HOME" "$TMPDIR" "$TMUX_TMPDIR" "$XDG_STATE_HOME" "$XDG_CONFIG_HOME"; do
      >   case $each in "\${WORK%/work}"/*) echo private;; esac
      > done
      private
      private
      private
      private
      private
      $ [ \${#TMUX_TMPDIR} -lt 36 ] && [ -d "$TMUX_TMPDIR" ] && echo short
      short
    `),
    );
    // In a process of its own: other tests run in this one, and share its environment.
    const support = new URL("../../support/transcript.ts", import.meta.url);
    const code = `import { replay } from ${JSON.stringify(support)};
    const program = { title: "", argv: ["true"], env: {} };
    await replay(${JSON.stringify(file)}, { program, update: false });`;
    const env = { TMUX: "/x,1,0", KSTOPS_STATE_DIR: "/x", KSTOPS_CONFIG: "/x", NO_COLOR: "1" };
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", code], env });
    const { success, stderr } = await child.output();
    equal(new TextDecoder().decode(stderr), "");
    ok(success);
  }));

Deno.test("nothing of a transcript is left on the disk, even if it fails", () =>
  withFile(async (file) => {
    for (const end of ["$ true\n", "$ false\n", "$ exit\n"]) {
      await replayText(`$ echo "$WORK" >${file}; mkdir -p a/b; touch a/b/c\n${end}`).catch(
        () => {},
      );
      const work = (await Deno.readTextFile(file)).trim();
      match(work, /^\/.*\/work$/);
      await rejects(Deno.stat(work.replace(/\/work$/, "")), Deno.errors.NotFound);
    }
  }));

Deno.test({
  name: "the tmux servers of a transcript are its own and end with it",
  ignore: ignoreWithoutTmux(),
  fn: () =>
    withFile(async (file) => {
      await replayText(trimmed(`
      $ tmux new-session -d -s one ${SLEEP}
      $ tmux -L other new-session -d -s two ${SLEEP}
      $ tmux list-sessions -F '#{session_name} #{socket_path}'
      one <ANY>/default
      $ echo "$TMUX_TMPDIR" >${file}
    `));
      deepEqual(await running(SLEEP), []);
      deepEqual(await running((await Deno.readTextFile(file)).trim()), []);
    }),
});

Deno.test("KSTOPS_UPDATE rewrites what does not match, and nothing else", async () => {
  const text = trimmed(`
    # Comment.

    $ echo a 12; echo b; echo '$ c'; echo; echo ...; echo '\\d'; (exit 3)
    a [0-9]+
    x
    # y


    # Comment.
    $ echo fine
    <ANY>
    $ seq 9
    1
    ...
    8
    $ echo '> x'; echo; echo
    $ printf 'exit 4\\n# x'
    exit 2
    $ true
    a

    # The end.
  `);
  const rewritten = await replayText(text, { update: true });
  equal(
    rewritten,
    trimmed(`
    # Comment.

    $ echo a 12; echo b; echo '$ c'; echo; echo ...; echo '\\d'; (exit 3)
    a [0-9]+
    b
    \\$ c

    \\...
    \\\\d
    exit 3


    # Comment.
    $ echo fine
    <ANY>
    $ seq 9
    1
    ...
    8
    9
    $ echo '> x'; echo; echo
    \\> x

    \\
    $ printf 'exit 4\\n# x'
    \\exit 4
    \\# x<NO NEWLINE>
    $ true

    # The end.
  `),
  );
  equal(await replayText(rewritten), rewritten);
});

Deno.test("KSTOPS_UPDATE does not hide a shell that ended", async () => {
  await rejects(replayText("$ exit 1\n", { update: true }), /The shell ended here/);
});

Deno.test("parseTranscript() tells commands, output and exit codes apart", () => {
  const text = "# A.\n$ one \\\n> two\nout\n\nput\nexit 12\n\n# B.\n$ three\nexit 1\nexit\n";
  deepEqual(parseTranscript(text, "t.txt"), [
    {
      line: 2,
      command: "one \\\ntwo",
      expected: ["out", "", "put"],
      exitCode: 12,
      outputStart: 3,
      outputEnd: 7,
    },
    {
      line: 10,
      command: "three",
      expected: ["exit 1", "exit"],
      exitCode: 0,
      outputStart: 10,
      outputEnd: 12,
    },
  ]);
});

for (const text of ["oops\n", "# A.\n\noops\n$ true\n", "$true\n", "> a\n"]) {
  Deno.test(`parseTranscript() refuses ${JSON.stringify(text)}`, () => {
    throws(() => parseTranscript(text, "t.txt"), {
      name: "TranscriptError",
      message: /^t\.txt:[13]: neither a command \(\$ \.\.\.\) nor a comment \(# \.\.\.\): ./,
    });
  });
}

Deno.test("compare() stays quick with placeholders that could match in many ways", () => {
  const [step] = parseTranscript(`$ x\n${"...\n<ANY>a<ANY>\n".repeat(20)}`, "t.txt");
  ok(step);
  const began = performance.now();
  equal(compare(step, { output: "a\n".repeat(2000), exitCode: 0 }), null);
  ok(compare(step, { output: "b\n".repeat(2000), exitCode: 0 }));
  ok(performance.now() - began < LIMIT_MS);
});

Deno.test("sourceProgram() runs a module with another HOME", async () => {
  const directory = await Deno.makeTempDir({ prefix: "a b" });
  try {
    const main = `${directory}/main.ts`;
    await Deno.writeTextFile(main, "console.log(Deno.args.length, Deno.args[0]);Deno.exit(5);\n");
    await Deno.writeTextFile(`${directory}/t.txt`, "$ kstops 'x  y' z\n2 x  y\nexit 5\n");
    const program = await sourceProgram(new URL(`file://${directory.replace(" ", "%20")}/main.ts`));
    await replay(`${directory}/t.txt`, { program, update: false });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("programUnderTest() is the binary that it is told", () =>
  withFile(async (binary) => {
    deepEqual(await programUnderTest(binary), {
      title: `the binary ${binary}`,
      argv: [await Deno.realPath(binary)],
      env: {},
    });
    await rejects(programUnderTest("no/such/binary"), /KSTOPS_BIN names no file: no\/such\/binary/);
  }));
