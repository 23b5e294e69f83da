/** `kstops restart NAME`: stop, then start with the fresh definition. */
import type { Session } from "../../backends/backend.ts";
import { placeOf } from "../../config/defined.ts";
import { configInvalid } from "../../config/problems.ts";
import {
  InputRequiredError,
  type Json,
  quote,
  SessionExistsError,
  SessionNotFoundError,
  UsageError,
} from "../../errors.ts";
import type { Definition, SessionStatus } from "../../model.ts";
import { placeName, type Plan, type Task } from "../../operations/operate.ts";
import type { Match, Selection } from "../../sessions/sessions.ts";
import { shellWord } from "../../shell.ts";
import { type Context, type Reply, selectionOf } from "../command.ts";
import { argumentsFor, questionFor, requireOwn } from "../confirm.ts";
import { definitionFor, isDefined } from "../definitions.ts";
import { type Changed, changeEach, outcomeOf, replyOf } from "../many.ts";
import { namesFrom } from "../names.ts";
import { requestOf } from "../recording.ts";
import { afterStop, oldDefinition } from "../rollback.ts";
import { isAnothers } from "../whose.ts";
import { launch, startedText } from "./start.ts";
import { type StopFlags, type StopTaskFlags, withLastingProject, withoutMissing } from "./stop.ts";

/** Flags of `restart`. */
export interface RestartFlags extends Omit<StopFlags, "keep"> {
  readonly wait: boolean;
  readonly rollback?: true | undefined;
}

/** How one session is restarted. */
export interface RestartTaskFlags extends Omit<StopTaskFlags, "keep"> {
  readonly wait: boolean;
  /** Starts the old one again when the new one does not start. */
  readonly rollback?: true | undefined;
  readonly quiet?: true | undefined;
}

/** Restarts sessions, side by side. */
export async function restart(context: Context, flags: RestartFlags): Promise<Reply> {
  if (flags.rollback && !flags.wait) {
    throw new UsageError("Cannot use --rollback with --no-wait: nobody would see that it fails", {
      hint: "leave out --no-wait",
    });
  }
  const names = await namesFrom(context, "restart", flags);
  const selection = selectionOf(flags);
  const request = await requestOf(context, replannedWith(withLastingProject(context, flags)));
  const outcomes = await changeEach(context, names, {
    task: (name, guarded) => restartTask(guarded, name, { flags, request }),
    selection,
  });
  return replyOf(outcomes, { quiet: flags.quiet, isList: flags.all === true });
}

/** The flags with which a restart that waits for an answer is planned again. They hold no secrets. */
function replannedWith(flags: RestartFlags): Json {
  const { backend, socket, runtime, project, all, force, timeout, wait, rollback } = flags;
  return withoutMissing({
    backend,
    socket,
    runtime,
    project,
    all,
    force,
    timeout,
    wait,
    rollback,
  });
}

/** The restart of one session. */
export function restartTask(
  context: Context,
  name: string,
  { flags, request }: { readonly flags: RestartTaskFlags; readonly request: Json },
): Task<Changed> {
  return {
    kind: "restart",
    session: name,
    request,
    plan: () => planOf(context, name, flags),
    outcome: outcomeOf,
  };
}

async function planOf(
  context: Context,
  name: string,
  flags: RestartTaskFlags,
): Promise<Plan<Changed>> {
  const { problems } = await context.config();
  // Nobody can tell whether it defines that session, and how.
  if (problems.length > 0) throw configInvalid(`restart ${quote(name)}`, problems);
  const sessions = context.sessions();
  const match = await sessions.find("restart", name, selectionOf(flags));
  if (match.kind === "defined" && match.trouble !== null) throw match.trouble;
  if (match.kind === "session") {
    await requireOwn(context, { verb: "restart", status: match.status, flags });
  }
  if (
    match.kind === "session" && match.session.restart !== undefined &&
    !await isDefinedHere(context, match)
  ) {
    return await asItIs(context, match, flags);
  }
  const { definition: fresh, startWaitMs } = await freshDefinition(context, match, flags);
  const replaced = match.kind === "session" ? match : null;
  const definition = replaced === null
    ? fresh
    : inPlace(fresh, replaced.status, await namedPlace(context, match, flags));
  // Before anything is stopped: a definition that cannot start must not cost a running session.
  await sessions.check(definition, replaced?.session, flags.all);
  const waitMs = flags.wait ? startWaitMs : 0;
  const begin = async (): Promise<Changed> => {
    const { quiet, all: ownOnly } = flags;
    const status = await launch(context, definition, { waitMs, quiet, ownOnly });
    return { status, text: restartedText(status) };
  };
  if (match.kind === "defined") {
    return { place: placeName(await sessions.place(definition)), question: null, apply: begin };
  }
  refuseToReplace(match.status, definition);
  const old = flags.rollback ? await oldDefinition(match) : null;
  return {
    place: placeName(match.status),
    question: await questionFor(context, { verb: "restart", match, flags }),
    apply: async () => {
      await rehearse(context, definition, { replaced: match.session, flags });
      await context.during(`stopping ${name}`, () =>
        match.session.stop({
          timeoutSeconds: flags.timeout ?? null,
          force: flags.force === true,
        }));
      try {
        return await begin();
      } catch (error) {
        const restore = old === null
          ? null
          : () => launch(context, old, { waitMs, quiet: flags.quiet });
        const wasRunning = match.status.state === "running";
        throw await afterStop(error, context, { name, wasRunning, restore });
      }
    },
  };
}

