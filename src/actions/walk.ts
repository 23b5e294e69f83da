/**
 * Does steps in the order that their needs give: each begins as soon as all that it needs is there,
 * and those that may begin at the same time begin together. Pure of engines: the caller says how.
 */
import type { Condition } from "../model.ts";

/** A step that may need others. */
export interface Walked {
  readonly name: string;
  readonly needs: readonly { readonly name: string; readonly condition: Condition }[];
}

/** How to do steps. */
export interface Walker<S extends Walked, R> {
  /** Begins steps that may go side by side. */
  readonly begin: (steps: readonly S[]) => Promise<readonly Promise<R>[]>;
  /** Waits until a step that was done meets a condition of a step behind it. */
  readonly meets: (step: S, done: R, condition: Condition) => Promise<void>;
  /** The error of a step that cannot begin, since that one failed or does not meet the condition. */
  readonly blocked: (step: S, needed: S, error: unknown) => unknown;
}

/** Does all steps. A step whose needs fail is not begun; all others are. */
export async function walk<S extends Walked, R>(
  steps: readonly S[],
  { begin, meets, blocked }: Walker<S, R>,
): Promise<readonly PromiseSettledResult<R>[]> {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const done = new Map(steps.map((step) => [step.name, Promise.withResolvers<R>()]));
  const met = new Map<string, Promise<void>>();
  const isMet = (needed: S, condition: Condition): Promise<void> => {
    const key = `${condition} ${needed.name}`;
    const waiting = met.get(key) ??
      (async () => {
        const result = await done.get(needed.name)?.promise;
        if (result !== undefined) await meets(needed, result, condition);
      })();
    met.set(key, waiting);
    return waiting;
  };
  let waiting: S[] = [];
  const flush = async (): Promise<void> => {
    const together = waiting;
    waiting = [];
    try {
      const begun = await begin(together);
      together.forEach((step, index) => {
        const { resolve, reject } = done.get(step.name) ?? Promise.withResolvers<R>();
        (begun[index] ?? Promise.reject(new Error("it was not begun"))).then(resolve, reject);
      });
    } catch (error) {
      for (const { name } of together) done.get(name)?.reject(error);
    }
  };
  const ready = (step: S): void => {
    waiting.push(step);
    // All that became possible at the same moment begins together.
    if (waiting.length === 1) queueMicrotask(() => void flush());
  };
  for (const step of steps) {
    const needed = step.needs.flatMap(({ name, condition }) => {
      const other = byName.get(name);
      return other === undefined ? [] : [{ other, condition }];
    });
    if (needed.length === 0) {
      ready(step);
      continue;
    }
    Promise.all(needed.map(async ({ other, condition }) => {
      try {
        await isMet(other, condition);
      } catch (error) {
        throw blocked(step, other, error);
      }
    })).then(() => ready(step), (error) => done.get(step.name)?.reject(error));
  }
  return await Promise.allSettled(steps.map(({ name }) => done.get(name)?.promise as Promise<R>));
}
