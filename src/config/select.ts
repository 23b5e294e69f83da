/** Finds the sessions of a config that a word of the command line means: `@group`, `web-*`. Pure. */

/** A session that a word may mean. */
export interface Selectable {
  readonly name: string;
  readonly groups: readonly string[];
}

/** A word of the command line: one name, or several sessions of the config. */
export type Selector =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "pattern"; readonly matches: (name: string) => boolean };

/** The rule for names of groups. */
export const GROUP = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * Parses a word: `@NAME` is a group; `*`, `?` and `[a-z]` make a pattern; everything else is the
 * name of a session. Names in engines may contain these characters: a backslash takes their meaning
 * away.
 */
export function parseSelector(word: string): Selector {
  if (word.startsWith("@") && GROUP.test(word.slice(1))) {
    return { kind: "group", group: word.slice(1) };
  }
  const parts = word.match(/\\[\\@*?[]|\*|\?|\[!?[^\]]+\]|[^]/gu) ?? [];
  if (!parts.some(isWildcard)) return { kind: "name", name: parts.map(literalOf).join("") };
  return { kind: "pattern", matches: (name) => isMatch(parts, [...name]) };
}

/** The word that means exactly the session with this name. */
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

/** Whether the parts of a pattern match a whole name. Each part but a star matches one character. */
function isMatch(parts: readonly string[], name: readonly string[]): boolean {
  // The numbers of characters that the parts so far may have matched.
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

/** Whether a part of a pattern matches a character. False at the end of the name. */
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

/** The names of the sessions in a group or of a pattern, in the order of the config. */
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
