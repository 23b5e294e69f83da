/** What the matrix runs against an engine of another release, and what it says of it. */
import type { Outcome, SteadyOutcome } from "../support/run_tests.ts";

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

/** What was seen of a subject in one place. */
export interface Seen {
  readonly subject: Subject;
  /** As the engines tell them. */
  readonly versions: Readonly<Partial<Record<Engine, string>>>;
  /** Without those that were not run, since there is no executable. */
  readonly outcomes: Readonly<Partial<Record<Suite, SteadyOutcome>>>;
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
