/** `kstops logs NAME...`: what sessions printed, also after they ended, and what they print now. */
import type { LogOptions } from "../../backends/backend.ts";
import {
  escapeControls,
  type Json,
  quote,
  SessionNotFoundError,
  UsageError,
} from "../../errors.ts";
import { joined } from "../../logs/lines.ts";
import { type LogStore, logStore } from "../../logs/store.ts";
import type { IsMeant } from "../../logs/story.ts";
import { isSameOwner } from "../../owner.ts";
import { type Colour, paint, type Screen } from "../../output/screen.ts";
import { hasOutput } from "../../sessions/recorded.ts";
import type { Match, Selection } from "../../sessions/sessions.ts";
import { sinceOf } from "../../validate/since.ts";
import { type Context, type PlaceFlags, type Reply, selectionOf } from "../command.ts";
import { definedNames } from "../names.ts";
import { warnOfProblems } from "../warnings.ts";
import { isAnothers, sayWhose } from "../../actions/whose.ts";

/** Flags of `logs`. */
interface LogsFlags extends PlaceFlags {
  readonly names: readonly string[];
  /** How many lines from the end; `Infinity` for all. */
  readonly lines: number;
  readonly since?: string | undefined;
  readonly timestamps?: true | undefined;
  readonly previous?: true | undefined;
  readonly follow?: true | undefined;
  readonly plain?: true | undefined;
  /** Whether they are those of the config, and not named. */
  readonly ofConfig?: boolean;
}

/** Prints the last lines of sessions, and with `--follow` all that they go on to print. */
export async function logs(context: Context, given: LogsFlags): Promise<Reply> {
  const options = optionsOf(context, given);
  await warnOfProblems(context, given);
  const flags = given.names.length > 0
    ? given
    : { ...given, names: await definedNames(context, "show the logs"), ofConfig: true };
  return flags.follow ? following(context, flags, options) : await once(context, flags, options);
}

function optionsOf({ world }: Context, flags: LogsFlags): LogOptions {
  const { follow, previous, lines, timestamps } = flags;
  if (follow && previous) {
    throw new UsageError("Cannot follow the run before: it is over", {
      hint: "leave --follow out",
    });
  }
  const since = flags.since === undefined ? null : sinceOf(flags.since, world.now());
  if (since === null && flags.since !== undefined) {
    throw new UsageError(`Cannot show what is since ${quote(flags.since)}: that is no time`, {
      hint: "say 10m, 2h, 1d, or a time such as 2026-01-02T03:04:05Z",
    });
  }
  return { lines, since, timestamps: timestamps === true };
}

// --- what is there -------------------------------------------------------------------------------

async function once(context: Context, flags: LogsFlags, options: LogOptions): Promise<Reply> {
  const { names, plain } = flags;
  const failures: unknown[] = [];
  const found = await Promise.all(names.map(async (name) => {
    try {
      const bytes = await outputOf(context, { name, flags, options });
      return { name, bytes: plain ? await asShown(bytes) : bytes };
    } catch (error) {
      if (names.length === 1) throw error;
      failures.push(error);
      return { name, bytes: new Uint8Array() };
    }
  }));
  if (flags.ofConfig && failures.length === 0 && found.every(({ bytes }) => bytes.length === 0)) {
    context.warn("no session of the config has printed anything yet");
  }
  if (context.json) {
    const data = found.flatMap(({ name, bytes }) => jsonLines(name, bytes));
    return { data, failures };
  }
  const [only] = found;
  if (names.length === 1 && only !== undefined) return { bytes: only.bytes, failures };
  return {
    stream: async function* (screen) {
      const label = labels(names, screen);
      for (const { name, bytes } of found) yield* prefixed(name, [bytes], label);
      await Promise.resolve();
    },
    failures,
  };
}

function jsonLines(name: string, bytes: Uint8Array): Json[] {
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  return lines.map((line) => ({ name, line }));
}

interface Wanted {
  readonly name: string;
  readonly flags: LogsFlags;
  readonly options: LogOptions;
}

