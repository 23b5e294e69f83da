/** Compares what the config defines with what runs. Changes nothing. */
import { dependenciesOf, type Needs } from "../config/dependencies.ts";
import { allProblems, type Config } from "../config/config.ts";
import { definedSessions } from "../config/defined.ts";
import { configInvalid } from "../config/problems.ts";
import { OpsError, SessionConfigError, UsageError } from "../errors.ts";
import type { Definition, SessionStatus } from "../model.ts";
import { isSameOwner, selfOf } from "../owner.ts";
import { foundIn } from "../sessions/find.ts";
import type { PlaceFlags } from "../model/place.ts";
import type { Match } from "../sessions/sessions.ts";
import { definitionFor } from "./definitions.ts";
import { changesOf } from "./drift.ts";
import type { Tools } from "./tools.ts";
import { planSteps, type Step, type Wanted } from "./up_steps.ts";

/** What to plan. */
export interface PlanRequest {
  /** Whether sessions that this config started and does not define any more are stopped. */
  readonly prune?: true | undefined;
  /** Whether sessions that differ from their definition are restarted. */
  readonly restart: boolean;
  /** Where they are to run, whatever the config says. */
  readonly place?: Pick<PlaceFlags, "backend" | "runtime"> | undefined;
}

/** A plan, and what its steps need. */
export interface MadePlan {
  readonly steps: readonly Step[];
  /** The definitions of its sessions, as the config reads now. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** What was found of each session. */
  readonly matches: ReadonlyMap<string, Match>;
}

/** What each session of the config needs. */
export function needsOf({ sessions }: Pick<Config, "sessions">): Needs {
  return new Map(
    Array.from(sessions, ([name, entry]) => [
      name,
      dependenciesOf(entry.kind === "usable" ? entry.settings.dependsOn : null),
    ]),
  );
}

/**
 * Makes sure that the config says what every session is.
 *
 * @throws {SessionConfigError} `config_invalid`: it has mistakes
 */
export function requireWhole(config: Config, task: string): void {
  const problems = allProblems(config);
  if (problems.length > 0) throw configInvalid(task, problems);
}

/**
 * The steps after which the sessions run as the config defines them.
 *
 * @param names sessions of the config, with all that they need
 */
export async function planOf(
  tools: Tools,
  names: readonly string[],
  { prune, restart, place = {} }: PlanRequest,
): Promise<MadePlan> {
  const config = await tools.config();
  const sessions = tools.sessions();
  const found = await sessions.findEach("show", names, { ownOnly: true });
  const needs = needsOf(config);
  const tasks = new Set(
    [...needs.values()].flat().flatMap((need) => need.condition === "completed" ? need.name : []),
  );
  const definitions = new Map<string, Definition>();
  const matches = new Map<string, Match>();
  const defined = new Map(definedSessions(config).map((each) => [each.name, each]));
  const wanted = await Promise.all(names.map(async (name): Promise<Wanted> => {
    const entry = config.sessions.get(name);
    const isTask = tasks.has(name) || (entry?.kind === "usable" && entry.settings.oneshot);
    const known = {
      ...{ name, backend: defined.get(name)?.backend ?? config.settings.defaultBackend, isTask },
      needs: needs.get(name) ?? [],
      successCodes: [0],
      leftOut: [] as readonly string[],
    };
    const nothing = { ...known, status: null, changes: [], trouble: null };
    try {
      const { definition, leftOut } = await definitionFor(tools, name, place);
      const { backend } = definition;
      definitions.set(name, definition);
      const match = foundIn(found, "show", name);
      matches.set(name, match);
      if (match.kind === "defined") return { ...nothing, backend, leftOut, trouble: match.trouble };
      const changes = await changesOf(match.session, definition);
      const codes = "successExitCodes" in definition ? definition.successExitCodes : [];
      return {
        ...{ ...known, backend, leftOut },
        successCodes: [0, ...codes],
        status: match.status,
        changes,
        trouble: null,
      };
    } catch (error) {
      const trouble = error instanceof UsageError ? lackOf(error) : error;
      if (trouble instanceof OpsError) return { ...nothing, trouble };
      throw error;
    }
  }));
  const leftOver = prune ? await leftOvers(tools, config) : [];
  return { steps: planSteps(wanted, leftOver, { restart }), definitions, matches };
}

/** The error of a definition that lacks what a flag of `start` could have said. */
function lackOf({ message }: UsageError): SessionConfigError {
  return new SessionConfigError(message, {
    code: "config_invalid",
    hint: "give it to the session in the config, or leave the session out: --except NAME",
  });
}

/** Sessions that this config started, and does not define any more. */
export async function leftOvers(tools: Tools, config: Config): Promise<readonly SessionStatus[]> {
  const self = selfOf(config);
  const { statuses } = await tools.sessions().list({});
  return statuses.filter(({ name, managed, state, ...owner }) =>
    managed && name !== null && state !== "unknown" && isSameOwner(owner, self) &&
    !config.sessions.has(name)
  );
}
