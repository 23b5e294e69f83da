/**
 * Chatty sessions for some minutes: does what is kept of them stay within `log_max_size` times
 * `log_keep`, and is the newest of it there? Exits 1 when it does not.
 *
 * ```sh
 * deno task soak            # 20 sessions for 3 minutes, on dist/kstops or KSTOPS_BIN
 * deno task soak 20 10      # for 10 minutes
 * ```
 */
import { clearSandbox, makeSandbox, type Sandbox } from "../tests/support/tmux.ts";
import { run } from "./measure.ts";
import { stepIn } from "./sandboxes.ts";

const MAX_BYTES = 1024 * 1024;
const KEEP = 4;
/** A file may be larger than wanted by this much: see `src/logs/capture.ts`. */
const SLACK_BYTES = Math.max(64 * 1024, MAX_BYTES / 16);
/** The story of the runs has its own limit. */
const STORY_BYTES = 256 * 1024;
const BOUND_BYTES = KEEP * (MAX_BYTES + SLACK_BYTES) + STORY_BYTES;
const LOOK_MS = 1000;

/**
 * The output of the sessions, in turn: as fast as possible, in bursts, long lines, a little at a
 * time.
 */
const PROGRAMS = [
  "seq 1 1000000000",
  "while :; do seq 1 20000; sleep 0.1; done",
  "while :; do head -c 30000 /dev/zero | tr '\\0' x; echo; sleep 0.01; done",
  "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.05; done",
];

async function main(): Promise<number> {
  const [sessions = 20, minutes = 3] = Deno.args.map(Number);
  if (!(Number.isInteger(sessions) && sessions > 0 && minutes > 0)) {
    console.error("soak: wanted are a number of sessions and one of minutes");
    return 2;
  }
  const kstops = await Deno.realPath(Deno.env.get("KSTOPS_BIN") ?? "dist/kstops");
  const sandbox = await makeSandbox();
  try {
    return await soak(kstops, { sandbox, sessions, minutes });
  } finally {
    await clearSandbox(sandbox, { graceMs: 3000 });
  }
}

async function soak(
  kstops: string,
  { sandbox, sessions, minutes }: {
    readonly sandbox: Sandbox;
    readonly sessions: number;
    readonly minutes: number;
  },
): Promise<number> {
  const names = Array.from({ length: sessions }, (_, index) => `s${index + 1}`);
  const defined = Object.fromEntries(names.map((name, index) => [name, {
    command: ["sh", "-c", PROGRAMS[index % PROGRAMS.length]],
  }]));
  const ops = { log_max_size: MAX_BYTES, log_keep: KEEP, sessions: defined };
  const config = `${sandbox.work}/kstops.yml`;
  // JSON is YAML.
  await Deno.writeTextFile(config, JSON.stringify({ ops }));
  run(stepIn(sandbox, [kstops, "start", "--all", "--quiet", "--config", config]));
  const store = `${sandbox.env["XDG_STATE_HOME"]}/kstops/logs`;
  const most = new Map(names.map((name) => [name, 0]));
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end) {
    for (const name of names) {
      most.set(name, Math.max(most.get(name) ?? 0, bytesIn(`${store}/${name}`)));
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  run(stepIn(sandbox, [kstops, "stop", "--all", "--force", "--quiet", "--config", config]));
  console.log("session  files begun  most bytes  of the bound");
  for (const [name, bytes] of most) {
    const part = `${(bytes / BOUND_BYTES * 100).toFixed(0)} %`;
    console.log(
      [name.padEnd(7), String(partsBegun(`${store}/${name}`)).padStart(11)].join("  ") +
        `  ${String(bytes).padStart(10)}  ${part.padStart(12)}`,
    );
  }
  return [...most.values()].every((bytes) => bytes <= BOUND_BYTES) ? 0 : 1;
}

/** The bytes of all files in a directory. A file that goes meanwhile has none. */
function bytesIn(directory: string): number {
  let sum = 0;
  for (const { name } of Deno.readDirSync(directory)) {
    try {
      sum += Deno.statSync(`${directory}/${name}`).size;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return sum;
}

/** How many files of output a session has begun: the number of the last one. */
function partsBegun(directory: string): number {
  const parts = Array.from(Deno.readDirSync(directory), ({ name }) => /-(\d{6})\.log$/.exec(name));
  return Math.max(0, ...parts.map((found) => Number(found?.[1] ?? 0)));
}

if (import.meta.main) Deno.exitCode = await main();
