/** Finds the one session that a name stands for. Pure. */
import type { Session } from "../backends/backend.ts";
import { quote, SessionAmbiguousError, SessionNotFoundError } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import { isWithin, knownPlace, shortestFlags } from "../model/place.ts";
import { isSameOwner, isStrange, mayBeSame, ownerName, ownerWords } from "../owner.ts";
import { shellWord } from "../shell.ts";
import { closest } from "../suggest.ts";
import { definedStatus, homeOf } from "./list.ts";
import { isAsked, isSelected, mark } from "./selection.ts";
import type { Found, Match, Search } from "./sessions.ts";
import { troubleError } from "./unheard.ts";

/**
 * The result for one of the names.
 *
 * @throws as {@link Sessions.find} does
 */
export function foundIn(found: Found, verb: string, name: string): Match {
  const answer = found.get(name);
  if (answer?.status === "fulfilled") return answer.value;
  throw answer === undefined ? new SessionNotFoundError(verb, name) : answer.reason;
}

export function match(search: Search): Match {
  const { verb, name, definition, selection, surveys, defined, unheard, self, owner } = search;
  const namesakes = surveys.flatMap(({ sessions }) => sessions).filter(({ status }) =>
    status.name === name
  );
  // A managed session wins wherever it runs; among foreign ones the definition chooses.
  const managed = namesakes.filter(({ status }) => status.managed);
  const wanted = wantedOf(managed, search);
  const isChosen = definition !== undefined && isSelected(definition, selection);
  const named = isChosen ? definition.named : {};
  const found = wanted.length > 0
    ? withoutReplaced(wanted)
    : owner === null
    ? namesakes.filter(({ status }) => !status.managed && isWithin(knownPlace(status), named))
    : [];
  if (found.length > 1) throw ambiguous(verb, name, found);
  const [session] = found;
  if (session !== undefined) {
    return { kind: "session", session, status: mark(session.status, { defined, self }) };
  }
  const isMine = owner === null || isSameOwner(owner, self);
  const home = definition === undefined ? undefined : homeOf(definition, surveys);
  const silentRun = unheard.find((each) => isMeant(each.status, search));
  if (silentRun !== undefined && !home?.trouble) {
    const { status, trouble } = silentRun;
    return { kind: "defined", status: mark(status, { defined, self }), trouble };
  }
  const [other] = managed;
  if (isMine && isChosen) {
    const trouble = home?.trouble ? troubleError(home.place, home.trouble) : null;
    const anothers = other === undefined ? {} : { anothers: other.status };
    return { kind: "defined", status: definedStatus(definition, search), trouble, ...anothers };
  }
  const silent = surveys.filter(({ trouble }) => trouble !== null);
  const where = silent.find((survey) =>
    survey.trouble?.kind === "unreachable" || isAsked(survey, selection)
  );
  if (where?.trouble) throw troubleError(where.place, where.trouble);
  const known = surveys.flatMap(({ sessions }) => sessions.map(({ status }) => status.name ?? ""));
  throw new SessionNotFoundError(verb, name, {
    ...(owner === null ? {} : { reason: reasonOfNone(selection.project ?? "", managed) }),
    hint: [
      hintFor(name, [...known, ...defined.map((each) => each.name)]),
      // A stopped container exists even while its daemon is down.
      ...silent.flatMap(({ place, trouble }) =>
        trouble === null || trouble.missing
          ? []
          : `${place.engine} was not asked: ${trouble.reason}`
      ),
    ].join("; "),
  });
}

/**
 * Which managed sessions of one name are meant: those of the owner that the flag names; without it
 * mine, or, if I have none, those of other configs.
 */
function wantedOf(
  managed: readonly Session[],
  { owner, self, selection }: Search,
): readonly Session[] {
  const meant = managed.filter(({ status }) => isMeant(status, { owner, self, selection }));
  return meant.length > 0 || owner !== null || selection.ownOnly ? meant : managed;
}

/** Whether a session belongs to the owner that a flag, `--all` or an exact name means. */
function isMeant(
  status: SessionStatus,
  { owner, self, selection }: Pick<Search, "owner" | "self" | "selection">,
): boolean {
  if (owner !== null) return isSameOwner(status, owner);
  return selection.ownOnly ? isSameOwner(status, self) : !isStrange(status, self);
}

function reasonOfNone(project: string, [other]: readonly Session[]): string {
  const none = `${quote(project)} has no such session`;
  return other === undefined
    ? none
    : `${none}; another session with that name belongs to ${ownerWords(other.status)}`;
}

/** The sessions without ended ones that their own engine has started again since. */
function withoutReplaced(sessions: readonly Session[]): readonly Session[] {
  const running = sessions.filter(({ status }) => status.state === "running");
  return sessions.filter(({ status }) =>
    status.state === "running" ||
    !running.some(({ status: by }) => by.engine === status.engine && mayBeSame(status, by))
  );
}

function hintFor(name: string, known: readonly string[]): string {
  // The name itself may be known, in another place than the one that was asked.
  const near = closest(name, known.filter((each) => each !== name));
  return near === null
    ? "kstops list shows every session"
    : `did you mean ${quote(near)}? kstops list shows every session`;
}

function ambiguous(verb: string, name: string, found: readonly Session[]): SessionAmbiguousError {
  const statuses = found.map(({ status }) => status);
  const places = statuses.map((status) => ({
    backend: status.backend,
    engine: status.engine,
    socket_name: status.socketName,
    project: status.project,
    config_file: status.configFile,
    flags: choosingFlags(status, statuses),
  }));
  return new SessionAmbiguousError(verb, name, {
    reason: `it is found in ${found.length} places`,
    hint: `choose one: ${places.map(({ flags }) => flags).join(", or ")}`,
    backends: [...new Set(statuses.map(({ backend }) => backend))],
    details: { places },
  });
}

/** The shortest flags that choose this one among all that were found. */
function choosingFlags(status: SessionStatus, found: readonly SessionStatus[]): string {
  const isOnlyOfOwner = found.every((each) => each === status || !mayBeSame(each, status));
  return isOnlyOfOwner ? `--project ${shellWord(ownerName(status))}` : placeFlags(status, found);
}

/** The shortest flags that choose its place among all that were found. */
export function placeFlags(status: SessionStatus, found: readonly SessionStatus[]): string {
  return shortestFlags(knownPlace(status), found.map(knownPlace));
}
