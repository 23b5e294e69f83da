/**
 * Writes the generated tables of README.md, each between `<!-- begin NAME -->` and
 * `<!-- end NAME -->`, and the table that completions are made of. `--check` writes nothing and
 * fails where a file differs.
 */
import * as z from "zod/mini";
import { tableOf } from "../src/cli/completions/table.ts";
import { commandTable } from "../src/cli/options.ts";
import { VERSION } from "../src/cli/version.ts";
import { OPS_KEYS, SESSION_KEYS } from "../src/config/schema.ts";
import { ERRORS } from "../src/errors.ts";
import schema from "../config/status.schema.json" with { type: "json" };

const readme = new URL("../README.md", import.meta.url);
const completions = new URL("../src/cli/completions/table.json", import.meta.url);

/** Markdown of each generated part, by name. */
function parts(): Record<string, string> {
  return {
    config: config(),
    commands: commands(),
    "exit codes": exitCodes(),
    "json keys": jsonKeys(),
  };
}

function config(): string {
  const keys = (of: Readonly<Record<string, z.ZodMiniType>>): string =>
    table(
      ["key", "means"],
      Object.entries(of).map(([key, type]) => [
        `\`${key}\``,
        z.globalRegistry.get(type)?.description ?? "",
      ]),
    );
  return `**Under \`ops\`**\n\n${keys(OPS_KEYS)}\n\n` +
    `**Under \`ops.sessions.NAME\`**\n\n${keys(SESSION_KEYS)}`;
}

function commands(): string {
  const program = commandTable(VERSION);
  const all = [
    { title: "every command", flags: program.options },
    ...program.commands.map((command) => ({
      title: `kstops ${command.name()} ${command.usage().replace("[options] ", "")}`,
      description: command.description(),
      flags: command.options,
    })),
  ];
  return all.map((each) => {
    const { title, flags } = each;
    const about = "description" in each ? `: ${each.description}` : "";
    const rows = flags.map(({ flags, description }) => [`\`${flags}\``, description]);
    const flagTable = rows.length === 0 ? "" : `\n\n${table(["flag", "does"], rows)}`;
    return `**\`${title}\`**${about}${flagTable}`;
  }).join("\n\n").replace("**`every command`**", "**Every command**");
}

function exitCodes(): string {
  const rows = Object.entries(ERRORS).map(([code, { exit, meaning }]) => [
    String(exit),
    `\`${code}\``,
    meaning,
  ]);
  return table(["exit", "code", "meaning"], [["0", "", "it worked"], ...rows]);
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

/** The text with every generated part made anew. */
function regenerate(text: string): string {
  let result = text;
  for (const [name, markdown] of Object.entries(parts())) {
    const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [result.indexOf(begin), result.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`README.md has no place for "${name}"`);
    result = `${result.slice(0, from + begin.length)}\n\n${markdown}\n\n${result.slice(to)}`;
  }
  return result;
}

/** A text as `deno fmt` wants it, so that the two never fight. */
async function formatted(text: string, extension: "json" | "md"): Promise<string> {
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

await keep(readme, await formatted(regenerate(await Deno.readTextFile(readme)), "md"));
await keep(completions, await formatted(JSON.stringify(tableOf(commandTable(VERSION))), "json"));
