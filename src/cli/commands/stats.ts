/** `kstops stats [NAME...]`: what sessions that run use. */
import { type Stat, type Stats, statsOf } from "../../actions/stats.ts";
import type { Json } from "../../errors.ts";
import { durationText, type Screen } from "../../output/screen.ts";
import { type Head, layOut } from "../../output/table.ts";
import type { Context, PlaceFlags, Reply } from "../command.ts";
import { following } from "../following.ts";
import { sessionsToShow } from "../names.ts";
import { failuresOf } from "./list.ts";

/** Flags of `stats`. */
interface StatsFlags extends PlaceFlags {
  readonly names: readonly string[];
  readonly follow?: true | undefined;
}

/** Between two looks with `--follow`; each takes about a second itself. */
const PAUSE_MS = 1000;
/** Clears a terminal, so that the next table stands where the last one did. */
const CLEAR = "\x1b[H\x1b[2J";

/** Shows it once, or with `--follow` again and again. */
export async function stats(context: Context, flags: StatsFlags): Promise<Reply> {
  const { names: given, follow, ...place } = flags;
  const { names, named } = await sessionsToShow(context, "show the use of", given);
  const all = names.length > 0 && named.length === 0 ? true : undefined;
  const look = () => statsOf(context, { ...place, names, all });
  const first = await look();
  if (follow && first.stats.length > 0) return followed(context, first, look);
  const failures = [...first.failures, ...failuresOf(context, first.troubles)];
  if (first.stats.length === 0 && failures.length > 0) return { failures };
  return {
    data: first.stats.map(statToWire),
    text: (screen) => tableOf(first.stats, screen),
    failures,
  };
}

function followed(context: Context, first: Stats, look: () => Promise<Stats>): Reply {
  const { world, json } = context;
  const encoder = new TextEncoder();
  return following(world, async function* (screen, abort) {
    for (let { stats } = first; !abort.aborted; { stats } = await look()) {
      const text = json
        ? `${JSON.stringify(stats.map(statToWire))}\n`
        : (screen.terminal ? CLEAR : "") + tableOf(stats, screen);
      yield encoder.encode(text);
      await world.sleep(PAUSE_MS);
    }
  });
}

/** The JSON of one session. */
function statToWire({ status, usage, uptimeSeconds }: Stat): { [key: string]: Json } {
  return {
    name: status.name,
    backend: status.backend,
    engine: status.engine,
    cpu_percent: usage.cpuPercent === null ? null : Math.round(usage.cpuPercent * 10) / 10,
    memory_bytes: usage.memoryBytes,
    memory_kind: usage.memoryKind,
    processes: usage.processes,
    uptime_seconds: uptimeSeconds,
    restarts: status.restarts,
  };
}

const HEAD: readonly Head[] = [
  { text: "NAME", atLeast: 12 },
  { text: "ENGINE", leaves: 1 },
  { text: "CPU" },
  { text: "MEMORY" },
  { text: "PROCESSES", leaves: 3 },
  { text: "UP", leaves: 4 },
  { text: "RESTARTS", leaves: 2 },
];

function tableOf(stats: readonly Stat[], screen: Screen): string {
  if (stats.length === 0) return screen.terminal ? "No session runs\n" : "";
  const rows = stats.map(({ status, usage, uptimeSeconds }) =>
    [
      status.name ?? "-",
      status.engine ?? status.backend,
      usage.cpuPercent === null ? "-" : `${usage.cpuPercent.toFixed(1)}%`,
      memoryText(usage.memoryBytes, screen),
      String(usage.processes),
      uptimeSeconds === null
        ? "-"
        : screen.terminal
        ? durationText(uptimeSeconds) ?? "-"
        : String(uptimeSeconds),
      status.restarts === null ? "-" : String(status.restarts),
    ].map((text) => ({ text }))
  );
  return layOut({ head: HEAD, rows }, screen);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `12.3 MiB` for people, and bytes for pipes. */
function memoryText(bytes: number | null, { terminal }: Screen): string {
  if (bytes === null) return "-";
  if (!terminal) return String(bytes);
  const power = Math.min(
    UNITS.length - 1,
    bytes < 1024 ? 0 : Math.floor(Math.log(bytes) / Math.log(1024)),
  );
  const number = bytes / 1024 ** power;
  return `${power === 0 ? number : number.toFixed(1)} ${UNITS[power]}`;
}
