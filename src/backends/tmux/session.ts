/** The actions on one tmux session. Loaded on demand. */
import { quote, SessionAttachError, UsageError } from "../../errors.ts";
import type { Owner, SessionStatus, TmuxDefinition } from "../../model.ts";
import { mayBeSame } from "../../owner.ts";
import type { World } from "../../world/world.ts";
import type {
  AttachEnd,
  AttachOptions,
  DefinitionOptions,
  LogOptions,
  StopOptions,
} from "../backend.ts";
import {
  capturePane,
  closeScript,
  collectAndRunScript,
  environmentEnd,
  environmentScript,
  rowBegin,
  runScript,
  type Server,
} from "./args.ts";
import { again, answerOf, howWords, readPanes, unavailable } from "./ask.ts";
import type { Context } from "./list.ts";
import { attach } from "./attach.ts";
import { parseCapture, parseEnvironment } from "./answers.ts";
import { watchedPane } from "./crowd.ts";
import { runTogether } from "./batch.ts";
import { parseFailure } from "./failure.ts";
import { type Hold, holdKeeper } from "./hold.ts";
import type { Pane } from "./pane.ts";
import type { TmuxSession } from "./parse.ts";
import { isTaken, isWaiting, mainPane, statusOfSession } from "./status.ts";
import { INHERITED_NAMES } from "./inherited.ts";
import { survived } from "./remains.ts";
import { endProcesses } from "./stop.ts";

/** Hands the terminal to a running session. */
export async function attachTo(
  context: Context,
  { socketName, session, options }: {
    socketName: string;
    session: TmuxSession;
    options: AttachOptions;
  },
): Promise<AttachEnd> {
  const { state, ...status } = statusOfSession(session, socketName);
  if (state !== "running") {
    const how = state === "exited" ? howWords(status) : null;
    if (session.unreadable !== null) {
      throw new SessionAttachError(session.name, session.unreadable, { backend: "tmux" });
    }
    throw new SessionAttachError(
      session.name,
      how === null ? "it does not run" : `it ended ${how}`,
      {
        backend: "tmux",
        hint: `kstops logs ${session.name} shows what it printed, kstops start starts it again`,
      },
    );
  }
  return await attach({
    world: context.world,
    server: { binary: context.binary, socketName },
    session,
    options,
    again: () => again(context, socketName, session),
  });
}

