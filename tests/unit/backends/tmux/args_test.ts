import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  capturePane,
  closeSession,
  environmentScript,
  listPanes,
  listPanesCollected,
  quoteWord,
  runScript,
  startScript,
  startServerAndRunScript,
} from "../../../../src/backends/tmux/args.ts";
import type { TmuxDefinition } from "../../../../src/model.ts";

const SERVER = { binary: "/usr/bin/tmux", socketName: "bots" };

/**
 * Reads a script as tmux does (3.3a cmd-parse.y), as far as quotes, separators and line ends go:
 * lines of commands of words.
 */
function readScript(script: string): string[][][] {
  // The reader drops these before it looks at anything.
  const text = script.replaceAll("\\\n", "");
  const lines: string[][][] = [[[]]];
  let word: string | null = null;
  const command = (): string[] => lines.at(-1)?.at(-1) ?? [];
  const endWord = (): void => {
    if (word !== null) command().push(word);
    word = null;
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === "'") {
      const end = text.indexOf("'", index + 1);
      ok(end > 0, `unbalanced quote in ${script}`);
      word = (word ?? "") + text.slice(index + 1, end);
      index = end;
    } else if (character === '"') {
      for (index++; text[index] !== '"'; index++) {
        ok(index < text.length, `unbalanced quote in ${script}`);
        if (text[index] !== "\\") {
          word = (word ?? "") + text[index];
        } else {
          const escaped = text[++index] ?? "";
          word = (word ?? "") + ({ n: "\n", r: "\r" }[escaped] ?? escaped);
        }
      }
    } else if (character === "\\") {
      word = (word ?? "") + text[++index];
    } else if (character === " ") {
      endWord();
    } else if (character === ";") {
      ok(word === null, "a separator in a word");
      lines.at(-1)?.push([]);
    } else if (character === "\n") {
      endWord();
      lines.push([[]]);
    } else {
      // Anything else could be a variable, a format condition, a comment: it has to be quoted.
      throw new Error(`not quoted: ${JSON.stringify(character)} in ${script}`);
    }
  }
  endWord();
  return lines.filter((line) => line.flat().length > 0);
}

const TRICKY = [
  "",
  ";",
  "ends in ;",
  "'",
  '"',
  "\\",
  "\\'",
  "a\\\nb",
  "\n",
  "\r\n",
  "'\n'",
  "#{pid}",
  "%if 1",
  "~",
  "$HOME",
  "{",
  "näme 🚀",
];
for (const word of TRICKY) {
  Deno.test(`a script says ${JSON.stringify(word)} as one word`, () => {
    deepEqual(readScript(`${quoteWord("a")} ${quoteWord(word)}`), [[["a", word]]]);
  });
}

