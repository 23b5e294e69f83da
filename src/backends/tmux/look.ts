/**
 * One look at all processes of this machine: which there are, and which run each says it belongs
 * to.
 */
import { BackendUnavailableError } from "../../errors.ts";
import {
  ExecKilledError,
  type ExecResult,
  ProgramMissingError,
  type World,
} from "../../world/world.ts";
import { RUN_ID_VARIABLE } from "./args.ts";
import type { Look, Process, ProcessTable } from "./processes.ts";

/** One child asks for everything at once: the compiled executable may not read `/proc` itself. */
const PATTERNS = [
  "^[0-9]*[.][0-9]* [0-9]",
  "^[0-9a-f]\\{8\\}-[0-9a-f]\\{4\\}-",
  "^[1-9][0-9]* (",
  `^${RUN_ID_VARIABLE}=`,
].map((pattern) => `-e '${pattern}'`).join(" ");
const FILES = "uptime sys/kernel/random/boot_id [0-9]*/stat [0-9]*/environ";

/**
 * The calls that print a look, best first. The grep of busybox does not know `-a` and does not need
 * it; GNU's would report that a file with the wrong bytes matches, but not the match.
 */
export const LOOK_CALLS: readonly (readonly string[])[] = ["-sazH", "-szH"].map((options) => [
  "sh",
  "-c",
  `cd /proc && LC_ALL=C exec grep ${options} ${PATTERNS} ${FILES}`,
]);

/** The call that prints the process table when there is no `/proc` or no grep. */
export const PS = ["ps", "-A", "-o", "pid=,ppid=,pgid=,sess=,tpgid=,stat=,lstart=,ucomm="];
const PS_ENV = { TZ: "UTC", LC_ALL: "C" };

/** A look takes milliseconds; on a machine that is busy with other things it may take long. */
const LOOK_TIMEOUT_MS = 60_000;

/** The longest pause after a look that others have waited for. */
const LONGEST_PAUSE_MS = 200;

/** Shared by all looks of a world. */
interface Looker {
  /** The look that is running. */
  running: Promise<Look> | null;
  /** The next look, for all who asked since that one began. */
  next: Promise<Look> | null;
  /** How many of {@link LOOK_CALLS} do not work here. */
  useless: number;
}
const LOOKERS = new WeakMap<World, Looker>();

/**
 * Looks at all processes: nothing that began before the call is missed. Callers who come while a
 * look is running share the next one: however many stops there are, one look runs at a time.
 *
 * @throws {BackendUnavailableError} `backend_unavailable`: the programs to look with are missing
 */
export function lookAround(world: World): Promise<Look> {
  const looker = LOOKERS.get(world) ?? { running: null, next: null, useless: 0 };
  LOOKERS.set(world, looker);
  const begin = (): Promise<Look> => {
    const taken = take(world, looker).finally(() => {
      if (looker.running === taken) looker.running = null;
    });
    looker.running = taken;
    return taken;
  };
  if (looker.running === null) return begin();
  looker.next ??= looker.running.then(({ tookMs }) => tookMs, () => 0).then(async (tookMs) => {
    // With many stops there is always a caller: half of the time is left to what they wait for.
    await world.sleep(Math.min(tookMs, LONGEST_PAUSE_MS));
    looker.next = null;
    return await begin();
  });
  return looker.next;
}

async function take(world: World, looker: Looker): Promise<Look> {
  const began = world.now().getTime();
  for (
    ;
    world.operatingSystem === "linux" && looker.useless < LOOK_CALLS.length;
    looker.useless++
  ) {
    const argv = LOOK_CALLS[looker.useless] ?? [];
    try {
      // Files of processes that vanish meanwhile make it end with an error, which means nothing.
      const { stdout } = await world.exec(argv, { timeoutMs: LOOK_TIMEOUT_MS });
      const look = parseLook(stdout);
      if (look.table.size > 0) return { ...look, tookMs: world.now().getTime() - began };
    } catch (error) {
      // A call that was killed may work next time.
      if (error instanceof ExecKilledError) break;
      if (!(error instanceof ProgramMissingError)) throw error;
    }
  }
  const options = { timeoutMs: LOOK_TIMEOUT_MS, env: PS_ENV };
  const table = parseProcesses((await withoutProc(world.exec(PS, options))).stdout);
  // A keeper there has no other clock either.
  const clock = world.operatingSystem === "linux" ? null : Math.floor(began / 10);
  return { table, marks: new Map(), boot: "", clock, tookMs: world.now().getTime() - began };
}

/** Without these programs nothing of a run can be seen. */
async function withoutProc(answer: Promise<ExecResult>): Promise<ExecResult> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ProgramMissingError || error instanceof ExecKilledError)) throw error;
    const reason = error instanceof ProgramMissingError
      ? "neither grep nor ps is there"
      : error.message;
    throw new BackendUnavailableError(`Cannot look at the processes of this machine: ${reason}`, {
      reason: `its processes cannot be looked at: ${reason}`,
      hint: "install grep, or procps",
    });
  }
}

const STAT = /^\d+ \((.*)\) (\S) ([-\d ]+)\n?$/s;

