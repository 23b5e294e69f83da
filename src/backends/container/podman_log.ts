/**
 * podman's file of a container's output, kept within bounds.
 *
 * podman 4 and 5 have a limit for it, and at the limit it begins anew: everything before is lost.
 * Without a limit it grows for ever. So kstops sets no limit, and makes podman begin a new file
 * when it looks at the session and finds the file larger than promised. The old file stays beside
 * it, in the container's own directory, which podman removes with the container.
 *
 * conmon, which writes the file, opens a new one when `ctl` tells it to (conmon 2.0 ctrl.c, as
 * cri-o does). This loses no output; a line of which conmon has only written the first part
 * continues in the new file. A hard link keeps the old one.
 */
import { SessionNotFoundError } from "../../errors.ts";
import { FileError, type OutputName, type World } from "../../world/world.ts";
import type { Container } from "./parse.ts";
import { recordOf } from "./labels.ts";
import {
  type KeptStreams,
  openAtEnd,
  OUTPUT_NAMES,
  parseKubernetes,
  together,
} from "./podman_lines.ts";

/** Links the file, makes conmon begin another one, and renames the link when that is done. */
const BEGIN_ANEW = `pending=$1.kstops-pending
if [ ! -e "$pending" ]; then
  ln -- "$1" "$pending" && printf '2 0 0\\n' 1<>"\${1%/*}/ctl" || exit 1
fi
n=0
while [ "$1" -ef "$pending" ] && [ "$n" -lt 100 ]; do sleep 0.02; n=$((n + 1)); done
[ "$1" -ef "$pending" ] || mv -- "$pending" "$1.kstops-$2"`;
const BEGIN_TIMEOUT_MS = 10_000;

/**
 * One of the older files, whose name contains when it was put aside, how much output is in it, and
 * the streams whose first line began in a file that is gone.
 */
const OLDER = /\.kstops-(\d{13})(?:-(\d+))?((?:-std(?:out|err))*)$/;

/** A file that was put aside. */
interface Older {
  readonly path: string;
  /** At least so much; null: not counted. */
  readonly outputBytes: number | null;
  /** The streams whose first line has lost its beginning, if no older file is left. */
  readonly cut: readonly OutputName[];
}

/** The file of a managed container, and how much output there must be; null: it has none here. */
function fileOf(container: Container): { path: string; mostBytes: number } | null {
  const record = recordOf(container);
  const path = container.details?.logPath ?? null;
  if (record === null || path === null) return null;
  return { path, mostBytes: record.log.maxBytes * record.log.keep };
}

/** Puts a file aside when it is larger than promised, and removes older files that are not needed. */
export async function keepInBounds(world: World, container: Container): Promise<void> {
  const file = fileOf(container);
  if (file === null || container.pid === null) return;
  const { path, mostBytes } = file;
  const facts = await world.files.facts(path);
  if (facts === null || facts.bytes <= mostBytes) return;
  try {
    const began = String(world.now().getTime()).padStart(13, "0");
    await world.exec(["sh", "-c", BEGIN_ANEW, "kstops", path, began], {
      timeoutMs: BEGIN_TIMEOUT_MS,
    });
    await forget(world, await counted(world, path, mostBytes), mostBytes);
  } catch {
    // The file then only goes on growing, and the caller still gets to see the session.
  }
}

/** The sizes of podman's files of a session. */
export interface LogSize {
  readonly name: string;
  /** How much of its output must be kept, at least. */
  readonly promisedBytes: number;
  /** The file that is being written. */
  readonly newestBytes: number;
  /** This file and those that were put aside. */
  readonly bytes: number;
}

/** The sizes of podman's files of a session; null: it has none here. */
export async function logSizeOf({ files }: World, container: Container): Promise<LogSize | null> {
  const file = fileOf(container);
  const newest = file === null ? null : await files.facts(file.path);
  if (file === null || newest === null) return null;
  let bytes = newest.bytes;
  for (const { path } of await olderOf({ files }, file.path)) {
    bytes += (await files.facts(path))?.bytes ?? 0;
  }
  const { name } = container;
  return { name, promisedBytes: file.mostBytes, newestBytes: newest.bytes, bytes };
}

