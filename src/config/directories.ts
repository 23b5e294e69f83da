/** The directories and volumes of a session, with paths made absolute. Pure. */
import { quote, SessionConfigError } from "../errors.ts";
import { validateVolumes } from "../validate/volumes.ts";
import type { ContainerDefinition } from "../model.ts";
import { absolutePath, type Path } from "./config.ts";
import { placeOf } from "./defined.ts";
import { given } from "./flags.ts";
import { checkDirectory } from "./rules.ts";
import type { Start } from "./starting.ts";

/** The directory that relative paths of the config start from: that of the file with this key. */
export function directoryAt({ entry, config, surroundings }: Start, path: Path): string {
  return entry === null
    ? surroundings.workingDirectory
    : config.written.directory(["ops", "sessions", entry.name, ...path]);
}

/** The volumes of a container, including the one for its logs. */
export function volumesOf(
  start: Start,
): Pick<ContainerDefinition, "volumes" | "logVolume"> {
  const { flags, settings, filler, surroundings } = start;
  const check = (volume: string) => validateVolumes([volume]);
  const here = surroundings.workingDirectory;
  const flagged = given(flags.volumes);
  const volumes = flagged !== null
    ? validateVolumes(flagged).map((volume) => absoluteVolume(here, volume))
    : filler.list(["volumes"], settings.volumes, check)
      .map((volume, index) => absoluteVolume(directoryAt(start, ["volumes", index]), volume));
  if (flags.logVolume !== undefined) check(flags.logVolume);
  const configured = filler.optional(["log_volume"], settings.logVolume, check);
  const logVolume = flags.logVolume !== undefined
    ? absoluteVolume(here, flags.logVolume)
    : configured === null
    ? null
    : absoluteVolume(directoryAt(start, ["log_volume"]), configured);
  const isChecked = filler.problems.length === 0 && !surroundings.masked;
  // Together they may be too many.
  if (isChecked && logVolume !== null) validateVolumes([...volumes, logVolume]);
  return { volumes, logVolume };
}

function absoluteVolume(directory: string, volume: string): string {
  const [source = "", ...rest] = volume.split(":");
  if (source !== "." && !source.startsWith("./")) return volume;
  if (directory.includes(":")) {
    throw new SessionConfigError(
      `Cannot use ${quote(directory)} as the directory of a volume: it has a colon`,
      { hint: "move to another directory, or use a named volume" },
    );
  }
  return [absolutePath(directory, source), ...rest].join(":");
}

/** The directory inside a container; null: the image decides. */
export function containerDirectory(start: Start, leftOut: string[]): string | null {
  const { flags, settings, filler } = start;
  const inside = (path: string) => {
    checkDirectory(path);
    if (path.startsWith("/")) return;
    throw new SessionConfigError(
      `Cannot use ${quote(path)} as a directory: inside a container it must be absolute`,
    );
  };
  if (flags.workingDir !== undefined) {
    inside(flags.workingDir);
    return flags.workingDir;
  }
  const { workingDir } = settings;
  if (workingDir === null) return null;
  if (isSwitched(start)) {
    leftOut.push("working_dir");
    return null;
  }
  const path = filler.text(["working_dir"], workingDir, checkDirectory);
  if (path.startsWith("/") || filler.problems.length > 0) return path;
  filler.fail(["working_dir"], { message: "inside a container it must be absolute", hint: null });
  return null;
}

/**
 * Whether flags chose another backend than the config. The path of one backend means nothing in the
 * other.
 */
export function isSwitched({ entry, config, backend }: Start): boolean {
  return entry !== null && placeOf(entry, config).backend !== backend;
}
