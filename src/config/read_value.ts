/** Reads a node of a config as the value that its key wants, or reports what is wrong. Pure. */
import type { Form, ObjectForm } from "../keys/form.ts";
import { STOP_SIGNALS } from "../model.ts";
import { closest } from "../suggest.ts";
import { parseDuration } from "../validate/duration.ts";
import { MAX_ENV_VARIABLES } from "../validate/env.ts";
import { parseSize } from "../validate/size.ts";
import { CHECKS, mistakeOf, mistakesOf } from "./rules.ts";
import type { Path } from "./config.ts";
import {
  hasVariables,
  interpolate,
  type Lookup,
  type Mistake,
  spellingMistakes,
} from "./interpolate.ts";
import type { Entry, MapNode, Node } from "./tree.ts";

/** How to read a value. */
export interface Reading {
  /** Reports a mistake at a node, with the path from the key to the node. */
  readonly note: (node: Pick<Node, "at">, below: Path, mistake: Mistake) => void;
  /** The same for an unset variable. */
  readonly unset: Reading["note"];
  /**
   * Whether texts keep their variables until a start fills them in and checks them. A value that is
   * not a text needs them filled in before it can be read.
   */
  readonly isTemplate: boolean;
  readonly lookup: Lookup;
  /** Collects values from the environment. */
  readonly secrets: string[];
}

/**
 * Reads the value of a node, which has the type that `ValueOf` gives for its form. A mistake is
 * noted, and the value is then undefined.
 */
