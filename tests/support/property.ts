/**
 * Random tests: what holds of any input. They are tests among the others, which try some inputs each
 * time, other ones in each run; `deno task fuzz` tries a multiple of that.
 */
import { fail, ok } from "node:assert/strict";
import fc from "fast-check";

/** What a random test tries, and what must hold. */
interface Property<T> {
  readonly input: fc.Arbitrary<T>;
  /** Throws where something does not hold. */
  readonly holds: (input: T) => void | Promise<void>;
  /** Inputs that were wrong once: they are tried first, always. */
  readonly once?: readonly NoInfer<T>[];
  /** How many inputs are tried beside these; 100 unless told. What is slow gets fewer. */
  readonly cases?: number;
  /** Looks back on all of them: throws where they have not come across what they should. */
  readonly afterwards?: () => void;
}

/** What the names of random tests end with: `deno task fuzz` knows them by it. */
export const MARK = " (at random)";

/** The variables by which `deno task fuzz` says how they are run. */
export const FUZZ = {
  seed: "KSTOPS_FUZZ_SEED",
  times: "KSTOPS_FUZZ_TIMES",
  path: "KSTOPS_FUZZ_PATH",
};

const times = Number(Deno.env.get(FUZZ.times) ?? "1");
/** Leads to one input alone, below the seed. */
const path = Deno.env.get(FUZZ.path);

/** A random test. One that needs more than an input to say what it is makes it when it is run. */
export function property<T>(
  name: string,
  made: Property<T> | (() => Property<T> | Promise<Property<T>>),
): void {
  Deno.test(`${name}${MARK}`, async () => {
    await hold(typeof made === "function" ? await made() : made, name);
  });
}

/** The same as a part of a test that has more to do, and that `deno task fuzz` leaves alone. */
export async function hold<T>(property: Property<T>, name?: string): Promise<void> {
  const { input, holds, once = [], cases = 100, afterwards = () => {} } = property;
  const seed = Number(Deno.env.get(FUZZ.seed) ?? Math.floor(Math.random() * 2 ** 31));
  const held = fc.asyncProperty(input, async (value) => {
    await holds(value);
    ok(Object.keys(Object.prototype).length === 0, "the prototype of all objects has a key");
  });
  const result = await fc.check(held, {
    ...{ seed, numRuns: Math.ceil(cases * times) + once.length },
    examples: once.map((each): [T] => [each]),
    // The values of a run that is replayed are counted from the examples on.
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
  if (!result.failed) return path === undefined ? afterwards() : undefined;
  const { errorInstance: error, counterexample, counterexamplePath } = result;
  fail([
    `input: ${fc.stringify(counterexample?.[0])}`,
    error instanceof Error ? error.stack ?? error.message : String(error),
    ...(name === undefined
      ? []
      : [`again: deno task fuzz --seed ${seed} --path ${counterexamplePath} ${quoted(name)}`]),
  ].join("\n"));
}

function quoted(name: string): string {
  return `'${name.replaceAll("'", "'\\''")}'`;
}
