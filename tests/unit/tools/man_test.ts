import { deepEqual, equal, match, ok } from "node:assert/strict";
import { entriesBelow } from "../../../tools/reference.ts";
import { manPage } from "../../../tools/man.ts";
import { isGroup, longOf } from "../../../src/cli/grammar.ts";
import { PROGRAM } from "../../../src/cli/table.ts";
import { OPS_KEYS, TOP_KEYS } from "../../../src/keys/file_keys.ts";
import { SESSION_KEYS } from "../../../src/keys/session_keys.ts";
import { ERRORS } from "../../../src/errors.ts";

const PAGE = manPage(new Date("2026-11-21T03:00:00Z"));

/** The page as text that somebody reads, near enough: requests and fonts are taken out. */
const TEXT = PAGE
  .replaceAll(/^\.\w+ ?/gm, "")
  .replaceAll(/\\f[BIP]/g, "")
  .replaceAll("\\-", "-")
  .replaceAll("\\(aq", "'")
  .replaceAll("\\(dq", '"')
  .replaceAll("\\(ti", "~");

Deno.test("the man page has its sections in the order that readers expect", () => {
  const sections = Array.from(PAGE.matchAll(/^\.SH (.*)$/gm), ([, title]) => title);
  deepEqual(sections, [
    ...["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "CONFIGURATION", "ENVIRONMENT"],
    ...["FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"],
  ]);
});

Deno.test("the man page says which day and version it is of", () => {
  match(PAGE, /^\.TH KSTOPS 1 2026-11-21 kstops\\-\d+\.\d+\.\d+/);
});

Deno.test("the man page has every command with its flags and examples", () => {
  for (const { words, entry } of entriesBelow([PROGRAM.name], PROGRAM.commands)) {
    const from = TEXT.indexOf(`\n${words.join(" ")}`);
    ok(from !== -1, words.join(" "));
    const rest = TEXT.slice(from);
    for (const example of Object.keys(entry.examples ?? {})) {
      ok(rest.includes(`\n${example}\n`), example);
    }
    if (isGroup(entry)) continue;
    for (const [key, flag] of Object.entries(entry.flags)) {
      ok(rest.includes(longOf(key, flag)), `${words.join(" ")} ${key}`);
    }
  }
});

Deno.test("the man page has every key of the config and every exit status", () => {
  for (const key of Object.keys({ ...TOP_KEYS, ...OPS_KEYS, ...SESSION_KEYS })) {
    match(PAGE, new RegExp(`^\\.TP\n\\\\fB${key}\\\\fP$`, "m"));
  }
  for (const [code, { exit }] of Object.entries(ERRORS)) {
    ok(TEXT.includes(`\n${exit} (${code})\n`), code);
  }
});

/** Programs that check a page, each with what it needs to say nothing but what is wrong. */
const CHECKERS: Readonly<Record<string, readonly string[]>> = {
  mandoc: ["-T", "lint", "-W", "warning"],
  groff: ["-ww", "-z", "-man", "-T", "utf8"],
};

for (const [checker, args] of Object.entries(CHECKERS)) {
  const verdict = (page: string): Promise<string> => verdictOf([checker, ...args], page);
  const ignore = !Deno.env.get("KSTOPS_CI") && !isInstalled(checker);

  Deno.test({
    name: `${checker} has nothing against the man page`,
    ignore,
    fn: async () => equal(await verdict(PAGE), ""),
  });

  Deno.test({
    name: `${checker} would say what is wrong with a page`,
    ignore,
    fn: async () => ok(await verdict(`${PAGE}.XX\n`)),
  });
}

/** What a program says of a page: nothing, when all is well. */
async function verdictOf(
  [program = "", ...args]: readonly string[],
  page: string,
): Promise<string> {
  // Without an ending mandoc takes what follows any dot of the path for the section.
  const file = await Deno.makeTempFile({ suffix: ".1" });
  try {
    await Deno.writeTextFile(file, page);
    const { stdout, stderr } = await new Deno.Command(program, { args: [...args, file] }).output();
    return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  } finally {
    await Deno.remove(file);
  }
}

function isInstalled(program: string): boolean {
  try {
    return new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).outputSync().success;
  } catch {
    return false;
  }
}
