/** What the processes of sessions use. Loaded when somebody asks. */
import { ExecKilledError, ProgramMissingError, type World } from "../../world/world.ts";
import type { Usage } from "../backend.ts";
import { gathering } from "../gather.ts";
import { watchCrowd, watchedPane } from "./crowd.ts";
import type { Context } from "./list.ts";
import { lookAround } from "./look.ts";
import type { TmuxSession } from "./parse.ts";
import type { Process } from "./processes.ts";
import { mainPane } from "./status.ts";

/** The time between the two looks that tell how much is computed. */
const BETWEEN_MS = 1000;
const LOOK_TIMEOUT_MS = 20_000;
/** So many pids fit on a command line by far. */
const MOST_AT_ONCE = 2000;

/** What all processes of a session use. */
export async function usage({ world }: Context, session: TmuxSession): Promise<Usage> {
  const pane = mainPane(session);
  const crowd = watchCrowd(world, {
    panes: pane === null || pane.dead ? [] : [watchedPane(pane, session)],
    ...{ run: session.runId, known: [], sessions: [] },
  }, () => lookAround(world));
  await crowd.look();
  const before = { clock: crowd.last().clock, members: crowd.members() };
  await world.sleep(BETWEEN_MS);
  await crowd.look();
  const members = crowd.members();
  const after = { clock: crowd.last().clock, members };
  const memory = await memoryOf(world, members.map(({ pid }) => pid));
  return { cpuPercent: cpuBetween(before, after), ...memory, processes: members.length };
}

/** The processes of a session at one look, and its clock in hundredths of a second. */
interface Seen {
  readonly clock: number | null;
  readonly members: readonly Process[];
}

/** How much of one processor was used between two looks; null: nobody can tell. Pure. */
export function cpuBetween(before: Seen, after: Seen): number | null {
  if (before.clock === null || after.clock === null || after.clock <= before.clock) return null;
  const known = new Map(before.members.map((each) => [`${each.pid} ${each.began}`, each]));
  let computed = 0;
  for (const each of after.members) {
    if (each.computed === undefined) return null;
    // One that came meanwhile has computed all of it meanwhile.
    computed += each.computed - (known.get(`${each.pid} ${each.began}`)?.computed ?? 0);
  }
  return Math.max(0, computed) / (after.clock - before.clock) * 100;
}

/** The memory of one process in bytes; null: nobody may see it. */
interface Memory {
  readonly pss: number | null;
  readonly rss: number | null;
}

const MEMORIES = gathering<number, Memory>();

/** The memory of processes. Those of all sessions are looked at by one child. */
async function memoryOf(
  world: World,
  pids: readonly number[],
): Promise<Pick<Usage, "memoryBytes" | "memoryKind">> {
  const each = await Promise.all(pids.map((pid) =>
    MEMORIES(world, pid, {
      key: "",
      most: MOST_AT_ONCE,
      work: async (batch) => {
        const found = await lookAtMemory(world, batch.map(({ item }) => item));
        for (const { item, done } of batch) done.resolve(found.get(item) ?? GONE);
      },
    })
  ));
  return sumOf(each);
}

/** A process that has ended meanwhile has nothing. */
const GONE: Memory = { pss: 0, rss: 0 };

/** The sum; by shares where all of them are known. Pure. */
export function sumOf(each: readonly Memory[]): Pick<Usage, "memoryBytes" | "memoryKind"> {
  for (const memoryKind of ["pss", "rss"] as const) {
    const all = each.map((memory) => memory[memoryKind]);
    if (all.every((bytes) => bytes !== null)) {
      return { memoryBytes: all.reduce((sum, bytes) => sum + bytes, 0), memoryKind };
    }
  }
  return { memoryBytes: null, memoryKind: null };
}

async function lookAtMemory(
  world: World,
  pids: readonly number[],
): Promise<ReadonlyMap<number, Memory>> {
  const shares = world.operatingSystem === "linux" ? await sharesOf(world, pids) : new Map();
  const others = pids.filter((pid) => !shares.has(pid));
  if (others.length === 0) return shares;
  const argv = ["ps", "-o", "pid=,rss=", "-p", others.join(",")];
  const { stdout } = await world.exec(argv, { timeoutMs: LOOK_TIMEOUT_MS });
  const whole = Array.from(
    stdout.matchAll(/^ *(\d+) +(\d+)$/gm),
    ([, pid, kilobytes]) => [Number(pid), { pss: null, rss: Number(kilobytes) * 1024 }] as const,
  );
  return new Map([...shares, ...whole]);
}

/** By shares; without those that other users own. */
async function sharesOf(
  world: World,
  pids: readonly number[],
): Promise<ReadonlyMap<number, Memory>> {
  const files = pids.map((pid) => `/proc/${pid}/smaps_rollup`);
  try {
    // What may not be read, or has gone, makes it end with an error, which means nothing.
    const { stdout } = await world.exec(
      ["grep", "-sH", "-e", "^Rss:", "-e", "^Pss:", "--", ...files],
      { timeoutMs: LOOK_TIMEOUT_MS, env: { LC_ALL: "C" } },
    );
    return parseShares(stdout);
  } catch (error) {
    if (error instanceof ExecKilledError || error instanceof ProgramMissingError) return new Map();
    throw error;
  }
}

/** Parses `/proc/7/smaps_rollup:Pss:   12 kB` and the line of its whole. Pure. */
export function parseShares(stdout: string): ReadonlyMap<number, Memory> {
  const found = new Map<number, Memory>();
  for (
    const [, pid, kind, kilobytes] of stdout.matchAll(/^\/proc\/(\d+)\/.*:(Rss|Pss): +(\d+) kB$/gm)
  ) {
    const known = found.get(Number(pid)) ?? { pss: null, rss: null };
    const bytes = Number(kilobytes) * 1024;
    found.set(Number(pid), { ...known, ...kind === "Pss" ? { pss: bytes } : { rss: bytes } });
  }
  return found;
}
