/** Finds several sessions in tests that define how one is found. */
import type { Sessions } from "../../src/sessions/sessions.ts";

/** Finds each of several names by `find`. */
export function foundOneByOne(find: Sessions["find"]): Sessions["findEach"] {
  return async (verb, names, selection) => {
    const found = await Promise.allSettled(names.map((name) => find(verb, name, selection)));
    return new Map(
      found.map((each, index): [string, typeof each] => [names[index] ?? "", each]),
    );
  };
}