export function readValue(form: Form, given: Node, below: Path, reading: Reading): unknown {
  const node = filled(form, given, below, reading);
  if (node === undefined) return undefined;
  const refuse = (message: string, hint: string | null = null): undefined => {
    reading.note(node, below, { message, hint });
    return undefined;
  };
  const text = node.kind === "text" ? node.text : null;
  switch (form.kind) {
    case "text": {
      if (text === null) return refuse("must be text");
      const found = reading.isTemplate && hasVariables(text)
        ? spellingMistakes(text)
        : mistakesOf(CHECKS[form.check], text);
      for (const mistake of found) reading.note(node, below, mistake);
      return found.length === 0 ? text : undefined;
    }
    case "flag": {
      const word = text?.toLowerCase();
      return word === "true" || word === "false"
        ? word === "true"
        : refuse("must be true or false");
    }
    case "choice":
      return choice(text ?? "", form.words, refuse);
    case "signal": {
      const isShort = STOP_SIGNALS.some((signal) => signal.slice(3) === text);
      return choice(`${isShort ? "SIG" : ""}${text ?? ""}`, STOP_SIGNALS, refuse);
    }
    case "integer": {
      const { unit, min, max } = form;
      const value = text !== null && /^(?:0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : Infinity;
      if (value >= min && value <= max) return value;
      return refuse(`must be a whole number of ${unit}, ${min} to ${max}`);
    }
    case "duration": {
      const { unit, min, max } = form;
      const unitMs = unit === "seconds" ? 1000 : 1;
      const ms = text === null ? null : parseDuration(text, unitMs);
      if (ms !== null && ms >= min * unitMs && ms <= max * unitMs) return ms / unitMs;
      return refuse(
        `must be a duration such as 500ms, 10s or 1m30s, or a number of ${unit}, ${min} to ${max}`,
      );
    }
    case "size":
      if (text === null) return refuse("must be a size");
      try {
        return parseSize(text, form);
      } catch (error) {
        reading.note(node, below, mistakeOf(error));
        return undefined;
      }
    case "command": {
      if (text !== null) return text;
      const words = node.kind === "list"
        ? node.items.flatMap((item) => item.kind === "text" ? item.text : [])
        : null;
      return node.kind === "list" && words?.length === node.items.length
        ? words
        : refuse("must be text or a list of texts");
    }
    case "variables":
      if (node.kind !== "map") {
        return refuse("must be a mapping of names to texts, or a list of NAME=value");
      }
      return variables(node, { below, reading, refuse });
    case "list": {
      const isOne = form.orOne && takes(form.item, node);
      const items = node.kind === "list" ? node.items : isOne ? [node] : null;
      if (items === null) return refuse("must be a list");
      if (form.limit !== null && items.length > form.limit) {
        return refuse(tooMany(items, form.limit));
      }
      return whole(
        items.map((item, index) =>
          readValue(form.item, item, node.kind === "list" ? [...below, index] : below, reading)
        ),
      );
    }
    case "map": {
      if (node.kind !== "map") return refuse("must be a mapping");
      const { entries } = node;
      if (entries.size > form.limit) return refuse(tooMany([...entries], form.limit));
      const names = [...entries.keys()];
      const values = whole(
        Array.from(
          entries,
          ([name, { value }]) => readValue(form.item, value, [...below, name], reading),
        ),
      );
      return values && Object.fromEntries(values.map((value, index) => [names[index], value]));
    }
    case "object":
      if (form.short !== undefined && text !== null) {
        const entry = { at: node.at, value: node };
        return object(form, new Map([[form.short, entry]]), {
          node,
          below,
          reading,
          isShort: true,
        });
      }
      if (node.kind !== "map") return refuse(`must be ${form.noun}`);
      return object(form, node.entries, { node, below, reading, isShort: false });
    case "either": {
      const fitting = form.forms.find((each) => takes(each, node));
      return fitting === undefined
        ? refuse(`must be ${alternatives(form.forms.map(shapeOf))}`)
        : readValue(fitting, node, below, reading);
    }
  }
}

/** Forms whose variables may wait for a start. */
const MAY_WAIT: ReadonlySet<Form["kind"]> = new Set(["text", "command"]);
/** Forms whose texts are filled in further down, if there are any. */
const NOT_HERE: ReadonlySet<Form["kind"]> = new Set(["list", "object", "either"]);

/** The node with its variables filled in; undefined when that fails. */
function filled({ kind }: Form, node: Node, below: Path, reading: Reading): Node | undefined {
  if (node.kind === "list" && kind === "command" && !reading.isTemplate) {
    const items = node.items.map((item, index) =>
      filled({ kind }, item, [...below, index], reading)
    );
    return items.includes(undefined)
      ? undefined
      : { ...node, items: items.flatMap((x) => x ?? []) };
  }
  if (node.kind !== "text" || NOT_HERE.has(kind) || !hasVariables(node.text)) return node;
  if (reading.isTemplate && MAY_WAIT.has(kind)) return node;
  const misspelled = spellingMistakes(node.text);
  for (const mistake of misspelled) reading.note(node, below, mistake);
  if (misspelled.length > 0) return undefined;
  const { text, mistakes, secrets } = interpolate(node.text, reading.lookup);
  for (const mistake of mistakes) reading.unset(node, below, mistake);
  reading.secrets.push(...secrets);
  return mistakes.length === 0 ? { ...node, text } : undefined;
}

type Refuse = (message: string, hint?: string | null) => undefined;

function choice(text: string, words: readonly string[], refuse: Refuse): string | undefined {
  if (words.includes(text)) return text;
  const near = closest(text, words);
  return refuse(
    `must be ${alternatives(words)}`,
    near === null ? null : `did you mean "${near}"?`,
  );
}

function alternatives(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function variables(
  { entries }: MapNode,
  { below, reading, refuse }: { below: Path; reading: Reading; refuse: Refuse },
): ReadonlyMap<string, string | null> | undefined {
  if (entries.size > MAX_ENV_VARIABLES) return refuse(tooMany([...entries], MAX_ENV_VARIABLES));
  const values = new Map<string, string | null>();
  for (const [name, { value }] of entries) {
    if (value.kind === "text") values.set(name, value.text);
    else if (value.kind === "null") values.set(name, null);
    else {
      reading.note(value, [...below, name], { message: "must be text, or nothing", hint: null });
    }
  }
  return values.size === entries.size ? values : undefined;
}

function object(
  { keys, oneOf = [] }: ObjectForm,
  entries: ReadonlyMap<string, Entry>,
  { node, below, reading, isShort }: {
    node: Node;
    below: Path;
    reading: Reading;
    isShort: boolean;
  },
): Readonly<Record<string, unknown>> | undefined {
  let isWhole = true;
  const refuse = (at: number, path: Path, mistake: Mistake) => {
    reading.note({ at }, path, mistake);
    isWhole = false;
  };
  for (const [name, { at }] of entries) {
    if (Object.hasOwn(keys, name) || isFreeKey(name)) continue;
    refuse(at, [...below, name], unknownKey(name, Object.keys(keys)));
  }
  const said = oneOf.filter((name) => (entries.get(name)?.value.kind ?? "null") !== "null");
  if (oneOf.length > 0 && said.length !== 1) {
    const [, second] = said;
    const at = second === undefined ? node.at : entries.get(second)?.at ?? node.at;
    refuse(at, second === undefined ? below : [...below, second], {
      message: `must have exactly one of ${oneOf.join(", ")}`,
      hint: null,
    });
  }
  const result: Record<string, unknown> = {};
  for (const [name, { field, form, missing, default: unsaid = null }] of Object.entries(keys)) {
    const value = entries.get(name)?.value;
    if (value === undefined || value.kind === "null") {
      if (missing !== undefined) refuse(node.at, below, { message: missing, hint: null });
      result[field] = unsaid;
      continue;
    }
    const read = readValue(form, value, isShort ? below : [...below, name], reading);
    if (read === undefined) isWhole = false;
    result[field] = read;
  }
  return isWhole ? result : undefined;
}

/** Whether a form accepts a node of this shape. */
function takes(form: Form, node: Node): boolean {
  switch (form.kind) {
    case "list":
      return node.kind === "list" || form.orOne && takes(form.item, node);
    case "map":
    case "variables":
      return node.kind === "map";
    case "object":
      return node.kind === "map" || form.short !== undefined && node.kind === "text";
    case "command":
      return node.kind === "text" || node.kind === "list";
    case "either":
      return form.forms.some((each) => takes(each, node));
    default:
      return node.kind === "text";
  }
}

function shapeOf({ kind }: Form): string {
  return kind === "list" ? "a list" : kind === "map" || kind === "object" ? "a mapping" : "text";
}

function tooMany({ length }: readonly unknown[], limit: number): string {
  return `there are ${length} of them, at most ${limit} are allowed`;
}

/** All values, or undefined when one is wrong. */
function whole(values: readonly unknown[]): readonly unknown[] | undefined {
  return values.includes(undefined) ? undefined : values;
}

/**
 * Whether the key may stand beside fixed keys: `x-...` is a place for YAML anchors, as in compose
 * files.
 */
export function isFreeKey(key: string): boolean {
  return key.startsWith("x-");
}

/** The mistake for an unknown key. */
export function unknownKey(key: string, known: Iterable<string>): Mistake {
  const near = closest(key, known);
  return { message: "unknown key", hint: near === null ? null : `did you mean "${near}"?` };
}
