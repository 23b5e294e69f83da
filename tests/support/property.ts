/**
 * Random tests of properties that hold for any input. They run among the other tests with some new
 * inputs each time; `deno task fuzz` tries many times as many.
 */
import { fail, ok } from "node:assert/strict";
import fc from "fast-check";

/** What a random test tries, and what must hold. */
interface Property<T> {
  readonly input: fc.Arbitrary<T>;
  /** Throws when the property does not hold. */
  readonly holds: (input: T) => void | Promise<void>;
  /** Inputs that once failed: they are always tried first. */
  readonly once?: readonly NoInfer<T>[];
  /** How many other inputs are tried. Default: 100. Slow tests get fewer. */
  readonly cases?: number;
  /** Checks all inputs in the end: throws if they did not cover what they should. */
  readonly afterwards?: () => void;
}

/** The end of the names of random tests: `deno task fuzz` finds them by it. */
export const MARK = " (at random)";

/** The variables by which `deno task fuzz` configures them. */
export const FUZZ = {
  seed: "KSTOPS_FUZZ_SEED",
  times: "KSTOPS_FUZZ_TIMES",
  path: "KSTOPS_FUZZ_PATH",
};

const times = Number(Deno.env.get(FUZZ.times) ?? "1");
/** Leads to a single input, within the seed. */
const path = Deno.env.get(FUZZ.path);

/** A random test. If describing it needs more than an input, it makes that when it runs. */
export function property<T>(
  name: string,
  made: Property<T> | (() => Property<T> | Promise<Property<T>>),
): void {
  Deno.test(`${name}${MARK}`, async () => {
    await hold(typeof made === "function" ? await made() : made, name);
  });
}

/** The same within a larger test. `deno task fuzz` does not run it. */
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
    // A replayed run counts its values without the examples.
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
