/** What is known of how a session ended, as text and as JSON. Pure. */
import { endWords } from "../actions/words.ts";
import { escapeControls, type Json } from "../errors.ts";
import { howItEnded, OUT_OF_MEMORY, type SessionStatus } from "../model.ts";
import type { Ended } from "../logs/runs.ts";
import type { Operation } from "../operations/machine.ts";
import { operationText, operationToWire } from "./operation.ts";
import { leftoversText, momentAndTime, type Property, propertyLines } from "./properties.ts";
import { moment, paint, type Screen, stateColour } from "./screen.ts";
import { statusToWire, time } from "../wire.ts";

/** Everything that `why` found out. */
export interface Findings {
  readonly status: SessionStatus;
  /** What the exit code or the signal says; null: nothing, or it has not ended. */
  readonly meaning: string | null;
  /** When it was executed last, where it was executed again since its run began; else null. */
  readonly startedAt: Date | null;
  /** How long it ran, or has run, since it was executed last; null: not known. */
  readonly seconds: number | null;
  /** How often it began and how it ended, as far as that is remembered. */
  readonly starts: Starts;
  /** How its program ended before it was executed again in this run, the oldest first. */
  readonly earlier: readonly Ended[];
  /** Whether a start would begin something else now; null: nobody can tell. */
  readonly definitionChanged: boolean | null;
  /** What kstops did to it last; null: nothing that is recorded. */
  readonly operation: Operation | null;
  /** What it printed last; null: that cannot be read. */
  readonly lines: readonly string[] | null;
  /** What to do next. */
  readonly next: readonly Advice[];
}

/** How often a session began, since when, and how that ended. */
export interface Starts {
  readonly count: number;
  /** How many of them its engine made by itself, or somebody else did, since its run began. */
  readonly again: number;
  /** How many of them ended with another exit code than 0. */
  readonly failures: number;
  /** When the first of them began. */
  readonly since: Date | null;
}

/** A command, and what it is for. */
export interface Advice {
  readonly command: string;
  readonly about: string;
}

/** The JSON of `why`: the keys of a session and more. */
export function findingsToWire(findings: Findings): { [key: string]: Json } {
  const { status, meaning, seconds, starts, definitionChanged, operation, lines, next } = findings;
  return {
    ...statusToWire(status),
    meaning,
    duration_seconds: seconds,
    starts: starts.count,
    failures: starts.failures,
    earlier_executions: findings.earlier.map(executionToWire),
    definition_changed: definitionChanged,
    operation: operation === null ? null : operationToWire(operation),
    last_lines: lines,
    next: next.map(({ command }) => command),
  };
}

/** One screen about one session. */
export function findingsText(findings: Findings, screen: Screen): string {
  const { status, meaning, seconds, starts, definitionChanged, operation, lines, next } = findings;
  const head = paint(escapeControls(headline(status)), stateColour(status), screen);
  const properties: Property[] = [
    ["meaning", meaning],
    ["reason", status.reason],
    ["left behind", leftoversText(status)],
    ["began", momentAndTime(status.createdAt, screen)],
    ["began again", momentAndTime(findings.startedAt, screen)],
    ["ended", momentAndTime(status.finishedAt, screen)],
    [status.state === "running" ? "has run for" : "ran for", durationText(seconds)],
    ["started", startsText(starts, screen)],
    ["before", earlierText(findings.earlier, screen)],
    ["definition", changeText(definitionChanged)],
    ["last change", operation === null ? null : operationText(operation, screen)],
  ];
  return [
    `${head}\n`,
    propertyLines(properties, { screen }),
    linesText(lines, screen),
    adviceText(next, screen),
  ].join("");
}

function headline(status: SessionStatus): string {
  const { name, engine, backend, state } = status;
  const end = state === "running" ? null : endWords(status);
  return `${name} (${engine ?? backend}): ${state}${end === null ? "" : `, ${end}`}`;
}

/** How many executions a screen tells of. */
const MOST_EARLIER = 5;

function earlierText(earlier: readonly Ended[], screen: Screen): string | null {
  if (earlier.length === 0) return null;
  const shown = earlier.slice(-MOST_EARLIER).toReversed().map(({ exitCode, at }) => {
    const signal = exitCode === null ? null : howItEnded(exitCode).signal;
    const end = signal ?? (exitCode === null ? "in an unknown way" : `exit code ${exitCode}`);
    return `${end} (${moment(at, screen)})`;
  });
  return shown.join(", ") + (earlier.length > MOST_EARLIER ? ", ..." : "");
}

