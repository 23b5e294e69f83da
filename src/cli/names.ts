/** Finds the sessions that a command line means. */
import type { Config, SessionEntry } from "../config/config.ts";
import { parseSelector, type Selectable, type Selector } from "../config/select.ts";
import { closest } from "../suggest.ts";
import { quote, SessionConfigError, SessionNotFoundError, UsageError } from "../errors.ts";
import type { Context } from "./command.ts";

/** Flags that select sessions. */
interface NameFlags {
  readonly names: readonly string[];
  readonly all?: true | undefined;
  readonly except?: readonly string[] | undefined;
  readonly project?: string | undefined;
}

/** The commands that change sessions, as their messages name them. */
type ChangingVerb = "start" | "stop" | "restart" | "plan" | "up" | "down";

/** The sessions that are meant, without repeats. */
export interface Meant {
  /** Sessions given by name. Any owner's may be meant, as far as their names tell. */
  readonly named: readonly string[];
  /** Sessions that `--all`, a group or a pattern selects: only those of this config. */
  readonly selected: readonly string[];
  /** All of them. */
  readonly names: readonly string[];
  /** Whether several may be meant, so that JSON is a list even for one. */
  readonly isList: boolean;
}

/**
 * The sessions that a command changes.
 *
 * @throws {UsageError} `usage`: none; or a selection within this config together with `--project`
 * @throws {SessionNotFoundError} `session_not_found`: a group, a pattern or an exception matches
 *   none
 * @throws {SessionConfigError} `config_invalid`: the config does not say which sessions match
 */
export async function sessionsToChange(
  context: Context,
  verb: ChangingVerb,
  { names, all, except = [], project }: NameFlags,
): Promise<Meant> {
  if (all && names.length > 0) {
    throw new UsageError(`Cannot ${verb} names and --all at once`, { hint: "use one of them" });
  }
  if (!all && names.length === 0) {
    throw new UsageError(`Cannot ${verb} nothing: a session name is missing`, {
      hint: `kstops ${verb} NAME, or --all for every session of the config`,
    });
  }
  const selectors = await selectorsIn(context, verb, names);
  const isSelected = all || selectors.some(({ kind }) => kind !== "name");
  if (isSelected && project !== undefined) {
    const what = all ? "--all" : "a group or a pattern";
    throw new UsageError(
      `Cannot ${verb} with ${what} and --project: ${all ? "--all" : "it"} is of this config only`,
      { hint: "name the sessions of the other one, or use its config: --config FILE" },
    );
  }
  if (!isSelected && except.length === 0) return meant({ named: namesOf(selectors) });
  const config = await context.config();
  await requireUsable(config, verb, all ? `${verb} every session` : `${verb} ${names.join(", ")}`);
  const sessions = [...config.sessions.values()].map(selectableOf);
  if (all) warnOfNone(context, config, verb);
  const selection = { verb, config, sessions };
  const chosen = all
    ? sessions.map(({ name }) => name)
    : await selectedBy(words(names, selectors), selection);
  const left = new Set(await leftOut(except, { ...selection, among: [...chosen, ...names] }));
  const found = meant({
    named: namesOf(selectors).filter((name) => !left.has(name)),
    selected: chosen.filter((name) => !left.has(name)),
    isList: isSelected,
  });
  if (found.names.length > 0 || left.size === 0) return found;
  throw new UsageError(`Cannot ${verb} nothing: --except leaves out all`, {
    hint: "leave out fewer of them",
  });
}

const UNKNOWN = { plan: "plan", up: "bring up", down: "stop" } as const;
const TASKS = { plan: "make a plan", up: "bring it up", down: "stop its sessions" } as const;

/**
 * Sessions of the config that `plan`, `up` and `down` mean; without names all of them.
 *
 * @throws as {@link sessionsToChange} does
 * @throws {SessionNotFoundError} `session_not_found`: the config does not define one of them
 */