/** Parses what {@link LOOK_CALLS} print: `FILE:LINE`, each ended by a NUL. */
export function parseLook(stdout: string): Omit<Look, "tookMs"> {
  const table = new Map<number, Process>();
  const marks = new Map<number, string>();
  let boot = "";
  let clock: number | null = null;
  for (const record of stdout.split("\0")) {
    const at = record.indexOf(":");
    const [path, text] = [record.slice(0, at), record.slice(at + 1)];
    const [, number = "", file = ""] = /^(\d{1,9})\/(stat|environ)$/.exec(path) ?? [];
    const pid = Number(number);
    if (file === "stat") {
      const process = parseStat(pid, text);
      if (process !== null) table.set(pid, process);
    } else if (file === "environ") {
      const mark = `${RUN_ID_VARIABLE}=`;
      // The first one counts, as in getenv(3).
      if (text.startsWith(mark) && !marks.has(pid)) marks.set(pid, text.slice(mark.length));
    } else if (path === "uptime") {
      const found = /^(\d{1,12})\.(\d\d) /.exec(text);
      if (found !== null) clock = Number(`${found[1]}${found[2]}`);
    } else if (path.endsWith("/boot_id")) {
      boot = text.trim();
    }
  }
  return { table, marks, boot, clock };
}

/** Parses a file `stat` (proc(5)): the name in it may have blanks, parentheses and newlines. */
function parseStat(pid: number, text: string): Process | null {
  const found = STAT.exec(text);
  if (found === null) return null;
  const [, name = "", state = "", rest = ""] = found;
  const fields = rest.split(" ");
  const number = (index: number): number => Number(fields[index]);
  const [ppid, group, session, foreground] = [number(0), number(1), number(2), number(4)];
  const began = fields[18];
  if (began === undefined || ![ppid, group, session, foreground].every(Number.isSafeInteger)) {
    return null;
  }
  const ignored = number(29);
  // In ticks, of which every Linux counts 100 a second.
  const computed = number(10) + number(11);
  return {
    ...Number.isSafeInteger(computed) ? { computed } : {},
    ...{ pid, ppid, group, session, foreground, name, began },
    zombie: state === "Z" || state === "X",
    ignored: Number.isSafeInteger(ignored) ? ignored : 0,
  };
}

const PS_LINE =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s(.*)$/s;

/** Parses what {@link PS} printed, and skips other lines. */
export function parseProcesses(stdout: string): ProcessTable {
  const table = new Map<number, Process>();
  for (const line of stdout.split("\n")) {
    const found = PS_LINE.exec(line);
    if (found === null) continue;
    const numbers = found.slice(1, 6).map(Number);
    if (!numbers.every(Number.isSafeInteger)) continue;
    const [pid = 0, ppid = 0, group = 0, session = 0, foreground = -1] = numbers;
    const [state = "", began = "", name = ""] = found.slice(6);
    table.set(pid, {
      ...{ pid, ppid, group, session, foreground },
      zombie: state.startsWith("Z"),
      began: began.replaceAll(/\s+/g, " "),
      ignored: 0,
      name: name.trimEnd(),
    });
  }
  return table;
}

/**
 * The command lines of processes. The table does not have them: they are costly, and few are
 * needed.
 */
export async function argsOf(
  world: World,
  pids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const argv = ["ps", "-ww", "-o", "pid=,args=", "-p", pids.join(",")];
  const { stdout } = await world.exec(argv, { timeoutMs: LOOK_TIMEOUT_MS });
  const lines = stdout.matchAll(/^ *(\d+) (.*)$/gm);
  return new Map(Array.from(lines, ([, pid, args = ""]) => [Number(pid), args]));
}

/** The pipes that are standard input and output of processes. */
interface Pipes {
  /** The pipe that a pid reads. */
  readonly input: ReadonlyMap<number, string>;
  /** The pids that write into a pipe. */
  readonly output: ReadonlyMap<string, readonly number[]>;
}

/** Looks at the pipes between processes. Empty when they cannot be seen. Linux only. */
export async function pipesOf(world: World, pids: readonly number[]): Promise<Pipes> {
  if (world.operatingSystem !== "linux") return parsePipes("");
  const files = pids.flatMap((pid) => [0, 1, 2].map((fd) => `/proc/${pid}/fd/${fd}`));
  try {
    const options = { timeoutMs: LOOK_TIMEOUT_MS, env: { LC_ALL: "C" } };
    return parsePipes((await world.exec(["ls", "-dln", ...files], options)).stdout);
  } catch (error) {
    if (error instanceof ExecKilledError || error instanceof ProgramMissingError) {
      return parsePipes("");
    }
    throw error;
  }
}

/** Parses a long listing of `/proc/PID/fd/N`. */
export function parsePipes(stdout: string): Pipes {
  const input = new Map<number, string>();
  const output = new Map<string, number[]>();
  for (const found of stdout.matchAll(/ \/proc\/(\d{1,9})\/fd\/([012]) -> (pipe:\[\d+\])$/gm)) {
    const [, pid = "", fd = "", pipe = ""] = found;
    if (fd === "0") input.set(Number(pid), pipe);
    else output.set(pipe, [...output.get(pipe) ?? [], Number(pid)]);
  }
  return { input, output };
}
