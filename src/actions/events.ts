/** What happened to sessions, and what happens: their stories, and what engines say by themselves. */
import { descriptorOf } from "../backends/registry.ts";
import type { EngineEvent } from "../backends/backend.ts";
import { type SessionEvent, type Storyteller, storyteller } from "../logs/events.ts";
import { type LogStore, logStore } from "../logs/store.ts";
import { retell } from "../logs/story.ts";
import { howItEnded } from "../model.ts";
import { surveyOnce } from "./survey.ts";
import type { World } from "../world/world.ts";
import type { Tools } from "./tools.ts";

/** Which events are wanted. */
export interface EventRequest {
  /** Of these sessions; none: of all. */
  readonly names: readonly string[];
  /** Those from then on; null: all that are remembered. */
  readonly since: Date | null;
}

type EventTools = Pick<Tools, "world" | "sessions" | "warn">;

/**
 * What happened, in the order of time: also what engines did while nobody looked, as far as they tell.
 *
 * @throws {SessionNotFoundError} `session_not_found`: nothing is remembered of that name, and it is none
 * @throws as {@link Sessions.find} does, of a name of which nothing is remembered
 */
export async function pastEvents(
  tools: EventTools,
  { names, since }: EventRequest,
): Promise<readonly SessionEvent[]> {
  const stories = new Map<string, Story>();
  const before = await readOn(tools, names, stories);
  const told = [...before, ...[...stories.values()].flatMap(({ teller }) => teller.rest())];
  const unheardOf = names.filter((name) => !told.some(({ session }) => session === name));
  const lookFor = surveyOnce(tools, unheardOf, { verb: "show events of", selection: {} });
  await Promise.all(unheardOf.map((name) => lookFor(name)()));
  const events = [...told, ...await lateEvents(tools, told)];
  return inOrder(events.filter(({ at }) => since === null || at >= since));
}

/** How often the stories of runs are looked at. */
const POLL_MS = 500;

/** What happens from now on; and, where a time is said, what happened since. */
export async function* followEvents(
  tools: EventTools,
  { names, since }: EventRequest,
  abort: AbortSignal,
): AsyncGenerator<SessionEvent, void> {
  const { world } = tools;
  const begun = since ?? world.now();
  const stories = new Map<string, Story>();
  const told = await readOn(tools, names, stories);
  const past = [...told, ...await lateEvents(tools, told)];
  const seen = new Seen(past);
  const fromEngines: EngineEvent[] = [];
  const watching = tools.sessions().watch((event) => fromEngines.push(event), abort);
  watching.catch(() => {});
  if (since !== null) yield* inOrder(past.filter(({ at }) => at >= since));
  while (!abort.aborted) {
    const events = [...await readOn(tools, names, stories)];
    const own = fromEngines.splice(0).filter(({ session }) =>
      names.length === 0 || names.includes(session)
    );
    events.push(...own.map((event) => seen.withExecution(event)));
    yield* inOrder(events.filter((event) => event.at >= begun && seen.isNew(event)));
    await world.sleep(POLL_MS);
  }
  await watching;
}

/** A story that is read as it grows. */
interface Story {
  readonly bytes: number;
  readonly teller: Storyteller;
}

async function retold(
  world: World,
  store: LogStore,
  name: string,
  from: number,
): Promise<Awaited<ReturnType<typeof retell>>> {
  const path = store.storyOf(name);
  return path === null
    ? { events: [], bytes: from, isAnew: false }
    : await retell(world, path, from);
}

/** What the stories tell behind what was read of them before. */
async function readOn(
  { world, warn }: EventTools,
  names: readonly string[],
  stories: Map<string, Story>,
): Promise<readonly SessionEvent[]> {
  const store = logStore(world, warn);
  const events: SessionEvent[] = [];
  for (const name of names.length > 0 ? names : await store.names()) {
    const story = stories.get(name) ?? { bytes: 0, teller: storyteller(name) };
    const { events: lines, bytes, isAnew } = await retold(world, store, name, story.bytes);
    const teller = isAnew ? storyteller(name) : story.teller;
    stories.set(name, { bytes, teller });
    events.push(...lines.flatMap((line) => teller.tell(line)));
  }
  return events;
}

