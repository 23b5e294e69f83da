/** The flags of a start that define the session. Pure. */
import { UsageError } from "../errors.ts";
import type { FieldOf, Form, ValueOf } from "../keys/form.ts";
import { ALL_SESSION_KEYS, type SESSION_KEYS } from "../keys/session_keys.ts";
import { BACKENDS, type BackendType } from "../model.ts";
import { agreedBackend } from "../model/place.ts";

type Table = typeof SESSION_KEYS;

/** The names of keys that have a flag. */
export type FlaggedKey = {
  [N in keyof Table]: Table[N] extends { readonly flag: string } ? N : never;
}[keyof Table];

/**
 * The flags of `start` that define the session, by the fields of their keys. Nothing in them is
 * expanded: the user's shell did that. Variables are `KEY=VALUE`, or `KEY` to take the value from
 * the environment.
 */
export type StartFlags =
  & {
    readonly [N in FlaggedKey as FieldOf<Table[N]>]?: FlagValue<Table[N]["form"]> | undefined;
  }
  & {
    /** The words after `--`; `command` is one string. */
    readonly argv?: readonly string[] | undefined;
  };

/** The type of a flag whose value has this form. */
export type FlagValue<F extends Form> = F extends { readonly kind: "command" } ? string
  : F extends { readonly kind: "list" | "variables" } ? readonly string[]
  : ValueOf<F>;

/** The value given to the flag of a key; null: the flag was not given. */
export function flagged(flags: StartFlags, field: string): unknown {
  const value: unknown = Reflect.get(flags, field);
  return value === undefined || Array.isArray(value) && value.length === 0 ? null : value;
}

/** The given flags that only one backend has, such as `--image`. */
export function flagsOnlyOf(backend: BackendType, flags: StartFlags): readonly string[] {
  return ALL_SESSION_KEYS.flatMap(([, { only, flag, field }]) =>
    only === backend && flag !== undefined && flagged(flags, field) !== null ? [`--${flag}`] : []
  );
}

/** The backend that other flags imply. */
export function impliedBackend(flags: StartFlags): BackendType | null {
  if (flags.command !== undefined && given(flags.argv) !== null) {
    throw new UsageError("Cannot use --command with a program after --: it takes one of them", {
      hint: "leave one out",
    });
  }
  if (flags.shell === true && given(flags.argv) !== null) {
    throw new UsageError("Cannot use --shell with words after --: a shell takes one string", {
      hint: "use --command",
    });
  }
  const own = BACKENDS.toReversed().map((backend) => ({
    backend,
    flags: flagsOnlyOf(backend, flags),
  }));
  return agreedBackend(own.filter((each) => each.flags.length > 0), flags.backend);
}

/** Whether the flags say what to run. */
export function hasProgram(flags: StartFlags): boolean {
  return flags.command !== undefined || flags.image !== undefined || given(flags.argv) !== null;
}

/** The given list, or null: a repeatable flag that was not given is undefined or empty. */
export function given<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list === undefined || list.length === 0 ? null : list;
}
