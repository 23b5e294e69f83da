/** Measures times, child processes and memory of programs, without knowing what they do. */

/** Something to measure: one or more programs, run one after the other. */
export interface Step {
  readonly argvs: readonly (readonly string[])[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Untimed work before each run. */
  readonly before?: readonly Step[];
  /** Untimed work after each run. */
  readonly after?: readonly Step[];
}

/** How often to measure, and what to leave out of the result. */
export interface CompareOptions {
  readonly rounds: number;
  /** A fixed wait inside the measured step, which is subtracted. */
  readonly waitMs?: number;
  /** Ends the comparison between two rounds. */
  readonly signal: AbortSignal;
}

/** A step compared with another. */
export interface Comparison {
  /** Median of the ratios of all rounds. */
  readonly ratio: number;
  /** The middle half of the ratios: first and third quartile. */
  readonly spread: readonly [number, number];
  /** Median times. */
  readonly measuredMs: number;
  readonly againstMs: number;
}

/** A program could not be run, so there is nothing to measure. */
export class RunError extends Error {
  constructor(argv: readonly string[], readonly exitCode: number, output: string) {
    super(`${argv.join(" ")}: exit ${exitCode}: ${output.trim()}`);
  }
}

const WARM_UP_ROUNDS = 2;

/**
 * Runs two steps in turn, A B A B. Other work of the machine slows both steps of a pair, so each
 * ratio is taken within one pair.
 *
 * @throws {RunError} when a program fails
 * @throws the reason of the signal
 */
export async function compare(
  measured: Step,
  against: Step,
  { rounds, waitMs = 0, signal }: CompareOptions,
): Promise<Comparison> {
  const pairs: { readonly measuredMs: number; readonly againstMs: number }[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const measuredMs = time(measured) - waitMs;
    const againstMs = time(against);
    if (round >= 0) pairs.push({ measuredMs, againstMs });
    await letSignalsIn();
    signal.throwIfAborted();
  }
  const ratios = pairs.map((pair) => pair.measuredMs / pair.againstMs);
  return {
    ratio: quantile(ratios, 0.5),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    measuredMs: quantile(pairs.map((pair) => pair.measuredMs), 0.5),
    againstMs: quantile(pairs.map((pair) => pair.againstMs), 0.5),
  };
}

/** Runs a step once, with the work before and after it. */
export function run(step: Step): void {
  time(step);
}

/**
 * The time of a step's programs, in milliseconds. Waiting blocks everything else here: an event
 * loop in between would be measured, too.
 */
function time({ before = [], after = [], ...step }: Step): number {
  for (const each of before) time(each);
  const commands = step.argvs.map((argv) => ({ argv, command: commandOf(argv, step) }));
  const began = performance.now();
  const outputs = commands.map(({ argv, command }) => ({ argv, output: command.outputSync() }));
  const ms = performance.now() - began;
  for (const { argv, output } of outputs) {
    if (!output.success) throw runError(argv, output);
  }
  for (const each of after) time(each);
  return ms;
}

function commandOf([program = "", ...args]: readonly string[], step: Step): Deno.Command {
  return new Deno.Command(program, {
    args,
    env: { ...step.env },
    clearEnv: true,
    cwd: step.workingDirectory,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
}

function runError(argv: readonly string[], { code, stderr }: Deno.CommandOutput): RunError {
  return new RunError(argv, code, new TextDecoder().decode(stderr));
}

/** Calls the listeners of signals that came while a program ran. */
export function letSignalsIn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** `quantile(values, 0.5)` is the median. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

// --- child processes -----------------------------------------------------------------------------

/**
 * How many programs the last program of a step starts itself: for one run, everything on PATH is a
 * script that records its caller and becomes the real program. Only calls by an absolute path are
 * missed.
 *
 * @param directory an empty directory for those scripts
 * @throws {RunError} when a program fails
 */
export async function countChildren(step: Step, directory: string): Promise<number> {
  const { before = [], after = [], argvs } = step;
  const calls = `${directory}/calls`;
  await writeCounters(directory, { calls, path: step.env["PATH"] ?? "" });
  try {
    for (const each of before) run(each);
    const counted = { ...step, env: { ...step.env, PATH: `${directory}/bin` } };
    let pid = 0;
    for (const argv of argvs) {
      const child = commandOf(argv, counted).spawn();
      pid = child.pid;
      const output = await child.output();
      if (!output.success) throw runError(argv, output);
    }
    const callers = (await Deno.readTextFile(calls)).split("\n");
    for (const each of after) run(each);
    return callers.filter((caller) => caller === String(pid)).length;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function writeCounters(
  directory: string,
  { calls, path }: { readonly calls: string; readonly path: string },
): Promise<void> {
  await Deno.mkdir(`${directory}/bin`, { recursive: true });
  await Deno.writeTextFile(calls, "");
  const counter = `${directory}/counter`;
  const script = `#!/bin/sh\necho $PPID >>'${calls}'\nPATH='${path}'\nexec "\${0##*/}" "$@"\n`;
  await Deno.writeTextFile(counter, script, { mode: 0o700 });
  const programs = new Set(path.split(":").flatMap((each) => namesIn(each)));
  for (const program of programs) await Deno.symlink(counter, `${directory}/bin/${program}`);
}

function namesIn(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), ({ name }) => name);
  } catch {
    return []; // PATH may contain missing directories.
  }
}

// --- memory --------------------------------------------------------------------------------------

const MEMORY_RUNS = 3;

/**
 * The peak memory of the last program of a step, in MiB (median of three runs); null without GNU
 * time (Debian: the package `time`).
 *
 * @throws {RunError} when a program fails
 */
export function peakMemory(step: Step): number | null {
  const time = gnuTime(step);
  if (time === null) return null;
  const argvs = step.argvs.map((argv) => [time, "-f", "%M", ...argv]);
  const kibibytes = Array.from({ length: MEMORY_RUNS }, () => {
    for (const each of step.before ?? []) run(each);
    const texts = argvs.map((argv) => {
      const output = commandOf(argv, step).outputSync();
      if (!output.success) throw runError(argv, output);
      return new TextDecoder().decode(output.stderr);
    });
    for (const each of step.after ?? []) run(each);
    // The program's own messages on stderr come before it.
    return Number(texts.at(-1)?.trim().split("\n").at(-1));
  });
  return quantile(kibibytes, 0.5) / 1024;
}

/** The path of GNU time: in a shell, `time` is a keyword. */
function gnuTime({ env }: Step): string | null {
  for (const directory of (env["PATH"] ?? "").split(":")) {
    const path = `${directory}/time`;
    try {
      const output = new Deno.Command(path, { args: ["-f", "%M", "true"], stdout: "null" })
        .outputSync();
      if (/^\d+\n$/.test(new TextDecoder().decode(output.stderr))) return path;
    } catch {
      // Not in this directory, or another time.
    }
  }
  return null;
}
