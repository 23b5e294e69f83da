/**
 * Parses YAML text into a tree that knows where everything is written. Only this file imports
 * js-yaml.
 *
 * Scalars stay the text that is written, so that `-1001234567890123456`, `1.10`, `0123`, `22:22`
 * and `yes` keep their spelling; only an empty scalar, `~` and `null` are null. Tags change only
 * whether a scalar is null, and never run anything.
 */
import { EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from "js-yaml";
import type { AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from "js-yaml";
import type { Path, Position } from "./config.ts";
import { OPEN_QUOTE, openQuote } from "./open_quote.ts";
import { positionsIn } from "./positions.ts";
import type { Entry, Fault, Node, Tree } from "./tree.ts";

/** Levels of nesting. */
const MAX_DEPTH = 50;
/** Aliases (`*name`) in one file. */
const MAX_ALIASES = 100;
/** Values that all aliases of a file stand for: ten aliases of ten aliases of ten ... grow fast. */
const MAX_ALIASED_VALUES = 100_000;
/** The most mistakes in a file, or in one mapping. With more, it is probably not a config. */
export const MAX_FAULTS = 100;

/**
 * Parses one YAML document; JSON is YAML, too. Never throws.
 *
 * @param base the number of the first character. A place is `base` plus the UTF-16 code units
 *   before it (not counting a byte order mark), so that places tell the files of a config apart
 */
export function parseYaml(text: string, base = 0): Tree {
  const source = withoutMark(text);
  try {
    const events = parseEvents(source, { maxDepth: MAX_DEPTH });
    return compose(events, { source, base });
  } catch (error) {
    return { root: null, faults: [syntaxFault(error, { source, base })] };
  }
}

/** A text without its byte order mark. */
export function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/**
 * A node that aliases may stand for, and the number of values in it, including those of aliases in
 * it.
 */
interface Anchored {
  readonly node: Node;
  readonly size: number;
}

/** Stops reading a file that is beyond help. */
class FatalFault extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

/** Builds nodes from events. It recurses into nested ones; the parser limits their depth. */
function compose(
  events: readonly Event[],
  { source, base }: { source: string; base: number },
): Tree {
  const position = positionsIn(source);
  const faults: Fault[] = [];
  /** Null: the node has begun, but is not complete. */
  const anchors = new Map<string, Anchored | null>();
  /**
   * The path to the current node: one list for all nodes, since a file has a hundred thousand
   * places.
   */
  const path: (string | number)[] = [];
  let next = 0;
  let values = 0;
  let aliases = 0;
  let aliasedValues = 0;

  function fault(at: number, what: Pick<Fault, "message" | "hint" | "isStray">): void {
    if (faults.length === MAX_FAULTS) throw new FatalFault({ at, path: [], ...TOO_MANY_FAULTS });
    faults.push({ at, path: [...path], ...what });
  }

  /** The node that begins with the next event; `keyAt` is the place of an empty one. */
  function node(keyAt: number): Node {
    const event = events[next++];
    values++;
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return event.anchorStart === -1
          ? scalar(event, keyAt)
          : anchored(event, () => scalar(event, keyAt));
      case EVENT_ID.SEQUENCE:
        return event.anchorStart === -1 ? list(event) : anchored(event, () => list(event));
      case EVENT_ID.MAPPING:
        return event.anchorStart === -1 ? map(event) : anchored(event, () => map(event));
      case EVENT_ID.ALIAS:
        return alias(event);
      default:
        return { kind: "null", at: keyAt };
    }
  }

  function anchored(event: { anchorStart: number; anchorEnd: number }, build: () => Node): Node {
    const name = source.slice(event.anchorStart, event.anchorEnd);
    anchors.set(name, null);
    const before = values;
    const built = build();
    anchors.set(name, { node: built, size: values - before + 1 });
    return built;
  }

  function scalar(event: ScalarEvent, keyAt: number): Node {
    const tag = tagOf(event, SCALAR_TAGS);
    const text = getScalarValue(source, event);
    const { style, valueStart } = event;
    const isQuoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
    // The parser's offset of a quoted scalar lies behind the quote.
    const at = valueStart === -1 ? keyAt : base + valueStart - (isQuoted ? 1 : 0);
    const mayBeNull = tag === "!!null" || (style === SCALAR_STYLE.PLAIN && !TEXT_TAGS.has(tag));
    if (mayBeNull && NULLS.has(text)) return { kind: "null", at };
    const isBlock = style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK;
    return { kind: "text", at, text: isBlock ? text.replace(/\n$/, "") : text };
  }

  function list(event: SequenceEvent): Node {
    tagOf(event, LIST_TAGS);
    const items: Node[] = [];
    while (!isEnd()) {
      path.push(items.length);
      items.push(node(base + event.start));
      path.pop();
    }
    next++;
    return { kind: "list", at: base + event.start, items };
  }

  function map(event: MappingEvent): Node {
    tagOf(event, MAP_TAGS);
    const entries = new Map<string, Entry>();
    const merged: Entry[] = [];
    while (!isEnd()) {
      const isMerge = isMergeKey(events[next]);
      const { at, name, isStray } = mapKey(base + event.start);
      path.push(name);
      const before = faults.length;
      const entry = { at, value: node(at) };
      const first = entries.get(name);
      // Mistakes below a key that is left out need no mending: only the key is reported.
      if (isStray) faults.splice(before);
      else if (isMerge) merged.push(entry);
      else if (first === undefined) entries.set(name, entry);
      else fault(at, duplicate(position(first.at - base)));
      path.pop();
    }
    next++;
    for (const { at, value } of merged) {
      if (merge(entries, value)) continue;
      path.push("<<");
      fault(at, BAD_MERGE);
      path.pop();
    }
    return { kind: "map", at: base + event.start, entries };
  }

  /** A key. A key that is not a text is shown in paths by its kind, such as `(null)`. */
  function mapKey(
    mapAt: number,
  ): { readonly at: number; readonly name: string; readonly isStray: boolean } {
    const before = faults.length;
    path.push("(key)");
    const { at, ...key } = node(mapAt);
    path.pop();
    const name = key.kind === "text" ? key.text : `(${key.kind})`;
    if (key.kind === "text" && name !== "__proto__") return { at, name, isStray: false };
    // One mistake is reported, whatever else is wrong inside the key.
    faults.splice(before);
    path.push(name);
    fault(at, STRAY_KEY);
    path.pop();
    return { at, name, isStray: true };
  }

  function alias(event: AliasEvent): Node {
    const at = base + event.anchorStart - 1;
    const built = anchors.get(source.slice(event.anchorStart, event.anchorEnd));
    const size = built?.size ?? 0;
    aliases++;
    values += size;
    aliasedValues += size;
    if (aliases > MAX_ALIASES || aliasedValues > MAX_ALIASED_VALUES) {
      throw new FatalFault({ at, path: [...path], ...TOO_MANY_ALIASES });
    }
    if (built) return built.node;
    fault(at, built === null ? ALIAS_OF_ITSELF : UNKNOWN_ALIAS);
    return { kind: "null", at };
  }

  function tagOf(
    event: { tagStart: number; tagEnd: number },
    known: ReadonlySet<string>,
  ): string {
    if (event.tagStart === -1) return "";
    const tag = source.slice(event.tagStart, event.tagEnd);
    if (!known.has(tag)) fault(base + event.tagStart, UNKNOWN_TAG);
    return tag;
  }

  function isEnd(): boolean {
    const event = events[next];
    return event === undefined || event.type === EVENT_ID.POP;
  }

  function isMergeKey(event: Event | undefined): boolean {
    return event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN &&
      getScalarValue(source, event) === "<<";
  }

  const second = events.findIndex(({ type }, index) => type === EVENT_ID.DOCUMENT && index > 0);
  if (second !== -1) {
    const at = base + startOf(events[second + 1]);
    throw new FatalFault({ at, path: [], ...TWO_DOCUMENTS });
  }
  if (events.length === 0) return { root: null, faults };
  next = 1;
  const root = isEnd() ? null : node(base);
  return { root, faults };
}

function startOf(event: Event | undefined): number {
  if (event === undefined) return 0;
  const start = "start" in event ? event.start : "valueStart" in event ? event.valueStart : 0;
  return Math.max(0, start);
}

/** Adds the keys that a mapping does not have itself. The first of several sources wins. */
function merge(entries: Map<string, Entry>, source: Node): boolean {
  if (source.kind === "list") {
    return source.items.every((item) => item.kind === "map" && merge(entries, item));
  }
  if (source.kind !== "map") return false;
  for (const [key, entry] of source.entries) {
    if (!entries.has(key)) entries.set(key, entry);
  }
  return true;
}

/** YAML 1.2.2, 10.3.2. */
const NULLS = new Set(["", "~", "null", "Null", "NULL"]);
/** Tags that keep a scalar as written. */
const TEXT_TAGS = new Set(["!", "!!str"]);
const SCALAR_TAGS = new Set([...TEXT_TAGS, "!!null", "!!int", "!!float", "!!bool"]);
const LIST_TAGS = new Set(["!", "!!seq"]);
const MAP_TAGS = new Set(["!", "!!map"]);

// These messages never show the text of the file: `PASSWORD: *secret` is an alias, too.
const UNKNOWN_TAG = {
  message: "tags are not supported",
  hint: "put quotes around a value that begins with !",
};
const UNKNOWN_ALIAS = {
  message: "this alias has no anchor",
  hint: "put quotes around a value that begins with *",
};
const ALIAS_OF_ITSELF = {
  message: "this alias stands for a value that contains it",
  hint: null,
};
const TOO_MANY_ALIASES = {
  message:
    `the aliases are too many (${MAX_ALIASES} are allowed) or stand for too many values (${MAX_ALIASED_VALUES})`,
  hint: "write the values out",
};
/** Replaces all further mistakes. */
export const TOO_MANY_FAULTS = {
  message: `there are more than ${MAX_FAULTS} mistakes up to here`,
  hint: "is it a config file?",
};
const STRAY_KEY = {
  message: "this cannot be a key",
  hint: "a key is a text: put quotes around it",
  isStray: true,
} as const;
const BAD_MERGE = {
  message: "<< needs a mapping or a list of mappings",
  hint: "give it an alias, such as <<: *name",
};
const TWO_DOCUMENTS = {
  message: "the file has more than one document",
  hint: "remove what comes after the second ---",
};

function duplicate(first: Position): Pick<Fault, "message" | "hint"> {
  return { message: `the key is already there, on line ${first.line}`, hint: "remove one of them" };
}

/** js-yaml's reasons that say too little, or show too much of the value. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^null byte/, "it has a NUL byte, so it is no text"],
  [/^nesting exceeded/, `it is nested more than ${MAX_DEPTH} levels deep`],
  [/^tab characters must not/, "a tab is used for indentation, where YAML wants spaces"],
  [/^tag name cannot|^undeclared tag|^tag suffix|^named tag/, UNKNOWN_TAG.message],
  [/^duplication of a tag|^unknown scalar tag/, UNKNOWN_TAG.message],
];

function syntaxFault(
  thrown: unknown,
  { source, base }: { readonly source: string; readonly base: number },
): Fault {
  if (thrown instanceof FatalFault) return thrown.fault;
  if (!(thrown instanceof YAMLException)) {
    const message = "it cannot be read as YAML";
    return { at: base, path: [], message, hint: null };
  }
  const wrong = thrown.mark?.position ?? 0;
  const isOther = /^null byte|^nesting/.test(thrown.reason);
  const quote = isOther ? null : openQuote(source, wrong);
  if (quote !== null) return { at: base + quote, path: [], ...OPEN_QUOTE };
  const [, reason] = REASONS.find(([pattern]) => pattern.test(thrown.reason)) ?? [];
  const message = reason ?? `it is not YAML: ${thrown.reason.replace(/: .*$|"[^"]*" /gs, "")}`;
  const hint = /^bad indentation|^tab characters|^deficient/.test(thrown.reason)
    ? "check the indentation, and put quotes around a value with a colon or special characters"
    : null;
  return { at: base + wrong, path: [], message, hint };
}

/** A scalar of a text, by the offsets of its begin and end. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  /** A key has the path of its value. */
  readonly path: Path;
  readonly isKey: boolean;
}

