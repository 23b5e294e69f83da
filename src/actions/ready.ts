/** Waiting until a session that was started is ready, as its definition says. */
import type { Session } from "../backends/backend.ts";
import { SessionNotFoundError, SessionStartError, WaitTimeoutError } from "../errors.ts";
import { logStore } from "../logs/store.ts";
import { excerptOf, lastShown } from "../logs/shown.ts";
import { type Definition, howItEnded, type SessionStatus } from "../model.ts";
import { knownPlace } from "../model/place.ts";
import { shellWord } from "../shell.ts";
import { parseAddress, parseProbeUrl, parseRegex } from "../validate/probe.ts";
import type { Tools } from "./tools.ts";
import { endWords } from "./words.ts";

/** How often it is looked whether the program lives. */
const LOOK_MS = 1000;
/** How often it is looked whether the output has said it: what comes is followed anyway. */
const OUTPUT_MS = 100;
/** The first pause between two questions to a port of this machine; the next ones grow. */
const FIRST_MS = 100;
const GROWTH = 1.5;
/** How long one question may take, at most. */
const QUESTION_MS = 10_000;
/** How much of a line that has not ended yet is looked at. */
const MOST_LINE = 64 * 1024;
/** How many lines are shown of what it printed. */
const LAST_LINES = 10;

type Ready = NonNullable<Definition["ready"]>;

/** A session that is waited for. */
export interface Awaited {
  readonly definition: Definition;
  readonly ready: Ready;
  /** As it was when the wait began. */
  readonly session: Session;
}

/**
 * Waits until a session that was started is ready. Nothing is ended where it does not come to that.
 *
 * @returns its status then
 * @throws {SessionStartError} `start_failed`: its program ended before
 * @throws {WaitTimeoutError} `wait_timeout`: the time is up
 */
export async function untilReady(
  tools: Tools,
  ready: Ready,
  { definition, started }: {
    readonly definition: Definition;
    readonly started: SessionStatus;
  },
): Promise<SessionStatus> {
  const waiting = async () => {
    const { session } = await look(tools, { definition, started, run: null });
    return await wait(tools, { definition, ready, session });
  };
  return await tools.during("waiting until it is ready", waiting, { session: definition.name });
}

async function wait(tools: Tools, awaited: Awaited): Promise<SessionStatus> {
  const { world } = tools;
  const { definition, ready, session: { status: started, run } } = awaited;
  const now = () => world.now().getTime();
  const began = now();
  const timeoutMs = ready.delaySeconds === null ? ready.timeoutSeconds * 1000 : Infinity;
  const next = pausesFor(ready, began);
  const question = questionOf(tools, awaited, began);
  let lookAt = began;
  const living = async (isDue: boolean): Promise<SessionStatus> => {
    if (!isDue && now() < lookAt) return started;
    lookAt = now() + LOOK_MS;
    return (await look(tools, { definition, started, run })).status;
  };
  try {
    for (;;) {
      const left = began + timeoutMs - now();
      const why = await question.ask(Math.max(1, Math.min(left, QUESTION_MS)));
      // Another program may have answered: its own may be gone.
      const status = await living(why === null);
      if (why === null) return status;
      const until = Math.min(next(now()), began + timeoutMs);
      while (now() < until) {
        await world.sleep(Math.min(until - now(), LOOK_MS));
        await living(false);
      }
      if (now() >= began + timeoutMs) throw late(awaited, why);
    }
  } finally {
    question.end();
  }
}

/** When the next question is due, as seen at each moment. */
function pausesFor(
  { log, http, tcp, delaySeconds, intervalSeconds }: Ready,
  began: number,
): (now: number) => number {
  if (delaySeconds !== null) return (now) => Math.max(now + 1, began + delaySeconds * 1000);
  if (log !== null) return (now) => now + OUTPUT_MS;
  const most = intervalSeconds * 1000;
  // Its own program may be dear.
  if (http === null && tcp === null) return (now) => now + most;
  let pause = FIRST_MS / GROWTH;
  return (now) => now + (pause = Math.min(pause * GROWTH, most));
}

function late({ definition: { name, backend }, ready }: Awaited, why: string): WaitTimeoutError {
  return new WaitTimeoutError(name, {
    reason: `it was not ready within ${ready.timeoutSeconds} s: ${why}`,
    hint: `it goes on: kstops logs ${shellWord(name)} shows what it prints`,
    backend,
    details: { timeout: ready.timeoutSeconds },
  });
}

/** What is asked whether a session is ready. */
export interface Question {
  /** Why it is not; null: it is. */
  readonly ask: (timeoutMs: number) => Promise<string | null>;
  readonly end: () => void;
}

