/**
 * Follows podman's file of a container's output. podman's own follower (4.3) drops what it has not
 * read when the container ends.
 */
import { CUT_MARK, joined, withoutReturns } from "../../logs/lines.ts";
import { endsMidLine } from "../../logs/read.ts";
import { FileError, type OpenFile, type World } from "../../world/world.ts";
import type { Container } from "./parse.ts";
import { kubernetesLines } from "./podman_lines.ts";
import { olderOf } from "./podman_log.ts";

/** How often to look for more. */
const POLL_MS = 50;
/**
 * The first pause before podman is asked again whether a container runs whose program cannot be
 * seen here. The pause doubles each time, since a program in another namespace is invisible as long
 * as it runs.
 */
const FIRST_ASK_MS = 100;
const LAST_ASK_MS = 3200;
/** The most bytes of one read. */
const CHUNK_BYTES = 1024 * 1024;

/** A file of output that is readable here. */
interface OpenLog {
  readonly path: string;
  readonly file: OpenFile;
}

/** Opens the file of a container; null: it has none, or none that is readable here. */
export async function openLog(
  { files }: Pick<World, "files">,
  { details }: Container,
): Promise<OpenLog | null> {
  const path = details?.logPath ?? null;
  if (path === null) return null;
  try {
    return { path, file: await files.open(path) };
  } catch (error) {
    if (error instanceof FileError) return null;
    throw error;
  }
}

/** How to follow a file. */
interface Following {
  readonly since?: Date | null;
  readonly timestamps?: boolean;
  /** Reads the wanted part of the files up to an offset in the newest one. */
  readonly readHead: (endBytes: number) => Promise<Uint8Array>;
  /** The pid of the container's program; null: it does not run. */
  readonly pid: number | null;
  /** Asks podman for the pid. */
  readonly findPid: () => Promise<number | null>;
  readonly abort: AbortSignal;
}

/** The output of a container, and what it prints further, until it no longer runs. */
export async function* followFile(
  world: World,
  { path, file: first }: OpenLog,
  { readHead, findPid, pid: firstPid, abort, ...shown }: Following,
): AsyncGenerator<Uint8Array, void> {
  let file = first;
  try {
    let read = 0;
    for (;;) {
      read = endOfLines(file);
      const head = await readHead(read);
      // Somebody may have put it aside meanwhile: then another file was read.
      const next = file.isAt(path) ? null : await openAgain(world, path);
      if (next === null) {
        yield head;
        break;
      }
      file[Symbol.dispose]();
      file = next;
    }
    const lines = kubernetesLines(shown);
    const strip = { stdout: withoutReturns(), stderr: withoutReturns() };
    let isMidLine = false;
    const readOn = function* (some: OpenFile, from: number): Generator<Uint8Array, number> {
      let at = from;
      for (;;) {
        const bytes = some.read(at, CHUNK_BYTES);
        if (bytes.length === 0) return at;
        at += bytes.length;
        const pieces: Uint8Array[] = [];
        lines.write(bytes, (piece, stream) => pieces.push(strip[stream](piece)));
        const chunk = joined(pieces);
        if (chunk.length > 0) isMidLine = endsMidLine(chunk);
        yield chunk;
      }
    };
    let pid = firstPid;
    let [askAt, askMs] = [-Infinity, FIRST_ASK_MS];
    const runs = async (): Promise<boolean> => {
      if (pid === null) return false;
      if (await world.processes.alive(pid) || world.now().getTime() < askAt) return true;
      const before = pid;
      pid = await findPid();
      askMs = pid === before ? Math.min(askMs * 2, LAST_ASK_MS) : FIRST_ASK_MS;
      askAt = pid === before ? world.now().getTime() + askMs : -Infinity;
      return pid !== null;
    };
    while (!abort.aborted) {
      // Asked before the file is read: podman reports the end only after all output is written.
      const isOver = !await runs();
      read = yield* readOn(file, read);
      const next = file.isAt(path) ? null : await openAgain(world, path);
      if (next !== null) {
        // The file was put aside, and no longer grows.
        yield* readOn(file, read);
        const between = await pathsBetween(world, path, { file, next });
        if (between === null) yield gap(isMidLine);
        for (const each of between ?? []) {
          using later = await openAgain(world, each);
          if (later !== null) yield* readOn(later, 0);
        }
        file[Symbol.dispose]();
        [file, read] = [next, 0];
        continue;
      }
      if (isOver) break;
      await world.sleep(POLL_MS);
    }
    const rest: Uint8Array[] = [];
    lines.end((piece, stream) => rest.push(strip[stream](piece)));
    if (!abort.aborted) yield joined(rest);
  } finally {
    file[Symbol.dispose]();
  }
}

/** Where the last whole line ends. */
function endOfLines(file: OpenFile): number {
  const bytes = file.bytes();
  const start = Math.max(0, bytes - CHUNK_BYTES);
  const newline = file.read(start, bytes - start).lastIndexOf(0x0a);
  return newline === -1 ? start : start + newline + 1;
}

async function openAgain({ files }: World, path: string): Promise<OpenFile | null> {
  try {
    return await files.open(path);
  } catch (error) {
    // The container is being removed, with its files: an open file can still be read to its end.
    if (error instanceof FileError) return null;
    throw error;
  }
}

/** The paths of the files that were put aside between two; null: the first of the two has gone. */
async function pathsBetween(
  world: World,
  path: string,
  { file, next }: { readonly file: OpenFile; readonly next: OpenFile },
): Promise<readonly string[] | null> {
  // Until it is renamed, it is a second link.
  if (file.isAt(`${path}.kstops-pending`)) return [];
  const older = (await olderOf(world, path)).map((each) => each.path);
  const from = older.findIndex((each) => file.isAt(each));
  if (from === -1) return null;
  const to = older.findIndex((each) => next.isAt(each));
  return older.slice(from + 1, to === -1 ? undefined : to);
}

/** A mark in place of output that was removed before it was read. */
function gap(isMidLine: boolean): Uint8Array {
  return new TextEncoder().encode(`${isMidLine ? "\n" : ""}${CUT_MARK}\n`);
}
