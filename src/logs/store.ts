/**
 * Where the output of sessions is kept: one directory per session name, one file per run, raw bytes
 * as the terminal got them.
 */
import { FileError, type World } from "../world.ts";

/** The kept output of sessions. */
export interface LogStore {
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
  const open = async (name: string, runId: string): Promise<string | null> => {
    const directory = directoryOf(name);
    if (directory === null) return notKept("neither KSTOPS_STATE_DIR nor HOME is set");
    // With milliseconds: names in their order are runs in their order.
    const stamp = world.now().toISOString().replaceAll(/[-:]/g, "");
    const path = `${directory}/${stamp}-${runId}.log`;
    try {
      await world.files.makeDirectory(directory);
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
      if (directory === null || await world.files.facts(`${directory}/${RUNS}`) === null) {
        return false;
      }
      const text = await world.files.readText(`${directory}/${RUNS}`);
      const time = at.toISOString().replace(/\.000Z$/, "");
      return text.includes(`"event":"stopped","id":"${id}","at":"${time}`);
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
        // One newline more than lines: only then is the first of them whole.
        if (offset === 0 || countLines(chunk) > lines) return lastLines(chunk, lines);
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
  const complete = bytes.at(-1) === NEWLINE;
  let start = bytes.length - (complete ? 1 : 0);
  for (let left = lines; start > 0; start--) {
    if (bytes[start - 1] === NEWLINE && --left === 0) break;
  }
  const kept = new Uint8Array(bytes.length - start + 1);
  let length = 0;
  for (let index = start; index < bytes.length; index++) {
    if (bytes[index] === RETURN && bytes[index + 1] === NEWLINE) continue;
    kept[length++] = bytes[index] ?? 0;
  }
  if (!complete) kept[length++] = NEWLINE;
  return kept.subarray(0, length);
}
