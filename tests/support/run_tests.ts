/** Runs test files with `deno test`, and tells how they ended. */

/** How many failed tests of one run are tried once more: more than these are no accident. */
export const MOST_TRIED_AGAIN = 3;

/** How tests ended, by their names. */
export interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly ignored: readonly string[];
}

/** The outcome after a few failed tests were tried once more. */
export interface SteadyOutcome extends Outcome {
  /** Those of `passed` that failed at first: each is a fault of the test or of the program. */
  readonly unsteady: readonly string[];
}

/** What is run: files or folders, and how. */
export interface TestRun {
  readonly paths: readonly string[];
  readonly cwd: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables that the tests do not get. */
  readonly without?: readonly string[];
  /** False where the files cannot run side by side. */
  readonly parallel?: boolean;
  /** Prints nothing. */
  readonly quiet?: boolean;
}

/**
 * Runs the tests; what fails is run once more, alone, if it is little.
 *
 * @throws when no test ran, or `deno test` failed without a failed test (a file that does not compile)
 */
export async function runTests(run: TestRun): Promise<SteadyOutcome> {
  const first = await runOnce(run, null);
  const again = first.failed;
  if (again.length === 0 || again.length > MOST_TRIED_AGAIN) return merge(first, NOTHING);
  if (!run.quiet) console.log(`\nOnce more, alone: ${again.join(", ")}`);
  // Only their files where they are known: loading all of them takes minutes.
  const paths = first.filesOfFailed ?? run.paths;
  const second = await runOnce({ ...run, paths, parallel: false }, again);
  return merge(first, second);
}

const NOTHING: Outcome = { passed: [], failed: [], ignored: [] };

/** The outcome of both runs: what passed in the second one is unsteady. */
export function merge(first: Outcome, second: Outcome): SteadyOutcome {
  const unsteady = first.failed.filter((name) => second.passed.includes(name));
  return {
    passed: [...first.passed, ...unsteady],
    failed: first.failed.filter((name) => !unsteady.includes(name)),
    ignored: first.ignored,
    unsteady,
  };
}

async function runOnce(
  { paths, cwd, env = {}, without = [], parallel = true, quiet = false }: TestRun,
  names: readonly string[] | null,
): Promise<Outcome & { readonly filesOfFailed: readonly string[] | null }> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const test = ["test", "--allow-all", `--junit-path=${report}`];
    if (parallel) test.push("--parallel");
    if (names !== null) test.push("--no-check", `--filter=${exactly(names)}`);
    const { code } = await new Deno.Command("env", {
      args: [...without.flatMap((name) => ["-u", name]), Deno.execPath(), ...test, ...paths],
      cwd,
      env,
      stdin: "null",
      stdout: quiet ? "null" : "inherit",
      stderr: quiet ? "null" : "inherit",
    }).spawn().status;
    const xml = await Deno.readTextFile(report);
    const outcome = parseReport(xml);
    if (outcome.passed.length + outcome.failed.length === 0) throw new Error("No test ran");
    if (code !== 0 && outcome.failed.length === 0) {
      throw new Error(`deno test ended with ${code}, and no test had failed`);
    }
    return { ...outcome, filesOfFailed: filesOfFailed(xml) };
  } finally {
    await Deno.remove(report);
  }
}

/** The filter that only these names fit. */
function exactly(names: readonly string[]): string {
  return `/^(?:${names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})$/`;
}

/**
 * The outcome that a report of `deno test --junit-path` tells, of whole tests: a step that failed
 * fails its test as well.
 *
 * @throws when it is no such report
 */
export function parseReport(xml: string): Outcome {
  if (!xml.includes("<testsuites")) throw new Error("This is no report of tests");
  const cases = Array.from(
    xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g),
    ([, name = "", inside = ""]) => ({ name: unescape(name), inside }),
  );
  const names = new Set(cases.map(({ name }) => name));
  const all = cases.filter(({ name }) => !isStep(name, names));
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

/**
 * The test files in which tests failed, by a report of `deno test --junit-path`. Null when they are
 * not known: a test is told under the file that called `Deno.test`, which may be a helper of many.
 */
export function filesOfFailed(xml: string): readonly string[] | null {
  const files = xml.split("<testsuite ").slice(1).flatMap((suite) => {
    const name = /^name="([^"]*)"/.exec(suite)?.[1];
    return name !== undefined && /<(failure|error)\b/.test(suite) ? unescape(name) : [];
  });
  return files.every((file) => file.endsWith("_test.ts")) ? files : null;
}

/** A step is named behind its test: `TEST > STEP`. */
function isStep(name: string, names: ReadonlySet<string>): boolean {
  for (let at = name.indexOf(" > "); at >= 0; at = name.indexOf(" > ", at + 1)) {
    if (names.has(name.slice(0, at))) return true;
  }
  return false;
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

/** One line that says how the tests of a group ended, and one for each that was unsteady or failed. */
export function summary(group: string, outcome: SteadyOutcome): string {
  const { passed, failed, ignored, unsteady } = outcome;
  return [
    ...unsteady.map((name) => `unsteady: ${group}: ${name}`),
    ...failed.map((name) => `failed: ${group}: ${name}`),
    `tests of ${group}: ${passed.length} passed, ${failed.length} failed, ${ignored.length} ignored`,
  ].join("\n");
}
