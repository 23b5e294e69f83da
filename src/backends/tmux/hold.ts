/**
 * Keeping the terminal of a session open while its processes finish. The kernel hangs it up once the
 * leader of its process session leaves, which is the keeper: so it has to stay that long.
 */
import { FileError, type World } from "../../world/world.ts";
import olderHold from "./hold_older.sh" with { type: "text" };
import type { Keeper } from "./crowd.ts";
import { lookAround } from "./look.ts";
import type { Look } from "./processes.ts";

/** Whom to keep, and how. */
interface Held {
  readonly keepers: readonly Keeper[];
  /** The file that a keeper looks at; null: it is of an older kstops, and looks at none. */
  readonly file: string | null;
}

/** A terminal that stays open, in which no keeper executes its program again. */
export interface Hold {
  /** Says how late it is: to be called with every look. */
  readonly refresh: (look: Look) => Promise<void>;
  /**
   * To be called before anything is asked to end: from then on nothing is executed again, also where
   * this process is killed.
   */
  readonly asking: () => Promise<void>;
  /** Where nothing was asked to end, keepers go on as before. */
  readonly release: () => Promise<void>;
}

/**
 * How long a keeper stays without hearing more. It leaves at once where this process is killed; one
 * that is only slow may be held up for seconds, together with all others of a busy machine.
 */
const LEFT_MS = 10_000;
/** How often a keeper is told: also while a look, or whatever a stop does, takes its time. */
const TOLD_EVERY_MS = LEFT_MS / 4;
/** How often one that waits is woken up until it has heard: it may have been about to wait. */
const WOKEN_EVERY_MS = 500;

/**
 * What a keeper's file says: until when it stays, in hundredths of a second, who wants that, and whether
 * its program was asked to end.
 */
function formatHold(
  { clock, tookMs, self, isAsked }: {
    readonly clock: number;
    readonly tookMs: number;
    readonly self: number;
    readonly isAsked: boolean;
  },
): string {
  // As long as a look takes, the next one may take again, and twice that on a bad day.
  const until = clock + Math.ceil((LEFT_MS + 3 * tookMs) / 10);
  return `${until}\n${self}\n${isAsked ? "asked\n" : ""}`;
}

/** What it says where a stop asked for nothing after all. */
const GO_ON = "go\n";

/** Holds the terminal from now on, as far as that can be done. */
export async function holdTerminal(world: World, held: Held, look: Look): Promise<Hold> {
  const { keepers, file } = held;
  if (keepers.length === 0) return NO_HOLD;
  // A keeper that sleeps wakes up and sees the file; an older one does not mind.
  const wake = (): void => {
    for (const { pid } of keepers) world.processes.signal(pid, "SIGURG");
  };
  const hold = file === null ? null : await holdBy(world, { file, wake }, look);
  wake();
  if (hold !== null) return hold;
  if (world.operatingSystem !== "linux") return NO_HOLD;
  const holds = await Promise.all(keepers.map((keeper) => holdOlder(world, keeper)));
  return {
    ...NO_HOLD,
    release: async () => {
      await Promise.all(holds.map((release) => release()));
    },
  };
}

/** Keeps the program of one keeper from being executed again, from before anybody looks for it. */
export async function holdKeeper(
  world: World,
  keeper: Keeper,
  file: string | null,
): Promise<Hold> {
  return await holdTerminal(world, { keepers: [keeper], file }, await lookAround(world));
}

const nothing = (): Promise<void> => Promise.resolve();
export const NO_HOLD: Hold = { refresh: nothing, asking: nothing, release: nothing };

/** Holds it by a file; null: that cannot be written, or nobody knows how late it is. */
async function holdBy(
  world: World,
  { file, wake }: { readonly file: string; readonly wake: () => void },
  first: Look,
): Promise<Hold | null> {
  const seen = (look: Look) => ({ look, since: world.now().getTime() - look.tookMs });
  let last = seen(first);
  let isAsked = false;
  /** Tells keepers the time that the clock of the last look shows by now. */
  const tell = async (): Promise<boolean> => {
    const { look: { clock, tookMs }, since } = last;
    if (clock === null) return false;
    const passed = Math.max(0, world.now().getTime() - since);
    const now = clock + Math.floor(passed / 10);
    const { self } = world.processes;
    return await write(world, file, formatHold({ clock: now, tookMs, self, isAsked }));
  };
  if (!await tell()) return null;
  let writing: Promise<unknown> | null = null;
  const stopTelling = world.every(TOLD_EVERY_MS, () => {
    writing ??= tell().finally(() => writing = null);
  });
  const stopWaking = world.every(WOKEN_EVERY_MS, wake);
  return {
    refresh: (look) => {
      // What the clock of this machine does meanwhile is made good by that.
      if (look.clock !== null) last = seen(look);
      return Promise.resolve();
    },
    asking: async () => {
      if (isAsked) return;
      isAsked = true;
      await writing;
      await tell();
    },
    release: async () => {
      stopTelling();
      stopWaking();
      await writing;
      if (isAsked) await remove(world, file);
      else await write(world, file, GO_ON);
      // It waits no longer than it has to.
      wake();
    },
  };
}

async function write(world: World, file: string, text: string): Promise<boolean> {
  try {
    await world.files.replace(file, new TextEncoder().encode(text));
    return true;
  } catch (error) {
    // A full disk, a directory that is gone: the program is ended all the same.
    if (error instanceof FileError) return false;
    throw error;
  }
}

async function remove(world: World, file: string): Promise<void> {
  try {
    await world.files.remove(file);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
  }
}

/** Begins to watch for the end of the program of an older keeper; gives what ends that. */
async function holdOlder(
  world: World,
  { pid, program }: Keeper,
): Promise<() => Promise<void>> {
  const open = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  async function* untilReleased(): AsyncGenerator<string, void> {
    await open.promise;
    yield "";
  }
  const argv = ["sh", "-c", olderHold, "sh", String(pid), String(program ?? "")];
  const ended = world.exec(argv, {
    stdin: untilReleased(),
    timeoutMs: Infinity,
    detached: true,
    onOutput: () => ready.resolve(),
  }).then(() => {}, () => {
    // Without it the program ends as it did with an older kstops.
  }).finally(ready.resolve);
  await ready.promise;
  return async () => {
    open.resolve();
    await ended;
  };
}
