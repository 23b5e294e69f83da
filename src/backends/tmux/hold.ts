/**
 * Keeping the terminal of a session open while its processes finish. The kernel hangs it up once the
 * leader of its process session leaves, which is the keeper: so it has to stay that long.
 */
import { FileError, type World } from "../../world.ts";
import olderHold from "./hold_older.sh" with { type: "text" };
import type { Look } from "./processes.ts";

/** Whom to keep, and how. */
export interface Held {
  /** The keepers, with the pid of the program of each, where it is known. */
  readonly keepers: readonly { readonly pid: number; readonly program: number | null }[];
  /** The file that a keeper looks at; null: it is of an older kstops, and looks at none. */
  readonly file: string | null;
}

/** A terminal that stays open. */
export interface Hold {
  /** Says that it is still wanted: to be called at least as often as a look is taken. */
  readonly refresh: (look: Look) => Promise<void>;
  readonly release: () => Promise<void>;
}

/** How much longer than until the next look a keeper stays, where this process is killed. */
const LEFT_MS = 2000;

/** What a keeper's file says: the moment until which it stays, in hundredths of a second. */
export function formatHold({ clock, tookMs }: { clock: number; tookMs: number }): string {
  // As long as a look takes, the next one may take again, and twice that on a bad day.
  return `${clock + Math.ceil((LEFT_MS + 3 * tookMs) / 10)}\n`;
}

/** Holds the terminal from now on, as far as that can be done. */
export async function holdTerminal(world: World, held: Held, look: Look): Promise<Hold> {
  const { keepers, file } = held;
  if (keepers.length === 0) return NO_HOLD;
  if (file !== null && look.clock !== null && await write(world, file, look)) {
    // A keeper that sleeps wakes up and sees it; an older one does not mind.
    for (const { pid } of keepers) world.processes.signal(pid, "SIGURG");
    return {
      refresh: async (now) => {
        await write(world, file, now);
      },
      release: () => remove(world, file),
    };
  }
  if (world.operatingSystem !== "linux") return NO_HOLD;
  const holds = await Promise.all(keepers.map((keeper) => holdOlder(world, keeper)));
  return {
    refresh: () => Promise.resolve(),
    release: async () => {
      await Promise.all(holds.map((release) => release()));
    },
  };
}

const NO_HOLD: Hold = { refresh: () => Promise.resolve(), release: () => Promise.resolve() };

async function write(world: World, file: string, { clock, tookMs }: Look): Promise<boolean> {
  if (clock === null) return false;
  try {
    await world.files.replace(file, new TextEncoder().encode(formatHold({ clock, tookMs })));
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
  { pid, program }: Held["keepers"][number],
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
