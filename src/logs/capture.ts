/** The shell script that keeps what a pane prints, in files of bounded number and size. Pure. */

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
  /** Number of files that stay in the directory, of this run and earlier ones; the oldest go. */
  readonly keep: number;
}

/** What is read at once, at most: what goes into the pipe of a pane, which is a socket, on Linux. */
const MOST_BLOCK_BYTES = 262_144;
const LEAST_BLOCK_BYTES = 65_536;
/** How many reads go by before the shell looks, at most, while a lot is printed. */
const MOST_BLOCKS = 4;

/**
 * The script: reads its standard input to the end, and never stops reading, so that the program
 * that prints is never held up, be the disk full or the directory gone.
 *
 * `dd` does the work: unlike `head`, it writes what it has read at once (GNU coreutils 9.1 head.c
 * collects 4 KB first), and it says at its end whether there was anything to read. It reads once, as
 * much as there is, and the shell looks at the file: is it large enough for the next one, and when
 * was it written to. Only while a lot comes it reads a few times in between. Each line of the file of times is `SECONDS BYTES`: all
 * before that offset was written by then (Unix time). A program that prints now and then gets a
 * line for each print; one that prints a lot gets one a second. The file of times counts as part of
 * the size: of what is printed a few bytes at a time it is the larger one.
 *
 * Where the file cannot be written to, the shell says so, and not `dd`: then a block is read and
 * thrown away. A `dd` that somebody has killed is begun again, and one that is not there makes way
 * for `cat`.
 *
 * Runs in dash, bash and busybox sh, with the tools of GNU, busybox and BSD.
 */
export function captureScript({ directory, run, maxBytes, keep }: Capture): string {
  const sixteenth = Math.max(LEAST_BLOCK_BYTES, Math.floor(maxBytes / 16));
  const blockBytes = Math.min(MOST_BLOCK_BYTES, sixteenth, maxBytes);
  const mostBlocks = Math.min(MOST_BLOCKS, Math.floor(sixteenth / blockBytes));
  return `umask 077
PATH=/usr/bin:/bin LC_ALL=C
export PATH LC_ALL
run=${quoted(run)} part=1 blocks=1 noted=0
copy() {
  said=$(dd bs=${blockBytes} count="$blocks" 2>&1 >>"$name.log")
  ended=$?
  case $said in
    *'records in'*) ;;
    *) [ "$ended" -gt 128 ] || said=$(dd bs=${blockBytes} count=1 2>&1 >/dev/null) ||
      [ "$?" -ne 127 ] || exec cat >/dev/null ;;
  esac
  case $said in
    *[0-9]'0+0 records in'*) ;;
    *'0+0 records in'*) note; exit ;;
  esac
}
note() {
  [ "$bytes" = "$noted_bytes" ] || mark "$noted" "$bytes"
}
mark() {
  echo "$1 $2" >>"$name.times"
  times=$((times + \${#1} + \${#2} + 2))
}
if stat -c %Y / >/dev/null 2>&1; then form='-c %Y %s'; else form='-f %m %z'; fi
cd ${quoted(directory)} || exec cat >/dev/null
while :; do
  name=$run-$(printf %06d "$part") bytes=0 noted_bytes=0 times=0
  while [ "$((bytes + times))" -lt ${maxBytes} ]; do
    copy
    before=$bytes
    facts=$(stat "\${form%% *}" "\${form#* }" "$name.log" 2>/dev/null) || continue
    now=\${facts% *}
    if [ "$now" = "$noted" ]; then
      bytes=\${facts#* }
    else
      note
      bytes=\${facts#* } noted=$now
      mark "$now" "$bytes"
      noted_bytes=$bytes
    fi
    if [ "$((bytes - before))" -lt ${LEAST_BLOCK_BYTES} ]; then blocks=1; else blocks=${mostBlocks}; fi
  done
  note
  part=$((part + 1))
  set -- *.log
  while [ "$#" -ge ${keep} ]; do
    rm -f -- "$1" "\${1%.log}.times"
    shift
  done
done
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
