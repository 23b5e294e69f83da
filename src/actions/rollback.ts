/** What a restart says and does after the old session was stopped and the new one did not start. */
import { descriptorOf } from "../backends/registry.ts";
import { OpsError, quote, SessionNotFoundError, UsageError } from "../errors.ts";
import type { Definition, SessionStatus } from "../model.ts";
import type { Match, Selection } from "../sessions/sessions.ts";
import { shellWord } from "../shell.ts";
import type { Tools } from "./tools.ts";
import { startWords } from "./words.ts";

/** A session to replace. */
type Present = Extract<Match, { readonly kind: "session" }>;

/**
 * The definition of the old session, so that a rollback can start it again.
 *
 * @throws {UsageError} `usage`: the definition is unknown
 */
export async function oldDefinition({ session, status }: Present): Promise<Definition> {
  const definition = await session.definition({ asItRan: true });
  if (definition !== null) return definition;
  const name = status.name ?? "";
  const why = status.managed
    ? "what it was started from is not recorded"
    : "kstops did not start it";
  throw new UsageError(
    `Cannot use --rollback with ${quote(name)}: ${why}, so it could not be started again`,
    { hint: "leave out --rollback: nothing was touched" },
  );
}

/**
 * The engines' states of sessions that have not ended: they wait for their next execution, or are
 * held.
 */
const IS_HELD: ReadonlySet<string> = new Set(["restarting", "backoff", "paused"]);

/** Whether a stop removes something that goes on: a program that had ended is not run again. */
export function goesOn({ state, engineState }: SessionStatus): boolean {
  return state === "running" || (engineState !== null && IS_HELD.has(engineState));
}

/** The state of the old session. */
interface Rollback {
  readonly name: string;
  /** Whether it went on until the restart stopped it. */
  readonly wentOn: boolean;
  /** Whether its user asked for a rollback. */
  readonly isWanted: boolean;
  /** Starts the old session again; null: nobody asked for that, or it had ended. */
  readonly restore: (() => Promise<SessionStatus>) | null;
}

/** The failure of a start after a stop: what is gone, what is there now, and what can be done. */
export async function afterStop(
  error: unknown,
  tools: Tools,
  { name, wentOn, isWanted, restore }: Rollback,
): Promise<unknown> {
  if (!(error instanceof OpsError)) return error;
  const stopped = wentOn;
  if (restore === null) {
    const now = await whatIsThere(tools, name);
    const old = wentOn ? "was stopped and is gone" : "had ended and is gone";
    return withEnd(error, `the old one ${old}, ${now.words}`, {
      ...{ stopped, rolledBack: null },
      hint: joined(
        error.hint,
        `fix its definition, then: kstops ${now.isRunning ? "restart" : "start"} ${
          shellWord(name)
        }`,
        isWanted ? null : "with --rollback, restart starts the old one again by itself",
      ),
    });
  }
  // The new session's output belongs to the run before the one that is started now.
  const hint = "output" in error.details
    ? `what the new one printed: kstops logs ${shellWord(name)} --previous`
    : error.hint;
  try {
    await endNewOne(tools, name);
    const started = startWords(await restore());
    return withEnd(error, `the old one was started again (${started})`, {
      ...{ stopped, rolledBack: true, hint },
    });
  } catch (again) {
    if (!(again instanceof OpsError)) throw again;
    const now = await whatIsThere(tools, name);
    const why = again.message.replace(/^Cannot start "[^"]*": /, "");
    return withEnd(error, `the old one could not be started again, ${now.words}: ${why}`, {
      ...{ stopped, rolledBack: false, hint: joined(error.hint, again.hint) },
    });
  }
}

function joined(...hints: readonly (string | null)[]): string {
  return [...new Set(hints.filter((hint) => hint !== null))].join("; ");
}

function withEnd(
  error: OpsError,
  end: string,
  { stopped, rolledBack, hint }: {
    readonly stopped: boolean;
    readonly rolledBack: boolean | null;
    readonly hint: string | null;
  },
): OpsError {
  return new OpsError(error.code, `${error.message}; ${end}`, {
    hint,
    details: { ...error.details, stopped, rolled_back: rolledBack },
    cause: error,
  });
}

/** The session that has the name now, as far as that can be found out. */
async function whatIsThere(
  tools: Tools,
  name: string,
): Promise<{ readonly words: string; readonly isRunning: boolean }> {
  try {
    const { kind, status } = await tools.sessions().find("show", name, EVERYWHERE);
    if (kind === "defined" && status.state === "unknown") {
      return { words: `and what is there now is not known: ${status.reason}`, isRunning: false };
    }
    if (kind === "defined") return NOTHING;
    const { state, engineState } = status;
    const isOn = goesOn(status);
    return {
      words: state === "exited" && !isOn
        ? "and the new one has ended"
        : `and the new one is ${isOn ? engineState ?? state : state}`,
      isRunning: isOn,
    };
  } catch (error) {
    if (error instanceof SessionNotFoundError) return NOTHING;
    if (!(error instanceof OpsError)) throw error;
    return { words: `and what is there now is not known: ${error.message}`, isRunning: false };
  }
}

const EVERYWHERE: Selection = {};
const NOTHING = { words: "and nothing of it is there now", isRunning: false } as const;

/**
 * A new session that goes on would be in the way. A container that has just ended may be restarted
 * at once by its policy; a tmux session that has ended stays, with its end.
 */
async function endNewOne(tools: Tools, name: string): Promise<void> {
  try {
    const found = await tools.sessions().find("stop", name, EVERYWHERE);
    if (found.kind !== "session" || !found.status.managed) return;
    if (
      descriptorOf(found.status.backend).restarts !== "engine" && found.status.state === "exited"
    ) {
      return;
    }
    await found.session.stop({ timeoutSeconds: null, force: false });
  } catch (error) {
    if (!(error instanceof SessionNotFoundError)) throw error;
  }
}
