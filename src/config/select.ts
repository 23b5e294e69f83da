/** Which sessions of a config a word of the command line means: `@group`, `web-*`. Pure. */

/** A session that may be meant. */
export interface Selectable {
  readonly name: string;
  readonly groups: readonly string[];
}

/** A word of the command line: one name, or several sessions of the config. */
export type Selector =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "pattern"; readonly matches: (name: string) => boolean };

/** What a group may be called. */
export const GROUP = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * Reads a word: `@NAME` is a group, `*`, `?` and `[a-z]` make a pattern, and everything else is the
 * name of a session. Engines may have names with such characters: a backslash takes their meaning away.
 */
export function parseSelector(word: string): Selector {
  if (word.startsWith("@") && GROUP.test(word.slice(1))) {
    return { kind: "group", group: word.slice(1) };
  }
  const parts = word.match(/\\[\\@*?[]|\*|\?|\[!?[^\]]+\]|[^]/gu) ?? [];
  if (!parts.some(isWildcard)) return { kind: "name", name: parts.map(literalOf).join("") };
  return { kind: "pattern", matches: (name) => isMatch(parts, [...name]) };
}

/** The word that means the session of that name, and nothing else. */
export function exactWord(name: string): string {
  const selector = parseSelector(name);
  const isExact = selector.kind === "name" && selector.name === name;
  return isExact ? name : name.replaceAll(/[\\@*?[]/g, "\\$&");
}

function isWildcard(part: string): boolean {
  return part === "*" || part === "?" || (part.startsWith("[") && part.length > 1);
}

function literalOf(part: string): string {
  return part.length === 2 && part.startsWith("\\") ? part.slice(1) : part;
}

/** Whether the parts of a pattern are all of a name; each but a star is one character of it. */
function isMatch(parts: readonly string[], name: readonly string[]): boolean {
  // After every part: how many characters it may have come to.
  let ends = new Set([0]);
  for (const part of parts) {
    const from = [...ends];
    ends = part === "*"
      ? new Set(Array.from({ length: name.length + 1 }, (_, at) => at).slice(Math.min(...from)))
      : new Set(from.flatMap((at) => isIn(part, name[at]) ? at + 1 : []));
    if (ends.size === 0) return false;
  }
  return ends.has(name.length);
}

/** Whether a part of a pattern stands for a character, of which there may be none. */
function isIn(part: string, character: string | undefined): boolean {
  if (character === undefined) return false;
  if (part === "?") return true;
  if (!isWildcard(part)) return literalOf(part) === character;
  const isOther = part.startsWith("[!");
  const items = part.slice(isOther ? 2 : 1, -1).match(/[^]-[^]|[^]/gu) ?? [];
  const isListed = items.some((item) => {
    const [from = "", , to = from] = [...item];
    return from <= character && character <= to;
  });
  return isListed !== isOther;
}

/** The names of the sessions that a group or a pattern means, in the order of the config. */
export function selectFrom(
  sessions: readonly Selectable[],
  selector: Exclude<Selector, { readonly kind: "name" }>,
): readonly string[] {
  return sessions.filter(({ name, groups }) =>
    selector.kind === "group" ? groups.includes(selector.group) : selector.matches(name)
  ).map(({ name }) => name);
}

/** All groups of a config, sorted. */
export function groupsOf(sessions: readonly Selectable[]): readonly string[] {
  return [...new Set(sessions.flatMap(({ groups }) => groups))].sort();
}
