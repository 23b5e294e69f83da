/**
 * What can go wrong, what is promised then, and the test that shows it. The README's table is made of
 * these rows (`deno task docs`); `rows_test.ts` holds them and the tests together.
 */

/** One row. */
export interface Fault {
  /** What goes wrong, and where. */
  readonly fault: string;
  /** What a user may rely on then. */
  readonly promise: string;
  /** The file of the test, from the root of the project. */
  readonly file: string;
  /** Its name, as it is written there; in a transcript the beginning of a comment. */
  readonly test: string;
}

type Row = readonly [fault: string, promise: string, test: string];

function rowsOf(file: string, rows: readonly Row[]): readonly Fault[] {
  return rows.map(([fault, promise, test]) => ({ fault, promise, file, test }));
}

const NEVER_EMPTY =
  "it is `unknown` with the reason, never empty; a change is refused with exit 4 or 7";

/** All rows, in the order in which they are shown. */
export const FAULTS: readonly Fault[] = [
  ...rowsOf("tests/e2e/faults.txt", [
    ["tmux is not installed", "exit 4, and how to install it", "tmux is not installed."],
    ["tmux is too old", "a start is refused with exit 4; nothing is left", "It is too old."],
    [
      "the tmux server is killed under a session",
      "the session is remembered as `exited`, and can be started again",
      "Its server is killed under a session",
    ],
    [
      "the state directory cannot be written",
      "it is said once, and the session runs all the same",
      "The state cannot be written: said once",
    ],
    [
      "the locale is C or POSIX",
      "what programs print stays as it is, byte by byte",
      "The C locale.",
    ],
    ["`TERM` is missing or unknown", "everything works", "No TERM, another terminal"],
  ]),
  ...rowsOf("tests/e2e/hang.txt", [[
    "a tmux server hangs, or is slow",
    "after 10 s it is `unknown`; all others are listed, and what was kept can be read",
    "A tmux server that does not answer is not one without sessions.",
  ]]),
  ...rowsOf("tests/contract/tmux_only_test.ts", [
    [
      "the tmux server is killed during a start",
      "the start has failed, and says so",
      "tmux: a server that is killed while it starts a session is a failed start",
    ],
    [
      "the tmux server is killed during a stop",
      "the session is stopped",
      "tmux: a session whose server is killed while it is stopped is stopped",
    ],
  ]),
  ...rowsOf("tests/contract/container_rehearse_test.ts", [
    [
      "kstops is killed while it tries whether a container could start",
      "what it tried with is no session, and goes with the next restart",
      "a trial that a kill has left is no session, and goes with the next one",
    ],
    [
      "SIGINT, SIGTERM or SIGHUP at that moment",
      "nothing of the trial is left, and the old session runs",
      "a signal takes a trial away, too",
    ],
  ]),
  ...rowsOf("tests/e2e/containers-trouble.txt", [
    [
      "docker is down",
      "everything else is listed; exit 4 and a word of it where somebody wanted docker",
      "Nobody wants docker: no word of it, unless a name is in no other place.",
    ],
    [
      "neither podman nor docker is installed",
      "no word of it, unless somebody wants a container: then exit 4, and how to install one",
      "Neither podman nor docker is installed",
    ],
  ]),
  ...rowsOf("tests/contract/container_faults_test.ts", [
    [
      "docker hangs",
      "it is `unknown`, and podman is listed",
      "one that hangs is unknown, not empty, and the other runtime is listed",
    ],
    [
      "docker hangs in the middle of a start",
      "exit 4, and whether there is a container is said to be unknown; later it is found",
      "one that hangs while it makes a container is given up, with what is known",
    ],
    [
      "docker takes longer than `engine_timeout`, and works",
      "it is waited for",
      "one that takes long and works is waited for",
    ],
    [
      "docker is killed during a start",
      "the start has failed; nothing is left",
      "one that is killed before it makes the container is a failed start",
    ],
    [
      "docker is killed while a start is proved",
      "that is not called a success",
      "one that is killed while a start is proved is not called a success",
    ],
    [
      "docker is killed, and comes back",
      "its containers are back with it, and say how they ended",
      "one that was killed is not running, and its containers are back with it",
    ],
    [
      "docker is forbidden to this user",
      "it is `unknown` with the reason, never empty",
      "one that is forbidden to this user is unknown, not empty",
    ],
    [
      "the disk of podman or docker is full",
      "the start has failed, with the reason in one line; nothing is left",
      "a failed run is passed on readably: ${what}",
    ],
  ]),
  ...rowsOf("tests/faults/engines_test.ts", [
    ...["tmux", "podman", "docker"].map((engine): Row => [
      `${engine} prints garbage (without end, too), or dies while it is asked`,
      NEVER_EMPTY,
      `${engine} that answers with garbage, or dies, is unknown and never empty`,
    ]),
    [
      "tmux says that it has started a session, and has not",
      "the start has failed; the next one works",
      "tmux that says it did what it did not is found out",
    ],
    ...["podman", "docker"].map((runtime): Row => [
      `${runtime} says that it has started a container, and has not`,
      "the start has failed",
      `${runtime} that says it started what it did not is found out`,
    ]),
    [
      "podman and docker do not answer",
      "after `engine_timeout` (10 s) they are `unknown` with the reason, and everything else is listed",
      "runtimes that do not answer are unknown, and the rest is listed",
    ],
    [
      "an engine does not answer while it is to start, stop or restart something",
      "after `engine_timeout` (10 s) exit 4, with what is known; on a terminal it is said after 3 s",
      "an engine that does not answer ends a change, with what is known",
    ],
    [
      "the engine of a session's last run does not answer, is down, or is not installed any more",
      "the session is `unknown`; a start in another engine needs `--yes`, so that there are never two",
      "a session whose engine does not answer is not started elsewhere",
    ],
    [
      "an engine takes a second to answer",
      "it is waited for, and the list is complete",
      "engines that take their time are waited for",
    ],
    [
      "there are 1,000 sessions",
      "all of them are listed, by one call of tmux",
      "1,000 sessions are all listed, by one child of tmux",
    ],
  ]),
  ...rowsOf("tests/contract/suite.ts", [[
    "a session's name is the beginning of another's",
    "a name means exactly that name",
    "a name never means a longer one",
  ]]),
  ...rowsOf("tests/faults/signals_test.ts", [
    ...["start", "stop", "restart"].map((command): Row => [
      `SIGINT, SIGTERM, SIGHUP or SIGPIPE at any step of a ${command}`,
      "exit 130, 143 or 129 with the state of the session; SIGPIPE ends nothing. There is a whole " +
      "session or none, and the next start works",
      `a signal at any step of a ${command} leaves a whole session or none`,
    ]),
    [
      "SIGINT, SIGTERM or SIGHUP during `list` or `operations watch`",
      "exit 130, 143 or 129 at once",
      "a signal ends list and operations watch at once, and touches nothing",
    ],
    [
      "the same when the work is over and its reply is not read yet",
      "the reply is printed whole, with its own exit code; a second signal ends it at once",
      "a signal that comes when the work is over costs nothing of the reply",
    ],
    [
      "nobody reads the output any more",
      "a quiet end with exit 0",
      "a reader that goes away ends list and logs --follow quietly",
    ],
  ]),
  ...rowsOf("tests/e2e/follow_test.ts", [[
    "SIGINT or SIGTERM during `logs --follow`",
    "exit 130 or 143; the session runs on",
    "SIGINT and SIGTERM end it with their exit codes, and the session runs on",
  ]]),
  ...rowsOf("tests/e2e/killed_test.ts", [[
    "kstops itself is killed, at any moment",
    "what it was at is whole or not there, and can be done again",
    "a kill of kstops during a ${command} leaves nothing in the way of the next one",
  ]]),
  ...rowsOf("tests/e2e/recording_test.ts", [[
    "a killed kstops left an operation open",
    "the next one takes the session over",
    "what a killed kstops left is taken over by the next one",
  ]]),
  ...rowsOf("tests/faults/state_test.ts", [
    [
      "the state directory is missing",
      "it is made, for its user alone",
      "a state directory that is missing is made, for this user alone",
    ],
    [
      "the state directory is read-only",
      "it is said, and everything works without records",
      "a state directory that is read-only stops nothing",
    ],
    [
      "there are symbolic links in the place of files in the state directory",
      "nothing is written through them, and that is said",
      "links in the state directory lead nothing elsewhere",
    ],
    [
      "the state directory is your own link to another place",
      "that place is used",
      "a state directory that is one's own link to another place is used",
    ],
    [
      "everybody may write to the state directory",
      "nothing is kept there, and that is said",
      "nothing is kept where everybody may write",
    ],
    [
      "the state directory is somebody else's, as by `sudo -E`",
      "nothing is written there, and that is said",
      "nothing is written into the state directory of somebody else",
    ],
    [
      "`operations.db` or `runs.ndjson` is garbage",
      "the database is set aside and begun anew, and that is said; garbage lines are left out",
      "records that are garbage are set aside or left out, and said once",
    ],
    [
      "the clock has jumped, forwards or backwards",
      "what was recorded is shown as it is, and stops nothing",
      "times of another clock, past or to come, are shown and stop nothing",
    ],
    [
      "another user works with kstops on this machine",
      "what is yours can be neither seen, stopped nor read",
      "another user sees and touches nothing of this one's sessions",
    ],
  ]),
  ...rowsOf("tests/unit/operations/machine_test.ts", [[
    "the clock was set back while an operation works",
    "nobody takes it for abandoned",
    "a clock that was set back abandons nobody",
  ]]),
  ...rowsOf("tests/e2e/full_disk_test.ts", [[
    "the disk is full",
    "neither a program, nor a look at it, nor its stop is stopped; what is not kept is said",
    "a disk that becomes full stops neither a program, nor a look at it, nor its stop",
  ]]),
  ...rowsOf("tests/faults/surroundings_test.ts", [
    [
      "stdin, stdout or stderr is closed",
      "everything is done as usual, with the usual exit code",
      "closed standard streams change nothing of what is done",
    ],
    [
      "stdout is full (`/dev/full`)",
      "exit 1 and the reason; what was done stays done",
      "an answer that cannot be written is a failure, what was done stays done",
    ],
    [
      "`PATH` is missing or empty",
      "missing: programs are looked for in the usual places; empty: they are said to be missing",
      "without PATH, or with an empty one, the engine is found or said to be missing",
    ],
    [
      "`HOME` is missing or empty",
      "nothing is kept, which is said once; everything else works",
      "an empty HOME means no place to keep things, and is said once",
    ],
    [
      "the umask is 000 or 077",
      "what is kept is for its owner alone",
      "whatever the umask, what is kept is for its owner alone",
    ],
    [
      "the terminal has 1 by 1 or no characters",
      "there is an answer all the same",
      "a terminal of any size gets its answer",
    ],
    [
      "the limit of open files is too low for a child process",
      "that is the reason given, and nothing is half done",
      "a limit of open files that is too low is said, and nothing is half done",
    ],
    [
      "a name, command or variable is too long",
      "it is refused before anything is done",
      "what is too long is refused before anything is done",
    ],
    [
      "the environment is very large",
      "everything works",
      "a very large environment is no hindrance",
    ],
  ]),
  ...rowsOf("tests/e2e/attach_test.ts", [[
    "there is no terminal for `attach`",
    "exit 2, and nothing is started",
    "attach without a terminal is a usage error, and nothing is started",
  ]]),
];
