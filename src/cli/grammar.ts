/**
 * What a table of commands can say. The table is data, so that parser, help, completions and README
 * come from one source. The types derive from each command's entry what its code is given.
 */
import type { Context, Reply } from "./command.ts";

/** What a value stands for, so that a shell can offer candidates. Without it: any text. */
export type Kind =
  | "file"
  | "directory"
  | "socket"
  | "owner"
  | "session"
  | "defined session"
  | "image"
  | "operation"
  | "waiting operation";

/** A value of a flag or an argument. */
export interface Value {
  /** The placeholder: `seconds` is shown as `<seconds>`. */
  readonly name: string;
  readonly kind?: Kind;
  /** The only allowed words. */
  readonly choices?: readonly string[];
  /** Parses the text; null: it is refused, as `rule` says. */
  readonly read?: (text: string) => unknown;
  /** `it must be a whole number`. */
  readonly rule?: string;
  /** Loads a check with an error of its own, for a value that a config may contain, too. */
  readonly check?: () => Promise<(text: string) => unknown>;
}

/** A flag. Its key in the table is its long name without dashes. */
export interface Flag {
  /** One letter. */
  readonly short?: string;
  readonly about: string;
  /** Its heading in the help; without it, `Options:`. */
  readonly group?: string;
  /** Without it, the flag takes no value. */
  readonly value?: Value;
  /** Every value counts, not only the last one. */
  readonly repeats?: true;
  /** Its key is `wait`, but users write `--no-wait`. */
  readonly negated?: true;
  /** The value when it is not given. */
  readonly default?: string | number;
  /** It asks for a text; nothing is run. */
  readonly asks?: Question;
}

/** The texts that flags can ask for. */
export type Question = "help" | "version";

/** Flags by their long names. */
export type Flags = Readonly<Record<string, Flag>>;

/** An argument. Its key in the table is its property for the command. */
export interface Argument extends Value {
  readonly about: string;
  readonly required?: true;
  /** It takes all remaining words; only the last argument can. */
  readonly variadic?: true;
}

/** Arguments in their order: required ones first. */
type Arguments = Readonly<Record<string, Argument>>;

/** What every entry of the table has. */
interface Described {
  readonly about: string;
  /** Its heading in the help; without it, `Commands:`. */
  readonly group?: string;
  readonly aliases?: readonly string[];
  /** Command lines, each with its effect. */
  readonly examples?: Readonly<Record<string, string>>;
}

/** A command whose exact type is not known. */
export interface Command extends Described {
  readonly arguments: Arguments;
  readonly flags: Flags;
  /** Whether the words behind `--` are a command line of their own (`argv`), not arguments. */
  readonly argv?: boolean;
  /** Behind so many arguments every word is one more, even if it looks like a flag. */
  readonly rest?: number;
  /** The arguments as the help shows them, when it can say more than their list does. */
  readonly usage?: string;
  /** Loads the code. */
  readonly load: () => Promise<
    (context: Context, given: Readonly<Record<string, unknown>>) => Reply | Promise<Reply>
  >;
}

/** Commands below a word of their own, as in `kstops config validate`. */
export interface Group extends Described {
  readonly commands: Commands;
}

/** Commands by their names. */
export type Commands = Readonly<Record<string, Command | Group>>;

/** The whole table. */
export interface Program<G extends Flags = Flags> extends Group {
  readonly name: string;
  /** Flags that work before and after every command. */
  readonly flags: G;
  /** The command `help`, another form of `--help`. */
  readonly help: Described;
}

/**
 * An entry of the table: a command whose code takes exactly what its arguments and flags give.
 *
 * @example
 * ```ts
 * command({
 *   about: "one session, every known property",
 *   arguments: { name: { name: "name", about: "the session", required: true } },
 *   flags: { quiet: { short: "q", about: "print nothing" } },
 *   // status(context: Context, flags: { readonly name: string; readonly quiet?: true })
 *   load: async () => (await import("./commands/status.ts")).status,
 * });
 * ```
 */
export function command<
  const A extends Arguments = Record<never, Argument>,
  const F extends Flags = Record<never, Flag>,
  const P extends boolean = false,
>(
  { load, ...entry }: Omit<Command, "arguments" | "flags" | "argv" | "load"> & {
    readonly arguments?: A;
    readonly flags?: F;
    readonly argv?: P;
    readonly load: () => Promise<
      (context: Context, given: NoInfer<Given<A, F, P>>) => Reply | Promise<Reply>
    >;
  },
): Command {
  // The parser gives a command what its entry says, and `Given` derives its type from the entry.
  return { arguments: {}, flags: {}, ...entry, load: load as unknown as Command["load"] };
}

/** What a command is given. */
type Given<A extends Arguments, F extends Flags, P extends boolean> =
  & GivenArguments<A>
  & GivenFlags<F>
  & (P extends true ? { readonly argv: readonly string[] | null } : unknown);

/** The type of flags: `--env-file FILE`, repeatable, is `envFile?: readonly string[]`. */
export type GivenFlags<F extends Flags> =
  & {
    readonly [K in keyof F as F[K] extends Always ? Property<K> : never]: F[K] extends
      { readonly negated: true } ? boolean : FlagValue<F[K]> | DefaultOf<F[K]>;
  }
  & {
    readonly [K in keyof F as F[K] extends Always | Asking ? never : Property<K>]?: FlagValue<F[K]>;
  };

type Always = { readonly negated: true } | { readonly default: string | number };
type Asking = { readonly asks: Question };

type DefaultOf<F extends Flag> = F extends { readonly default: infer D } ? D : never;

type FlagValue<F extends Flag> = F extends { readonly value: infer V extends Value }
  ? F extends { readonly repeats: true } ? readonly ValueOf<V>[] : ValueOf<V>
  : true;

type GivenArguments<A extends Arguments> =
  & {
    readonly [K in keyof A as A[K] extends Sure ? K : never]: A[K] extends
      { readonly variadic: true } ? readonly ValueOf<A[K]>[] : ValueOf<A[K]>;
  }
  & { readonly [K in keyof A as A[K] extends Sure ? never : K]?: ValueOf<A[K]> };

/** An optional variadic argument is an empty list. */
type Sure = { readonly required: true } | { readonly variadic: true };

type ValueOf<V extends Value> = V extends { readonly choices: readonly (infer C)[] } ? C
  : V extends { readonly read: (text: string) => infer T } ? Exclude<T, null>
  : string;

/** The property for a flag, as {@link propertyOf} makes it. */
export type Property<K> = K extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Property<Rest> & string>}`
  : K;

/** The property for a flag: `envFile` for `env-file`. */
export function propertyOf(key: string): string {
  return key.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** A flag as users write it: `--env-file`, `--no-wait`. */
export function longOf(key: string, { negated }: Flag): string {
  return negated ? `--no-${key}` : `--${key}`;
}

/** Whether an entry is a group of commands. */
export function isGroup(entry: Command | Group): entry is Group {
  return "commands" in entry;
}
