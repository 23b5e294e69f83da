/** The output of sessions: what is kept, even of ended ones, and what comes. */
import type { LogOptions } from "../backends/backend.ts";
import { SessionNotFoundError } from "../errors.ts";
import { type LogStore, logStore } from "../logs/store.ts";
import type { IsMeant } from "../logs/story.ts";
import { isSameOwner } from "../owner.ts";
import type { PlaceFlags } from "../model/place.ts";
import { selectionOf } from "../sessions/selection.ts";
import { hasOutput } from "../sessions/recorded.ts";
import type { Match, Selection } from "../sessions/sessions.ts";
import { type Look, surveyOnce } from "./survey.ts";
import type { Tools } from "./tools.ts";
import { isAnothers, sayWhose } from "./whose.ts";

/** The sessions that are meant, and the wanted part of their output. */
export interface LogRequest extends PlaceFlags {
  /** Whether to read the output before the current run or execution. */
  readonly previous?: true | undefined;
  /** Whether no name was given, so that only a session of this config is meant. */
  readonly ofConfig?: boolean;
}

/** The wanted output of one session. */
export interface Wanted {
  readonly name: string;
  readonly request: LogRequest;
  readonly options: LogOptions;
}

type LogTools = Pick<Tools, "world" | "config" | "sessions" | "warn">;

/**
 * The last output of sessions, even after they ended, in the order of their names. For a session
 * that is not found and has left no output, the reason.
 */
export async function readEach(
  tools: LogTools,
  names: readonly string[],
  { request, options }: Omit<Wanted, "name">,
): Promise<readonly PromiseSettledResult<Uint8Array>[]> {
  const selection = selectionOfLogs(request);
  const lookFor = surveyOnce(tools, names, { verb: "show the logs of", selection });
  return await Promise.allSettled(names.map(async (name) => {
    const wanted = { name, request, options };
    const output = await readOutput(tools, wanted, lookFor(name));
    if (output !== null) return output;
    if (request.previous) tools.warn(`no output of an earlier run of ${name} was kept`);
    else warnOfNothingKept(tools, wanted);
    return new Uint8Array();
  }));
}

/** The last output of a session, even after it ended; null: it does not run, and nothing was kept. */
export async function readOne(tools: LogTools, wanted: Wanted): Promise<Uint8Array | null> {
  const { name, request } = wanted;
  const selection = selectionOfLogs(request);
  const verb = "show the logs of";
  return await readOutput(tools, wanted, surveyOnce(tools, [name], { verb, selection })(name));
}

async function readOutput(
  tools: LogTools,
  wanted: Wanted,
  look: Look,
): Promise<Uint8Array | null> {
  const { request, options } = wanted;
  const store = logStore(tools.world, tools.warn);
  let match: Match;
  try {
    match = await look();
  } catch (error) {
    // The output of a session outlives it, even if no config defines it.
    const kept = error instanceof SessionNotFoundError
      ? await keptOutput(store, wanted, {
        run: null,
        isMeant: await tools.sessions().meant(request),
      })
      : null;
    if (kept === null) throw error;
    return kept;
  }
  await sayWhose(tools, match.status);
  if (match.kind === "session" && !request.previous) {
    if (!await hasOutput(store, match.session)) warnOfNothingKept(tools, wanted);
    return await match.session.logs(options);
  }
  const run = match.kind === "session" ? match.session.run : null;
  const isMeant = await meantBy(tools, match, request);
  const kept = await keptOutput(store, wanted, { run, isMeant });
  if (match.kind === "defined" && match.trouble !== null) {
    // It may still run and print.
    if (kept === null) throw match.trouble;
    tools.warn(`${match.trouble.message}; this is what was kept`);
  }
  return kept;
}

function warnOfNothingKept(tools: LogTools, { name, request }: Wanted): void {
  // Some sessions of a config may never have been started.
  if (request.ofConfig) return;
  tools.warn(`${name} is not running, and no output of it was kept`);
}

/** For sessions of the config, only the config's own output. */
function selectionOfLogs(request: LogRequest): Selection {
  return selectionOf({ ...request, all: request.ofConfig === true ? true : undefined });
}

/** The owners whose earlier runs belong to the result. */
async function meantBy(tools: LogTools, match: Match, request: LogRequest): Promise<IsMeant> {
  return await isAnothers(tools, match.status)
    ? (owner) => isSameOwner(owner, match.status)
    : await tools.sessions().meant(request);
}

/** The kept output of the newest run that is meant, or of the one before it; null: none. */
async function keptOutput(
  store: LogStore,
  { name, request, options }: Wanted,
  { run, isMeant }: { readonly run: string | null; readonly isMeant: IsMeant },
): Promise<Uint8Array | null> {
  const newest = run === null ? await store.newestOutput(name, isMeant) : null;
  if (run === null && !request.previous) {
    return newest === null ? null : await store.read(newest, options);
  }
  const isCurrent = (output: string) =>
    run === null ? output === newest : output.endsWith(`-${run}`);
  const outputs = await store.outputs(name, isMeant);
  const current = outputs.findLast(isCurrent);
  const execution = current === undefined ? null : await store.readPrevious(current, options);
  if (execution !== null) return execution;
  const wanted = outputs.findLast((output) => !isCurrent(output));
  return wanted === undefined ? null : await store.read(wanted, options);
}

/** How often to check whether a stopped session has been started. */
const POLL_MS = 200;

/**
 * The last output of a session and all further output, in this run and in later ones, until it is
 * to end.
 */
export async function* followOutput(
  tools: LogTools,
  { name, request, options }: Wanted,
  abort: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const { world } = tools;
  const store = logStore(world, tools.warn);
  const isMeant = await tools.sessions().meant(request);
  let wanted = options;
  let [seenId, seenUntil]: [string | null, Date | null] = [null, null];
  for (let first = true; !abort.aborted; first = false) {
    const match: Match | null = await tools.sessions()
      .find("follow", name, selectionOfLogs(request))
      .catch(async (error: unknown) => {
        const isGone = error instanceof SessionNotFoundError &&
          (!first || (await store.outputs(name, isMeant)).length > 0);
        if (!isGone) throw error;
        return null;
      });
    if (match?.kind === "session") {
      await sayWhose(tools, match.status);
      const { id, state } = match.status;
      const isOld = seenUntil !== null && seenId === id;
      if (!isOld || state === "running") {
        const again = isOld ? { ...wanted, since: seenUntil } : wanted;
        yield* match.session.follow(again, abort);
        [seenId, seenUntil] = [id, world.now()];
        wanted = { ...options, lines: Infinity, since: null };
      }
    } else if (first) {
      const kept = await keptOutput(store, { name, request, options }, { run: null, isMeant });
      if (kept !== null) yield kept;
      wanted = { ...options, lines: Infinity, since: null };
    }
    if (!abort.aborted) await world.sleep(POLL_MS);
  }
}
