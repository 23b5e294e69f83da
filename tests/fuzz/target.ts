/** What is fuzzed: one parser, what it is given, and what must hold of it whatever that is. */
import fc from "fast-check";

/** A parser under test. */
export interface Target {
  readonly name: string;
  /** How many of a million cases it gets, in relation to the others: what is slow gets fewer. */
  readonly weight: number;
  readonly run: (options: RunOptions) => Promise<Found | null>;
}

/** How a target is run. */
export interface RunOptions {
  readonly seed: number;
  readonly cases: number;
  /** The path to one case below the seed, as {@link Found} has it: that one alone is run. */
  readonly path?: string | undefined;
}

/** A case in which something does not hold. */
export interface Found {
  /** The smallest input that was found, as text. */
  readonly input: string;
  readonly error: string;
  /** Leads back to it, with the seed. */
  readonly path: string;
}

/** What {@link target} makes a target of. */
interface Spec<T> {
  readonly input: fc.Arbitrary<T>;
  /** Throws where something does not hold. */
  readonly holds: (input: T) => void | Promise<void>;
  /** Inputs that were wrong once: they are tried first, always. */
  readonly once?: readonly NoInfer<T>[];
  readonly weight?: number;
}

/** Makes a target, whatever its input is. */
export function target<T>(name: string, { input, holds, once = [], weight = 1 }: Spec<T>): Target {
  return {
    name,
    weight,
    run: async ({ seed, cases, path }) => {
      const property = fc.asyncProperty(input, async (value) => {
        await holds(value);
        ok(Object.keys(Object.prototype).length === 0, "the prototype of all objects has a key");
      });
      const numRuns = cases + once.length;
      const result = await fc.check(property, {
        ...{ seed, numRuns, examples: once.map((each): [T] => [each]) },
        // The values of a run that is replayed are counted from the examples on.
        ...(path === undefined ? {} : { path, endOnFailure: true }),
      });
      if (!result.failed) return null;
      const { errorInstance, counterexample, counterexamplePath } = result;
      return {
        input: fc.stringify(counterexample?.[0]),
        error: errorInstance instanceof Error
          ? `${errorInstance.name}: ${errorInstance.message}\n${errorInstance.stack ?? ""}`
          : String(errorInstance),
        path: counterexamplePath ?? "",
      };
    },
  };
}

function ok(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** How a case is run again, for whoever reads that it is wrong. */
export function again(
  name: string,
  { seed, path }: { readonly seed: number; readonly path: string },
): string {
  return `again: deno task fuzz --seed ${seed} --path ${path} '${name.replaceAll("'", "'\\''")}'`;
}
