/** Looks at the terminal. */
import { localeOf } from "../../locale.ts";
import type { World } from "../../world/world.ts";
import type { TerminalFacts } from "../terminal.ts";
import { ask } from "../../backends/doctor.ts";

/** The terminal and the locale in the environment, and whether they are known here. */
export async function lookAtTerminal(world: World): Promise<TerminalFacts> {
  const term = world.env("TERM") || null;
  const { stdinIsTerminal, stdoutIsTerminal } = world.terminal;
  return {
    term,
    isKnown: term !== null && await isKnown(world, term),
    isTerminal: stdinIsTerminal && stdoutIsTerminal,
    locale: localeOf(world.env),
  };
}

/** Looks a terminal up as terminfo(5) does. Where one file holds them all, only infocmp can do that. */
async function isKnown(world: World, term: string): Promise<boolean> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/.test(term)) return false;
  const home = world.env("HOME");
  const directories = [
    world.env("TERMINFO"),
    home && `${home}/.terminfo`,
    ...world.env("TERMINFO_DIRS")?.split(":") ?? [],
    ...["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"],
    "/usr/local/share/terminfo",
  ].filter((directory) => directory?.startsWith("/"));
  const letter = term.slice(0, 1);
  // Where file names ignore case, the directory is the code of the letter.
  const folders = [letter, letter.charCodeAt(0).toString(16)];
  const paths = directories.flatMap((directory) =>
    folders.map((folder) => `${directory}/${folder}/${term}`)
  );
  const found = await Promise.all(paths.map((path) => world.files.facts(path)));
  if (found.some((facts) => facts?.kind === "file")) return true;
  return (await ask(world, ["infocmp", term], { read: () => true })).kind === "answered";
}
