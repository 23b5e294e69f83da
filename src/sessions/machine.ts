/** The facade over all backends: list, find and start sessions, wherever they live. */
import type { Runner, Session, StopOptions, Survey } from "../backends/backend.ts";
import { REGISTRY } from "../backends/registry.ts";
import type { Config } from "../config/config.ts";
import type { DefinedSession } from "../config/defined.ts";
import { SessionNotFoundError } from "../errors.ts";
import type { LogStore } from "../logs/store.ts";
import { type BackendType, NOBODY, type Owner } from "../model.ts";
import { isNarrow, isOfBackend, isOpen } from "../model/place.ts";
import { isSameOwner, isStrange, NO_CONFIG, type Self, selfOf } from "../owner.ts";
import type { World } from "../world/world.ts";
import {
  besides,
  existsAsRun,
  existsElsewhere,
  isOver,
  managedIn,
  runsElsewhere,
  together,
  without,
} from "./elsewhere.ts";
import { foundIn, match, placeFlags } from "./find.ts";
import { listing } from "./list.ts";
import { shownIn, unheardIn, withRecorded } from "./lost.ts";
import type { Recorded, Shown } from "./recorded.ts";
import { isSelected, mark } from "./selection.ts";
import type { Match, Selection, Sessions } from "./sessions.ts";
import { clearLastRun, isInTheWay, refusePolicy, refuseStrange } from "./starting.ts";
import { refuseUnheard } from "./unheard.ts";

/** What {@link sessionsOf} works with. */
export interface SessionsSettings {
  /** Called only when the config is needed: containers are surveyed while it is read. */
  readonly config: () => Promise<Config>;
  readonly logs: LogStore;
  /** Tells the user that an engine does not answer yet; missing: no user reads this. */
  readonly impatient?: ((text: string) => void) | undefined;
}

/** The sessions of this machine, including those that a config defines. */
export function sessionsOf(world: World, { config, logs, impatient }: SessionsSettings): Sessions {
  const tmuxBinary = async () => (await config()).settings.tmuxBinary;
  const engineTimeoutMs = async () => (await config()).settings.engineTimeoutSeconds * 1000;
  const backends = REGISTRY.map(({ backend, open }) => ({
    backend,
    open: () => open(world, { tmuxBinary, logs, engineTimeoutMs, say: impatient }),
  }));
  return sessionsOver(backends, async () => {
    const loaded = await config();
    // Loaded late, since usually there is no config: it takes 1 % of a command.
    return loaded.sessions.size === 0
      ? []
      : (await import("../config/defined.ts")).definedSessions(loaded);
  }, {
    recorded: recordedLater(world, logs),
    self: async () => selfOf(await config()),
    named: async (project) => {
      const { ownerNamed } = await import("../config/owners.ts");
      return await ownerNamed(world, project);
    },
  });
}

/** The records; their code loads when something is recorded. */
function recordedLater(world: World, logs: LogStore): Recorded {
  const load = async () => (await import("./recorded.ts")).recordedIn(logs, world);
  return {
    named: async (names, shown) => await (await load()).named(names, shown),
    others: async (shown) => {
      const isMissing = (await logs.names()).some((name) => !shown.managed.has(name));
      return isMissing ? await (await load()).others(shown) : [];
    },
    living: async (name) => await (await load()).living(name),
    openIn: async (name) => await (await load()).openIn(name),
  };
}

/** Nothing is recorded. */
const NO_RECORDS: Recorded = {
  named: () => Promise.resolve([]),
  others: () => Promise.resolve([]),
  living: () => Promise.resolve([]),
  openIn: () => Promise.resolve([]),
};

/** A backend of this machine. */
export interface LocalBackend {
  readonly backend: BackendType;
  readonly open: () => Promise<Runner>;
}

/** What else is known of sessions, besides engines and config. */
export interface Known {
  readonly recorded?: Recorded | undefined;
  /** The config as an owner. */
  readonly self?: () => Promise<Self>;
  /** The owner that a project, or the path of a config, stands for. */
  readonly named?: (project: string) => Promise<Owner>;
}

