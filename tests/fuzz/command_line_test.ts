/** What people and shells type. */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { answer } from "../../src/cli/completions.ts";
import { readLine, typed, unquoted } from "../../src/cli/completions/words.ts";
import { isGroup, longOf } from "../../src/cli/grammar.ts";
import { parse } from "../../src/cli/parse.ts";
import { namedFlags, scan } from "../../src/cli/scan.ts";
import { PROGRAM } from "../../src/cli/table.ts";
import type { World } from "../../src/world/world.ts";
import { isRefusal, isSafe, orRefused } from "./checks.ts";
import { PLAIN, TEXT } from "./inputs.ts";
import { property } from "../support/property.ts";

/** Every command and flag of the program, short and long. */
const KNOWN: readonly string[] = vocabulary(PROGRAM);

function vocabulary(entry: typeof PROGRAM | Parameters<typeof isGroup>[0]): string[] {
  const flags = "flags" in entry ? namedFlags(entry.flags) : [];
  const words = flags.flatMap(({ key, flag }) => [
    longOf(key, flag),
    ...flag.short === undefined ? [] : [`-${flag.short}`],
  ]);
  if (!isGroup(entry)) return words;
  return Object.entries(entry.commands).flatMap(([name, each]) => [name, ...vocabulary(each)])
    .concat(words);
}

const WORD = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KNOWN) },
  { weight: 2, arbitrary: fc.constantFrom("astro", "tmux", "30", "all", "10m", "--", "-", "help") },
  TEXT,
  fc.tuple(fc.constantFrom(...KNOWN), TEXT).map(([flag, text]) => `${flag}=${text}`),
  fc.tuple(fc.constantFrom(...KNOWN), TEXT).map((both) => both.join("")),
);

const COMMAND = fc.constantFrom(...Object.keys(PROGRAM.commands));
const LINE = fc.tuple(COMMAND, fc.array(WORD, { maxLength: 6 })).map(([command, words]) => [
  command,
  ...words,
]);

/** A world of which nothing can be had: what needs some of it has no answer. */
const NOWHERE = new Proxy({}, {
  get: (_, key) => {
    throw new Error(`nobody has a ${String(key)} here`);
  },
}) as World;

/** What no shell gets typed: a control character ends the line, or is a key of its editor. */
const TYPED = PLAIN.filter((text) => text !== "");

property("argv: any words are a command, a help text, or a usage error", {
  input: fc.oneof(LINE, fc.array(WORD, { maxLength: 7 })),
  holds: async (words) => {
    const parsed = orRefused(() => parse(words), ["usage"]);
    if (parsed?.kind === "run") {
      const { json, verbose, config } = parsed.globals;
      ok(json === undefined || json === true);
      ok(verbose === undefined || verbose === true);
      ok(config === undefined || typeof config === "string");
      // It checks the values that a config can have as well.
      await parsed.load().then(
        (run) => equal(typeof run, "function"),
        (error) => isRefusal(error, ["value_invalid"]),
      );
    }
    if (parsed?.kind === "help") ok((await parsed.text(80)).endsWith("\n"));
  },
  cases: 200,
});
property("argv: every word is read once", {
  input: fc.array(WORD, { maxLength: 7 }),
  holds: (words) => {
    const { operands, flags, argv, place, mistake } = scan(words, PROGRAM);
    const count = operands.length + flags.length + (argv?.length ?? 0) + place.names.length;
    // Short flags may stand together in one word.
    ok(count <= words.join("").length + words.length);
    if (argv !== null) deepEqual(argv, words.slice(words.indexOf("--") + 1));
    if (mistake?.kind === "unknown command") ok(words.includes(mistake.word));
  },
  cases: 200,
});
property("completions: any line has an answer of lines, or none", {
  input: fc.tuple(
    fc.constantFrom("bash", "zsh", "fish", "csh"),
    fc.array(WORD, { maxLength: 5 }),
    TEXT,
  ),
  holds: async ([shell, words, current]) => {
    const args = shell === "bash" ? [words.join(" ") + current, current] : [...words, current];
    const text = await answer([shell, ...args], NOWHERE);
    ok(text === "" || text.endsWith("\n"));
    const [head = "", ...lines] = text.split("\n").slice(0, -1);
    const kinds = ["words", "files", "directories"];
    ok(text === "" || kinds.includes(head.split("\t")[0] ?? ""), head);
    // What belongs to the word that was typed is given back as it was.
    if (!head.includes(current)) { for (const line of lines) isSafe(line.replaceAll("\t", " ")); }
  },
  cases: 200,
});
property("completions: what is typed for a word is read as that word", {
  input: fc.tuple(TYPED, fc.array(TYPED, { maxLength: 3 })),
  holds: ([word, others]) => {
    equal(unquoted(typed(word, "")).value, word);
    const line = ["kstops", ...others.map((each) => typed(each, "")), ""].join(" ");
    deepEqual(readLine(line).words, ["kstops", ...others]);
  },
});
property("completions: a line that is anything, and never done", {
  input: TEXT,
  holds: (text) => {
    const { words, current } = readLine(text);
    ok(text.endsWith(current));
    ok(words.join("").length + current.length <= text.length);
    equal(typeof unquoted(text).value, "string");
  },
  cases: 200,
});
