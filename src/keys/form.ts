/**
 * What the value of a key can be, as data: reading a config, its schema, the types of values, their
 * JSON and their record are all made from it. Pure, and without the validators that it names: a
 * command that reads no config loads none of them.
 */
import type { StopSignal } from "../model.ts";

/** The rules for texts by name: see `config/rules.ts`. */
export type CheckName =
  | "directory"
  | "group"
  | "image"
  | "network"
  | "port"
  | "probeAddress"
  | "probeUrl"
  | "project"
  | "regex"
  | "restart"
  | "runArgument"
  | "socketName"
  | "text"
  | "user"
  | "volume";

/** What a value can be. */
export type Form =
  | { readonly kind: "text"; readonly check: CheckName }
  | { readonly kind: "flag" }
  | { readonly kind: "choice"; readonly words: readonly string[] }
  /** A signal, also without its first three letters. */
  | { readonly kind: "signal" }
  | {
    readonly kind: "integer";
    /** What it counts, for messages. */
    readonly unit: string;
    readonly min: number;
    readonly max: number;
  }
  /** A length of time; min and max are in the unit, which is what a number without a unit counts. */
  | {
    readonly kind: "duration";
    readonly unit: "seconds" | "milliseconds";
    readonly min: number;
    readonly max: number;
  }
  | { readonly kind: "size"; readonly least: number; readonly most: number }
  /** A string or a list of words. What they say is checked when `shell` is known. */
  | { readonly kind: "command" }
  /** Names and texts; null for a variable that is taken from the environment. */
  | { readonly kind: "variables" }
  | {
    readonly kind: "list";
    readonly item: Form;
    /** Most items; null: any number. */
    readonly limit: number | null;
    /** Whether one item does without a list. */
    readonly orOne: boolean;
  }
  /** Names that the user chooses, each with a value. */
  | { readonly kind: "map"; readonly item: Form; readonly limit: number }
  | ObjectForm
  /** The first of these that has the shape of what is written: a text, a list or a mapping. */
  | { readonly kind: "either"; readonly forms: readonly Form[] };

/** A mapping with keys of its own. */
export interface ObjectForm {
  readonly kind: "object";
  /** What it is, for messages: `a path, or a mapping with path and format`. */
  readonly noun: string;
  readonly keys: Readonly<Record<string, Inner>>;
  /** The key that a text stands for which is written in the place of the mapping. */
  readonly short?: string;
  /** Keys of which it has exactly one, such as `http`, `tcp` and `command`. */
  readonly oneOf?: readonly string[];
}

/** A key below a key. */
interface Inner {
  /** What it is, in the published schema of definitions. */
  readonly about?: string;
  /** The property of the value that it becomes. */
  readonly field: string;
  readonly form: Form;
  /** What is said where the mapping lacks it; without this it need not be there. */
  readonly missing?: string;
  /** What it is where the mapping lacks it; without this null. */
  readonly default?: string | number | boolean;
}

/** What a form gives once it is read. */
export type ValueOf<F extends Form> = F extends { readonly kind: "text" } ? string
  : F extends { readonly kind: "flag" } ? boolean
  : F extends { readonly kind: "choice"; readonly words: readonly (infer W)[] } ? W
  : F extends { readonly kind: "signal" } ? StopSignal
  : F extends { readonly kind: "integer" | "duration" | "size" } ? number
  : F extends { readonly kind: "command" } ? string | readonly string[]
  : F extends { readonly kind: "variables" } ? ReadonlyMap<string, string | null>
  : F extends { readonly kind: "list"; readonly item: infer I extends Form } ? readonly ValueOf<I>[]
  : F extends { readonly kind: "map"; readonly item: infer I extends Form }
    ? Readonly<Record<string, ValueOf<I>>>
  : F extends { readonly kind: "object"; readonly keys: infer K } ? ObjectOf<K>
  : F extends { readonly kind: "either"; readonly forms: readonly (infer E extends Form)[] }
    ? ValueOf<E>
  : never;

type ObjectOf<K> = {
  readonly [N in keyof K as FieldOf<K[N]>]: K[N] extends { readonly form: infer F extends Form }
    ? K[N] extends { readonly missing: string } | { readonly default: unknown } ? ValueOf<F>
    : ValueOf<F> | null
    : never;
};

/** The property that a key becomes. */
export type FieldOf<K> = K extends { readonly field: infer F extends string } ? F : never;

/** A key of a table. */
export interface Key {
  /** What editors show and the reference prints. */
  readonly description: string;
  /** The property of the settings that it becomes. */
  readonly field: string;
  readonly form: Form;
}

/** A table of keys. */
export type Keys = Readonly<Record<string, Key>>;
