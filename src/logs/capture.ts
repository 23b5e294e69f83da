/** The shell script that keeps what a pane prints, in files of bounded number and size. Pure. */
import SOURCE from "./capture.sh" with { type: "text" };
import { filesLike } from "./parts.ts";

/** Where the output of one run goes, and how much of it stays. */
export interface Capture {
  /** The session's own directory in the log store. */
  readonly directory: string;
  /** First part of the names of its files; see `parts.ts`. */
  readonly run: string;
  /**
   * Size at which the next file is begun, that of its times included. A file may be larger by a
   * sixteenth of that, but by 64 KiB at least and 1 MiB at most.
   */
  readonly maxBytes: number;
  /** Number of files of its owner that stay, of this run and earlier ones; the oldest go. */
  readonly keep: number;
}

/** What is read at once, at most: what goes into the pipe of a pane, which is a socket, on Linux. */
const MOST_BLOCK_BYTES = 262_144;
const LEAST_BLOCK_BYTES = 65_536;
/** How many reads go by before the shell looks, at most, while a lot is printed. */
const MOST_BLOCKS = 4;

/**
 * The shell script for one run, as a text for `sh -c`: see `capture.sh`, which says what it does and
 * what its parameters are.
 */
export function captureScript({ directory, run, maxBytes, keep }: Capture): string {
  const sixteenth = Math.max(LEAST_BLOCK_BYTES, Math.floor(maxBytes / 16));
  const blockBytes = Math.min(MOST_BLOCK_BYTES, sixteenth, maxBytes);
  const mostBlocks = Math.min(MOST_BLOCKS, Math.floor(sixteenth / blockBytes));
  return `directory=${quoted(directory)} run=${quoted(run)} max_bytes=${maxBytes} keep=${keep}\n` +
    `own=${quoted(filesLike(run))} ` +
    `block_bytes=${blockBytes} most_blocks=${mostBlocks}\n` +
    // What explains it to a reader is not for the command line of a process.
    SOURCE.replaceAll(/^ *#.*\n|^\n/gm, "");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
