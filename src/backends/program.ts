/** Finds the program of a session before anything is made for it. */
import { quote } from "../errors.ts";
import type { World } from "../world/world.ts";

/** What to look for, and where. */
interface Wanted {
  readonly program: string;
  /** Value of `PATH`. */
  readonly path: string;
  /** Absolute path that relative ones start from. */
  readonly workingDir: string;
}

/** Where a program is, or why it cannot be executed. */
export type Found =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string; readonly hint: string };

/** Words that only a shell knows; its other builtins also exist as programs. */
const SHELL_BUILTINS = new Set(
  ". : alias bg break cd command continue eval exec exit export fg hash jobs local read readonly return set shift source trap type ulimit umask unalias unset wait"
    .split(" "),
);

/** Looks a program up as execvp(3) does. */
export async function findProgram(world: World, wanted: Wanted): Promise<Found> {
  const { program, workingDir } = wanted;
  const at = (path: string): string =>
    path.startsWith("/") ? path : `${workingDir}/${path.replace(/^(\.\/+)+/, "")}`;
  const candidates = program.includes("/")
    ? [at(program)]
    : wanted.path.split(":").map((directory) => at(`${directory || "."}/${program}`));
  let denied: { readonly path: string; readonly isDirectory: boolean } | null = null;
  for (const path of candidates) {
    const facts = await world.files.facts(path);
    if (facts?.kind === "file" && (facts.mode & 0o111) !== 0) return { kind: "found", path };
    if (facts !== null) denied ??= { path, isDirectory: facts.kind === "directory" };
  }
  if (denied !== null) {
    const { path, isDirectory } = denied;
    return {
      kind: "missing",
      reason: `${quote(path)} is ${isDirectory ? "a directory" : "not executable"}`,
      hint: isDirectory
        ? "name a program in it"
        : "make it executable (chmod +x), or name its interpreter first",
    };
  }
  const [whole = ""] = candidates;
  return { kind: "missing", reason: missingReason(program, whole), hint: missingHint(program) };
}

function missingReason(program: string, whole: string): string {
  return program.includes("/")
    ? `there is no ${quote(whole)}`
    : `the program ${quote(program)} is not on PATH`;
}

function missingHint(program: string): string {
  if (looksLikeAssignment(program)) {
    return "to set a variable, use --env (env: in the config), or the command: env NAME=value ...";
  }
  if (SHELL_BUILTINS.has(program)) {
    return `${program} is part of the shell: use --shell (shell: true in the config)`;
  }
  return program.includes("/")
    ? "check the path; a relative one starts at the working directory"
    : "check the spelling, give the full path, or set PATH with --env";
}

/** Whether a first word, such as `FOO=bar`, looks to a shell like an assignment. */
function looksLikeAssignment(word: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*=/.test(word);
}
