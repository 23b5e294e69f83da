/** Restarts sessions: a stop, then a start with the fresh definition. */
import type { Session } from "../backends/backend.ts";
import { descriptorOf } from "../backends/registry.ts";
import { placeOf } from "../config/defined.ts";
import type { StartFlags } from "../config/flags.ts";
import { configInvalid } from "../config/problems.ts";
import {
  InputRequiredError,
  type Json,
  quote,
  SessionExistsError,
  SessionNotFoundError,
  UsageError,
} from "../errors.ts";
import type { BackendType, Definition, Runtime, SessionStatus } from "../model.ts";
import type { Plan } from "../operations/operate.ts";
import {
  formatPlace,
  inPlace,
  knownPlace,
  lockName,
  type PlaceFlags,
  type PlaceSelector,
} from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import type { Match } from "../sessions/sessions.ts";
import { shellWord } from "../shell.ts";
import { questionFor, requireOwn } from "./confirm.ts";
import { definitionFor, isDefined } from "./definitions.ts";
import { type Changed, changeEach, type ChangeTask, type Each, type Outcomes } from "./each.ts";
import {
  type Codec,
  formatOptions,
  formatRequest,
  PLACE_CODEC,
  readEither,
  readGiven,
  readSeconds,
} from "./request.ts";
import { afterStop, goesOn, oldDefinition } from "./rollback.ts";
import { launch, ready, refuseNoWait } from "./start.ts";
import type { Look } from "./survey.ts";
import type { ChangeTools } from "./tools.ts";
import { isAnothers } from "./whose.ts";

/** How to restart sessions. */
export interface RestartRequest extends PlaceFlags {
  /** Where the new ones are to run, whatever the config says and wherever the old ones do. */
  readonly toBackend?: BackendType | undefined;
  readonly toRuntime?: Runtime | undefined;
  /** Whether no names were given, so that only sessions of this config are meant. */
  readonly all?: true | undefined;
  /** Whether to kill the old ones at once. */
  readonly force?: true | undefined;
  /** How many seconds an old one may take to end; missing: those of its definition. */
  readonly timeout?: number | undefined;
  /** Whether to watch the starts until they count as done. */
  readonly wait: boolean;
  /** Whether to wait until the new ones are ready, as their definitions say. */
  readonly waitReady?: true | undefined;
  /** Whether to start the old one again when the new one does not start. */
  readonly rollback?: true | undefined;
  /** Whether to say nothing about slow work. */
  readonly quiet?: true | undefined;
  /** Whether a yes has been said. */
  readonly yes?: true | undefined;
}

/** The result of restarting one session. */
export interface Restarted extends Changed {
  readonly kind: "restarted";
}

/**
 * Restarts sessions, side by side.
 *
 * @throws {UsageError} `usage`: a rollback without a watched start
 */
export async function restartEach(
  tools: ChangeTools,
  names: readonly string[],
  request: RestartRequest,
): Promise<Outcomes<Restarted>> {
  return await changeEach(tools, names, await restartsOf(tools, request));
}

/**
 * How to restart each of several sessions.
 *
 * @throws {UsageError} `usage`: a rollback without a watched start
 */
export async function restartsOf(
  tools: ChangeTools,
  request: RestartRequest,
): Promise<Each<Restarted>> {
  if (request.rollback && !request.wait) {
    throw new UsageError("Cannot use --rollback with --no-wait: nobody would see that it fails", {
      hint: "leave out --no-wait",
    });
  }
  refuseNoWait(request);
  const recorded = await formatRequest(tools, formatOptions(tools, request, RESTART_CODEC));
  return {
    verb: "restart",
    selection: selectionOf(request),
    task: (name, look) => restartTask(tools, name, { request, recorded, look }),
  };
}

/** How to record the options of a restart. They contain no secrets. */
export const RESTART_CODEC: Codec<Omit<RestartRequest, "yes" | "quiet">> = {
  ...PLACE_CODEC,
  toBackend: PLACE_CODEC.backend,
  toRuntime: PLACE_CODEC.runtime,
  all: readGiven,
  force: readGiven,
  timeout: readSeconds,
  wait: readEither,
  waitReady: readGiven,
  rollback: readGiven,
};

