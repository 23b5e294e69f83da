/** The tools of commands: config and sessions, read when a command asks for them. */
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { escapeControls, InterruptedError, type Json } from "../errors.ts";
import { logStore } from "../logs/store.ts";
import { sessionsOf } from "../sessions/machine.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { EndSignal, ExecOptions, World } from "../world/world.ts";
import type { Context } from "./command.ts";
import type { Recording } from "./recording.ts";
import { progressOn } from "./progress.ts";
import type { GlobalFlags } from "./table.ts";
import { takingTurns } from "./turns.ts";

/** How a command speaks before it answers. */
interface Voice {
  /** Masks texts in everything said from now on. */
  readonly hide: (secrets: readonly string[]) => void;
  /** Masks those texts in a value. */
  readonly mask: (value: Json) => Json;
  /** Says a line on stderr. */
  readonly warn: (text: string) => void;
  /** Writes to stderr unchanged. */
  readonly write: (text: string) => void;
}

/** A command line to run. */
interface CommandLine {
  readonly argv: readonly string[];
  readonly globals: GlobalFlags;
  readonly voice: Voice;
}

/** Makes the context of a command. */
export function contextOf(
  world: World,
  { argv, globals, voice: { warn, write, hide, mask } }: CommandLine,
): Context {
  const { terminal } = world;
  const isDrawnOn = terminal.stderrIsTerminal && world.env("TERM") !== "dumb";
  const progress = isDrawnOn && !globals.verbose && !globals.json ? progressOn(world, write) : null;
  const watched: World = {
    ...world,
    ...(globals.verbose
      ? { exec: verbose(world.exec, write), execBytes: verbose(world.execBytes, write) }
      : {}),
    terminal: progress === null
      ? terminal
      : { ...terminal, ask: (question) => progress.without(() => terminal.ask(question)) },
  };
  let config: Promise<Config> | null = null;
  let sessions: Sessions | null = null;
  let recording: Promise<Recording> | null = null;
  let guarded: ReturnType<Context["guarded"]> | null = null;
  const said = new Set<string>();
  const warnOnce = (text: string): void => {
    if (said.has(text)) return;
    said.add(text);
    progress?.clear();
    warn(text);
  };
  const impatient = terminal.stderrIsTerminal ? warnOnce : undefined;
  const readConfig = (): Promise<Config> => config ??= loadConfig(watched, globals.config ?? null);
  const context: Context = {
    world: watched,
    argv,
    json: globals.json === true,
    verbose: globals.verbose === true,
    warn: warnOnce,
    write,
    hide,
    config: readConfig,
    sessions: () =>
      sessions ??= sessionsOf(watched, {
        config: readConfig,
        logs: logStore(watched, warnOnce),
        impatient,
      }),
    guarded: () => guarded ??= guardedContext(context, impatient),
    recording: () => recording ??= startRecording(context, mask),
    during: progress?.during ?? ((_label, work) => work()),
  };
  return context;
}

/** How many calls of engines work at once: a tmux server that gets a thousand does not answer in time. */
const MOST_CALLS = 100;

function guardedContext(
  context: Context,
  impatient: ((text: string) => void) | undefined,
): ReturnType<Context["guarded"]> {
  const { world } = context;
  let signal: EndSignal | null = null;
  const waiting = new Set<() => void>();
  const release = world.onEndSignal((received) => {
    signal = received;
    for (const wake of waiting) wake();
  });
  const goOn = (): void => {
    if (signal !== null) throw new InterruptedError(signal);
  };
  const orSignal = async <T>(work: Promise<T>): Promise<T> => {
    goOn();
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    waiting.add(wake);
    await Promise.race([work, woken]);
    waiting.delete(wake);
    goOn();
    return await work;
  };
  let asked: Promise<unknown> = Promise.resolve();
  // Asks one question at a time, although several sessions are worked on side by side.
  const ask = (question: string): Promise<string | null> => {
    const answer = asked.then(() => {
      goOn();
      return orSignal(world.terminal.ask(question));
    });
    asked = answer.catch(() => {});
    return answer;
  };
  const turn = takingTurns(MOST_CALLS);
  const guard =
    <O extends ExecOptions, R>(exec: (argv: readonly string[], options: O) => Promise<R>) =>
    (argv: readonly string[], options: O): Promise<R> => turn(() => call(exec, argv, options));
  const call = async <O extends ExecOptions, R>(
    exec: (argv: readonly string[], options: O) => Promise<R>,
    argv: readonly string[],
    options: O,
  ): Promise<R> => {
    if (!options.cleanUp) goOn();
    if (!options.interruptible) return await exec(argv, { ...options, detached: true });
    const controller = new AbortController();
    const abort = (): void =>
      controller.abort(signal === null ? undefined : new InterruptedError(signal));
    waiting.add(abort);
    try {
      const signals = options.abort === undefined
        ? controller.signal
        : AbortSignal.any([controller.signal, options.abort]);
      return await exec(argv, { ...options, detached: true, abort: signals });
    } finally {
      waiting.delete(abort);
    }
  };
  const guarded: World = {
    ...world,
    exec: guard(world.exec),
    execBytes: guard(world.execBytes),
    sleep: (ms) => orSignal(world.sleep(ms)),
    terminal: { ...world.terminal, ask },
  };
  const { config, warn } = context;
  let sessions: Sessions | null = null;
  const inner: Context = {
    ...context,
    world: guarded,
    sessions: () =>
      sessions ??= sessionsOf(guarded, { config, logs: logStore(guarded, warn), impatient }),
  };
  return { context: inner, release };
}

/** Loaded late: most commands change nothing. */
async function startRecording(context: Context, mask: Voice["mask"]): Promise<Recording> {
  return (await import("./recording.ts")).recordingOf(context, mask);
}

/** How much of a long list, such as all processes, is shown. */
const SHOWN_WORDS = 16;

/** Reports every child process with its duration, but not its stdin and its environment. */
function verbose<O extends ExecOptions, R extends { readonly code: number }>(
  exec: (argv: readonly string[], options: O) => Promise<R>,
  write: (text: string) => void,
): (argv: readonly string[], options: O) => Promise<R> {
  return async (argv, options) => {
    const began = performance.now();
    const say = (outcome: string): void => {
      const shown = argv.slice(0, SHOWN_WORDS).map((word) =>
        escapeControls(word.length > 60 ? `${word.slice(0, 57)}...` : word)
      );
      const ms = (performance.now() - began).toFixed(1);
      const rest = argv.length > SHOWN_WORDS ? ` ... ${argv.length - SHOWN_WORDS} more` : "";
      write(`+ ${shown.join(" ")}${rest} (${ms} ms, ${outcome})\n`);
    };
    try {
      const result = await exec(argv, options);
      say(`exit ${result.code}`);
      return result;
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
}
