/**
 * Writes the generated tables of the pages in `docs/`, each between `<!-- begin NAME -->` and `<!--
 * end NAME -->`, and the files that come from the tables of keys: the JSON Schemas of config files
 * and of definitions, `config/defaults.yml` and `src/keys/fields.ts`. `--check` writes nothing and
 * fails when they differ.
 */
import { type Command, isGroup } from "../src/cli/grammar.ts";
import { flagTerm, usageOf } from "../src/cli/help.ts";
import { type NamedFlag, namedFlags } from "../src/cli/scan.ts";
import { PROGRAM } from "../src/cli/table.ts";
import { DEFAULTS, OPS_KEYS, type OpsKey, TOP_KEYS } from "../src/keys/file_keys.ts";
import { SESSION_KEYS } from "../src/keys/session_keys.ts";
import { jsonSchema } from "../src/config/schema.ts";
import { ERRORS } from "../src/errors.ts";
import { formatSize } from "../src/validate/size.ts";
import { FAULTS } from "../tests/faults/rows.ts";
import { definitionSchema } from "./definition_schema.ts";
import { fieldsFile } from "./fields.ts";
import { entriesBelow, ENVIRONMENT } from "./reference.ts";
import schema from "../config/status.schema.json" with { type: "json" };

const definitions = new URL("../config/definition.schema.json", import.meta.url);
const fields = new URL("../src/keys/fields.ts", import.meta.url);
const defaults = new URL("../config/defaults.yml", import.meta.url);
const configSchema = new URL("../config/kstops.schema.json", import.meta.url);

/** Markdown of each generated part, by page and name. */
const PAGES: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  "config.md": { config },
  "commands.md": { commands, environment },
  "errors.md": { "exit codes": exitCodes },
  "faults.md": { faults },
  "json.md": { "json keys": jsonKeys },
};

/** The part of keys that is shown. */
type Described = Readonly<Record<string, { readonly description: string }>>;

function config(): string {
  const keys = (of: Described): string =>
    table(
      ["key", "means"],
      Object.entries(of).map(([name, { description }]) => [`\`${name}\``, description]),
    );
  return `**At the top, beside \`ops\`**\n\n${keys(TOP_KEYS)}\n\n` +
    `**Under \`ops\`**\n\n${keys({ ...OPS_KEYS, defaults: DEFAULTS })}\n\n` +
    `**Under \`ops.sessions.NAME\`**\n\n${keys(SESSION_KEYS)}`;
}

function commands(): string {
  const everywhere = namedFlags(PROGRAM.flags).filter(({ flag }) => flag.asks !== "help");
  return [
    `**Every command**${flagTable(everywhere)}`,
    ...entriesBelow([PROGRAM.name], PROGRAM.commands).flatMap(({ words, entry }) =>
      isGroup(entry) ? [] : [commandPart(words, entry)]
    ),
  ].join("\n\n");
}

function commandPart(names: readonly string[], command: Command): string {
  const title = [...names, usageOf(command)].join(" ").trimEnd();
  return `**\`${title}\`**: ${command.about}${flagTable(namedFlags(command.flags))}`;
}

function flagTable(flags: readonly NamedFlag[]): string {
  const rows = flags.map((named) => [`\`${flagTerm(named)}\``, named.flag.about]);
  return rows.length === 0 ? "" : `\n\n${table(["flag", "does"], rows)}`;
}

function environment(): string {
  const rows = Object.entries(ENVIRONMENT).map(([name, about]) => [`\`${name}\``, about]);
  return table(["variable", "means"], rows);
}

function exitCodes(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, meaning }]) => [
    String(exit),
    `\`${code}\``,
    meaning,
  ]);
  return table(["exit", "code", "meaning"], [["0", "", "it worked"], ...rows]);
}

function faults(): string {
  return table(
    ["what happens when", "what is promised", "shown by"],
    FAULTS.map(({ fault, promise, file }) => [
      fault,
      promise,
      `[${file.replace(/^.*\//, "")}](../${file})`,
    ]),
  );
}

function jsonKeys(): string {
  const rows = Object.entries(schema.properties).map(([key, { description }]) => [
    `\`${key}\``,
    description,
  ]);
  return table(["key", "what it says"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** The text of a page with every generated part rewritten. */
function regenerate(page: string, text: string): string {
  let result = text;
  for (const [name, build] of Object.entries(PAGES[page] ?? {})) {
    const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [result.indexOf(begin), result.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`${page} has no place for "${name}"`);
    result = `${result.slice(0, from + begin.length)}\n\n${build()}\n\n${result.slice(to)}`;
  }
  return result;
}

/** `config/defaults.yml`. */
function defaultsFile(): string {
  const lines = Object.entries<OpsKey>(OPS_KEYS).map(([name, { form, default: value, note }]) => {
    const text = form.kind === "size" ? formatSize(Number(value)) : String(value);
    return `  ${name}: ${text}${note === undefined ? "" : ` # ${note}`}\n`;
  });
  return "# What holds where neither a flag nor the config file says otherwise. Built into the " +
    `binary.\nops:\n${lines.join("")}`;
}

/** A text in the format of `deno fmt`, so that the two never disagree. */
async function formatted(text: string, extension: "json" | "md" | "ts"): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", extension, "--line-width", "100", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("deno fmt failed");
  return new TextDecoder().decode(stdout);
}

/** Writes a file, or compares it. */
async function keep(url: URL, wanted: string): Promise<void> {
  const name = url.pathname.split("/").at(-1);
  if (await Deno.readTextFile(url) === wanted) {
    console.log(`${name} is up to date`);
  } else if (Deno.args.includes("--check")) {
    console.error(`${name} differs from the code: run deno task docs`);
    Deno.exitCode = 1;
  } else {
    await Deno.writeTextFile(url, wanted);
    console.log(`${name} is written anew`);
  }
}

for (const page of Object.keys(PAGES)) {
  const url = new URL(`../docs/${page}`, import.meta.url);
  await keep(url, await formatted(regenerate(page, await Deno.readTextFile(url)), "md"));
}
await keep(definitions, await formatted(JSON.stringify(definitionSchema(), null, 2), "json"));
await keep(fields, await formatted(fieldsFile(), "ts"));
await keep(defaults, defaultsFile());
await keep(configSchema, await formatted(JSON.stringify(jsonSchema()), "json"));
