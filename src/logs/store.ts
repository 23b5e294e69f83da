/**
 * What is kept of sessions. Each name has a directory with the raw output of its runs, as the
 * terminal got it, and with `runs.ndjson`, which says how the runs began and ended.
 *
 * The output of a run is in one or more files, `TIME-OWNER-RUN-000001.log` and so on (without OWNER
 * for a run that belongs to nobody). Sorted names are the output in order, across all runs. The
 * path that these names begin with identifies the run.
 */
import { type LogPolicy, NOBODY, type Owner } from "../model.ts";
import { FileError, type World } from "../world/world.ts";
// Readers and writers load when they are needed: most commands only ask for the names.
import type { Capture } from "./capture.ts";
import { partName, runName, runOfPart, timesName } from "./parts.ts";
import type { Part, Wanted } from "./read.ts";
import type { Run, RunEvent } from "./runs.ts";
import {
  forgetRun,
  type IsMeant,
  isRunMeant,
  NEWEST_BYTES,
  newestOfEach,
  ownedParts,
  readStory,
  runsFile,
  shortenStory,
} from "./story.ts";

/** How much of a session's output is kept, and its owner; missing: nobody. */
export interface Keeping extends LogPolicy {
  readonly owner?: Owner;
}

/** The kept output of sessions, and the story of their runs. */
export interface LogStore {
  /** Where the output of a run that begins now would go; null: nowhere. Creates nothing. */
  captureOf(name: string, runId: string, keeping: Keeping): Promise<Capture | null>;
  /**
   * Makes a file for the output of a new run. Earlier output stays until the run is known to have
   * begun: see {@link LogStore.prune}.
   *
   * @returns where the output goes; null when it is not wanted, or cannot be kept, which a warning
   *   said
   */
  open(name: string, runId: string, keeping: Keeping): Promise<Capture | null>;
  /**
   * Removes the oldest output of a session beyond its limit, once a new run has begun. Output of
   * other owners is neither counted nor touched.
   */
  prune(name: string, keeping: Keeping): Promise<void>;
  /** Forgets a run that never began: its output and its record. */
  discard(name: string, runId: string): Promise<void>;
  /**
   * Keeps the output of a run that is over, in as many files as needed, replacing what was kept of
   * it before. Output beyond the limit loses its beginning.
   */
  save(
    name: string,
    runId: string,
    kept: { readonly bytes: Uint8Array; readonly isCut?: boolean } & Keeping,
  ): Promise<void>;
  /** Warns, once, that some output is not kept, and why. */
  notKept(reason: string): void;
  /** Records an event of a run. */
  record(name: string, event: RunEvent): Promise<void>;
  /**
   * The file with the record, for the shell that sees the program end; null: there is none, or
   * another user could have redirected it.
   */
  storyOf(name: string): string | null;
  /**
   * The file in which a stop of a run says how long it needs the terminal; null for the same
   * reasons as in {@link LogStore.storyOf}.
   */
  holdFileOf(name: string, runId: string): string | null;
  /** The newest run of each session with this name, newest first: several configs may use the name. */
  newestRuns(name: string): Promise<readonly Run[]>;
  /** The recorded runs of a session, oldest first. */
  runs(name: string): Promise<readonly Run[]>;
  /** The names of all sessions with anything kept. */
  names(): Promise<readonly string[]>;
  /**
   * The runs of a session whose output is kept, as paths, oldest first.
   *
   * @param isMeant whether runs of an owner are meant; those of nobody always are
   */
  outputs(name: string, isMeant?: IsMeant): Promise<readonly string[]>;
  /** The output of the run that began last; null: nothing of it is kept. */
  newestOutput(name: string, isMeant?: IsMeant): Promise<string | null>;
  /**
   * What a program printed before it was last executed again in its run; null: it was executed
   * once.
   */
  readPrevious(output: string, wanted: Pick<Wanted, "lines">): Promise<Uint8Array | null>;
  /** The wanted lines of a run's output, each ended by a newline. */
  read(output: string, wanted: Wanted): Promise<Uint8Array>;
  /**
   * The same of the newest run, then what the session prints further, in this run and later ones,
   * until it is aborted. Runs of owners that `isMeant` refuses are left out.
   */
  follow(
    name: string,
    wanted: Wanted & { readonly isMeant?: IsMeant },
    abort: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}

/** Where the output of a run is, as the path that the names of its files begin with. */
export function outputOf({ directory, run }: Capture): string {
  return `${directory}/${run}`;
}

/** The directory for everything that kstops keeps; null when the environment names none. */
export function stateDirectory(world: World): string | null {
  const own = world.env("KSTOPS_STATE_DIR");
  if (own) return absolute(own, world);
  const shared = world.env("XDG_STATE_HOME");
  // Relative XDG paths are ignored (XDG Base Directory Specification 0.8).
  if (shared?.startsWith("/")) return `${shared}/kstops`;
  const home = world.env("HOME");
  return home ? `${absolute(home, world)}/.local/state/kstops` : null;
}

function absolute(path: string, world: World): string {
  return path.startsWith("/") ? path : `${world.workingDirectory()}/${path}`;
}

/** Only names that kstops creates get a directory: others could lead out of the store. */
const STORED_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** How long an empty file may belong to a program that is yet to begin. */
const STARTING_MS = 60_000;

/** A killed stop leaves this file behind. At this age nobody can need it any more. */
const HOLD = /\.hold$/;
const OLD_HOLD_MS = 60_000;

/** The log store in the state directory. `warn` is called once when nothing can be kept. */
export function logStore(world: World, warn: (text: string) => void): LogStore {
  const { files } = world;
  const state = stateDirectory(world);
  const directoryOf = (name: string): string | null =>
    state === null || !STORED_NAME.test(name) ? null : `${state}/logs/${name}`;
  let isWarned = false;
  const unsafe = new Set<string>();
  const notKept = (reason: string): null => {
    if (!isWarned) warn(`The output is not kept: ${reason}`);
    isWarned = true;
    return null;
  };
  const list = async (path: string): Promise<readonly string[]> => {
    try {
      return await files.list(path);
    } catch (error) {
      if (error instanceof FileError) return [];
      throw error;
    }
  };
  const partsIn = async (directory: string): Promise<readonly string[]> =>
    (await list(directory)).filter((each) => runOfPart(each) !== "");
  const remove = async (directory: string, part: string): Promise<void> => {
    await files.remove(`${directory}/${part}`);
    await files.remove(`${directory}/${timesName(part)}`);
  };
  /** Does the work. When the file system refuses, it warns and goes on. */
  const kept = async <T>(name: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (error.why === "unsafe") unsafe.add(name);
      return notKept(error.message);
    }
  };
  const makeDirectory = async (directory: string): Promise<void> => {
    if (state !== null) await files.claimDirectory(state);
    await files.makeDirectory(directory);
  };
  const captureOf: LogStore["captureOf"] = async (name, runId, keeping) => {
    const { maxBytes, keep, owner = NOBODY } = keeping;
    const directory = directoryOf(name);
    const run = await runName(world.now(), owner, runId);
    return directory === null ? null : { directory, run, maxBytes, keep };
  };
  const open: LogStore["open"] = async (name, runId, policy) => {
    const capture = await captureOf(name, runId, policy);
    if (capture === null) return notKept("neither KSTOPS_STATE_DIR nor HOME is set");
    return await kept(name, () => again(() => makeFile(capture, policy)));
  };
  const makeFile = async (capture: Capture, policy: LogPolicy): Promise<Capture | null> => {
    const { directory, run } = capture;
    await makeDirectory(directory);
    await shortenStory(world, runsFile(directory));
    for (const hold of (await list(directory)).filter((each) => HOLD.test(each))) {
      const facts = await files.facts(`${directory}/${hold}`);
      const age = world.now().getTime() - (facts?.modifiedAt.getTime() ?? Infinity);
      if (age > OLD_HOLD_MS) await files.remove(`${directory}/${hold}`);
    }
    // The file is created here, for its owner alone: a shell would use the rights of its own umask.
    await files.append(runsFile(directory), new Uint8Array());
    if (!policy.capture) return null;
    await files.create(`${directory}/${partName(run, 1)}`);
    return capture;
  };
  const removeOldest = async (
    directory: string,
    { keep, owner = NOBODY }: Keeping,
  ): Promise<void> => {
    const all = await partsIn(directory);
    const parts = await ownedParts(world, directory, { parts: all, owner });
    const newest = parts.at(-1);
    const facts = await Promise.all(parts.map((part) => files.facts(`${directory}/${part}`)));
    const now = world.now().getTime();
    // An empty file may belong to a start that is still going on.
    const counted = parts.filter((part, index) => {
      const { bytes = 0, modifiedAt } = facts[index] ?? {};
      return part === newest || bytes > 0 || now - (modifiedAt?.getTime() ?? now) > STARTING_MS;
    });
    for (const part of counted.slice(0, Math.max(0, counted.length - keep))) {
      await remove(directory, part);
    }
  };
  const record: LogStore["record"] = async (name, event) => {
    const directory = directoryOf(name);
    if (directory === null) return;
    const { formatEvent } = await import("./runs.ts");
    await kept(name, async () => {
      await makeDirectory(directory);
      await files.append(runsFile(directory), new TextEncoder().encode(formatEvent(event)));
    });
  };
  const story = async (name: string, mostBytes: number): Promise<readonly Run[]> => {
    const directory = directoryOf(name);
    return directory === null ? [] : await readStory(world, directory, mostBytes);
  };
  const outputs: LogStore["outputs"] = async (name, isMeant) => {
    const directory = directoryOf(name);
    if (directory === null) return [];
    const runs = (await partsIn(directory)).map(runOfPart);
    const all = [...new Set(runs)].map((run) => `${directory}/${run}`);
    if (isMeant === undefined || all.length === 0) return all;
    const others = (await story(name, Infinity)).filter((run) => !isRunMeant(run, isMeant));
    return all.filter((output) => !others.some(({ id }) => output.endsWith(`-${id}`)));
  };
  /**
   * Lists the files of the runs that are meant, anew at each call. A run records its owner as it
   * begins.
   */
  const meantParts = (name: string, isMeant: IsMeant): () => Promise<readonly string[]> => {
    const known = new Map<string, boolean>();
    const looks = new Map<string, number>();
    const look = async (runs: readonly string[]): Promise<void> => {
      const told = await story(name, Infinity);
      for (const run of runs) {
        const found = told.find(({ id, begun }) => begun !== null && run.endsWith(`-${id}`));
        const count = (looks.get(run) ?? 0) + 1;
        looks.set(run, count);
        // Nothing was recorded of the run: it belongs to nobody.
        if (found !== undefined || count === MOST_LOOKS) {
          known.set(run, found === undefined || isRunMeant(found, isMeant));
        }
      }
    };
    return async () => {
      const directory = directoryOf(name);
      const parts = directory === null ? [] : await partsIn(directory);
      const fresh = new Set(parts.map(runOfPart).filter((run) => !known.has(run)));
      if (fresh.size > 0) await look([...fresh]);
      return parts.filter((part) => known.get(runOfPart(part)));
    };
  };
  const partsOf = async (output: string): Promise<readonly Part[]> => {
    const slash = output.lastIndexOf("/");
    const [directory, run] = [output.slice(0, slash), output.slice(slash + 1)];
    const own = (await partsIn(directory)).filter((part) => part.startsWith(`${run}-`));
    return await Promise.all(own.map(async (part) => {
      const path = `${directory}/${part}`;
      return { path, bytes: (await files.facts(path))?.bytes ?? 0 };
    }));
  };
  const removeOutput = async (output: string): Promise<void> => {
    const slash = output.lastIndexOf("/");
    const directory = output.slice(0, slash);
    for (const part of await partsIn(directory)) {
      if (part.startsWith(`${output.slice(slash + 1)}-`)) await remove(directory, part);
    }
  };
  const outputsOf = async (name: string, runId: string): Promise<readonly string[]> =>
    (await outputs(name)).filter((output) => output.endsWith(`-${runId}`));
  return {
    captureOf,
    open,
    notKept,
    record,
    prune: async (name, keeping) => {
      const directory = directoryOf(name);
      if (directory === null || !keeping.capture) return;
      await kept(name, () => removeOldest(directory, keeping));
    },
    discard: async (name, runId) => {
      const directory = directoryOf(name);
      if (directory === null) return;
      await kept(name, async () => {
        for (const output of await outputsOf(name, runId)) await removeOutput(output);
        await forgetRun(world, runsFile(directory), runId);
        // Once the directory is empty, no trace of the name should stay.
        if ((await list(directory)).length === 0) await files.remove(directory);
      });
    },
    save: async (name, runId, { bytes, isCut = false, ...policy }) => {
      const before = await outputsOf(name, runId);
      const capture = await open(name, runId, policy);
      if (capture === null) return;
      await kept(name, async () => {
        const { directory, run, maxBytes, keep } = capture;
        // Skipping part 1 tells readers that the beginning is missing, as if it had been removed.
        const first = isCut ? 2 : 1;
        const count = Math.max(1, Math.ceil(bytes.length / maxBytes));
        for (let index = 0; index < count; index++) {
          const part = bytes.subarray(index * maxBytes, (index + 1) * maxBytes);
          await files.append(`${directory}/${partName(run, first + index)}`, part);
        }
        if (isCut) await remove(directory, partName(run, 1));
        for (const output of before) await removeOutput(output);
        await removeOldest(directory, { ...policy, keep: Math.max(count, keep) });
      });
    },
    storyOf: (name) => {
      const directory = directoryOf(name);
      return directory === null || unsafe.has(name) ? null : runsFile(directory);
    },
    holdFileOf: (name, runId) => {
      const directory = directoryOf(name);
      return directory === null || unsafe.has(name) ? null : `${directory}/${runId}.hold`;
    },
    newestRuns: async (name) => newestOfEach(await story(name, NEWEST_BYTES)),
    runs: (name) => story(name, Infinity),
    names: async () =>
      state === null ? [] : (await list(`${state}/logs`)).filter((name) => STORED_NAME.test(name)),
    outputs,
    newestOutput: async (name, isMeant = () => true) => {
      const last = (await outputs(name, isMeant)).at(-1);
      const begun = (await story(name, NEWEST_BYTES))
        .filter((run) => run.begun !== null && isRunMeant(run, isMeant));
      // A run without a record is not older: its kstops was ended before it wrote one.
      const isOlder = begun.slice(0, -1).some(({ id }) => last?.endsWith(`-${id}`));
      return last === undefined || isOlder ? null : last;
    },
    readPrevious: async (output, wanted) => {
      const { readPrevious } = await import("./read.ts");
      return await readPrevious(world, await partsOf(output), wanted);
    },
    read: async (output, wanted) => {
      const { readParts } = await import("./read.ts");
      return await readParts(world, await partsOf(output), wanted);
    },
    follow: async function* (name, wanted, abort) {
      const directory = directoryOf(name);
      if (directory === null) return;
      const { isMeant, timestamps = false } = wanted;
      const newest = (await outputs(name, isMeant)).at(-1);
      const from = newest === undefined ? [] : await partsOf(newest);
      const [{ readParts }, { follow }] = await Promise.all([
        import("./read.ts"),
        import("./follow.ts"),
      ]);
      const head = await readParts(world, from, wanted, { isOpen: true });
      yield head;
      const parts = isMeant === undefined ? () => partsIn(directory) : meantParts(name, isMeant);
      const list = async () => (await parts()).map((part) => `${directory}/${part}`);
      yield* follow(world, { list, from, head, timestamps, abort });
    },
  };
}

/** How often to look up a run without a record: as often as a few seconds of following do. */
const MOST_LOOKS = 100;

/** How often to try again when another process is in the way. */
const MOST_AGAIN = 5;

/**
 * Works in a directory. Another start that fails may just be removing it: then the work is done
 * again.
 */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let left = MOST_AGAIN;; left--) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FileError) || error.why !== "missing" || left === 0) throw error;
    }
  }
}
