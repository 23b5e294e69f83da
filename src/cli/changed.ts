/** The result of a change of sessions, in words and as JSON. */
import type { AnyChange } from "../actions/resume.ts";
import type { Done, Outcomes } from "../actions/each.ts";
import type { Stopped } from "../actions/stop.ts";
import { endWords, startWords } from "../actions/words.ts";
import { escapeControls, toEnvelope } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import { isNobodys, ownerWords } from "../owner.ts";
import { changeToWire } from "../wire.ts";
import type { Reply } from "./command.ts";

/** How to show the results. */
export interface Shown {
  /** Nothing is printed for people. */
  readonly quiet?: true | undefined;
  /** Whether the JSON is a list even for one name. */
  readonly isList: boolean;
}

/** The answer of a command that changed some sessions. */
export function replyOf(outcomes: Outcomes<AnyChange>, { quiet, isList }: Shown): Reply {
  const done = outcomes.flatMap((outcome) => outcome.status === "fulfilled" ? [outcome.value] : []);
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason] : []
  );
  const documents = done.map(changedToWire);
  const [only] = documents;
  const isEmpty = only === undefined && failures.length > 0;
  const single = outcomes.length === 1 && !isList;
  return {
    ...(isEmpty ? {} : { data: single && only !== undefined ? only : documents }),
    text: () => quiet ? "" : done.map(({ result }) => `${changedText(result)}\n`).join(""),
    failures,
    ...(quiet || outcomes.length < SUMMED_UP ? {} : { summary: summaryOf(outcomes) }),
  };
}

/** From so many sessions on, one line says what came of all. */
const SUMMED_UP = 3;

/** What came of all sessions: `48 started, 1 failed, 1 was there already`. */
function summaryOf(outcomes: Outcomes<AnyChange>): string {
  const counts = new Map<Fate, number>();
  for (const outcome of outcomes) {
    const fate = outcome.status === "fulfilled"
      ? fateOf(outcome.value.result)
      : fateOfFailed(outcome.reason);
    counts.set(fate, (counts.get(fate) ?? 0) + 1);
  }
  return FATES.flatMap((fate) => {
    const count = counts.get(fate);
    return count === undefined ? [] : [`${count} ${count === 1 ? ALONE[fate] ?? fate : fate}`];
  }).join(", ");
}

/** What can become of one of several sessions, in the order in which it is told. */
const FATES = [
  ...["started", "restarted", "stopped", "removed"] as const,
  ...["failed", "interrupted", "need a yes", "were there already", "were not running"] as const,
] as const;
type Fate = typeof FATES[number];

/** The same of one alone, where that is said in another way. */
const ALONE: Partial<Record<Fate, string>> = {
  "need a yes": "needs a yes",
  "were there already": "was there already",
  "were not running": "was not running",
};

function fateOf(change: AnyChange): Fate {
  if (change.kind !== "stopped") return change.kind;
  if (change.was === "running") return "stopped";
  return change.was === "absent" || change.kept !== null ? "were not running" : "removed";
}

function fateOfFailed(reason: unknown): Fate {
  const { code } = toEnvelope(reason).error;
  if (code === "interrupted") return "interrupted";
  if (code === "input_required") return "need a yes";
  return code === "session_exists" ? "were there already" : "failed";
}

/** The JSON of one change. */
export function changedToWire(
  { result, operationId }: Done<AnyChange>,
): ReturnType<typeof changeToWire> {
  return changeToWire(result.status, operationId);
}

/** A change in words: `Started astro (tmux, pid 4711)`. */
export function changedText(change: AnyChange): string {
  if (change.kind === "stopped") return stoppedText(change);
  const { kind, status } = change;
  const verb = kind === "started" ? "Started" : "Restarted";
  return `${verb} ${status.name} (${startWords(status)})`;
}

function stoppedText({ status, was, kept, leftAlone }: Stopped): string {
  const { engine, backend } = status;
  const name = escapeControls(status.name ?? "");
  if (was === "absent") {
    const besides = leftAlone === null ? "" : ` (${leftAloneWords(leftAlone)})`;
    return `${name} is not running${besides}`;
  }
  const end = endWords(status);
  const how = was === "stopped"
    ? "it was not running"
    : was === "running" || end === null
    ? end
    : `it had ended, ${end}`;
  const facts = [engine ?? backend, how, kept].filter((fact) => fact !== null).join(", ");
  if (was === "running") return `Stopped ${name} (${facts})`;
  return kept === null ? `Removed ${name} (${facts})` : `${name} is not running (${facts})`;
}

/** Says that a session of that name belongs to somebody else. */
function leftAloneWords(status: SessionStatus): string {
  return isNobodys(status)
    ? "a session that no config started is left alone"
    : `the session of ${escapeControls(ownerWords(status))} is left alone`;
}
