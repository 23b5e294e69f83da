/**
 * Makes the man page, `deno task man > kstops.1`, from the tables of commands, config keys and
 * errors. Its date comes from SOURCE_DATE_EPOCH, or is today.
 */
import { type Command, type Group, isGroup } from "../src/cli/grammar.ts";
import { aboutFlag, flagTerm, usageOf } from "../src/cli/help.ts";
import { type NamedFlag, namedFlags } from "../src/cli/scan.ts";
import { PROGRAM } from "../src/cli/table.ts";
import { DEFAULTS, OPS_KEYS, TOP_KEYS } from "../src/keys/file_keys.ts";
import { SESSION_KEYS } from "../src/keys/session_keys.ts";
import { ERRORS } from "../src/errors.ts";
import { VERSION } from "../src/version.ts";
import { entriesBelow, type Entry, ENVIRONMENT } from "./reference.ts";
import { bold, filled, line, literal, prose, usage, verbatim } from "./roff.ts";

type Lines = readonly string[];

const DESCRIPTION = [
  "kstops runs programs as named sessions, in tmux and in containers of podman and docker, with the " +
  "same commands. A config file says what sessions there are; others are made up on the command line.",
  "There is no daemon: sessions are plain tmux sessions and containers. A name is exactly that name. " +
  "Exit codes and output outlive the programs. Every change is recorded.",
  "Flags and arguments come in any order; `--` ends the flags.",
];

const CONFIGURATION = [
  "A config is YAML or JSON: sessions are under `ops.sessions`, each by its name. Values are the text " +
  "as written; `${NAME}`, `${NAME:-default}` and `${NAME:?message}` are filled in, `$${` is a literal " +
  "`${`. Flags go over the config.",
];

/** Paths and their content (Markdown). */
const FILES: Readonly<Record<string, string>> = {
  "./kstops.yml, ./kstops.yaml, ./kstlib.conf.yml":
    "the config, where neither `--config` nor `KSTOPS_CONFIG` names one",
  "../kstops.yml, ../../kstops.yml, ...":
    "the config, where there is none of those, up to your home or the end of the file system",
  "$XDG_CONFIG_HOME/kstops/kstops.yml":
    "the config, where there is none of those; default `~/.config/kstops/kstops.yml`",
  "/etc/kstops/kstops.yml": "the config, where there is none of those either",
  "~/.local/state/kstops/logs/NAME/": "what a session printed, and how its runs ended",
  "~/.local/state/kstops/operations.db": "what was changed, when, by whom, and what came of it",
};

/** The whole page, dated. */
export function manPage(date: Date): string {
  const day = date.toISOString().slice(0, 10);
  const name = PROGRAM.name;
  return `${
    [
      `.TH ${name.toUpperCase()} 1 ${day} ${literal(`${name}-${VERSION}`)}`,
      // No hyphenation and a ragged margin, for readers who copy.
      ".nh",
      ".ad l",
      ".SH NAME",
      ...filled(`${name} \\- ${prose(PROGRAM.about)}`),
      ".SH SYNOPSIS",
      usage(`${name} [options] <command> [options] [<arguments>]`),
      ".br",
      usage(`${name} help [<command>]`),
      ".br",
      usage(`${name} --version [--json]`),
      ".SH DESCRIPTION",
      ...paragraphs(DESCRIPTION),
      ".SH OPTIONS",
      "These work with every command.",
      ...flagLines(namedFlags(PROGRAM.flags)),
      ".SH COMMANDS",
      ...entriesBelow([name], PROGRAM.commands).flatMap(commandLines),
      ".SH CONFIGURATION",
      ...paragraphs(CONFIGURATION),
      ...keyLines("At the top, beside ops", TOP_KEYS),
      ...keyLines("Under ops", { ...OPS_KEYS, defaults: DEFAULTS }),
      ...keyLines("Under ops.sessions.NAME", SESSION_KEYS),
      ".SH ENVIRONMENT",
      ...Object.entries(ENVIRONMENT).flatMap(([name, about]) => term(bold(name), about)),
      ".SH FILES",
      ...Object.entries(FILES).flatMap(([path, about]) => term(usage(path), about)),
      ".SH EXIT STATUS",
      ...term(bold("0"), "it worked"),
      ...Object.entries(ERRORS).flatMap(([code, { exit, meaning }]) =>
        term(`${bold(String(exit))} ${literal(`(${code})`)}`, meaning)
      ),
      ".SH EXAMPLES",
      "There are more with each command above.",
      ...exampleLines(PROGRAM),
      ".SH SEE ALSO",
      "\\fBtmux\\fP(1), \\fBpodman\\fP(1), \\fBdocker\\fP(1)",
    ].join("\n")
  }\n`;
}

function paragraphs(texts: Lines): Lines {
  return texts.flatMap((text, index) => [...index === 0 ? [] : [".PP"], ...filled(prose(text))]);
}

function commandLines({ words, entry }: Entry): Lines {
  return [
    `.SS ${[literal(words.join(" ")), usage(argumentsOf(entry))].join(" ").trimEnd()}`,
    ...filled(prose(entry.about)),
    ...aliasLines(entry),
    ...isGroup(entry) ? [] : flagLines(namedFlags(entry.flags)),
    ...exampleLines(entry),
  ];
}

function argumentsOf(entry: Command | Group): string {
  return isGroup(entry) ? "<command>" : usageOf(entry);
}

function aliasLines({ aliases = [] }: Command | Group): Lines {
  if (aliases.length === 0) return [];
  return [".br", ...filled(prose(`Also: ${aliases.map((alias) => `\`${alias}\``).join(", ")}`))];
}

function flagLines(flags: readonly NamedFlag[]): Lines {
  return flags.flatMap((named) => term(usage(flagTerm(named)), aboutFlag(named)));
}

/** The part of keys that is shown. */
type Described = Readonly<Record<string, { readonly description: string }>>;

function keyLines(title: string, keys: Described): Lines {
  return [
    `.SS ${literal(title)}`,
    ...Object.entries(keys).flatMap(([name, { description }]) => term(bold(name), description)),
  ];
}

function exampleLines({ examples = {} }: Pick<Group, "examples">): Lines {
  return Object.entries(examples).flatMap(([command, about]) => [
    ".PP",
    ...filled(`${prose(about)}:`),
    ...verbatim([command]),
  ]);
}

/** A term with its meaning below. */
function term(roff: string, markdown: string): Lines {
  return [".TP", line(roff), ...filled(prose(markdown))];
}

if (import.meta.main) {
  const epoch = Deno.env.get("SOURCE_DATE_EPOCH");
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  await Deno.stdout.write(new TextEncoder().encode(manPage(date)));
}