/** The files that were put aside, oldest first. */
export async function olderOf(
  { files }: Pick<World, "files">,
  path: string,
): Promise<readonly Older[]> {
  const slash = path.lastIndexOf("/");
  const [directory, name] = [path.slice(0, slash), path.slice(slash + 1)];
  try {
    const names = (await files.list(directory)).filter((each) =>
      each.startsWith(`${name}.`) && OLDER.test(each)
    );
    return names.map((each) => {
      const [, , count, cut = ""] = OLDER.exec(each) ?? [];
      return {
        path: `${directory}/${each}`,
        outputBytes: count === undefined ? null : Number(count),
        cut: OUTPUT_NAMES.filter((stream) => cut.includes(`-${stream}`)),
      };
    });
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}

/** The same, each with the size of its output. */
async function counted(world: World, path: string, mostBytes: number): Promise<readonly Older[]> {
  const found = await olderOf(world, path);
  return await Promise.all(found.map(async (older): Promise<Older> => {
    if (older.outputBytes !== null) return older;
    const { stdout, stderr } = await lastOf(world, older.path, { keepBytes: mostBytes });
    const outputBytes = stdout.length + stderr.length;
    const named = `${older.path}-${outputBytes}`;
    await world.files.rename(older.path, named);
    return { ...older, path: named, outputBytes };
  }));
}

/** Removes the oldest files, as long as the others hold as much as promised. */
async function forget(
  { files }: World,
  found: readonly Older[],
  mostBytes: number,
): Promise<void> {
  let bytes = 0;
  let after: Older | null = null;
  for (const older of found.toReversed()) {
    if (bytes >= mostBytes) {
      if (after !== null) await markCut(files, older, after);
      await files.remove(older.path);
      after = null;
    } else {
      after = older;
    }
    bytes += older.outputBytes ?? 0;
  }
}

/** Records in the name of a file which lines begin in the file before it, which will be removed. */
async function markCut(files: World["files"], before: Older, { path }: Older): Promise<void> {
  const open = openAtEnd(await files.readFrom(before.path, 0, Infinity));
  const cut = open.map((stream) => `-${stream}`).join("");
  if (cut !== "") await files.rename(path, `${path}${cut}`);
}

/** The wanted part of the output. */
interface Wanted {
  /** The last bytes of each stream, at most about so many. */
  readonly keepBytes: number;
  readonly since?: Date | null;
  /** Whether lines begin with their times, as podman's own do. */
  readonly timestamps?: boolean;
  /** The end in the newest file; missing: all of it. */
  readonly endBytes?: number;
  /** The streams whose first line is left out. */
  readonly cut?: readonly OutputName[];
}

const pathsOf = (older: readonly Older[]): string => older.map(({ path }) => path).join();

/** How often to read the files again when one of them was put aside in between. */
const MOST_READS = 5;

/** The output of a container, as podman would show it; null: it has no file that is readable here. */
export async function fileOutput(
  world: World,
  { name, details }: Container,
  wanted: Wanted,
): Promise<KeptStreams | null> {
  const path = details?.logPath ?? null;
  if (path === null || await world.files.facts(path) === null) return null;
  const last = (bytes: Uint8Array): Uint8Array =>
    bytes.subarray(Math.max(0, bytes.length - wanted.keepBytes));
  for (let left = MOST_READS;; left--) {
    const older = await olderOf(world, path);
    try {
      let all = await lastOf(world, path, wanted);
      for (const [index, each] of [...older.entries()].toReversed()) {
        if (all.stdout.length + all.stderr.length >= wanted.keepBytes) break;
        const { endBytes: _, ...whole } = wanted;
        const cut = index === 0 ? each.cut : [];
        all = together(await lastOf(world, each.path, { ...whole, cut }), all);
      }
      if (left > 0 && pathsOf(await olderOf(world, path)) !== pathsOf(older)) continue;
      return { stdout: last(all.stdout), stderr: last(all.stderr) };
    } catch (error) {
      if (error instanceof FileError && error.why === "denied") return null;
      // A file was removed in between: it was the oldest, or the container has gone.
      if (!(error instanceof FileError)) throw error;
      if (left === 0 || await world.files.facts(path) === null) {
        throw new SessionNotFoundError("show the logs of", name);
      }
    }
  }
}

/** The last output in one file, with at least so many bytes if there are as many. */
async function lastOf({ files }: World, path: string, wanted: Wanted): Promise<KeptStreams> {
  const { keepBytes, endBytes = Infinity } = wanted;
  const bytes = Math.min(endBytes, (await files.facts(path))?.bytes ?? 0);
  for (let size = keepBytes * 2;; size *= 4) {
    const start = Math.max(0, bytes - size);
    const streams = parseKubernetes(await files.readFrom(path, start, bytes - start), {
      ...wanted,
      isWhole: start === 0,
      cut: start === 0 ? wanted.cut ?? [] : [],
    });
    if (start === 0 || streams.stdout.length + streams.stderr.length >= keepBytes) return streams;
  }
}
