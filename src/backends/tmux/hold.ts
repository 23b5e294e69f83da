/**
 * Keeps the terminal of a session open while its processes finish. The kernel hangs it up once the
 * leader of its process session leaves. The keeper is this leader, so it has to stay that long.
 */
import { FileError, type World } from "../../world/world.ts";
import olderHold from "./hold_older.sh" with { type: "text" };
import type { Keeper } from "./crowd.ts";
import { lookAround } from "./look.ts";
import type { Look } from "./processes.ts";

/** What to hold, and how. */
interface Held {
  readonly keepers: readonly Keeper[];
  /** The file that the keeper watches; null: a keeper of an older kstops watches none. */
  readonly file: string | null;
}

/** A terminal that stays open, and whose keeper does not execute its program again. */
export interface Hold {
  /** Updates the keepers' clock; to be called with every look. */
  readonly refresh: (look: Look) => Promise<void>;
  /**
   * To be called before any process is asked to end: from then on nothing is executed again, even
   * if this process is killed.
   */
  readonly asking: () => Promise<void>;
  /** If no process was asked to end, keepers go on as before. */
  readonly release: () => Promise<void>;
}

/**
 * How long a keeper stays without news. It leaves at once when this process is killed; a process
 * that is only slow may be held up for seconds, with all others of a busy machine.
 */
const LEFT_MS = 10_000;
/** How often a keeper gets news, even while a look, or other work of a stop, takes its time. */
const TOLD_EVERY_MS = LEFT_MS / 4;
/** How often a waiting keeper is woken until it has read the news: it may have been about to wait. */
const WOKEN_EVERY_MS = 500;

/**
 * The content of a keeper's file: until when to stay, in hundredths of a second, who wants that,
 * and whether its program was asked to end.
 */
function formatHold(
  { clock, tookMs, self, isAsked }: {
    readonly clock: number;
    readonly tookMs: number;
    readonly self: number;
    readonly isAsked: boolean;
  },
): string {
  // The next look may take as long as the last, and on a bad day twice that on top.
  const until = clock + Math.ceil((LEFT_MS + 3 * tookMs) / 10);
  return `${until}\n${self}\n${isAsked ? "asked\n" : ""}`;
}

/** The content when a stop asked for nothing after all. */
const GO_ON = "go\n";

/** Holds the terminal from now on, as far as possible. */
export async function holdTerminal(world: World, held: Held, look: Look): Promise<Hold> {
  const { keepers, file } = held;
  if (keepers.length === 0) return NO_HOLD;
  // Wakes a sleeping keeper, which then reads the file. An older keeper ignores the signal.
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

/** Keeps one keeper from executing its program again, before anybody looks for the program. */
export async function holdKeeper(
  world: World,
  keeper: Keeper,
  file: string | null,
): Promise<Hold> {
  return await holdTerminal(world, { keepers: [keeper], file }, await lookAround(world));
}

const nothing = (): Promise<void> => Promise.resolve();
export const NO_HOLD: Hold = { refresh: nothing, asking: nothing, release: nothing };

/** Holds it by a file; null: the file cannot be written, or the clock is unknown. */
async function holdBy(
  world: World,
  { file, wake }: { readonly file: string; readonly wake: () => void },
  first: Look,
): Promise<Hold | null> {
  const seen = (look: Look) => ({ look, since: world.now().getTime() - look.tookMs });
  let last = seen(first);
  let isAsked = false;
  /** Tells keepers the present time of the last look's clock. */
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
      // Corrects for changes of this machine's clock.
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
      // The keeper need not wait any longer.
      wake();
    },
  };
}

async function write(world: World, file: string, text: string): Promise<boolean> {
  try {
    await world.files.replace(file, new TextEncoder().encode(text));
    return true;
  } catch (error) {
    // A full disk, or a missing directory: the program is ended all the same.
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

/** Begins to watch for the end of an older keeper's program. Returns what ends that. */
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
    // Without it the program ends as with an older kstops.
  }).finally(ready.resolve);
  await ready.promise;
  return async () => {
    open.resolve();
    await ended;
  };
}
