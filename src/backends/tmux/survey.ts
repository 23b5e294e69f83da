/** Turns the answers of tmux servers into surveys. */
import { BackendUnavailableError } from "../../errors.ts";
import type { SessionStatus } from "../../model.ts";
import type { Place } from "../../model/place.ts";
import { ProgramMissingError, type World } from "../../world/world.ts";
import type { Session, Survey, Trouble } from "../backend.ts";
import { ask, installHint, SilentServerError, tooOld, unavailable } from "./ask.ts";
import type { Asked, Context } from "./list.ts";
import type { TmuxSession } from "./parse.ts";
import { isTooOld } from "./version.ts";
import { BACKOFF, hiddenProgram, statusOfSession, waitingWords } from "./status.ts";

/** What each server has, or why it does not tell. */
export async function surveyAll(context: Context, asked: readonly Asked[]): Promise<Survey[]> {
  return await Promise.all(asked.map((each) => survey(context, each)));
}

/**
 * A place that cannot be asked.
 *
 * @param socketName null: every socket, since nobody knows which there are
 */
export function unreachable(
  socketName: string | null,
  trouble: Omit<Trouble, "kind">,
): Survey {
  return {
    place: placeAt(socketName),
    sessions: [],
    trouble: { kind: "unreachable", ...trouble },
  };
}

/** A socket as a place; null: all of them. */
function placeAt(socketName: string | null): Place {
  return { host: null, backend: "tmux", engine: "tmux", scope: socketName };
}

async function survey(context: Context, asked: Asked): Promise<Survey> {
  const { socketName } = asked;
  try {
    const found = await ask(context, socketName, asked);
    // All sessions have the same server.
    const version = found[0]?.serverVersion;
    if (version !== undefined && isTooOld(version)) {
      return unreachable(socketName, { reason: tooOld(version), missing: false });
    }
    const sessions = await Promise.all(found.map(async (session) => ({
      ...sessionAt(context, socketName, session),
      hidesProgram: await mayHideProgram(context.world, session),
    })));
    return { place: placeAt(socketName), sessions, trouble: null };
  } catch (error) {
    if (error instanceof ProgramMissingError) {
      const { message: reason } = error;
      const hint = installHint(context.world);
      return unreachable(socketName, { reason, missing: true, hint });
    }
    if (!(error instanceof BackendUnavailableError)) throw error;
    const { reason, hint } = error;
    const isSilent = error instanceof SilentServerError;
    return unreachable(socketName, {
      reason,
      missing: false,
      isSilent,
      ...(hint === null ? {} : { hint }),
    });
  }
}

/** Whether the program of a session may live although the session does not show it. */
async function mayHideProgram(world: World, session: TmuxSession): Promise<boolean> {
  const program = hiddenProgram(session);
  return program === "any" || (program !== null && await world.processes.alive(program));
}

/** The status, with the time of the next execution if there is one. */
function statusNow(world: World, session: TmuxSession, socketName: string): SessionStatus {
  const status = statusOfSession(session, socketName);
  const { managedPane: pane } = session;
  if (pane === null || status.engineState !== BACKOFF) return status;
  return { ...status, reason: waitingWords(pane, world.now()) };
}

/** A session with the actions on it; most commands only look at it. */
function sessionAt(
  context: Context,
  socketName: string,
  session: TmuxSession,
): Omit<Session, "hidesProgram"> {
  const { unreadable } = session;
  return {
    status: statusNow(context.world, session, socketName),
    protected: session.record?.protected ?? false,
    stop: async (options) => {
      // Its processes are unknown: kstops could not prove that nothing is left.
      if (unreadable !== null) throw unavailable(socketName, { kind: "other", reason: unreadable });
      return await (await work()).stop(context, socketName, session, options);
    },
    attach: async (options) => (await work()).attachTo(context, { socketName, session, options }),
    ...(unreadable !== null ? {} : {
      keyboard: {
        check: async (typed) =>
          await (await import("./keyboard.ts")).check(context, socketName, { session, typed }),
        type: async (typed) =>
          await (await import("./keyboard.ts")).type(context, socketName, { session, typed }),
      },
      exec: async (argv) =>
        await (await import("./exec.ts")).exec(context, socketName, { session, argv }),
      usage: async () => await (await import("./usage.ts")).usage(context, session),
      signal: async (options) =>
        await (await import("./signal.ts")).signal(context, socketName, { session, options }),
    }),
    run: session.runId,
    recorded: false,
    renamed: session.name !== session.tmuxName,
    logs: async (options) => (await work()).logs(context, socketName, session, options),
    follow: async function* (options, abort) {
      yield* (await work()).follow(context, { session, options, abort });
    },
    probe: async (argv, { definition, timeoutMs }) => {
      if (definition.backend !== "tmux") throw new TypeError("its definition is of no tmux");
      const { probe } = await import("./probe.ts");
      return await probe(context, argv, { definition, timeoutMs });
    },
    definition: async (options) =>
      (await work()).definitionOf(context, socketName, { session, ...options }),
    leftovers: async () => (await work()).leftovers(context, session),
  };
}

function work(): Promise<typeof import("./session.ts")> {
  return import("./session.ts");
}
