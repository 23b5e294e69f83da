/** Explains the end of a session. Pure. */
import { descriptorOf } from "../backends/registry.ts";
import { howItEnded, OUT_OF_MEMORY, type SessionStatus } from "../model.ts";

/** What a signal tells about a program that it ended. */
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
 * A status that does not begin after it ended: the two times may come from two clocks, or one of
 * them may be known to the second only.
 */
export function inOrder(status: SessionStatus): SessionStatus {
  const { createdAt, finishedAt } = status;
  const isLate = createdAt !== null && finishedAt !== null && createdAt > finishedAt;
  return isLate ? { ...status, createdAt: finishedAt } : status;
}

const FORCED =
  "kstops killed it: it had not ended when the time of a stop was up, or was given no time";

/**
 * The explanation of an end; null: nothing is known, or it needs no words.
 *
 * @param isForced whether a stop of kstops had to kill it
 */
export function meaningOf(
  status: SessionStatus,
  { isForced }: { readonly isForced: boolean } = { isForced: false },
): string | null {
  const { state, exitCode, backend } = status;
  if (state === "running" || state === "unknown") return null;
  // An exited session has ended by itself, whatever a stop did to it earlier.
  if (isForced && state !== "exited") return FORCED;
  if (exitCode === null) return null;
  const signal = status.signal ?? howItEnded(exitCode).signal;
  if (signal === "SIGKILL") {
    if (status.reason?.startsWith(OUT_OF_MEMORY)) return "it took more memory than it may";
    return descriptorOf(backend).killed;
  }
  if (signal !== null) return SIGNAL_MEANINGS[signal] ?? null;
  switch (exitCode) {
    case 0:
      return "it did what it had to do";
    case 126:
      return "the command that it was to run cannot be executed";
    case 127:
      return "the command that it was to run was not found";
    default:
      return "an error that the program itself reports; its output may say more";
  }
}
