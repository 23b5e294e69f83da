/** What containers use, as their runtimes count it. Loaded when somebody asks. */
import { UNKNOWN_USAGE, type Usage } from "../backend.ts";
import { gathering } from "../gather.ts";
import { statsOf } from "./args.ts";
import { answerOf, type Context } from "./ask.ts";
import type { Client } from "./clients.ts";
import { entriesOf, fieldsOf, listOf, parseJson, textOf, understood } from "./fields.ts";
import type { Container } from "./parse.ts";

/** docker takes two looks, a second apart, at each of many. */
const STATS_TIMEOUT_MS = 60_000;
const MOST_AT_ONCE = 200;
/** The time between two looks where the runtime counts from the start of a container. */
const BETWEEN_MS = 1000;

const USAGES = gathering<string, Usage>();

/** What a container uses, asked for together with all others. */
export async function usage(
  context: Context,
  client: Client,
  { id }: Pick<Container, "id">,
): Promise<Usage> {
  return await USAGES(context.world, id, {
    key: client.program,
    most: MOST_AT_ONCE,
    overlaps: true,
    work: async (batch) => {
      const ids = batch.map(({ item }) => item);
      const found = await usagesOf(context, client, ids);
      for (const { item, done } of batch) {
        // One that has ended meanwhile is not told.
        done.resolve(found.find((each) => item.startsWith(each.id))?.usage ?? UNKNOWN_USAGE);
      }
    },
  });
}

/** One container in an answer. */
interface Told {
  /** Its id, or the beginning of it. */
  readonly id: string;
  readonly usage: Usage;
  /** How long it has computed since its start, in milliseconds; null: that was not told. */
  readonly computedMs: number | null;
}

async function usagesOf(
  context: Context,
  client: Client,
  ids: readonly string[],
): Promise<readonly Told[]> {
  const { world } = context;
  const ask = async (): Promise<{ readonly at: number; readonly told: readonly Told[] }> => {
    const { stdout } = await answerOf(context, client, statsOf(client, ids), STATS_TIMEOUT_MS);
    return { at: world.now().getTime(), told: parseStats(stdout) };
  };
  const first = await ask();
  if (first.told.every(({ computedMs }) => computedMs === null)) return first.told;
  await world.sleep(BETWEEN_MS);
  const second = await ask();
  return second.told.map((each) => {
    const before = first.told.find(({ id }) => id === each.id)?.computedMs ?? null;
    const tookMs = second.at - first.at;
    const cpuPercent = before === null || each.computedMs === null || tookMs <= 0
      ? null
      : Math.max(0, each.computedMs - before) / tookMs * 100;
    return { ...each, usage: { ...each.usage, cpuPercent } };
  });
}

/** Parses the answer of either runtime: a JSON list (podman), or a JSON document a line (docker). Pure. */
export function parseStats(stdout: string): readonly Told[] {
  const text = stdout.trim();
  if (text === "") return [];
  const rows = understood(() =>
    text.startsWith("[") ? listOf(parseJson(text)) : text.split("\n").map(parseJson)
  );
  return rows.flatMap((row) => {
    const fields = fieldsOf(row);
    const said = (...names: readonly string[]): string =>
      names.map((name) => textOf(fields[name])).find((text) => text !== "") ?? "";
    const id = said("ID", "id");
    if (id === "" || entriesOf(fields).length === 0) return [];
    const memoryBytes = bytesIn(said("MemUsage", "mem_usage"));
    return [{
      id,
      computedMs: durationIn(said("cpu_time")),
      usage: {
        cpuPercent: percentIn(said("CPUPerc", "cpu_percent")),
        memoryBytes,
        memoryKind: memoryBytes === null ? null : "cgroup",
        processes: Number(said("PIDs", "pids")) || 0,
      },
    }];
  });
}

function percentIn(text: string): number | null {
  const [, number] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  return number === undefined ? null : Number(number);
}

const POWERS = ["", "k", "m", "g", "t"];

/** `812KiB / 23.54GiB` (docker), `667.6kB / 25.28GB` (podman): what is used. */
function bytesIn(text: string): number | null {
  const [, number, unit = "", binary] = /^(\d+(?:\.\d+)?) ?([kmgt]?)(i?)b\b/i.exec(text) ?? [];
  if (number === undefined) return null;
  return Math.round(Number(number) * (binary ? 1024 : 1000) ** POWERS.indexOf(unit.toLowerCase()));
}

const UNITS: Readonly<Record<string, number>> = {
  ...{ h: 3_600_000, m: 60_000, s: 1000, ms: 1, "µs": 1e-3, "μs": 1e-3, us: 1e-3, ns: 1e-6 },
};

/** `1h2m3.5s`, `324.027013ms`, as Go writes durations. */
function durationIn(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|µs|μs|us|ns)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return null;
  return parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (UNITS[unit] ?? 0), 0);
}