/** Tries out whether the new one can start, while the old one runs. */
async function rehearse(
  context: Context,
  definition: Definition,
  { replaced, flags }: { readonly replaced: Session; readonly flags: RestartTaskFlags },
): Promise<void> {
  const { quiet, all: ownOnly = false } = flags;
  const say = quiet ? () => {} : context.warn;
  await context.during(
    `checking ${definition.name}`,
    () => context.sessions().rehearse(definition, { replaced, ownOnly, say }),
  );
}

/** The restart of what kstops does not know how to start: by its own engine. */
async function asItIs(
  context: Context,
  match: Extract<Match, { readonly kind: "session" }>,
  flags: RestartTaskFlags,
): Promise<Plan<Changed>> {
  const { session, status: { name } } = match;
  const { settings: { startWaitMs } } = await context.config();
  const byEngine = () =>
    context.during(
      `restarting ${name}`,
      async () =>
        await session.restart?.({
          timeoutSeconds: flags.timeout ?? null,
          force: flags.force === true,
          waitMs: flags.wait ? startWaitMs : 0,
        }) ?? match.status,
    );
  return {
    place: placeName(match.status),
    question: await questionFor(context, { verb: "restart", match, flags }),
    apply: async () => {
      try {
        const status = await byEngine();
        return { status, text: restartedText(status) };
      } catch (error) {
        if (!flags.rollback) throw error;
        // It is the old one itself that did not come up: its engine tries once more.
        throw await afterStop(error, context, {
          name: name ?? "",
          wasRunning: match.status.state === "running",
          restore: byEngine,
        });
      }
    },
  };
}

function restartedText(status: SessionStatus): string {
  return startedText(status).replace(/^Started/, "Restarted");
}

/** Whether the config says what that session is: it says nothing of one that is another config's. */
async function isDefinedHere(context: Context, { status }: Match): Promise<boolean> {
  return await isDefined(context, status.name ?? "") && !await isAnothers(context, status);
}

/** What flags and config say of the place of a session; what neither says is undefined. */
async function namedPlace(
  context: Context,
  match: Match,
  { socket, runtime }: RestartTaskFlags,
): Promise<Pick<Selection, "socketName" | "runtime">> {
  const config = await context.config();
  const entry = await isDefinedHere(context, match)
    ? config.sessions.get(match.status.name ?? "")
    : undefined;
  const named = entry === undefined ? null : placeOf(entry, config);
  return {
    socketName: socket ?? named?.socketName ?? undefined,
    runtime: runtime ?? named?.runtime ?? undefined,
  };
}

/** The definition, to be started where the session is: what leaves that open must not move it. */
function inPlace(
  definition: Definition,
  { engine, socketName }: SessionStatus,
  named: Pick<Selection, "socketName" | "runtime">,
): Definition {
  if (definition.backend === "tmux") {
    const isOpen = socketName !== null && named.socketName === undefined;
    return isOpen ? { ...definition, socketName } : definition;
  }
  const isOpen = engine !== null && engine !== "tmux" && named.runtime === undefined;
  return isOpen ? { ...definition, runtime: engine } : definition;
}

/**
 * Makes sure that what is stopped can be replaced.
 *
 * @throws {SessionExistsError} `session_exists`
 */
function refuseToReplace(
  { backend, engine, managed }: SessionStatus,
  { backend: wanted, name }: Definition,
): void {
  if (managed || backend === "tmux" || backend !== wanted) return;
  throw new SessionExistsError(name, "kstops did not make that container, and does not remove it", {
    backend,
    hint: `remove it yourself: ${engine} rm ${name}`,
  });
}

async function freshDefinition(
  context: Context,
  match: Match,
  flags: RestartTaskFlags,
): Promise<{ readonly definition: Definition; readonly startWaitMs: number }> {
  const name = match.status.name ?? "";
  if (await isDefinedHere(context, match)) return await definitionFor(context, name, flags);
  const known = match.kind === "session" ? await match.session.definition() : null;
  if (known === null) {
    throw await isAnothers(context, match.status)
      ? new SessionNotFoundError("restart", name, {
        reason: "what it was started from is not known here",
        hint: `restart it with its own config: kstops restart ${shellWord(name)} --config FILE`,
      })
      : notStartable(match.status, flags);
  }
  const { settings } = await context.config();
  return { definition: known, startWaitMs: settings.startWaitMs };
}

/** A session that no config defines, and whose own definition is not there: a yes alone does not help. */
function notStartable(
  { name: found, backend, managed }: SessionStatus,
  flags: RestartTaskFlags,
): InputRequiredError | SessionNotFoundError {
  const name = found ?? "";
  const why = managed ? "" : "kstops did not start it and ";
  const reason = `${why}no config defines it, so its command is not known`;
  const hint = "define it in a config file";
  if (flags.yes || managed) return new SessionNotFoundError("restart", name, { reason, hint });
  const then = `${hint}, then say it: kstops restart ${argumentsFor(name, flags)}`;
  return new InputRequiredError("restart", name, { reason, hint: then, backend });
}