/**
 * Every scalar of a text, in order, each where it is written, including keys that are there twice:
 * for showing a part of the text. Null when the text cannot be read.
 */
export function marksIn(source: string): readonly Mark[] | null {
  const marks: Mark[] = [];
  let next = 1;

  function mark(path: Path, isKey: boolean): string {
    const event = events[next++];
    switch (event?.type) {
      case EVENT_ID.SCALAR: {
        if (event.valueStart !== -1) {
          marks.push({ from: event.valueStart, to: event.valueEnd, path, isKey });
        }
        return getScalarValue(source, event);
      }
      case EVENT_ID.SEQUENCE:
        for (let index = 0; !isEnd(); index++) mark([...path, index], false);
        next++;
        return "";
      case EVENT_ID.MAPPING:
        while (!isEnd()) {
          const first = marks.length;
          const key = mark(path, true);
          const here = [...path, key];
          const own = marks[first];
          if (own !== undefined) marks[first] = { ...own, path: here };
          mark(here, false);
        }
        next++;
        return "";
      default:
        return "";
    }
  }

  function isEnd(): boolean {
    const event = events[next];
    return event === undefined || event.type === EVENT_ID.POP;
  }

  let events: readonly Event[];
  try {
    events = parseEvents(source, { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (error instanceof YAMLException) return null;
    throw error;
  }
  while (next < events.length) mark([], false);
  return marks;
}