async function outputOf(context: Context, wanted: Wanted): Promise<Uint8Array> {
  const { name, flags, options } = wanted;
  const store = storeOf(context);
  let match: Match;
  try {
    match = await context.sessions().find("show the logs of", name, selectionOfLogs(flags));
  } catch (error) {
    // What a session printed outlives it, also one that no config defines.
    const kept = error instanceof SessionNotFoundError
      ? await keptOutput(store, wanted, {
        run: null,
        isMeant: await context.sessions().meant(flags),
      })
      : null;
    if (kept === null) throw error;
    return kept;
  }
  await sayWhose(context, match.status);
  if (match.kind === "session" && !flags.previous) {
    if (!await hasOutput(store, match.session)) warnOfNothingKept(context, wanted);
    return await match.session.logs(options);
  }
  const run = match.kind === "session" ? match.session.run : null;
  const isMeant = await meantBy(context, match, flags);
  const kept = await keptOutput(store, wanted, { run, isMeant });
  if (match.kind === "defined" && match.trouble !== null) {
    // It may run and print all the same.
    if (kept === null) throw match.trouble;
    context.warn(`${match.trouble.message}; this is what was kept`);
  }
  if (kept === null) {
    if (flags.previous) context.warn(`of an earlier run of ${name} no output was kept`);
    else warnOfNothingKept(context, wanted);
  }
  return kept ?? new Uint8Array();
}

function warnOfNothingKept(context: Context, { name, flags }: Wanted): void {
  // Not all of a config have been started.
  if (flags.ofConfig) return;
  context.warn(`${name} is not running, and no output of it was kept`);
}

function storeOf({ world, warn }: Context): LogStore {
  return logStore(world, warn);
}

/** Of those of the config only what is its own. */
function selectionOfLogs(flags: LogsFlags): Selection {
  return selectionOf({ ...flags, all: flags.ofConfig === true ? true : undefined });
}

/** Whose earlier runs belong to what was found. */
async function meantBy(context: Context, match: Match, flags: LogsFlags): Promise<IsMeant> {
  return await isAnothers(context, match.status)
    ? (owner) => isSameOwner(owner, match.status)
    : await context.sessions().meant(flags);
}

