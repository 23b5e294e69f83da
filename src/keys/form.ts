/**
 * What the value of a key can be, as data: the reader of configs, the schema, the types of values,
 * their JSON and their record all derive from it. Pure, and without the validators that it names: a
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
  | "sessionName"
  | "socketName"
  | "text"
  | "user"
  | "volume";

/** What a value can be. */
export type Form =
  | { readonly kind: "text"; readonly check: CheckName }
  | { readonly kind: "flag" }
  | { readonly kind: "choice"; readonly words: readonly string[] }
  /** A signal, even without its first three letters. */
  | { readonly kind: "signal" }
  | {
    readonly kind: "integer";
    /** The unit, for messages. */
    readonly unit: string;
    readonly min: number;
    readonly max: number;
  }
  /** A length of time; min and max are in the unit, which is also that of a number without one. */
  | {
    readonly kind: "duration";
    readonly unit: "seconds" | "milliseconds";
    readonly min: number;
    readonly max: number;
  }
  | { readonly kind: "size"; readonly least: number; readonly most: number }
  /** A string or a list of words. The content is checked when `shell` is known. */
  | { readonly kind: "command" }
  /** Names and texts; null for a variable whose value comes from the environment. */
  | { readonly kind: "variables" }
  | {
    readonly kind: "list";
    readonly item: Form;
    /** The most items; null: any number. */
    readonly limit: number | null;
    /** Whether a single item may be written without a list. */
    readonly orOne: boolean;
  }
  /** Names that the user chooses, each with a value. */
  | { readonly kind: "map"; readonly item: Form; readonly limit: number }
  | ObjectForm
  /** The first of these with the shape of the written value: a text, a list or a mapping. */
  | { readonly kind: "either"; readonly forms: readonly Form[] };

/** A mapping with fixed keys. */
export interface ObjectForm {
  readonly kind: "object";
  /** Its description for messages: `a path, or a mapping with path and format`. */
  readonly noun: string;
  readonly keys: Readonly<Record<string, Inner>>;
  /** The key that a text in place of the mapping stands for. */
  readonly short?: string;
  /** Exactly one of these keys must be there, such as `http`, `tcp` and `command`. */
  readonly oneOf?: readonly string[];
}

/** A key below a key. */
interface Inner {
  /** Its description in the published schema of definitions. */
  readonly about?: string;
  /** Its property in the value. */
  readonly field: string;
  readonly form: Form;
  /** The message when the mapping lacks it; missing: the key is optional. */
  readonly missing?: string;
  /** Its value when the mapping lacks it; missing: null. */
  readonly default?: string | number | boolean;
}

/** The type of a value with this form. */
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

/** The property for a key. */
export type FieldOf<K> = K extends { readonly field: infer F extends string } ? F : never;

/** A key of a table. */
export interface Key {
  /** The text for editors and the reference. */
  readonly description: string;
  /** Its property in the settings. */
  readonly field: string;
  readonly form: Form;
}

/** A table of keys. */
export type Keys = Readonly<Record<string, Key>>;