/** The output of a session: from its files, or what its pane still shows. */
export async function logs(
  context: Context,
  socketName: string,
  session: TmuxSession,
  wanted: LogOptions,
): Promise<Uint8Array> {
  const { lines } = wanted;
  const log = session.record?.facts.log ?? null;
  if (session.runId !== null && log !== null) {
    const kept = await context.logs.read(log, wanted);
    // Somebody may have removed the files. An empty output is also empty in the pane, unless it is
    // limited by a time.
    if (kept.length > 0 || wanted.since) return kept;
  }
  const pane = mainPane(session);
  if (pane === null) return new Uint8Array();
  const server: Server = { binary: context.binary, socketName };
  const nonce = context.world.randomId();
  const answer = await answerOf(context, socketName, capturePane(server, pane.id, nonce), {
    timeoutMs: 10_000,
    keepBytes: Infinity,
  });
  if (answer.code !== 0) throw unavailable(socketName, parseFailure(answer.stderr));
  const shown = parseCapture(answer.stdout, nonce).trimEnd().split("\n");
  // tmux itself writes this line into a dead pane.
  if (pane.dead && /^Pane is dead/.test(shown.at(-1) ?? "")) shown.pop();
  const text = shown.join("\n").trimEnd();
  if (text === "" || lines === 0) return new Uint8Array();
  const kept = Number.isFinite(lines) ? text.split("\n").slice(-lines) : [text];
  // tmux ends a colour where the next text begins, which may be nowhere.
  // deno-lint-ignore no-control-regex
  const colour = text.match(/\x1b\[[0-9;]*m/g)?.at(-1) ?? "\x1b[0m";
  const reset = /\[0?m$/.test(colour) ? "" : "\x1b[0m";
  return new TextEncoder().encode(`${kept.join("\n")}${reset}\n`);
}

/** The output of a session, and what it and its later runs print from then on. */
export async function* follow(
  context: Context,
  { session, options, abort }: {
    readonly session: TmuxSession;
    readonly options: LogOptions;
    readonly abort: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  if (session.runId === null || session.record?.facts.log == null) {
    throw new UsageError(`Cannot follow ${quote(session.name)}: its output is not kept`, {
      hint: session.runId === null
        ? `kstops did not start it: kstops attach --read-only ${session.name} shows it`
        : "log_capture is off for it, or its files could not be made",
    });
  }
  const { owner: own } = session.record;
  const isMeant = (owner: Owner): boolean => mayBeSame(owner, own);
  yield* context.logs.follow(session.name, { ...options, isMeant }, abort);
}

/** The definition that a session was started from; null for a foreign one. */
export async function definitionOf(
  context: Context,
  socketName: string,
  { session, asItRan = false }: DefinitionOptions & { readonly session: TmuxSession },
): Promise<TmuxDefinition | null> {
  const { record } = session;
  if (session.runId === null || record === null) return null;
  const { envNames, facts: _, ...rest } = record;
  return {
    ...rest,
    backend: "tmux",
    name: session.name,
    socketName,
    env: await environmentOf(context, socketName, session, envNames),
    ...(asItRan
      ? { inherited: await environmentOf(context, socketName, session, INHERITED_NAMES) }
      : {}),
  };
}

async function environmentOf(
  context: Context,
  socketName: string,
  { id, serverVersion }: TmuxSession,
  names: readonly string[],
): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  const nonce = context.world.randomId();
  const server: Server = { binary: context.binary, socketName };
  const answer = await runTogether(context, {
    ...{ argv: runScript(server), socketName },
    text: environmentScript(id, names, nonce),
    isToldIn: (stdout) => stdout.includes(environmentEnd(id, nonce)),
  });
  const onlyUnknown = /^unknown variable: /.test(answer.stderr);
  if (answer.code !== 0 && !onlyUnknown) {
    throw unavailable(socketName, parseFailure(answer.stderr));
  }
  return parseEnvironment(answer.stdout, names, { nonce, serverVersion });
}

/** Pids of what the ended run of a session left behind; null: it has not ended, or is foreign. */
export async function leftovers(
  { world }: Context,
  session: TmuxSession,
): Promise<readonly number[] | null> {
  const { runId } = session;
  const pane = mainPane(session);
  const taken = pane !== null && isTaken(pane) ? pane.pid : null;
  if (runId === null || (pane?.dead === false && taken === null)) return null;
  const { findRemains } = await import("./remains.ts");
  const remains = await findRemains(world, [{ id: runId, executed: null, ended: null }]);
  // What somebody put into its pane has the mark of the run, but was not left by it.
  const left = remains.get(runId)?.processes.filter((process) => process.session !== taken);
  return left?.map(({ pid }) => pid) ?? [];
}

/** Ends a session with all its processes, and removes it. */
export async function stop(
  context: Context,
  socketName: string,
  session: TmuxSession,
  options: StopOptions,
): Promise<SessionStatus> {
  const { world } = context;
  const timeoutSeconds = options.timeoutSeconds ?? session.record?.stopTimeoutSeconds ?? 10;
  const holdFile = session.record?.facts.hold_file ?? null;
  // A question to the user may have come between the look-up and now: its pids may be reused.
  let now = await again(context, socketName, session);
  const hold = await holdPolicy(world, now?.managedPane ?? null, holdFile);
  if (hold !== null) {
    try {
      // Everything executed until then must be seen.
      now = await again(context, socketName, session);
    } catch (error) {
      await hold.release();
      throw error;
    }
  }
  // A window that other sessions show, too, stays with them, unless it is the managed one.
  const panes = (now?.panes ?? []).filter((pane) =>
    !pane.dead && (!pane.linked || pane === now?.managedPane)
  );
  const { survivors, killed } = await endProcesses(world, {
    panes: panes.map((pane) => watchedPane(pane, now)),
    run: session.runId,
    known: [],
    sessions: [],
    signal: options.force ? null : session.record?.stopSignal ?? "SIGINT",
    scope: session.record?.stopScope ?? null,
    timeoutMs: timeoutSeconds * 1000,
    holdFile,
    ...(hold === null ? {} : { hold }),
  });
  const last = await close(context, socketName, now ?? session);
  if (survivors.length > 0) throw survived(session.name, survivors);
  if (session.runId !== null) {
    const pane = mainPane(session);
    const hadEnded = pane !== null && (pane.dead || isWaiting(pane));
    await context.logs.record(session.name, {
      event: "stopped",
      run: session.runId,
      at: world.now(),
      hadEnded,
      ...(!hadEnded && killed.length > 0 ? { forced: true } : {}),
      ...(options.atShutdown ? { atShutdown: true } : {}),
    });
  }
  return {
    ...last,
    state: "stopped",
    pid: null,
    finishedAt: last.finishedAt ?? world.now(),
    engineState: null,
    attached: null,
    windowCount: null,
    reason: null,
  };
}

/** Keeps a program from being executed again; null: nothing would execute it. */
async function holdPolicy(
  world: World,
  pane: Pane | null,
  file: string | null,
): Promise<Hold | null> {
  if (pane === null || pane.dead || pane.supervision === null || isTaken(pane)) return null;
  const { pid, programPid: program } = pane;
  return await holdKeeper(world, { pid, program }, file);
}

/** How often to retry removing a session whose pane has moved each time. */
const CLOSINGS = 5;

/** Reads how the program ended, and removes the session. */
export async function close(
  context: Context,
  socketName: string,
  session: TmuxSession,
): Promise<SessionStatus> {
  let known = session;
  let last = await closeOnce(context, socketName, known);
  for (let left = CLOSINGS; last === null && left > 0; left--) {
    // Somebody may have moved its pane into another session meanwhile.
    const moved = await again(context, socketName, known);
    if (moved === null) break;
    known = moved;
    last = await closeOnce(context, socketName, known);
  }
  return last ?? statusOfSession(known, socketName);
}

/** Removes it where it was seen; null: its managed pane was not there. */
async function closeOnce(
  context: Context,
  socketName: string,
  session: TmuxSession,
): Promise<SessionStatus | null> {
  const server: Server = { binary: context.binary, socketName };
  const nonce = context.world.randomId();
  const { managedPane } = session;
  const sharedPane = managedPane?.linked ? managedPane.id : null;
  const answer = await runTogether(context, {
    argv: collectAndRunScript(server),
    socketName,
    text: closeScript({ ...session, sharedPane }, nonce),
    isToldIn: (stdout) => stdout.includes(rowBegin(nonce)),
  });
  // If another server has replaced it, nothing is printed, except by hooks.
  const isTold = answer.stdout.includes(rowBegin(nonce));
  const told = isTold ? readPanes(socketName, answer.stdout, nonce) : [];
  const last = told.find(({ runId }) => runId === session.runId);
  // A server that ends with its last session may not manage to report success.
  if (answer.code === 0 || last !== undefined) {
    const isMissing = session.managedPane !== null && last?.managedPane === null;
    return isMissing ? null : statusOfSession(last ?? session, socketName);
  }
  const failure = parseFailure(answer.stderr);
  // A session without remain-on-exit goes with its last program, and a server with its last
  // session.
  if (failure.kind === "other") throw unavailable(socketName, failure);
  const isSomewhere = failure.kind === "not_found" && session.managedPane !== null;
  return isSomewhere ? null : statusOfSession(session, socketName);
}
