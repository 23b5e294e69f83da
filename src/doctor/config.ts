/** Findings about the config. Pure. */
import { type Config, type Problem, problemText } from "../config/config.ts";
import type { Findings } from "../config/validate.ts";
import { counted, type Finding, namesText, ok, skipped, wrong } from "../model/finding.ts";

/** The facts about the config. */
export interface ConfigFacts extends Findings {
  readonly config: Config;
  /** The places where a config is looked for, in order, and whether there is a file. */
  readonly places: readonly { readonly path: string; readonly exists: boolean }[];
}

/** Findings about the file in force and its mistakes. */
export function configFindings(facts: ConfigFacts): readonly Finding[] {
  const { config: { path, files, sessions }, places } = facts;
  const found = places.filter(({ exists }) => exists).map((place) => place.path);
  const details = { path, files, found, looked_at: places.map((place) => place.path) };
  if (path === null) {
    return [skipped("config.file", "there is no config file", {
      fix: "write one: kstops config init",
      details,
    })];
  }
  // When a flag or a variable names the file, nobody expects another one to be read.
  const others = found[0] === path ? found.slice(1) : [];
  const unread = others.length === 0 ? "" : `; not read: ${namesText(others)}`;
  const included = files.length > 1 ? `, which includes ${counted(files.length - 1, "file")}` : "";
  const valid = validity(facts, counted(sessions.size, "session"));
  // Nothing of an unusable file is in force.
  if (facts.problems.some(isWhole)) return [valid];
  return [
    ok("config.file", `the config is ${path}${included}${unread}`, details),
    valid,
  ];
}

function validity({ config, problems, warnings }: ConfigFacts, sessions: string): Finding {
  const check = "config.valid";
  const details = {
    sessions: config.sessions.size,
    problems: problems.length,
    warnings: warnings.length,
  };
  const [problem] = problems;
  if (problem !== undefined) {
    const rest = problems.length === 1 ? "" : `; the first of ${problems.length} mistakes`;
    const hint = problem.hint ?? "fix it";
    return wrong("failure", check, {
      message: `${isWhole(problem) ? "the config cannot be used: " : ""}${
        problemText(problem)
      }${rest}`,
      fix: isWhole(problem) ? hint : "see everything that is wrong: kstops config validate",
      details,
    });
  }
  const [warning] = warnings;
  if (warning === undefined) return ok(check, `${sessions}, no mistakes`, details);
  const rest = warnings.length === 1 ? "" : `; the first of ${warnings.length} warnings`;
  return wrong("warning", check, {
    message: `${problemText(warning)}${rest}`,
    fix: "see all of them: kstops config validate",
    details,
  });
}

/** Whether the problem is the file itself, and not its content. */
function isWhole({ line, path }: Problem): boolean {
  return line === null && path === "";
}
