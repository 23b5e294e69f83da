/** The flags that define a session, as the command line gives them. */
import type { FlaggedKey, FlagValue, StartFlags as Wanted } from "../config/flags.ts";
import { ALL_SESSION_KEYS, type SESSION_KEYS } from "../keys/session_keys.ts";
import { type Property, propertyOf } from "./grammar.ts";

type Table = typeof SESSION_KEYS;

/** Flags that define a session, as the command line gives them. */
export type StartFlags =
  & {
    readonly [N in FlaggedKey as Property<Table[N]["flag"]>]?:
      | (Table[N]["form"] extends { readonly kind: "flag" } ? true : FlagValue<Table[N]["form"]>)
      | undefined;
  }
  & { readonly argv?: readonly string[] | null };

/** The given flags, by the fields of their keys. */
export function wantedBy(flags: StartFlags): Wanted {
  const given = ALL_SESSION_KEYS.flatMap(([, { flag, field }]): [string, unknown][] => {
    const value: unknown = flag === undefined ? undefined : Reflect.get(flags, propertyOf(flag));
    return value === undefined ? [] : [[field, value]];
  });
  const argv = flags.argv == null ? {} : { argv: flags.argv };
  // Both types come from the same table.
  return { ...Object.fromEntries(given), ...argv } as Wanted;
}
