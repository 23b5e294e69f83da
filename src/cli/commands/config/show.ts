/** `kstops config show`: the meaning of the config, with everything filled in. */
import { aboutSession } from "../../../actions/about_session.ts";
import { explanationFor } from "../../../actions/definitions.ts";
import type { Config, Origin, Settings } from "../../../config/config.ts";
import { configInvalid, ConfigProblemsError } from "../../../config/problems.ts";
import { originAt } from "../../../config/variables.ts";
import {
  type Json,
  OpsError,
  quote,
  SessionConfigError,
  SessionNotFoundError,
} from "../../../errors.ts";
import { OPS_KEYS } from "../../../keys/file_keys.ts";
import { toJson } from "../../../keys/json.ts";
import { valueAt } from "../../../keys/paths.ts";
import {
  definitionToWire,
  type Explanation,
  originsToWire,
  yamlLines,
} from "../../../output/definition.ts";
import type { Screen } from "../../../output/screen.ts";
import { masked } from "../../../mask.ts";
import { closest } from "../../../suggest.ts";
import { formatSize } from "../../../validate/size.ts";
import type { Context, Reply } from "../../command.ts";
import { requireConfig } from "./path.ts";

/** Flags of `config show`. */
interface ShowFlags {
  readonly name?: string | undefined;
  readonly origins?: true | undefined;
  readonly showSecrets?: true | undefined;
}

/** Shows all sessions, or one. A session that cannot be started is a failure; the rest is shown. */
export async function show(context: Context, flags: ShowFlags): Promise<Reply> {
  const task = flags.name === undefined ? "show the config" : `show ${quote(flags.name)}`;
  const config = await requireConfig(context, task);
  if (config.problems.length > 0) throw configInvalid(task, config.problems);
  const names = flags.name === undefined ? [...config.sessions.keys()] : [flags.name];
  const outcomes = await Promise.allSettled(
    names.map((name) => explained(context, name, { config, flags }).catch(asShown)),
  );
  const sessions = outcomes.flatMap((outcome, index): [string, Explanation][] =>
    outcome.status === "fulfilled" ? [[names[index] ?? "", outcome.value]] : []
  );
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [failureOf(outcome.reason, names[index] ?? "", flags)] : []
  );
  const settings = flags.name === undefined ? explainedSettings(config, flags) : null;
  if (settings === null && failures.length > 0) return { failures };
  const shown = { settings, sessions, flags };
  return { data: dataOf(config, shown), text: (screen) => textOf(shown, screen), failures };
}

/** The same mistake as in a start, but nobody starts anything here. */
function asShown(error: unknown): never {
  if (!(error instanceof OpsError)) throw error;
  const { code, hint, details } = error;
  const message = error.message.replace(/^Cannot start /, "Cannot show ");
  throw message === error.message ? error : new OpsError(code, message, { hint, details });
}

/** What to show; null: the settings are not wanted. */
interface Shown {
  readonly settings: Explanation | null;
  readonly sessions: readonly [string, Explanation][];
  readonly flags: ShowFlags;
}

/** A complete config file. */
function textOf({ settings, sessions, flags }: Shown, screen: Screen): string {
  const how = { withOrigins: flags.origins === true, screen };
  const own = settings === null ? [] : yamlLines(settings, how);
  const below = sessions.flatMap(([name, each]) => [
    `    ${name}:`,
    ...yamlLines(each, how).map((line) => `      ${line}`),
  ]);
  const list = below.length === 0 ? [] : ["  sessions:", ...below];
  return ["ops:", ...own.map((line) => `  ${line}`), ...list, ""].join("\n");
}

async function explained(
  context: Context,
  name: string,
  { config, flags }: { config: Config; flags: ShowFlags },
): Promise<Explanation> {
  const entry = config.sessions.get(name);
  if (entry?.kind === "invalid") throw configInvalid(`show ${quote(name)}`, entry.problems);
  if (entry === undefined) {
    const near = closest(name, config.sessions.keys());
    throw new SessionNotFoundError("show", name, {
      reason: "the config does not define it",
      hint: near === null ? "kstops config show has every session" : `did you mean "${near}"?`,
    });
  }
  const { definition, shown, origins } = await explanationFor(context, name, {}).catch(notShown);
  const wire = definitionToWire(flags.showSecrets ? definition : shown);
  return { values: wire, origins };
}

/** When all sessions are shown, an error names its own. */
function failureOf(error: unknown, name: string, flags: ShowFlags): unknown {
  return flags.name === undefined && error instanceof OpsError
    ? aboutSession(error, { verb: "show", name })
    : error;
}

/** Mistakes of a definition speak of a start; here nothing is started. */
function notShown(error: unknown): never {
  if (!(error instanceof SessionConfigError)) throw error;
  const { message, code, hint, details } = error;
  if (code !== "config_invalid" || !message.startsWith("Cannot start ")) throw error;
  if (error instanceof ConfigProblemsError) {
    throw new ConfigProblemsError(forShow(message), error.problems, hint);
  }
  throw new SessionConfigError(forShow(message), { code, hint, details });
}

function forShow(message: string): string {
  return message.replace(/^Cannot start /, "Cannot show ");
}

function explainedSettings(config: Config, { showSecrets }: ShowFlags): Explanation {
  const values = settingsToWire(config.settings, showSecrets ? [] : config.secrets);
  const origins = Object.keys(values).map((key): [string, Origin] => [
    key,
    originAt(config, ["ops", key]),
  ]);
  return { values, origins: new Map(origins) };
}

function settingsToWire(settings: Settings, secrets: readonly string[]): { [key: string]: Json } {
  const pairs = Object.entries(OPS_KEYS).map(([name, { field, form }]): [string, Json] => {
    const json = toJson(form, valueAt(settings, field), formatSize);
    return [name, typeof json === "string" && form.kind === "text" ? masked(json, secrets) : json];
  });
  return Object.fromEntries(pairs);
}

function dataOf(
  { path, files }: Config,
  { settings, sessions, flags }: Shown,
): Json {
  const toWire = ({ values, origins }: Explanation): { [key: string]: Json } =>
    flags.origins ? { ...values, origins: originsToWire(origins) } : { ...values };
  const [only] = sessions;
  if (settings === null) return only === undefined ? null : { name: only[0], ...toWire(only[1]) };
  const all = sessions.map(([name, each]) => ({ name, ...toWire(each) }));
  return { path, files, ...toWire(settings), sessions: all };
}