export async function sessionsMeant(
  context: Context,
  verb: "plan" | "up" | "down",
  { names, except = [] }: Pick<NameFlags, "names" | "except">,
): Promise<{ readonly names: readonly string[]; readonly leftOut: readonly string[] }> {
  const config = await context.config();
  if (config.path === null) {
    throw new SessionConfigError(`Cannot ${TASKS[verb]}: there is no config file`, {
      code: "config_invalid",
      hint: "write a kstops.yml here, or say where it is: --config FILE",
    });
  }
  const all = names.length === 0 ? true as const : undefined;
  const meant = await sessionsToChange(context, verb, { names, all, except });
  const unknown = meant.names.find((name) => !config.sessions.has(name));
  if (unknown !== undefined) {
    const near = closest(unknown, [...config.sessions.keys()]);
    throw new SessionNotFoundError(UNKNOWN[verb], unknown, {
      reason: `${config.path} does not define it`,
      hint: near === null ? "kstops list shows every session" : `did you mean ${quote(near)}?`,
    });
  }
  const left = all === undefined
    ? []
    : [...config.sessions.keys()].filter((name) => !meant.names.includes(name));
  return { names: meant.names, leftOut: left };
}

/** Whether one of these sessions needs others, so that their order matters. */
export function needOthers({ sessions }: Config, names: readonly string[]): boolean {
  return names.some((name) => {
    const entry = sessions.get(name);
    return entry?.kind === "usable" && entry.settings.dependsOn !== null;
  });
}

/** Changes named and selected sessions, each in its own way. */
export async function changeMeant<Outcome>(
  { named, selected }: Meant,
  change: (names: readonly string[], all: true | undefined) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  const parts = await Promise.all([
    named.length === 0 ? [] : change(named, undefined),
    selected.length === 0 ? [] : change(selected, true),
  ]);
  return parts.flat();
}

/**
 * The sessions that a command shows. Groups and patterns stand for sessions of the config.
 *
 * @throws {SessionNotFoundError} `session_not_found`: one matches none
 * @throws {SessionConfigError} `config_invalid`: there is no config
 */
export async function sessionsToShow(
  context: Context,
  verb: string,
  names: readonly string[],
): Promise<Meant> {
  const selectors = await selectorsIn(context, verb, names);
  if (selectors.every(({ kind }) => kind === "name")) return meant({ named: namesOf(selectors) });
  const config = await context.config();
  await requireUsable(config, verb, `${verb} ${names.join(", ")}`);
  const sessions = [...config.sessions.values()].map(selectableOf);
  const selected = await selectedBy(words(names, selectors), { verb, config, sessions });
  return meant({ named: namesOf(selectors), selected, isList: true });
}

/**
 * The sessions of the config, for a command that can use a config with mistakes.
 *
 * @throws {SessionConfigError} `config_invalid`: there is no config, or it defines no session
 */
export async function definedNames(context: Context, task: string): Promise<string[]> {
  const { path, sessions, problems } = await context.config();
  if (problems.length > 0 && sessions.size === 0) {
    const { configInvalid } = await import("../config/problems.ts");
    throw configInvalid(task, problems);
  }
  if (sessions.size > 0) return [...sessions.keys()];
  const reason = path === null ? "there is no config file" : `${path} defines no session`;
  throw new SessionConfigError(`Cannot ${task} of every session of the config: ${reason}`, {
    code: "config_invalid",
    hint: "name a session; kstops list shows every one",
  });
}

function meant(
  { named, selected = [], isList = false }: {
    readonly named: readonly string[];
    readonly selected?: readonly string[];
    readonly isList?: boolean;
  },
): Meant {
  // A session that is both named and selected counts as named.
  const own = [...new Set(named)];
  const others = [...new Set(selected)].filter((name) => !own.includes(name));
  return { named: own, selected: others, names: [...own, ...others], isList };
}

function namesOf(selectors: readonly Selector[]): readonly string[] {
  return selectors.flatMap((selector) => selector.kind === "name" ? selector.name : []);
}

