/**
 * Runs the suites of one subject on the engines that are here, and writes what was seen as JSON:
 *
 *     place.ts SUBJECT REPORT SUITES [EXECUTABLE]
 *
 * SUITES are words of `suites.ts`, separated by commas.
 * The matrix starts it in every place. Engines of containers are brought up for it alone, as root.
 */
import {
  type Engine,
  ENGINES_OF,
  filesOf,
  parseVersion,
  type Seen,
  type Subject,
  SUBJECTS,
  type Suite,
  SUITES,
} from "./suites.ts";
import { runTests, type SteadyOutcome } from "../support/run_tests.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

async function output(argv: readonly string[]): Promise<string> {
  const [program = "", ...args] = argv;
  const { success, stdout } = await new Deno.Command(program, {
    args,
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${argv.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

async function versionOf(engine: Engine): Promise<string> {
  return parseVersion(await output([engine, engine === "tmux" ? "-V" : "--version"]));
}

/** Runs `body` with the variables that lead to engines of its own. */
async function withEngines(
  subject: Subject,
  body: (env: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  if (subject === "tmux") return await body({});
  const directory = await Deno.makeTempDir({ dir: "/tmp", prefix: "kse-" });
  const engines = `${ROOT}.ci/engines`;
  try {
    const exports = await output([engines, "up", directory]);
    await body(Object.fromEntries(
      Array.from(exports.matchAll(/^export (\w+)=(.*)$/gm), ([, name = "", value = ""]) => [
        name,
        value,
      ]),
    ));
  } finally {
    await output([engines, "down", directory, "--purge"]);
    await Deno.remove(directory, { recursive: true }).catch(() => {});
  }
}

function run(
  files: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<SteadyOutcome> {
  return runTests({
    paths: files,
    cwd: ROOT,
    // What is missing here is a failure.
    env: { KSTOPS_CI: "1", ...env },
    // The source is tested where no executable is named.
    without: "KSTOPS_BIN" in env ? [] : ["KSTOPS_BIN"],
  });
}

async function see(
  subject: Subject,
  { executable, suites }: { readonly executable: string | null; readonly suites: readonly Suite[] },
): Promise<Seen> {
  const versions: Partial<Record<Engine, string>> = {};
  const outcomes: Partial<Record<Suite, SteadyOutcome>> = {};
  await withEngines(subject, async (env) => {
    for (const engine of ENGINES_OF[subject]) versions[engine] = await versionOf(engine);
    for (const suite of suites) {
      if (suite === "executable" && executable === null) continue;
      const binary = suite === "executable" && executable !== null
        ? { KSTOPS_BIN: executable }
        : {};
      outcomes[suite] = await run(filesOf(suite, subject), { ...env, ...binary });
    }
  });
  return { subject, versions, outcomes };
}

const [name = "", report = "", words = "", executable = null] = Deno.args;
const subject = SUBJECTS.find((each) => each === name);
const suites = SUITES.filter((suite) => words.split(",").includes(suite));
if (subject === undefined || report === "" || suites.length === 0) {
  throw new Error("usage: place.ts SUBJECT REPORT SUITES [EXECUTABLE]");
}
await Deno.writeTextFile(report, JSON.stringify(await see(subject, { executable, suites })));