/** The restart of one session. */
export function restartTask(
  tools: ChangeTools,
  name: string,
  { request, recorded, look }: {
    readonly request: RestartRequest;
    readonly recorded: Json;
    readonly look: Look;
  },
): ChangeTask<Restarted> {
  return {
    kind: "restart",
    session: name,
    request: recorded,
    plan: () => planOf(tools, { name, look }, request),
    ...(request.waitReady ? { afterwards: ready(tools) } : {}),
  };
}

async function planOf(
  tools: ChangeTools,
  { name, look }: { readonly name: string; readonly look: Look },
  request: RestartRequest,
): Promise<Plan<Restarted>> {
  const { problems } = await tools.config();
  // Nobody can tell whether and how it defines that session.
  if (problems.length > 0) throw configInvalid(`restart ${quote(name)}`, problems);
  const sessions = tools.sessions();
  const match = await look();
  if (match.kind === "defined" && match.trouble !== null) throw match.trouble;
  if (match.kind === "session") {
    await requireOwn(tools, { verb: "restart", status: match.status, flags: request });
  }
  if (
    match.kind === "session" && match.session.restart !== undefined &&
    !await isDefinedHere(tools, match)
  ) {
    return await asItIs(tools, match, request);
  }
  const { definition: fresh, startWaitMs } = await freshDefinition(tools, match, request);
  const replaced = match.kind === "session" ? match : null;
  const definition = replaced === null ? fresh : inPlace(fresh, {
    at: knownPlace(replaced.status),
    named: await namedPlace(tools, match, request),
  });
  // Before anything is stopped: a definition that cannot start must not cost a running session.
  await sessions.check(definition, replaced?.session, request.all);
  const waitMs = request.wait ? startWaitMs : 0;
  const begin = async (): Promise<Restarted> => {
    const { quiet, all: ownOnly } = request;
    const status = await launch(tools, definition, { waitMs, quiet, ownOnly });
    return { kind: "restarted", status, definition };
  };
  if (match.kind === "defined") {
    return { place: formatPlace(await sessions.place(definition)), question: null, apply: begin };
  }
  refuseToReplace(match.status, definition);
  const wentOn = goesOn(match.status);
  const old = request.rollback && wentOn ? await oldDefinition(match) : null;
  return {
    place: lockName(match.status),
    question: await questionFor(tools, { verb: "restart", match, flags: request }),
    apply: async () => {
      await rehearse(tools, definition, { replaced: match.session, request });
      await tools.during("stopping", () =>
        match.session.stop({
          timeoutSeconds: request.timeout ?? null,
          force: request.force === true,
        }), { session: name });
      try {
        return await begin();
      } catch (error) {
        const restore = old === null
          ? null
          : () => launch(tools, old, { waitMs, quiet: request.quiet });
        const isWanted = request.rollback === true;
        throw await afterStop(error, tools, { name, wentOn, isWanted, restore });
      }
    },
  };
}

/** Tries out whether the new one can start, while the old one runs. */
async function rehearse(
  tools: ChangeTools,
  definition: Definition,
  { replaced, request }: { readonly replaced: Session; readonly request: RestartRequest },
): Promise<void> {
  const { quiet, all: ownOnly = false } = request;
  const say = quiet ? () => {} : tools.warn;
  await tools.during(
    "checking",
    () => tools.sessions().rehearse(definition, { replaced, ownOnly, say }),
    { session: definition.name },
  );
}