/** The sessions of some backends, plus those that a config defines and those that are recorded. */
export function sessionsOver(
  backends: readonly LocalBackend[],
  readDefined: () => Promise<readonly DefinedSession[]>,
  {
    recorded = NO_RECORDS,
    self: readSelf = () => Promise.resolve(NO_CONFIG),
    named: ownerOf = (project) => Promise.resolve({ project, configFile: null }),
  }: Known = {},
): Sessions {
  const runnerFor = async (backend: BackendType): Promise<Runner> => {
    const chosen = backends.find((each) => each.backend === backend);
    if (chosen === undefined) throw new TypeError(`there is no runner for ${backend}`);
    return await chosen.open();
  };
  const survey = async (selection: Selection, names?: readonly string[]): Promise<Survey[]> => {
    const surveys: Promise<readonly Survey[]>[] = [];
    // Containers first, since their runtimes take longest: they work while the rest loads.
    for (const { backend, open } of backends.toReversed()) {
      if (!isOfBackend(selection, { backend })) continue;
      const runner = await open();
      const asked = Promise.withResolvers<void>();
      const found = runner.survey(selection, { names, asked: asked.resolve });
      surveys.push(found);
      // There may be nothing to ask, and asking may fail before the others are asked.
      await Promise.race([asked.promise, found.catch(() => {})]);
    }
    return (await Promise.all(surveys)).toReversed().flat();
  };
  /** The engines that definitions name and no survey covers, if they are not installed. */
  const missingEngines = async (
    surveys: readonly Survey[],
    definitions: readonly DefinedSession[],
  ): Promise<Survey[]> => {
    const named = new Map(definitions.map(({ backend, named: { engine } }) => [engine, backend]));
    for (const { place } of surveys) named.delete(place.engine);
    const asked = [...named].map(async ([engine, backend]) =>
      isOpen(engine) ? [] : await (await runnerFor(backend)).survey({ engine })
    );
    return (await Promise.all(asked)).flat().filter(({ trouble }) => trouble?.missing);
  };
  /**
   * Surveys the engines and adds the recorded sessions. A session that began while a slow engine
   * was asked would look lost: then tmux is asked again.
   */
  const look = async (
    selection: Selection,
    besides: (shown: Shown) => Promise<readonly Session[]>,
    names?: readonly string[],
  ): Promise<{ readonly asked: readonly Survey[]; readonly lost: readonly Session[] }> => {
    const asked = await survey(selection, names);
    const lost = await besides(shownIn(asked));
    const doubtful = new Set(
      lost.flatMap(({ status }) =>
        status.state === "running" && isOfBackend(selection, status) ? status.backend : []
      ),
    );
    if (doubtful.size === 0) return { asked, lost };
    const twice = [...doubtful].map((backend) => survey({ ...selection, backend }, names));
    const others = asked.filter(({ place }) => !doubtful.has(place.backend));
    const again = [...(await Promise.all(twice)).flat(), ...others];
    return { asked: again, lost: await besides(shownIn(again)) };
  };
  /** The survey of all places, for starts: many starts share one. */
  const everywhere = together(() => survey({}));
  /** Refuses what would make a start fail when one place, or one run, is to replace another. */
  const check: Sessions["check"] = async (definition, replaced, ownOnly) => {
    refusePolicy(definition);
    const [surveys, self] = await Promise.all([everywhere(), readSelf()]);
    const managed = managedIn(surveys, definition.name);
    const others = replaced === undefined ? managed : without(managed, replaced);
    refuseStrange(others, { definition, self, ownOnly });
    await (await runnerFor(definition.backend)).check(definition, replaced ?? null);
    const other = others.find((session) => !isOver(session));
    if (replaced !== undefined && other !== undefined) throw existsElsewhere(other);
  };
  return withElsewhere({
    list: async (selection) => {
      const [{ asked, lost: gone }, defined, self] = await Promise.all([
        look(selection, recorded.others),
        readDefined(),
        readSelf(),
      ]);
      const inScope = defined.filter((definition) => isSelected(definition, selection));
      const missing = await missingEngines(asked, inScope);
      const there = [...asked, ...missing];
      const all = withRecorded(there, gone, { selection, defined, self });
      const unheard = gone.flatMap((session) => unheardIn(there, session, selection) ?? []);
      return listing({ surveys: all, unheard }, inScope, { selection, self });
    },
    findEach: async (verb, names, selection) => {
      const [defined, self] = await Promise.all([readDefined(), readSelf()]);
      const definitions = defined.filter(({ name }) => names.includes(name));
      const named = (shown: Shown) => recorded.named(names, shown);
      const { asked, lost: gone } = await look(selection, named, names);
      const owner = selection.project === undefined ? null : await ownerOf(selection.project);
      const missing = await missingEngines(asked, definitions);
      return settledEach(names, (name) => {
        const definition = definitions.find((each) => each.name === name);
        const lost = gone.filter(({ status }) => status.name === name);
        const engine = definition?.named.engine ?? null;
        const there = [...asked, ...missing.filter(({ place }) => place.engine === engine)];
        const surveys = withRecorded(there, lost, { selection, defined, self });
        const unheard = lost.flatMap((session) => unheardIn(there, session, selection) ?? []);
        return match({ verb, name, definition, selection, surveys, defined, unheard, self, owner });
      });
    },
    meant: async ({ project }) => {
      if (project === undefined) {
        const self = await readSelf();
        return (owner) => !isStrange(owner, self);
      }
      const named = await ownerOf(project);
      return (owner) => isSameOwner(owner, named);
    },
    check,
    rehearse: async (definition, options) => {
      await check(definition, options.replaced ?? undefined, options.ownOnly);
      await (await runnerFor(definition.backend)).rehearse?.(definition, options);
    },
    place: async (definition) => await (await runnerFor(definition.backend)).place(definition),
    plan: async (definition) => await (await runnerFor(definition.backend)).plan(definition),
    living: recorded.living,
    watch: async (tell, abort) => {
      const runners = await Promise.all(backends.map(({ open }) => open()));
      await Promise.all(runners.map((runner) => runner.watch?.(tell, abort)));
    },
    start: async (definition, options) => {
      refusePolicy(definition);
      const runner = await runnerFor(definition.backend);
      const [living, surveys, place, open, self] = await Promise.all([
        recorded.living(definition.name),
        everywhere(),
        runner.place(definition),
        recorded.openIn(definition.name),
        readSelf(),
      ]);
      const starting = { definition, self, ownOnly: options.ownOnly };
      const managed = managedIn(surveys, definition.name);
      refuseStrange(managed, starting);
      const own = living.filter(({ run }) => !isInTheWay(run.begun?.owner ?? NOBODY, starting));
      const strange = living.find((run) => !own.includes(run));
      if (strange !== undefined) throw existsAsRun(definition.name, strange);
      const others = besides(managed, place);
      const other = others.find((session) => !isOver(session));
      if (other !== undefined) throw existsElsewhere(other);
      refuseUnheard(definition.name, {
        place,
        surveys,
        open: open.map((run) => ({ ...run, isInTheWay: isInTheWay(run.owner, starting) })),
        anyway: options.anyway ?? false,
      });
      // Checked before anything is removed: a failing start must not cost what is there.
      const waiting = managed.filter((session) => !others.includes(session) && isWaiting(session));
      const [replaced] = waiting;
      if (replaced !== undefined) await runner.check(definition, replaced);
      await Promise.all(waiting.map((session) => session.stop(AS_DEFINED)));
      for (const last of own) {
        if (waiting.some(({ run }) => run === last.run.id)) continue;
        await clearLastRun(definition, last, options);
      }
      if (others.length > 0) {
        await runner.check(definition);
        await runner.rehearse?.(definition, { replaced: null, say: options.say ?? (() => {}) });
        await Promise.all(others.map((session) => session.stop(AS_DEFINED)));
      }
      const started = await runner.start(definition, options);
      return mark(started, { defined: await readDefined(), self });
    },
  });
}

