/** The pages for users: the README and those of `docs/`. */

const ROOT = new URL("../../", import.meta.url);

/** A page of Markdown. */
export interface Page {
  /** The path below the root: `docs/config.md`. */
  readonly path: string;
  readonly text: string;
}

function pathsOf(folder: string): readonly string[] {
  const names = Array.from(Deno.readDirSync(new URL(folder, ROOT)), ({ name }) => name);
  return names.filter((name) => name.endsWith(".md")).sort().map((name) => `${folder}${name}`);
}

function read(paths: readonly string[]): readonly Page[] {
  return paths.map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
}

/** The pages for users. */
export function userPages(): readonly Page[] {
  return read(["README.md", ...pathsOf("docs/")]);
}

/** Every page, including those for developers. */
export function allPages(): readonly Page[] {
  const developers = ["docs/dev/", "docs/dev/decisions/"].flatMap(pathsOf);
  return [...userPages(), ...read([...developers, "bench/README.md"])];
}
