import { deepEqual, equal, match } from "node:assert/strict";
import fc from "fast-check";
import {
  capturePane,
  closeScript,
  collectAndRunScript,
  describeServer,
  environmentScript,
  listClients,
  listPanes,
  listPanesCollected,
  quoteWord,
  runScript,
  startServerAndRunScript,
} from "../../../../src/backends/tmux/args.ts";
import { readScript } from "../../../support/tmux_script.ts";
import { property } from "../../../support/property.ts";

const SERVER = { binary: "/usr/bin/tmux", socketName: "bots" };

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

property("a script says any words", () => {
  const unit = fc.oneof(
    fc.constantFrom(..."\\'\"\n\r;# {}$~%".split("")),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((text) => text !== "\0"),
  );
  const words = fc.array(fc.string({ unit, maxLength: 20 }), { minLength: 1, maxLength: 5 });
  return {
    input: words,
    holds: (words) => {
      const script = ["first", ...words].map(quoteWord).join(" ");
      deepEqual(readScript(script), [[["first", ...words]]]);
    },
    cases: 2000,
  };
});

/** Words of a command, behind one of them. */
function behind(words: readonly string[], word: string): string | undefined {
  return words[words.indexOf(word) + 1];
}

Deno.test("every call names its socket, and asks for UTF-8 whatever the locale", () => {
  const starting = startServerAndRunScript(SERVER);
  const calls = [
    listPanes(SERVER, "n"),
    listPanesCollected(SERVER, "n"),
    collectAndRunScript(SERVER),
    capturePane(SERVER, "%7", "n"),
    runScript(SERVER),
    starting,
  ];
  for (const argv of calls) {
    deepEqual(argv.slice(0, 4), ["/usr/bin/tmux", "-u", "-L", "bots"]);
    // No server is started by asking.
    equal(argv.includes("start-server"), argv === starting);
  }
});

Deno.test("a session is closed by its id, on its own server only", () => {
  const script = closeScript({ id: "$3", serverPid: 77, isOwn: true, strayPane: null }, "n");
  const [[words = []] = []] = readScript(script);
  const [condition, commands = ""] = words.slice(-2);
  equal(condition, "#{==:#{pid},77}");
  const [line = []] = readScript(commands);
  deepEqual(line.map(([name]) => name), ["list-panes", "kill-session"]);
  for (const words of line) equal(behind(words, "-t"), "$3:");
});

Deno.test("nothing that separates is a control character, which tmux 3.4 to 3.5a would escape", () => {
  const questions = [
    listPanes(SERVER, "n"),
    listClients(SERVER, "n"),
    capturePane(SERVER, "%7", "n"),
  ];
  for (const argv of [...questions, describeServer(SERVER, "$3", "n")]) {
    for (const word of argv) match(word, /^[\x20-\x7e]*$/);
  }
});

Deno.test("each variable is asked for with a line of its own", () => {
  deepEqual(readScript(environmentScript("$3", ["A", "B"], "n")), [
    [["display-message", "-p", "n"]],
    [["show-environment", "-s", "-t", "$3", "A"]],
    [["display-message", "-p", "n"]],
    [["show-environment", "-s", "-t", "$3", "B"]],
    [["display-message", "-p", "n"]],
    [["display-message", "-p", "-t", "$3", "n #{session_id}"]],
  ]);
});
