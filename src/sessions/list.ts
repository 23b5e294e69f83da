/**
 * Lists everything: sessions in engines, sessions that are only defined, and engines that cannot be
 * asked. Pure.
 */
import type { Session, Survey } from "../backends/backend.ts";
import type { DefinedSession } from "../config/defined.ts";
import { type SessionStatus, statusOf } from "../model.ts";
import { enginesOf, isWithin } from "../model/place.ts";
import { NO_CONFIG, type Self } from "../owner.ts";
import { asDefined, homePlace, isAsked, isOf } from "./selection.ts";
import type { Listing, ReportedTrouble, Search } from "./sessions.ts";
import { troubleError, type Unheard } from "./unheard.ts";

export function listing(
  { surveys, unheard }: {
    readonly surveys: readonly Survey[];
    readonly unheard: readonly Unheard[];
  },
  defined: readonly DefinedSession[],
  { selection, self }: Pick<Search, "selection" | "self">,
): Listing {
  const sessions = surveys.flatMap((survey) => survey.sessions);
  const running = sessions.map(({ status }) => status);
  const troubles = surveys.flatMap((survey) => reportOf(survey, { surveys, defined, selection }));
  const rows = surveys.flatMap(troubleRow);
  // If its definition means an engine in trouble, too, the row of the definition says as much.
  const lost = unheard.flatMap(({ status }) =>
    defined.some((each) => each.name === status.name && homeOf(each, surveys)?.trouble)
      ? []
      : [status]
  );
  // Few lists are asked for the sessions behind their rows.
  let byKey: ReadonlyMap<string, Session> | null = null;
  return {
    statuses: [...withDefined([...running, ...lost], defined, { surveys, self }), ...rows],
    sessionOf: (status) => {
      byKey ??= new Map(sessions.map((session) => [keyOf(session.status), session]));
      return byKey.get(keyOf(status)) ?? null;
    },
    troubles,
  };
}

/** What tells sessions apart within one look. */
function keyOf({ backend, engine, socketName, id, name }: SessionStatus): string {
  return JSON.stringify([backend, engine, socketName, id, name]);
}

/** The sessions in engines, then those that are only defined, each group sorted by name. */
export function withDefined(
  running: readonly SessionStatus[],
  defined: readonly DefinedSession[],
  { surveys = [], self = NO_CONFIG }: {
    readonly surveys?: readonly Survey[];
    readonly self?: Self;
  } = {},
): SessionStatus[] {
  const namesakes = Map.groupBy(defined, ({ name }) => name);
  const found = new Set<DefinedSession>();
  const marked = running.map((status) => {
    const all = namesakes.get(status.name ?? "") ?? [];
    const own = all.filter((definition) => isOf(status, definition, self));
    for (const definition of own) found.add(definition);
    const [definition] = own;
    return definition === undefined ? status : asDefined(status, definition);
  });
  const rest = defined.filter((definition) => !found.has(definition));
  return [
    ...marked.toSorted(byName),
    ...rest.map((definition) => definedStatus(definition, { surveys, self })).toSorted(byName),
  ];
}

function byName(a: SessionStatus, b: SessionStatus): number {
  const left = a.name ?? "";
  const right = b.name ?? "";
  // By code unit: the same order on every machine.
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The status of a session that no engine has: `unknown` when its engine does not answer. */
export function definedStatus(
  definition: DefinedSession,
  { surveys, self }: Pick<Search, "surveys" | "self">,
): SessionStatus {
  const { name, backend, command, image, workingDir, problem, groups } = definition;
  const { engine, scope: socketName } = homePlace(definition);
  const reason = problem ?? homeOf(definition, surveys)?.trouble?.reason ?? null;
  return statusOf({
    name,
    backend,
    state: reason === null ? "defined" : "unknown",
    defined: true,
    engine,
    socketName,
    command,
    image,
    workingDir,
    reason,
    project: self.project,
    configFile: self.configFile,
    groups,
  });
}

/** The survey of the place where a start would put a defined session. */
export function homeOf(
  definition: DefinedSession,
  surveys: readonly Survey[],
): Survey | undefined {
  const home = homePlace(definition);
  const engines = home.engine === null ? enginesOf(home.backend) : [home.engine];
  const homes = engines.flatMap((engine) =>
    surveys.find(({ place }) => isWithin({ ...home, engine }, place)) ?? []
  );
  return homes.find(({ trouble }) => !trouble?.missing) ?? homes[0];
}

function troubleRow({ place, trouble }: Survey): SessionStatus[] {
  if (trouble?.kind !== "unreachable") return [];
  const { backend, engine, scope: socketName } = place;
  const { reason } = trouble;
  return [statusOf({ name: null, backend, state: "unknown", engine, socketName, reason })];
}

function reportOf(
  survey: Survey,
  { surveys, defined, selection }: Pick<Search, "surveys" | "defined" | "selection">,
): ReportedTrouble[] {
  const { place, trouble } = survey;
  if (trouble === null) return [];
  const wanted = isAsked(survey, selection) ||
    defined.some((definition) =>
      definition.problem === null && homeOf(definition, surveys) === survey
    );
  // Users without containers need neither install a runtime nor keep it running.
  if (trouble.kind === "not_running" && !wanted) return [];
  return [{ place, wanted, error: troubleError(place, trouble) }];
}
