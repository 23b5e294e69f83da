import { equal, match, ok } from "node:assert/strict";
import { helpText } from "../../../src/cli/help.ts";
import { command, type Program } from "../../../src/cli/grammar.ts";
import { scan } from "../../../src/cli/scan.ts";
import { PROGRAM } from "../../../src/cli/table.ts";
import { equalsGolden } from "../../support/golden.ts";

function helpOf(line: string, columns: number, program: Program = PROGRAM): string {
  const { place } = scan(line === "" ? [] : line.split(" "), program);
  return helpText(place, program, { columns });
}

for (const columns of [60, 80, 200]) {
  for (const line of ["", "start"]) {
    const name = line === "" ? "kstops" : line;
    Deno.test(`the help of ${name} looks as frozen at ${columns} columns`, async () => {
      await equalsGolden(`help-${name}-${columns}.txt`, helpOf(line, columns));
    });
  }
}

Deno.test("the help fits its columns, and shows every command and flag", () => {
  for (const name of Object.keys(PROGRAM.commands)) {
    match(helpOf("", 80), new RegExp(`^  ${name}\\b`, "m"));
    for (const columns of [60, 80, 200]) {
      const text = helpOf(name, columns);
      match(text, new RegExp(`^Usage: kstops ${name}\\b`));
      for (const key of Object.keys(PROGRAM.flags)) ok(text.includes(` --${key}`), key);
      for (const line of text.split("\n")) ok(line.length <= columns, line);
    }
  }
});

const load = () => Promise.resolve(() => ({}));

const DEMO = {
  name: "demo",
  about: "a program",
  flags: { help: { short: "h", about: "the help", asks: "help" } },
  help: { about: "print the help" },
  commands: {
    config: {
      about: "what is in force",
      commands: {
        show: command({
          about: "show it",
          arguments: { name: { name: "name", about: "of what" } },
          load,
        }),
        path: command({ about: "say where it is", group: "Files:", aliases: ["where"], load }),
      },
      examples: { "demo config show": "all of it" },
    },
  },
} as const satisfies Program;

Deno.test("the help of a group shows the commands below it", () => {
  equal(
    helpOf("config", 80, DEMO),
    `Usage: demo config [options] [command]

what is in force

Commands:
  show [name]  show it

Files:
  path|where   say where it is

Options of every command:
  -h, --help   the help

Examples:
  demo config show  all of it
`,
  );
});

Deno.test("the help of a program shows its groups as such", () => {
  match(helpOf("", 80, DEMO), /\n {2}config <command> {2}what is in force\n/);
});
