/**
 * Prints the notes of a release, from CHANGELOG.md: `deno run --allow-read tools/notes.ts TAG`.
 * Fails when the tag is not that of the version in deno.json, or when the CHANGELOG does not
 * describe that version.
 */
import { VERSION } from "../src/version.ts";

/**
 * The notes of a version, with each paragraph and item in one line, since GitHub shows line ends in
 * them.
 *
 * @throws when the CHANGELOG has no section `## [VERSION] - YYYY-MM-DD`, or an empty one
 */
export function notesOf(version: string, changelog: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const heading = `## [${version}] - `;
  const section = sections.find((each) => each.startsWith(heading));
  if (section === undefined) {
    throw new Error(`CHANGELOG.md has no section "${heading}YYYY-MM-DD"`);
  }
  const [title = "", ...lines] = section.split("\n");
  if (!/^\d{4}-\d\d-\d\d$/.test(title.slice(heading.length))) {
    throw new Error(`CHANGELOG.md does not say when ${version} was released: ${title}`);
  }
  const text = lines.join("\n").trim();
  if (!/^- /m.test(text)) throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return `${text.replaceAll(/(?<=[^\n])\n(?!\n|- |#)[ ]*/g, " ")}\n`;
}

/** @throws when a tag does not belong to a version */
export function checkTag(tag: string, version: string): void {
  if (tag !== `v${version}`) {
    throw new Error(`the tag is ${tag}, but deno.json has the version ${version}`);
  }
}

if (import.meta.main) {
  try {
    checkTag(Deno.args[0] ?? "", VERSION);
    const changelog = await Deno.readTextFile(new URL("../CHANGELOG.md", import.meta.url));
    console.log(notesOf(VERSION, changelog).trimEnd());
  } catch (error) {
    console.error(`notes: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  }
}