/**
 * Sessions that, when flags choose another place, say where a session runs instead of that it does
 * not exist.
 */
function withElsewhere(sessions: Omit<Sessions, "find">): Sessions {
  const findEach: Sessions["findEach"] = async (verb, names, selection) => {
    const found = await sessions.findEach(verb, names, selection);
    if (!isNarrow(selection)) return found;
    const { project, ownOnly } = selection;
    const missed = names.filter((name) => isMissed(found.get(name)));
    if (missed.length === 0) return found;
    // If the other places cannot be asked, the answer of the chosen place stands.
    const others = await sessions.findEach(verb, missed, { project, ownOnly }).catch(() => null);
    return new Map(Array.from(found, ([name, answer]) => {
      const other = others?.get(name);
      if (other?.status !== "fulfilled" || other.value.kind !== "session") return [name, answer];
      const { session, status } = other.value;
      if (!status.managed || status.state !== "running") return [name, answer];
      const reason = runsElsewhere(verb, session, placeFlags(status, [status]));
      return [name, { status: "rejected", reason }];
    }));
  };
  return {
    ...sessions,
    findEach,
    find: async (verb, name, selection) =>
      foundIn(await findEach(verb, [name], selection), verb, name),
  };
}

/** Whether its program has ended and will be executed again after a delay. */
function isWaiting({ status: { state, nextRestartAt } }: Session): boolean {
  return state === "exited" && nextRestartAt !== null;
}

function isMissed(found: PromiseSettledResult<Match> | undefined): boolean {
  return found?.status === "fulfilled"
    ? found.value.kind === "defined"
    : found?.reason instanceof SessionNotFoundError;
}

/** The result for each name. */
function settledEach<T>(
  names: readonly string[],
  work: (name: string) => T,
): ReadonlyMap<string, PromiseSettledResult<T>> {
  return new Map(names.map((name): [string, PromiseSettledResult<T>] => {
    try {
      return [name, { status: "fulfilled", value: work(name) }];
    } catch (reason) {
      return [name, { status: "rejected", reason }];
    }
  }));
}

const AS_DEFINED: StopOptions = { timeoutSeconds: null, force: false };
