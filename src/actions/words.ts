/** Words for results and messages. Pure. */
import type { SessionStatus } from "../model.ts";

/** How a program ended: `ended by SIGKILL`, `exit code 3`; null: unknown. */
export function endWords({ exitCode, signal }: SessionStatus): string | null {
  if (signal !== null) return `ended by ${signal}`;
  return exitCode === null ? null : `exit code ${exitCode}`;
}

/** `it has ended, exit code 3`; `it has ended` where nobody knows how. */
export function endedText(status: SessionStatus): string {
  const how = endWords(status);
  return how === null ? "it has ended" : `it has ended, ${how}`;
}

/** The important facts about a started session: `tmux, pid 4711`. */
export function startWords(status: SessionStatus): string {
  const { engine, backend, pid, state } = status;
  return [
    engine ?? backend,
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(state === "exited" ? [`it has ended already, ${endWords(status)}`] : []),
  ].join(", ");
}
