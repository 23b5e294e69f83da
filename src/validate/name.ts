/** Names of sessions. */
import {
  characterName,
  lengthProblem,
  type Problem,
  refusal,
  requireText,
  shown,
} from "./refusal.ts";

/** The longest name that kstops gives to a session, in code points. */
export const MAX_NAME_LENGTH = 64;

const HINT = "use letters, digits, - and _, and start with a letter";

/**
 * The name of a session that kstops creates: `^[A-Za-z][A-Za-z0-9_-]{0,63}$`, ASCII only.
 *
 * Both tmux and the container runtimes take such a name as it is: tmux rewrites dots and colons,
 * and reads `@1`, `%1`, `$1` and `=x` as something else (tmux 3.3a cmd-find.c).
 *
 * ```ts
 * validateSessionName("astro-prod"); // "astro-prod"
 * ```
 *
 * @returns the name, unchanged
 * @throws {SessionConfigError} `value_invalid`
 */
export function validateSessionName(name: string): string {
  requireText(name, "a session name");
  const problem = nameProblem(name);
  if (problem !== null) throw refusal(`${shown(name)} as a session name`, problem);
  return name;
}

/**
 * The name of a project, which is made like that of a session.
 *
 * @returns the name, unchanged
 * @throws {SessionConfigError} `value_invalid`
 */
export function validateProjectName(name: string): string {
  const problem = nameProblem(name);
  if (problem !== null) throw refusal(`${shown(name)} as the name of a project`, problem);
  return name;
}

function nameProblem(name: string): Problem | null {
  if (name === "") return { reason: "it is empty", hint: HINT };
  const tooLong = lengthProblem(name, { limit: MAX_NAME_LENGTH });
  if (tooLong !== null) return { reason: tooLong, hint: "choose a shorter name" };
  const [refused] = /[^A-Za-z0-9_-]/u.exec(name) ?? [];
  if (refused !== undefined) return { reason: `it has ${characterName(refused)}`, hint: HINT };
  if (!/^[A-Za-z]/.test(name)) return { reason: "it does not start with a letter", hint: HINT };
  return null;
}
