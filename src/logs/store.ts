/**
 * Where the output of sessions is kept: one directory per session name, one file per run, raw bytes
 * as the terminal got them.
 */
import { FileError, type World } from "../world.ts";

/** The kept output of sessions. */
export interface LogStore {
  /** Where the file of a run that begins now would be; null: nowhere. Nothing is made. */
  pathOf(name: string, runId: string): string | null;
  /**
   * Makes the file for a new run.
   *
   * @returns its path; null when it cannot be made, which was said as a warning
   */
  open(name: string, runId: string): Promise<string | null>;
  /** Takes back what {@link LogStore.open} made. */
  discard(path: string): Promise<void>;
  /** Keeps what a run printed that is over. */
  save(name: string, runId: string, bytes: Uint8Array): Promise<void>;
  /** Says, once, that something printed is not kept, and why. */
  notKept(reason: string): void;
  /** Remembers that a run was stopped, and did not end by itself. */
  recordStop(name: string, stop: RecordedStop): Promise<void>;
  /**
   * Whether what ended then was stopped: an engine may start the same thing again. A time without
   * milliseconds stands for the whole second.
   */
  wasStopped(name: string, stop: Pick<RecordedStop, "id" | "at">): Promise<boolean>;
  /** The file of the newest run of a session; null when nothing was kept. */
  newest(name: string): Promise<string | null>;
  /** The last lines of a file, each ended by a newline. */
  tail(path: string, lines: number): Promise<Uint8Array>;
}

/** How a run was stopped. */
export interface RecordedStop {
  readonly runId: string;
  /** The engine's own id of what ran. */
  readonly id: string;
  readonly at: Date;
  readonly exitCode: number | null;
}

/** The directory for everything that kstops keeps; null when the system names no place for it. */
export function stateDirectory(world: World): string | null {
  const own = world.env("KSTOPS_STATE_DIR");
  if (own) return absolute(own, world);
  const shared = world.env("XDG_STATE_HOME");
  // A relative XDG path is to be ignored (XDG Base Directory Specification 0.8).
  if (shared?.startsWith("/")) return `${shared}/kstops`;
  const home = world.env("HOME");
  return home ? `${absolute(home, world)}/.local/state/kstops` : null;
}

function absolute(path: string, world: World): string {
  return path.startsWith("/") ? path : `${world.workingDirectory()}/${path}`;
}

/** How the runs of a session ended, as far as their engine does not remember: JSON, one a line. */
const RUNS = "runs.ndjson";