/**
 * What engines say of runs whose programs they start again by themselves: how the last execution began
 * and ended, where no story tells of it.
 */
async function lateEvents(
  tools: EventTools,
  events: readonly SessionEvent[],
): Promise<readonly SessionEvent[]> {
  const open = lastOfEach(events).filter(({ event, backend }) =>
    event !== "stopped" && backend !== null && descriptorOf(backend).restarts === "engine"
  );
  const names = open.map(({ session }) => session);
  if (names.length === 0) return [];
  const lookFor = surveyOnce(tools, names, { verb: "show", selection: {} });
  const late = await Promise.all(open.map(async (last): Promise<readonly SessionEvent[]> => {
    // Where nobody answers, nothing can be said.
    const match = await lookFor(last.session)().catch(() => null);
    if (match?.kind !== "session" || match.session.run !== last.run) return [];
    const { executions, status } = match.session;
    const restarts = executions?.restarts ?? 0;
    const execution = Math.max(last.execution, restarts + 1);
    const startedAt = executions?.startedAt ?? null;
    const common = { ...last, execution, exitCode: null, signal: null, reason: null, late: true };
    const isKnown = (at: Date): boolean => at.getTime() - last.at.getTime() < SAME_MS;
    const restarted = execution > last.execution && startedAt !== null && !isKnown(startedAt)
      ? [{ ...common, event: "restarted", at: startedAt } as const]
      : [];
    const { state, finishedAt, exitCode, signal, reason } = status;
    const exited = state === "exited" && finishedAt !== null && !isKnown(finishedAt)
      ? [{ ...common, event: "exited", at: finishedAt, exitCode, signal, reason } as const]
      : [];
    return [...restarted, ...exited];
  }));
  return late.flat();
}

/** What an engine and the record of kstops may differ by in when one thing happened. */
const SAME_MS = 2000;

/** Of each session the last event of its newest run. */
function lastOfEach(events: readonly SessionEvent[]): readonly SessionEvent[] {
  return [...new Map(inOrder(events).map((event) => [event.session, event])).values()];
}

/**
 * In the order of time, but those of a run as they came: tmux tells of an end only by the second, so that
 * what came after it may seem to be earlier.
 */
function inOrder(events: readonly SessionEvent[]): readonly SessionEvent[] {
  const latest = new Map<string, number>();
  const placed = events.map((event) => {
    const time = Math.max(event.at.getTime(), latest.get(event.run) ?? 0);
    latest.set(event.run, time);
    return { event, time };
  });
  return placed.toSorted((a, b) => a.time - b.time).map(({ event }) => event);
}

/** What was told, so that what comes from two sides is told once. */
class Seen {
  readonly #told = new Map<string, Date>();
  /** How often the program of a run was executed, as far as it was told. */
  readonly #executions = new Map<string, number>();

  constructor(events: readonly SessionEvent[]) {
    for (const event of events) this.isNew(event);
  }

  /** Whether it was not told before; from now on it was. */
  isNew({ event, run, execution, at }: SessionEvent): boolean {
    const count = Math.max(this.#executions.get(run) ?? 1, execution);
    this.#executions.set(run, count);
    // Of one execution each thing happens once.
    const key = `${run} ${event} ${execution}`;
    const before = this.#told.get(key);
    this.#told.set(key, at);
    return before === undefined || Math.abs(at.getTime() - before.getTime()) > SAME_MS;
  }

  /** What an engine said, as an event of a session. */
  withExecution({ event, session, run, engine, at, exitCode }: EngineEvent): SessionEvent {
    const count = this.#executions.get(run) ?? 1;
    const execution = event === "restarted" ? count + 1 : count;
    const end = exitCode === null ? null : howItEnded(exitCode);
    return {
      ...{ event, session, run, execution, at, engine, backend: "container", late: false },
      ...{ exitCode: end?.exitCode ?? null, signal: end?.signal ?? null, reason: null },
    };
  }
}
