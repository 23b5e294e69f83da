/** What the matrix runs against an engine of another release, and what it says of it. */

/** What the rows of the matrix are about. */
export const SUBJECTS = ["tmux", "containers"] as const;
export type Subject = typeof SUBJECTS[number];

export const ENGINES = ["tmux", "podman", "docker"] as const;
export type Engine = typeof ENGINES[number];

/** The engines of each subject. */
export const ENGINES_OF: Readonly<Record<Subject, readonly Engine[]>> = {
  tmux: ["tmux"],
  containers: ["podman", "docker"],
};

/** What is run, in its order. The transcripts are replayed on the source and on the executable. */
export const SUITES = ["contract", "source", "executable"] as const;
export type Suite = typeof SUITES[number];

/** The files of a suite, below `tests/`; those of a folder are chosen by their names. */
export function filesOf(suite: Suite, subject: Subject): readonly string[] {
  const folder = suite === "contract" ? "contract" : "e2e";
  const isAbout = suite === "contract" ? CONTRACT[subject] : TRANSCRIPTS[subject];
  return Array.from(
    Deno.readDirSync(new URL(`../${folder}/`, import.meta.url)),
    (file) => file.name,
  )
    .filter((name) => isAbout.test(name))
    .sort()
    .map((name) => `tests/${folder}/${name}`);
}

const CONTRACT: Readonly<Record<Subject, RegExp>> = {
  tmux: /^(tmux|capture).*_test\.ts$/,
  containers: /^(container|docker|podman).*_test\.ts$/,
};

/** The transcripts, and what people do on a terminal. */
const TRANSCRIPTS: Readonly<Record<Subject, RegExp>> = {
  tmux: /^(transcripts|attach)_test\.ts$/,
  containers: /^(container_\w+|attach_container)_test\.ts$/,
};

/** How the tests of a suite ended, by their names. */
export interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly ignored: readonly string[];
}

/** What was seen of a subject in one place. */
export interface Seen {
  readonly subject: Subject;
  /** As the engines tell them. */
  readonly versions: Readonly<Partial<Record<Engine, string>>>;
  /** Without those that were not run, since there is no executable. */
  readonly outcomes: Readonly<Partial<Record<Suite, Outcome>>>;
}

/**
 * The outcome that a report of `deno test --junit-path` tells.
 *
 * @throws when it is no such report
 */
export function parseReport(xml: string): Outcome {
  if (!xml.includes("<testsuites")) throw new Error("This is no report of tests");
  const all = Array.from(
    xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g),
    ([, name = "", inside = ""]) => ({ name: unescape(name), inside }),
  );
  const named = (those: (inside: string) => boolean): readonly string[] =>
    all.filter(({ inside }) => those(inside)).map(({ name }) => name);
  const failed = (inside: string): boolean => /<(failure|error)\b/.test(inside);
  const ignored = (inside: string): boolean => !failed(inside) && inside.includes("<skipped");
  return {
    passed: named((inside) => !failed(inside) && !ignored(inside)),
    failed: named(failed),
    ignored: named(ignored),
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

function unescape(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

/** The part of an outcome that is about one engine: a test that names another one is not. */
export function about(engine: Engine, { passed, failed, ignored }: Outcome): Outcome {
  const others = ENGINES.filter((other) => other !== engine && other !== "tmux");
  const mine = (name: string): boolean =>
    name.includes(engine) || !others.some((other) => name.includes(other));
  return {
    passed: passed.filter(mine),
    failed: failed.filter(mine),
    ignored: ignored.filter(mine),
  };
}

/** The version in what `tmux -V`, `podman --version` or `docker --version` print. */
export function parseVersion(printed: string): string {
  const found = /\d+\.\d+[^\s,+]*/.exec(printed);
  if (found === null) throw new Error(`This names no version: ${printed}`);
  return found[0];
}
