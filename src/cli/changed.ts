/** What a change of sessions came to, in words and as JSON. */
import type { AnyChange } from "../actions/resume.ts";
import type { Done, Outcomes } from "../actions/each.ts";
import type { Stopped } from "../actions/stop.ts";
import { endWords, startWords } from "../actions/words.ts";
import { escapeControls } from "../errors.ts";
import type { SessionStatus } from "../model.ts";
import { isNobodys, ownerWords } from "../owner.ts";
import { changeToWire } from "../wire.ts";
import type { Reply } from "./command.ts";

/** How it is shown what became of sessions. */
export interface Shown {
  /** Nothing is printed for people. */
  readonly quiet?: true | undefined;
  /** Whether JSON is a list even for one name. */
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
  };
}

/** The JSON of one change. */
export function changedToWire(
  { result, operationId }: Done<AnyChange>,
): ReturnType<typeof changeToWire> {
  return changeToWire(result.status, operationId);
}

/** What people are told of one change: `Started astro (tmux, pid 4711)`. */
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
    ? "it did not run"
    : was === "running" || end === null
    ? end
    : `it had ended, ${end}`;
  const facts = [engine ?? backend, how, kept].filter((fact) => fact !== null).join(", ");
  if (was === "running") return `Stopped ${name} (${facts})`;
  return kept === null ? `Removed ${name} (${facts})` : `${name} is not running (${facts})`;
}

/** Says of a session of that name that it is not this config's. */
function leftAloneWords(status: SessionStatus): string {
  return isNobodys(status)
    ? "one that no config started is left alone"
    : `that of ${escapeControls(ownerWords(status))} is left alone`;
}
