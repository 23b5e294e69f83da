/** Finds what names stand for, with one survey of the engines however many names an action has. */
import { foundIn } from "../sessions/find.ts";
import type { Found, Match, Selection } from "../sessions/sessions.ts";
import type { Tools } from "./tools.ts";

/** Finds what a name stands for. */
export type Look = () => Promise<Match>;

/** Finds all names in one survey, at the first look for any of them. A second look is fresh. */
export function surveyOnce(
  { sessions }: Pick<Tools, "sessions">,
  names: readonly string[],
  { verb, selection }: { readonly verb: string; readonly selection: Selection },
): (name: string) => Look {
  let found: Promise<Found> | null = null;
  return (name) => {
    let isFirst = true;
    return async () => {
      if (!isFirst) return await sessions().find(verb, name, selection);
      isFirst = false;
      found ??= sessions().findEach(verb, names, selection);
      return foundIn(await found, verb, name);
    };
  };
}
