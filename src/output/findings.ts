/** What is known about the end of a session, as text and as JSON. Pure. */
import type { Advice, Findings, Starts } from "../actions/why.ts";
import { endWords } from "../actions/words.ts";
import { escapeControls, type Json } from "../errors.ts";
import type { Ended } from "../logs/runs.ts";
import { howItEnded, type SessionStatus } from "../model.ts";
import { operationText, operationToWire } from "./operation.ts";
import { leftoversText, momentAndTime, type Property, propertyLines } from "./properties.ts";
import { durationText, moment, paint, type Screen, stateColour } from "./screen.ts";
import { statusToWire, time } from "../wire.ts";

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
    ["definition", changeText(definitionChanged, status.drift ?? [])],
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

/** How many executions a screen lists. */
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

function changeText(changed: boolean | null, keys: readonly string[]): string | null {
  if (changed === null) return null;
  if (!changed) return "as it was started";
  return ["has changed since it was started", ...keys.length === 0 ? [] : [keys.join(", ")]]
    .join(": ");
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
