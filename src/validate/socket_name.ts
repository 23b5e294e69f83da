/** Names of tmux sockets. */
import {
  characterName,
  lengthProblem,
  type Problem,
  refusal,
  requireText,
  shown,
} from "./refusal.ts";

/** Longest name of a tmux socket, in code points. */
export const MAX_SOCKET_NAME_LENGTH = 64;

const HINT = "use letters, digits, ., - and _";

/**
 * The name of a tmux socket (`tmux -L NAME`): `^[A-Za-z0-9_.-]{1,64}$`, neither `.` nor `..`, since
 * tmux makes a file of that name.
 *
 * ```ts
 * validateSocketName("bots"); // "bots"
 * ```
 *
 * @returns the name, unchanged
 * @throws {SessionConfigError} `value_invalid`
 */
export function validateSocketName(name: string): string {
  requireText(name, "a tmux socket name");
  const problem = socketNameProblem(name);
  if (problem !== null) throw refusal(`${shown(name)} as a tmux socket name`, problem);
  return name;
}

function socketNameProblem(name: string): Problem | null {
  if (name === "") return { reason: "it is empty", hint: HINT };
  const tooLong = lengthProblem(name, { limit: MAX_SOCKET_NAME_LENGTH });
  if (tooLong !== null) return { reason: tooLong, hint: "choose a shorter name" };
  const [refused] = /[^A-Za-z0-9_.-]/u.exec(name) ?? [];
  if (refused === "/") {
    return { reason: 'it has "/"', hint: "give the name of the socket, not the path of its file" };
  }
  if (refused !== undefined) return { reason: `it has ${characterName(refused)}`, hint: HINT };
  if (name === "." || name === "..") {
    return { reason: "it stands for a directory", hint: "choose a name, such as bots" };
  }
  return null;
}
