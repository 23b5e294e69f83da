/** From flags and config to definitions, for the commands that need them. */
import { defineWith } from "../config/define.ts";
import type { Explained } from "../config/explain.ts";
import type { FlaggedKey, FlagValue, StartFlags as ResolvableFlags } from "../config/flags.ts";
import { resolve, type Resolved } from "../config/resolve.ts";
import { warningText } from "../config/warnings.ts";
import { quote, SessionNotFoundError } from "../errors.ts";
import { ALL_SESSION_KEYS, type SESSION_KEYS } from "../keys/session_keys.ts";
import type { Definition } from "../model.ts";
import { closest } from "../suggest.ts";
import type { Context } from "./command.ts";
import { type Property, propertyOf } from "./grammar.ts";

type Table = typeof SESSION_KEYS;

/** Flags that say what to start, as the command line gives them. */
export type StartFlags =
  & {
    readonly [N in FlaggedKey as Property<Table[N]["flag"]>]?:
      | (Table[N]["form"] extends { readonly kind: "flag" } ? true : FlagValue<Table[N]["form"]>)
      | undefined;
  }
  & { readonly argv?: readonly string[] | null };

/** Whether the config has a session of that name. */
export async function isDefined({ config }: Context, name: string): Promise<boolean> {
  return (await config()).sessions.has(name);
}

/** The definition that flags, config and defaults make together, and how long to watch its start. */
export async function definitionFor(
  context: Context,
  name: string,
  flags: StartFlags,
): Promise<{ readonly definition: Definition; readonly startWaitMs: number }> {
  const { resolved, startWaitMs } = await resolvedWith(resolve, { context, name, flags });
  return { definition: resolved.definition, startWaitMs };
}

/** The same with where each value comes from, and with a definition that may be shown. */
export async function explanationFor(
  context: Context,
  name: string,
  flags: StartFlags,
): Promise<Explained> {
  const { explain } = await import("../config/explain.ts");
  return (await resolvedWith(explain, { context, name, flags })).resolved;
}

/** Reads what is needed, and says what there is to say. */
async function resolvedWith<Result extends Resolved>(
  work: (...given: Parameters<typeof resolve>) => Result,
  { context, name, flags }: { context: Context; name: string; flags: StartFlags },
): Promise<{ readonly resolved: Result; readonly startWaitMs: number }> {
  const { world, warn, verbose } = context;
  const config = await context.config();
  const resolved = await defineWith(work, { world, config, name, flags: resolvable(flags) })
    .catch(async (error: unknown) => {
      throw error instanceof SessionNotFoundError ? await withNearest(context, name, error) : error;
    });
  const { definition, warnings, leftOut, secrets } = resolved;
  context.hide(secrets);
  for (const warning of warnings) warn(`${name}: ${warningText(warning)}`);
  if (verbose && leftOut.length > 0) {
    warn(
      `${name}: left out, since it does not apply to ${definition.backend}: ${leftOut.join(", ")}`,
    );
  }
  return { resolved, startWaitMs: config.settings.startWaitMs };
}

/** A name that no config defines may be a slip, also of one that only runs. */
async function withNearest(
  { sessions, config }: Context,
  name: string,
  error: SessionNotFoundError,
): Promise<SessionNotFoundError> {
  const { path } = await config();
  const { statuses } = await sessions().list({});
  const names = statuses.flatMap((status) => status.name ?? []);
  const near = closest(name, names.filter((each) => each !== name));
  const hint = names.includes(name)
    ? `it is there already: kstops status ${name}`
    : near === null
    ? error.hint
    : `did you mean ${quote(near)}?`;
  return new SessionNotFoundError("start", name, {
    ...(path === null ? {} : { reason: `${path} does not define it` }),
    hint,
  });
}

/** The flags by the fields of their keys, without what was not given. */
function resolvable(flags: StartFlags): ResolvableFlags {
  const given = ALL_SESSION_KEYS.flatMap(([, { flag, field }]): [string, unknown][] => {
    const value: unknown = flag === undefined ? undefined : Reflect.get(flags, propertyOf(flag));
    return value === undefined ? [] : [[field, value]];
  });
  const argv = flags.argv == null ? {} : { argv: flags.argv };
  // Both types come from the same table.
  return { ...Object.fromEntries(given), ...argv } as ResolvableFlags;
}