/** What is kept of the newest run that is meant, or of the one before it; null: nothing. */
async function keptOutput(
  store: LogStore,
  { name, flags, options }: Wanted,
  { run, isMeant }: { readonly run: string | null; readonly isMeant: IsMeant },
): Promise<Uint8Array | null> {
  const newest = run === null ? await store.newestOutput(name, isMeant) : null;
  if (run === null && !flags.previous) {
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

/** What a terminal would show of it. */
async function asShown(bytes: Uint8Array): Promise<Uint8Array> {
  const { shown } = await import("../../logs/shown.ts");
  const screen = shown();
  return asLines([...screen.write(bytes), ...screen.end()]);
}

function asLines(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}

// --- what comes ----------------------------------------------------------------------------------

/** How often it is looked whether a session that does not run has been started. */
const POLL_MS = 200;

function following(context: Context, flags: LogsFlags, options: LogOptions): Reply {
  const { names } = flags;
  const abort = new AbortController();
  let status = 0;
  const release = context.world.onEndSignal((signal) => {
    status = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
    abort.abort();
  });
  return {
    stream: async function* (screen) {
      const label = labels(names, screen);
      try {
        const streams = names.map((name) => {
          const chunks = followed(context, { name, flags, options }, abort.signal);
          if (context.json) return asJson(name, chunks);
          if (flags.plain) return asPlain(name, chunks, names.length > 1 ? label : null);
          return names.length > 1 ? prefixed(name, chunks, label) : chunks;
        });
        yield* merged(streams);
      } finally {
        abort.abort();
        release();
      }
    },
    get exitStatus() {
      return status;
    },
  };
}

async function* followed(
  context: Context,
  { name, flags, options }: Wanted,
  abort: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const { world } = context;
  const isMeant = await context.sessions().meant(flags);
  let wanted = options;
  let [seenId, seenUntil]: [string | null, Date | null] = [null, null];
  for (let first = true; !abort.aborted; first = false) {
    const match: Match | null = await context.sessions()
      .find("follow", name, selectionOfLogs(flags))
      .catch(async (error: unknown) => {
        const isGone = error instanceof SessionNotFoundError &&
          (!first || (await storeOf(context).outputs(name, isMeant)).length > 0);
        if (!isGone) throw error;
        return null;
      });
    if (match?.kind === "session") {
      await sayWhose(context, match.status);
      const { id, state } = match.status;
      const isOld = seenUntil !== null && seenId === id;
      if (!isOld || state === "running") {
        const again = isOld ? { ...wanted, since: seenUntil } : wanted;
        yield* match.session.follow(again, abort);
        [seenId, seenUntil] = [id, world.now()];
        wanted = { ...options, lines: Infinity, since: null };
      }
    } else if (first) {
      const kept = await keptOutput(storeOf(context), { name, flags, options }, {
        run: null,
        isMeant,
      });
      if (kept !== null) yield kept;
      wanted = { ...options, lines: Infinity, since: null };
    }
    if (!abort.aborted) await world.sleep(POLL_MS);
  }
}

// --- lines of several ----------------------------------------------------------------------------

type LabelOf = (name: string) => string;

const LABEL_COLOURS: readonly Colour[] = ["green", "yellow", "bold", "red"];

/** `astro | `, each name in a colour of its own. */
function labels(names: readonly string[], screen: Screen): LabelOf {
  const shown = names.map(escapeControls);
  const width = screen.terminal ? Math.max(...shown.map((name) => name.length)) : 0;
  return (name) => {
    const index = Math.max(0, names.indexOf(name));
    const colour = LABEL_COLOURS[index % LABEL_COLOURS.length] ?? null;
    return `${paint(`${(shown[index] ?? "").padEnd(width)} |`, colour, screen)} `;
  };
}

async function* prefixed(
  name: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  labelOf: LabelOf,
): AsyncGenerator<Uint8Array, void> {
  const label = new TextEncoder().encode(labelOf(name));
  for await (const line of wholeLines(chunks)) {
    yield joined([label, line]);
  }
}

async function* asPlain(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  labelOf: LabelOf | null,
): AsyncGenerator<Uint8Array, void> {
  const { shown } = await import("../../logs/shown.ts");
  const label = labelOf?.(name) ?? "";
  // What was given out cannot be drawn over: only the line that is not ended yet.
  const screen = shown({ rows: 1 });
  for await (const chunk of chunks) {
    const lines = screen.write(chunk);
    if (lines.length > 0) yield asLines(lines.map((line) => label + line));
  }
  const rest = screen.end();
  if (rest.length > 0) yield asLines(rest.map((line) => label + line));
}

async function* asJson(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  for await (const line of wholeLines(chunks)) {
    const text = new TextDecoder().decode(line).replace(/\n$/, "");
    yield new TextEncoder().encode(`${JSON.stringify({ name, line: text })}\n`);
  }
}

const NEWLINE = 0x0a;

/** The lines in a stream of chunks, each with its newline; the last one gets one where it has none. */
async function* wholeLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield joined([...rest, chunk.subarray(start, end + 1)]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.slice(start));
  }
  if (rest.length > 0) yield joined([...rest, new Uint8Array([NEWLINE])]);
}

/** Several streams as one: what comes first is first, and what one says together stays together. */
async function* merged(
  streams: readonly AsyncGenerator<Uint8Array, void>[],
): AsyncGenerator<Uint8Array, void> {
  const [only] = streams;
  if (only !== undefined && streams.length === 1) {
    yield* only;
    return;
  }
  const next = (stream: AsyncGenerator<Uint8Array, void>) =>
    stream.next().then((result) => ({ stream, result }));
  const waiting = new Map(streams.map((stream) => [stream, next(stream)]));
  while (waiting.size > 0) {
    const { stream, result } = await Promise.race(waiting.values());
    if (result.done) {
      waiting.delete(stream);
    } else {
      waiting.set(stream, next(stream));
      yield result.value;
    }
  }
}
