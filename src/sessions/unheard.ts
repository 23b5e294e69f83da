/** Engines that cannot be asked, and the sessions that may still run in them. */
import type { Session, Survey, Trouble } from "../backends/backend.ts";
import { BackendUnavailableError, type OpsError, quote, SessionExistsError } from "../errors.ts";
import { descriptorOf } from "../backends/registry.ts";
import type { Engine, SessionStatus } from "../model.ts";
import { isSamePlace, type Place } from "../model/place.ts";
import { ownerWords } from "../owner.ts";
import { ownerDetails } from "./elsewhere.ts";
import type { OpenRun } from "./recorded.ts";

/** An engine that cannot be asked, as an error. */
export function troubleError(place: Place, trouble: Trouble): OpsError {
  const { backend, engine, scope } = place;
  const { meant, notFound } = descriptorOf(backend);
  const asked = scope === null ? engine ?? backend : meant(place);
  const { hint = null, reason } = trouble;
  const details = { engine, socket_name: scope, reason };
  if (!trouble.missing) {
    return new BackendUnavailableError(`Cannot ask ${asked}: ${reason}`, { reason, hint, details });
  }
  return notFound(asked, reason, { hint, details });
}

/** A session whose run nobody stopped or saw end, in an engine that cannot be asked. */
export interface Unheard {
  readonly status: SessionStatus;
  readonly trouble: OpsError;
}

/**
 * What is known of a recorded session whose runtime cannot be asked; null: the runtime answers, or
 * the run is known to be over. Containers outlive their daemon, or return with it. For tmux the
 * processes tell.
 */
export function unheardOf(
  { status, recorded }: Session,
  surveys: readonly Survey[],
): Unheard | null {
  const { engine, backend, finishedAt } = status;
  if (!recorded || finishedAt !== null || engine === null) return null;
  if (descriptorOf(backend).can.pid) return null;
  const trouble = troubleOf(engine, surveys);
  if (trouble === null) return null;
  const reason = `it was started in ${engine}, which cannot be asked: ${trouble.reason}`;
  return {
    status: { ...status, state: "unknown", reason },
    trouble: troubleError({ host: null, backend, engine, scope: null }, trouble),
  };
}

/** Why a runtime cannot be asked; null: it can. All installed runtimes were asked. */
function troubleOf(engine: Engine, surveys: readonly Survey[]): Trouble | null {
  const survey = surveys.find(({ place }) => place.engine === engine);
  if (survey !== undefined) return survey.trouble;
  return { kind: "not_running", missing: true, reason: `${engine} is not installed` };
}

/** The place of a start, and the answers of the engines before it. */
export interface StartingPoint {
  readonly place: Place;
  readonly surveys: readonly Survey[];
  /** The last runs in runtimes that were not stopped and have not ended. */
  readonly open: readonly (OpenRun & {
    /** Whether it belongs to another config, so that a start leaves it alone. */
    readonly isInTheWay: boolean;
  })[];
  /** Whether the user knows that it may run there. */
  readonly anyway: boolean;
}

/**
 * Makes sure that the session cannot be in an engine that does not answer, and that the engine of
 * its place does.
 *
 * @throws {SessionExistsError} `session_exists`: another config's may be in an engine that does not
 *   answer
 * @throws {BackendUnavailableError} `backend_unavailable`
 */
export function refuseUnheard(
  name: string,
  { place, surveys, open, anyway }: StartingPoint,
): void {
  const home = surveys.find((survey) => isSamePlace(survey.place, place));
  if (home?.trouble?.isSilent) {
    const { message, hint, details } = troubleError(home.place, home.trouble);
    const reason = `${message.replace(/^C/, "c")}; nothing was started`;
    throw new BackendUnavailableError(`Cannot start ${quote(name)}: ${reason}`, {
      reason,
      hint,
      details,
    });
  }
  for (const { backend, engine, owner, isInTheWay } of open) {
    const trouble = engine === place.engine ? null : troubleOf(engine, surveys);
    if (trouble === null) continue;
    if (isInTheWay) {
      throw new SessionExistsError(
        name,
        `a session with this name that belongs to ${
          ownerWords(owner)
        } may still run in ${engine}, which cannot be asked: ${trouble.reason}`,
        {
          backend,
          hint: `bring ${engine} back, or choose another name`,
          details: { engine, reason: trouble.reason, ...ownerDetails(owner) },
        },
      );
    }
    if (anyway) continue;
    const reason = `it may still run in ${engine}, which cannot be asked: ${trouble.reason}`;
    throw new BackendUnavailableError(`Cannot start ${quote(name)}: ${reason}`, {
      reason,
      hint: `bring ${engine} back, or add --yes to start it here all the same`,
      details: { engine, reason: trouble.reason },
    });
  }
}