/** Restarts a session whose definition is unknown, by its own engine. */
async function asItIs(
  tools: ChangeTools,
  match: Extract<Match, { readonly kind: "session" }>,
  request: RestartRequest,
): Promise<Plan<Restarted>> {
  const { session, status: { name } } = match;
  const { settings: { startWaitMs } } = await tools.config();
  const byEngine = () =>
    tools.during(
      "restarting",
      async () =>
        await session.restart?.({
          timeoutSeconds: request.timeout ?? null,
          force: request.force === true,
          waitMs: request.wait ? startWaitMs : 0,
        }) ?? match.status,
      { session: name ?? "" },
    );
  return {
    place: lockName(match.status),
    question: await questionFor(tools, { verb: "restart", match, flags: request }),
    apply: async () => {
      try {
        const status = await byEngine();
        return { kind: "restarted", status };
      } catch (error) {
        if (!request.rollback) throw error;
        // The old session itself did not come up: its engine tries once more.
        throw await afterStop(error, tools, {
          name: name ?? "",
          wentOn: goesOn(match.status),
          isWanted: true,
          restore: byEngine,
        });
      }
    },
  };
}

/** Whether the config defines the session: it does not define another config's. */
async function isDefinedHere(tools: ChangeTools, { status }: Match): Promise<boolean> {
  return await isDefined(tools, status.name ?? "") && !await isAnothers(tools, status);
}

/** The place that flags and config give the session; undefined where neither gives one. */
async function namedPlace(
  tools: ChangeTools,
  match: Match,
  request: RestartRequest,
): Promise<PlaceSelector> {
  const { socketName: socket, runtime } = wantedPlace(request);
  const config = await tools.config();
  const entry = await isDefinedHere(tools, match)
    ? config.sessions.get(match.status.name ?? "")
    : undefined;
  const named = entry === undefined ? null : placeOf(entry, config);
  return { scope: socket ?? named?.scope, engine: runtime ?? named?.engine };
}

/**
 * Makes sure that the stopped session can be replaced.
 *
 * @throws {SessionExistsError} `session_exists`
 */
function refuseToReplace(
  { backend, engine, managed }: SessionStatus,
  { backend: wanted, name }: Definition,
): void {
  if (managed || !descriptorOf(backend).can.keep || backend !== wanted) return;
  throw new SessionExistsError(name, "kstops did not make that container, and does not remove it", {
    backend,
    hint: `remove it yourself: ${engine} rm ${name}`,
  });
}

async function freshDefinition(
  tools: ChangeTools,
  match: Match,
  request: RestartRequest,
): Promise<{ readonly definition: Definition; readonly startWaitMs: number }> {
  const name = match.status.name ?? "";
  if (await isDefinedHere(tools, match)) {
    return await definitionFor(tools, name, wantedPlace(request));
  }
  const known = match.kind === "session" ? await match.session.definition() : null;
  if (known === null) {
    throw await isAnothers(tools, match.status)
      ? new SessionNotFoundError("restart", name, {
        reason: "what it was started from is not known here",
        hint: `restart it with its own config: kstops restart ${shellWord(name)} --config FILE`,
      })
      : notStartable(match.status, request, tools);
  }
  const { settings } = await tools.config();
  return { definition: known, startWaitMs: settings.startWaitMs };
}

/** The error for a session without any known definition: a yes alone does not help. */
function notStartable(
  { name: found, backend, managed }: SessionStatus,
  request: RestartRequest,
  { caller }: Pick<ChangeTools, "caller">,
): InputRequiredError | SessionNotFoundError {
  const name = found ?? "";
  const why = managed ? "" : "kstops did not start it and ";
  const reason = `${why}no config defines it, so its command is not known`;
  const hint = "define it in a config file";
  if (request.yes || managed) return new SessionNotFoundError("restart", name, { reason, hint });
  const words = caller.inWords("restart", name, { flags: request, yes: true });
  const then = `${hint}, then say yes: ${words}`;
  return new InputRequiredError("restart", name, { reason, hint: then, backend });
}

/** The named place, as flags over the config. */
function wantedPlace({ socket, toBackend, toRuntime, ...request }: RestartRequest): StartFlags {
  const { backend = toBackend, runtime = toRuntime } = request;
  return {
    ...(backend === undefined ? {} : { backend }),
    ...(socket === undefined ? {} : { socketName: socket }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}
