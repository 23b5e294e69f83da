/** Builds definitions from flags and config, for the actions that need them. */
import { defineWith } from "../config/define.ts";
import type { Explained } from "../config/explain.ts";
import type { StartFlags } from "../config/flags.ts";
import { resolve, type Resolved } from "../config/resolve.ts";
import { warningText } from "../config/warnings.ts";
import { quote, SessionNotFoundError } from "../errors.ts";
import type { Definition } from "../model.ts";
import { closest } from "../suggest.ts";
import type { Tools } from "./tools.ts";

/** Whether the config has a session of that name. */
export async function isDefined({ config }: Pick<Tools, "config">, name: string): Promise<boolean> {
  return (await config()).sessions.has(name);
}

/** What a start would start. */
interface ToStart {
  readonly definition: Definition;
  /** How long to watch the start. */
  readonly startWaitMs: number;
  /** Keys of the config that do not apply to the backend that the flags chose. */
  readonly leftOut: readonly string[];
}

/** The definition from flags, config and defaults together. */
export async function definitionFor(
  tools: Tools,
  name: string,
  flags: StartFlags,
): Promise<ToStart> {
  const { resolved, startWaitMs } = await resolvedWith(resolve, { tools, name, flags });
  return { definition: resolved.definition, startWaitMs, leftOut: resolved.leftOut };
}

/** The same with the origin of each value, and with a definition that may be shown. */
export async function explanationFor(
  tools: Tools,
  name: string,
  flags: StartFlags,
): Promise<Explained> {
  const { explain } = await import("../config/explain.ts");
  return (await resolvedWith(explain, { tools, name, flags })).resolved;
}

/** Reads what is needed, and passes on warnings. */
async function resolvedWith<Result extends Resolved>(
  work: (...given: Parameters<typeof resolve>) => Result,
  { tools, name, flags }: { tools: Tools; name: string; flags: StartFlags },
): Promise<{ readonly resolved: Result; readonly startWaitMs: number }> {
  const { world, warn, verbose } = tools;
  const config = await tools.config();
  const resolved = await defineWith(work, { world, config, name, flags })
    .catch(async (error: unknown) => {
      throw error instanceof SessionNotFoundError ? await withNearest(tools, name, error) : error;
    });
  const { definition, warnings, leftOut, secrets } = resolved;
  tools.hide(secrets);
  for (const warning of warnings) warn(`${name}: ${warningText(warning)}`);
  if (verbose && leftOut.length > 0) {
    warn(
      `${name}: left out, since it does not apply to ${definition.backend}: ${leftOut.join(", ")}`,
    );
  }
  return { resolved, startWaitMs: config.settings.startWaitMs };
}

/** A name that no config defines may be a slip, even if a session of that name runs. */
async function withNearest(
  { sessions, config }: Tools,
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