function executionToWire({ exitCode, at, policy }: Ended): { [key: string]: Json } {
  return {
    exit_code: exitCode,
    signal: exitCode === null ? null : howItEnded(exitCode).signal,
    finished_at: time(at),
    failures_in_a_row: policy?.failures ?? null,
    restart_in_ms: policy?.restartInMs ?? null,
  };
}

function startsText(
  { count, again, failures, since }: Starts,
  screen: Screen,
): string | null {
  if (count === 0) return null;
  if (count === 1) return failures === 0 ? "once" : "once, and failed";
  const first = since === null ? "" : `, first ${moment(since, screen)}`;
  const without = again === 0 ? "" : `, ${again} of them without kstops`;
  return `${count} times${without}${failures === 0 ? "" : `, ${failures} of them failed`}${first}`;
}

function changeText(changed: boolean | null): string | null {
  if (changed === null) return null;
  return changed ? "has changed since it was started" : "as it was started";
}

function linesText(lines: readonly string[] | null, screen: Screen): string {
  if (lines === null) return "";
  const title = lines.length === 0 ? "It printed nothing" : "Last lines";
  return [
    `\n${paint(title, "bold", screen)}`,
    ...lines.map((line) => `  ${escapeControls(line)}`),
  ].map((line) => `${line}\n`).join("");
}

function adviceText(next: readonly Advice[], screen: Screen): string {
  if (next.length === 0) return "";
  const commands = next.map((each) => ({ ...each, command: escapeControls(each.command) }));
  const width = Math.max(...commands.map(({ command }) => command.length)) + 2;
  return [
    `\n${paint("Next", "bold", screen)}`,
    ...commands.map(({ command, about }) =>
      `  ${command.padEnd(width)}${paint(about, "dim", screen)}`
    ),
  ].map((line) => `${line}\n`).join("");
}

/** `2 h 5 min`: the two largest units. */
export function durationText(seconds: number | null): string | null {
  if (seconds === null) return null;
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "less than a second";
  return parts.slice(first, first + 2).filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** What signals say of a program that they ended. */
const SIGNAL_MEANINGS: Readonly<Record<string, string>> = {
  SIGHUP: "its terminal was closed, as when a tmux server is killed",
  SIGINT: "it was interrupted, as Ctrl-C and a stop do",
  SIGQUIT: "it was told to quit, as Ctrl-\\ does",
  SIGILL: "it crashed: its code is not for this processor, or damaged",
  SIGTRAP: "it crashed at a trap for a debugger",
  SIGABRT: "it gave up by itself, as after a failed assertion",
  SIGBUS: "it crashed: memory that it mapped was not there, as on a full disk",
  SIGFPE: "it crashed in its arithmetic, as in a division by 0",
  SIGSEGV: "it crashed: it touched memory that it may not",
  SIGPIPE: "it wrote to a reader that was gone",
  SIGALRM: "a timer of its own ran out",
  SIGTERM: "it was asked to end",
  SIGXCPU: "it used more processor time than it may (ulimit -t)",
  SIGXFSZ: "it wrote a larger file than it may (ulimit -f)",
  SIGSYS: "it made a system call that it may not (seccomp)",
};

/**
 * A status that did not begin after it ended: the two times may be of two clocks, or one of them
 * known to the second only.
 */
export function inOrder(status: SessionStatus): SessionStatus {
  const { createdAt, finishedAt } = status;
  const isLate = createdAt !== null && finishedAt !== null && createdAt > finishedAt;
  return isLate ? { ...status, createdAt: finishedAt } : status;
}

const FORCED =
  "kstops killed it: it had not ended when the time of a stop was up, or was given no time";

/**
 * What an end says; null: nothing is known, or it needs no words.
 *
 * @param isForced whether a stop of kstops had to kill it
 */
export function meaningOf(
  status: SessionStatus,
  { isForced }: { readonly isForced: boolean } = { isForced: false },
): string | null {
  const { state, exitCode, backend } = status;
  if (state === "running" || state === "unknown") return null;
  // An exited one has ended by itself, whatever a stop did to it earlier.
  if (isForced && state !== "exited") return FORCED;
  if (exitCode === null) return null;
  const signal = status.signal ?? howItEnded(exitCode).signal;
  if (signal === "SIGKILL") {
    if (status.reason?.startsWith(OUT_OF_MEMORY)) return "it took more memory than it may";
    return backend === "container"
      ? "it was killed; its runtime does not say that memory ran out"
      : "it was killed: by somebody, or by the kernel when memory ran out (dmesg tells)";
  }
  if (signal !== null) return SIGNAL_MEANINGS[signal] ?? null;
  switch (exitCode) {
    case 0:
      return "it did what it had to do";
    case 126:
      return "what it was to run cannot be executed";
    case 127:
      return "what it was to run was not found";
    default:
      return "an error of its own: what it means is in its own words";
  }
}