/** Only names that kstops creates have a directory: others could lead out of the store. */
const STORED_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** The log store in the state directory. `warn` is told once when nothing can be kept. */
export function logStore(world: World, warn: (text: string) => void): LogStore {
  const state = stateDirectory(world);
  const directoryOf = (name: string): string | null =>
    state === null || !STORED_NAME.test(name) ? null : `${state}/logs/${name}`;
  let isWarned = false;
  const notKept = (reason: string): null => {
    if (!isWarned) warn(`The output is not kept: ${reason}`);
    isWarned = true;
    return null;
  };
  const pathOf = (name: string, runId: string): string | null => {
    const directory = directoryOf(name);
    // With milliseconds: names in their order are runs in their order.
    const stamp = world.now().toISOString().replaceAll(/[-:]/g, "");
    return directory === null ? null : `${directory}/${stamp}-${runId}.log`;
  };
  const open = async (name: string, runId: string): Promise<string | null> => {
    const path = pathOf(name, runId);
    if (path === null) return notKept("neither KSTOPS_STATE_DIR nor HOME is set");
    try {
      await world.files.makeDirectory(path.slice(0, path.lastIndexOf("/")));
      await world.files.create(path);
      return path;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return notKept(error.message);
    }
  };
  const keep = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      notKept(error.message);
    }
  };
  return {
    pathOf,
    open,
    notKept,
    save: (name, runId, bytes) =>
      keep(async () => {
        const path = await open(name, runId);
        if (path !== null) await world.files.append(path, bytes);
      }),
    recordStop: (name, { runId, id, at, exitCode }) =>
      keep(async () => {
        const directory = directoryOf(name);
        if (directory === null) return;
        await world.files.makeDirectory(directory);
        const line = {
          run: runId,
          event: "stopped",
          id,
          at: at.toISOString(),
          exit_code: exitCode,
        };
        const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
        await world.files.append(`${directory}/${RUNS}`, bytes);
      }),
    wasStopped: async (name, { id, at }) => {
      const directory = directoryOf(name);
      if (directory === null) return false;
      const time = at.toISOString().replace(/\.000Z$/, "");
      try {
        const text = await world.files.readText(`${directory}/${RUNS}`);
        return text.includes(`"event":"stopped","id":"${id}","at":"${time}`);
      } catch (error) {
        // What cannot be read says nothing of a stop: it must not cost the whole list.
        if (error instanceof FileError) return false;
        throw error;
      }
    },
    discard: async (path) => {
      try {
        await world.files.remove(path);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
      }
    },
    newest: async (name) => {
      const directory = directoryOf(name);
      if (directory === null) return null;
      try {
        const runs = await world.files.list(directory);
        const last = runs.filter((run) => run.endsWith(".log")).at(-1);
        return last === undefined ? null : `${directory}/${last}`;
      } catch (error) {
        if (error instanceof FileError) return null;
        throw error;
      }
    },
    tail: async (path, lines) => {
      const bytes = (await world.files.facts(path))?.bytes ?? 0;
      for (let size = 64 * 1024;; size *= 4) {
        const offset = Number.isFinite(lines) ? Math.max(0, bytes - size) : 0;
        const chunk = await world.files.readFrom(path, offset);
        // What begins with the chunk may have begun before it.
        if (offset === 0 || startOfLast(chunk, lines) > 0) return lastLines(chunk, lines);
      }
    },
  };
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** How many lines are complete. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEWLINE) count++;
  return count;
}

/**
 * The last lines of what a terminal got, each ended by one newline. The carriage return that a
 * terminal adds before a newline is taken away again; all other bytes stay.
 */
export function lastLines(bytes: Uint8Array, lines: number): Uint8Array {
  if (bytes.length === 0 || lines === 0) return new Uint8Array();
  const last = bytes.subarray(startOfLast(bytes, lines));
  const kept = new Uint8Array(last.length + 1);
  kept.set(last);
  const length = removeReturns(kept, last.length);
  if (last.at(-1) === NEWLINE) return kept.subarray(0, length);
  kept[length] = NEWLINE;
  return kept.subarray(0, length + 1);
}

/**
 * Where the last lines begin; 0 also where there are no more than those. Here and below the runtime
 * searches: a loop over bytes runs long enough to be compiled, and the compilers alone take 4 MiB.
 */
function startOfLast(bytes: Uint8Array, lines: number): number {
  if (!Number.isFinite(lines)) return 0;
  let newline = bytes.length - (bytes.at(-1) === NEWLINE ? 1 : 0);
  for (let left = lines; left > 0; left--) {
    // From -1 it would search from the end.
    newline = newline === 0 ? -1 : bytes.lastIndexOf(NEWLINE, newline - 1);
    if (newline === -1) return 0;
  }
  return newline + 1;
}

/**
 * Takes every carriage return before a newline out of the first bytes.
 *
 * @returns how many of them are left
 */
function removeReturns(bytes: Uint8Array, length: number): number {
  let left = 0;
  let from = 0;
  for (let at = bytes.indexOf(RETURN); at !== -1; at = bytes.indexOf(RETURN, at + 1)) {
    if (bytes[at + 1] !== NEWLINE) continue;
    bytes.copyWithin(left, from, at);
    left += at - from;
    from = at + 1;
  }
  bytes.copyWithin(left, from, length);
  return left + length - from;
}