/**
 * What words mean. A pattern that matches no session of the config may be the name of somebody
 * else's session in an engine.
 */
async function selectorsIn(
  context: Context,
  verb: string,
  names: readonly string[],
): Promise<readonly Selector[]> {
  const selectors = names.map(parseSelector);
  if (verb === "start" || selectors.every(({ kind }) => kind !== "pattern")) return selectors;
  const sessions = [...(await context.config()).sessions.values()].map(selectableOf);
  const { selectFrom } = await import("../config/select.ts");
  return selectors.map((selector, index) =>
    selector.kind !== "pattern" || selectFrom(sessions, selector).length > 0
      ? selector
      : { kind: "name", name: names[index] ?? "" }
  );
}

/** A session of the config, even with mistakes, and its groups if they are readable. */
function selectableOf(entry: SessionEntry): Selectable {
  const { groups } = entry.kind === "usable" ? entry.settings : entry;
  return { name: entry.name, groups };
}

/** A word of the command line and its meaning. */
interface Word {
  readonly text: string;
  readonly selector: Selector;
}

function words(texts: readonly string[], selectors: readonly Selector[]): readonly Word[] {
  return selectors.map((selector, index) => ({ text: texts[index] ?? "", selector }));
}

interface Selection {
  readonly verb: string;
  readonly config: Config;
  readonly sessions: readonly Selectable[];
}

/** The sessions of groups and patterns. */
async function selectedBy(
  words: readonly Word[],
  { verb, config, sessions }: Selection,
): Promise<readonly string[]> {
  const { groupsOf, selectFrom } = await import("../config/select.ts");
  return words.flatMap(({ text, selector }) => {
    if (selector.kind === "name") return [];
    const names = selectFrom(sessions, selector);
    if (names.length > 0) return names;
    const groups = groupsOf(sessions);
    const isGroup = selector.kind === "group";
    throw new SessionNotFoundError(verb, text, {
      reason: `no session of ${config.path ?? "a config"} ${
        isGroup ? "is in that group" : "has such a name"
      }`,
      hint: !isGroup
        ? "kstops list shows every session"
        : groups.length > 0
        ? `groups are ${groups.map((group) => `@${group}`).join(" ")}`
        : "give sessions a group: groups: [NAME]",
    });
  });
}

/**
 * The excepted sessions. An exception that matches none may be a slip, and the command would then
 * change a session that the user wanted to spare.
 */
async function leftOut(
  texts: readonly string[],
  { among, ...selection }: Selection & { readonly among: readonly string[] },
): Promise<readonly string[]> {
  const selectors = texts.map(parseSelector);
  const named = namesOf(selectors);
  const unknown = named.find((name) => !among.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot ${selection.verb} all except ${quote(unknown)}: it is not among them`,
      { hint: `check its name; nothing was touched` },
    );
  }
  return [...named, ...await selectedBy(words(texts, selectors), selection)];
}

/** @throws {SessionConfigError} `config_invalid`: it is unclear which sessions are meant */
async function requireUsable(
  { path, sessions, problems }: Config,
  verb: string,
  task: string,
): Promise<void> {
  // Commands that start nothing can use the readable part of a config.
  const isStart = verb === "start" || verb === "restart";
  if (problems.length > 0 && (isStart || sessions.size === 0)) {
    const { configInvalid } = await import("../config/problems.ts");
    throw configInvalid(task, problems);
  }
  if (path !== null || task === "stop every session") return;
  throw new SessionConfigError(`Cannot ${task}: there is no config file`, {
    code: "config_invalid",
    hint: "write a kstops.yml here, or say where it is: --config FILE",
  });
}

function warnOfNone({ warn }: Context, { path, sessions, problems }: Config, verb: string): void {
  if (sessions.size > 0 || problems.length > 0) return;
  warn(
    path === null ? `there is no config file: nothing to ${verb}` : `${path} defines no session`,
  );
}