Deno.test("a script says any words", () => {
  const unit = fc.oneof(
    fc.constantFrom(..."\\'\"\n\r;# {}$~%".split("")),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((text) => text !== "\0"),
  );
  const words = fc.array(fc.string({ unit, maxLength: 20 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(words, (words) => {
      const script = ["first", ...words].map(quoteWord).join(" ");
      deepEqual(readScript(script), [[["first", ...words]]]);
    }),
    { numRuns: 2000 },
  );
});

function plan(definition: Partial<TmuxDefinition> = {}, log: string | null = "/logs/a.log") {
  return {
    definition: {
      backend: "tmux",
      name: "astro",
      argv: ["python", "-m", "astro.bot; rm -rf ~"],
      workingDir: "/opt/astro",
      socketName: "bots",
      env: {},
      stopSignal: "SIGTERM",
      stopTimeoutSeconds: 20,
      protected: true,
      ...definition,
    } satisfies TmuxDefinition,
    runId: "0123456789ab",
    nonce: "fedcba987654",
    inherited: { PATH: "/bin", LANG: "C.UTF-8" },
    binary: "/usr/bin/tmux",
    log,
  };
}

/** Words of a command, behind one of them. */
function behind(words: readonly string[], word: string): string | undefined {
  return words[words.indexOf(word) + 1];
}

Deno.test("a start is one line, so that nothing of it is done to a session in its way", () => {
  const lines = readScript(startScript(plan()));
  equal(lines.length, 2);
  const [replace = [], create = []] = lines;
  deepEqual(replace.map(([name]) => name), ["if-shell"]);
  deepEqual(create.map(([name]) => name), [
    "new-session",
    ...Array(5).fill("set-option"),
    "pipe-pane",
  ]);
  for (const words of [...replace, ...create.slice(1)]) equal(behind(words, "-t"), "=astro:");
  const [first = [], ...options] = create;
  deepEqual(options.slice(0, 5).map((words) => words.filter((word) => !word.startsWith("{"))), [
    ["set-option", "-p", "-t", "=astro:", "remain-on-exit", "on"],
    ["set-option", "-t", "=astro:", "destroy-unattached", "off"],
    ["set-option", "-p", "-t", "=astro:", "@kstops_pane", "0123456789ab"],
    ["set-option", "-t", "=astro:", "@kstops_run"],
    ["set-option", "-t", "=astro:", "@kstops", "0123456789ab"],
  ]);
  deepEqual(options.at(-1), ["pipe-pane", "-t", "=astro:", "exec cat >> '/logs/a.log'"]);
  deepEqual(first.slice(0, 4), ["new-session", "-d", "-P", "-F"]);
  deepEqual([behind(first, "-s"), behind(first, "-c")], ["astro", "/opt/astro"]);
  const program = first.slice(first.indexOf("--") + 1);
  deepEqual(program.slice(0, 2), ["/bin/sh", "-c"]);
  deepEqual(program.slice(3), [
    "kstops",
    "/usr/bin/tmux",
    "python",
    "-m",
    "astro.bot; rm -rf ~",
  ]);
  ok(!startScript(plan()).includes(" -g"), "it changes a global option");
});

Deno.test("an ended session is replaced only where kstops made it, and by exactly its name", () => {
  const [[[, ...words] = []] = []] = readScript(startScript(plan()));
  const [condition = "", command = ""] = words.slice(-2);
  match(condition, /^#\{&&:#\{@kstops\},/);
  deepEqual(readScript(command), [[["kill-session", "-t", "=astro:"]]]);
});

Deno.test("a session remembers what it was started from, without the values", () => {
  const script = startScript(plan({ env: { TOKEN: "s3cret", CHAT: "42" } }));
  const record = readScript(script).flat().find((words) => words.includes("@kstops_run"))?.at(-1);
  deepEqual(JSON.parse(record ?? ""), {
    command: ["python", "-m", "astro.bot; rm -rf ~"],
    working_dir: "/opt/astro",
    env: ["TOKEN", "CHAT"],
    log: "/logs/a.log",
    stop_signal: "SIGTERM",
    stop_timeout: 20,
    protected: true,
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
  for (const argv of [runScript(SERVER), startServerAndRunScript(SERVER)]) {
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
  const commands = readScript(startScript(plan({}, null))).flat().map(([name]) => name);
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
    const commands = readScript(startScript(plan({ workingDir: path }, path))).flat();
    equal(behind(commands.find(([name]) => name === "new-session") ?? [], "-c"), dir);
    equal(commands.at(-1)?.at(-1), `exec cat >> ${pipe}`);
  });
}

Deno.test("every call names its socket, and asks for UTF-8 whatever the locale", () => {
  const calls = [
    listPanes(SERVER, "n"),
    listPanesCollected(SERVER, "n"),
    closeSession(SERVER, { id: "$3", serverPid: 77 }, "n"),
    capturePane(SERVER, "%7"),
    runScript(SERVER),
    startServerAndRunScript(SERVER),
  ];
  for (const argv of calls) {
    deepEqual(argv.slice(0, 4), ["/usr/bin/tmux", "-u", "-L", "bots"]);
    // No server is started by asking.
    equal(argv.includes("start-server"), argv.at(-1) === "-" && argv.length === 8);
  }
});

Deno.test("a session is closed by its id, on its own server only", () => {
  const argv = closeSession(SERVER, { id: "$3", serverPid: 77 }, "n");
  const [condition, commands = ""] = argv.slice(-2);
  equal(condition, "#{==:#{pid},77}");
  const [line = []] = readScript(commands);
  deepEqual(line.map(([name]) => name), ["list-panes", "kill-session"]);
  for (const words of line) equal(behind(words, "-t"), "$3:");
});

Deno.test("each variable is asked for with a line of its own", () => {
  deepEqual(readScript(environmentScript("$3", ["A", "B"], "n")), [
    [["show-environment", "-t", "$3", "A"]],
    [["display-message", "-p", "n"]],
    [["show-environment", "-t", "$3", "B"]],
    [["display-message", "-p", "n"]],
  ]);
});