/** What to ask a session that is waited for, whose program began at that time. */
export function questionOf(
  tools: Pick<Tools, "world">,
  { ready, definition, session }: Awaited,
  began: number,
): Question {
  const { world: { loopback, now } } = tools;
  const end = (): void => {};
  const { http, tcp, log, command, delaySeconds } = ready;
  if (http !== null) {
    const url = parseProbeUrl(http);
    const ask = async (timeoutMs: number) => {
      const status = await loopback.get(url, timeoutMs);
      if (typeof status === "number" && status >= 200 && status < 400) return null;
      return `${http}: ${typeof status === "number" ? `the answer is ${status}` : status}`;
    };
    return { ask, end };
  }
  if (tcp !== null) {
    const address = parseAddress(tcp);
    const ask = async (timeoutMs: number) => {
      const why = await loopback.connect(address, timeoutMs);
      return why === null ? null : `${tcp}: ${why}`;
    };
    return { ask, end };
  }
  if (log !== null) return outputQuestion(session, log);
  if (command !== null) {
    const ask = async (timeoutMs: number) =>
      session.probe === undefined
        ? "nobody can run its command there"
        : await session.probe(command, { definition, timeoutMs });
    return { ask, end };
  }
  const due = began + (delaySeconds ?? 0) * 1000;
  const ask = () => Promise.resolve(now().getTime() < due ? "its delay is not over" : null);
  return { ask, end };
}

/** Whether one of its lines has been printed that a pattern fits, from the beginning of its output on. */
export function outputQuestion(session: Session, pattern: string): Question {
  const regex = parseRegex(pattern);
  const abort = new AbortController();
  const decoder = new TextDecoder();
  let isSaid = false;
  let failure: unknown = null;
  const follow = async (): Promise<void> => {
    let rest = "";
    for await (const chunk of session.follow({ lines: Infinity }, abort.signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      isSaid ||= lines.some((line) => regex.test(asShown(line)));
      if (isSaid) return;
      rest = lines.at(-1)?.slice(-MOST_LINE) ?? "";
    }
  };
  follow().catch((error: unknown) => {
    failure = error;
  });
  return {
    ask: () => {
      if (failure !== null && !isSaid) return Promise.reject(failure);
      return Promise.resolve(isSaid ? null : `nothing that it printed fits ${pattern}`);
    },
    end: () => abort.abort(),
  };
}

/** Whether an output has a line that a pattern fits. */
export function hasLine(output: Uint8Array, pattern: string): boolean {
  const regex = parseRegex(pattern);
  const lines = new TextDecoder().decode(output).split("\n");
  return lines.some((line) => regex.test(asShown(line)));
}

/** What a terminal shows of a line. */
function asShown(line: string): string {
  return lastShown(new TextEncoder().encode(line), 1)[0] ?? "";
}

/** The session as it is now. */
async function look(
  tools: Tools,
  { definition, started, run }: {
    readonly definition: Definition;
    readonly started: SessionStatus;
    /** The run that is waited for; null: whichever it is. */
    readonly run: string | null;
  },
): Promise<{ readonly session: Session; readonly status: SessionStatus }> {
  const { name, backend } = definition;
  const match = await tools.sessions().find("wait for", name, knownPlace(started))
    .catch((error: unknown) => {
      if (error instanceof SessionNotFoundError) return null;
      throw error;
    });
  if (match?.kind === "defined" && match.trouble !== null) throw match.trouble;
  const isIt = match?.kind === "session" && (run === null || match.session.run === run);
  if (match?.kind !== "session" || !isIt) {
    const reason = match?.kind === "session" ? "it was started again" : "it was stopped";
    throw new SessionStartError(name, `${reason} before it was ready`, { backend });
  }
  const { session, status } = match;
  const isSame = (status.restarts ?? 0) <= (started.restarts ?? 0);
  if (status.state === "running" && isSame) return { session, status };
  throw await ended(tools, { definition, session, status });
}

/** Its program ended before it was ready. */
async function ended(
  tools: Tools,
  { definition: { name, backend, restart }, session, status }: {
    readonly definition: Definition;
    readonly session: Session;
    readonly status: SessionStatus;
  },
): Promise<SessionStartError> {
  const { exitCode, signal } = await endOf(tools, session, status);
  const how = endWords({ ...status, exitCode, signal });
  const goesOn = status.state === "running" || status.nextRestartAt !== null ||
    status.engineState === "restarting";
  const output = lastShown(await session.logs(excerptOf(LAST_LINES)), LAST_LINES);
  const words = shellWord(name);
  return new SessionStartError(
    name,
    `it ended before it was ready${how === null ? "" : `, ${how}`}`,
    {
      backend,
      hint: `${
        goesOn ? `it is started again (restart: ${restart}), kstops stop ${words} ends that; ` : ""
      }the whole output: kstops logs ${words}`,
      details: { exit_code: exitCode, signal, output: [...output] },
    },
  );
}

/** How its first execution ended, also where it is executed again by now. */
async function endOf(
  tools: Tools,
  { run }: Session,
  status: SessionStatus,
): Promise<Pick<SessionStatus, "exitCode" | "signal">> {
  if (status.state !== "running" || run === null) return status;
  const runs = await logStore(tools.world, tools.warn).runs(status.name ?? "");
  const code = runs.find(({ id }) => id === run)?.earlier.at(-1)?.exitCode ?? null;
  return code === null ? { exitCode: null, signal: null } : howItEnded(code);
}
