/**
 * YAML text to a tree that knows where everything is. The only file that imports js-yaml.
 *
 * Scalars stay the text that was written, so that `-1001234567890123456`, `1.10`, `0123`, `22:22`
 * and `yes` mean what they say; only an empty one, `~` and `null` are null. Tags change nothing but
 * that, and never run anything.
 */
import { EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from "js-yaml";
import type { AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from "js-yaml";
import type { Path, Position } from "./config.ts";

/** Levels of nesting. */
export const MAX_DEPTH = 50;
/** Aliases (`*name`) in one file. */
export const MAX_ALIASES = 100;
/** Values that all aliases of a file stand for: ten aliases of ten aliases of ten ... grow fast. */
export const MAX_ALIASED_VALUES = 100_000;
/** Mistakes after which a file is taken for something else. */
const MAX_FAULTS = 100;

/** A value in a file; `at` is where it begins, in UTF-16 code units. */
export type Node = TextNode | NullNode | ListNode | MapNode;
/** A scalar. */
export interface TextNode {
  readonly kind: "text";
  readonly at: number;
  readonly text: string;
}
/** No value; `at` is where the key is. */
export interface NullNode {
  readonly kind: "null";
  readonly at: number;
}
/** A list. */
export interface ListNode {
  readonly kind: "list";
  readonly at: number;
  readonly items: readonly Node[];
}
/** A mapping. */
export interface MapNode {
  readonly kind: "map";
  readonly at: number;
  readonly entries: ReadonlyMap<string, Entry>;
}
/** A key and its value; `at` is where the key begins. */
export interface Entry {
  readonly at: number;
  readonly value: Node;
}

/** What is wrong at one place of a file. */
export interface Fault {
  readonly at: number;
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
}

/** A file as a tree. */
export interface Tree {
  /** Null when the text has no value, or cannot be read. */
  readonly root: Node | null;
  readonly faults: readonly Fault[];
  readonly position: (at: number) => Position;
}

/** Reads one YAML document; JSON is YAML, too. Never throws. */
export function parseYaml(text: string): Tree {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  const position = positionsIn(source);
  try {
    const events = parseEvents(source, { maxDepth: MAX_DEPTH });
    return { ...compose(events, { source, position }), position };
  } catch (error) {
    return { root: null, faults: [syntaxFault(error)], position };
  }
}

/** A node and the number of values in it, those behind aliases included. */
interface Built {
  readonly node: Node;
  readonly size: number;
}

/** Stops the reading of a file that is not worth it. */
class FatalFault extends Error {
  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

/** Events to nodes. It calls itself for what is nested, which the parser has limited. */
function compose(
  events: readonly Event[],
  { source, position }: { source: string; position: (at: number) => Position },
): Pick<Tree, "root" | "faults"> {
  const faults: Fault[] = [];
  /** Null: begun, and not yet complete. */
  const anchors = new Map<string, Built | null>();
  let next = 0;
  let aliases = 0;
  let aliasedValues = 0;

  function fault(at: number, path: Path, what: Pick<Fault, "message" | "hint">): void {
    if (faults.length === MAX_FAULTS) throw new FatalFault({ at, path: [], ...TOO_MANY_FAULTS });
    faults.push({ at, path, ...what });
  }

  /** The node that begins with the next event; `keyAt` is its place when it is empty. */
  function node(path: Path, keyAt: number): Built {
    const event = events[next++];
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return anchored(event, () => scalar(event, path, keyAt));
      case EVENT_ID.SEQUENCE:
        return anchored(event, () => list(event, path));
      case EVENT_ID.MAPPING:
        return anchored(event, () => map(event, path));
      case EVENT_ID.ALIAS:
        return alias(event, path);
      default:
        return { node: { kind: "null", at: keyAt }, size: 1 };
    }
  }

  function anchored(event: { anchorStart: number; anchorEnd: number }, build: () => Built): Built {
    if (event.anchorStart === -1) return build();
    const name = source.slice(event.anchorStart, event.anchorEnd);
    anchors.set(name, null);
    const built = build();
    anchors.set(name, built);
    return built;
  }

  function scalar(event: ScalarEvent, path: Path, keyAt: number): Built {
    const tag = tagOf(event, path, SCALAR_TAGS);
    const text = getScalarValue(source, event);
    const { style, valueStart } = event;
    const isQuoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
    // The offset of a quoted scalar lies inside of the quote.
    const at = valueStart === -1 ? keyAt : valueStart - (isQuoted ? 1 : 0);
    const mayBeNull = tag === "!!null" || (style === SCALAR_STYLE.PLAIN && !TEXT_TAGS.has(tag));
    if (mayBeNull && NULLS.has(text)) return { node: { kind: "null", at }, size: 1 };
    const isBlock = style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK;
    return { node: { kind: "text", at, text: isBlock ? text.replace(/\n$/, "") : text }, size: 1 };
  }

  function list(event: SequenceEvent, path: Path): Built {
    tagOf(event, path, LIST_TAGS);
    const items: Node[] = [];
    let size = 1;
    while (!isEnd()) {
      const item = node([...path, items.length], event.start);
      items.push(item.node);
      size += item.size;
    }
    next++;
    return { node: { kind: "list", at: event.start, items }, size };
  }

  function map(event: MappingEvent, path: Path): Built {
    tagOf(event, path, MAP_TAGS);
    const entries = new Map<string, Entry>();
    const merged: Entry[] = [];
    let size = 1;
    while (!isEnd()) {
      const isMerge = isMergeKey(events[next]);
      const key = node(path, event.start).node;
      const name = key.kind === "text" ? key.text : "";
      const here = key.kind === "text" ? [...path, name] : path;
      const value = node(here, key.at);
      size += value.size;
      const entry = { at: key.at, value: value.node };
      const first = entries.get(name);
      if (isMerge) merged.push(entry);
      else if (key.kind !== "text" || name === "__proto__") fault(key.at, here, BAD_KEY);
      else if (first === undefined) entries.set(name, entry);
      else fault(key.at, here, duplicate(position(first.at)));
    }
    next++;
    for (const { at, value } of merged) {
      if (!merge(entries, value)) fault(at, [...path, "<<"], BAD_MERGE);
    }
    return { node: { kind: "map", at: event.start, entries }, size };
  }

  function alias(event: AliasEvent, path: Path): Built {
    const at = event.anchorStart - 1;
    const built = anchors.get(source.slice(event.anchorStart, event.anchorEnd));
    aliases++;
    aliasedValues += built?.size ?? 0;
    if (aliases > MAX_ALIASES || aliasedValues > MAX_ALIASED_VALUES) {
      throw new FatalFault({ at, path, ...TOO_MANY_ALIASES });
    }
    if (built) return built;
    fault(at, path, built === null ? ALIAS_OF_ITSELF : UNKNOWN_ALIAS);
    return { node: { kind: "null", at }, size: 1 };
  }

  function tagOf(
    event: { tagStart: number; tagEnd: number },
    path: Path,
    known: ReadonlySet<string>,
  ): string {
    if (event.tagStart === -1) return "";
    const tag = source.slice(event.tagStart, event.tagEnd);
    if (!known.has(tag)) fault(event.tagStart, path, UNKNOWN_TAG);
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

  const documents = events.filter((event) => event.type === EVENT_ID.DOCUMENT).length;
  if (documents > 1) throw new FatalFault({ at: 0, path: [], ...TWO_DOCUMENTS });
  if (documents === 0) return { root: null, faults };
  next = 1;
  const root = isEnd() ? null : node([], 0).node;
  return { root, faults };
}

/** Fills in what a mapping does not say itself; of several sources the first wins. */
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
/** Tags under which a scalar stays what is written. */
const TEXT_TAGS = new Set(["!", "!!str"]);
const SCALAR_TAGS = new Set([...TEXT_TAGS, "!!null", "!!int", "!!float", "!!bool"]);
const LIST_TAGS = new Set(["!", "!!seq"]);
const MAP_TAGS = new Set(["!", "!!map"]);

// None of these shows what is written there: `PASSWORD: *secret` is an alias, too.
const UNKNOWN_TAG = {
  message: "tags are not supported",
  hint: "put quotes around a value that begins with !",
};
const UNKNOWN_ALIAS = {
  message: "this alias has no anchor",
  hint: "put quotes around a value that begins with *",
};
const ALIAS_OF_ITSELF = {
  message: "this alias stands for something that it is a part of",
  hint: null,
};
const TOO_MANY_ALIASES = {
  message:
    `the aliases are too many (${MAX_ALIASES} are allowed) or stand for too many values (${MAX_ALIASED_VALUES})`,
  hint: "write the values out",
};
const TOO_MANY_FAULTS = {
  message: `there are more than ${MAX_FAULTS} mistakes up to here`,
  hint: "is it a config file?",
};
const BAD_KEY = { message: "this cannot be a key", hint: "a key is a text" };
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

/** js-yaml's reasons that say too little, or too much of the value. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^null byte/, "it has a NUL byte, so it is no text"],
  [/^nesting exceeded/, `it is nested more than ${MAX_DEPTH} levels deep`],
  [/^tab characters must not/, "a tab is used for indentation, where YAML wants spaces"],
  [/^tag name cannot|^undeclared tag|^tag suffix|^named tag/, UNKNOWN_TAG.message],
  [/^duplication of a tag|^unknown scalar tag/, UNKNOWN_TAG.message],
];

function syntaxFault(thrown: unknown): Fault {
  if (thrown instanceof FatalFault) return thrown.fault;
  if (!(thrown instanceof YAMLException)) {
    const message = "it cannot be read as YAML";
    return { at: 0, path: [], message, hint: null };
  }
  const [, reason] = REASONS.find(([pattern]) => pattern.test(thrown.reason)) ?? [];
  const message = reason ?? `it is not YAML: ${thrown.reason.replace(/: .*$|"[^"]*" /gs, "")}`;
  const hint = /^bad indentation|^tab characters|^deficient/.test(thrown.reason)
    ? "check the indentation, and put quotes around a value with a colon or special characters"
    : null;
  return { at: thrown.mark?.position ?? 0, path: [], message, hint };
}

/** Offsets to lines and columns. The lines are looked for when the first is asked for. */
function positionsIn(source: string): (at: number) => Position {
  let starts: number[] | null = null;
  return (at) => {
    starts ??= [0, ...source.matchAll(/\r\n|\n|\r/g).map((m) => m.index + m[0].length)];
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(1, at - (starts[low] ?? 0) + 1) };
  };
}
