/**
 * The shell script that keeps the output of a pane in a limited number of files of limited size.
 * Pure.
 */
import SOURCE from "./capture.sh" with { type: "text" };
import { filesLike } from "./parts.ts";

/** Where the output of one run goes, and how much of it is kept. */
export interface Capture {
  /** The session's own directory in the log store. */
  readonly directory: string;
  /** How the names of its files begin; see `parts.ts`. */
  readonly run: string;
  /**
   * Size at which the next file begins, including its file of times. A file may be larger by a
   * sixteenth, but by at least 64 KiB and at most 1 MiB.
   */
  readonly maxBytes: number;
  /**
   * Number of files that are kept of one owner, from this run and earlier ones. The oldest are
   * removed.
   */
  readonly keep: number;
}

/** The most bytes of one read: the capacity of a pane's pipe, which is a socket, on Linux. */
const MOST_BLOCK_BYTES = 262_144;
const LEAST_BLOCK_BYTES = 65_536;
/** The most reads before the shell looks around, while a lot is printed. */
const MOST_BLOCKS = 4;

/**
 * What every run's output is kept by, behind its {@link captureParameters}. Comments for readers do
 * not belong into the command line of a process.
 */
export const CAPTURE_PROGRAM = SOURCE.replaceAll(/^ *#.*\n|^\n/gm, "");

/** The lines that set the parameters of one run: `capture.sh` lists them. */
export function captureParameters({ directory, run, maxBytes, keep }: Capture): string {
  const sixteenth = Math.max(LEAST_BLOCK_BYTES, Math.floor(maxBytes / 16));
  const blockBytes = Math.min(MOST_BLOCK_BYTES, sixteenth, maxBytes);
  const mostBlocks = Math.min(MOST_BLOCKS, Math.floor(sixteenth / blockBytes));
  return `directory=${quoted(directory)} run=${quoted(run)} max_bytes=${maxBytes} keep=${keep}\n` +
    `own=${quoted(filesLike(run))} ` +
    `block_bytes=${blockBytes} most_blocks=${mostBlocks}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
