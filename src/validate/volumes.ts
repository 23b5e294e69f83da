/** Volumes of containers. */
import { controlProblem, type Problem, requireEach, shorten } from "./refusal.ts";
import { quote } from "../errors.ts";
import { MAX_VOLUMES } from "../model.ts";

/** The options of a volume that docker (`docker run -v`) or podman (podman-run(1)) knows. */
const VOLUME_OPTIONS: readonly string[] = [
  ..."ro rw z Z U nocopy cached delegated consistent".split(" "),
  ..."exec noexec suid nosuid dev nodev".split(" "),
  ..."shared rshared slave rslave private rprivate O idmap".split(" "),
];

/** podman's grammar (libpod/define/config.go); docker also wants a second character. */
const VOLUME_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

const FORM_HINT = "write SOURCE:/target or SOURCE:/target:ro";

/**
 * Volumes, at most 20, each `SOURCE:/target[:options]` or `/target`.
 *
 * The source is an absolute path, `.`, a path that starts with `./`, or the name of a volume. The
 * target is absolute and not `/`. No path has a `..` segment. Options are separated by commas.
 *
 * ```ts
 * validateVolumes(["./data:/app/data", "cache:/cache:ro,z"]); // the same list
 * ```
 *
 * @returns the list, unchanged
 * @throws {SessionConfigError} `value_invalid`; `details.index` tells which of them
 */
export function validateVolumes<T extends readonly string[]>(list: T): T {
  requireEach(list, {
    one: "a volume",
    many: "volumes",
    limit: MAX_VOLUMES,
    problem: volumeProblem,
  });
  return list;
}

function volumeProblem(volume: string): Problem | null {
  if (volume === "") return { reason: "it is empty", hint: FORM_HINT };
  const control = controlProblem(volume);
  if (control !== null) return control;
  const parts = volume.split(":");
  const [first = "", second, options] = parts;
  if (/^[A-Za-z]:\\/.test(volume)) {
    return { reason: "it is a Windows path", hint: "write the path as Linux sees it" };
  }
  if (parts.length > 3) return { reason: "it has more than three parts", hint: FORM_HINT };
  if (second === undefined) return targetProblem(first);
  return sourceProblem(first) ?? targetProblem(second) ??
    (options === undefined ? null : optionsProblem(options));
}

function sourceProblem(source: string): Problem | null {
  if (source === "") return { reason: "its source is empty", hint: FORM_HINT };
  const isPath = source.startsWith("/") || source === "." || source.startsWith("./");
  if (isPath || source === ".." || source.startsWith("../")) return dotsProblem(source);
  if (VOLUME_NAME.test(source)) return null;
  return {
    reason: `${quote(shorten(source))} is neither a path nor the name of a volume`,
    hint: source.startsWith("~")
      ? "write the home directory as an absolute path"
      : "start a path with / or ./; a name has letters, digits, ., _ and -",
  };
}

function targetProblem(target: string): Problem | null {
  const hint = "give an absolute path inside the container";
  if (!target.startsWith("/")) {
    return { reason: `its target ${quote(shorten(target))} is not an absolute path`, hint };
  }
  const dots = dotsProblem(target);
  if (dots !== null) return dots;
  const isRoot = target.split("/").every((segment) => segment === "" || segment === ".");
  return isRoot ? { reason: "its target is the root of the container", hint } : null;
}

function dotsProblem(path: string): Problem | null {
  if (!path.split("/").includes("..")) return null;
  return {
    reason: `${quote(shorten(path))} has a ".." segment`,
    hint: "write the path without ..",
  };
}

function optionsProblem(options: string): Problem | null {
  const unknown = options.split(",").find((option) => !VOLUME_OPTIONS.includes(option));
  if (unknown === undefined) return null;
  const hint = `use some of ${VOLUME_OPTIONS.join(" ")}, separated by commas`;
  if (unknown === "") return { reason: "one of its options is empty", hint };
  return { reason: `${quote(shorten(unknown))} is not an option`, hint };
}
