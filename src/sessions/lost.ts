/** Sessions that are recorded, but that no engine shows. Pure. */
import type { Session, Survey } from "../backends/backend.ts";
import { descriptorOf } from "../backends/registry.ts";
import type { SessionStatus } from "../model.ts";
import { isWithin, knownPlace } from "../model/place.ts";
import { isAnothers, mayBeSame } from "../owner.ts";
import type { Shown } from "./recorded.ts";
import type { Search, Selection } from "./sessions.ts";
import { type Unheard, unheardOf } from "./unheard.ts";

/** What the engines show: names of sessions, and runs of managed ones. */
export function shownIn(surveys: readonly Survey[]): Shown {
  const sessions = surveys.flatMap((survey) => survey.sessions);
  const whole = sessions.filter(({ hidesProgram }) => !hidesProgram);
  return {
    names: new Set(sessions.map(({ status }) => status.name ?? "")),
    managed: new Set(
      whole.flatMap(({ status: { managed, state, name } }) =>
        managed && state === "running" ? name ?? [] : []
      ),
    ),
    runs: new Set(whole.flatMap(({ run }) => run ?? [])),
  };
}

/** The surveys, plus the recorded sessions that an answering engine no longer has. */
export function withRecorded(
  surveys: readonly Survey[],
  recorded: readonly Session[],
  { selection, defined, self }: Pick<Search, "selection" | "defined" | "self">,
): readonly Survey[] {
  const gone = recorded.filter(({ status, isUncertain }) => {
    // The engine answers and does not have it: the session never began.
    if (isUncertain) return false;
    const definition = isAnothers(status, self)
      ? undefined
      : defined.find(({ name }) => name === status.name);
    // An ended session has nothing to do with a definition that now names another place.
    const isMeant = status.state === "running" || definition === undefined ||
      isWithin(knownPlace(status), definition.named);
    return isMeant && isWithin(knownPlace(status), selection) && isGone(status, surveys);
  });
  const shown = surveys.flatMap(({ sessions }) => sessions);
  const hidden = new Set<Session>();
  const lost = gone.map((session) => {
    const rest = shown.find(({ run }) => run !== null && run === session.run);
    const replaced = shown.filter((other) => other !== rest && isReplaced(other, session));
    for (const other of rest === undefined ? replaced : [rest, ...replaced]) hidden.add(other);
    const whole = rest === undefined ? session : withRest(session, rest);
    return replaced.reduce(withReplaced, whole);
  });
  const others = surveys.map((survey) => ({
    ...survey,
    sessions: survey.sessions.filter((session) => !hidden.has(session)),
  }));
  return [
    ...others,
    ...lost.map((session) => ({
      place: knownPlace(session.status),
      sessions: [session],
      trouble: null,
    })),
  ];
}

/** Whether it is an ended run of a session that now runs elsewhere, often under another TMUX_TMPDIR. */
function isReplaced({ status }: Session, { status: by }: Session): boolean {
  return status.managed && status.state === "exited" && by.state === "running" &&
    status.name === by.name && status.engine === by.engine && mayBeSame(status, by);
}

/** A session whose stop also removes what its engine still has of an earlier run. */
function withReplaced(session: Session, replaced: Session): Session {
  return {
    ...session,
    stop: async (options) => {
      const ended = await session.stop(options);
      await replaced.stop({ ...options, force: true });
      return ended;
    },
  };
}

/** A session whose program its engine does not show, with what the engine still has of it. */
function withRest(session: Session, rest: Session): Session {
  const { id, windowCount, attached } = rest.status;
  const status = { ...session.status, id, windowCount, attached };
  return { ...withReplaced(session, rest), status };
}

/** A recorded session that the flags mean and whose engine cannot be asked. */
export function unheardIn(
  surveys: readonly Survey[],
  session: Session,
  selection: Selection,
): Unheard | null {
  return isWithin(knownPlace(session.status), selection) ? unheardOf(session, surveys) : null;
}

/** Whether to believe the engines that a session is gone. */
function isGone(status: SessionStatus, surveys: readonly Survey[]): boolean {
  const home = surveys.find(({ place }) => isWithin(knownPlace(status), place));
  // A tmux server that does not run has no sessions; a container exists even while its daemon is
  // down.
  if (descriptorOf(status.backend).can.pid) return home?.trouble?.kind !== "unreachable";
  return home !== undefined && home.trouble === null;
}
