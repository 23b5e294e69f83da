/** The tmux backend: sessions on all tmux sockets of this user. */
import { BackendUnavailableError } from "../../errors.ts";
import type { Definition, Place, TmuxDefinition } from "../../model.ts";
import { FileError, ProgramMissingError, type World } from "../../world.ts";
import type { Runner, Session, Survey, Trouble, Where } from "../backend.ts";
import { ask, type Context, installHint, type TmuxSettings, tooOld } from "./ask.ts";
import { isTooOld, statusOfSession, type TmuxSession } from "./parse.ts";

/** The tmux backend. */
export function tmuxRunner(world: World, settings: TmuxSettings): Runner {
  const context: Context = { world, ...settings };
  return {
    backend: "tmux",
    survey: async (where) => {
      const sockets = await socketsOf(context, where);
      if (!Array.isArray(sockets)) {
        const { trouble: reason } = sockets;
        return [unreachable(placeOf(null), { reason, missing: false })];
      }
      return await Promise.all(sockets.map((name) => survey(context, name)));
    },
    check: async (definition) => {
      const { check } = await import("./start.ts");
      await check(context.world, tmuxOnly(definition));
    },
    place: (definition) => Promise.resolve(placeOf(tmuxOnly(definition).socketName)),
    plan: async (definition) => {
      const { plan } = await import("./start.ts");
      return await plan(context, tmuxOnly(definition));
    },
    start: async (definition, options) => {
      const { start } = await import("./start.ts");
      return await start(context, tmuxOnly(definition), options);
    },
  };
}

function tmuxOnly(definition: Definition): TmuxDefinition {
  if (definition.backend === "tmux") return definition;
  throw new TypeError("the tmux backend was given the definition of a container");
}

/** A socket; null: all of them, since nobody knows which there are. */
function placeOf(socketName: string | null): Place {
  return { backend: "tmux", engine: "tmux", socketName };
}

function unreachable(place: Place, trouble: Omit<Trouble, "kind">): Survey {
  return { place, sessions: [], trouble: { kind: "unreachable", ...trouble } };
}

/**
 * The directory where tmux keeps its sockets: a `TMUX_TMPDIR` that does not exist silently means
 * `/tmp` (tmux 3.3a tmux.c, make_label).
 */
async function socketDirectory(world: World): Promise<string> {
  const wanted = world.env("TMUX_TMPDIR");
  const usable = wanted && (await world.files.facts(wanted))?.kind === "directory";
  return `${usable ? wanted : "/tmp"}/tmux-${world.uid() ?? 0}`;
}

async function socketsOf(
  { world }: Context,
  where: Where,
): Promise<string[] | { readonly trouble: string }> {
  if (where.socketName !== undefined) return [where.socketName];
  const directory = await socketDirectory(world);
  let names: readonly string[];
  try {
    names = await world.files.list(directory);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.why === "missing" ? [] : { trouble: error.message };
  }
  const facts = await Promise.all(names.map((name) => world.files.facts(`${directory}/${name}`)));
  return names.filter((_, index) => facts[index]?.kind === "socket");
}

async function survey(context: Context, socketName: string): Promise<Survey> {
  const place = placeOf(socketName);
  try {
    const found = await ask(context, socketName);
    // All of them are of one server.
    const version = found[0]?.serverVersion;
    if (version !== undefined && isTooOld(version)) {
      return unreachable(place, { reason: tooOld(version), missing: false });
    }
    const sessions = found.map((session) => sessionAt(context, socketName, session));
    return { place, sessions, trouble: null };
  } catch (error) {
    if (error instanceof ProgramMissingError) {
      return unreachable(place, {
        reason: error.message,
        missing: true,
        hint: installHint(context.world),
      });
    }
    if (!(error instanceof BackendUnavailableError)) throw error;
    const { reason, hint } = error;
    return unreachable(place, { reason, missing: false, ...(hint === null ? {} : { hint }) });
  }
}

/** A session with what can be done to it; most commands only look at it. */
function sessionAt(context: Context, socketName: string, session: TmuxSession): Session {
  return {
    status: statusOfSession(session, socketName),
    protected: session.record?.protected ?? false,
    stop: async (options) => (await work()).stop(context, socketName, session, options),
    attach: async (options) => (await work()).attachTo(context, { socketName, session, options }),
    run: session.runId,
    recorded: false,
    logs: async (options) => (await work()).logs(context, socketName, session, options),
    follow: async function* (options, abort) {
      yield* (await work()).follow(context, { session, options, abort });
    },
    definition: async () => (await work()).definitionOf(context, socketName, session),
  };
}

function work(): Promise<typeof import("./session.ts")> {
  return import("./session.ts");
}
